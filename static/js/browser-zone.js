// First start: the time zone of the browser, if it is one to choose from.
import { browserZone } from "./zones.js";

// The name that this browser uses: some still say "Asia/Calcutta" for what is listed as "Asia/Kolkata".
function spelling(zone) {
  try {
    return Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    return ""; // a zone younger than the browser
  }
}

export function start(select) {
  const zone = browserZone();
  const zones = [...select.options].map((option) => option.value);
  const found = zones.includes(zone) ? zone : zones.find((name) => spelling(name) === zone);
  if (found) select.value = found;
}
