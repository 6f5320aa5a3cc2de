// Time zones over Intl: no tables are shipped to the browser.
const locale = document.documentElement.dataset.locale;
const DAY = 86400000;

const written = (at, zone, options) => new Intl.DateTimeFormat(locale, { timeZone: zone, ...options }).format(at);

export const browserZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

export const clock = (at, zone) => written(at, zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

export const weekday = (at, zone) => written(at, zone, { weekday: "long" });

// As the server writes it: no comma in English, and no word for the year in Russian.
export const day = (at, zone) => {
  const said = written(at, zone, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
  return locale.startsWith("en") ? said.replaceAll(",", "") : said.replace(/\sг\.$/, "");
};

export const city = (zone) => zone.split("/").pop().replaceAll("_", " ");

// The wall clock of a zone, written as if it were UTC, in milliseconds.
function wall(at, zone) {
  const parts = new Intl.DateTimeFormat("en", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric",
  }).formatToParts(at);
  const part = Object.fromEntries(parts.map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute);
}

const minutesAhead = (at, zone) => Math.round(wall(at, zone) / 60000 - Math.floor(at / 60000));

// As the value of an <input type=time>, whatever the language: "14:00"
export const timeValue = (at, zone) => new Date(wall(at, zone)).toISOString().slice(11, 16);

export function offset(at, zone) {
  const minutes = minutesAhead(at, zone);
  const rest = Math.abs(minutes) % 60;
  const hours = Math.floor(Math.abs(minutes) / 60);
  return `UTC${minutes < 0 ? "−" : "+"}${hours}${rest ? `:${String(rest).padStart(2, "0")}` : ""}`;
}

// What a clock shows ("2026-12-03", "14:00") to the instant, the first one if it shows it twice; null for what is no
// date. Near a clock change the offset may be that of the day before or that of the day after.
export function instant(date, time, zone) {
  const shown = Date.parse(`${date}T${time}:00Z`);
  if (Number.isNaN(shown)) return null;
  const [first, second] = [-1, 1].map((days) => new Date(shown - minutesAhead(new Date(shown + days * DAY), zone) * 60000));
  return Number(wall(first, zone)) === shown ? first : second;
}

export const dayAfter = (date) => new Date(Date.parse(`${date}T00:00Z`) + DAY).toISOString().slice(0, 10);

export function sky(at, zone) {
  const hour = Number(clock(at, zone).slice(0, 2));
  if (hour >= 5 && hour < 9) return "morning";
  if (hour >= 9 && hour < 17) return "day";
  return hour >= 17 && hour < 21 ? "evening" : "night";
}
