"""The group “Recurrence” of the form: which rule the answers mean, what is refused, and what a clock change does."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from cabinet.models import User
from conferences import recurrence
from conferences.clock_notes import clock_notes
from conferences.edit_forms import EditForm
from conferences.forms import ConferenceForm, all_but
from conferences.models import Conference
from conferences.recurrence import WEEKDAYS, Rule
from conferences.recurrence_fields import rule_values
from conferences.when_forms import WhenForm
from tests.conferences.test_forms import NOW, errors_of, form_of, sent
from tests.factories import make_conference

THURSDAY = date(2026, 12, 3)


def when_of(now: datetime = NOW, **changed: Any) -> WhenForm:
    """The part of the form that knows no user and no database."""
    return WhenForm(sent(**changed), now=now, home_zone="Europe/Berlin", initial={"duration": "60"})


def rule_of(**changed: Any) -> str:
    form = when_of(**changed)
    assert errors_of(form) == {}  # type: ignore[arg-type]
    return str(form.cleaned_data["rule"])


# WHICH RULE


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({}, ""),
        ({"repeat": ""}, ""),
        ({"repeat": "never", "interval": "x", "weekdays": ["MO"], "ends": "count", "count": "many", "until": "?"}, ""),
        ({"repeat": "daily"}, "FREQ=DAILY"),
        ({"repeat": "daily", "interval": "99", "ends": "never"}, "FREQ=DAILY;INTERVAL=99"),
        ({"repeat": "daily", "ends": "count", "count": "366"}, "FREQ=DAILY;COUNT=366"),
        ({"repeat": "daily", "count": "3"}, "FREQ=DAILY;COUNT=3"),
        ({"repeat": "daily", "ends": "never", "count": "3"}, "FREQ=DAILY"),
        ({"repeat": "daily", "until": "2026-12-05"}, "FREQ=DAILY;UNTIL=20261205"),
        ({"repeat": "daily", "ends": "until", "until": "5 December 2026"}, "FREQ=DAILY;UNTIL=20261205"),
        ({"repeat": "weekly", "weekdays": ["TH"]}, "FREQ=WEEKLY;BYDAY=TH"),
        ({"repeat": "weekly", "weekdays": ["TH", "MO"], "interval": "2"}, "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH"),
        ({"repeat": "weekly", "weekdays": ["TH"], "monthly": "nonsense"}, "FREQ=WEEKLY;BYDAY=TH"),
        ({"repeat": "monthly"}, "FREQ=MONTHLY"),
        ({"repeat": "monthly", "monthly": "date"}, "FREQ=MONTHLY"),
        ({"repeat": "monthly", "monthly": "weekday"}, "FREQ=MONTHLY;BYDAY=1TH"),
        ({"repeat": "monthly", "monthly": "weekday", "date": "2026-12-08"}, "FREQ=MONTHLY;BYDAY=2TU"),
        ({"repeat": "monthly", "monthly": "weekday", "date": "2026-12-31"}, "FREQ=MONTHLY;BYDAY=-1TH"),
        ({"repeat": "monthly", "monthly": "last-weekday"}, "FREQ=MONTHLY;BYDAY=-1TH"),
        ({"repeat": "monthly", "monthly": "last-day"}, "FREQ=MONTHLY;BYMONTHDAY=-1"),
        ({"repeat": "yearly", "ends": "count", "count": "5"}, "FREQ=YEARLY;COUNT=5"),
    ],
)
def test_answers_mean_a_rule(changed: dict[str, Any], rule: str) -> None:
    assert rule_of(**changed) == rule


@given(
    rule=st.builds(
        Rule,
        freq=st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
        interval=st.integers(1, 99),
        count=st.none() | st.integers(1, 366),
    ),
    weekdays=st.sets(st.integers(0, 6), min_size=1),
    nth=st.none() | st.sampled_from([1, 2, 3, 4, -1]),
    start=st.dates(date(2026, 11, 24), date(2031, 11, 20)),
)
def test_a_rule_comes_back_from_its_own_fields(rule: Rule, weekdays: set[int], nth: int | None, start: date) -> None:
    """What the form starts with for a rule leads to the same days again, whatever the rule."""
    if rule.freq == "WEEKLY":
        rule = Rule("WEEKLY", rule.interval, tuple(sorted(weekdays)), count=rule.count)
    if rule.freq == "MONTHLY" and nth:
        rule = Rule("MONTHLY", rule.interval, nth=(nth, min(weekdays)), count=rule.count)
    first = recurrence.first_day(rule, start)
    if first > date(2031, 11, 20) or (rule.freq == "YEARLY" and rule.count and rule.interval * rule.count > 5000):
        return
    filled = {name: value for name, value in rule_values(rule, first).items() if value is not None}
    again = recurrence.parse(rule_of(date=first.isoformat(), **filled))
    assert list(again.days(first, first))[:20] == list(rule.days(first, first))[:20]
    assert (again.count, again.interval) == (rule.count, rule.interval)


def test_the_first_conference_is_on_a_day_of_the_rule_and_that_is_said() -> None:
    form = when_of(repeat="weekly", weekdays=["MO", "FR"])
    assert form.is_valid()
    assert form.cleaned_data["date"] == date(2026, 12, 4)
    words = "The first conference is on Friday 4 December 2026: Thursday 3 December 2026 is no day of the recurrence."
    assert form.notices == [words]


def test_the_present_rule_stays_letter_for_letter_where_nothing_else_is_meant(alice: User) -> None:
    """Whoever wrote the rule: saving the form untouched must not look like another rule."""
    for text in ("FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=TH", "FREQ=MONTHLY;BYMONTHDAY=3", "FREQ=MONTHLY"):
        conference = make_conference(alice, start=datetime(2026, 12, 3, 14), rule=text)
        unbound = ConferenceForm(user=alice, now=NOW, conference=conference)
        values = {name: unbound[name].value() for name in unbound.fields if unbound[name].value() is not None}
        form = ConferenceForm(values, user=alice, now=NOW, conference=conference)
        assert errors_of(form) == {}
        assert form.conference_fields()["rule"] == text


def test_the_rule_stays_where_the_sender_knows_no_recurrence(alice: User) -> None:
    conference = make_conference(alice, start=datetime(2026, 12, 3, 14), rule="FREQ=WEEKLY;BYDAY=TH;COUNT=4")
    form = ConferenceForm(sent(number=conference.number), user=alice, now=NOW, conference=conference)
    assert errors_of(form) == {}
    assert form.conference_fields()["rule"] == "FREQ=WEEKLY;BYDAY=TH;COUNT=4"
    late = sent(number=conference.number, date="2027-12-03")
    ended = make_conference(alice, start=datetime(2026, 12, 3, 14), rule="FREQ=DAILY;UNTIL=20261210")
    form = ConferenceForm(late | {"number": ended.number}, user=alice, now=NOW, conference=ended)
    assert errors_of(form) == {"date": ["The end date must be after the first conference"]}


def test_the_present_rule_is_looked_at_anew_where_the_series_is_to_begin_on_another_day(alice: User) -> None:
    year = make_conference(alice, start=datetime(2027, 12, 3, 14), rule="FREQ=DAILY;UNTIL=20281201")
    form = ConferenceForm(sent(number=year.number, date="2027-11-26"), user=alice, now=NOW, conference=year)
    assert errors_of(form) == {"until": [MANY]}
    often = make_conference(alice, start=datetime(2027, 3, 1, 14), rule="FREQ=YEARLY;INTERVAL=30;COUNT=260")
    form = ConferenceForm(sent(number=often.number, date="2028-02-29"), user=alice, now=NOW, conference=often)
    assert errors_of(form) == {"count": ["So many would reach too far into the future. Enter a smaller number"]}


@pytest.mark.parametrize("knows_recurrence", [True, False])
def test_a_series_that_was_cut_off_after_years_may_still_be_edited(alice: User, knows_recurrence: bool) -> None:
    """More days than may be asked for, and farther away than may be asked for: but they have been, one by one."""
    with time_machine.travel(NOW):
        conference = make_conference(alice, start=datetime(2020, 1, 6, 14), rule="FREQ=DAILY")
    Conference.objects.update(rule="FREQ=DAILY;UNTIL=20270103")
    conference.refresh_from_db()
    form = EditForm(conference=conference, user=alice, now=NOW)
    values = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    if not knows_recurrence:
        del values["repeat"]
    form = EditForm(values | {"topic": "Another"}, conference=conference, user=alice, now=NOW)
    assert errors_of(form) == {}
    assert (form.conference_fields()["rule"], set(form.before())) == ("FREQ=DAILY;UNTIL=20270103", {"topic"})
    form.save(uuid4(), "")
    assert Conference.objects.get().topic == "Another"


# WHAT IS REFUSED, at its field and nowhere else

DAYS, END = "Choose at least one day", "Enter how many conferences, or an end date"
BEFORE = "The end date must be after the first conference"
FIVE_YEARS = "The end date must be within five years of the first conference"
MANY = "Until that date there would be more than 366 conferences. Choose an earlier date"
COUNT, INTERVAL, OPTION = "Enter a number, 1 to 366", "Enter a number, 1 to 99", "Choose one of the options"
REAL_DATE = "Enter a real date, for example 3 December 2026"


@pytest.mark.parametrize(
    ("changed", "name", "words"),
    [
        ({"repeat": "weekly"}, "weekdays", DAYS),
        ({"repeat": "weekly", "weekdays": ["XX"]}, "weekdays", OPTION),
        ({"repeat": "hourly"}, "repeat", OPTION),
        ({"repeat": "SECONDLY"}, "repeat", OPTION),
        ({"repeat": "monthly", "monthly": "13th"}, "monthly", OPTION),
        *[({"repeat": "daily", "interval": text}, "interval", INTERVAL)
          for text in ("0", "-1", "100", "1.5", "x", "9" * 5000, "\x00", "∞")],
        ({"repeat": "daily", "ends": "some day"}, "ends", OPTION),
        ({"repeat": "daily", "ends": "count"}, "count", END),
        ({"repeat": "daily", "ends": "until"}, "until", END),
        ({"repeat": "daily", "ends": "count", "until": "2027-01-01"}, "count", END),
        *[({"repeat": "daily", "ends": "count", "count": text}, "count", COUNT)
          for text in ("0", "-5", "367", "1000000000", "1e9", "9" * 4000, "two", "\x00")],
        ({"repeat": "yearly", "interval": "99", "ends": "count", "count": "366"}, "count",
         "So many would reach too far into the future. Enter a smaller number"),
        *[({"repeat": "daily", "ends": "until", "until": text}, "until", BEFORE)
          for text in ("2026-12-03", "2026-12-02", "0001-01-01")],
        ({"repeat": "weekly", "weekdays": ["WE"], "ends": "until", "until": "2026-12-09"}, "until", BEFORE),
        *[({"repeat": "monthly", "ends": "until", "until": text}, "until", FIVE_YEARS)
          for text in ("2031-12-05", "2099-01-01", "9999-12-31")],
        *[({"repeat": "daily", "ends": "until", "until": text}, "until", REAL_DATE)
          for text in ("10000-01-01", "2027-02-30", "soon", "-1", "x" * 9000)],
        ({"repeat": "daily", "ends": "until", "until": "2027-12-04"}, "until", MANY),
    ],
)  # fmt: skip
def test_wrong_answers_are_errors_at_their_field(changed: dict[str, Any], name: str, words: str) -> None:
    assert errors_of(when_of(**changed)) == {name: [words]}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"date": "9999-12-31"}, "date"),
        ({"time_zone": "Mars/Phobos"}, "time_zone"),
        ({"duration": "-15"}, "duration"),
        ({"duration": "other", "minutes": "-60"}, "minutes"),
        ({"end": "14:01"}, "end"),
    ],
)
def test_a_wrong_time_is_an_error_of_a_series_too(changed: dict[str, Any], name: str) -> None:
    assert set(when_of(repeat="daily", **changed).errors) == {name}


def test_366_days_are_not_too_many() -> None:
    assert rule_of(repeat="daily", ends="until", until="2027-12-03") == "FREQ=DAILY;UNTIL=20271203"


# CLOCK CHANGES


def test_the_first_conference_in_a_gap_is_refused() -> None:
    form = when_of(date="2027-03-28", start="02:30", repeat="daily")
    words = "02:30 does not exist in Berlin that night. Choose 01:59 or 03:00"
    assert errors_of(form) == {"start": [words]}  # type: ignore[arg-type]


def test_later_ones_in_a_gap_or_a_fold_are_named() -> None:
    form = when_of(start="02:30", repeat="daily")
    assert form.is_valid()
    assert form.notices == [
        "02:30 does not exist in Berlin on 28 March 2027. The conference starts at 03:30 then.",
        "02:30 happens twice in Berlin on 31 October 2027. We take the first.",
    ]


def test_long_lists_of_nights_are_cut() -> None:
    nights = [date(year, 3, day) for year, day in zip(range(2027, 2034), (28, 26, 25, 31, 30, 28, 27), strict=True)]
    (note,) = clock_notes(nights, time(2, 30), "Europe/Berlin")
    assert "30 March 2031 and 2 more days. The conference starts at 03:30 then." in note


def test_half_an_hour_is_skipped_in_lord_howe() -> None:
    (note,) = clock_notes([date(2027, 10, 3)], time(2, 15), "Australia/Lord_Howe")
    assert note == "02:15 does not exist in Lord Howe on 3 October 2027. The conference starts at 02:45 then."


# THE NEXT DATES


def test_next_dates_are_five_on_the_wall_clock_and_the_last() -> None:
    form = when_of(date="2027-03-18", repeat="weekly", weekdays=["TH"], ends="count", count="8")
    assert form.is_valid()
    shown = form.next_dates()
    assert shown is not None
    assert shown.words == "Every week on Thursday, 8 times"
    assert shown.starts == [datetime(2027, 3, 18, 14) + timedelta(weeks=n) for n in range(5)]
    assert (shown.last, shown.is_endless, shown.city) == (datetime(2027, 5, 6, 14), False, "Berlin")


def test_next_dates_of_a_rare_series_are_five_too() -> None:
    form = when_of(repeat="yearly", interval="9")
    assert form.is_valid()
    shown = form.next_dates()
    assert shown is not None
    assert [at.year for at in shown.starts] == [2026, 2035, 2044, 2053, 2062]
    assert (shown.last, shown.is_endless) == (None, True)


def test_next_dates_show_what_a_gap_does() -> None:
    form = when_of(date="2027-03-27", start="02:30", repeat="daily", ends="count", count="3")
    assert form.is_valid()
    shown = form.next_dates()
    assert shown is not None
    assert [f"{at:%d %H:%M}" for at in shown.starts] == ["27 02:30", "28 03:30", "29 02:30"]


@pytest.mark.parametrize("changed", [{}, {"repeat": "weekly"}, {"repeat": "daily", "date": ""}, {"permanent": "on"}])
def test_there_are_no_next_dates_without_a_rule(changed: dict[str, Any]) -> None:
    form = when_of(**{"repeat": "never"} | changed)
    form.forget_errors_but()
    assert form.next_dates() is None


# PERMANENT


def test_a_permanent_conference_ignores_whatever_is_filled_in_about_a_date(alice: User) -> None:
    wrong: dict[str, Any] = {
        "date": "x", "start": "", "end": "99", "duration": "other", "minutes": "0", "time_zone": "Mars/Phobos",
        "repeat": "weekly", "interval": "0", "count": "x",
    }  # fmt: skip
    form = form_of(alice, permanent="on", **wrong)
    assert errors_of(form) == {}
    fields = form.conference_fields()
    assert (fields["permanent"], fields["rule"], fields["time_zone"]) == (True, "", "Europe/Berlin")
    assert (fields["start_date"], fields["start_time"]) == (date(2026, 11, 24), time(13, 10))
    assert form.notices == []
    conference = Conference.objects.schedule(alice, now=NOW, **fields)
    assert not conference.occurrences.exists()


def test_a_permanent_conference_is_scheduled_in_a_doubled_hour_too(alice: User) -> None:
    second_time = datetime(2027, 10, 31, 1, 30, tzinfo=UTC)  # 02:30 in Berlin, for the second time
    form = form_of(alice, now=second_time, permanent="on")
    assert errors_of(form) == {}
    Conference.objects.schedule(alice, now=second_time, **form.conference_fields())


# FIELDS THAT ARE NOT ASKED FOR


def test_a_conference_never_turns_permanent_or_changes_its_organizer(alice: User, charlie: User) -> None:
    conference = make_conference(alice)
    form = ConferenceForm(
        sent(number=conference.number, permanent="on", organizer=str(charlie.pk)),
        user=alice, now=NOW, conference=conference,
    )  # fmt: skip
    assert errors_of(form) == {}
    assert not {"permanent", "organizer"} & form.conference_fields().keys()


def test_of_a_permanent_conference_nothing_about_a_date_is_asked(alice: User) -> None:
    conference = make_conference(alice, permanent=True)
    form = ConferenceForm(
        {"topic": "New", "number": conference.number}, user=alice, now=NOW + timedelta(days=300), conference=conference
    )
    assert errors_of(form) == {}
    fields = form.conference_fields()
    assert fields["topic"] == "New"
    assert not {"start_date", "start_time", "time_zone", "duration", "rule"} & fields.keys()


def test_a_form_for_one_date_asks_and_says_nothing_else(alice: User) -> None:
    conference = make_conference(alice, start=datetime(2026, 12, 3, 14), rule="FREQ=WEEKLY;BYDAY=TH")
    form = ConferenceForm(
        {"date": "2026-12-11", "start": "15:00", "duration": "30", "topic": "Ignored", "repeat": "daily"},
        user=alice, now=NOW, conference=conference, kept=all_but("date", "start", "end", "duration", "minutes"),
    )  # fmt: skip
    assert errors_of(form) == {}
    assert form.notices == []  # a Friday is no day of the rule, and need not be
    assert form.conference_fields() == {
        "start_date": date(2026, 12, 11), "start_time": time(15), "duration": timedelta(minutes=30),
    }  # fmt: skip


def test_weekdays_stay_chosen_in_a_form_that_is_shown_again(alice: User) -> None:
    form = form_of(alice, repeat="weekly", weekdays=["MO", "FR"]).with_(password="harbour42")
    assert form["weekdays"].value() == ["MO", "FR"]
    assert [str(option.choice_label) for option in form["weekdays"].subwidgets] == [
        "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun",
    ]  # fmt: skip
    assert list(WEEKDAYS) == [name for name, _label in form.fields["weekdays"].choices]  # type: ignore[attr-defined]
