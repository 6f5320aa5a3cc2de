"""“What they will get”: every letter as it would leave now, before it does; and a test of it to oneself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import cached_property

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Min
from django.utils import timezone, translation
from django.utils.translation import get_language_info, gettext_lazy
from django.utils.translation import gettext as _

from conferences.attempts import Attempt
from conferences.models import Conference, Occurrence
from invitations import entry_facts, letters, outbox
from invitations.letters import Letter
from invitations.models import Delivery, Invitation
from invitations.particulars import Fact

Kind = Delivery.Kind

# What can be shown, in this order, and what its button says.
KINDS = {
    Kind.INVITATION: gettext_lazy("Invitation"),
    Kind.QUESTION: gettext_lazy("Asked once more"),
    Kind.UPDATE: gettext_lazy("Update"),
    Kind.REMINDER: gettext_lazy("Reminder"),
    Kind.CANCELLATION: gettext_lazy("Cancellation"),
}
TESTS_AN_HOUR = 10
HOUR = timedelta(hours=1)


class TooManyTestsError(Exception):
    """As many tests as anybody needs have gone out within the hour."""


@dataclass(frozen=True)
class Preview:
    """One letter about `conference` to whoever would get it in `language`."""

    conference: Conference
    people: Mapping[str, Invitation]
    kind: Delivery.Kind
    language: str
    message: str
    now: datetime

    @property
    def reader(self) -> Invitation:
        """Who gets it in this language."""
        return self.people[self.language]

    @cached_property
    def letter(self) -> Letter:
        """The letter itself; the link in it leads nowhere."""
        date, day = self._date, None
        now = self.now
        if self.kind == Kind.REMINDER and date:
            day, now = date.original_date, date.starts_at - timedelta(minutes=self.conference.reminders[0])
        return letters.preview(
            self.conference, self.reader, kind=self.kind, message=self.message, original_date=day, now=now
        )

    @property
    def _date(self) -> Occurrence | None:
        """The next date, which a reminder is of."""
        return self.conference.occurrences.current(self.now)

    @property
    def headers(self) -> list[tuple[str, str]]:
        """From, To and Reply-To as mail programs show them."""
        name, address = self.letter.reply_to or ("", "")
        return [
            (_("From"), f"{self.letter.from_name} <{settings.MAIL_FROM}>"),
            (_("Reply to"), f"{name} <{address}>" if address else ""),
            (_("To"), f"{self.reader.name} <{self.reader.shown_address}>".strip()),
        ]

    @property
    def entry(self) -> list[Fact]:
        """What goes into the calendar; nothing where no entry goes with the letter."""
        return entry_facts.facts(self.letter.calendar, self.conference) if self.letter.calendar else []

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """Which letters there are about this conference, with their names."""
        return [(kind, str(label)) for kind, label in KINDS.items() if kind in offered(self.conference)]

    @property
    def languages(self) -> list[tuple[str, str]]:
        """In which languages it leaves, with their own names."""
        return [(code, get_language_info(code)["name_local"]) for code in self.people]


def offered(conference: Conference) -> list[Delivery.Kind]:
    """The letters that people can get about it: updates once it was changed, reminders where there are some."""
    left_out = [Kind.UPDATE] if conference.sequence == 0 else []
    left_out += [Kind.REMINDER] if conference.permanent or not conference.reminders else []
    left_out += [Kind.QUESTION] if conference.permanent else []
    return [kind for kind in KINDS if kind not in left_out]


def preview(
    conference: Conference, people: Iterable[Invitation], *, kind: str, language: str, message: str = "", now: datetime
) -> Preview:
    """The letter of this kind in this language to one of `people`; what is not there is shown as the first that is."""
    readers = _by_language(conference, people)
    kinds = offered(conference)
    return Preview(
        conference=conference,
        people=readers,
        kind=Kind(kind) if kind in kinds else kinds[0],
        language=language if language in readers else next(iter(readers)),
        message=message,
        now=now,
    )


def _by_language(conference: Conference, people: Iterable[Invitation]) -> dict[str, Invitation]:
    """One reader for each language that letters leave in, the site's own included: it is that of whoever comes next."""
    readers: dict[str, Invitation] = {}
    for person in people:
        readers.setdefault(letters.language_of(person, conference), person)
    for code in (letters.language_of(Invitation(), conference), settings.LANGUAGE_CODE):
        readers.setdefault(code, sample_reader(code))
    return readers


def sample_reader(language: str) -> Invitation:
    """Somebody who reads `language`."""
    return Invitation(name=_("Robin Sample"), address="robin@example.org", language=language)


def invited(conference: Conference) -> list[Invitation]:
    """Of those who are invited, one for each language."""
    first = conference.invitations.standing().order_by().values("language").annotate(first=Min("pk"))
    return list(Invitation.objects.filter(pk__in=first.values("first")).order_by("pk"))


def sample(
    kind: Delivery.Kind, language: str, own_words: Mapping[str, str], by: AbstractBaseUser, now: datetime
) -> Letter:
    """A letter in `own_words` of the site about a conference of `by` that does not exist, and so has no past."""
    start = timezone.localtime(now + timedelta(days=7))
    with translation.override(language):
        conference = Conference(
            pk=0, organizer_id=by.pk, topic=_("Quarterly planning"), number="123-456-789", start_date=start.date(),
            start_time=time(10), time_zone=timezone.get_current_timezone_name(), duration=HOUR,
            created_at=now, changed_at=now,
        )  # fmt: skip
        reader = sample_reader(language)
    return letters.preview(conference, reader, kind=kind, own_words=own_words, now=now)


# A TEST TO ONESELF


def send_test(shown: Preview, by: AbstractBaseUser, now: datetime) -> None:
    """Owe `by` the letter that `shown` shows, marked as a test. Raises TooManyTestsError.

    It brings no calendar entry: nobody is invited by it. So it is written as to the organizer, who never gets one.
    """
    conference = shown.conference
    reader = Invitation(
        name=str(by), address=conference.organizer.email, language=shown.language, time_zone=shown.reader.time_zone
    )
    letter = replace(shown, people={shown.language: reader}).letter
    with translation.override(shown.language):
        letter = replace(letter, subject=_("Test: %(subject)s") % {"subject": letter.subject})
    with transaction.atomic():
        if not Attempt.objects.allow("test-letter", f"user {by.pk}", limit=TESTS_AN_HOUR, window=HOUR, now=now):
            raise TooManyTestsError
        outbox.queue_written(
            by.get_username(), lambda address, key: letters.whole(letter, (str(by), address), key, now)
        )


def where_it_goes(by: AbstractBaseUser) -> str:
    """Where to look for a test."""
    if settings.MAIL.kind != "file":
        return _("The test is on its way to %(address)s.") % {"address": by.get_username()}
    return _("The test is on its way. This site writes letters to files; administrators see them in the outbox.")
