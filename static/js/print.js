export function start(button) {
  button.addEventListener("click", () => print());
}
