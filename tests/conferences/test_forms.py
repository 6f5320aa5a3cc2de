"""The form of a conference: what comes out of it, what it refuses and in which words, and that it loses nothing."""

import itertools
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from cabinet.environ import Room
from cabinet.models import User
from conferences.defaults import right_now
from conferences.edit_forms import EditForm
from conferences.forms import CityForm, ConferenceForm
from conferences.models import Conference, Template
from tests.factories import make_conference

NOW = datetime(2026, 11, 24, 12, 10, tzinfo=UTC)  # 13:10 in Berlin
OVER = "This conference would already be over. Choose a later date"
LENGTH = "Duration must be between 5 and 1440 minutes"


def sent(**changed: Any) -> dict[str, Any]:
    """What a browser sends for a usual conference."""
    return {
        "topic": "Autumn budget review", "date": "2026-12-03", "start": "14:00", "end": "", "duration": "45",
        "minutes": "", "time_zone": "Europe/Berlin", "number": "123-456-789", "password": "", "opens_before": "15",
        "mode": "discussion", "mute_on_entry": "on", "video_quality": "high", "client_video_quality": "default",
        "participants_limit": "", "agenda": "",
    } | changed  # fmt: skip


def form_of(user: User, now: datetime = NOW, **changed: Any) -> ConferenceForm:
    return ConferenceForm(sent(**changed), user=user, now=now)


def errors_of(form: ConferenceForm) -> dict[str, list[str]]:
    return {name: [str(error) for error in errors] for name, errors in form.errors.items()}


def fields_of(user: User, now: datetime = NOW, **changed: Any) -> dict[str, Any]:
    form = form_of(user, now, **changed)
    assert errors_of(form) == {}
    return form.conference_fields()


# WHAT IT STARTS WITH


def test_starts_at_the_next_full_half_hour_in_the_persons_zone(alice: User) -> None:
    initial = ConferenceForm(user=alice, now=NOW).initial
    assert (initial["date"], initial["start"]) == (date(2026, 11, 24), time(13, 30))
    assert (initial["time_zone"], initial["duration"]) == ("Europe/Berlin", "60")


@pytest.mark.parametrize(
    ("zone", "now", "start"),
    [
        ("Asia/Kathmandu", datetime(2026, 11, 24, 12, 10, tzinfo=UTC), datetime(2026, 11, 24, 18, 0)),
        ("Europe/Berlin", datetime(2026, 12, 31, 22, 45, tzinfo=UTC), datetime(2027, 1, 1, 0, 0)),
        ("Europe/Berlin", datetime(2027, 3, 28, 0, 40, tzinfo=UTC), datetime(2027, 3, 28, 3, 0)),
    ],
)
def test_starts_at_a_time_that_exists(alice: User, zone: str, now: datetime, start: datetime) -> None:
    alice.time_zone = zone
    initial = ConferenceForm(user=alice, now=now).initial
    assert datetime.combine(initial["date"], initial["start"]) == start


def test_starts_with_a_conference_id_nobody_has_and_no_password(alice: User) -> None:
    initial = ConferenceForm(user=alice, now=NOW).initial
    assert not Conference.objects.numbered(initial["number"]).exists()
    assert initial["password"] == ""


def test_untouched_form_needs_only_a_topic(alice: User) -> None:
    unbound = ConferenceForm(user=alice, now=NOW)
    values = {name: unbound[name].value() for name in unbound.fields}
    form = ConferenceForm({**values, "mute_on_entry": "on", "topic": "Budget"}, user=alice, now=NOW)
    assert errors_of(form) == {}


# WHEN


