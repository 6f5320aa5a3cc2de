// "Show" beside a password; data-shows names the field, data-hide is the word while it is shown.
export function start(button) {
  const field = document.getElementById(button.dataset.shows);
  const show = button.textContent;
  button.addEventListener("click", () => {
    const hidden = field.type === "password";
    field.type = hidden ? "text" : "password";
    button.textContent = hidden ? button.dataset.hide : show;
    button.setAttribute("aria-pressed", String(hidden));
  });
}
