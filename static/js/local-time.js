// Guest pages: the same moment on the visitor's own clock, where it differs. The sky follows.
import { browserZone, city, clock, day, offset, sky } from "./zones.js";
import { fill } from "./words.js";

export function start(line) {
  const zone = browserZone();
  const at = new Date(line.dataset.localTime);
  if (!zone || zone === "UTC" || offset(at, zone) === offset(at, line.dataset.zone)) return;
  line.textContent = fill(line.dataset.text, { city: city(zone), day: day(at, zone), clock: clock(at, zone) });
  line.hidden = false;
  const band = line.closest("[data-sky]");
  if (band) band.dataset.sky = sky(at, zone);
}