def test_hands_out_domain_types(alice: User) -> None:
    fields = fields_of(alice, opens_before="30", participants_limit="25", mute_on_entry="on", password=" harbour42 ")
    assert fields == {
        "topic": "Autumn budget review", "agenda": "", "start_date": date(2026, 12, 3), "start_time": time(14),
        "time_zone": "Europe/Berlin", "duration": timedelta(minutes=45), "number": "123-456-789",
        "password": "harbour42", "opens_before": timedelta(minutes=30), "organizer_first": False,
        "guests_see_each_other": False, "mode": "discussion", "chat_premoderation": False, "mute_on_entry": True,
        "camera_off_on_entry": False, "record": False, "video_quality": "high", "client_video_quality": "default",
        "participants_limit": 25, "waiting_room": False, "invited_only": False, "permanent": False, "rule": "",
        "language": "", "reminders": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "minutes"),
    [
        ({"duration": "90"}, 90),
        ({"duration": "other", "minutes": "5"}, 5),
        ({"duration": "other", "minutes": "1440"}, 1440),
        ({"duration": "45", "minutes": "nonsense"}, 45),
        ({"duration": "45", "end": "14:50"}, 50),
        ({"duration": "other", "minutes": "", "end": "15:00"}, 60),
        ({"duration": "15", "start": "23:30", "end": "00:30"}, 60),
        ({"duration": "15", "end": "14:00"}, 1440),
        ({"duration": ""}, 60),
        ({"date": "2027-10-31", "start": "01:00", "end": "04:00"}, 240),
        ({"date": "2027-03-28", "start": "01:00", "end": "04:00"}, 120),
        ({"date": "2027-10-31", "start": "01:00", "end": "02:30"}, 90),
    ],
)
def test_an_end_wins_over_a_duration(alice: User, changed: dict[str, Any], minutes: int) -> None:
    assert fields_of(alice, **changed)["duration"] == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("start", "duration", "end"), [("01:30", "90", "02:00"), ("02:30", "60", "02:30"), ("02:30", "30", "02:00")]
)
def test_a_duration_says_which_of_two_equal_hours_is_the_end(alice: User, start: str, duration: str, end: str) -> None:
    fields = fields_of(alice, date="2027-10-31", start=start, duration=duration, end=end)
    assert fields["duration"] == timedelta(minutes=int(duration))


@pytest.mark.parametrize(
    ("typed", "day"),
    [("2026-12-03", 3), ("3 December 2026", 3), ("3 Dec 2026", 3), ("03.12.2026", 3), (" 2026-12-31 ", 31)],
)
def test_dates_may_be_typed(alice: User, typed: str, day: int) -> None:
    assert fields_of(alice, date=typed)["start_date"] == date(2026, 12, day)


@pytest.mark.parametrize(("typed", "at"), [("14:05:59", time(14, 5)), ("2:05 pm", time(14, 5)), ("14.05", time(14, 5))])
def test_times_may_be_typed_and_lose_their_seconds(alice: User, typed: str, at: time) -> None:
    assert fields_of(alice, start=typed)["start_time"] == at


@pytest.mark.parametrize(
    ("day", "clock", "zone", "words"),
    [
        ("2027-03-28", "02:30", "Europe/Berlin", "02:30 does not exist in Berlin that night. Choose 01:59 or 03:00"),
        ("2027-03-14", "02:00", "America/New_York",
         "02:00 does not exist in New York that night. Choose 01:59 or 03:00"),
        ("2027-10-03", "02:15", "Australia/Lord_Howe",
         "02:15 does not exist in Lord Howe that night. Choose 01:59 or 02:30"),
    ],
)  # fmt: skip
def test_a_skipped_hour_is_refused_with_both_neighbours(
    alice: User, day: str, clock: str, zone: str, words: str
) -> None:
    assert errors_of(form_of(alice, date=day, start=clock, time_zone=zone)) == {"start": [words]}


def test_a_skipped_end_is_refused_at_the_end(alice: User) -> None:
    form = form_of(alice, date="2027-03-28", start="01:00", end="02:30")
    assert errors_of(form) == {"end": ["02:30 does not exist in Berlin that night. Choose 01:59 or 03:00"]}


def test_a_doubled_hour_is_the_first_and_says_so(alice: User) -> None:
    form = form_of(alice, date="2027-10-31", start="02:30")
    assert form.is_valid()
    assert form.notices == ["02:30 happens twice. We take the first."]


