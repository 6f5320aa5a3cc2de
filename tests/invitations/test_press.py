"""Letters for many: what is filled in is, byte for byte, what would have been written."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db.models import CharField, Value
from django.utils import timezone

from cabinet.models import User
from conferences.choices import Role, Tell
from conferences.models import Conference
from invitations import itip, letters, occasions, outbox, stencils
from invitations import press as press_module
from invitations.inviting import withdraw
from invitations.itip import LINE_ROOM, Attendee
from invitations.messages import Message
from invitations.models import Delivery, Invitation, PartStat
from invitations.press import Press
from invitations.second_reader import UnreadableError
from tests.factories import make_conference
from tests.invitations.test_letters import KIND, ask, sent

NOW = timezone.now()
PEOPLE = [
    ("Bob Brown", "bob@example.org"),
    ("Dan Dee", "dan@example.org"),
    ("Иван Петрович Иванов", "ivan@example.org"),
    ("محمد علي", "muhammad@xn--mgbai9azgqp6j.com"),
    ("👩‍👩‍👧‍👦 Family", "family+tag@xn--bcher-kva.example"),
    ("Ж" * 128, "long@example.org"),
    ("x" * 128, f"{'a' * 64}@{'b' * 60}.{'c' * 60}.example.org"),
    ('Quoted "Q" \\ name', "o'quote&co=1@example.org"),
    ("=?utf-8?q?x=0D=0ABcc:_eve@example.org?=", "eve@example.org"),
    ("a;b,c:d\\n^'<b>&amp;</b>", "html@example.org"),
    ("x" * 61 + " " + "y" * 61, "words@example.org"),
    ("{{ 7|add:7 }} %(name)s", "braces@example.org"),
]
# People whose own looks like words of the letter, or like others' own.
ALIKE = [
    ("Invitation", "b@example.org"),
    ("Autumn budget review", "bob@example.org.example.org"),
    ("bob@example.org", "ob@example.org"),
    ("ATTENDEE", "mailto@example.org"),
    ("DTSTAMP:20270101T000000Z", "x-bob@example.org"),
    ("Alice", "lice@example.org"),
]
# Of every length, so that line breaks fall everywhere.
ALL_LENGTHS = [("n" * n, f"{'a' * (n % 64 + 1)}@{'b' * (n // 2 + 1)}.example.org") for n in range(1, 77)]
NAMELESS = [("", f"n{n}@example.org") for n in range(4)]


@pytest.fixture(autouse=True)
def _as_if_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, stencils do not grow old in a test."""
    monkeypatch.setattr(press_module, "FRESH", 1e6)


def each_written(deliveries: list[Delivery], press: Press | None = None) -> tuple[list[bytes], list[bytes]]:
    """The messages of these as the press makes them, and as they would have been written one by one."""
    press = press or Press()
    press.load(deliveries)
    printed = [press.message(delivery, NOW) for delivery in deliveries]
    return printed, [letters.message(delivery, NOW) for delivery in deliveries]


def owe_all(people: list[Invitation], kind: Delivery.Kind, day: date | None = None) -> list[Delivery]:
    """A letter about the present state to each."""
    fresh = list(Invitation.objects.filter(pk__in=[each.pk for each in people]).select_related("conference"))
    outbox.queue(fresh, kind, now=NOW, original_date=day)
    return [each.deliveries.filter(kind=kind, original_date=day).order_by("-pk")[0] for each in fresh]


def single(alice: User, **fields: Any) -> Conference:
    return make_conference(
        alice, topic="Autumn budget review", start=datetime(2027, 12, 2, 14), agenda="Numbers.\n\n1. Actuals", **fields
    )


def weekly(alice: User) -> Conference:
    rule = "FREQ=WEEKLY;BYDAY=MO;COUNT=12"
    return make_conference(alice, start=datetime(2027, 11, 1, 10), rule=rule, topic="Weekly review")


def invitation(alice: User) -> list[Delivery]:
    return owe_all(ask(single(alice), *PEOPLE, message="Bring <b>figures</b>."), KIND.INVITATION)


def alike(alice: User) -> list[Delivery]:
    return owe_all(ask(single(alice), *ALIKE), KIND.INVITATION)


def all_lengths(alice: User) -> list[Delivery]:
    return owe_all(ask(single(alice), *ALL_LENGTHS), KIND.INVITATION)


