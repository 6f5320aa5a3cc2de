// Reads calendar objects with ical.js: a JSON list of texts on standard input, a JSON list of what it
// understood on standard output. Instants are ISO 8601 in UTC, by the VTIMEZONE in the object alone.
import { readFileSync } from "node:fs";
import ICAL from "ical.js";

const MOST = 400;
const instant = (time) => time.toJSDate().toISOString().replace(".000Z", "Z");

// Start and end of every occurrence, the first MOST of them, with the summary that is shown there.
function occurrences(event) {
  const found = [];
  if (!event.isRecurring()) return [[instant(event.startDate), instant(event.endDate), event.summary]];
  const iterator = event.iterator();
  for (let next = iterator.next(); next && found.length < MOST; next = iterator.next()) {
    const { startDate, endDate, item } = event.getOccurrenceDetails(next);
    found.push([instant(startDate), instant(endDate), item.summary]);
  }
  return found;
}

function read(text) {
  const calendar = new ICAL.Component(ICAL.parse(text));
  const vevents = calendar.getAllSubcomponents("vevent");
  const isException = (vevent) => vevent.hasProperty("recurrence-id");
  const uid = (vevent) => vevent.getFirstPropertyValue("uid");
  const whole = (vevent) => {
    const exceptions = vevents.filter((other) => other !== vevent && isException(other) && uid(other) === uid(vevent));
    return new ICAL.Event(vevent, { exceptions: isException(vevent) ? [] : exceptions, strictExceptions: true });
  };
  const masters = vevents.filter((vevent) => !isException(vevent));
  const vevent = vevents[0];
  const event = whole(vevent);
  return {
    method: calendar.getFirstPropertyValue("method"),
    uid: event.uid,
    sequence: event.sequence,
    summary: event.summary,
    description: event.description,
    location: event.location,
    url: vevent.getFirstPropertyValue("url"),
    status: vevent.getFirstPropertyValue("status"),
    organizer: event.organizer,
    attendees: event.attendees.map((property) => [property.getFirstValue(), property.getParameter("cn")]),
    start: instant(event.startDate),
    end: instant(event.endDate),
    recurrence_id: event.recurrenceId && instant(event.recurrenceId),
    occurrences: Object.fromEntries(masters.map((master) => [uid(master), occurrences(whole(master))])),
  };
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(read)));