def test_a_past_start_is_a_notice_and_a_past_end_an_error(alice: User) -> None:
    begun = form_of(alice, date="2026-11-24", start="12:40")
    assert begun.is_valid()
    assert begun.notices == ["This starts in the past"]
    assert errors_of(form_of(alice, date="2026-11-24", start="12:20")) == {"date": [OVER]}


def test_the_first_hour_of_all_is_over_everywhere(alice: User) -> None:
    form = form_of(alice, date="0001-01-01", start="00:00", time_zone="Asia/Tokyo")
    assert errors_of(form) == {"date": [OVER]}


def test_today_elsewhere_is_not_past(alice: User) -> None:
    now = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    form = form_of(alice, now, date="2026-11-24", start="19:00", time_zone="America/New_York")
    assert errors_of(form) == {}


def test_five_years_ahead_and_not_a_day_more(alice: User) -> None:
    assert fields_of(alice, date="2031-11-24")["start_date"] == date(2031, 11, 24)
    assert errors_of(form_of(alice, date="2031-11-25")) == {"date": ["Choose a date within the next five years"]}
    leap_day = datetime(2028, 2, 29, 12, tzinfo=UTC)
    assert fields_of(alice, leap_day, date="2033-02-28")["start_date"] == date(2033, 2, 28)
    assert "date" in errors_of(form_of(alice, leap_day, date="2033-03-01"))


def test_former_names_of_zones_become_todays(alice: User) -> None:
    assert fields_of(alice, time_zone="Europe/Kiev")["time_zone"] == "Europe/Kyiv"


# 200 KINDS OF BROKEN INPUT: each an error at the right field, or a clean value

TOO_LONG = "Topic must be 200 characters or shorter"
ONE_LINE = "Use one line, without line breaks or control characters"
NO_TOPIC = "Enter a topic, for example “Autumn budget review”"
REAL_DATE = "Enter a real date, for example 3 December 2026"
FAR = "Choose a date within the next five years"
REAL_TIME = "Enter a real time, for example 14:00"
ZONE = "Choose a time zone"
ID = "Use 6 to 16 digits; dashes may stand between them"
LIMIT = "Enter a number, 2 or more"
OPENS = "Enter minutes, 0 to 1440"
OPTION = "Choose one of the options"

