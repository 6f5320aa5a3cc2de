"""The only door for what people type about conferences. Cleaned values are domain types."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Self, cast
from uuid import UUID, uuid4

from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cabinet.text import LineFormField, TextFormField
from conferences.choices import ClientVideoQuality, Mode, VideoQuality
from conferences.conflicts import NumberTaken
from conferences.defaults import SETTINGS, first_values, right_now, values_of, zone_of
from conferences.fields import (
    AS_TYPED,
    CHOOSE,
    CityField,
    EitherField,
    MinutesField,
    NumberField,
    WholeNumberField,
    ZoneField,
)
from conferences.models import Conference
from conferences.recurrence_fields import RECURRENCE
from conferences.reminder_fields import REMINDERS, ReminderFields
from conferences.rooms import all_rooms, room_called
from conferences.rooms.shortfalls import SAYS_BESIDE, what_rooms_lack
from conferences.template import Template
from conferences.template_forms import TemplateNameField
from conferences.when_forms import WHEN, WhenForm

TAKEN = _("Another conference has this ID. Choose another one.")
# What only a new conference is asked.
ONLY_NEW = ("permanent", "organizer", "template_name")
# Field of the form -> cleaned value -> field of Conference, where they are not called alike.
COLUMNS = {"date": ("date", "start_date"), "start": ("start", "start_time"), "duration": ("length", "duration"),
           "repeat": ("rule", "rule")}  # fmt: skip


class ConferenceForm(ReminderFields, WhenForm):
    """A new conference: what, when, and all settings, filled in from the person's default template.

    `initial` says otherwise for single fields. `kept` names fields that are not asked for: they are not there, and
    `conference_fields()` leaves them out, so that they stay as they are; those of when_forms.WHEN and
    recurrence_fields.RECURRENCE count for checking with their initial value. Of an existing conference the fields
    ONLY_NEW are always kept, and of a permanent one WHEN and RECURRENCE, too. A form for the date of one occurrence:

        ConferenceForm(data, ..., initial={"date": ..., "start": ...}, kept=all_but("date", "start", "end",
                       "duration", "minutes"))

    Without `repeat` in the data the rule stays as it is.
    """

    field_order = ["submission_id", "topic", "permanent", *WHEN, *RECURRENCE, "organizer"]

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
    organizer = forms.ChoiceField(
        label=_("Organizer"),
        required=False,
        help_text=_("Invitations speak in this person’s name."),
        error_messages={"invalid_choice": _("You may not schedule for this person. Choose one of the options")},
    )

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
    waiting_room = forms.BooleanField(
        label=_("Waiting room"),
        required=False,
        help_text=_("People wait until the organizer lets them in."),
        widget=forms.CheckboxInput(attrs={"data-on": _("waiting room")}),
    )
    invited_only = EitherField(_("Anyone with the link"), _("Invited people only"), label=_("Who may join"))
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

    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("The organizer’s")), *settings.LANGUAGES],
        help_text=_("People with another language in the address book get theirs."),
        error_messages=CHOOSE,
    )

    template_name = TemplateNameField()  # type: ignore[assignment]  # hides nothing: Django takes fields out

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
        self,
        data: Mapping[str, Any] | None = None,
        *,
        user: Any,
        now: datetime,
        conference: Conference | None = None,
        initial: Mapping[str, Any] | None = None,
        kept: Collection[str] = (),
    ) -> None:
        self.user, self.conference = user, conference
        self.given = {"user": user, "now": now, "conference": conference, "initial": initial, "kept": kept}
        first = values_of(conference) if conference else first_values(user, now)
        kept = {*kept, *_kept_of(conference)} if conference else kept
        super().__init__(data, now=now, home_zone=zone_of(user), initial={**first, **(initial or {})}, kept=kept)
        self.present_rule = conference.recurrence if conference else None
        self.zones_used_lately = Conference.objects.managed_by(user).zones_used_lately()
        self.principals: dict[str, Any] = {}
        self._offer_organizers()
        self._offer_zones()
        self._offer_rooms()
        self.offer_reminders()

    def _offer_organizers(self) -> None:
        """A choice for those whom somebody named as deputy."""
        if "organizer" not in self.fields:
            return
        people = get_user_model().objects.filter(deputies__deputy=self.user.pk, is_active=True).order_by("name", "pk")
        self.principals = {str(person.pk): person for person in people}
        me = gettext("Me (%(name)s)") % {"name": self.user}
        names = [(pk, str(person)) for pk, person in self.principals.items()]
        cast(forms.ChoiceField, self.fields["organizer"]).choices = [("", me), *names]
        if not self.principals and not self.data.get("organizer"):  # else the right was taken back meanwhile
            del self.fields["organizer"]

    def _offer_zones(self) -> None:
        """Zones with the offsets of the day of the conference, as far as it is known already."""
        if "time_zone" not in self.fields:
            return
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
        for name in self.fields.keys() & SAYS_BESIDE.keys():
            field = self.fields[name]
            field.help_text = " ".join(filter(None, [str(field.help_text), what_rooms_lack(name)]))
        if "room_backend" not in self.fields:
            return
        self.initial["room_backend"] = room_called(self.initial["room_backend"]).name
        cast(forms.ChoiceField, self.fields["room_backend"]).choices = [(room.name, room.label) for room in rooms]
        if len(rooms) == 1:
            del self.fields["room_backend"]

    # CLEANING

    def clean_number(self) -> str:
        number: str = self.cleaned_data["number"]
        others = Conference.objects.exclude(pk=self.conference.pk) if self.conference else Conference.objects.all()
        if number and others.numbered(number).exists():
            raise ValidationError(TAKEN)
        return number

    def clean(self) -> dict[str, Any]:
        for name in set(self.MAY_BE_LEFT_OUT) & self.cleaned_data.keys():
            if self.cleaned_data[name] in (None, ""):
                field = self.fields[name]
                self.cleaned_data[name] = field.clean(field.prepare_value(self.initial[name]))
        return super().clean()

    def is_new_start(self, starts_at: datetime) -> bool:
        return self.conference is None or self.conference.starts_at != starts_at

    # WHAT COMES OUT

    def conference_fields(self) -> dict[str, Any]:
        """The cleaned values as `Conference` fields, of all that was asked for."""
        alike = ("topic", "agenda", "permanent", "time_zone", "number", "password", *SETTINGS)
        columns = COLUMNS | {name: (name, name) for name in alike}
        return {column: self.cleaned_data[value] for name, (value, column) in columns.items() if name in self.fields}

    def schedule(self, submission_id: UUID, digest: str) -> Conference | None:
        """Schedule what the form says; None where it has errors. Raises conflicts.SubmittedBefore.

        A press that arrives twice answers twice with the same conference: the second time the form has errors, because
        the ID is taken by then, and perhaps the date has passed.
        """
        is_valid = self.is_valid()
        known = self._submitted(submission_id, digest) if self.principals or not is_valid else None
        if known or not is_valid:
            return known
        try:
            return Conference.objects.schedule(
                self.principals.get(self.cleaned_data.get("organizer", ""), self.user),
                by=self.user,
                now=self.now,
                submission_id=submission_id,
                submission_digest=digest,
                **self.conference_fields(),
            )
        except NumberTaken:
            self.add_error("number", TAKEN)
            return None

    def _submitted(self, submission_id: UUID, digest: str) -> Conference | None:
        """What this form has scheduled before, in whose name ever."""
        people = [self.user.pk, *self.principals]
        known = Conference.objects.filter(organizer__in=people, submission_id=submission_id).first()
        return known and Conference.objects.submitted(known.organizer, submission_id, digest)

    def save_as_template(self) -> Template | None:
        """Keep these settings for new conferences; None if one of them has an error.

        Only the settings are looked at: topic and date need not be there yet.
        """
        self.forget_errors_but(*SETTINGS, *REMINDERS, "duration", "minutes", "template_name")
        length = self._chosen_length()
        if self.errors or length is None:
            return None
        values = {name: self.cleaned_data[name] for name in SETTINGS if name in self.cleaned_data}
        return Template.objects.remember(
            self.user,
            self.cleaned_data["template_name"],
            values | {"duration": length, "password": bool(self.cleaned_data.get("password"))},
        )

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
        data = self.data.copy() if isinstance(self.data, QueryDict) else {**self.data}
        for name, value in values.items():
            data[name] = value
        form = type(self)(data, **self.given | {"conference": self.conference})
        form.errors.clear()
        return form


def _kept_of(conference: Conference) -> Iterator[str]:
    """What an existing conference is not asked: it never turns from permanent to dated or back."""
    yield from ONLY_NEW
    if conference.permanent:
        yield from (*WHEN, *RECURRENCE, *REMINDERS)


def all_but(*names: str) -> set[str]:
    """All fields but `names`, to be kept."""
    return {*ConferenceForm.base_fields} - {*names, "submission_id"}


class CityForm(forms.Form):
    """Somewhere else in the world."""

    city = CityField(label=_("City or time zone"))
