"""Which other zones stand beside the time of a conference."""

from datetime import UTC, datetime

from conferences.places import AROUND_THE_WORLD, other_zones, zones_of_form

WINTER = datetime(2026, 12, 3, 13, tzinfo=UTC)
SUMMER = datetime(2027, 7, 1, 13, tzinfo=UTC)


def test_without_history_the_working_day_goes_around_the_world_from_west_to_east() -> None:
    assert other_zones(WINTER, "Europe/Berlin", []) == list(AROUND_THE_WORLD)


def test_zones_used_lately_come_first_and_each_clock_once() -> None:
    known = ["Europe/Berlin", "Europe/Lisbon", "Asia/Kathmandu", "Europe/Paris"]
    assert other_zones(WINTER, "Europe/Berlin", known) == [
        "America/New_York", "America/Sao_Paulo", "Europe/Lisbon", "Asia/Kolkata", "Asia/Kathmandu",
    ]  # fmt: skip


def test_same_clock_in_winter_may_be_another_in_summer() -> None:
    assert "Africa/Lagos" not in other_zones(WINTER, "Europe/Berlin", ["Africa/Lagos"])
    assert "Africa/Lagos" in other_zones(SUMMER, "Europe/Berlin", ["Africa/Lagos"])


def test_zones_that_are_none_are_left_out() -> None:
    assert other_zones(WINTER, "UTC", ["Mars/Phobos"]) == other_zones(WINTER, "UTC", [])


def test_a_form_keeps_its_first_zone_for_when_another_is_chosen() -> None:
    assert zones_of_form(WINTER, "America/New_York", ["Europe/Berlin"]) == [
        "America/New_York", "America/Sao_Paulo", "Europe/London", "Europe/Berlin", "Asia/Kolkata", "Asia/Tokyo",
    ]  # fmt: skip
