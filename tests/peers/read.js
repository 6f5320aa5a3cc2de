// Reads calendar objects with ical.js: a JSON list of texts on standard input, a JSON list of what it
// understood on standard output. Instants are ISO 8601 in UTC, by the VTIMEZONE in the object alone.
import { readFileSync } from "node:fs";
import ICAL from "ical.js";

const instant = (time) => time.toJSDate().toISOString().replace(".000Z", "Z");

function read(text) {
  const calendar = new ICAL.Component(ICAL.parse(text));
  const vevent = calendar.getFirstSubcomponent("vevent");
  const event = new ICAL.Event(vevent);
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
  };
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(read)));
