"""The only door for what people type about conferences. Cleaned values are domain types."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, Self, cast
from uuid import UUID, uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cabinet.text import LineFormField, TextFormField
from conferences import times
from conferences.choices import ClientVideoQuality, Mode, VideoQuality
from conferences.conflicts import NumberTaken
from conferences.defaults import LENGTHS, OTHER, SETTINGS, first_values, right_now, values_of, zone_of
from conferences.fields import (
    AS_TYPED,
    CityField,
    MinutesField,
    NumberField,
    WallDateField,
    WallTimeField,
    WholeNumberField,
    ZoneField,
    in_five_years,
)
from conferences.models import Conference
from conferences.rooms import all_rooms, room_called
from conferences.rooms.shortfalls import SAYS_BESIDE, what_rooms_lack

type Day = date  # inside the form, `date` is a field

SHORTEST, LONGEST = timedelta(minutes=5), timedelta(minutes=1440)
# An end may lie a day behind its start, and a day begins at other moments elsewhere: earlier dates are surely over.
SURELY_OVER = timedelta(days=3)
WRONG_LENGTH = _("Duration must be between 5 and 1440 minutes")
OVER = _("This conference would already be over. Choose a later date")
TAKEN = _("Another conference has this ID. Choose another one.")
MEANWHILE = _(
    "Someone changed this conference while you were editing. Your changes are below; check them and save again."
)
CHOOSE = {"invalid_choice": _("Choose one of the options")}


class ConferenceForm(forms.Form):
    """A new conference: what, when, and all settings, filled in from the organizer's defaults."""

    submission_id = forms.Field(required=False, widget=forms.HiddenInput)
    topic = LineFormField(
        label=_("Topic"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
        error_messages={
            "required": _("Enter a topic, for example “Autumn budget review”"),
            "max_length": _("Topic must be 200 characters or shorter"),
        },
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

    number = NumberField(
        label=_("Conference ID"),
        required=False,
        help_text=_("Digits and dashes. With it and the password people can join without a link."),
    )
    password = LineFormField(
        label=_("Password"),
        required=False,
        min_length=6,
        max_length=32,
        help_text=_("Sent inside the invitation. 6 to 32 characters."),
        widget=forms.TextInput(attrs=AS_TYPED | {"data-filled": _("password"), "data-empty": _("no password")}),
        error_messages={
            "min_length": _("Password must have at least 6 characters"),
            "max_length": _("Password must have 32 characters or fewer"),
        },
    )
    opens_before = MinutesField(
        0, 1440, _("Enter minutes, 0 to 1440"), label=_("Open the room before the start, in minutes"), required=False
    )
    organizer_first = forms.BooleanField(
        label=_("Prevent joining without conference owner"),
        required=False,
        help_text=_("The conference opens when you arrive."),
        widget=forms.CheckboxInput(attrs={"data-on": _("opens when you arrive")}),
    )
    guests_see_each_other = forms.BooleanField(
        label=_("Guests see each other"),
        required=False,
        help_text=_("The calendar entry in each invitation then names everyone who is invited."),
        widget=forms.CheckboxInput(attrs={"data-on": _("guests see each other")}),
    )

    room_backend = forms.ChoiceField(label=_("Room"), required=False, error_messages=CHOOSE)
    mode = forms.ChoiceField(label=_("Conference mode"), required=False, choices=Mode, error_messages=CHOOSE)
    chat_premoderation = forms.BooleanField(
        label=_("Chat premoderation"),
        required=False,
        widget=forms.CheckboxInput(attrs={"data-on": _("chat premoderation")}),
    )
    mute_on_entry = forms.BooleanField(
        label=_("Mute participants on entry"),
        required=False,
        help_text=_("They can unmute themselves."),
        widget=forms.CheckboxInput(attrs={"data-on": _("muted on entry")}),
    )
    camera_off_on_entry = forms.BooleanField(
        label=_("Start with cameras off"),
        required=False,
        widget=forms.CheckboxInput(attrs={"data-on": _("cameras off")}),
    )
    record = forms.BooleanField(
        label=_("Record the conference"),
        required=False,
        help_text=_("Everyone is told before they join that it is recorded."),
        widget=forms.CheckboxInput(attrs={"data-on": _("recorded")}),
    )
    video_quality = forms.ChoiceField(
        label=_("Video quality level"), required=False, choices=VideoQuality, error_messages=CHOOSE
    )
    client_video_quality = forms.ChoiceField(
        label=_("Quality of video from client"), required=False, choices=ClientVideoQuality, error_messages=CHOOSE
    )
    participants_limit = WholeNumberField(
        2, 100_000, _("Enter a number, 2 or more"), label=_("Most people at once"), required=False
    )
    participants_limit.widget.attrs |= {"data-filled": _("up to {} people"), "data-empty": _("no limit")}
    agenda = TextFormField(
        label=_("Agenda or description"),
        required=False,
        max_length=5000,
        help_text=_("Shown in the invitation and on the invitation page. Plain text."),
        widget=forms.Textarea(attrs={"rows": 5, "dir": "auto", "data-empty": _("None")}),
        error_messages={"max_length": _("Agenda must be 5000 characters or shorter")},
    )

    # What a POST may leave out: the box was emptied, or the sender knows no such field.
    MAY_BE_LEFT_OUT: ClassVar = (
        "number",
        "opens_before",
        "room_backend",
        "mode",
        "video_quality",
        "client_video_quality",
    )

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, user: Any, now: datetime, conference: Conference | None = None
    ) -> None:
        super().__init__(data)
        self.user, self.now, self.conference = user, now, conference
        self.notices: list[str] = []
        self.zones_used_lately = Conference.objects.managed_by(user).zones_used_lately()
        self.initial = values_of(conference) if conference else first_values(user, now)
        self._offer_zones()
        self._offer_rooms()

    def _offer_zones(self) -> None:
        """Zones with the offsets of the day of the conference, as far as it is known already."""
        day = self.initial["date"]
        cast(ZoneField, self.fields["time_zone"]).offer(
            datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
            mine=zone_of(self.user),
            lately=self.zones_used_lately,
            chosen=str(self["time_zone"].value() or ""),
        )

    def _offer_rooms(self) -> None:
        """A choice where there is one, and beside each setting the rooms that do not take it over."""
        rooms = all_rooms()
        self.initial["room_backend"] = room_called(self.initial["room_backend"]).name
        cast(forms.ChoiceField, self.fields["room_backend"]).choices = [(room.name, room.label) for room in rooms]
        if len(rooms) == 1:
            del self.fields["room_backend"]
        for name in SAYS_BESIDE:
            field = self.fields[name]
            field.help_text = " ".join(filter(None, [str(field.help_text), what_rooms_lack(name)]))

    # CLEANING

    def clean_date(self) -> Day:
        day: Day = self.cleaned_data["date"]
        today = self.now.date()
        if today - day > SURELY_OVER:
            raise ValidationError(OVER)
        if not in_five_years(day, today):
            raise ValidationError(_("Choose a date within the next five years"))
        return day

    def clean_number(self) -> str:
        number: str = self.cleaned_data["number"]
        others = Conference.objects.exclude(pk=self.conference.pk) if self.conference else Conference.objects.all()
        if number and others.numbered(number).exists():
            raise ValidationError(TAKEN)
        return number

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in set(self.MAY_BE_LEFT_OUT) & cleaned.keys():
            if cleaned[name] in (None, ""):
                field = self.fields[name]
                cleaned[name] = field.clean(field.prepare_value(self.initial[name]))
        if cleaned.get("duration") != OTHER:
            self.errors.pop("minutes", None)  # nobody sees that box
        starts_at = self._instant("start")
        length = self._length(starts_at)
        if starts_at and length:
            cleaned["length"] = length
            self._look_at_the_clock(starts_at, length)
        return cleaned

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
        if starts_at + length <= self.now:
            self.add_error("date", OVER)
        elif starts_at < self.now.replace(second=0, microsecond=0) and self._is_new_start(starts_at):
            self.notices.append(gettext("This starts in the past"))

    def _is_new_start(self, starts_at: datetime) -> bool:
        return self.conference is None or self.conference.starts_at != starts_at

    # WHAT COMES OUT

    def conference_fields(self) -> dict[str, Any]:
        """The cleaned values as `Conference` fields."""
        cleaned = self.cleaned_data
        return {
            "topic": cleaned["topic"],
            "agenda": cleaned["agenda"],
            "start_date": cleaned["date"],
            "start_time": cleaned["start"],
            "time_zone": cleaned["time_zone"],
            "duration": cleaned["length"],
            "number": cleaned["number"],
            "password": cleaned["password"],
            **{name: cleaned[name] for name in SETTINGS if name in cleaned},
        }

    def schedule(self, submission_id: UUID, digest: str) -> Conference | None:
        """Schedule what the form says; None where it has errors. Raises models.SubmittedBefore.

        A press that arrives twice answers twice with the same conference: the second time the form has errors, because
        the ID is taken by then, and perhaps the date has passed.
        """
        if not self.is_valid():
            return Conference.objects.submitted(self.user, submission_id, digest)
        try:
            return Conference.objects.schedule(
                self.user,
                now=self.now,
                submission_id=submission_id,
                submission_digest=digest,
                **self.conference_fields(),
            )
        except NumberTaken:
            self.add_error("number", TAKEN)
            return None

    def save_as_template(self) -> bool:
        """Let new conferences of this person start with these settings; False if one of them has an error.

        Only the settings are looked at: topic and date need not be there yet.
        """
        self.full_clean()
        for name in self.errors.keys() - {*SETTINGS, "duration", "minutes"}:
            del self.errors[name]
        length = self._chosen_length()
        if self.errors or length is None:
            return False
        remembered = {name: self.cleaned_data[name] for name in SETTINGS if name in self.cleaned_data}
        self.user.defaults |= remembered | {
            "opens_before": times.minutes_of(remembered["opens_before"]),
            "duration": times.minutes_of(length),
            "password": bool(self.cleaned_data.get("password")),
        }
        self.user.save(update_fields=["defaults"])
        return True

    @classmethod
    def ad_hoc(cls, user: Any, now: datetime) -> Self:
        """The form as it would be sent untouched, for a conference that starts at this minute."""
        untouched = cls(user=user, now=now)
        values = {name: untouched[name].value() for name in untouched.fields}
        sent = {name: value for name, value in values.items() if value not in (None, False)}
        return cls(right_now(sent, user, now), user=user, now=now)

    def renewed(self, earlier: Conference) -> Self:
        """The form ready to schedule one more conference, saying that it has scheduled `earlier` already."""
        form = self.with_(submission_id=str(uuid4()), number=Conference.objects.free_number())
        words = gettext("You have already scheduled “%(topic)s” with this form. Send it again to schedule one more.")
        form.add_error(None, words % {"topic": earlier.topic})
        return form

    def with_(self, **values: str) -> Self:
        """The form as it was sent, some values replaced, without errors yet."""
        data = {**self.data.dict(), **values} if isinstance(self.data, QueryDict) else {**self.data, **values}
        form = type(self)(data, user=self.user, now=self.now, conference=self.conference)
        form.errors.clear()
        return form


class CityForm(forms.Form):
    """Somewhere else in the world."""

    city = CityField(label=_("City or time zone"))
