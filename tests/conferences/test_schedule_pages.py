"""The pages that schedule: series and their next dates, standing rooms, in another's name, templates, repeating."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client

from cabinet.models import User
from conferences.deputies import CoOrganizer, Deputy
from conferences.models import Change, Conference, Occurrence, Template
from tests.conferences.test_forms import sent
from tests.conferences.test_views import NEW, press, presses_at_once, text_of
from tests.factories import make_conference, make_user

NOW = datetime(2026, 11, 24, 12, 10, tzinfo=UTC)  # a Tuesday, 13:10 in Berlin
DATES = "/conferences/new/dates/"
WEEKLY: dict[str, Any] = {"repeat": "weekly", "weekdays": ["TH"], "interval": "1", "ends": "count", "count": "6"}


@pytest.fixture(autouse=True)
def _clock() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def dana(alice: User) -> User:
    """Somebody who has named Alice as deputy."""
    dana = make_user("dana@example.org", name="Dana Dee", time_zone="America/New_York")
    Deputy.objects.create(principal=dana, deputy=alice)
    return dana


def only_template(owner: User) -> Template:
    return Template.objects.get(owner=owner)


# SERIES


def test_a_series_is_scheduled_with_its_dates(as_alice: Client) -> None:
    as_alice.post(NEW, press(**WEEKLY))
    conference = Conference.objects.get()
    assert conference.rule == "FREQ=WEEKLY;BYDAY=TH;COUNT=6"
    days = [occurrence.start_date for occurrence in conference.occurrences.order_by("starts_at")]
    assert days == [date(2026, 12, 3) + timedelta(weeks=n) for n in range(6)]


def test_what_was_moved_or_touched_by_the_clock_is_said_after_scheduling(as_alice: Client) -> None:
    page = text_of(as_alice.post(NEW, press(**WEEKLY | {"weekdays": ["FR"]}), follow=True))
    assert "The first conference is on Friday 4 December 2026: Thursday 3 December 2026 is no day" in page
    night = {"date": "2027-03-27", "start": "02:30", "repeat": "daily", "count": "5", "number": "555-555-555"}
    page = text_of(as_alice.post(NEW, press(**night), follow=True))
    assert "02:30 does not exist in Berlin on 28 March 2027. The conference starts at 03:30 then." in page


@pytest.mark.parametrize("changed", [{}, {"topic": "", "password": "abc", "number": "x"}])
def test_the_dates_are_shown_without_script_and_nothing_is_lost(as_alice: Client, changed: dict[str, Any]) -> None:
    answer = as_alice.post(NEW, press(**WEEKLY | changed, agenda="1. Figures", dates="1"))
    page = text_of(answer)
    assert "Every week on Thursday, 6 times Always at 14:00 on the clocks of Berlin, also when they change." in page
    for n in range(5):
        assert f"{date(2026, 12, 3) + timedelta(weeks=n):%A %-d %B %Y}, 14:00" in page
    assert "and so on; the last one is on Thursday 7 January 2027, 14:00" in page
    form = answer.context["form"]
    assert form.errors == {}
    assert (form["agenda"].value(), form["weekdays"].value(), form["count"].value()) == ("1. Figures", ["TH"], "6")
    assert form["topic"].value() == changed.get("topic", "Autumn budget review")
    assert not Conference.objects.exists()


def test_what_is_wrong_with_the_rule_is_said_instead_of_dates(as_alice: Client) -> None:
    answer = as_alice.post(NEW, press(repeat="weekly", topic="", dates="1"))
    assert dict(answer.context["form"].errors) == {"weekdays": ["Choose at least one day"]}
    assert "Next dates" not in answer.content.decode()


def test_the_script_gets_the_dates_alone(as_alice: Client) -> None:
    answer = as_alice.post(DATES, sent(**WEEKLY, topic=""))
    assert "<html" not in answer.content.decode()
    assert text_of(answer).startswith("Every week on Thursday, 6 times")
    assert answer.content.count(b"<li>") == 6
    wrong = as_alice.post(DATES, sent(repeat="weekly", topic=""))
    assert text_of(wrong) == "Choose at least one day"
    assert text_of(as_alice.post(DATES, sent(repeat="never"))) == ""


@pytest.mark.parametrize(
    ("scope", "first"), [("all", "Thursday 26 November 2026"), ("following", "Thursday 3 December")]
)
def test_of_a_series_that_has_begun_the_dates_to_come_are_shown(
    as_alice: Client, alice: User, scope: str, first: str
) -> None:
    with time_machine.travel(NOW - timedelta(days=21)):
        series = make_conference(alice, start=datetime(2026, 11, 5, 10), rule="FREQ=WEEKLY")
    address = f"/conferences/{series.pk}/edit/?date=2026-12-03&scope={scope}"
    page = as_alice.get(address)
    form, their_dates = page.context["form"], address.replace("edit", "dates")
    assert f'data-dates="{their_dates.replace("&", "&amp;")}"' in page.content.decode()
    values = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    for answer in (as_alice.post(their_dates, values), as_alice.post(address, values | {"dates": "1"})):
        assert f"also when they change. {first}" in text_of(answer)
    assert as_alice.post(their_dates.replace("12-03", "12-04"), values).status_code == 404


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "\x00", "9" * 9999])
def test_dates_of_nonsense_are_a_sentence(as_alice: Client, text: str) -> None:
    answer = as_alice.post(DATES, dict.fromkeys(("date", "start", "time_zone", "repeat", "interval", "count"), text))
    assert answer.status_code == 200
    assert "<script" not in answer.content.decode()


def test_looking_at_dates_asks_the_database_nothing_about_conferences(
    as_alice: Client, django_assert_max_num_queries: Any
) -> None:
    as_alice.post(DATES, sent(**WEEKLY))
    with django_assert_max_num_queries(3):  # session and person
        as_alice.post(DATES, sent(**WEEKLY))


def test_start_now_takes_no_rule_and_no_permanence(as_alice: Client) -> None:
    as_alice.post(NEW, press(**WEEKLY, permanent="on", now="1"))
    conference = Conference.objects.get()
    assert (conference.rule, conference.permanent, conference.starts_at) == ("", False, NOW)


# PERMANENT


def test_a_permanent_conference_has_no_date(as_alice: Client) -> None:
    answer = as_alice.post(NEW, press(permanent="on", date="", start="nonsense", **WEEKLY))
    conference = Conference.objects.get()
    assert answer.status_code == 302
    assert (conference.permanent, conference.rule, conference.over_at) == (True, "", None)
    assert not Occurrence.objects.exists()


def test_the_edit_form_of_a_permanent_conference_asks_for_no_date(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice, permanent=True)
    page = as_alice.get(f"/conferences/{conference.pk}/edit/").content.decode()
    for name in ("date", "start", "time_zone", "duration", "repeat", "permanent"):
        assert f'name="{name}"' not in page
    assert 'name="waiting_room"' in page


# ACCESS


def test_who_may_join_and_the_waiting_room(as_alice: Client) -> None:
    as_alice.post(NEW, press(waiting_room="on", invited_only="on"))
    conference = Conference.objects.get()
    assert (conference.waiting_room, conference.invited_only) == (True, True)
    page = as_alice.get(f"/conferences/{conference.pk}/edit/").content.decode()
    assert re.search(r'name="invited_only" value="on"[^>]* checked', page)
    assert "Invited people only, waiting room, no password" in page


# IN ANOTHER'S NAME


def test_a_deputy_schedules_in_the_name_of_another(as_alice: Client, alice: User, dana: User) -> None:
    form = as_alice.get(NEW).context["form"]
    assert form.fields["organizer"].choices == [("", "Me (Alice Adams)"), (str(dana.pk), "Dana Dee")]
    assert form.initial["time_zone"] == "Europe/Berlin"  # of the one who presses
    answer = as_alice.post(NEW, press(organizer=str(dana.pk)))
    conference = Conference.objects.get()
    assert (conference.organizer, Change.objects.get().by) == (dana, alice)
    assert as_alice.get(answer["Location"]).status_code == 200


def test_a_deputys_press_counts_once_also_with_another_organizer(as_alice: Client, dana: User) -> None:
    data = press(organizer=str(dana.pk))
    first, again = (as_alice.post(NEW, data) for _ in range(2))
    assert first["Location"] == again["Location"]
    other = as_alice.post(NEW, data | {"organizer": "", "number": "999-999-999"})
    assert other.status_code == 409
    assert "You have already scheduled “Autumn budget review” with this form." in text_of(other)
    assert Conference.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_presses_of_a_deputy_at_once_schedule_once() -> None:
    alice, dana = make_user("alice@example.org"), make_user("dana@example.org")
    Deputy.objects.create(principal=dana, deputy=alice)
    data = press(organizer=str(dana.pk))

    assert len(set(presses_at_once(alice, data, 20))) == 1
    assert Conference.objects.get().organizer == dana


@pytest.mark.parametrize("is_deputy", [True, False])
def test_nobody_schedules_for_those_who_did_not_ask(
    as_alice: Client, charlie: User, dana: User, is_deputy: bool
) -> None:
    if not is_deputy:
        Deputy.objects.all().delete()
    answer = as_alice.post(NEW, press(organizer=str(charlie.pk)))
    refused = "You may not schedule for this person. Choose one of the options"
    assert answer.context["form"].errors == {"organizer": [refused]}
    assert not Conference.objects.exists()


@pytest.mark.parametrize("button", [{}, {"now": "1"}])
def test_a_deputy_whose_right_ended_meanwhile_does_not_schedule_in_their_own_name(
    as_alice: Client, alice: User, dana: User, button: dict[str, str]
) -> None:
    as_alice.get(NEW)
    Deputy.objects.all().delete()
    answer = as_alice.post(NEW, press(organizer=str(dana.pk), **button))
    assert not Conference.objects.exists()
    page = answer.content.decode()
    assert "You may not schedule for this person." in page
    assert open_lines(page) == ["Organizer"]
    as_alice.post(NEW, press(organizer=""))
    assert Conference.objects.get().organizer == alice


def test_nobody_schedules_for_an_account_that_is_closed(as_alice: Client, dana: User) -> None:
    User.objects.filter(pk=dana.pk).update(is_active=False)
    assert "organizer" not in as_alice.get(NEW).context["form"].fields
    as_alice.post(NEW, press(organizer=str(dana.pk)))
    assert not Conference.objects.exists()


# TEMPLATES


def test_settings_are_kept_under_a_name_and_filled_in_by_the_address(as_alice: Client, alice: User) -> None:
    settings = {"waiting_room": "on", "invited_only": "on", "record": "on", "opens_before": "5", "duration": "90"}
    answer = as_alice.post(
        NEW, press(**settings, password="harbour42", template_name=" Board ", template="1", topic="")
    )
    assert "Saved as “Board”. Choose it when you schedule a conference." in text_of(answer)
    template = only_template(alice)
    assert (template.name, template.is_default) == ("Board", False)
    assert as_alice.get(NEW).context["form"].initial["waiting_room"] is False
    initial = as_alice.get(f"{NEW}?template={template.pk}").context["form"].initial
    assert (initial["waiting_room"], initial["invited_only"], initial["record"]) == (True, True, True)
    assert (initial["opens_before"], initial["duration"], len(initial["password"])) == (5, "90", 10)


def test_settings_under_the_same_name_are_replaced_and_without_one_are_the_default(
    as_alice: Client, alice: User
) -> None:
    for limit, name in (("5", "Board"), ("6", "Board"), ("7", ""), ("8", "")):
        as_alice.post(NEW, press(participants_limit=limit, template_name=name, template="1"))
    kept = Template.objects.filter(owner=alice).values_list("name", "values__participants_limit", "is_default")
    assert list(kept) == [("Board", 6, False), ("My defaults", 8, True)]
    assert as_alice.get(NEW).context["form"].initial["participants_limit"] == 8


def test_templates_without_a_name_update_the_default_whatever_it_is_called(as_alice: Client, alice: User) -> None:
    board = Template.objects.remember(alice, "Board", {"record": True})
    Template.objects.start_with(alice, board.pk)
    as_alice.post(NEW, press(record="", template="1"))
    assert (only_template(alice).name, only_template(alice).values["record"]) == ("Board", False)


def test_a_template_with_a_wrong_name_is_not_kept(as_alice: Client) -> None:
    answer = as_alice.post(NEW, press(template_name="x" * 81, template="1"))
    assert answer.context["form"].errors == {"template_name": ["Name must be 80 characters or shorter"]}
    assert not Template.objects.exists()


def test_what_an_emptied_field_falls_back_to_is_of_the_chosen_template(as_alice: Client, alice: User) -> None:
    template = Template.objects.remember(alice, "Board", {"opens_before": 42})
    as_alice.post(f"{NEW}?template={template.pk}", press(opens_before=""))
    assert Conference.objects.get().opens_before == timedelta(minutes=42)


@pytest.mark.parametrize("query", ["template={}", "repeat={}"])
@pytest.mark.parametrize("number", ["0", "x", "-1", "", "9" * 40, "9" * 5000, "²", "{theirs}"])
def test_what_is_not_ones_own_is_not_filled_in(as_alice: Client, charlie: User, query: str, number: str) -> None:
    theirs = Template.objects.remember(charlie, "Theirs", {}), make_conference(charlie)
    pk = theirs["repeat" in query].pk
    url = f"{NEW}?{query.format(number.format(theirs=pk))}"
    assert as_alice.get(url).status_code == 404
    assert as_alice.post(url, press()).status_code == 404


def test_a_template_is_renamed_made_default_and_deleted(as_alice: Client, alice: User) -> None:
    board, lesson = (Template.objects.remember(alice, name, {}) for name in ("Board", "Lesson"))
    Template.objects.start_with(alice, lesson.pk)
    as_alice.post(f"/conferences/templates/{board.pk}/", {"name": "Board meeting", "is_default": "on"})
    assert list(Template.objects.values_list("name", "is_default")) == [("Board meeting", True), ("Lesson", False)]
    answer = as_alice.post(f"/conferences/templates/{board.pk}/", {"name": "Lesson"})
    assert answer.context["form"].errors == {"name": ["You have a template with this name. Choose another one."]}
    assert as_alice.post(f"/conferences/templates/{board.pk}/", {"name": " "}).context["form"].errors["name"] == [
        "Enter a name"
    ]
    as_alice.post(f"/conferences/templates/{board.pk}/", {"name": "Board meeting"})
    assert not Template.objects.filter(is_default=True).exists()
    url = f"/conferences/templates/{board.pk}/deletion/"
    assert "Delete this template?" in text_of(as_alice.get(url))
    as_alice.post(url)
    assert only_template(alice) == lesson


def test_everybody_has_a_default_of_their_own(alice: User, charlie: User) -> None:
    hers, his = (Template.objects.remember(person, "", {}) for person in (alice, charlie))
    Template.objects.start_with(alice, his.pk)
    assert list(Template.objects.filter(is_default=True)) == [his]
    Template.objects.start_with(alice, hers.pk)
    assert {Template.objects.default_of(person) for person in (alice, charlie)} == {hers, his}


def test_two_windows_that_give_one_name_at_once_get_an_error_at_the_field(
    as_alice: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, _lesson = (Template.objects.remember(alice, name, {}) for name in ("Board", "Lesson"))
    monkeypatch.setattr("conferences.template_forms.TemplateForm.clean_name", lambda form: form.cleaned_data["name"])
    answer = as_alice.post(f"/conferences/templates/{board.pk}/", {"name": "Lesson"})
    assert answer.context["form"].errors == {"name": ["You have a template with this name. Choose another one."]}


def test_the_page_of_templates_says_what_each_fills_in(as_alice: Client, alice: User) -> None:
    assert "No templates yet" in text_of(as_alice.get("/conferences/templates/"))
    Template.objects.remember(alice, "", {"duration": 90, "password": True, "waiting_room": True, "record": False})
    page = text_of(as_alice.get("/conferences/templates/"))
    assert "My defaults New conferences start with it 90 minutes · Password · Waiting room" in page
    Template.objects.remember(alice, "", {"mode": "webinar", "participants_limit": 25, "record": True})
    assert "60 minutes · Webinar · up to 25 people · Record" in text_of(as_alice.get("/conferences/templates/"))


def test_the_form_offers_templates_where_there_are_several(as_alice: Client, alice: User) -> None:
    Template.objects.remember(alice, "", {})
    assert "Start from a template" not in text_of(as_alice.get(NEW))
    Template.objects.remember(alice, "Board", {})
    assert "Start from a template" in text_of(as_alice.get(NEW))


def test_the_form_offers_the_only_template_that_it_does_not_start_with(as_alice: Client, alice: User) -> None:
    Template.objects.remember(alice, "Board", {})
    assert "Start from a template" in text_of(as_alice.get(NEW))


def test_settings_are_kept_from_a_conference_that_is_there(as_alice: Client, alice: User) -> None:
    conference = make_conference(
        alice, topic="Board", waiting_room=True, password="harbour42", duration=timedelta(minutes=50), record=True
    )
    url = f"/conferences/{conference.pk}/template/"
    assert f'href="{url}"' in as_alice.get(conference.get_absolute_url()).content.decode()
    assert as_alice.get(url).context["form"]["name"].value() == "Board"
    as_alice.post(url, {"name": "Board"})
    template = only_template(alice)
    values = {name: template.values[name] for name in ("waiting_room", "password", "duration", "record")}
    assert values == {"waiting_room": True, "password": True, "duration": 50, "record": True}
    assert "harbour42" not in str(template.values)
    as_alice.post(url, {"name": ""})
    assert Template.objects.get(is_default=True).values["duration"] == 50


def test_the_profile_says_what_new_conferences_start_with(as_alice: Client, alice: User) -> None:
    assert "New conferences start with The usual settings." in text_of(as_alice.get("/profile/"))
    board = Template.objects.remember(alice, "Board", {})
    person = {"name": "Alice Adams", "time_zone": "Europe/Berlin", "language": "en"}
    as_alice.post("/profile/", person | {"template": str(board.pk)})
    assert only_template(alice).is_default
    as_alice.post("/profile/", person)  # of a page that knows no templates
    assert only_template(alice).is_default
    as_alice.post("/profile/", person | {"template": ""})
    assert not only_template(alice).is_default


def test_the_profile_takes_nobody_elses_template(as_alice: Client, alice: User, charlie: User) -> None:
    Template.objects.remember(alice, "Board", {})
    theirs = Template.objects.remember(charlie, "Theirs", {})
    answer = as_alice.post("/profile/", {"name": "A", "time_zone": "UTC", "language": "en", "template": str(theirs.pk)})
    assert answer.context["form"].errors == {"template": ["Choose one of the options"]}


# REPEAT


def values(client: Client, conference: Conference) -> dict[str, Any]:
    answer = client.get(f"{NEW}?repeat={conference.pk}")
    assert f"Copied from {conference.topic} . It gets its own link and password." in text_of(answer)
    initial: dict[str, Any] = answer.context["form"].initial
    return initial


def test_repeating_fills_in_everything_but_number_password_and_date(as_alice: Client, alice: User) -> None:
    past = make_conference(
        alice, start=datetime(2026, 11, 3, 9), password="harbour42", agenda="1. Figures", record=True,
        duration=timedelta(minutes=50), time_zone="Asia/Tokyo", waiting_room=True,
    )  # fmt: skip
    initial = values(as_alice, past)
    assert (initial["topic"], initial["agenda"], initial["record"], initial["waiting_room"]) == (
        "Quarterly planning", "1. Figures", True, True,
    )  # fmt: skip
    assert (initial["duration"], initial["minutes"], initial["time_zone"]) == ("other", 50, "Asia/Tokyo")
    assert (initial["date"], initial["start"]) == (date(2026, 11, 25), time(9))  # 21:10 there: tomorrow
    assert initial["number"] != past.number
    assert len(initial["password"]) == 10
    assert initial["password"] != "harbour42"


@pytest.mark.parametrize(
    ("start", "day"),
    [
        (datetime(2026, 11, 3, 9), date(2026, 11, 25)),
        (datetime(2026, 11, 3, 18), date(2026, 11, 24)),
        (datetime(2026, 12, 24, 9), date(2026, 12, 24)),
    ],
)
def test_repeating_takes_the_same_clock_time_on_the_next_day_to_come(
    as_alice: Client, alice: User, start: datetime, day: date
) -> None:
    initial = values(as_alice, make_conference(alice, start=start))
    assert (initial["date"], initial["start"], initial["password"]) == (day, start.time(), "")


def test_repeating_in_a_night_without_that_hour_takes_the_next_one(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice, start=datetime(2026, 11, 3, 2, 30))
    with time_machine.travel(datetime(2027, 3, 27, 12, tzinfo=UTC)):
        as_alice.force_login(alice)
        assert values(as_alice, conference)["date"] == date(2027, 3, 29)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;COUNT=3", {"date": date(2026, 12, 1), "ends": "count", "count": 3}),
        ("FREQ=WEEKLY;BYDAY=TU;UNTIL=20261117", {"date": date(2026, 12, 1), "ends": "count", "count": 3}),
        ("FREQ=MONTHLY", {"date": date(2026, 12, 3), "repeat": "monthly", "ends": "never"}),
        ("FREQ=MONTHLY;BYDAY=1TU", {"date": date(2026, 12, 1), "monthly": "weekday"}),
    ],
)
def test_repeating_a_series_keeps_its_rule_and_its_days(
    as_alice: Client, alice: User, rule: str, expected: dict[str, Any]
) -> None:
    initial = values(as_alice, make_conference(alice, start=datetime(2026, 11, 3, 9), rule=rule))
    assert {name: initial[name] for name in expected} == expected


def test_a_repeated_series_is_scheduled_as_it_is_filled_in(as_alice: Client, alice: User) -> None:
    rule = "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;UNTIL=20261117"
    first = make_conference(alice, start=datetime(2026, 11, 3, 9), rule=rule, password="harbour42")
    url = f"{NEW}?repeat={first.pk}"
    form = as_alice.get(url).context["form"]
    filled = {name: form[name].value() for name in form.fields}
    as_alice.post(url, {name: value for name, value in filled.items() if value not in (None, False)})
    copy = Conference.objects.exclude(pk=first.pk).get()
    assert (copy.rule, copy.start_date) == ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;COUNT=2", date(2026, 12, 1))
    for name in ("uid", "join_token", "number", "password", "room_name"):
        assert getattr(copy, name) != getattr(first, name)
    assert (copy.topic, copy.follows) == (first.topic, None)


def test_cancelled_and_permanent_ones_are_repeated_too(as_alice: Client, alice: User) -> None:
    cancelled = make_conference(alice)
    cancelled.cancel(alice, NOW, tell=Change.Tell.NOBODY)
    assert values(as_alice, cancelled)["topic"] == "Quarterly planning"
    initial = values(as_alice, make_conference(alice, permanent=True, topic="Open room"))
    assert (initial["permanent"], initial["start"]) == (True, time(13, 30))


def test_deputies_and_co_organizers_repeat(as_alice: Client, alice: User, charlie: User, dana: User) -> None:
    assert values(as_alice, make_conference(dana))["organizer"] == str(dana.pk)
    shared = make_conference(charlie)
    CoOrganizer.objects.create(conference=shared, user=alice)
    form = as_alice.get(f"{NEW}?repeat={shared.pk}").context["form"]
    data = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    as_alice.post(NEW, data | {"organizer": "", "submission_id": str(uuid4())})
    assert Conference.objects.exclude(pk=shared.pk).get(topic=shared.topic, organizer=alice)


# WORK


@pytest.mark.parametrize("query", ["", "?template={template}", "?repeat={conference}"])
def test_the_form_asks_the_database_equally_often(
    as_alice: Client, alice: User, dana: User, query: str,
    django_assert_max_num_queries: Any, django_assert_num_queries: Any,
) -> None:  # fmt: skip
    conference, template = make_conference(alice, rule="FREQ=DAILY"), Template.objects.remember(alice, "", {})
    url = NEW + query.format(template=template.pk, conference=conference.pk)
    as_alice.get(url)
    with django_assert_max_num_queries(9) as seen:
        as_alice.get(url)
    for n in range(3):
        Template.objects.remember(alice, f"Template {n}", {})
        make_conference(alice, time_zone=("Asia/Tokyo", "America/New_York", "UTC")[n])
        Deputy.objects.create(principal=make_user(), deputy=alice)
    with django_assert_num_queries(len(seen)):
        as_alice.get(url)


def open_lines(page: str) -> list[str]:
    return re.findall(r"(?s)<details open>.*?<b>(.*?)</b>", page)


@pytest.mark.parametrize(("button", "line"), [({"suggest": "1"}, "Access"), ({"dates": "1"}, "Recurrence"), ({}, None)])
def test_the_line_that_holds_the_answer_is_open(as_alice: Client, button: dict[str, str], line: str | None) -> None:
    """Without script an answer in a closed line would be no answer."""
    page = as_alice.post(NEW, press(**WEEKLY, **button, topic="")).content.decode()
    assert open_lines(page) == ([line] if line else [])
