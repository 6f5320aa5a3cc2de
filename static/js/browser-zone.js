// First start: the time zone of the browser, if it is one to choose from and nobody has chosen yet.
import { browserZone } from "./zones.js";

export function start(select) {
  const zone = browserZone();
  if ([...select.options].some((option) => option.value === zone)) select.value = zone;
}
