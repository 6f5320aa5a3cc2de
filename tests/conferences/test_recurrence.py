"""Rules by which conferences repeat. The oracle is dateutil, which expands any rule, and so is asked only for ours."""

import random
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from django.utils import translation

from conferences import recurrence, times
from conferences.models import JOIN_ENDS_AFTER
from conferences.occurrences import LONGEST
from conferences.recurrence import NoDay, Rule, TooFar, TooManyDays, UnsupportedRule, parse

SEED = 20261124
TODAY = date(2026, 11, 24)
MONDAY = date(2026, 11, 23)


def some_rules(number: int, seed: int = SEED) -> Iterator[tuple[Rule, date]]:
    """Allowed rules with a day to start from, the same ones in every run; pytest shows the seed where one fails."""
    print(f"seed {seed}")  # noqa: T201
    chance = random.Random(seed)
    for _ in range(number):
        start = date(2024, 1, 1) + timedelta(days=chance.randrange(6 * 366))
        yield _some_rule(chance, start), start


def _some_rule(chance: random.Random, start: date) -> Rule:
    freq: recurrence.Freq = chance.choice(("DAILY", "WEEKLY", "MONTHLY", "YEARLY"))
    interval = chance.choice((1, 1, 1, 2, 3, 4, 12, chance.randint(1, 99)))
    days: dict[str, Any] = {}
    if freq == "WEEKLY":
        days = {"weekdays": tuple(sorted(chance.sample(range(7), chance.randint(0, 7))))}
    elif freq == "MONTHLY" and chance.random() < 0.8:
        nth, day = (
            (chance.choice((1, 2, 3, 4, -1)), chance.randrange(7)),
            chance.choice((-1, *range(1, 32), 29, 30, 31)),
        )
        days = chance.choice(({"nth": nth}, {"month_day": day}))
    end: dict[str, Any] = chance.choice(
        ({}, {"count": chance.randint(1, 366)}, {"until": start + timedelta(days=chance.randrange(-3, 5 * 365))})
    )
    return Rule(freq, interval, **days, **end)


# DAYS


def test_days_are_those_of_dateutil() -> None:
    met = 0
    for rule, start in some_rules(3000):
        ours = list(islice(rule.days(start), 60))
        oracle = rrulestr(str(rule), dtstart=datetime.combine(start, time()))
        assert ours == [at.date() for at in islice(oracle, 60)], (str(rule), start)
        met += len(ours)
    assert met > 100_000


def test_days_since_are_the_end_of_all_days() -> None:
    for rule, start in some_rules(500):
        since = start + timedelta(days=900)
        every = [day for day in islice(rule.days(start), 950) if day >= since][:5]
        assert list(islice(rule.days(start, since), len(every))) == every, (str(rule), start)
        assert all(rule.meets(start, day) for day in every)


def test_a_year_of_a_series_is_at_the_instants_that_its_clocks_say_in_every_zone() -> None:
    """The wall clock is kept; in a gap by the offset before it (RFC 5545 section 3.3.5), in a fold the first time."""
    seen = {"plain": 0, "gap": 0, "fold": 0}
    for zone, (rule, start) in zip(times.zone_names(), some_rules(len(times.zone_names()), seed=1), strict=True):
        for at in _nights_of_change(zone):
            daily = Rule("DAILY", count=3)
            _compare(daily, datetime.combine(at.date() - timedelta(days=1), at.time()), zone, seen)
        _compare(rule, datetime.combine(start, time(2, 30)), zone, seen)
    assert seen["plain"] > 10_000
    assert min(seen["gap"], seen["fold"]) > 300


def _nights_of_change(zone: str) -> list[datetime]:
    """Wall clocks within the gaps and folds of a few years."""
    half = timedelta(minutes=15)
    changes = [change for year in (2026, 2027, 2028) for change in times.clock_changes(zone, year)]
    return [(change.at + min(change.before, change.after)).replace(tzinfo=None) + half for change in changes]


def _compare(rule: Rule, first: datetime, zone: str, seen: dict[str, int]) -> None:
    ours = [
        times.instant_by_rule(datetime.combine(day, first.time()), zone)
        for day in islice(rule.days(first.date()), 60)
    ]  # fmt: skip
    oracle = rrulestr(str(rule), dtstart=datetime.combine(first.date(), time()))
    walls = [datetime.combine(day.date(), first.time()) for day in islice(oracle, 60)]
    assert ours == [_instant_by_hand(wall, zone, seen) for wall in walls], (str(rule), first, zone)


