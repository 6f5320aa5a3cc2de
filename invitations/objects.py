"""The calendar object of a letter to one person, and the file that they can take instead."""

from datetime import datetime

from conferences.models import Occurrence
from invitations import calendar, entries, itip, second_reader, senders
from invitations.calendar import Event
from invitations.itip import Attendee
from invitations.models import Invitation

# The object stands in the message twice, in base64, beside both texts: so the whole stays under 100 kB.
LONGEST = 17_000
# More people than this do not fit into such an object anyway.
LISTED_GUESTS = 200


def has_object(invitation: Invitation) -> bool:
    """Not for organizers who invite themselves and read the answers: where ORGANIZER and reader are one, no program
    shows buttons. Nor of what has no date.
    """
    is_own = invitation.address.lower() == senders.answers_to(invitation.conference).address.lower()
    return not is_own and entries.has_entry(invitation.conference)


def request(invitation: Invitation, now: datetime, *, only: Occurrence | None = None) -> bytes:
    """The conference, or `only` one occurrence for whoever has the rest already (RFC 5546 section 3.2.2).

    Others are named in it where guests may see each other, as long as the letter does not become too large. Raises
    UnreadableError where another reader than the one that writes it does not find in it what was meant.
    """
    event = _event(invitation, now, only)
    reader, organizer = _attendee(invitation), senders.answers_to(invitation.conference)
    if invitation.conference.guests_see_each_other:
        people = [reader, *_others(invitation)]
        shared = itip.request(event, organizer, people)
        if len(shared) <= LONGEST:
            second_reader.check(shared, "REQUEST", event, organizer, people)
            return shared
    text = itip.request(event, organizer, [reader], longest=LONGEST)
    second_reader.check(text, "REQUEST", event, organizer, [reader])
    return text


def cancel(invitation: Invitation, now: datetime, *, only: Occurrence | None = None) -> bytes:
    """Takes the conference, or `only` one occurrence, out of the reader's calendar (RFC 5546 section 3.2.5).

    Raises UnreadableError as `request` does.
    """
    event, reader = _event(invitation, now, only), _attendee(invitation)
    organizer = senders.answers_to(invitation.conference)
    text = itip.cancel(event, organizer, reader)
    second_reader.check(text, "CANCEL", event, organizer, [reader])
    return text


def calendar_file(invitation: Invitation, now: datetime) -> bytes:
    """The same entry to download, for calendars that know nothing of letters; a cancelled one takes it out again.

    The UID is that of the letters, so that later ones find the entry: this file asks nobody and belongs to the reader.
    """
    if invitation.conference.cancelled_at:
        return cancel(invitation, now)
    return calendar.download(_event(invitation, now, None))


def _event(invitation: Invitation, now: datetime, only: Occurrence | None) -> Event:
    link = invitation.personal_link
    return entries.occurrence_entry(only, link, now) if only else entries.entry_of(invitation.conference, link, now)


def _attendee(invitation: Invitation) -> Attendee:
    return Attendee(invitation.name, invitation.address, invitation.answer, invitation.answered_sequence)


def _others(invitation: Invitation) -> list[Attendee]:
    """The other participants with their answers."""
    rows = invitation.conference.invitations.standing().with_answer().exclude(pk=invitation.pk).order_by("pk")
    return [_attendee(row) for row in rows[:LISTED_GUESTS]]
