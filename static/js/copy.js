// Copies a text: data-copy names an element that holds it, data-copy-text is the text itself.
import { say } from "./say.js";

export function start(button) {
  const label = button.querySelector("span");
  const usual = label.textContent;
  const source = document.getElementById(button.dataset.copy);
  const { copied, refused } = document.body.dataset;

  const show = (text) => {
    label.textContent = text;
    say(text);
    setTimeout(() => { label.textContent = usual; }, 2500);
  };
  button.addEventListener("click", async () => {
    const text = button.dataset.copyText ?? source.value ?? source.textContent;
    try {
      await navigator.clipboard.writeText(text.trim());
      show(copied);
    } catch {
      if (source) select(source);
      show(refused);
    }
  });
}

function select(source) {
  if (source.select) source.select();
  else getSelection().selectAllChildren(source);
}
