// While a form is under way its button shows it, and a second press does nothing.
export function start(form) {
  let busy = null;
  form.addEventListener("submit", (event) => {
    if (busy) return event.preventDefault();
    queueMicrotask(() => {
      if (event.defaultPrevented || form.target === "_blank") return;
      busy = event.submitter ?? form;
      busy.setAttribute("aria-busy", "true");
    });
  });
  // Coming back from the next page, or a download instead of a page: the button is free again.
  addEventListener("pageshow", () => {
    busy?.removeAttribute("aria-busy");
    busy = null;
  });
}
