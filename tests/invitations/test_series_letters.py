"""The words of letters about series, about one of their dates, and about conferences without any."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cabinet.models import User
from conferences import series
from conferences.choices import Kind, Tell
from conferences.models import Change, Conference, Occurrence
from conferences.rooms.link import LinkRoom
from invitations import carrying, letters, news, outbox, particulars, words
from invitations.mail_clients import whole_text
from invitations.models import Delivery, Invitation, PartStat
from tests.factories import make_conference, make_contact
from tests.invitations.test_letters import KIND, Read, ask, html_words, owe, read, sent
from tests.invitations.test_letters import words as words_of

NOW = timezone.now()
MONDAYS = "FREQ=WEEKLY;BYDAY=MO;COUNT=6"


@pytest.fixture
def weekly(alice: User) -> Conference:
    """Six Mondays in the winter of 2027, at ten in Berlin."""
    start = datetime(2027, 11, 1, 10)
    return make_conference(alice, start=start, rule=MONDAYS, topic="Weekly review", number="123-456-789")


@pytest.fixture
def standing(alice: User) -> Conference:
    """A room without a date."""
    return make_conference(alice, topic="Open office", permanent=True, number="987-654-321")


def told(conference: Conference) -> Invitation:
    """Bob, who has his invitation."""
    (bob,) = ask(conference)
    sent(bob)
    return bob


def nth(conference: Conference, number: int) -> Occurrence:
    return Conference.objects.get(pk=conference.pk).occurrences.order_by("original_date")[number]


def move(conference: Conference, number: int, day: date, clock: time = time(16)) -> Occurrence:
    row = nth(conference, number)
    when = {"start_date": day, "start_time": clock, "duration": row.duration}
    assert row.move(row.conference.organizer, when, seen_sequence=row.conference.sequence, tell=Tell.ALL)
    return row


def cancel_one(bob: Invitation, number: int, *, message: str = "") -> Delivery:
    """The letter about the date that is taken off."""
    row = nth(bob.conference, number)
    assert row.cancel(row.conference.organizer, NOW, tell=Tell.ALL, message=message)
    fresh = Invitation.objects.select_related("conference").get(pk=bob.pk)
    outbox.queue([fresh], KIND.CANCELLATION, now=NOW, original_date=row.original_date)
    return fresh.deliveries.get(original_date=row.original_date)


def edit(conference: Conference, **fields: Any) -> None:
    fresh = Conference.objects.get(pk=conference.pk)
    assert fresh.change(fresh.organizer, fields, seen_sequence=fresh.sequence, tell=Tell.ALL, now=NOW)


def split(conference: Conference, number: int, **fields: Any) -> Conference:
    """This and the following, with the people carried over."""
    first = nth(conference, number)
    old = first.conference
    new = series.continue_from(
        old, first, old.organizer, fields, seen_sequence=old.sequence, tell=Tell.ALL, now=NOW
    )  # fmt: skip
    while carrying.carry_some(new.pk, NOW, 500):
        pass
    return new


def events(letter: Read) -> list[tuple[str, str]]:
    """RECURRENCE-ID (or "") and start on the wall of every entry in the calendar part."""
    return [
        (f"{event.recurrence_id.value:%m-%d %H:%M}" if "recurrence-id" in event.contents else "",
         f"{event.dtstart.value:%m-%d %H:%M}")
        for event in letter.calendar.vevent_list
    ]  # fmt: skip


# SERIES


def test_invitation_to_a_series_says_the_next_date_and_the_rule(weekly: Conference) -> None:
    (bob,) = ask(weekly)
    letter = read(sent(bob))
    assert letter.message["Subject"] == "Invitation: Weekly review — from Mon 1 Nov 2027 10:00 (Europe/Berlin)"
    head = """\
Weekly review

Monday 1 November 2027
10:00–11:00 (Berlin, UTC+1)
Every week on Monday, 6 times, at 10:00 on the clock in Berlin

