// The group "Recurrence": the rule in words and its next dates follow what is chosen; without script a button asks for
// them. Choosing "Weekly" chooses the weekday of the date, which then follows the date until other days are chosen.
import { say } from "./say.js";
import { whileTyping } from "./while-typing.js";

const DAYS = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];

export function start(part) {
  const form = part.closest("form");
  const place = part.querySelector("[data-slot]");
  part.querySelector("button").hidden = true;
  follow(form);

  const ask = whileTyping(form, {
    url: part.dataset.dates,
    fields: "[name=repeat], [name=date]",
    pause: 300,
    show: (page) => {
      place.replaceChildren(...page.body.children);
      if (part.checkVisibility?.()) say(place.querySelector("p")?.textContent ?? "");
    },
  });
  if (form.elements.repeat.value !== "never" && !part.closest("details").querySelector(".is-bad")) ask();
}

function follow(form) {
  const { date, repeat, weekdays } = form.elements;
  const weekday = () => DAYS[new Date(`${date.value}T00:00Z`).getUTCDay()];
  const chosen = () => [...weekdays].filter((box) => box.checked).map((box) => box.value);
  const choose = (day) => weekdays.forEach((box) => { box.checked = box.value === day; });
  let before = weekday();
  form.addEventListener("input", ({ target }) => {
    const days = chosen();
    const isFollowing = target === date && days.length === 1 && days[0] === before;
    if (weekday() && (isFollowing || (target.name === "repeat" && repeat.value === "weekly" && !days.length))) choose(weekday());
    if (target === date) before = weekday();
  });
}