def _instant_by_hand(wall: datetime, zone: str, seen: dict[str, int]) -> datetime:
    """All instants are tried at which clocks could show `wall`: zoneinfo is only asked what they show."""

    def offset(at: datetime) -> timedelta:
        return at.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()

    as_utc = wall.replace(tzinfo=UTC)
    before, after = (offset(as_utc + timedelta(hours=hours)) for hours in (-40, 40))
    shown = sorted(at for at in {as_utc - before, as_utc - after} if at + offset(at) == as_utc)
    seen["gap" if not shown else "plain" if len(shown) == 1 else "fold"] += 1
    return shown[0] if shown else as_utc - before


@pytest.mark.parametrize(
    ("rule", "start"),
    [("FREQ=DAILY", date(9997, 12, 30)), ("FREQ=WEEKLY;BYDAY=MO", date(9997, 12, 1)),
     ("FREQ=MONTHLY;BYDAY=-1FR", date(9997, 1, 1)), ("FREQ=YEARLY;INTERVAL=99", date(2028, 2, 29)),
     ("FREQ=DAILY;INTERVAL=99;UNTIL=99991231", date(9997, 1, 1)), ("FREQ=YEARLY;INTERVAL=67", date(2026, 12, 31))],
)  # fmt: skip
def test_days_end_before_the_calendar(rule: str, start: date) -> None:
    oracle = rrulestr(rule, dtstart=datetime.combine(start, time()))
    assert list(parse(rule).days(start)) == [at.date() for at in oracle if at.year < 9998]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York"])
def test_all_that_follows_from_the_last_day_is_in_the_calendar(zone: str) -> None:
    start = times.instant_by_rule(datetime.combine(recurrence.LAST_DAY, time(23, 59)), zone)
    for shown in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        assert times.wall_clock(start + LONGEST + JOIN_ENDS_AFTER, shown).year == 9998
    assert isinstance(times.clock_changes(zone, start.year), tuple)


# BOUNDS


