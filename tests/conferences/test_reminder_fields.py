"""Reminders and the language of invitation: how they are asked for, kept, copied, shown, and that nobody is told."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cabinet.models import User
from conferences import reminders
from conferences.defaults import copied_values, settings_in_words
from conferences.edit_forms import EditForm
from conferences.forms import ConferenceForm
from conferences.models import Change, Conference, Template
from conferences.reminder_fields import OUT_OF_REACH, TOO_MANY
from tests.conferences.test_edit_views import filled
from tests.conferences.test_forms import NOW, errors_of, fields_of, form_of
from tests.conferences.test_views import text_of
from tests.factories import make_conference, make_invitation

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ({}, []),
        ({"reminders": ["15", "1440", "15"]}, [1440, 15]),
        ({"reminders": ["15"], "other_reminder": "2", "other_unit": "1440"}, [2880, 15]),
        ({"reminders": ["60"], "other_reminder": "60", "other_unit": "1"}, [60]),
        ({"reminders": ["5", "40320", "30", "45"]}, [40320, 45, 30, 5]),
    ],
)
def test_up_to_four_reminders_come_out_as_minutes_longest_first(
    alice: User, sent: dict[str, Any], found: list[int]
) -> None:
    assert fields_of(alice, **sent)["reminders"] == found


@pytest.mark.parametrize(
    ("sent", "errors"),
    [
        ({"reminders": ["4"]}, {"reminders": ["Choose one of the options"]}),
        ({"reminders": ["40321"]}, {"reminders": ["Choose one of the options"]}),
        ({"reminders": ["soon"]}, {"reminders": ["Choose one of the options"]}),
        ({"reminders": ["5", "6", "7", "8", "9"]}, {"reminders": [str(TOO_MANY)]}),
        ({"reminders": ["5", "6", "7", "8"], "other_reminder": "9"}, {"other_reminder": [str(TOO_MANY)]}),
        ({"other_reminder": "4", "other_unit": "1"}, {"other_reminder": [str(OUT_OF_REACH)]}),
        ({"other_reminder": "29", "other_unit": "1440"}, {"other_reminder": [str(OUT_OF_REACH)]}),
        ({"other_reminder": "x"}, {"other_reminder": [str(OUT_OF_REACH)]}),
        ({"language": "tlh"}, {"language": ["Choose one of the options"]}),
    ],
)
def test_what_is_refused(alice: User, sent: dict[str, Any], errors: dict[str, list[str]]) -> None:
    assert errors_of(form_of(alice, **sent)) == errors


def test_a_new_conference_reminds_a_day_and_a_quarter_of_an_hour_before_in_the_organizers_language(
    alice: User,
) -> None:
    form = ConferenceForm(user=alice, now=NOW)
    assert (form["reminders"].value(), form["language"].value()) == ([1440, 15], "")
    assert form["reminders"].words() == "1 day before, 15 minutes before"  # type: ignore[attr-defined]


def test_a_permanent_conference_has_no_reminders(alice: User) -> None:
    assert fields_of(alice, permanent="on", reminders=["15"])["reminders"] == []


def test_a_reminder_of_another_length_stays_as_a_box(alice: User) -> None:
    conference = make_conference(alice, reminders=[2880, 45])
    labels = [
        option.choice_label for option in EditForm(user=alice, now=timezone.now(), conference=conference)["reminders"]
    ]
    assert labels == [
        "1 week before",
        "2 days before",
        "1 day before",
        "1 hour before",
        "45 minutes before",
        "15 minutes before",
    ]


def test_they_are_remembered_and_copied(alice: User) -> None:
    form = form_of(alice, reminders=["30"], language="de", template_name="Sales")
    assert form.save_as_template()
    template = Template.objects.get()
    assert (template.values["reminders"], template.values["language"]) == ([30], "de")
    assert "reminders 30 minutes before · invitations in Deutsch" in settings_in_words(template.values)
    copied = copied_values(make_conference(alice, reminders=[60], language="ru"), alice, NOW)
    assert (copied["reminders"], copied["language"]) == ([60], "ru")


def test_start_now_keeps_all_that_were_ticked(as_alice: Client) -> None:
    sent = {"topic": "Now", "duration": "60", "time_zone": "UTC", "reminders": ["15", "10"], "now": "1"}
    as_alice.post("/conferences/new/", sent)
    assert Conference.objects.get().reminders == [15, 10]


@pytest.mark.parametrize("changed", [{"reminders": ["60"]}, {"language": "de"}])
def test_changing_them_alone_tells_nobody_and_stands_in_the_history(
    as_alice: Client, alice: User, changed: dict[str, Any]
) -> None:
    conference = make_conference(alice, reminders=[1440, 15])
    make_invitation(conference)
    form = EditForm(user=alice, now=timezone.now(), conference=conference)
    page = as_alice.post(f"/conferences/{conference.pk}/edit/", filled(form, **changed), follow=True)
    assert "Changes saved. Nobody is told." in text_of(page)
    change = Change.objects.get(conference=conference, kind=Change.Kind.CHANGED)
    assert (change.tell, change.sequence, change.announced_at is not None) == (Change.Tell.NOBODY, 1, True)
    said = {"reminders": "1 day and 15 minutes before now 1 hour before", "language": "the organizer’s now Deutsch"}
    assert said[next(iter(changed))] in text_of(page)


def test_with_something_else_everybody_is_told(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice)
    make_invitation(conference)
    form = EditForm(user=alice, now=timezone.now(), conference=conference)
    sent = filled(form, reminders=["60"], topic="Another")
    assert "Who will be told" in text_of(as_alice.post(f"/conferences/{conference.pk}/edit/", sent))
    as_alice.post(f"/conferences/{conference.pk}/edit/", sent | {"tell": "all"})
    assert Change.objects.get(conference=conference, sequence=1).tell == Change.Tell.ALL


def test_new_reminders_of_a_conference_count_from_now_on(alice: User) -> None:
    conference = make_conference(alice)
    row = conference.occurrences.get()
    assert row.remind_at is None
    conference.change(alice, {"reminders": [60]}, seen_sequence=0, tell=Change.Tell.ALL, now=timezone.now())
    row.refresh_from_db()
    assert row.remind_at == row.starts_at - (row.ends_at - row.starts_at)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        ([], "none"),
        ([15], "15 minutes before"),
        ([1440, 15], "1 day and 15 minutes before"),
        ([20160, 2880, 90, 60], "2 weeks, 2 days, 90 minutes and 1 hour before"),
    ],
)
def test_reminders_in_words(minutes: list[int], words: str) -> None:
    assert reminders.in_words(minutes) == words


def test_what_is_due_and_what_comes_next() -> None:
    start = datetime(2026, 12, 3, 14, tzinfo=UTC)
    at = start.replace
    assert reminders.next_moment(start, [60, 15], at(hour=12)) == at(hour=13)
    assert reminders.next_moment(start, [60, 15], at(hour=13, minute=1)) == at(hour=13, minute=45)
    assert reminders.next_moment(start, [60, 15], at(hour=13, minute=46)) is None
    assert [reminders.due(start, [60, 15], now) for now in (at(hour=12), at(hour=13), at(hour=13, minute=50))] == [
        None,
        60,
        15,
    ]