Will you take part?
"""
    assert head in letter.text
    assert str(letter.calendar.vevent.rrule.value) == "FREQ=WEEKLY;COUNT=6;BYDAY=MO"
    assert events(letter) == [("", "11-01 10:00")]


def test_dates_that_are_not_where_the_rule_has_them_are_named(weekly: Conference) -> None:
    nth(weekly, 1).cancel(weekly.organizer, NOW, tell=Tell.NOBODY)
    move(weekly, 2, date(2027, 11, 16))
    (bob,) = ask(weekly)
    letter = read(sent(bob))
    lines = (
        "Exceptions: Not on Monday 8 November 2027\n"
        "Tuesday 16 November 2027, 16:00–17:00 instead of Monday 15 November 2027, 10:00–11:00\n"
    )
    assert lines in letter.text
    assert events(letter) == [("", "11-01 10:00"), ("11-15 10:00", "11-16 16:00")]


def test_a_long_list_of_exceptions_is_cut(alice: User) -> None:
    daily = make_conference(alice, start=datetime(2027, 11, 1, 10), rule="FREQ=DAILY;COUNT=30")
    for number in range(news.LISTED_DATES + 1):
        nth(daily, number).cancel(alice, NOW, tell=Tell.NOBODY)
    (bob,) = ask(daily)
    text = read(sent(bob)).text
    assert text.count("Not on ") == news.LISTED_DATES
    assert "and more: your page has all dates" in text


def test_another_time_of_the_series(weekly: Conference) -> None:
    bob = told(weekly)
    bob.respond(PartStat.ACCEPTED, "", NOW)
    edit(weekly, start_time=time(11), rule="FREQ=WEEKLY;BYDAY=MO,TH;COUNT=6")
    letter = read(owe(bob, KIND.UPDATE))
    assert letter.message["Subject"] == "Updated: Weekly review — from Mon 1 Nov 2027 11:00 (Europe/Berlin)"
    assert (
        """
What changed
  Time: 11:00–12:00 (was 10:00–11:00)
  Recurrence: Every week on Monday and Thursday, 6 times (was Every week on Monday, 6 times)

Does the new time suit you?
"""
        in letter.text
    )
    assert "Your answer" not in letter.text


def test_another_end_asks_nobody_anew(weekly: Conference) -> None:
    bob = told(weekly)
    bob.respond(PartStat.ACCEPTED, "", NOW)
    series.end_before(nth(weekly, 3), weekly.organizer, NOW, tell=Tell.ALL, message="That is enough.")
    letter = read(owe(bob, KIND.UPDATE))
    assert "Recurrence: Every week on Monday, until 21 November 2027 (was Every week on Monday, 6 times)" in letter.text
    assert "not checked by Personal Cabinet\n> That is enough.\n" in letter.text
    assert "Will you take part?" in letter.text
    assert "Your answer: Accepted" in letter.text
    assert letter.calendar.vevent.attendee.params["PARTSTAT"] == ["ACCEPTED"]


def test_the_whole_series_cancelled(weekly: Conference) -> None:
    bob = told(weekly)
    weekly.cancel(weekly.organizer, NOW, tell=Tell.ALL, message="Never again.")
    letter = read(owe(bob, KIND.CANCELLATION))
    assert letter.message["Subject"] == "Cancelled: Weekly review — from Mon 1 Nov 2027 10:00 (Europe/Berlin)"
    assert "Alice Adams cancelled all dates of this conference" in letter.text
    assert "> Never again.\n" in letter.text
    assert letter.calendar.method.value == "CANCEL"
    assert events(letter) == [("", "11-01 10:00")]


# ONE DATE


def test_one_date_that_was_moved(weekly: Conference) -> None:
    bob = told(weekly)
    bob.respond(PartStat.ACCEPTED, "", NOW)
    move(weekly, 1, date(2027, 11, 9))
    letter = read(owe(bob, KIND.UPDATE))
    assert letter.message["Subject"] == "Updated: Weekly review — Tue 9 Nov 2027 16:00 (Europe/Berlin)"
    assert (
        """\
Alice Adams moved one date of this conference

Weekly review

Tuesday 9 November 2027
16:00–17:00 (Berlin, UTC+1)

What changed
  Date: Tuesday 9 November 2027 (was Monday 8 November 2027)
  Time: 16:00–17:00 (was 10:00–11:00)