BREAKS = ["\n", "\r", "\r\n", *"\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"]
CONTROLS = [*"\x00\x01\x07\x08\x1b\x7f\x80\x9f\ud800\udfff\ufdd0\ufffe\uffff", "\U0001ffff"]
BROKEN: list[tuple[str, str, str]] = [
    *[("topic", f"Budget{char}Bcc: eve@example.org", ONE_LINE) for char in BREAKS + CONTROLS],
    *[("topic", text, NO_TOPIC) for text in ("", " ", "\t", "\u00a0", "\u202e", "\u2003\u2003", "\u200e\u200f")],
    *[("topic", text, NO_TOPIC) for text in ("\u200b", "\u2060\u0301", "\ufeff\u200d")],
    *[("topic", text, TOO_LONG) for text in ("x" * 201, "я" * 60_000, "👩‍👩‍👧" * 100)],
    *[("password", f"harbour{char}42", ONE_LINE) for char in BREAKS + CONTROLS],
    *[("password", text, "Password must have at least 6 characters") for text in ("a", "12345", "пять5", "     x")],
    ("password", "x" * 33, "Password must have 32 characters or fewer"),
    ("agenda", "x" * 5001, "Agenda must be 5000 characters or shorter"),
    ("date", "", "Choose a date"),
    *[("date", text, REAL_DATE) for text in (
        "2026-02-30", "2027-02-29", "2026-13-01", "2026-00-10", "2026-12-32", "2026-12-00", "0000-01-01", "10000-01-01",
        "tomorrow", "12/03/2026", "2026/12/03", "3 Smarch 2026", "2026-12-03T14:00", "1e9", "-1", "NaN", "2026-12",
        "--", "2026--03", "<b>2026-12-03</b>", "2026-12-03;DROP", "2026-12-03\x00", "31.04.2027", "٢٠٢٦", "x" * 10_000,
    )],
    *[("date", text, OVER) for text in ("0001-01-01", "1970-01-01", "2026-11-20", "2025-12-03", "1900-02-28")],
    *[("date", text, FAR) for text in ("9999-12-31", "2031-11-25", "2099-01-01", "4000-02-29")],
    ("start", "", "Choose a start time"),
    *[("start", text, REAL_TIME) for text in (
        "24:00", "25:00", "12:60", "-1:00", "noon", "14", "14:0:0:0", "1400", "14:00Z", "14:00+01:00", "0x10:00", "🕑",
        "12:00:61", "13:00 pm", "14:00\x00", "x" * 5_000,
    )],
    *[("end", text, REAL_TIME) for text in ("24:00", "99:99", "later", "15:00-16:00", "\x0015:00")],
    *[("end", text, LENGTH) for text in ("14:01", "14:04")],
    *[("time_zone", text, ZONE) for text in (
        "", "Mars/Phobos", "europe/berlin", "Berlin", "UTC+1", "../../etc/passwd", "/etc/localtime", "Etc/GMT+5",
        "posix/Europe/Berlin", "right/UTC", "Factory", "Europe/Berlin\x00", "Europe\\Berlin", "Europe/", "EST5EDT;evil",
        "x" * 9_000, "localtime", "Europe/Berlin\nX-EVIL:1",
    )],
    *[("duration", text, OPTION) for text in ("0", "-15", "16", "1e2", "sixty", "15,30", "other ", "NaN", "\x00")],
    *[("number", text, ID) for text in (
        "12345", "1-2-3", "12345678901234567", "-123456", "123456-", "123--456", "123  456 789", "abc-def-ghi",
        "１２３４５６", "١٢٣٤٥٦", "123456\x00", "123\n456", "1.234567", "+123456", "0x123456", "'; DROP TABLE",
        "123/456/789", "x" * 999,
    )],
    *[("opens_before", text, OPENS) for text in (
        "-1", "1441", "abc", "1.5", "∞", "9" * 30, "9" * 5000, "15 min", "1,5",
    )],
    *[("participants_limit", text, LIMIT) for text in (
        "1", "0", "-5", "many", "2.5", "100001", "9" * 25, "NaN", "Infinity", "2;3", "0x10", "½",
    )],
    *[("mode", text, OPTION) for text in ("party", "DISCUSSION", "role_based", "\x00", "0")],
    *[("video_quality", text, OPTION) for text in ("ultra", "-1", "HIGH")],
    *[("client_video_quality", text, OPTION) for text in ("4k", "vga ", "null")],
]  # fmt: skip


def test_the_table_is_as_long_as_it_says() -> None:
    assert len(BROKEN) >= 200


@pytest.mark.parametrize(("name", "text", "words"), BROKEN, ids=itertools.count())
def test_broken_input_is_an_error_at_its_field_and_stays_there(alice: User, name: str, text: str, words: str) -> None:
    changed: dict[str, Any] = {name: text}
    form = form_of(alice, **changed)
    assert errors_of(form) == {name: [words]}
    assert form[name].value() == text
    assert form["topic"].value() == (text if name == "topic" else "Autumn budget review")


@pytest.mark.parametrize(("minutes", "name"), [(text, "minutes") for text in (
    "", "0", "4", "1441", "-60", "sixty", "1e3", "60.5", "9" * 40, "\x00", "½", "60 min",
)])  # fmt: skip
def test_broken_minutes_are_an_error_only_where_they_are_seen(alice: User, minutes: str, name: str) -> None:
    assert errors_of(form_of(alice, duration="other", minutes=minutes)) == {name: [LENGTH]}
    assert errors_of(form_of(alice, duration="45", minutes=minutes)) == {}


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("  Budget \t  2027 ", "Budget 2027"),
        ("\u202eBudget\u202c", "Budget"),
        ("Cafe\u0301", "Café"),
        ("{{ settings.SECRET_KEY }} {% debug %}", "{{ settings.SECRET_KEY }} {% debug %}"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("=?utf-8?q?Bcc:_eve?=", "=?utf-8?q?Bcc:_eve?="),
        ("x" * 200, "x" * 200),
        ("Совещание — 会議 — اجتماع 👩‍👩‍👧", "Совещание — 会議 — اجتماع 👩‍👩‍👧"),
    ],
)
def test_topics_are_one_clean_line(alice: User, typed: str, stored: str) -> None:
    assert fields_of(alice, topic=typed)["topic"] == stored


