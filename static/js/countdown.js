// Counts down by the server's clock, not the visitor's; speaks only at 10, 5 and 1 minutes and at the start.
import { say } from "./say.js";
import { wordsOf } from "./words.js";

const DAY = 86400;
const SPOKEN = [600, 300, 60];

export function start(root) {
  const words = wordsOf(root);
  const ahead = new Date(root.dataset.now) - Date.now();
  const begins = new Date(root.dataset.countdown);
  const units = [...root.querySelectorAll("[data-unit]")];

  const show = (left) => {
    let rest = left;
    for (const unit of units) {
      const size = Number(unit.dataset.unit);
      const n = Math.floor(rest / size);
      rest %= size;
      unit.hidden = (size > 60 && left < size) || (size === 1 && left >= DAY);
      unit.querySelector("b").textContent = size === 1 ? String(n).padStart(2, "0") : n;
      unit.querySelector("small").textContent = words(`unit-${size}`, { n });
    }
  };
  const tick = () => {
    const left = Math.max(0, Math.round((begins - Date.now() - ahead) / 1000));
    show(left);
    if (SPOKEN.includes(left)) say(words("left", { n: left / 60 }));
    if (left) return setTimeout(tick, 1000);
    say(words("now"));
    setTimeout(() => location.reload(), 2000);
  };
  if (begins - Date.now() - ahead <= 0) return;
  root.hidden = false;
  tick();
}