Does the new time suit you?
"""
        in letter.text
    )
    assert f"Decline: {bob.personal_link}?date=2027-11-08&answer=declined" in letter.text
    assert "Your answer" not in letter.text  # that was one to where the date was before
    assert "The attached file moves this date in your calendar." in letter.text
    assert events(letter) == [("11-08 10:00", "11-09 16:00")]
    assert "rrule" not in letter.calendar.vevent.contents
    assert letter.calendar.vevent.sequence.value == "1"


def test_who_is_not_sure_to_have_the_series_gets_all_of_it(weekly: Conference) -> None:
    bob = told(weekly)
    Delivery.objects.update(state="uncertain")
    move(weekly, 1, date(2027, 11, 9))
    letter = read(owe(bob, KIND.UPDATE))
    assert events(letter) == [("", "11-01 10:00"), ("11-08 10:00", "11-09 16:00")]


def test_a_date_moved_twice_was_where_it_was_told(weekly: Conference) -> None:
    bob = told(weekly)
    move(weekly, 1, date(2027, 11, 9))
    move(weekly, 1, date(2027, 11, 10), time(10))
    text = read(owe(bob, KIND.UPDATE)).text
    assert "  Date: Wednesday 10 November 2027 (was Monday 8 November 2027)\n\nDoes the" in text


def test_several_dates_that_were_moved_come_with_the_series(weekly: Conference) -> None:
    bob = told(weekly)
    move(weekly, 2, date(2027, 11, 16))
    move(weekly, 1, date(2027, 11, 9))
    letter = read(owe(bob, KIND.UPDATE))
    assert letter.message["Subject"] == "Updated: Weekly review — from Mon 1 Nov 2027 10:00 (Europe/Berlin)"
    assert (
        """
What changed
  One date was moved: Tuesday 9 November 2027, 16:00–17:00 (was Monday 8 November 2027, 10:00–11:00)
  One date was moved: Tuesday 16 November 2027, 16:00–17:00 (was Monday 15 November 2027, 10:00–11:00)

Will you take part?
"""
        in letter.text
    )
    assert len(events(letter)) == 3


def test_a_move_and_another_change_come_with_the_series(weekly: Conference) -> None:
    bob = told(weekly)
    move(weekly, 1, date(2027, 11, 9))
    edit(weekly, topic="Another review")
    letter = read(owe(bob, KIND.UPDATE))
    assert "Alice Adams changed this conference" in letter.text
    assert "  Topic: Another review (was Weekly review)\n  One date was moved: Tuesday 9 November" in letter.text
    assert len(events(letter)) == 2


def test_one_date_that_was_cancelled(weekly: Conference) -> None:
    bob = told(weekly)
    letter = read(cancel_one(bob, 1, message="A holiday."))
    assert letter.message["Subject"] == "Cancelled: Weekly review — Mon 8 Nov 2027 10:00 (Europe/Berlin)"
    assert (
        letter.text
        == f"""\
Personal Cabinet

Alice Adams cancelled one date of this conference

Weekly review

Monday 8 November 2027
10:00–11:00 (Berlin, UTC+1)

Message from Alice Adams (alice@example.org), not checked by Personal Cabinet
> A holiday.

Organizer: Alice Adams
Next date: Monday 15 November 2027, 10:00–11:00 (Berlin, UTC+1)
Calendar: The attached file removes this date from your calendar.