def test_agenda_is_clean_text(alice: User) -> None:
    typed = "1. Figures\r\n2.\u2028Next\x00 \x1b[31mred\u202e"
    assert fields_of(alice, agenda=typed)["agenda"] == "1. Figures\n2.\nNext [31mred"


def test_all_that_is_wrong_is_said_at_once(alice: User) -> None:
    form = form_of(alice, topic="", date="", start="", password="abc", participants_limit="1", number="x")
    assert set(errors_of(form)) == {"topic", "date", "start", "password", "participants_limit", "number"}


def test_fields_nobody_offered_change_nothing(alice: User) -> None:
    evil: dict[str, Any] = {
        "owner": "2",
        "is_staff": "1",
        "sequence": "9",
        "join_token": "x" * 26,
        "cancelled_at": "2020-01-01",
    }
    assert fields_of(alice, **evil) == fields_of(alice)


def test_a_taken_conference_id_is_refused_by_its_digits(alice: User, charlie: User) -> None:
    make_conference(charlie, number="123456789")
    words = "Another conference has this ID. Choose another one."
    assert errors_of(form_of(alice, number="123-456-789")) == {"number": [words]}


@pytest.mark.parametrize("name", ["number", "opens_before", "mode", "video_quality", "client_video_quality"])
def test_emptied_settings_fall_back_to_the_defaults(alice: User, name: str) -> None:
    emptied: dict[str, Any] = {name: ""}
    assert fields_of(alice, **emptied)[name]


# ROOMS


def test_one_room_is_no_choice_and_what_it_cannot_do_is_said(alice: User) -> None:
    form = ConferenceForm(user=alice, now=NOW)
    assert "room_backend" not in form.fields
    silent = {name for name in form.fields if "meet.jit.si" in str(form.fields[name].help_text)}
    assert silent == {"mode", "chat_premoderation", "record", "video_quality", "participants_limit"}


def test_several_rooms_are_a_choice(alice: User, settings: Any) -> None:
    settings.ROOMS = (
        Room("blue", "jitsi", "https://blue.example.org"),
        Room("phone", "link", "https://phone.example.org/{room}"),
    )
    assert fields_of(alice, room_backend="phone")["room_backend"] == "phone"
    assert fields_of(alice, room_backend="")["room_backend"] == "blue"
    assert errors_of(form_of(alice, room_backend="https://evil.example")) == {"room_backend": [OPTION]}
    hint = str(ConferenceForm(user=alice, now=NOW).fields["mute_on_entry"].help_text)
    assert "phone" in hint
    assert "blue" not in hint


# ZONES TO CHOOSE FROM


def test_zones_stand_in_groups_with_one_chosen(alice: User) -> None:
    make_conference(alice, time_zone="Asia/Tokyo")
    html = str(ConferenceForm(user=alice, now=NOW)["time_zone"])
    assert '<optgroup label="Yours"><option value="Europe/Berlin" selected>Berlin (UTC+1)</option></optgroup>' in html
    assert '<optgroup label="Used lately"><option value="Asia/Tokyo">Tokyo (UTC+9)</option></optgroup>' in html
    assert html.count(" selected") == 1
    assert html.count("<option") > 400


