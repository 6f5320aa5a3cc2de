// The group "Recurrence": the rule in words and its next dates follow what is chosen; without script a button asks for
// them. Choosing "Weekly" chooses the weekday of the date, which then follows the date until other days are chosen.
import { say } from "./say.js";

const PAUSE = 300;
const DAYS = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];

export function start(part) {
  const form = part.closest("form");
  const place = part.querySelector("[data-slot]");
  part.querySelector("button").hidden = true;
  follow(form);

  let timer;
  let asked = 0;
  const show = async () => {
    const mine = ++asked;
    const text = await answer(part.dataset.dates, form).catch(() => null);
    if (text === null || mine !== asked) return;
    place.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.children);
    if (part.checkVisibility?.()) say(place.querySelector("p")?.textContent ?? "");
  };
  form.addEventListener("input", ({ target }) => {
    if (!target.closest("details, .dated")?.querySelector("[name=repeat], [name=date]")) return;
    clearTimeout(timer);
    timer = setTimeout(show, PAUSE);
  });
  if (form.elements.repeat.value !== "never" && !part.closest("details").querySelector(".is-bad")) show();
}

async function answer(url, form) {
  const response = await fetch(url, { method: "POST", body: new FormData(form), redirect: "manual" });
  return response.ok ? response.text() : null;
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
