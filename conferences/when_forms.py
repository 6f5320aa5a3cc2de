"""When a conference takes place: date, clock time, zone, length, and the rule by which it repeats."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conferences import recurrence, times
from conferences.clock_notes import clock_notes
from conferences.defaults import LENGTHS, OTHER
from conferences.fields import CHOOSE, MinutesField, WallDateField, WallTimeField, ZoneField, in_five_years
from conferences.models import STORED_AHEAD
from conferences.occurrences import LONGEST
from conferences.recurrence import Rule
from conferences.recurrence_fields import ENDS_BEFORE, RECURRENCE, RecurrenceFields

type Day = date  # inside the form, `date` is a field

WHEN = ("date", "start", "end", "time_zone", "duration", "minutes")
SHORTEST = timedelta(minutes=5)
# An end may lie a day behind its start, and a day begins at other moments elsewhere: earlier dates are surely over.
SURELY_OVER = timedelta(days=3)
WRONG_LENGTH = _("Duration must be between 5 and 1440 minutes")
OVER = _("This conference would already be over. Choose a later date")
NEXT_DATES = 5


@dataclass(frozen=True)
class NextDates:
    """What a rule leads to, for people to check before they schedule."""

    words: str
    city: str
    clock: str
    starts: list[datetime]  # naive, on the clocks of the conference's zone
    last: datetime | None  # of those that follow them
    is_endless: bool
    notes: list[str]


class WhenForm(RecurrenceFields):
    """Date, time and rule; a permanent conference has none of them and whatever is filled in is ignored.

    Cleaned are `date` (the first day of the rule, with a notice where that is another day than was chosen), `start`,
    `time_zone`, `length` and `rule` (RRULE text or ""). `kept` fields are not asked for; see ConferenceForm.
    """

    permanent = forms.BooleanField(
        label=_("Permanent conference"),
        required=False,
        help_text=_("A room that always stands open: no date, no calendar entry."),
    )
    date = WallDateField(label=_("Date"))
    start = WallTimeField(label=_("Start time"))
    end = WallTimeField(label=_("End time"), required=False)
    time_zone = ZoneField(label=_("Time zone"))
    duration = forms.ChoiceField(
        label=_("Duration"),
        required=False,
        choices=[*LENGTHS, (OTHER, _("Other"))],
        widget=forms.RadioSelect,
        error_messages=CHOOSE,
    )
    minutes = MinutesField(5, 1440, WRONG_LENGTH, label=_("Minutes"), required=False)

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        now: datetime,
        home_zone: str,
        initial: Mapping[str, Any],
        kept: Collection[str] = (),
    ) -> None:
        super().__init__(data, initial=dict(initial))
        self.now, self.home_zone, self.kept = now, home_zone, frozenset(kept)
        self.notices: list[str] = []
        for name in self.kept & self.fields.keys():
            del self.fields[name]

    # CLEANING

    def clean_date(self) -> Day:
        day: Day = self.cleaned_data["date"]
        today = self.now.date()
        if today - day > SURELY_OVER:
            raise ValidationError(OVER)
        if not in_five_years(day, today):
            raise ValidationError(_("Choose a date within the next five years"))
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned |= {name: self.initial.get(name) for name in self.kept & {*WHEN, "permanent"}}
        if cleaned.get("permanent"):
            return self._without_date(cleaned)
        if cleaned.get("duration") != OTHER:
            self.errors.pop("minutes", None)  # nobody sees that box
        self._follow_rule(cleaned)
        starts_at = self._instant("start")
        length = self._length(starts_at)
        if starts_at and length:
            cleaned["length"] = length
            self._look_at_the_clock(starts_at, length)
        return cleaned

    def _without_date(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        """A permanent conference: whatever was filled in about a date is ignored, right or wrong."""
        for name in (*WHEN, *RECURRENCE):
            self.errors.pop(name, None)
        zone = cleaned.get("time_zone") or self.home_zone
        wall = self.now.astimezone(ZoneInfo(zone)).replace(second=0, microsecond=0)
        return cleaned | {
            "date": wall.date(), "start": wall.time(), "time_zone": zone, "length": timedelta(hours=1), "rule": "",
        }  # fmt: skip

    def _follow_rule(self, cleaned: dict[str, Any]) -> None:
        """Let the first conference be on a day of the rule, and say what clock changes do to later ones."""
        rule = None if "repeat" in self.kept else self.rule_from(cleaned.get("date"))
        cleaned["rule"] = str(rule or "")
        if rule is None or not cleaned.get("date"):
            return
        if "date" not in self.kept:
            self._move_to_first_day(rule, cleaned)
        if cleaned.get("start") and cleaned.get("time_zone") and not self.errors.keys() & {"date", *RECURRENCE}:
            later = (day for day in self._days(rule, cleaned["date"]) if day != cleaned["date"])
            self.notices += clock_notes(later, cleaned["start"], cleaned["time_zone"])

    def _days(self, rule: Rule, first: Day) -> list[Day]:
        """The days to come of a series that begins on `first`, as far as they are stored then."""
        today = max(first, self.now.date())
        return recurrence.ahead(rule, first, today, today + STORED_AHEAD)

    def _move_to_first_day(self, rule: Rule, cleaned: dict[str, Any]) -> None:
        chosen = cleaned["date"]
        try:
            first = cleaned["date"] = recurrence.first_day(rule, chosen)
        except recurrence.NoDay:
            self.add_error("date", ENDS_BEFORE)
            return
        if first != chosen:
            words = gettext("The first conference is on %(first)s: %(chosen)s is no day of the recurrence.")
            self.notices.append(words % {"first": _written(first), "chosen": _written(chosen)})

    def _instant(self, name: str, later: timedelta = timedelta()) -> datetime | None:
        """The instant of the clock time `name` on the date or `later`; None if unknown or said to be wrong."""
        day, clock, zone = (self.cleaned_data.get(each) for each in ("date", name, "time_zone"))
        if not (day and clock and zone):
            return None
        wall = datetime.combine(day + later, clock)
        try:
            at = times.instant(wall, zone)
        except times.NoSuchTime as gap:
            values = {"time": wall, "before": gap.before, "after": gap.after}
            clocks = {name: f"{value:%H:%M}" for name, value in values.items()}
            words = gettext("%(time)s does not exist in %(city)s that night. Choose %(before)s or %(after)s")
            self.add_error(name, words % {**clocks, "city": times.city(zone)})
            return None
        if times.happens_twice(wall, zone):
            self.notices.append(gettext("%(time)s happens twice. We take the first.") % {"time": f"{wall:%H:%M}"})
        return at

    def _length(self, starts_at: datetime | None) -> timedelta | None:
        """The time between start and end where an end is given, else the chosen duration.

        The duration, too, where it leads to that end: its buttons fill the end in, and only they can mean the second
        of two equal hours.
        """
        end, chosen = self.cleaned_data.get("end"), self._chosen()
        if not end or (starts_at and chosen and times.clock(starts_at + chosen, self.cleaned_data["time_zone"]) == end):
            return self._chosen_length()
        if not starts_at:
            return None
        next_day = end <= self.cleaned_data["start"]
        ends_at = self._instant("end", timedelta(days=next_day))
        length = ends_at - starts_at if ends_at else None
        if length and not SHORTEST <= length <= LONGEST:
            self.add_error("end", WRONG_LENGTH)
        elif next_day:
            self.notices.append(gettext("It ends on the next day, at %(time)s.") % {"time": f"{end:%H:%M}"})
        return length

    def _chosen(self) -> timedelta | None:
        """The duration of the chosen button or the minutes beside it."""
        choice = self.cleaned_data.get("duration") or self.initial["duration"]
        return self.cleaned_data.get("minutes") if choice == OTHER else timedelta(minutes=int(choice))

    def _chosen_length(self) -> timedelta | None:
        chosen = self._chosen()
        if chosen is None and "minutes" not in self.errors:
            self.add_error("minutes", WRONG_LENGTH)
        return chosen

    def _look_at_the_clock(self, starts_at: datetime, length: timedelta) -> None:
        """Only what is over altogether is refused: people do note down what has just begun."""
        if "date" in self.kept:
            return
        if starts_at + length <= self.now:
            self.add_error("date", OVER)
        elif starts_at < self.now.replace(second=0, microsecond=0) and self.is_new_start(starts_at):
            self.notices.append(gettext("This starts in the past"))

    def is_new_start(self, starts_at: datetime) -> bool:
        """Whether it is worth saying that `starts_at` has passed."""
        return True

    # WHAT COMES OUT

    def forget_errors_but(self, *names: str) -> None:
        """Keep only the errors of `names`: the others stand at fields that nobody has asked about yet."""
        self.full_clean()
        for name in self.errors.keys() - {*names}:
            del self.errors[name]

    def next_dates(self) -> NextDates | None:
        """The rule in words and the next dates to come, as far as the answers are right."""
        cleaned = self.cleaned_data
        if not cleaned.get("rule") or not cleaned.get("start") or not cleaned.get("time_zone"):
            return None
        rule, zone, first = recurrence.parse(cleaned["rule"]), cleaned["time_zone"], cleaned["date"]
        today = times.wall_clock(self.now, zone).date()
        days = list(islice(rule.days(first, today), NEXT_DATES if rule.is_endless else recurrence.MOST))
        walls = [datetime.combine(day, cleaned["start"]) for day in days]
        starts = [times.wall_clock(times.instant_by_rule(wall, zone), zone) for wall in walls]
        return NextDates(
            words=recurrence.in_words(rule, first),
            city=times.city(zone),
            clock=f"{cleaned['start']:%H:%M}",
            starts=starts[:NEXT_DATES],
            last=starts[-1] if len(starts) > NEXT_DATES else None,
            is_endless=rule.is_endless,
            notes=self.notices,
        )


def _written(day: Day) -> str:
    return date_format(day, gettext("l j F Y"))
