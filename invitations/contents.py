"""What each kind of letter to an invited person says, in the language that is active; no markup, no bytes.

A new kind of letter is a function here, from an occasion to a content, and a row in the table of letters.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from django.utils.translation import gettext as _

from conferences.models import Change, Conference, Occurrence
from invitations import news, objects, particulars, until_start, words
from invitations.models import Invitation
from invitations.news import Changed, News
from invitations.occasions import Occasion
from invitations.particulars import Fact, names
from invitations.words import When, isolate


@dataclass(frozen=True)
class Content:
    """What both templates print, in this order; what is empty is left out.

    `when` is None where the conference has no date; `only` is the one occurrence that the letter is about, if it is.
    `paragraph` and `closing` are the site's own words (own_words.py). `subject_of` is what the subject line goes by
    where that is not the kind of the letter.
    """

    lead: str
    conference: Conference
    foot: str
    when: When | None
    only: Occurrence | None = None
    zone: str = ""
    note: Fact | None = None
    intro: str = ""
    paragraph: str = ""
    closing: str = ""
    changes: Sequence[Changed] = ()
    question: str = ""
    buttons: Sequence[tuple[str, str]] = ()
    facts: Sequence[Fact] = ()
    hint: str = ""
    foot_link: tuple[str, str] | None = None
    is_off: bool = False
    method: Literal["REQUEST", "CANCEL"] | None = None
    entry: Occurrence | None = None
    subject_of: str = ""

    @property
    def is_series(self) -> bool:
        """Whether it is about a conference that repeats, as a whole."""
        return bool(self.conference.rule) and self.only is None

    @property
    def rule(self) -> str:
        """How the conference repeats, if the letter is about all of it."""
        return words.repeats(self.conference) if self.is_series else ""


# THE LETTERS


def invitation(occasion: Occasion, now: datetime) -> Content:
    """Asks somebody to a conference; who came along from another series reads what is different from that."""
    conference = occasion.invitation.conference
    before = conference.follows if occasion.came_along else None
    first = conference.changes.filter(kind=Change.Kind.CONTINUED).first() if before else None
    content = replace(
        _common(occasion.invitation, _("%(name)s invites you"), now),
        note=particulars.note(conference, occasion.message),
        intro=_continues(before) if before else "",
        changes=news.from_another(conference, first).lines if first else (),
        facts=[
            *particulars.to_come(occasion.invitation),
            *particulars.exceptions(conference, now),
            *_calendar_fact(occasion.invitation, _("The attached file adds the conference to your calendar.")),
        ],
        method="REQUEST",
    )
    return _asking(content, occasion.invitation, _("Will you take part?"))


def update(occasion: Occasion, now: datetime) -> Content:
    """Says what is different from what this person was told last, and asks again."""
    person, conference, past = occasion.invitation, occasion.invitation.conference, occasion.past
    what = news.since(conference, past.sequence, zone=person.time_zone, told=past.dates)
    content = replace(
        _common(person, _who_changed(what), now, what.only),
        note=particulars.note(conference, occasion.message or what.message),
        intro=_goes_on(conference) if what.ends_elsewhere else "",
        changes=what.lines,
        facts=[
            *particulars.to_come(person, _("(the same as before)"), with_answer=what.only is None),
            *([] if what.only else particulars.exceptions(conference, now)),
            *_calendar_fact(person, _calendar_words(what)),
        ],
        method="REQUEST",
        # Who perhaps has no entry yet needs the whole series, not a single date of it.
        entry=what.only if past.is_sure else None,
    )
    return _asking(content, person, _question(what), what.only)


def cancellation(occasion: Occasion, now: datetime) -> Content:
    """Takes off the conference, one date of it, or one person from its list."""
    return _of_one_date(occasion, now) if occasion.original_date else _of_all(occasion, now)


def _of_all(occasion: Occasion, now: datetime) -> Content:
    conference = occasion.invitation.conference
    lead, note = _("%(name)s withdrew your invitation"), occasion.message
    if conference.cancelled_at:
        lead = _("%(name)s cancelled all dates of this conference") if conference.rule else _off()
        note = note or _message_of(conference, None)
    return replace(
        _common(occasion.invitation, lead, now),
        note=particulars.note(conference, note),
        facts=[
            particulars.organizer(conference),
            *_calendar_fact(occasion.invitation, _("The attached file removes the conference from your calendar.")),
        ],
        is_off=True,
        method="CANCEL",
    )


def _of_one_date(occasion: Occasion, now: datetime) -> Content:
    """Names the next date, too."""
    conference = occasion.invitation.conference
    off = conference.occurrences.get(original_date=occasion.original_date)  # type: ignore[misc]
    following = conference.occurrences.filter(cancelled_at=None).coming(max(now, off.starts_at)).first()
    return replace(
        _common(occasion.invitation, _("%(name)s cancelled one date of this conference"), now, off),
        note=particulars.note(conference, occasion.message or _message_of(conference, off.original_date)),
        facts=[
            particulars.organizer(conference),
            *([Fact(_("Next date"), When.of(following).whole)] if following else []),
            *_calendar_fact(occasion.invitation, _("The attached file removes this date from your calendar.")),
        ],
        is_off=True,
        method="CANCEL",
        entry=off,
    )


def question(occasion: Occasion, now: datetime) -> Content:
    """Asks somebody again who has not answered."""
    person, conference = occasion.invitation, occasion.invitation.conference
    content = replace(
        _common(person, _("%(name)s asks you once more"), now),
        facts=[
            *particulars.to_come(person),
            *particulars.exceptions(conference, now),
            *_calendar_fact(person, _("The attached file adds the conference to your calendar.")),
        ],
        method="REQUEST",
    )
    return _asking(content, person, _("You have not answered yet. Will you take part?"))


def message(occasion: Occasion, now: datetime) -> Content:
    """What the organizer says to those who are invited, beside what the conference itself says."""
    person, conference = occasion.invitation, occasion.invitation.conference
    return replace(
        _common(person, _("%(name)s writes to you about this conference"), now),
        note=particulars.note(conference, occasion.message),
        buttons=[(_("Open the conference page"), person.personal_link)],
        facts=[particulars.organizer(conference)],
        is_off=conference.cancelled_at is not None,
    )


def reminder(occasion: Occasion, now: datetime) -> Content:
    """That a date is near: how near is worked out as it is written. A sample, without rows, begins but once."""
    person, conference = occasion.invitation, occasion.invitation.conference
    row = conference.occurrences.get(original_date=occasion.original_date) if occasion.original_date else None
    starts_at = row.starts_at if row else conference.starts_at
    return replace(
        _common(person, until_start.lead(starts_at, conference.zone, now), now, row),
        buttons=[(_("Open the conference page"), person.personal_link)],
        facts=particulars.to_come(person),
        hint=_("You can change your answer on that page."),
    )


# THEIR WORDS


def _common(person: Invitation, lead: str, now: datetime, only: Occurrence | None = None) -> Content:
    """What stands in every letter to a participant."""
    conference = person.conference
    said = names(conference, person.address) | {"zone": conference.time_zone}
    return Content(
        lead=lead % said,
        conference=conference,
        foot=_("%(name)s sent this through %(site)s to %(address)s.") % said,
        foot_link=(_foot_words(person), person.you_link),
        when=When.of(only) if only else when(conference, now),
        only=only,
        zone=person.time_zone,
    )


def _foot_words(person: Invitation) -> str:
    if person.withdrawn_at:
        return _("Write no more, what this site knows about you")
    return _("Write no more, another language, what this site knows about you")


def when(conference: Conference, now: datetime) -> When | None:
    """The date that the head of a letter shows."""
    row = words.current(conference, now)
    return When.of(row) if row else None


def _asking(content: Content, person: Invitation, question: str, only: Occurrence | None = None) -> Content:
    """With the buttons that answer, to the whole or to `only` one date of it.

    A conference without a date asks nobody, and shows the way.
    """
    link = person.personal_link
    if content.conference.permanent:
        return replace(content, buttons=[(_("Open the conference page"), link)])
    # They lead to a page with the answer chosen there; opening it answers nothing, because mail scanners do.
    to = f"{link}?date={only.original_date}&answer=" if only else f"{link}?answer="
    buttons = [(str(label), f"{to}{answer}") for answer, (_partstat, label) in words.ANSWERS.items()]
    return replace(content, question=question, buttons=buttons, hint=_hint(content.conference))


def _hint(conference: Conference) -> str:
    hint = _(
        "%(name)s sees these answers at once; buttons of your mail program answer by e-mail instead. If Gmail says "
        "that it does not know the sender, choose “I know the sender”: then the conference appears in your calendar."
    )
    return hint % names(conference, "")


def _who_changed(what: News) -> str:
    if what.by_law:
        return _("New rules of the time zone %(zone)s moved the start: the clock time there stays")
    return _("%(name)s moved one date of this conference") if what.only else _("%(name)s changed this conference")


def _question(what: News) -> str:
    return _("Does the new time suit you?") if what.only or what.asks_anew else _("Will you take part?")


def _calendar_words(what: News) -> str:
    if what.only:
        return _("The attached file moves this date in your calendar.")
    if what.asks_anew or what.by_law:
        return _("The attached file moves the conference in your calendar.")
    return _("The attached file brings your calendar up to date.")


def _calendar_fact(person: Invitation, calendar_words: str) -> list[Fact]:
    return [Fact(_("Calendar"), calendar_words)] if objects.has_object(person) else []


def _off() -> str:
    return _("%(name)s cancelled this conference")


def _message_of(conference: Conference, day: date | None) -> str:
    """What the organizer wrote when cancelling it, or the date that the rule has on `day`."""
    change = conference.changes.filter(kind=Change.Kind.CANCELLED, original_date=day).first()
    return change.message if change else ""


def _continues(before: Conference) -> str:
    """Which series this one continues."""
    said = {"topic": isolate(before.topic)}
    if before.over_at is None:
        return _("This continues “%(topic)s”.") % said
    last = words.day(before.over_at, before.time_zone)
    return _("This continues “%(topic)s”, which has its last date on %(day)s.") % {**said, "day": last}


def _goes_on(conference: Conference) -> str:
    """As what a series that ends goes on."""
    after = Conference.objects.filter(follows=conference, cancelled_at=None).first()
    if after is None:
        return ""
    said = {"topic": isolate(after.topic), "day": words.day(after.starts_at, after.time_zone)}
    if after.topic == conference.topic:
        return _("From %(day)s on it goes on as a conference of its own, with its own link.") % said
    return _("From %(day)s on it goes on as “%(topic)s”.") % said