@pytest.mark.parametrize("start", [TODAY, date(2028, 2, 29), date(9999, 12, 31), date(1, 1, 1)])
@pytest.mark.parametrize(
    "rule",
    ["FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31", "FREQ=YEARLY;COUNT=366", "FREQ=YEARLY;INTERVAL=99",
     "FREQ=DAILY;INTERVAL=99", "FREQ=DAILY;UNTIL=99991231", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;UNTIL=99991231",
     "FREQ=MONTHLY;BYMONTHDAY=31;INTERVAL=99;COUNT=366", "FREQ=DAILY;UNTIL=00010101"],
)  # fmt: skip
def test_whatever_the_rule_a_few_thousand_periods_are_looked_at(
    rule: str, start: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = 0
    days_of = Rule._days_of

    def counted(self: Rule, start: date, step: int) -> Iterator[date]:
        nonlocal steps
        steps += 1
        return days_of(self, start, step)

    monkeypatch.setattr(Rule, "_days_of", counted)
    with suppress(NoDay, TooManyDays, TooFar):
        recurrence.check(parse(rule), start)
    with suppress(NoDay, TooManyDays):
        assert len(recurrence.ahead(parse(rule), start, TODAY, TODAY)) <= recurrence.MOST
    recurrence.in_words(parse(rule), start)
    assert steps <= 5 * recurrence.STEPS


@pytest.mark.parametrize(
    ("rule", "error"),
    [("FREQ=DAILY;UNTIL=20261122", NoDay), ("FREQ=WEEKLY;BYDAY=SU;UNTIL=20261124", NoDay),
     ("FREQ=DAILY;UNTIL=20311125", TooFar), ("FREQ=YEARLY;UNTIL=99991231", TooFar),
     ("FREQ=DAILY;UNTIL=20271124", TooManyDays), ("FREQ=DAILY;UNTIL=20311124", TooManyDays)],
)  # fmt: skip
def test_check_names_what_is_wrong(rule: str, error: type[ValueError]) -> None:
    with pytest.raises(error):
        recurrence.check(parse(rule), MONDAY)


def test_check_refuses_a_day_that_never_comes_and_a_count_that_is_never_reached() -> None:
    with pytest.raises(NoDay):
        recurrence.check(parse("FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=30"), date(2027, 2, 1))
    with pytest.raises(TooManyDays):
        recurrence.check(parse("FREQ=YEARLY;COUNT=366"), date(2028, 2, 29))


@pytest.mark.parametrize("rule", ["FREQ=DAILY;COUNT=366", "FREQ=DAILY;UNTIL=20271123", "FREQ=DAILY", "FREQ=YEARLY"])
def test_check_lets_pass_what_has_a_year_of_days(rule: str) -> None:
    recurrence.check(parse(rule), MONDAY)


@pytest.mark.parametrize(
    ("start", "last"),
    [(MONDAY, date(2031, 11, 24)), (date(2028, 2, 29), date(2033, 3, 1)), (date(9999, 5, 5), date.max)],
)
def test_a_series_may_be_said_to_end_within_five_years(start: date, last: date) -> None:
    assert recurrence.latest_until(start) == last


def test_first_day_is_the_first_that_the_rule_meets() -> None:
    assert recurrence.first_day(parse("FREQ=WEEKLY;BYDAY=FR"), MONDAY) == date(2026, 11, 27)
    assert recurrence.first_day(parse("FREQ=MONTHLY;BYMONTHDAY=31"), date(2027, 2, 1)) == date(2027, 3, 31)
    assert recurrence.first_day(parse("FREQ=DAILY"), MONDAY) == MONDAY


# WHAT IS STORED


def ahead(rule: str, start: date, today: date) -> list[date]:
    return recurrence.ahead(parse(rule), start, today, today + timedelta(days=730))


def test_all_of_a_finite_rule_are_stored_and_two_years_of_an_endless_one() -> None:
    assert len(ahead("FREQ=WEEKLY;COUNT=300", MONDAY, TODAY)) == 300
    assert len(ahead("FREQ=WEEKLY", MONDAY, TODAY)) == 105
    assert len(ahead("FREQ=DAILY", MONDAY, TODAY)) == 366


def test_what_may_still_go_on_is_stored_and_what_is_long_over_is_not() -> None:
    days = ahead("FREQ=DAILY;COUNT=366", date(2026, 3, 1), TODAY)
    assert (days[0], days[-1]) == (date(2026, 11, 22), date(2027, 3, 1))


def test_a_long_series_that_was_cut_off_is_through_and_not_too_long() -> None:
    assert ahead("FREQ=DAILY;UNTIL=20261120", date(2020, 1, 1), TODAY) == []


def test_the_next_day_of_an_endless_rule_is_stored_however_far_it_is() -> None:
    assert ahead("FREQ=YEARLY;INTERVAL=50", date(2026, 11, 1), TODAY) == [date(2076, 11, 1)]
    assert ahead("FREQ=WEEKLY", date(2031, 1, 6), TODAY) == [date(2031, 1, 6)]


def test_what_is_too_long_or_never_comes_is_not_stored() -> None:
    with pytest.raises(TooManyDays):
        ahead("FREQ=DAILY;UNTIL=20301231", MONDAY, TODAY)
    with pytest.raises(NoDay):
        ahead("FREQ=DAILY;UNTIL=20200101", MONDAY, TODAY)


# GRAMMAR


def test_text_and_rule_are_the_same_thing() -> None:
    for rule, _start in some_rules(1000):
        assert parse(str(rule)) == rule
        assert parse(f"RRULE:{str(rule).lower()}") == rule


@pytest.mark.parametrize(
    "text",
    [
        "", ";", "=", "FREQ", "FREQ=", "FREQ=DAILY;", ";FREQ=DAILY", "FREQ=DAILY;;COUNT=2", "FREQ=DAILY;COUNT",
        "COUNT=2", "FREQ=SECONDLY", "FREQ=MINUTELY", "FREQ=HOURLY", "FREQ=FORTNIGHTLY", "FREQ=DAILY,WEEKLY",
        "FREQ=DAILY;FREQ=DAILY", "FREQ=DAILY;COUNT=2;COUNT=2",
        "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=-1", "FREQ=DAILY;INTERVAL=100", "FREQ=DAILY;INTERVAL=1.5",
        "FREQ=DAILY;INTERVAL=+1", "FREQ=DAILY;INTERVAL=1E1", "FREQ=DAILY;INTERVAL= 1", "FREQ=DAILY;INTERVAL=",
        "FREQ=DAILY;COUNT=0", "FREQ=DAILY;COUNT=-1", "FREQ=DAILY;COUNT=367", "FREQ=DAILY;COUNT=1000000000",
        "FREQ=DAILY;COUNT=2;UNTIL=20270101", "FREQ=DAILY;UNTIL=20270230", "FREQ=DAILY;UNTIL=00000101",
        "FREQ=DAILY;UNTIL=2027-01-01", "FREQ=DAILY;UNTIL=20270101T000000Z", "FREQ=DAILY;UNTIL=270101",
        "FREQ=DAILY;UNTIL=100000101", "FREQ=DAILY;BYDAY=MO", "FREQ=DAILY;BYMONTHDAY=31",
        "FREQ=WEEKLY;BYDAY=1MO", "FREQ=WEEKLY;BYDAY=", "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=MO,", "FREQ=WEEKLY;BYDAY=M",
        "FREQ=WEEKLY;BYMONTHDAY=1", "FREQ=WEEKLY;BYDAY=MO TU", "FREQ=WEEKLY;WKST=SU", "FREQ=WEEKLY;BYWEEKNO=1",
        "FREQ=MONTHLY;BYDAY=MO", "FREQ=MONTHLY;BYDAY=5MO", "FREQ=MONTHLY;BYDAY=0MO", "FREQ=MONTHLY;BYDAY=-2MO",
        "FREQ=MONTHLY;BYDAY=1MO,2MO", "FREQ=MONTHLY;BYDAY=+1MO", "FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYMONTHDAY=0", "FREQ=MONTHLY;BYMONTHDAY=32", "FREQ=MONTHLY;BYMONTHDAY=-2",
        "FREQ=MONTHLY;BYMONTHDAY=1,2", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=MONTHLY;BYMONTH=2",
        "FREQ=YEARLY;BYDAY=1MO", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYYEARDAY=1", "FREQ=YEARLY;BYEASTER=0",
        "FREQ=DAILY;BYHOUR=1", "FREQ=DAILY;BYMINUTE=1", "FREQ=DAILY;BYSECOND=1", "FREQ=DAILY;BYMONTHDAY=31;BYSETPOS=2",
        "FREQ=DAILY;X-OWN=1", "FREQ=DAILY;RSCALE=GREGORIAN", "FREQ=MONTHLY;SKIP=FORWARD;BYMONTHDAY=31",
        "EXDATE:20270101", "FREQ=DAILY\nEXDATE:20270101",
        "RRULE:FREQ=DAILY\r\nRRULE:FREQ=DAILY", "RRULE:RRULE:FREQ=DAILY",
        "DTSTART:20270101\nRRULE:FREQ=DAILY", "EXRULE:FREQ=DAILY", "FREQ=DAILY\n",
        "\nFREQ=DAILY", "FREQ=DAILY ", "FREQ=DAILY\0",
        "FREQ=DAILY;COUNT=2\n", "FREQ=DAILY;COUNT=٢", "FREQ=DAILY;COUNT=２", "FREQ=DAILY;UNTIL=２０２７０１０１",
        "FREQ=DAıLY",
        "FREQ=WEEKLY;BYDAY=ſU", "ＦＲＥＱ=DAILY", "FREQ＝DAILY", "FREQ=DAILY;COUNT=²",
    ],
)  # fmt: skip
def test_what_is_not_of_our_grammar_is_refused(text: str) -> None:
    with pytest.raises(UnsupportedRule):
        parse(text)


@pytest.mark.parametrize("part", ["FREQ=DAILY;", "A", "FREQ=WEEKLY;BYDAY=MO,", "=;", "1"])
def test_a_megabyte_is_refused_by_its_length(part: str) -> None:
    with pytest.raises(UnsupportedRule) as caught:
        parse(part * (1_000_000 // len(part)))
    assert len(str(caught.value)) <= 200


# WORDS


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=DAILY", "Every day"),
        ("FREQ=DAILY;INTERVAL=3;COUNT=1", "Every 3 days, once"),
        ("FREQ=WEEKLY", "Every week on Monday"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=WE,MO;COUNT=10", "Every 2 weeks on Monday and Wednesday, 10 times"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "Every week from Monday to Friday"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,SU", "Every week on Monday, Tuesday and Sunday"),
        ("FREQ=MONTHLY", "Every month on day 23"),
        ("FREQ=MONTHLY;BYDAY=2TU;UNTIL=20270630", "Every month on the second Tuesday, until 30 June 2027"),
        ("FREQ=MONTHLY;INTERVAL=3;BYDAY=-1FR", "Every 3 months on the last Friday"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "Every month on the last day"),
        ("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=4", "Every month on day 31, 4 times; months without that day are left out"),
        ("FREQ=MONTHLY;BYMONTHDAY=28", "Every month on day 28"),
        ("FREQ=YEARLY;INTERVAL=2", "Every 2 years on 23 November"),
    ],
)
def test_a_rule_is_said_in_one_sentence(rule: str, words: str) -> None:
    with translation.override("en"):
        assert recurrence.in_words(parse(rule), MONDAY) == words


def test_words_say_what_is_left_out_only_where_something_is() -> None:
    yearly, monthly = parse("FREQ=YEARLY"), parse("FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31")
    assert (
        recurrence.in_words(yearly, date(2028, 2, 29))
        == "Every year on 29 February; years without that day are left out"
    )
    assert recurrence.in_words(monthly, date(2027, 1, 1)) == "Every 12 months on day 31"
    assert recurrence.in_words(parse("FREQ=YEARLY;INTERVAL=4"), date(2028, 2, 29)) == "Every 4 years on 29 February"


def test_every_allowed_rule_has_words_of_its_own() -> None:
    """Two rules that meet other days never read alike."""
    said: dict[str, list[date]] = {}
    for rule, _start in some_rules(3000):
        words = recurrence.in_words(rule, MONDAY)
        days = list(islice(rule.days(MONDAY), 80))
        assert said.setdefault(words, days) == days, (words, str(rule))
    assert len(said) > 1500
