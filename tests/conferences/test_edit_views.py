"""Editing and cancelling a series: which part of it, who will be told what, and two people at once."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.forms import Form
from django.test import Client

from cabinet.models import User
from conferences.deputies import Deputy
from conferences.edit_forms import OccurrenceForm
from conferences.models import Change, Conference, Occurrence
from conferences.recurrence import first_day, parse
from tests.conferences.test_views import text_of
from tests.factories import make_conference, make_invitation

NOW = datetime(2026, 11, 24, 12, 10, tzinfo=UTC)
START = datetime(2026, 12, 7, 10)
ALL, NOBODY = Change.Tell.ALL, Change.Tell.NOBODY


@pytest.fixture(autouse=True)
def _clock() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def series(alice: User) -> Conference:
    return make_conference(alice, start=START, rule="FREQ=WEEKLY;BYDAY=MO;COUNT=4")


def filled(form: Form, **changed: Any) -> dict[str, Any]:
    """What a browser sends for a form in which only `changed` was changed."""
    sent: dict[str, Any] = {}
    for name in form.fields:
        value = form[name].value()
        if value is True:
            sent[name] = "on"
        elif isinstance(value, timedelta):
            sent[name] = str(value.seconds // 60)
        elif isinstance(value, time):
            sent[name] = f"{value:%H:%M}"
        elif value is not None and value is not False:
            sent[name] = value if isinstance(value, list | tuple) else str(value)
    sent.pop("tell", None)
    return sent | changed


def on(series: Conference, day: int) -> Occurrence:
    return series.occurrences.get(original_date=date(2026, 12, day))


def edit_url(series: Conference, day: int | None = 21, scope: str = "") -> str:
    asked = [f"date=2026-12-{day:02}"] if day else []
    return f"/conferences/{series.pk}/edit/?{'&'.join(asked + ([f'scope={scope}'] if scope else []))}"


def cancel_url(series: Conference, day: int | None = 21, scope: str = "") -> str:
    return edit_url(series, day, scope).replace("/edit/", "/cancellation/")


def dates(conference: Conference) -> list[str]:
    return [f"{row.starts_at:%m-%d %H:%M}" for row in conference.occurrences.order_by("starts_at")]


# WHICH PART


def test_a_series_asks_first_which_part_is_meant(as_alice: Client, series: Conference) -> None:
    page = text_of(as_alice.get(edit_url(series)))
    assert "What do you want to change?" in page
    assert "Only this one Date and time of Monday 21 December 2026. All other dates stay as they are." in page
    assert "This and the following 2 dates from Monday 21 December 2026 on. They go on as a conference of" in page
    assert "All All 4 dates to come, and all settings." in page


def test_without_a_date_the_next_one_is_meant(as_alice: Client, alice: User, series: Conference) -> None:
    on(series, 7).cancel(alice, NOW, tell=NOBODY)
    aim = as_alice.get(edit_url(series, None)).context["aim"]
    assert aim.occurrence == on(series, 14)


@pytest.mark.parametrize(
    ("day", "now", "offers"),
    [
        (7, NOW, ["this", "all"]),  # the first: the following are all
        (14, NOW, ["this", "following", "all"]),
        (14, datetime(2026, 12, 14, 9, 30, tzinfo=UTC), ["this", "all"]),  # goes on just now
        (28, NOW, ["this", "following", "all"]),
    ],
)
def test_what_has_begun_or_comes_first_is_not_split(
    as_alice: Client, series: Conference, day: int, now: datetime, offers: list[str]
) -> None:
    with time_machine.travel(now, tick=False):
        as_alice.force_login(series.organizer)
        assert as_alice.get(edit_url(series, day)).context["aim"].offers == offers


@pytest.mark.parametrize("what", ["edit", "cancellation"])
@pytest.mark.parametrize(
    "asked",
    ["date=0000", "date=2026-12-08", "date=2026-13-45", "date=9999-12-31", "date=%00", "date=", "date=20261207"],
)
@pytest.mark.parametrize("scope", ["this", "following", "all", ""])
def test_a_date_that_is_none_of_the_series_is_not_found(
    as_alice: Client, series: Conference, what: str, asked: str, scope: str
) -> None:
    url = f"/conferences/{series.pk}/{what}/?{asked}&scope={scope}"
    assert as_alice.get(url).status_code == 404
    assert as_alice.post(url, {"tell": "all"})["Location"] == series.get_absolute_url()
    assert series.changes.count() == 1


@pytest.mark.parametrize("what", ["edit", "cancellation"])
@pytest.mark.parametrize("scope", ["", "nonsense", "THIS", "%00", "all;drop"])
def test_a_scope_that_makes_no_sense_is_asked_again(
    as_alice: Client, series: Conference, what: str, scope: str
) -> None:
    url = f"/conferences/{series.pk}/{what}/?date=2026-12-21&scope={scope}"
    for answer in (as_alice.get(url), as_alice.post(url, {"tell": "all"})):
        assert (answer.status_code, answer.templates[0].name) == (200, "conferences/scope.html")
    assert series.changes.count() == 1


@pytest.mark.parametrize("asked", ["date=0000", "dates=nonsense", "date=2026-12-08&dates=all", "date=%00"])
def test_the_page_of_a_series_ignores_a_date_that_is_none(as_alice: Client, series: Conference, asked: str) -> None:
    assert as_alice.get(f"{series.get_absolute_url()}?{asked}").status_code == 200


def test_a_date_that_is_over_or_off_offers_all_alone(as_alice: Client, alice: User, series: Conference) -> None:
    with time_machine.travel(datetime(2026, 12, 16, tzinfo=UTC), tick=False):
        as_alice.force_login(alice)
        page = as_alice.get(edit_url(series, 7, "this"))
        assert page.context["form"].first == on(series, 7)
        assert page.context["aim"].scope == "all"


# ONLY THIS ONE


def test_only_this_one_asks_for_date_and_time_alone(as_alice: Client, series: Conference) -> None:
    answer = as_alice.get(edit_url(series, 21, "this"))
    form = answer.context["form"]
    assert {field.name for field in form.visible_fields()} == {"date", "start", "end", "duration", "minutes", "tell"}
    assert "Times are in Berlin. Everything else belongs to the whole series." in text_of(answer)


def test_only_this_one_shows_what_changes_and_then_moves_it(as_alice: Client, series: Conference) -> None:
    make_invitation(series)
    url = edit_url(series, 21, "this")
    data = filled(as_alice.get(url).context["form"], date="2026-12-22", start="16:00", duration="90")
    page = as_alice.post(url, data)
    text = text_of(page)
    assert "Who will be told what" in text
    assert "Date: was Monday 21 December 2026 now Tuesday 22 December 2026" in text
    assert "Start time: was 10:00 now 16:00" in text
    assert "1 person is invited: Bob Brown" in text
    assert "For this date answers given so far count no more." in text
    assert series.changes.count() == 1  # nothing is saved yet
    answer = as_alice.post(url, dict(page.context["sent"]) | {"tell": "nobody"})
    assert answer["Location"] == f"{series.get_absolute_url()}?date=2026-12-21#dates"
    assert dates(series) == ["12-07 09:00", "12-14 09:00", "12-22 15:00", "12-28 09:00"]
    change = series.changes.latest("sequence")
    assert (change.kind, change.tell, change.original_date) == ("moved", "nobody", date(2026, 12, 21))


def test_what_is_worth_knowing_of_the_time_is_said_before_letters_go_out(as_alice: Client, series: Conference) -> None:
    url = edit_url(series, 21, "this")
    data = filled(as_alice.get(url).context["form"], start="23:30", end="01:00")
    assert "It ends on the next day, at 01:00." in text_of(as_alice.post(url, data))


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"date": "2026-11-01"}, "date"),
        ({"date": ""}, "date"),
        ({"date": "9999-12-31"}, "date"),
        ({"start": "nonsense"}, "start"),
        ({"date": "2027-03-28", "start": "02:30"}, "start"),
        ({"duration": "other", "minutes": "-5"}, "minutes"),
        ({"duration": "other", "minutes": "9999"}, "minutes"),
    ],
)
def test_a_wrong_date_or_time_is_an_error_at_its_field(
    as_alice: Client, series: Conference, changed: dict[str, str], field: str
) -> None:
    url = edit_url(series, 21, "this")
    answer = as_alice.post(url, filled(as_alice.get(url).context["form"], tell="all") | changed)
    assert set(answer.context["form"].errors) == {field}
    assert series.changes.count() == 1


# THIS AND THE FOLLOWING


def test_following_starts_with_that_date_and_the_rest_of_the_count(as_alice: Client, series: Conference) -> None:
    form = as_alice.get(edit_url(series, 21, "following")).context["form"]
    assert (form["date"].value(), form["ends"].value(), form["count"].value()) == (date(2026, 12, 21), "count", 2)
    assert form["number"].value() != series.number


def test_following_is_one_press_however_often_it_arrives(as_alice: Client, series: Conference) -> None:
    make_invitation(series)
    url = edit_url(series, 21, "following")
    page = as_alice.post(url, filled(as_alice.get(url).context["form"], start="15:00"))
    text = text_of(page)
    assert "The series ends before Monday 21 December 2026. From then on it is a conference of its own" in text
    assert "2 dates leave the series." in text
    assert "They come along to the new conference, and everybody is asked anew." in text
    assert "1 person gets two letters: the series ends, and the invitation to the new conference." in text
    data = dict(page.context["sent"]) | {"tell": "all"}
    first, again = as_alice.post(url, data), as_alice.post(url, data)
    new = Conference.objects.get(follows=series)
    assert first["Location"] == again["Location"] == new.get_absolute_url()
    assert (dates(series), dates(new)) == (["12-07 09:00", "12-14 09:00"], ["12-21 14:00", "12-28 14:00"])
    assert "Goes on as Quarterly planning from Monday 21 December 2026" in text_of(
        as_alice.get(series.get_absolute_url())
    )
    assert "Continues Quarterly planning" in text_of(as_alice.get(new.get_absolute_url()))


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;INTERVAL=3;COUNT=9",
        "FREQ=WEEKLY;COUNT=6",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;COUNT=9",
        "FREQ=WEEKLY;BYDAY=MO,FR;UNTIL=20270301",
        "FREQ=MONTHLY;COUNT=7",
        "FREQ=MONTHLY;BYDAY=1MO;COUNT=7",
        "FREQ=MONTHLY;BYDAY=-1MO;UNTIL=20280101",
        "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=5",
        "FREQ=YEARLY;COUNT=4",
    ],
)
@pytest.mark.parametrize("place", [1, 2, -1])
def test_an_untouched_cut_leaves_every_date_where_it_was(as_alice: Client, alice: User, rule: str, place: int) -> None:
    start = datetime.combine(first_day(parse(rule), START.date()), START.time())
    series = make_conference(alice, start=start, rule=rule)
    before = dates(series)
    day = list(series.occurrences.order_by("starts_at"))[place].original_date
    url = f"/conferences/{series.pk}/edit/?date={day}&scope=following"
    page = as_alice.post(url, filled(as_alice.get(url).context["form"]))
    assert "Nothing else is different." in text_of(page)
    as_alice.post(url, filled(page.context["form"].with_(), tell="nobody"))
    new = Conference.objects.get(follows=series)
    assert dates(series) + dates(new) == before
    # Both can be opened and saved again as they are.
    for one in (series, new):
        url = f"/conferences/{one.pk}/edit/?scope=all"
        answer = as_alice.post(url, filled(as_alice.get(url).context["form"]), follow=True)
        assert "Nothing was changed." in text_of(answer)


def test_following_can_stop_repeating(as_alice: Client, series: Conference) -> None:
    url = edit_url(series, 21, "following")
    as_alice.post(url, filled(as_alice.get(url).context["form"], repeat="never", tell="all"))
    new = Conference.objects.get(follows=series)
    assert (new.rule, dates(new)) == ("", ["12-21 09:00"])


def test_following_says_what_becomes_of_single_dates(as_alice: Client, alice: User, series: Conference) -> None:
    on(series, 28).cancel(alice, NOW, tell=NOBODY)
    url = edit_url(series, 21, "following")
    form = as_alice.get(url).context["form"]
    kept = text_of(as_alice.post(url, filled(form, topic="Winter round")))
    assert "1 date that was moved or cancelled by itself stays as it is." in kept
    lost = text_of(as_alice.post(url, filled(form, start="15:00")))
    assert "1 date that was moved or cancelled by itself follows the series again" in lost


def test_following_takes_no_number_that_is_taken(as_alice: Client, series: Conference) -> None:
    url = edit_url(series, 21, "following")
    data = filled(as_alice.get(url).context["form"], number=series.number, tell="all")
    assert set(as_alice.post(url, data).context["form"].errors) == {"number"}


def test_a_deputy_lets_it_go_on_in_the_organizers_name(
    as_charlie: Client, charlie: User, alice: User, series: Conference
) -> None:
    Deputy.objects.create(principal=alice, deputy=charlie)
    url = edit_url(series, 21, "following")
    data = filled(as_charlie.get(url).context["form"], tell="all")
    locations = {as_charlie.post(url, data)["Location"] for _press in range(2)}
    new = Conference.objects.get(follows=series)
    assert (new.organizer, new.changes.get().by, locations) == (alice, charlie, {new.get_absolute_url()})
    page = text_of(as_charlie.get(new.get_absolute_url()))
    assert "Organizer: Alice Adams" in page


# ALL


def test_all_shows_everything_and_changes_every_date(as_alice: Client, series: Conference) -> None:
    url = edit_url(series, None, "all")
    form = as_alice.get(url).context["form"]
    as_alice.post(url, filled(form, start="11:00", topic="New", tell="all"))
    series.refresh_from_db()
    assert (series.topic, dates(series)) == ("New", [f"12-{day:02} 10:00" for day in (7, 14, 21, 28)])


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"date": "2026-12-14"}, "date"), ({"weekdays": ["MO", "TU"]}, "repeat"), ({"repeat": "never"}, "repeat")],
)
def test_where_a_begun_series_begins_is_not_changed(
    as_alice: Client, alice: User, series: Conference, changed: dict[str, str], field: str
) -> None:
    with time_machine.travel(datetime(2026, 12, 16, tzinfo=UTC), tick=False):
        as_alice.force_login(alice)
        url = edit_url(series, None, "all")
        form = as_alice.get(url).context["form"]
        errors = as_alice.post(url, filled(form, tell="all") | changed).context["form"].errors
        assert list(errors) == [field]
        assert "This and the following" in str(errors[field])
        as_alice.post(url, filled(form, start="11:00", tell="all"))
    assert dates(series) == ["12-07 09:00", "12-14 09:00", "12-21 10:00", "12-28 10:00"]


@pytest.mark.parametrize(
    ("end", "days"),
    [
        ({"count": "6"}, [7, 14, 21, 28, 4, 11]),
        ({"count": "3"}, [7, 14, 21]),
        ({"count": "1"}, [7, 14]),
        ({"ends": "until", "until": "2027-01-04"}, [7, 14, 21, 28, 4]),
    ],
)
def test_a_begun_series_may_end_sooner_or_later(
    as_alice: Client, alice: User, series: Conference, end: dict[str, str], days: list[int]
) -> None:
    with time_machine.travel(datetime(2026, 12, 16, tzinfo=UTC), tick=False):
        as_alice.force_login(alice)
        url = edit_url(series, None, "all")
        assert as_alice.post(url, filled(as_alice.get(url).context["form"], tell="all") | end).status_code == 302
    assert [row.start_date.day for row in series.occurrences.order_by("starts_at")] == days


def test_what_follows_begins_after_what_stays(as_alice: Client, series: Conference) -> None:
    url = edit_url(series, 21, "following")
    form = as_alice.get(url).context["form"]
    errors = as_alice.post(url, filled(form, date="2026-12-14", weekdays=["MO"], tell="all")).context["form"].errors
    assert errors["date"] == ["Choose a date after 14 December 2026: that one and those before stay as they are"]
    sent = filled(form, date="2026-12-17", weekdays=["TH"], tell="all")
    assert as_alice.post(url, sent).status_code == 302
    assert dates(series) == ["12-07 09:00", "12-14 09:00"]
    assert dates(series.continued_by) == ["12-17 09:00", "12-24 09:00"]


def test_all_says_which_single_dates_stay(as_alice: Client, alice: User, series: Conference) -> None:
    on(series, 28).cancel(alice, NOW, tell=NOBODY)
    on(series, 21).cancel(alice, NOW, tell=NOBODY)
    url = edit_url(series, None, "all")
    form = as_alice.get(url).context["form"]
    page = text_of(as_alice.post(url, filled(form, start="11:00")))
    assert "2 dates that were moved or cancelled by themselves stay as they are." in page
    page = text_of(as_alice.post(url, filled(form, count="3")))
    assert "1 date that was moved or cancelled by itself stays as it is." in page
    assert "1 date that was moved or cancelled by itself follows the series again, or goes with its day." in page


# WHO WILL BE TOLD


def test_twenty_are_named_and_the_others_are_counted(as_alice: Client, series: Conference) -> None:
    for number in range(23):
        make_invitation(series, f"p{number}@example.org", f"Person {number:02}")
    url = edit_url(series, None, "all")
    text = text_of(as_alice.post(url, filled(as_alice.get(url).context["form"], start="11:00")))
    assert "23 people are invited: Person 00 , Person 01" in text
    assert "Person 19 and 3 more" in text
    assert "Person 20" not in text
    assert "It is another time: everybody is asked anew" in text
    assert "Tell only those newly added" not in text


def test_only_those_newly_added_is_offered_where_some_are(as_alice: Client, alice: User, series: Conference) -> None:
    make_invitation(series)
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        series.change(alice, {"topic": "New"}, seen_sequence=0, tell=ALL, now=NOW)
    with time_machine.travel(NOW + timedelta(minutes=2), tick=False):
        make_invitation(series, "carol@example.org", "Carol")
        url = edit_url(series, None, "all")
        form = as_alice.get(url).context["form"]
        page = as_alice.post(url, filled(form, topic="Newer"))
    assert "Tell only those newly added 1 person was invited since the last change." in text_of(page)
    as_alice.post(url, dict(page.context["sent"]) | {"tell": "added"})
    assert series.changes.latest("sequence").tell == "added"


def test_back_to_the_form_keeps_everything_typed(as_alice: Client, series: Conference) -> None:
    url = edit_url(series, None, "all")
    page = as_alice.post(url, filled(as_alice.get(url).context["form"], topic="Typed", agenda="1. <Typed>"))
    back = as_alice.post(url, dict(page.context["sent"]) | {"back": "1", "tell": "all"}).context["form"]
    assert (back["topic"].value(), back["agenda"].value(), back.errors) == ("Typed", "1. <Typed>", {})
    assert series.changes.count() == 1


def test_several_weekdays_survive_the_page(as_alice: Client, series: Conference) -> None:
    url = edit_url(series, None, "all")
    data = filled(as_alice.get(url).context["form"], weekdays=["MO", "WE"])
    page = as_alice.post(url, data)
    sent: dict[str, Any] = {}
    for name, value in page.context["sent"]:
        sent.setdefault(name, []).append(value)
    as_alice.post(url, sent | {"tell": "all"})
    series.refresh_from_db()
    assert series.rule == "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=4"


def test_a_single_conference_without_guests_is_saved_at_once(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice)
    url = f"/conferences/{conference.pk}/edit/"
    page = as_alice.get(url)
    assert '<input type="hidden" name="tell" value="all">' in page.content.decode()
    assert as_alice.post(url, filled(page.context["form"], topic="New", tell="all")).status_code == 302
    assert conference.changes.latest("sequence").after == {"topic": "New"}


def test_a_single_conference_with_guests_shows_the_page_first(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice)
    make_invitation(conference)
    url = f"/conferences/{conference.pk}/edit/"
    form = as_alice.get(url).context["form"]
    assert "1 person gets an update that shows what changed." in text_of(as_alice.post(url, filled(form, topic="New")))
    assert conference.changes.count() == 1
    answer = as_alice.post(url, filled(form))
    assert answer["Location"] == conference.get_absolute_url()  # nothing differs, nothing to ask


# TWO PEOPLE AT ONCE


@pytest.mark.parametrize("seen", ["", "x", "-1", "0.5", "9" * 40, "\x00"])
@pytest.mark.parametrize("scope", ["this", "following", "all"])
def test_a_state_that_nobody_can_have_seen_breaks_nothing(
    as_alice: Client, series: Conference, scope: str, seen: str
) -> None:
    url = edit_url(series, 21, scope)
    data = filled(as_alice.get(url).context["form"], start="11:00", tell="all")
    assert as_alice.post(url, data | {"seen_sequence": seen}).status_code in {200, 302}


def test_two_edits_of_different_facts_are_merged(as_alice: Client, alice: User, series: Conference) -> None:
    url = edit_url(series, None, "all")
    mine = filled(as_alice.get(url).context["form"], topic="Mine", tell="all")
    series.change(alice, {"password": "harbour42", "record": True}, seen_sequence=0, tell=NOBODY, now=NOW)
    answer = as_alice.post(url, mine)
    form = answer.context["form"]
    assert (answer.status_code, answer.context["conflicts"]) == (409, [])
    assert (form["topic"].value(), form["password"].value(), form["record"].value()) == ("Mine", "harbour42", True)
    assert "nothing contradicts" in text_of(answer)
    as_alice.post(url, filled(form, tell="all"))
    series.refresh_from_db()
    assert (series.topic, series.password, series.record) == ("Mine", "harbour42", True)


def test_two_edits_of_the_same_fact_are_shown_side_by_side(as_alice: Client, alice: User, series: Conference) -> None:
    url = edit_url(series, None, "all")
    mine = filled(as_alice.get(url).context["form"], topic="Mine", start="11:00", tell="all")
    series.change(alice, {"topic": "Theirs", "start_time": time(11)}, seen_sequence=0, tell=NOBODY, now=NOW)
    answer = as_alice.post(url, mine)
    assert "Topic: saved Theirs , yours Mine" in text_of(answer)
    assert [(one.theirs, one.mine) for one in answer.context["conflicts"]] == [("Theirs", "Mine")]
    assert answer.context["form"]["topic"].value() == "Mine"


def test_following_on_top_of_somebody_elses_edit_takes_over_what_they_saved(
    as_alice: Client, alice: User, series: Conference
) -> None:
    url = edit_url(series, 21, "following")
    mine = filled(as_alice.get(url).context["form"], start="15:00", tell="all")
    series.change(alice, {"topic": "Theirs"}, seen_sequence=0, tell=NOBODY, now=NOW)
    answer = as_alice.post(url, mine)
    form = answer.context["form"]
    assert (answer.status_code, form["topic"].value(), form["start"].value()) == (409, "Theirs", time(15))
    assert form["number"].value() == mine["number"]
    again = filled(form, tell="all")
    assert again["submission_id"] == mine["submission_id"]  # pressed twice it still is once
    as_alice.post(url, again)
    new = Conference.objects.get(follows=series)
    assert (new.topic, new.start_time, new.rule) == ("Theirs", time(15), "FREQ=WEEKLY;BYDAY=MO;COUNT=2")


def test_a_move_after_somebody_elses_move_shows_both(as_alice: Client, alice: User, series: Conference) -> None:
    url = edit_url(series, 21, "this")
    mine = filled(as_alice.get(url).context["form"], start="16:00", tell="all")
    when = {"start_date": date(2026, 12, 22), "start_time": time(17), "duration": timedelta(hours=1)}
    on(series, 21).move(alice, when, seen_sequence=0, tell=NOBODY)
    answer = as_alice.post(url, mine)
    form = answer.context["form"]
    assert answer.status_code == 409
    assert "Monday 21 December 2026: moved" in text_of(answer)
    assert "Start time: saved 17:00 , yours 16:00" in text_of(answer)
    assert (form["date"].value(), form["start"].value()) == (date(2026, 12, 22), time(16))


def test_a_move_of_a_date_that_somebody_took_off_is_refused_in_words(
    as_alice: Client, alice: User, series: Conference
) -> None:
    url = edit_url(series, 21, "this")
    mine = filled(as_alice.get(url).context["form"], start="16:00", tell="all")
    on(series, 21).cancel(alice, NOW, tell=NOBODY)
    answer = as_alice.post(url, mine, follow=True)
    assert answer.status_code == 200
    assert "12-21 09:00" in dates(series)


def test_a_date_that_somebody_takes_off_at_the_same_moment_is_not_moved(
    as_alice: Client, alice: User, series: Conference, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = OccurrenceForm.save

    def a_moment_later(form: OccurrenceForm, *submission: Any) -> Conference:
        on(series, 21).cancel(alice, NOW, tell=NOBODY)
        return save(form, *submission)

    monkeypatch.setattr(OccurrenceForm, "save", a_moment_later)
    url = edit_url(series, 21, "this")
    mine = filled(as_alice.get(url).context["form"], start="16:00", tell="all")
    answer = as_alice.post(url, mine, follow=True)
    assert answer.redirect_chain == [(series.get_absolute_url(), 302)]
    assert "The series has no such date any more." in text_of(answer)
    assert "12-21 09:00" in dates(series)


# CANCEL


def test_one_date_is_cancelled_and_stays_visible(as_alice: Client, series: Conference) -> None:
    make_invitation(series)
    url = cancel_url(series, 21, "this")
    page = text_of(as_alice.get(url))
    assert "Cancel this date?" in page
    assert "1 person gets a cancellation of this date by e-mail" in page
    assert series.changes.count() == 1
    for _press in range(2):
        answer = as_alice.post(url, {"message": "Holiday.", "tell": "on"})
        assert answer["Location"] == f"{series.get_absolute_url()}?date=2026-12-21#dates"
    change = series.changes.get(kind="cancelled")
    assert (change.original_date, change.message, change.tell) == (date(2026, 12, 21), "Holiday.", "all")
    page = text_of(as_alice.get(series.get_absolute_url()))
    assert "Monday 21 December 2026 10:00 – 11:00 , UTC+1 Cancelled" in page
    assert "Alice Adams cancelled the date of Monday 21 December 2026 Holiday. Invited people are told." in page


def test_the_following_are_cancelled_once(as_alice: Client, series: Conference) -> None:
    url = cancel_url(series, 21, "following")
    assert "2 dates are taken off." in text_of(as_alice.get(url))
    for _press in range(2):
        assert as_alice.post(url, {"message": "No budget."})["Location"] == series.get_absolute_url()
    assert dates(series) == ["12-07 09:00", "12-14 09:00"]
    change = series.changes.latest("sequence")
    assert (change.sequence, change.message, change.tell) == (1, "No budget.", "nobody")


def test_the_whole_series_is_cancelled(as_alice: Client, series: Conference) -> None:
    as_alice.post(cancel_url(series, 21, "all"), {"tell": "on"})
    series.refresh_from_db()
    assert series.cancelled_at == NOW
    page = as_alice.get(series.get_absolute_url()).content.decode()
    assert "/edit/" not in page
    assert page.count("Cancelled") >= 4


def test_strangers_neither_edit_nor_cancel_a_part(as_charlie: Client, series: Conference) -> None:
    for url in (edit_url(series, 21, "this"), cancel_url(series, 21, "following"), edit_url(series)):
        assert as_charlie.get(url).status_code == as_charlie.post(url, {"tell": "all"}).status_code == 404
    assert series.changes.count() == 1


# PERMANENT


def test_a_permanent_conference_shows_no_date_anywhere(as_alice: Client, alice: User) -> None:
    room = make_conference(alice, start=datetime(2026, 11, 24, 13, 17), permanent=True)
    make_invitation(room)
    pages = [room.get_absolute_url(), f"/conferences/{room.pk}/edit/", f"/conferences/{room.pk}/cancellation/"]
    for url in pages:
        assert "13:17" not in as_alice.get(url).content.decode()
    page = as_alice.get(room.get_absolute_url())
    assert "Always open" in text_of(page)
    assert "choose any of the three ways below" in text_of(page)
    for gone in (".ics", "Dates", "The room opens", "In other time zones"):
        assert gone not in page.content.decode()
    assert f'action="/conferences/{room.pk}/start/"' in page.content.decode()


def test_a_permanent_conference_is_edited_without_a_date(as_alice: Client, alice: User) -> None:
    room = make_conference(alice, permanent=True)
    url = f"/conferences/{room.pk}/edit/"
    form = as_alice.get(url).context["form"]
    assert not {"date", "start", "time_zone", "duration", "repeat", "permanent"} & form.fields.keys()
    as_alice.post(url, filled(form, topic="Standing room", tell="all"))
    room.refresh_from_db()
    assert (room.topic, room.permanent, room.occurrences.count()) == ("Standing room", True, 0)
    as_alice.post(f"/conferences/{room.pk}/cancellation/", {"tell": "on"})
    room.refresh_from_db()
    assert room.cancelled_at == NOW


# THE PAGE OF A SERIES


def test_the_page_lists_dates_with_what_is_special(as_alice: Client, alice: User) -> None:
    series = make_conference(alice, start=datetime(2027, 3, 21, 2, 30), rule="FREQ=WEEKLY;COUNT=40")
    page = as_alice.get(series.get_absolute_url())
    text = text_of(page)
    assert "Every week on Sunday, 40 times. All times are in Berlin." in text
    assert "02:30 does not exist in Berlin that night. It starts at 03:30." in text
    assert "Show 32 more dates" in text
    assert len(page.context["dates"].upcoming) == 8
    assert "02:30 happens twice in Berlin that night" in text_of(as_alice.get(f"{series.get_absolute_url()}?dates=all"))


def test_the_page_marks_the_date_that_was_asked_for(as_alice: Client, alice: User, series: Conference) -> None:
    when = {"start_date": date(2026, 12, 22), "start_time": time(16), "duration": timedelta(hours=1)}
    on(series, 21).move(alice, when, seen_sequence=0, tell=NOBODY)
    page = as_alice.get(f"{series.get_absolute_url()}?date=2026-12-21")
    assert '<li id="date-2026-12-21" aria-current="date">' in page.content.decode()
    assert "Tuesday 22 December 2026 16:00 – 17:00 , UTC+1 · moved, was Mon 21 Dec, 10:00" in text_of(page)
    assert "Alice Adams moved the date of Monday 21 December 2026" in text_of(page)


@pytest.mark.parametrize(("day", "listed"), [("2026-12-08", 8), ("2026-12-20", 40), ("2026-12-06", 8)])
def test_a_marked_date_is_always_on_the_list(as_alice: Client, alice: User, day: str, listed: int) -> None:
    series = make_conference(alice, start=START, rule="FREQ=DAILY;COUNT=40")
    page = as_alice.get(f"{series.get_absolute_url()}?date={day}")
    assert len(page.context["dates"].upcoming) == listed
    assert page.content.decode().count('aria-current="date"') == (day != "2026-12-06")


def test_past_dates_are_folded_away_and_opened_for_those_who_came_for_one(
    as_alice: Client, alice: User, series: Conference
) -> None:
    with time_machine.travel(datetime(2026, 12, 16, tzinfo=UTC), tick=False):
        as_alice.force_login(alice)
        page = as_alice.get(series.get_absolute_url())
        assert [line.occurrence.original_date.day for line in page.context["dates"].past] == [14, 7]
        assert "Next: Monday 21 December 2026, 10:00" in text_of(page)
        assert '<details class="more mt">' in page.content.decode()
        page = as_alice.get(f"{series.get_absolute_url()}?date=2026-12-07")
        assert '<details class="more mt" open>' in page.content.decode()


def test_the_page_of_a_long_series_asks_no_more_than_that_of_a_short_one(
    as_alice: Client, alice: User, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    short = make_conference(alice, start=START, rule="FREQ=DAILY;COUNT=3")
    long = make_conference(alice, start=START, rule="FREQ=DAILY")
    as_alice.get(short.get_absolute_url())
    with django_assert_max_num_queries(30) as seen:
        as_alice.get(short.get_absolute_url())
    with django_assert_num_queries(len(seen)):
        as_alice.get(f"{long.get_absolute_url()}?dates=all")


def test_what_the_room_cannot_do_is_said_on_the_page(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice, chat_premoderation=True, record=False)
    text = text_of(as_alice.get(conference.get_absolute_url()))
    assert "shows every chat message at once" in text
    assert "does not start recording by itself" not in text
