"""What this site knows of one person, in one structure: the page shows it, the files hold it.

By a personal link it is what belongs to that invitation, by a key all that is held under the address.

Only what belongs to the person: nothing of others who are invited, no tokens but in the links of the calendar file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.formats import date_format, time_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from addressbook.addresses import shown_address
from conferences import spreadsheet
from conferences.models import Arrival
from invitations import entries, feed_content, words
from invitations.address_keys import AddressKey
from invitations.models import Delivery, IncomingMail, Invitation, InvitationQuerySet, PartStat, Reply, Way
from invitations.silence import Silence

type Record = dict[str, Any]
"""A topic, and names of LABELS -> text, a moment, a day, or a list of such records, in the order of the page."""

LABELS: dict[str, str | Promise] = {
    "when": gettext_lazy("When"),
    "organizer": gettext_lazy("Organizer"),
    "organizer_address": gettext_lazy("Address of the organizer"),
    "name": gettext_lazy("Name"),
    "address": gettext_lazy("E-mail address"),
    "wants_no_letters": gettext_lazy("Wants no letters"),
    "role": gettext_lazy("Role"),
    "told": gettext_lazy("Invited"),
    "language": gettext_lazy("Language"),
    "time_zone": gettext_lazy("Time zone"),
    "invited_at": gettext_lazy("Invited on"),
    "withdrawn_at": gettext_lazy("Withdrawn on"),
    "answer": gettext_lazy("Answer"),
    "answered_at": gettext_lazy("Answered on"),
    "comment": gettext_lazy("Comment"),
    "away_at": gettext_lazy("Automatic answer on"),
    "away_note": gettext_lazy("Automatic answer"),
    "answers": gettext_lazy("All answers"),
    "came": gettext_lazy("Came"),
    "letters": gettext_lazy("Letters to you"),
    "mail": gettext_lazy("Mail from you"),
}


@dataclass(frozen=True)
class Own:
    """What is asked for: `people`, all invitations of one person or one of them; by whose clock."""

    address: str
    people: InvitationQuerySet
    zone: str
    is_all: bool
    """Whether what belongs to no invitation is asked for, too."""

    @classmethod
    def of_invitation(cls, invitation: Invitation) -> Own:
        """What belongs to `invitation`."""
        zone = invitation.time_zone or invitation.conference.time_zone
        return cls(invitation.address, Invitation.objects.filter(pk=invitation.pk), zone, is_all=False)

    @classmethod
    def of_key(cls, key: AddressKey) -> Own:
        """Everything that is held under an address."""
        return cls(key.address, Invitation.objects.known_to(key.address), key.time_zone, is_all=True)


def about(own: Own) -> Record:
    """Everything that is asked for: invitations, the newest first, and what belongs to none of them."""
    people = list(own.people.select_related("conference__organizer").order_by("-pk"))
    mail = _grouped(IncomingMail.objects.filter(address__iexact=own.address).order_by("pk"), "conference_id")
    invitations = _invitations(people, mail)
    if not own.is_all:
        return {"invitations": invitations}
    asked = Delivery.objects.filter(kind=Delivery.Kind.LINKS, address__iexact=own.address).defer("message")
    return {
        "address": shown_address(own.address),
        "wants_no_letters": Silence.objects.holds(own.address),
        "invitations": invitations,
        "letters": [_letter(row) for row in asked],
        "mail": [_mail(each) for each in chain.from_iterable(mail.values())],
    }


def _invitations(people: list[Invitation], mail: dict[int, list[IncomingMail]]) -> list[Record]:
    """What belongs to each of them; what they wrote to its conference is taken out of `mail`."""
    came = _grouped(Arrival.objects.filter(key__in=[row.key for row in people]).select_related("occurrence"), "key")
    replies = _grouped(Reply.objects.filter(invitation__in=people).order_by("at", "pk"), "invitation_id")
    sent = Delivery.objects.filter(invitation__in=people).defer("message").order_by("pk")
    letters = _grouped(sent, "invitation_id")
    return [
        _facts(row)
        | {
            "answers": [_reply(reply) for reply in replies.get(row.pk, [])],
            "came": [_arrival(arrival) for arrival in came.get(row.key, [])],
            "letters": [_letter(letter) for letter in letters.get(row.pk, [])],
            "mail": [_mail(each) for each in mail.pop(row.conference_id, [])],
        }
        for row in people
    ]


def _grouped(rows: Iterable[Any], name: str) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    for row in rows:
        found.setdefault(getattr(row, name), []).append(row)
    return found


def _facts(row: Invitation) -> Record:
    conference = row.conference
    is_answered = row.partstat != PartStat.NEEDS_ACTION
    return {
        "topic": conference.topic,
        "when": words.repeats(conference) or ("" if conference.permanent else words.When.of(conference).whole),
        "organizer": str(conference.organizer),
        "organizer_address": shown_address(conference.organizer.email),
        "name": row.name,
        "address": row.shown_address,
        "role": str(row.get_role_display()),
        "told": _("by the organizer") if row.way == Way.HAND else str(row.get_way_display()),
        "language": row.language,
        "time_zone": row.time_zone,
        "invited_at": row.created_at,
        "withdrawn_at": row.withdrawn_at,
        "answer": str(row.get_partstat_display()) if is_answered else "",
        "answered_at": row.answered_at,
        "comment": row.comment,
        "away_at": row.away_at,
        "away_note": row.away_note,
    }


def _reply(row: Reply) -> Record:
    said = {"answer": str(row.get_partstat_display()), "source": str(row.get_source_display())}
    return {"at": row.at, "date": row.original_date, **said, "comment": row.comment}


def _arrival(row: Arrival) -> Record:
    day = row.occurrence.original_date if row.occurrence else None
    return {"at": row.entered_at or row.knocked_at, "date": day, "name": row.name}


def _letter(row: Delivery) -> Record:
    said = {"kind": str(row.get_kind_display()), "state": str(row.get_state_display())}
    why = {"reason": str(row.get_why_display()), "server_said": row.reply}
    return {"at": row.state_at, "date": row.original_date, **said, **why, "address": shown_address(row.address)}


def _mail(row: IncomingMail) -> Record:
    said = {"kind": str(row.get_kind_display()), "answer": row.partstat, "name": row.name, "text": row.text}
    return {"at": row.received_at, "date": row.original_date, **said, "from": row.starts_at, "to": row.ends_at}


# FOR READERS


def lines(record: Record, zone: str) -> Iterator[tuple[str, str]]:
    """Label and text of all that is known, by the clock of `zone`; what has several entries, one line each."""
    for name, value in record.items():
        if name not in LABELS:
            continue
        values = value if isinstance(value, list) else [value]
        yield from ((str(LABELS[name]), text) for text in (_said(each, zone) for each in values) if text)


def _said(value: Any, zone: str) -> str:
    if isinstance(value, dict):
        return "; ".join(filter(None, (_said(each, zone) for each in value.values())))
    if value is True:
        return _("yes")
    if isinstance(value, datetime):
        local = value.astimezone(ZoneInfo(zone))
        said = {"day": date_format(local, _("j F Y")), "clock": time_format(local, _("H:i"))}
        return _("%(day)s, %(clock)s") % said
    return date_format(value, _("l j F Y")) if isinstance(value, date) else str(value or "")


# FILES


def as_json(own: Own, now: datetime) -> bytes:
    """Everything, for programs: moments in UTC."""
    return json.dumps(about(own), cls=DjangoJSONEncoder, ensure_ascii=False, indent=2).encode()


def as_csv(own: Own, now: datetime) -> bytes:
    """Everything, for spreadsheets: a line for each thing that is known."""
    known = about(own)
    table = [[_("Conference"), _("What"), _("Content")]]
    table += [[one["topic"], *line] for one in known["invitations"] for line in lines(one, own.zone)]
    table += [["", *line] for line in lines(known, own.zone)]
    return spreadsheet.csv_file(table)


def as_ics(own: Own, now: datetime) -> bytes:
    """The conferences that the person is invited to, for calendars, with the links and UIDs that the letters have."""
    rows = own.people.standing().filter(conference__cancelled_at=None)
    people = [row for row in rows.select_related("conference__organizer") if entries.has_entry(row.conference)]
    return feed_content.written([entries.entry_of(row.conference, row.personal_link, now) for row in people], now)


# Ending of the file -> what it is, and who writes it.
FILES = {
    "json": ("application/json", as_json),
    "csv": ("text/csv; charset=utf-8", as_csv),
    "ics": ("text/calendar; charset=utf-8", as_ics),
}
