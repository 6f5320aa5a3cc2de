// While a form is under way its button shows it, and a second press does nothing. One listener serves all forms.
const sent = new Map();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (sent.has(form)) return event.preventDefault();
  if (event.defaultPrevented || form.target === "_blank") return;
  sent.set(form, event.submitter);
  event.submitter?.setAttribute("aria-busy", "true");
});

// Who comes back by the browser's button finds the form as free as before.
addEventListener("pageshow", () => {
  for (const button of sent.values()) button?.removeAttribute("aria-busy");
  sent.clear();
});

export function start() {}
