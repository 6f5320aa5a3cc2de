"""Wall clock and instant. The oracle is zoneinfo itself, asked both ways round."""

import re
import time
import zoneinfo
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conferences import times

MINUTE = timedelta(minutes=1)
WALLS = st.datetimes(datetime(2020, 1, 1), datetime(2045, 1, 1)).map(lambda at: at.replace(second=0, microsecond=0))
ZONES = st.sampled_from(times.zone_names())
YEARS = (2026, 2027, 2031)


def wall_at(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def instant_or_gap(wall: datetime, zone: str) -> datetime | times.NoSuchTime:
    try:
        return times.instant(wall, zone)
    except times.NoSuchTime as gap:
        return gap


# WALL CLOCK -> INSTANT


@given(WALLS, ZONES)
def test_instant_is_when_the_clock_shows_it_or_never(wall: datetime, zone: str) -> None:
    found = instant_or_gap(wall, zone)

    if isinstance(found, datetime):
        assert found.tzinfo is UTC
        assert wall_at(found, zone) == wall
    else:
        assert found.before < wall < found.after
        assert times.instant(found.after, zone) - times.instant(found.before, zone) == MINUTE


def test_every_gap_is_refused_and_every_fold_taken_the_first_time() -> None:
    seen = {"gap": 0, "fold": 0}
    for zone in times.zone_names():
        for change in (change for year in YEARS for change in times.clock_changes(zone, year)):
            last, first = wall_at(change.at - MINUTE, zone), wall_at(change.at, zone)
            middle = min(last, first) + abs(first - last) / 2
            if first > last:
                seen["gap"] += 1
                with pytest.raises(times.NoSuchTime) as caught:
                    times.instant(middle, zone)
                assert (caught.value.before, caught.value.after) == (last, first)
                assert not times.happens_twice(middle, zone)
            else:
                seen["fold"] += 1
                assert times.happens_twice(middle, zone)
                assert times.instant(middle, zone) < change.at
                assert not times.happens_twice(last + MINUTE, zone)
    assert min(seen.values()) > 300


def test_instant_names_the_neighbours_of_a_skipped_hour() -> None:
    with pytest.raises(times.NoSuchTime, match="Europe/Berlin") as caught:
        times.instant(datetime(2027, 3, 28, 2, 30), "Europe/Berlin")

    assert caught.value.before == datetime(2027, 3, 28, 1, 59)
    assert caught.value.after == datetime(2027, 3, 28, 3, 0)


def test_instant_refuses_a_day_that_a_country_skipped() -> None:
    with pytest.raises(times.NoSuchTime) as caught:
        times.instant(datetime(2011, 12, 30, 12), "Pacific/Apia")

    assert (caught.value.before, caught.value.after) == (datetime(2011, 12, 29, 23, 59), datetime(2011, 12, 31))


def test_instant_takes_the_first_of_an_hour_that_happens_twice() -> None:
    wall = datetime(2027, 10, 31, 2, 30)

    assert times.happens_twice(wall, "Europe/Berlin")
    assert times.instant(wall, "Europe/Berlin") == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert times.instant(wall.replace(fold=1), "Europe/Berlin") == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


def test_skipped_says_when_an_occurrence_begins_instead() -> None:
    gap = datetime(2027, 3, 28, 2, 30)
    assert times.skipped(gap, "Europe/Berlin") == datetime(2027, 3, 28, 3, 30)
    assert times.skipped(gap.replace(hour=3), "Europe/Berlin") is None
    assert times.skipped(datetime(2027, 10, 31, 2, 30), "Europe/Berlin") is None  # it comes twice
    assert times.skipped(datetime(2011, 12, 30, 12), "Pacific/Apia") == datetime(2011, 12, 31, 12)


@given(WALLS, ZONES)
def test_skipped_are_the_times_that_do_not_exist(wall: datetime, zone: str) -> None:
    assert (times.skipped(wall, zone) is None) is isinstance(instant_or_gap(wall, zone), datetime)


@pytest.mark.parametrize("minute", [0, 29, 30])
def test_half_hour_changes_are_known(minute: int) -> None:
    """Lord Howe Island moves its clocks by thirty minutes."""
    wall = datetime(2027, 10, 3, 2, minute)

    if minute < 30:
        with pytest.raises(times.NoSuchTime) as caught:
            times.instant(wall, "Australia/Lord_Howe")
        assert (caught.value.before.time().isoformat(), caught.value.after.time().isoformat()) == (
            "01:59:00",
            "02:30:00",
        )
    else:
        assert times.instant(wall, "Australia/Lord_Howe") == datetime(2027, 10, 2, 15, 30, tzinfo=UTC)


def test_the_rules_of_the_machine_itself_are_never_read() -> None:
    assert zoneinfo.TZPATH == ()


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles", "Europe/Berlin"])
def test_the_zone_of_the_server_changes_nothing(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert times.instant(datetime(2027, 7, 1, 10), "Europe/Moscow") == datetime(2027, 7, 1, 7, tzinfo=UTC)
        assert times.zone_label(datetime(2027, 7, 1, tzinfo=UTC), "Europe/Moscow") == "Moscow (UTC+3)"
    finally:
        monkeypatch.undo()
        time.tzset()


@given(st.datetimes(datetime(2026, 1, 1), datetime(2033, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)), ZONES)
def test_clock_changes_account_for_every_offset(at: datetime, zone: str) -> None:
    changes = times.clock_changes(zone, at.year)
    past = [change.after for change in changes if change.at <= at]
    to_come = [change.before for change in changes if change.at > at]

    if changes:
        assert at.astimezone(ZoneInfo(zone)).utcoffset() == (past[-1] if past else to_come[0])
    else:
        january = datetime(at.year, 1, 1, tzinfo=UTC).astimezone(ZoneInfo(zone))
        assert at.astimezone(ZoneInfo(zone)).utcoffset() == january.utcoffset()


# ZONES


def test_zones_to_choose_are_places_and_utc() -> None:
    names = times.zone_names()

    assert len(names) == len(set(names)) > 400
    assert {"Europe/Berlin", "Europe/Kyiv", "Asia/Kolkata", "America/Argentina/Buenos_Aires", "UTC"} <= set(names)
    assert not {
        name for name in names if name.startswith(("Etc/", "posix", "right", "System", "US/", "GMT", "Brazil/"))
    }
    assert {name for name in names if "/" not in name} == {"UTC"}
    assert all(map(times.is_zone, names))


@pytest.mark.parametrize(
    "name",
    ["", "Berlin", "EST5EDT", "Etc/GMT+3", "../../etc/passwd", "Europe/berlin", "Europe", "zone.tab", "posix/UTC"],
)
def test_other_names_are_no_zones(name: str) -> None:
    assert not times.is_zone(name)


@pytest.mark.parametrize(
    ("reported", "chosen"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("Europe/Oslo", "Europe/Oslo"),
        ("Europe/Kiev", "Europe/Kyiv"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("Asia/Saigon", "Asia/Ho_Chi_Minh"),
        ("America/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("US/Pacific", "America/Los_Angeles"),
        ("Etc/UTC", "UTC"),
        ("GMT", "UTC"),
        ("Etc/GMT+3", ""),
        ("Mars/Olympus_Mons", ""),
        ("", ""),
    ],
)
def test_canonical_knows_what_browsers_report(reported: str, chosen: str) -> None:
    assert times.canonical(reported) == chosen


def test_every_storable_zone_has_a_place_to_choose_with_the_same_clock() -> None:
    for name in times._storable():
        assert times.canonical(name) in times.zone_names()
        for month in (1, 7):
            at = datetime(2027, month, 15, 12, tzinfo=UTC)
            assert times.offset(at, name) == times.offset(at, times.canonical(name)), name


@pytest.mark.parametrize(
    ("zone", "label"),
    [
        ("Europe/Berlin", "Berlin (UTC+1)"),
        ("Europe/Lisbon", "Lisbon (UTC+0)"),
        ("Asia/Kolkata", "Kolkata (UTC+5:30)"),
        ("America/Sao_Paulo", "São Paulo (UTC−3)"),
        ("America/St_Johns", "St. John’s (UTC−3:30)"),
        ("America/Argentina/Buenos_Aires", "Buenos Aires (UTC−3)"),
        ("Pacific/Kiritimati", "Kiritimati (UTC+14)"),
        ("UTC", "UTC"),
    ],
)
def test_zone_label_says_city_and_offset(zone: str, label: str) -> None:
    assert times.zone_label(datetime(2026, 12, 3, 13, tzinfo=UTC), zone) == label


def test_labels_are_those_of_the_day_asked_for() -> None:
    winter, summer = (dict(times.zone_choices(datetime(2027, month, 1, 12, 34, 56, tzinfo=UTC))) for month in (1, 7))

    assert winter["Europe/Berlin"] == "Berlin (UTC+1)"
    assert summer["Europe/Berlin"] == "Berlin (UTC+2)"


def test_labels_change_in_the_very_minute_of_a_clock_change() -> None:
    change = datetime(2027, 3, 28, 1, tzinfo=UTC)

    assert dict(times.zone_choices(change - MINUTE))["Europe/Berlin"] == "Berlin (UTC+1)"
    assert dict(times.zone_choices(change))["Europe/Berlin"] == "Berlin (UTC+2)"


def test_zone_choices_hold_every_zone_once_in_the_order_of_cities() -> None:
    choices = times.zone_choices(datetime(2027, 1, 1, tzinfo=UTC))

    assert sorted(name for name, _label in choices) == list(times.zone_names())
    assert len({label for _name, label in choices}) == len(choices)
    assert all(re.fullmatch(r"UTC|\D+ \(UTC[+−]\d{1,2}(:\d\d)?\)", label) for _name, label in choices)
    cities = [label for _name, label in choices]
    assert cities.index("Accra (UTC+0)") < cities.index("Berlin (UTC+1)") < cities.index("São Paulo (UTC−3)")


def test_all_clock_changes_fall_on_a_quarter_of_an_hour() -> None:
    """The cached table of labels relies on it."""
    changes = [change for zone in times.zone_names() for year in YEARS for change in times.clock_changes(zone, year)]

    assert {(change.at.minute % 15, change.at.second) for change in changes} == {(0, 0)}


@pytest.mark.parametrize(
    ("hours", "sky"),
    [((5, 8), "morning"), ((9, 16), "day"), ((17, 20), "evening"), ((21, 23), "night"), ((0, 4), "night")],
)
def test_sky_follows_the_hour(hours: tuple[int, int], sky: str) -> None:
    first, last = hours

    assert times.sky(datetime(2027, 1, 1, first, 0)) == sky
    assert times.sky(datetime(2027, 1, 1, last, 59)) == sky
