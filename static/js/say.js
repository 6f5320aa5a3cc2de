// One polite live region for the whole page: says to a screen reader what the eye sees happen.
const region = document.createElement("p");
region.className = "vh";
region.setAttribute("role", "status");
document.querySelector("main").append(region);

let timer;

export function say(text) {
  clearTimeout(timer);
  region.textContent = "";
  timer = setTimeout(() => { region.textContent = text; }, 120); // a change from empty is always read out
}