def test_a_chosen_zone_stays_chosen(alice: User) -> None:
    html = str(form_of(alice, topic="", time_zone="Asia/Kathmandu")["time_zone"])
    assert '<option value="Asia/Kathmandu" selected>Kathmandu (UTC+5:45)</option>' in html
    assert html.count(" selected") == 1


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("Auckland", "Pacific/Auckland"),
        ("new york", "America/New_York"),
        ("sao paulo", "America/Sao_Paulo"),
        ("auck", "Pacific/Auckland"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("UTC", "UTC"),
    ],
)
def test_cities_are_found(typed: str, zone: str) -> None:
    form = CityForm({"city": typed})
    assert form.is_valid()
    assert form.cleaned_data["city"] == zone


@pytest.mark.parametrize("typed", ["Atlantis", "!?", "\x00", "<>"])
def test_unknown_cities_are_said_to_be_unknown(typed: str) -> None:
    words = f"There is no “{typed}” among the time zones. Try a larger city nearby."
    assert CityForm({"city": typed}).errors["city"].as_data()[0].messages == [words]


# BUTTONS


def test_start_now_takes_this_minute_and_needs_no_topic(alice: User) -> None:
    form = ConferenceForm(right_now(sent(topic=" ", date="x", start="x", end="x"), alice, NOW), user=alice, now=NOW)
    assert form.is_valid()
    fields = form.conference_fields()
    assert (fields["topic"], fields["start_date"], fields["start_time"]) == (
        "Ad hoc conference", date(2026, 11, 24), time(13, 10),
    )  # fmt: skip
    assert fields["duration"] == timedelta(minutes=45)
    assert form.notices == []


def test_start_now_in_the_doubled_hour_means_this_one(alice: User) -> None:
    second_time = datetime(2027, 10, 31, 1, 30, tzinfo=UTC)  # 02:30 in Berlin, for the second time
    form = ConferenceForm.ad_hoc(alice, second_time)
    assert form.is_valid()
    conference = Conference(organizer=alice, **form.conference_fields())
    assert conference.starts_at == second_time


def test_template_keeps_settings_without_topic_or_date(alice: User) -> None:
    form = form_of(
        alice, topic="", date="", duration="other", minutes="50", opens_before="5", record="on", password="harbour42"
    )
    assert form.save_as_template()
    assert errors_of(form) == {}
    initial = ConferenceForm(user=alice, now=NOW).initial
    assert (initial["duration"], initial["minutes"], initial["opens_before"]) == ("other", 50, 5)
    assert (initial["record"], initial["organizer_first"], len(initial["password"])) == (True, False, 10)
    assert fields_of(alice, opens_before="")["opens_before"] == timedelta(minutes=5)


def test_template_with_a_wrong_setting_is_not_saved(alice: User) -> None:
    form = form_of(alice, topic="", participants_limit="1")
    assert not form.save_as_template()
    assert errors_of(form) == {"participants_limit": [LIMIT]}
    assert not Template.objects.exists()


# EDIT


def test_edit_form_starts_with_the_conference(alice: User) -> None:
    conference = make_conference(
        alice, start=datetime(2026, 12, 3, 14), duration=timedelta(minutes=50), number="111-222-333"
    )
    form = EditForm(user=alice, now=NOW, conference=conference)
    values = {name: form[name].value() for name in ("topic", "duration", "minutes", "opens_before", "number", "end")}
    assert values == {
        "topic": "Quarterly planning", "duration": "other", "minutes": 50, "opens_before": 15, "number": "111-222-333",
        "end": None,
    }  # fmt: skip


def test_edit_keeps_its_own_conference_id_also_when_emptied(alice: User) -> None:
    conference = make_conference(alice, number="111-222-333")
    for typed in ("111222333", ""):
        form = EditForm(sent(number=typed, seen_sequence="0"), user=alice, now=NOW, conference=conference)
        assert errors_of(form) == {}
        assert form.cleaned_data["number"] == (typed or "111-222-333")


def test_edit_of_a_running_conference_does_not_complain_about_its_start(alice: User) -> None:
    conference = make_conference(alice, start=datetime(2026, 11, 24, 13))
    changed = sent(date="2026-11-24", start="13:00", password="harbour42", seen_sequence="0")
    form = EditForm(changed, user=alice, now=NOW, conference=conference)
    assert form.is_valid()
    assert form.notices == []