-- \n\
Alice Adams sent this through Personal Cabinet to bob@example.org.
Write no more, another language, what this site knows about you: {bob.you_link}
"""
    )
    assert letter.links == {bob.you_link}
    event = letter.calendar.vevent
    assert (letter.calendar.method.value, event.status.value, event.sequence.value) == ("CANCEL", "CANCELLED", "1")
    assert events(letter) == [("11-08 10:00", "11-08 10:00")]
    assert "rrule" not in event.contents


def test_a_moved_date_is_cancelled_where_it_was_moved_to(weekly: Conference) -> None:
    bob = told(weekly)
    move(weekly, 5, date(2027, 12, 7))
    letter = read(cancel_one(bob, 5))
    assert letter.message["Subject"] == "Cancelled: Weekly review — Tue 7 Dec 2027 16:00 (Europe/Berlin)"
    assert "Next date" not in letter.text
    assert events(letter) == [("12-06 10:00", "12-07 16:00")]


def test_an_update_beside_it_does_not_say_it_again(weekly: Conference) -> None:
    bob = told(weekly)
    cancel_one(bob, 1, message="Of this date alone.")
    move(weekly, 2, date(2027, 11, 16))
    letter = read(owe(bob, KIND.UPDATE))
    assert "moved one date" in letter.text
    assert "cancelled" not in letter.text
    assert "Of this date alone" not in letter.text
    assert events(letter) == [("11-15 10:00", "11-16 16:00")]


def test_an_update_alone_says_which_dates_were_cancelled(weekly: Conference) -> None:
    bob = told(weekly)
    edit(weekly, topic="Another review")
    nth(weekly, 1).cancel(weekly.organizer, NOW, tell=Tell.NOBODY)
    letter = read(owe(bob, KIND.UPDATE))
    assert "  One date was cancelled: Monday 8 November 2027\n\nWill you" in letter.text
    assert letter.calendar.vevent.exdate.value[0].strftime("%m-%d") == "11-08"


# THIS AND THE FOLLOWING


def test_a_continuation_says_what_it_continues_and_what_is_different(weekly: Conference) -> None:
    bob = told(weekly)
    new = split(weekly, 3, start_time=time(15), topic="Afternoon review")
    letter = read(new.invitations.get().deliveries.get())
    assert letter.message["Subject"] == "Invitation: Afternoon review — from Mon 22 Nov 2027 15:00 (Europe/Berlin)"
    assert (
        """
Every week on Monday, 3 times, at 15:00 on the clock in Berlin

This continues “Weekly review”, which has its last date on Monday 15 November 2027.

What changed
  Time: 15:00–16:00 (was 10:00–11:00)
  Topic: Afternoon review (was Weekly review)

Will you take part?
"""
        in letter.text
    )
    assert new.invitations.get().personal_link in letter.text
    assert letter.message["In-Reply-To"] is None
    letter = read(owe(bob, KIND.UPDATE))
    assert (
        """
From Monday 22 November 2027 on it goes on as “Afternoon review”.

What changed
  Recurrence: Every week on Monday, until 21 November 2027 (was Every week on Monday, 6 times)
"""
        in letter.text
    )


def test_a_continuation_under_the_same_topic_is_not_called_by_it(weekly: Conference) -> None:
    bob = told(weekly)
    split(weekly, 3, start_time=time(15))
    said = "From Monday 22 November 2027 on it goes on as a conference of its own, with its own link."
    assert said in read(owe(bob, KIND.UPDATE)).text


def test_who_is_invited_to_a_continuation_later_is_told_of_no_other_series(weekly: Conference) -> None:
    told(weekly)
    new = split(weekly, 3, start_time=time(15))
    (dan,) = ask(new, ("Dan", "dan@example.org"))
    text = read(sent(dan)).text
    assert "This continues" not in text
    assert "What changed" not in text


# WITHOUT A DATE


def test_invitation_to_a_standing_room(standing: Conference) -> None:
    (bob,) = ask(standing)
    letter = read(sent(bob))
    assert letter.message["Subject"] == "Invitation: Open office"
    assert letter.calendar is None
    assert (
        letter.text
        == f"""\
Personal Cabinet

Alice Adams invites you

Open office

Always open

  Open the conference page: {bob.personal_link}

Organizer: Alice Adams
Join: {bob.personal_link}
Conference ID: 987-654-321

