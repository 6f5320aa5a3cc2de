"""My conferences and the home page, without scripts: what is in them, in which order, and by how many queries."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client

from cabinet.models import User
from conferences import recurrence, timeline
from conferences.choices import Tell
from conferences.deputies import CoOrganizer, Deputy, shares_of
from conferences.models import Conference, Occurrence
from conferences.timeline import Line, Place
from tests.conferences.test_views import at, text_of
from tests.factories import make_conference, make_invitation, make_user

NOW = datetime(2026, 11, 24, 12, 10, tzinfo=UTC)  # a Tuesday, 13:10 in Berlin
LIST = "/conferences/"
EVERY_THURSDAY = "FREQ=WEEKLY;BYDAY=TH"


@pytest.fixture(autouse=True)
def _clock() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def permanent(alice: User, topic: str) -> Conference:
    return make_conference(alice, topic=topic, permanent=True)


def topics(page: str) -> list[str]:
    """The topics of a page's rows, in order."""
    return re.findall(r'<h3><a [^>]*dir="auto">([^<]*)</a>', page)


def get(client: Client, url: str = LIST) -> str:
    answer = client.get(url, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


# WHAT IS SHOWN


def test_list_groups_what_comes_by_the_readers_clock(as_alice: Client, alice: User) -> None:
    at(alice, 0.5, "Stand-up")
    at(alice, 0.75, "Second today")
    at(alice, 25, "Tomorrow")
    at(alice, 24 * 6, "Next week")
    at(alice, 24 * 9, "In December")
    at(alice, 24 * 12, "Off").cancel(alice, NOW, tell=Tell.NOBODY)
    at(alice, -30, "Yesterday")
    page = text_of(as_alice.get(LIST))
    expected = [
        "Starts in 30", "Stand-up", "Today", "Second today", "This week", "Tomorrow", "November 2026 Mon", "Next week",
        "December 2026", "In December", "Off", "Cancelled", "All times are in Berlin, UTC+1. Change time zone",
    ]  # fmt: skip
    places = [page.find(words) for words in expected]
    assert -1 not in places
    assert places == sorted(places)
    assert "Yesterday" not in page


def test_going_on_stands_above_the_list(as_alice: Client, alice: User) -> None:
    at(alice, -0.5, "Going")
    at(alice, -0.25, "Going too")
    page = text_of(as_alice.get(LIST))
    assert page.find("Going on now Going ") < page.find("Going on now Tue 24 Nov") < page.find("Going too")


def test_active_ones_are_those_that_go_on(as_alice: Client, alice: User) -> None:
    at(alice, -0.5, "Going")
    first = at(alice, -0.6, "Going too")
    at(alice, 0.1, "Soon")
    at(alice, -3, "Over")
    page = get(as_alice, f"{LIST}?show=active")
    assert topics(page) == ["Going"]
    assert f'id="next"><a href="{first.get_absolute_url()}" dir="auto">Going too' in page
    assert "Soon" not in page
    Occurrence.objects.all().delete()
    assert "Nothing is going on now" in get(as_alice, f"{LIST}?show=active")


def test_past_ones_have_a_page_of_their_own_newest_first(as_alice: Client, alice: User) -> None:
    for days in (1, 2, 40):
        at(alice, -24 * days, f"Past {days}")
    page = text_of(as_alice.get(f"{LIST}?show=past"))
    assert page.find("November 2026") < page.find("Past 1") < page.find("Past 2") < page.find("October 2026")
    assert f'href="/conferences/new/?repeat={Conference.objects.get(topic="Past 1").pk}"' in get(
        as_alice, f"{LIST}?show=past"
    )


def test_empty_lists_say_what_to_do(as_alice: Client) -> None:
    assert "Nothing scheduled" in text_of(as_alice.get(LIST))
    assert "No past conferences" in text_of(as_alice.get(f"{LIST}?show=past"))
    assert "No permanent conferences" in text_of(as_alice.get(f"{LIST}?show=permanent"))
    assert "Nothing on this day" in text_of(as_alice.get(f"{LIST}?day=2026-12-14"))
    assert "Nothing in this month." in text_of(as_alice.get(f"{LIST}?view=month&month=2031-01"))


def test_dates_of_a_series_are_rows_of_their_own_that_lead_to_their_date(as_alice: Client, alice: User) -> None:
    series = make_conference(alice, start=datetime(2026, 11, 26, 10), topic="One-to-one", rule=EVERY_THURSDAY)
    second = series.occurrences.get(original_date="2026-12-03")
    second.cancel(alice, NOW, tell=Tell.NOBODY)
    third = series.occurrences.get(original_date="2026-12-10")
    when = {"start_date": datetime(2026, 12, 11).date(), "start_time": third.start_time, "duration": third.duration}
    third.move(alice, when, seen_sequence=series.sequence + 1, tell=Tell.NOBODY)
    page = get(as_alice)
    assert topics(page)[:3] == ["One-to-one"] * 3
    rows = page.split('<li class="conf')[1:]
    assert recurrence.in_words(recurrence.parse(EVERY_THURSDAY), series.start_date) in rows[0]
    assert f'href="/conferences/{series.pk}/edit/?date=2026-11-26"' in rows[0]
    assert f'href="/conferences/{series.pk}/cancellation/?date=2026-11-26"' in rows[0]
    assert rows[1].startswith(" is-cancelled")
    assert "Cancelled" in rows[1]
    assert "/edit/" not in rows[1]
    assert f'href="/conferences/{series.pk}/?date=2026-12-10" dir="auto"' in rows[2]
    assert "Fri 11 Dec" in rows[2]
    assert "moved" in rows[2]


def test_single_ones_need_no_date_in_their_links(as_alice: Client, alice: User) -> None:
    at(alice, 48, "Single")
    assert "?date=" not in get(as_alice)


def test_start_is_there_as_soon_as_the_room_is_open(as_alice: Client, alice: User) -> None:
    at(alice, 0.1, "Next")
    opened, later = at(alice, 0.2, "Opened"), at(alice, 2, "Later")
    page = get(as_alice)
    assert f'action="/conferences/{opened.pk}/start/"' in page
    assert f'action="/conferences/{later.pk}/start/"' not in page


def test_an_end_on_another_day_and_another_offset_are_said(as_alice: Client, alice: User) -> None:
    make_conference(alice, start=datetime(2026, 12, 3, 23, 30), topic="Late")
    make_conference(alice, start=datetime(2026, 12, 4, 23), topic="Until midnight")
    page = text_of(as_alice.get(LIST))
    assert "23:30 – 00:30 Fri 4 Dec" in page.replace("–", " – ").replace("  ", " ")
    assert "23:00 – 00:00 Sat 5 Dec" in page.replace("–", " – ").replace("  ", " ")
    assert "offset" not in page
    make_conference(alice, start=datetime(2027, 6, 3, 14), topic="Summer")
    page = text_of(as_alice.get(LIST)).replace("\xa0", " ").replace("&nbsp;", " ")
    assert "(UTC+2)" in page
    assert "Where clocks are set differently on the day, the offset stands beside the time." in page


def test_permanent_ones_are_always_open_and_stay_visible_when_they_no_longer_are(as_alice: Client, alice: User) -> None:
    first, *_others = [permanent(alice, f"Room {n}") for n in range(4)]
    at(alice, 48, "Dated")
    page = get(as_alice)
    assert topics(page) == ["Room 3", "Room 2", "Room 1", "Dated"]
    assert f'href="{LIST}?show=permanent"' in page
    first.cancel(alice, NOW, tell=Tell.NOBODY)
    assert f'href="{LIST}?show=permanent"' not in get(as_alice)
    assert topics(get(as_alice, f"{LIST}?show=permanent")) == ["Room 3", "Room 2", "Room 1", "Room 0"]
    past = text_of(as_alice.get(f"{LIST}?show=past"))
    assert "No longer open Room 0" in past
    assert "Room 1" not in past
    assert topics(get(as_alice, f"{LIST}?show=active")) == ["Room 3", "Room 2", "Room 1"]


def test_list_says_how_many_people_and_what_they_answered(as_alice: Client, alice: User) -> None:
    ready, mixed, silent = at(alice, 48, "Ready"), at(alice, 50, "Mixed"), at(alice, 52, "Silent")
    at(alice, 54, "Nobody invited")
    make_invitation(ready, partstat="ACCEPTED", answered_sequence=0)
    for n, answer in enumerate(["ACCEPTED", "ACCEPTED", "TENTATIVE", "DECLINED", "NEEDS-ACTION"]):
        make_invitation(mixed, f"p{n}@example.org", partstat=answer, answered_sequence=0)
    make_invitation(silent)
    page = text_of(as_alice.get(LIST))
    for words in ("1 person all accepted", "5 people 2 accepted", "1 person no answer yet"):
        assert page.count(words) == 1


# WHOSE


def test_deputies_and_co_organizers_see_whose_each_one_is(as_charlie: Client, charlie: User, alice: User) -> None:
    dora = make_user("dora@example.org", name="Dora Dean")
    at(alice, 50, "Of Alice")
    shared, _hidden = at(dora, 49, "Shared"), at(dora, 48, "Hidden")
    at(charlie, 51, "Own")
    assert topics(get(as_charlie)) == ["Own"]
    Deputy.objects.create(principal=alice, deputy=charlie)
    CoOrganizer.objects.create(conference=shared, user=charlie)
    page = get(as_charlie)
    assert topics(page) == ["Shared", "Of Alice", "Own"]
    words = " ".join(text_of(as_charlie.get(LIST)).replace("&nbsp;", " ").split())
    assert words.count("Organizer:") == 2
    assert "Organizer: Dora Dean" in words
    assert "Organizer: Alice Adams" in words


def test_strangers_find_nothing_by_any_view(as_charlie: Client, alice: User) -> None:
    make_invitation(at(alice, 48, "Secret"), name="Bob Brown")
    at(alice, -48, "Secret past")
    at(alice, -0.1, "Secret now")
    permanent(alice, "Secret room")
    queries = ["", "show=past", "show=active", "show=permanent", "q=secret", "q=bob", "q=secret&show=past",
               "view=month", "day=2026-11-26", "view=month&month=2026-11"]  # fmt: skip
    for query in queries:
        assert "Secret" not in get(as_charlie, f"{LIST}?{query}")
    assert "Secret" not in get(as_charlie, "/")


def test_shares_are_what_managed_by_says(alice: User, charlie: User) -> None:
    """Charlie is deputy of Alice and, twice over, co-organizer of one of hers; and of one of Dora's."""
    dora = make_user("dora@example.org")
    Deputy.objects.create(principal=alice, deputy=charlie)
    hers, doras = at(alice, 1, "Hers"), at(dora, 2, "Dora's")
    at(dora, 3, "Not his")
    at(charlie, 4, "His")
    for shared in (hers, doras):
        CoOrganizer.objects.create(conference=shared, user=charlie)
    for user in (alice, charlie, dora):
        shares = shares_of(user)
        conferences = set(Conference.objects.managed_by(user))
        occurrences = set(Occurrence.objects.managed_by(user))
        assert set(Conference.objects.filter(shares.condition())) == conferences
        parts = [set(Conference.objects.filter(part)) for part in shares.conditions()]
        assert set().union(*parts) == conferences
        assert sum(map(len, parts)) == len(conferences)
        assert set(Occurrence.objects.filter(shares.condition("conference"))) == occurrences
        assert set(Line(shares, lambda rows: rows).page().rows) == occurrences


def test_organizer_of_occurrences_follows_the_conference(alice: User, charlie: User) -> None:
    conference = at(alice, -48, "Handed over", rule="FREQ=DAILY;COUNT=5")
    Conference.objects.filter(pk=conference.pk).update(organizer=charlie)
    conference.refresh_from_db()
    conference.write_occurrences(NOW)
    assert set(conference.occurrences.values_list("organizer", flat=True)) == {charlie.pk}


# PAGES


def all_pages(client: Client, url: str, rel: str = "next") -> list[list[str]]:
    """The topics of every page from `url` on."""
    pages = []
    while url:
        page = get(client, url)
        pages.append(topics(page))
        link = re.search(rf'rel="{rel}" href="(\?[^"]*)"', page)
        url = LIST + link[1].replace("&amp;", "&") if link else ""
        assert len(pages) < 9
    return pages


@pytest.mark.parametrize("query", ["", "?show=past"])
def test_pages_follow_each_other_there_and_back(as_alice: Client, alice: User, query: str) -> None:
    sign = -1 if query else 1
    for n in range(45):  # five at each time: a page ends amid them
        at(alice, sign * (48 + n // 5), f"{n:02}")
    pages = all_pages(as_alice, LIST + query)
    assert [len(page) for page in pages] == [20, 20, 5]
    shown = [topic for page in pages for topic in page]
    assert len(set(shown)) == 45
    starts = dict(Occurrence.objects.values_list("conference__topic", "starts_at"))
    assert shown == sorted(shown, key=lambda topic: sign * starts[topic].timestamp())
    rows = timeline.Line(shares_of(alice), lambda rows: rows).page(size=45).rows
    last = Place.of(rows[0] if query else rows[-1])
    mark = "&" if query else "?"
    back = all_pages(as_alice, f"{LIST}{query}{mark}after={last}", rel="prev")
    assert back == [[]]  # beyond the last one there is nothing, and no way back but the tabs
    second = Place.of(next(row for row in rows if row.conference.topic == pages[1][0]))
    first_again = get(as_alice, f"{LIST}{query}{mark}before={second}")
    assert topics(first_again) == pages[0]


def test_previous_leads_back_by_the_same_pages(as_alice: Client, alice: User) -> None:
    for n in range(65):
        at(alice, 48 + n, f"{n:02}")
    forth = all_pages(as_alice, LIST)
    place = Place.of(Occurrence.objects.get(conference__topic="39"))
    back = all_pages(as_alice, f"{LIST}?after={place}", rel="prev")
    assert back == [forth[2], forth[1], forth[0]]


@pytest.mark.parametrize(
    "query",
    [
        "page=0", "page=x", "page=" + "9" * 30, "after=x", "before=x", "after=1-1-1", "after=%00", "before=-1-1",
        "after=" + "9" * 16 + "-1", "before=" + "9" * 16 + "-" + "9" * 18, "after=-" + "9" * 16 + "-1",
        "show=everything", "show=%00", "day=2026-02-30", "day=0000-00-00", "day=9999-12-31", "day=٢٠٢٦-١٢-١٤",
        "day=", "view=month&month=0000-13", "view=month&month=9999-12", "view=month&month=2026-13",
        "view=month&month=9000-12", "view=month&month=1970-01", "view=month&month=%00", "view=month&month=2026-1",
        "view=week", "q=%00", "q=%ff%fe", "q=" + "x" * 3000, "q=%F0%9F%8E%89", "q=%ED%A0%80", "show=permanent&page=99",
        "q=a&page=99", "q=a&page=x",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_as_if_it_were_not_there(as_alice: Client, alice: User, query: str) -> None:
    at(alice, 48, "Number")
    permanent(alice, "Room")
    assert "My conferences" in get(as_alice, f"{LIST}?{query}")


# A DAY AND A MONTH


def cells(page: str) -> dict[str, str]:
    """What a month's days say, by date."""
    found = re.findall(r'(?s)<time datetime="(\d{4}-\d\d-\d\d)">(.*?)</li>', page)
    return {day: " ".join(re.sub("<[^>]+>", " ", text).split()) for day, text in found}


def test_month_has_a_cell_for_each_day_in_weeks_from_monday(as_alice: Client, alice: User) -> None:
    make_conference(alice, start=datetime(2026, 12, 3, 14), topic="Budget")
    make_conference(alice, start=datetime(2026, 12, 1), topic="First minute")
    make_conference(alice, start=datetime(2026, 12, 31, 23, 59), topic="Last minute")
    make_conference(alice, start=datetime(2027, 1, 1), topic="Next year")
    page = get(as_alice, f"{LIST}?view=month&month=2026-12")
    days = cells(page)
    assert list(days) == [f"2026-12-{n:02}" for n in range(1, 32)]
    assert page.count('<li class="pad"') == 1 + 3
    assert page.find('class="pad"') < page.find('datetime="2026-12-01"')
    assert days["2026-12-03"] == "Thu 3 14:00 Budget"
    assert days["2026-12-01"] == "Tue 1 00:00 First minute"
    assert days["2026-12-31"] == "Thu 31 23:59 Last minute until Fri 1 Jan, 00:59"
    assert "Next year" not in page
    assert re.findall(r'rel="(prev|next)" href="([^"]*)"', page) == [
        ("prev", "/conferences/?view=month&amp;month=2026-11"),
        ("next", "/conferences/?view=month&amp;month=2027-01"),
    ]
    assert "(today)" not in page


def test_month_of_today_marks_it_and_shows_what_is_over_too(as_alice: Client, alice: User) -> None:
    make_conference(alice, start=datetime(2026, 11, 2, 9), topic="Over")
    off = make_conference(alice, start=datetime(2026, 11, 24, 15), topic="Off")
    off.cancel(alice, NOW, tell=Tell.NOBODY)
    days = cells(get(as_alice, f"{LIST}?view=month"))
    assert [day for day, text in days.items() if "(today)" in text] == ["2026-11-24"]
    assert days["2026-11-24"] == "Tue 24 (today) Cancelled: 15:00 Off"
    assert "Over" in days["2026-11-02"]


def test_days_begin_on_the_readers_clock_also_when_it_changes(as_alice: Client, alice: User) -> None:
    """In October 2026 the clocks of Berlin go back; in São Paulo, in 2018, they skipped a midnight."""
    for start, topic in [(datetime(2026, 10, 25, 21, 59), "In"), (datetime(2026, 10, 25, 23), "Out")]:
        make_conference(alice, start=start, time_zone="UTC", topic=topic)
    days = cells(get(as_alice, f"{LIST}?view=month&month=2026-10"))
    assert "In" in days["2026-10-25"]
    assert "Out" in days["2026-10-26"]
    alice.time_zone = "America/Sao_Paulo"
    alice.save(update_fields=["time_zone"])
    make_conference(alice, start=datetime(2018, 11, 4, 3), time_zone="UTC", topic="First")
    make_conference(alice, start=datetime(2018, 11, 4, 2, 59), time_zone="UTC", topic="Eve")
    days = cells(get(as_alice, f"{LIST}?view=month&month=2018-11"))
    assert days["2018-11-04"] == "Sun 4 01:00 First"
    assert "23:59 Eve" in days["2018-11-03"]


def test_a_full_day_leads_to_its_list(as_alice: Client, alice: User) -> None:
    for n in range(25):
        make_conference(alice, start=datetime(2026, 12, 14, 8, n), topic=f"{n:02}")
    page = get(as_alice, f"{LIST}?view=month&month=2026-12")
    assert cells(page)["2026-12-14"] == "Mon 14 08:00 00 08:01 01 08:02 02 22 more on Monday 14 December 2026"
    assert 'href="/conferences/?day=2026-12-14"' in page
    pages = all_pages(as_alice, f"{LIST}?day=2026-12-14")
    assert [topic for page in pages for topic in page] == [f"{n:02}" for n in range(25)]
    day = get(as_alice, f"{LIST}?day=2026-12-14")
    assert "Monday 14 December 2026</h2>" in day
    assert 'href="/conferences/?view=month&amp;month=2026-12"' in day


def test_days_are_counted_as_far_as_it_matters(as_alice: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "COUNTED", 5)
    for n in range(5):
        make_conference(alice, start=datetime(2026, 12, 14, 8, n), topic=f"{n:02}")
    assert " 2 more on" in cells(get(as_alice, f"{LIST}?view=month&month=2026-12"))["2026-12-14"]
    make_conference(alice, start=datetime(2026, 12, 14, 9), topic="One too many")
    assert "more than 2 more on" in cells(get(as_alice, f"{LIST}?view=month&month=2026-12"))["2026-12-14"]


# HOME


def test_home_shows_what_takes_place_next_and_what_is_always_open(as_alice: Client, alice: User) -> None:
    series = make_conference(alice, start=datetime(2026, 11, 26, 10), topic="One-to-one", rule=f"{EVERY_THURSDAY}")
    series.occurrences.get(original_date="2026-11-26").cancel(alice, NOW, tell=Tell.NOBODY)
    at(alice, 1, "Off").cancel(alice, NOW, tell=Tell.NOBODY)
    permanent(alice, "Room")
    page = get(as_alice, "/")
    assert f'id="next"><a href="/conferences/{series.pk}/?date=2026-12-03"' in page
    assert topics(page) == ["One-to-one"] * 4 + ["Room"]
    assert "Off" not in text_of(as_alice.get("/"))
    assert 'action="/conferences/ad-hoc/"' in page
    assert 'href="/conferences/new/"' in page


def test_home_says_when_nothing_is_scheduled(as_alice: Client, alice: User) -> None:
    assert "Nothing scheduled" in get(as_alice, "/")
    permanent(alice, "Room")
    page = get(as_alice, "/")
    assert "Nothing scheduled" not in page
    assert topics(page) == ["Room"]


# QUERIES

URLS = [
    ("/conferences/", 6), ("/conferences/?show=past", 6), ("/conferences/?show=active", 6),
    ("/conferences/?show=permanent", 6), ("/conferences/?view=month&month=2026-11", 6),
    ("/conferences/?day=2026-11-26", 5), ("/conferences/?q=number", 6), ("/conferences/?q=number&show=past", 6),
    ("/", 6),
]  # fmt: skip


@pytest.mark.parametrize(("url", "count"), URLS)
@pytest.mark.parametrize("is_deputy", [False, True])
def test_every_view_asks_the_database_equally_often(
    as_alice: Client, alice: User, charlie: User, url: str, count: int, is_deputy: bool, django_assert_num_queries: Any
) -> None:
    if is_deputy:
        Deputy.objects.create(principal=charlie, deputy=alice)
        CoOrganizer.objects.create(conference=at(make_user(), 48, "Number of theirs"), user=alice)
    for n in (1, 2, 3):
        owner = charlie if is_deputy and n == 2 else alice
        for hours in (-48, -0.2, 48):
            make_invitation(at(owner, hours + n / 100, f"Number {n}", rule="FREQ=DAILY;COUNT=2"))
            permanent(owner, f"Number {n}, closed").cancel(owner, NOW, tell=Tell.NOBODY)
        make_invitation(permanent(owner, f"Number {n}, always open"))
        if n != 2:
            as_alice.get(url)  # the first visit also renews the session
            with django_assert_num_queries(count):
                as_alice.get(url)