def nameless(alice: User) -> list[Delivery]:
    return owe_all(ask(single(alice), *NAMELESS), KIND.INVITATION)


def much_cyrillic(alice: User) -> list[Delivery]:
    """In base64, which knows no lines of text."""
    return owe_all(ask(single(alice, password="Жужа"), *PEOPLE, message="Ж" * 2000), KIND.INVITATION)


def update(alice: User) -> list[Delivery]:
    conference = single(alice)
    people = ask(conference, *PEOPLE)
    for each in people:
        sent(each)
    for each in people[::2]:
        each.respond(PartStat.ACCEPTED, "", NOW)
    conference.change(alice, {"topic": "Other words"}, seen_sequence=0, tell=Tell.ALL, now=NOW)
    return owe_all(people, KIND.UPDATE)


def cancellation(alice: User) -> list[Delivery]:
    conference = single(alice)
    people = ask(conference, *PEOPLE)
    for each in people:
        sent(each)
    conference.cancel(alice, NOW, tell=Tell.ALL, message="Sorry.")
    return owe_all(people, KIND.CANCELLATION)


def withdrawal(alice: User) -> list[Delivery]:
    people = ask(single(alice), *PEOPLE)
    for each in people:
        sent(each)
        withdraw(each, NOW)
    return [sent(each, KIND.CANCELLATION) for each in people]


def series(alice: User) -> list[Delivery]:
    """With overrides, which are left out where the object becomes too long."""
    conference = weekly(alice)
    for number in range(4):
        row = Conference.objects.get(pk=conference.pk).occurrences.order_by("original_date")[number]
        when = {"start_date": row.start_date + timedelta(days=1), "start_time": time(16), "duration": row.duration}
        row.move(alice, when, seen_sequence=row.conference.sequence, tell=Tell.ALL)
    return owe_all(ask(Conference.objects.get(pk=conference.pk), *PEOPLE), KIND.INVITATION)


def series_with_answers(alice: User) -> list[Delivery]:
    """What was answered before a date was moved counts for the others: two answers in one object."""
    conference = weekly(alice)
    people = ask(conference, *PEOPLE)
    for each in people:
        sent(each)
        each.respond(PartStat.TENTATIVE, "", NOW)
    for number in (1, 2):
        row = Conference.objects.get(pk=conference.pk).occurrences.order_by("original_date")[number]
        when = {"start_date": row.start_date + timedelta(days=1), "start_time": time(16), "duration": row.duration}
        row.move(alice, when, seen_sequence=row.conference.sequence, tell=Tell.ALL)
    return owe_all(people, KIND.UPDATE)


def one_date_off(alice: User) -> list[Delivery]:
    conference = weekly(alice)
    people = ask(conference, *PEOPLE)
    for each in people:
        sent(each)
    row = Conference.objects.get(pk=conference.pk).occurrences.order_by("original_date")[2]
    row.cancel(alice, NOW, tell=Tell.ALL)
    return owe_all(people, KIND.CANCELLATION, row.original_date)


def question(alice: User) -> list[Delivery]:
    return owe_all([sent(each).invitation for each in ask(single(alice), *PEOPLE)], KIND.QUESTION)  # type: ignore[misc]


def message(alice: User) -> list[Delivery]:
    """What the organizer says to all."""
    conference = single(alice)
    people = ask(conference, *PEOPLE)
    said = Message.objects.create(conference=conference, text="Bring <b>figures</b>.", digest="0")
    outbox.queue(people, KIND.MESSAGE, now=NOW, says=said)
    return list(Delivery.objects.filter(kind=KIND.MESSAGE).order_by("pk"))


def reminder(alice: User) -> list[Delivery]:
    """Of one date of a series, to which some gave an answer of its own."""
    people = ask(weekly(alice), *PEOPLE)
    day = people[0].conference.occurrences.order_by("original_date")[1].original_date
    for each in people[2::3]:
        each.respond(PartStat.DECLINED, "", NOW, original_date=day)
    return owe_all(people, KIND.REMINDER, day)


def without_a_date(alice: User) -> list[Delivery]:
    return owe_all(ask(make_conference(alice, topic="Open office", permanent=True), *PEOPLE), KIND.INVITATION)


def guests_see_each_other(alice: User) -> list[Delivery]:
    return owe_all(ask(single(alice, guests_see_each_other=True), *PEOPLE), KIND.INVITATION)