-- \n\
Alice Adams sent this through Personal Cabinet to bob@example.org.
Write no more, another language, what this site knows about you: {bob.you_link}
"""
    )
    assert "calendar" not in [part.get_content_subtype() for part in letter.message.walk()]


def test_changes_and_the_end_of_a_standing_room(standing: Conference) -> None:
    bob = told(standing)
    edit(standing, topic="Closed office")
    letter = read(owe(bob, KIND.UPDATE))
    assert letter.message["Subject"] == "Updated: Closed office"
    assert "What changed\n  Topic: Closed office (was Open office)\n" in letter.text
    assert "time suit you" not in letter.text
    fresh = Conference.objects.get(pk=standing.pk)
    fresh.cancel(fresh.organizer, NOW, tell=Tell.ALL)
    letter = read(owe(bob, KIND.CANCELLATION))
    assert letter.message["Subject"] == "Cancelled: Closed office"
    assert letter.calendar is None


# NEW RULES OF A ZONE


@pytest.mark.parametrize(
    ("zone", "line"),
    [
        ("", "In UTC: Monday 1 November 2027, 08:00 (was Monday 1 November 2027, 09:00)"),
        ("Europe/Berlin", "In UTC: Monday 1 November 2027, 08:00 (was Monday 1 November 2027, 09:00)"),
        ("Asia/Tokyo", "On your clock: Monday 1 November 2027, 17:00 (was Monday 1 November 2027, 18:00)"),
    ],
)
def test_new_rules_of_a_zone_are_no_change_of_anybodys_mind(
    weekly: Conference, alice: User, zone: str, line: str
) -> None:
    make_contact(alice, "Bob", "bob@example.org", time_zone=zone)
    bob = told(weekly)
    bob.respond(PartStat.ACCEPTED, "", NOW)
    weekly.next_sequence()
    was, now_at = (datetime(2027, 11, 1, hour, tzinfo=UTC).isoformat() for hour in (9, 8))
    weekly.changes.create(
        sequence=1, kind=Kind.ZONE, tell=Tell.ALL, before={"starts_at": was}, after={"starts_at": now_at}
    )
    letter = read(owe(bob, KIND.UPDATE))
    lead = "New rules of the time zone Europe/Berlin moved the start: the clock time there stays"
    assert lead in letter.text
    assert f"\nWhat changed\n  {line}\n" in letter.text
    assert "Your answer: Accepted" in letter.text


# HOW TO COME


def test_role_waiting_room_and_telephone(weekly: Conference, monkeypatch: pytest.MonkeyPatch) -> None:
    room = LinkRoom("link", "https://rooms.example.org/{room}", "+49 30 1234, then 5678#")
    monkeypatch.setattr(particulars, "room_called", lambda _name: room)
    monkeypatch.setattr(words, "room_called", lambda _name: room)
    edit(weekly, waiting_room=True)
    bob = told(weekly)
    letter = read(owe(bob, KIND.UPDATE))
    assert "By telephone: +49 30 1234, then 5678#\nWaiting room: Alice Adams lets you in\nCalendar:" in letter.text
    assert "By telephone: +49 30 1234" in letter.calendar.vevent.description.value
    Invitation.objects.update(role="moderator")
    text = read(owe(bob, KIND.UPDATE)).text
    assert "5678#\nYour role: Moderator\nCalendar:" in text


def test_settings_of_the_door_change_in_words(weekly: Conference) -> None:
    bob = told(weekly)
    edit(weekly, waiting_room=True, invited_only=True, room_backend="")
    text = read(owe(bob, KIND.UPDATE)).text
    assert "  Waiting room: yes (was no)\n  Only invited people may join: yes (was no)\n" in text


# THE WHOLE


def _moved(bob: Invitation) -> Delivery:
    move(bob.conference, 1, date(2027, 11, 9))
    return owe(bob, KIND.UPDATE)


def _cancelled(bob: Invitation) -> Delivery:
    return cancel_one(bob, 1, message="A holiday,\n\nsorry.")


def _both(bob: Invitation) -> Delivery:
    move(bob.conference, 1, date(2027, 11, 9))
    nth(bob.conference, 2).cancel(bob.conference.organizer, NOW, tell=Tell.NOBODY)
    edit(bob.conference, start_time=time(12), agenda="New\n\nwords", time_zone="Asia/Tokyo")
    return owe(bob, KIND.UPDATE)


def _continued(bob: Invitation) -> Delivery:
    return split(bob.conference, 3, start_time=time(15)).invitations.get().deliveries.get()


def _ended(bob: Invitation) -> Delivery:
    split(bob.conference, 3, start_time=time(15))
    return owe(bob, KIND.UPDATE)


def _off(bob: Invitation) -> Delivery:
    fresh = Conference.objects.get(pk=bob.conference_id)
    fresh.cancel(fresh.organizer, NOW, tell=Tell.ALL)
    return owe(bob, KIND.CANCELLATION)


@pytest.mark.parametrize("happens", [_moved, _cancelled, _both, _continued, _ended, _off])
@pytest.mark.parametrize("zone", ["", "Asia/Kathmandu"])
def test_text_and_html_say_the_same_words_in_the_same_order(
    weekly: Conference, alice: User, happens: Callable[[Invitation], Delivery], zone: str
) -> None:
    make_contact(alice, "Bob", "bob@example.org", time_zone=zone)
    letter = read(happens(told(weekly)))
    assert html_words(letter.html) == words_of(_without_buttons(letter))
    assert ("On your clock" in letter.text) == bool(zone)


@pytest.mark.parametrize("kind", [KIND.INVITATION, KIND.UPDATE, KIND.CANCELLATION])
def test_a_standing_room_too(standing: Conference, kind: Delivery.Kind) -> None:
    bob = told(standing)
    edit(standing, topic="Closed office")
    letter = read(sent(bob) if kind == KIND.INVITATION else _off(bob) if kind == KIND.CANCELLATION else owe(bob, kind))
    assert html_words(letter.html) == words_of(_without_buttons(letter))


def _without_buttons(letter: Read) -> str:
    """The text without the addresses that in HTML are behind words."""
    buttons = ("Accept", "Tentative", "Decline", "Open the conference page", "Write no more")
    lines = letter.text.split("\n")
    return "\n".join(line.partition(": http")[0] if line.strip().startswith(buttons) else line for line in lines)


def test_the_longest_topic_leaves_the_time_in_the_subject_of_a_series(alice: User) -> None:
    zone = "America/Argentina/ComodRivadavia"
    (bob,) = ask(make_conference(alice, topic="Ж" * 200, time_zone=zone, rule="FREQ=DAILY"))
    subject = read(sent(bob)).message["Subject"]
    assert len(subject) <= 250
    assert subject.endswith(f" 10:00 ({zone})")


def test_the_longest_letter_about_a_series_stays_under_100_kilobytes(alice: User) -> None:
    start = datetime(2027, 11, 1, 10)
    daily = make_conference(
        alice, start=start, topic="Ж" * 200, agenda="Ж" * 5000, rule="FREQ=DAILY;COUNT=60", guests_see_each_other=True
    )
    bob = ask(daily, *[(f"Имя Отчество Фамилия {n}", f"person{n}@example.org") for n in range(40)])[0]
    sent(bob)
    for number in range(50):
        move(daily, number, start.date() + timedelta(days=number), time(16))
    delivery = owe(bob, KIND.UPDATE)
    assert len(letters.message(delivery, NOW)) < 100_000
    assert read(delivery).text.count("One date was moved") == news.LISTED_DATES


def test_a_letter_about_a_series_takes_as_many_queries_for_many_dates_as_for_few(alice: User) -> None:
    counts = []
    for number in (2, 200):
        daily = make_conference(alice, start=datetime(2027, 11, 1, 10), rule=f"FREQ=DAILY;COUNT={number}")
        for row in daily.occurrences.order_by("starts_at")[: number // 2]:
            row.cancel(alice, NOW, tell=Tell.NOBODY)
        (bob,) = ask(daily)
        delivery = sent(bob)
        with CaptureQueriesContext(connection) as queries:
            letters.compose(delivery, NOW)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 9


# BY HAND


def test_the_text_to_send_by_hand_says_the_rule_and_the_first_date(weekly: Conference, standing: Conference) -> None:
    text = whole_text(words.draft(weekly, "https://x.test/"))
    assert "Every week on Monday, 6 times, at 10:00 on the clock in Berlin\n" in text
    assert "First on Monday 1 November 2027, 10:00–11:00 (Berlin, UTC+1)\n" in text
    text = whole_text(words.draft(standing, "https://x.test/"))
    assert "Open office\n\nJoin:\nhttps://x.test/" in text
    assert words.calendar_links(weekly, words.draft(weekly, "https://x.test/")) == []


def test_a_series_that_is_under_way_shows_the_date_that_comes_next(weekly: Conference) -> None:
    third = nth(weekly, 2)
    assert words.current(weekly, third.starts_at - timedelta(days=1)) == third
    assert words.current(weekly, third.ends_at - timedelta(minutes=1)) == third
    third.cancel(weekly.organizer, NOW, tell=Tell.NOBODY)
    assert words.current(weekly, third.starts_at - timedelta(days=1)) == nth(weekly, 3)
    assert words.current(weekly, datetime(2029, 1, 1, tzinfo=UTC)) == nth(weekly, 5)
    assert Change.objects.filter(kind=Kind.CANCELLED).count() == 1
