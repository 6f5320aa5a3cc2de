"""A page for developers: every component in every state, at /states/ under DEBUG. The tests look at it too."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, ClassVar

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from cabinet.templatetags.piece_tags import BADGES
from cabinet.templatetags.time_tags import SKIES

START = datetime(2026, 12, 3, 13, 0, tzinfo=UTC)
ZONE = "Europe/Berlin"
NAMES = [
    ("o.smirnova@meridian.example", "Ольга Смирнова-Вознесенская"),
    ("m.tanaka@meridian.example", "田中 美咲"),
    ("m.alfarsi@gulfdata.example", "محمد الفارسي"),
    ("jean-baptiste.lefevre-de-la-tour@archives.example", "Jean-Baptiste Lefèvre de la Tour-Maubourg"),
    ("zoe.oconnor@meridian.example", "Zoë O’Connor"),
]
PEOPLE = [SimpleNamespace(address=address, name=name, count=None) for address, name in NAMES]
LIST = SimpleNamespace(address="list:finance", name="Finance team", count=12)


class SampleForm(forms.Form):
    """One field of every kind."""

    topic = forms.CharField(label="Topic", max_length=200, widget=forms.TextInput({"dir": "auto"}))
    date = forms.DateField(label="Date", widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    start = forms.TimeField(label="Start time", widget=forms.TimeInput({"type": "time"}, "%H:%M"))
    end = forms.TimeField(label="End time", widget=forms.TimeInput({"type": "time"}, "%H:%M"))
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=[("Yours", [(ZONE, "Berlin (UTC+1)")]), ("All", [("Asia/Tokyo", "Tokyo (UTC+9)"), ("UTC", "UTC")])],
    )
    duration = forms.ChoiceField(
        label="Duration",
        choices=[("15", "15 min"), ("45", "45 min"), ("60", "1 hour"), ("other", "Other")],
        widget=forms.RadioSelect,
    )
    minutes = forms.IntegerField(
        label="Minutes", required=False, widget=forms.TextInput({"class": "w-num", "inputmode": "numeric"})
    )
    password = forms.CharField(
        label="Password",
        required=False,
        min_length=6,
        help_text="Sent inside the invitation. 6 to 32 letters and digits.",
        widget=forms.TextInput({"dir": "ltr", "data-filled": "password", "data-empty": "no password"}),
    )
    mute = forms.BooleanField(
        label="Mute participants on entry",
        required=False,
        help_text="They can unmute themselves.",
        widget=forms.CheckboxInput({"data-on": "muted on entry"}),
    )
    record = forms.BooleanField(
        label="Record the conference", required=False, widget=forms.CheckboxInput({"data-on": "recorded"})
    )
    sample = forms.BooleanField(label="Add sample contacts", required=False)
    days = forms.MultipleChoiceField(
        label="On these days",
        choices=[("mo", "Mon"), ("tu", "Tue"), ("we", "Wed")],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    agenda = forms.CharField(label="Agenda or description", required=False, widget=forms.Textarea({"rows": 4}))
    fixed = forms.CharField(label="Set by your administrator", required=False, disabled=True, initial="100")


class AnswerForm(forms.Form):
    """The guest's answer."""

    ANSWERS: ClassVar = [("accepted", "Accept"), ("tentative", "Tentative"), ("declined", "Decline")]
    answer = forms.ChoiceField(label="Will you take part?", choices=ANSWERS, widget=forms.RadioSelect)


FILLED = {
    "topic": "Autumn budget review",
    "date": START.date(),
    "start": "14:00",
    "end": "14:45",
    "time_zone": ZONE,
    "duration": "45",
    "mute": True,
    "days": ["mo", "we"],
}
WRONG = {"date": "03.11.20261", "duration": "other", "password": "123", "mute": "on"}


def samples() -> dict[str, Any]:
    """What states.html shows."""
    return {
        "good": SampleForm(initial=FILLED),
        "bad": SampleForm(WRONG, auto_id="bad_%s"),
        "answer": AnswerForm(auto_id="answer_%s"),
        "badges": BADGES,
        "people": PEOPLE,
        "chosen": [*PEOPLE[:2], LIST],
        "skies": SKIES,
        "hours": [START + timedelta(hours=hours) for hours in (-6, 0, 5, 9)],
        "start": START,
        "end": START + timedelta(minutes=45),
        "zone": ZONE,
        "zones": ["America/New_York", "America/Sao_Paulo", "Europe/Kyiv", "Asia/Kolkata", "Pacific/Kiritimati"],
        "page": Paginator(range(214), 10).page(3),
    }


def states(request: HttpRequest) -> HttpResponse:
    """Everything a template needs, in one place."""
    return render(request, "states.html", samples())