def with_the_organizer(alice: User) -> list[Delivery]:
    """To whom no object is sent."""
    return owe_all(ask(single(alice), *PEOPLE[:3], ("Alice", "ALICE@example.org"), *PEOPLE[3:5]), KIND.INVITATION)


@pytest.mark.parametrize(
    "make",
    [
        invitation, alike, all_lengths, nameless, much_cyrillic, update, cancellation, withdrawal, series,
        series_with_answers, one_date_off, question, message, reminder, without_a_date, guests_see_each_other,
        with_the_organizer,
    ],
    ids=lambda make: make.__name__,
)  # fmt: skip
def test_what_is_filled_in_is_what_would_have_been_written(
    make: Callable[[User], list[Delivery]], alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    deliveries = make(alice)
    printed, written = each_written(deliveries)
    for delivery, one, other in zip(deliveries, printed, written, strict=True):
        assert one == other, delivery.address
    assert not caplog.records


@pytest.mark.parametrize("make", [invitation, update, cancellation, series, one_date_off, without_a_date])
def test_only_the_first_letters_of_a_kind_are_written(
    make: Callable[[User], list[Delivery]], alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliveries = make(alice)
    press, count, write = Press(), 0, letters.write

    def counted(*given: Any) -> Any:
        nonlocal count
        count += 1
        return write(*given)

    monkeypatch.setattr(letters, "write", counted)
    for _batch in range(2):
        press.load(deliveries)
        for delivery in deliveries:
            press.message(delivery, NOW)
    kinds = 2 if make is update else 1  # with an answer, and without
    unlike = 2 * sum(len(itip.attendee_line(Attendee(*who), "ACCEPTED")) > LINE_ROOM for who in PEOPLE)
    assert count == 3 * kinds + (unlike if make is series else 0)


def test_a_letter_is_never_of_an_older_state(alice: User) -> None:
    conference = single(alice)
    people = ask(conference, *PEOPLE)
    press = Press()
    each_written([sent(each) for each in people], press)
    conference.change(alice, {"topic": "Other words"}, seen_sequence=0, tell=Tell.ALL, now=NOW)
    printed, written = each_written(owe_all(people, KIND.UPDATE), press)
    assert printed == written
    alice.name = "Alice Brown"
    alice.save()
    printed, written = each_written(owe_all(people, KIND.UPDATE), press)
    assert printed == written


def test_a_stencil_that_says_something_else_is_not_used(
    alice: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    deliveries = owe_all(ask(single(alice), *PEOPLE), KIND.INVITATION)
    write = letters.write

    def personal(occasion: Any, now: Any) -> Any:
        letter = write(occasion, now)
        return letters.Letter(**{**vars(letter), "text": f"{letter.text}{occasion.invitation.name.upper()}\n"})

    monkeypatch.setattr(letters, "write", personal)
    printed, written = each_written(deliveries)
    assert printed == written
    assert "one by one" in caplog.text


def test_what_cannot_be_sent_fails_alone(alice: User) -> None:
    people = ask(single(alice), *PEOPLE)
    damaged = Value("Eve\r\nBcc: all@example.org", output_field=CharField())
    Invitation.objects.filter(pk=people[-1].pk).update(name=damaged)
    deliveries = [sent(each) for each in people]
    press = Press()
    press.load(deliveries)
    for delivery in deliveries[:-1]:
        press.message(delivery, NOW)
    with pytest.raises(ValueError, match="line break"):
        press.message(deliveries[-1], NOW)


@pytest.mark.parametrize(
    "make", [invitation, update, cancellation, series_with_answers, one_date_off, question, message, reminder]
)
def test_what_is_one_persons_own_is_filled_in_or_told_apart_or_unsaid(
    make: Callable[[User], list[Delivery]], alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever lets letters say more of their reader has to say here how others are kept from reading it."""
    delivery = make(alice)[2]
    occasion = occasions.of([delivery])[delivery.pk]
    seen: set[str] = set()
    get = Invitation.__getattribute__

    def watched(person: Invitation, name: str) -> Any:
        seen.add(name)
        return get(person, name)

    monkeypatch.setattr(Invitation, "__getattribute__", watched)
    letters.write(occasion, NOW)
    monkeypatch.undo()
    theirs = {name for field in Invitation._meta.get_fields() for name in (field.name, getattr(field, "attname", ""))}
    assert "token" in seen
    told_apart = {*press_module._SHARED, "conference"}
    assert seen & {*theirs, "pk"} <= told_apart | {"name", "address", "token"}


def test_what_is_filled_in_is_read_by_the_second_reader(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    deliveries = owe_all(ask(single(alice), *PEOPLE), KIND.INVITATION)
    press = Press()
    press.load(deliveries)
    for delivery in deliveries[:2]:
        press.message(delivery, NOW)
    line = stencils.attendee_line
    monkeypatch.setattr(stencils, "attendee_line", lambda *given: line(*given).replace(b"mailto:", b"mailto:x"))
    with pytest.raises(UnreadableError):
        press.message(deliveries[2], NOW)


@pytest.mark.parametrize(
    ("field", "one", "other"),
    [
        ("role", Role.PARTICIPANT, Role.MODERATOR),
        ("language", "de", "ru"),
        ("time_zone", "Asia/Tokyo", "America/New_York"),
        ("partstat", PartStat.ACCEPTED, PartStat.DECLINED),
    ],
)
def test_letters_that_differ_in_one_thing_are_told_apart(alice: User, field: str, one: str, other: str) -> None:
    people = ask(single(alice), *ALIKE)
    for each, value in zip(people, [one, other] * 3, strict=True):
        sent(each)
        Invitation.objects.filter(pk=each.pk).update(**{"answered_sequence": 0, "answered_at": NOW, field: value})
    people[0].conference.change(alice, {"agenda": "Other words"}, seen_sequence=0, tell=Tell.ALL, now=NOW)
    printed, written = each_written(owe_all(people, KIND.UPDATE))
    assert printed == written


def other_words(alice: User) -> list[Delivery]:
    """Every second one is asked with another message."""
    conference = single(alice)
    people = [*ask(conference, *ALIKE[::2], message="One"), *ask(conference, *ALIKE[1::2], message="Other")]
    return [each.deliveries.get() for pair in zip(people[:3], people[3:], strict=True) for each in pair]


def perhaps_told(alice: User) -> list[Delivery]:
    """Of a single date that moved: every second one needs the whole series, having perhaps nothing yet."""
    conference = weekly(alice)
    people = ask(conference, *ALIKE)
    for each in people:
        sent(each)
    Delivery.objects.filter(invitation__in=people[::2]).update(state="uncertain")
    row = Conference.objects.get(pk=conference.pk).occurrences.order_by("original_date")[1]
    when = {"start_date": row.start_date, "start_time": time(16), "duration": row.duration}
    row.move(alice, when, seen_sequence=0, tell=Tell.ALL)
    return owe_all(people, KIND.UPDATE)


def told_more(alice: User) -> list[Delivery]:
    """Every second one knows the state before the last one."""
    conference = single(alice)
    people = ask(conference, *ALIKE)
    for each in people:
        sent(each)
    conference.change(alice, {"topic": "Other words"}, seen_sequence=0, tell=Tell.ALL, now=NOW)
    owe_all(people, KIND.UPDATE)
    for each in people[::2]:
        sent(each, KIND.UPDATE)
    conference.change(alice, {"agenda": "Other numbers"}, seen_sequence=1, tell=Tell.ALL, now=NOW)
    return owe_all(people, KIND.UPDATE)


def told_of_a_date(alice: User) -> list[Delivery]:
    """Every second one is told that a date is off by a letter about nothing else."""
    conference = weekly(alice)
    people = ask(conference, *ALIKE)
    for each in people:
        sent(each)
    row = Conference.objects.get(pk=conference.pk).occurrences.order_by("original_date")[2]
    row.cancel(alice, NOW, tell=Tell.ALL)
    owe_all(people[::2], KIND.CANCELLATION, row.original_date)
    fresh = Conference.objects.get(pk=conference.pk)
    fresh.change(alice, {"topic": "Other words"}, seen_sequence=1, tell=Tell.ALL, now=NOW)
    return owe_all(people, KIND.UPDATE)


@pytest.mark.parametrize("make", [other_words, perhaps_told, told_more, told_of_a_date])
def test_letters_to_people_who_know_other_things_are_told_apart(
    make: Callable[[User], list[Delivery]], alice: User
) -> None:
    printed, written = each_written(make(alice))
    assert printed == written
