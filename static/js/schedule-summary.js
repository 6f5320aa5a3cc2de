// The schedule form: the side card follows what is typed, and the duration buttons and the end time follow each other.
// The card names the form's fields in its data attributes.
import { clock, day, dayAfter, instant, offset, sky, timeValue, weekday } from "./zones.js";
import { fill } from "./words.js";

const MINUTE = 60000;

export function start(form) {
  const card = form.querySelector("[data-summary]");
  const control = (role) => form.elements[card.dataset[role]];
  const value = (role) => control(role)?.value ?? "";
  const at = (role, date = value("date")) => instant(date, value(role), value("zone"));
  const minutes = () => Number(value("duration") === "other" ? value("minutes") : value("duration")) || 0;
  // As the server writes it: the zone's own name is in plain ASCII.
  const place = () => control("zone").selectedOptions[0].text.replace(/ \(.*/, "");
  // One that is not after the start is on the next day.
  const ending = (begins) => (at("end") > begins ? at("end") : at("end", dayAfter(value("date"))));

  const update = (changed) => {
    const begins = at("start");
    if (begins && changed !== control("end")) control("end").value = minutes() ? timeValue(after(begins, minutes()), value("zone")) : "";
    else if (begins && value("end")) chooseDuration(control, (ending(begins) - begins) / MINUTE);
    draw(card, begins, value("zone"), place(), minutes());
  };
  form.addEventListener("input", ({ target }) => update(target));
  update();
}

const after = (at, minutes) => new Date(Number(at) + minutes * MINUTE);

function chooseDuration(control, minutes) {
  const choices = [...control("duration")];
  (choices.find((choice) => choice.value === String(minutes)) ?? choices.at(-1)).checked = true;
  control("minutes").value = minutes;
}

function draw(card, at, zone, place, minutes) {
  card.hidden = !at;
  if (!at) return;
  const slot = (name) => card.querySelector(`[data-slot="${name}"]`);
  const until = minutes && clock(after(at, minutes), zone);
  slot("sky").dataset.sky = sky(at, zone);
  slot("day").textContent = day(at, zone);
  slot("clock").textContent = clock(at, zone);
  slot("until").textContent = fill(until ? card.dataset.until : card.dataset.in, { clock: until, city: place });
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
