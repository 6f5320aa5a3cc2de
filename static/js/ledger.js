// Keeps the words on a closed settings line in step with its fields. The server says the same when it draws the page
// (Control.words): a tick box says its data-on or data-off, a text its data-filled or data-empty, a choice its label.
export function start(line) {
  const form = line.closest("form");
  const names = line.dataset.words.split(" ").filter(Boolean);
  form.addEventListener("input", () => {
    line.textContent = sentence(names.flatMap((name) => words(form, name)), line.dataset.none);
  });
}

function sentence(parts, none) {
  const text = parts.filter(Boolean).join(", ") || none;
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}

function words(form, name) {
  const controls = [...form.querySelectorAll(`[name="${CSS.escape(name)}"]`)];
  const isChoice = controls.length > 1 || controls[0]?.type === "radio";
  return controls.map((control) => (isChoice ? control.checked && control.labels[0].textContent.trim() : word(control)));
}

function word({ type, checked, value, dataset, selectedOptions }) {
  if (type === "checkbox") return checked ? dataset.on : dataset.off;
  if (selectedOptions) return selectedOptions[0]?.textContent;
  const text = value.trim().replace(/\s+/g, " ");
  return text ? (dataset.filled ?? "{}").replace("{}", () => (text.length > 40 ? `${text.slice(0, 39)}…` : text)) : dataset.empty;
}
