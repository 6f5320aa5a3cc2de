"""What to know before pressing “Invite”: calm sentences, none of which keeps anybody from it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from addressbook.addresses import shown_address
from conferences import other_clocks, times
from conferences.models import Conference, Occurrence
from conferences.occurrences import LONGEST
from invitations import outbox, senders
from invitations.inviting import Person, drafted, is_one_of
from invitations.silence import Silence
from invitations.words import When, isolate

# So many are named in one sentence, and so many conferences at the same time.
NAMED = 5
OVERLAPS = 3

# Where Friday and Saturday are free; elsewhere Saturday and Sunday are.
FRIDAY_IS_FREE = frozenset(
    f"{region}/{city}"
    for region, cities in {
        "Africa": ("Algiers", "Cairo", "Khartoum", "Tripoli"),
        "Asia": (
            "Aden", "Amman", "Baghdad", "Bahrain", "Damascus", "Dhaka", "Gaza", "Hebron", "Jerusalem", "Kuwait",
            "Muscat", "Qatar", "Riyadh",
        ),
    }.items()
    for city in cities
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Note:
    """A whole sentence, and the drawing beside it."""

    words: str
    icon: str = "info"


def notes(conference: Conference, people: Sequence[Person], by: AbstractBaseUser, now: datetime) -> list[Note]:
    """What `by` should know who is about to invite `people`; as many queries for 500 as for one."""
    rows = drafted(conference, people, {}, by)
    names = {row.address.lower(): row.name or row.shown_address for row in rows}
    zones = list(dict.fromkeys(row.time_zone for row in rows if row.time_zone))
    date = conference.occurrences.current(now)
    about_time = _about_time(conference, date, zones, by, now) if date else iter(())
    return [*about_time, *_about_people(conference, names), *_about_mail(conference)]


# WHEN


def _about_time(
    conference: Conference, row: Occurrence, zones: list[str], by: AbstractBaseUser, now: datetime
) -> Iterator[Note]:
    """Of a series: of the date that goes on or comes next."""
    if row.has_begun(now):
        start = date_format(times.wall_clock(row.starts_at, conference.time_zone), _("H:i"))
        yield Note(_("It began at %(time)s: whoever is invited now comes late.") % {"time": start}, "clock")
    for other in _overlapping(conference, row, by):
        said = {"topic": isolate(other.conference.topic), "when": When.of(other).at_home}
        yield Note(_("“%(topic)s” is at the same time: %(when)s.") % said, "calendar")
    base = conference.time_zone
    for warning in other_clocks.warnings(now, row.starts_at, row.ends_at, base=base, zones=zones):
        if warning.is_night:
            yield Note(warning.words, "moon")
    if free := [zone for zone in dict.fromkeys([base, *zones]) if is_weekend(row.starts_at, zone)]:
        places = [_("%(city)s (%(weekday)s)") % _weekday(row.starts_at, zone) for zone in free]
        yield Note(_("It will be the weekend in %(places)s.") % {"places": _listed(places)}, "calendar")


def _overlapping(conference: Conference, row: Occurrence, by: AbstractBaseUser) -> Iterable[Occurrence]:
    """Other conferences of the same organizer at the time of `row`, as far as `by` may know of them."""
    theirs = Conference.objects.managed_by(by).filter(organizer=conference.organizer_id, cancelled_at=None)
    rows = Occurrence.objects.filter(conference__in=theirs, cancelled_at=None).exclude(conference=conference)
    near = rows.filter(starts_at__gt=row.starts_at - LONGEST, starts_at__lt=row.ends_at, ends_at__gt=row.starts_at)
    return near.select_related("conference").order_by("starts_at", "pk")[:OVERLAPS]


def is_weekend(at: datetime, zone: str) -> bool:
    """Whether most people in `zone` do not work on the day that it is there."""
    free = (4, 5) if zone in FRIDAY_IS_FREE else (5, 6)
    return times.wall_clock(at, zone).weekday() in free


def _weekday(at: datetime, zone: str) -> dict[str, str]:
    return {"city": times.city(zone), "weekday": date_format(times.wall_clock(at, zone), "l")}


# WHO


def _about_people(conference: Conference, names: dict[str, str]) -> Iterator[Note]:
    """`names` are those of the chosen people by address in lower case."""
    rows = conference.invitations.standing().filter(is_one_of(names))
    known = {row.address.lower() for row in rows}
    if known:
        words = ngettext(
            "%(people)s is invited already and gets no second letter.",
            "%(people)s are invited already and get no second letter.",
            len(known),
        )
        yield Note(words % {"people": _named(names, known)}, "users")
    if silent := Silence.objects.among(names):
        words = ngettext(
            "%(people)s asked this site not to write any more: the letter is held back. Use the direct link.",
            "%(people)s asked this site not to write any more: the letters are held back. Use the direct link.",
            len(silent),
        )
        yield Note(words % {"people": _named(names, silent)}, "bounce")
    if senders.answers_to(conference).address.lower() in names:
        own = _("%(name)s organizes this conference: no calendar entry goes with that letter.")
        yield Note(own % {"name": isolate(str(conference.organizer))}, "user")


def _named(names: dict[str, str], chosen: set[str]) -> str:
    return _listed([isolate(name) for address, name in names.items() if address in chosen])


def _listed(texts: list[str]) -> str:
    """As many as anybody wants to read."""
    more = len(texts) - NAMED
    if more <= 0:
        return get_text_list(texts, pgettext("between the last two of a list", "and"))
    words = ngettext("%(listed)s and %(count)d more", "%(listed)s and %(count)d more", more)
    return words % {"listed": ", ".join(texts[:NAMED]), "count": more}


# HOW


def _about_mail(conference: Conference) -> Iterator[Note]:
    """Whether letters can leave, and whether mail programs will say that the site writes for somebody else."""
    trouble = outbox.trouble()
    if trouble and trouble.since:
        since = times.wall_clock(trouble.since, conference.time_zone)
        said = {"day": date_format(since, _("j F")), "time": date_format(since, _("H:i"))}
        late = _("The mail server has taken no mail since %(time)s on %(day)s. Letters wait here until it does.")
        yield Note(late % said, "clock")
    address = senders.answers_to(conference).address
    if settings.MAIL.kind == "smtp" and address.rpartition("@")[2].lower() != settings.MAIL_DOMAIN.lower():
        foreign = _("This site writes from %(domain)s: some mail programs will add that it does so for %(address)s.")
        yield Note(foreign % {"domain": settings.MAIL_DOMAIN, "address": shown_address(address)}, "mail")
