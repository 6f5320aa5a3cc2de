// Says when the device's clock and the profile's zone differ.
import { browserZone, city, offset } from "./zones.js";
import { fill } from "./words.js";

export function start(notice) {
  const zone = browserZone();
  const now = new Date();
  if (!zone || zone === "UTC" || offset(now, zone) === offset(now, notice.dataset.zoneCheck)) return;
  notice.querySelector("div").textContent = fill(notice.dataset.text, { place: `${city(zone)} (${offset(now, zone)})` });
  notice.hidden = false;
}
