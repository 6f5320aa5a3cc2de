"""The rows of a letter below its head: who, what, how to come, what is otherwise than the rule has it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from addressbook.addresses import shown_address
from conferences.choices import Role
from conferences.models import Conference, Occurrence
from conferences.rooms import room_called
from invitations.answers import in_words, to_all
from invitations.incoming_mail import IncomingMail
from invitations.models import Delivery, Invitation, PartStat, Reply
from invitations.news import LISTED_DATES
from invitations.words import When, isolate


@dataclass(frozen=True)
class Fact:
    """A row of the letter. `url` makes the text a link; `is_typed` says that the lines are somebody's own words."""

    label: str
    text: str
    url: str = ""
    after: str = ""
    is_typed: bool = False

    @property
    def lines(self) -> list[str]:
        """The text line by line, for the plain part."""
        return self.text.splitlines()


def names(conference: Conference, address: str) -> dict[str, str]:
    """Who and where, for sentences."""
    return {
        "name": isolate(str(conference.organizer)),
        "organizer": isolate(shown_address(conference.organizer.email)),
        "address": isolate(shown_address(address)),
        "site": isolate(settings.SITE_NAME),
    }


def note(conference: Conference, text: str) -> Fact | None:
    """The organizer's own words in a frame that says whose they are; nothing in it becomes a link."""
    head = _("Message from %(name)s (%(organizer)s), not checked by %(site)s")
    return Fact(head % names(conference, ""), text, is_typed=True) if text else None


def to_come(invitation: Invitation, after_link: str = "", *, with_answer: bool = True) -> list[Fact]:
    """What a participant needs to come; and what they answer, where that is still an answer to it."""
    conference = invitation.conference
    is_answered = with_answer and invitation.answer != PartStat.NEEDS_ACTION and not conference.permanent
    found = [
        organizer(conference),
        Fact(_("Agenda"), conference.agenda, is_typed=True),
        Fact(_("Join"), invitation.personal_link, url=invitation.personal_link, after=after_link),
        Fact(_("Conference ID"), conference.number),
        Fact(_("Password"), conference.password),
        Fact(_("By telephone"), room_called(conference.room_backend).dial_in),
        Fact(_("Waiting room"), _lets_in(invitation)),
        Fact(_("Your role"), "" if invitation.role == Role.PARTICIPANT else str(Role(invitation.role).label)),
        Fact(_("Your answer"), str(PartStat(invitation.answer).label) if is_answered else ""),
    ]
    return [fact for fact in found if fact.text]


def organizer(conference: Conference) -> Fact:
    """Whose conference it is."""
    return Fact(_("Organizer"), isolate(str(conference.organizer)))


def _lets_in(invitation: Invitation) -> str:
    """That somebody has to open the door from inside; moderators have the key."""
    if not invitation.conference.waiting_room or invitation.role == Role.MODERATOR:
        return ""
    return _("%(name)s lets you in") % names(invitation.conference, "")


def exceptions(conference: Conference, now: datetime) -> list[Fact]:
    """Which dates to come of a series are not where its rule has them."""
    if not conference.rule:
        return []
    others = conference.occurrences.by_themselves().coming(now)
    rows = list(others[: LISTED_DATES + 1])
    lines = [_exception(row) for row in rows[:LISTED_DATES]]
    if len(rows) > LISTED_DATES:
        lines.append(_("and more: your page has all dates"))
    return [Fact(_("Exceptions"), "\n".join(lines))] if lines else []


def _exception(row: Occurrence) -> str:
    now = When.of(row)
    if row.cancelled_at:
        return _("Not on %(day)s") % {"day": now.day}
    return _("%(now)s instead of %(was)s") % {"now": now.at_home, "was": When.by_rule(row).at_home}


def problem(trouble: Delivery) -> Fact:
    """One letter that has not arrived, and why: our words, then the server's."""
    why = [str(trouble.get_why_display() or trouble.get_state_display()), trouble.reply]
    who = _who(trouble.invitation.name if trouble.invitation else "", trouble.address)
    return Fact(who, "\n".join(filter(None, why)), is_typed=True)


def came(mail: IncomingMail) -> Fact:
    """What came by mail from somebody: what it is, if it is more than words, and the words."""
    what = "" if mail.kind == IncomingMail.Kind.WORDS else str(mail.get_kind_display())
    time = ""
    if mail.starts_at and mail.ends_at:
        time = When(mail.starts_at, mail.ends_at, mail.conference.time_zone).whole
    return Fact(_who(mail.name, mail.address), "\n".join(filter(None, [what, time, mail.text])), is_typed=True)


def answered(replies: Sequence[Reply]) -> Fact:
    """What one person answered, to the whole and to single dates, and their words."""
    doubt = _("Two different answers within seconds: this one may come from a mail scanner.")
    person, lines = replies[0].invitation, []
    for reply in replies:
        lines += [in_words(reply.partstat, reply.original_date), doubt if reply.looks_automatic else "", reply.comment]
    return Fact(_who(person.name, person.address), "\n".join(filter(None, lines)), is_typed=True)


def all_answers(conference: Conference) -> Fact:
    """How it stands with all who are invited."""
    counts = Counter(answer for answer, _answered_in in to_all(conference).values())
    words = _("Accepted: %(yes)d. Tentative: %(perhaps)d. Declined: %(no)d. No answer yet: %(none)d.") % {
        "yes": counts[PartStat.ACCEPTED],
        "perhaps": counts[PartStat.TENTATIVE],
        "no": counts[PartStat.DECLINED],
        "none": counts[PartStat.NEEDS_ACTION],
    }
    return Fact(_("All so far"), words)


def _who(name: str, address: str) -> str:
    return f"{isolate(name)} ({shown_address(address)})" if name else shown_address(address)
