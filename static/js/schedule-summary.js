// The schedule form: the side card follows what is typed, and the duration buttons and the end time follow each other.
// The card names the form's fields in its data attributes.
import { city, clock, day, instant, offset, sky, weekday } from "./zones.js";
import { fill } from "./words.js";

const DAY = 1440;

export function start(form) {
  const card = form.querySelector("[data-summary]");
  const control = (role) => form.elements[card.dataset[role]];
  const value = (role) => control(role)?.value ?? "";
  const minutes = () => Number(value("duration") === "other" ? value("minutes") : value("duration")) || 0;

  form.addEventListener("input", ({ target }) => {
    if (target === control("end")) chooseDuration(control, minutesBetween(value("start"), value("end")));
    else if (minutes() && control("end")) control("end").value = later(value("start"), minutes());
    draw(card, instant(value("date"), value("start"), value("zone")), value("zone"), minutes());
  });
  draw(card, instant(value("date"), value("start"), value("zone")), value("zone"), minutes());
}

// "14:00" as minutes after midnight, NaN for what is no time
const minuteOf = (time) => time.split(":").slice(0, 2).reduce((sum, part) => sum * 60 + Number(part), 0);

const minutesBetween = (start, end) => (minuteOf(end) - minuteOf(start) + DAY) % DAY || DAY;

function later(start, minutes) {
  const at = (minuteOf(start) + minutes) % DAY;
  return Number.isNaN(at) || !start ? "" : [Math.floor(at / 60), at % 60].map((part) => String(part).padStart(2, "0")).join(":");
}

function chooseDuration(control, minutes) {
  if (Number.isNaN(minutes)) return;
  const choices = [...control("duration")];
  (choices.find((choice) => choice.value === String(minutes)) ?? choices.at(-1)).checked = true;
  control("minutes").value = minutes;
}

function draw(card, at, zone, minutes) {
  card.hidden = !at;
  if (!at) return;
  const slot = (name) => card.querySelector(`[data-slot="${name}"]`);
  const until = minutes && clock(new Date(Number(at) + minutes * 60000), zone);
  slot("sky").dataset.sky = sky(at, zone);
  slot("day").textContent = day(at, zone);
  slot("clock").textContent = clock(at, zone);
  slot("until").textContent = fill(until ? card.dataset.until : card.dataset.in, { clock: until, city: city(zone) });
  for (const row of card.querySelectorAll("[data-zone]")) drawZone(card, row, at, zone);
}

function drawZone(card, row, at, base) {
  const { zone } = row.dataset;
  const dots = card.querySelector("template").content;
  const other = weekday(at, zone) === weekday(at, base) ? "" : ` · ${weekday(at, zone)}`;
  row.hidden = zone === base;
  row.firstElementChild.replaceWith(dots.querySelector(`[data-sky="${sky(at, zone)}"]`).cloneNode(true));
  row.querySelector("small").textContent = offset(at, zone) + other;
  row.querySelector("time").textContent = clock(at, zone);
}
