"""A real worker and a real mail server that misbehaves: who was to have a letter, who has one, and what the rows say.

The names are those of the addresses that bring their fault along (tests/smtp_server.py).
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from zlib import compress

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from cabinet.environ import Mail
from conferences.models import Change, Conference
from invitations import announcing, calendar, claims, delivering, letters, outbox
from invitations.inviting import withdraw
from invitations.models import Channel, Delivery, Invitation
from tests.factories import make_conference
from tests.invitations.deliveries import change, only_row, owe, set_rows, write_all
from tests.smtp_server import DROP, HANG, Fault, Message, SmtpServer, black_hole

pytestmark = pytest.mark.django_db(transaction=True)

type Send = Callable[[SmtpServer | int], None]


@pytest.fixture
def send(settings: Any) -> Send:
    """Runs a worker against a server until nothing is due."""

    def run(server: SmtpServer | int) -> None:
        port = server if isinstance(server, int) else server.port
        settings.MAIL = Mail("smtp", None, "127.0.0.1", port)
        call_command("worker", once=True)

    return run


def minutes_pass() -> None:
    """Whatever waits for a later try waits no longer, and a pause is over."""
    Delivery.objects.filter(due_at__isnull=False).update(due_at=timezone.now() - timedelta(seconds=1))
    Channel.objects.update(paused_until=timezone.now() - timedelta(seconds=1))


def copies(server: SmtpServer) -> Counter[str]:
    """How many copies each recipient has."""
    return Counter(message.recipient for message in server.messages)


def states() -> dict[str, str]:
    """The state of each person's newest letter, by the name before the @."""
    rows = Delivery.objects.exclude(invitation=None).order_by("pk")
    return {row.address.partition("@")[0]: row.state for row in rows}


# ONE PERSON'S LETTER

FAULTS = {
    # address: state and copies after the first try, and after the second one
    "450-rcpt-once": (("queued", 0), ("sent", 1)),  # F06
    "451-rcpt-twice": (("queued", 0), ("queued", 0)),
    "452-rcpt": (("queued", 0), ("queued", 0)),
    "550-rcpt": (("failed", 0), ("failed", 0)),  # F08
    "551-rcpt": (("failed", 0), ("failed", 0)),
    "553-rcpt": (("failed", 0), ("failed", 0)),
    "554-rcpt": (("failed", 0), ("failed", 0)),
    "552-data": (("failed", 0), ("failed", 0)),  # F09
    "hang-rcpt-once": (("queued", 0), ("sent", 1)),  # F12
    "hang-data-once": (("queued", 0), ("sent", 1)),
    "hang-dot-once": (("uncertain", 0), ("sent", 1)),  # F14
    "hangstored-dot-once": (("uncertain", 1), ("sent", 2)),  # F15
    "drop-dot-once": (("uncertain", 0), ("sent", 1)),  # F16
    "dropstored-dot-once": (("uncertain", 1), ("sent", 2)),
    "drop-sent": (("sent", 1), ("sent", 1)),  # F17
    "451-dot-once": (("queued", 0), ("sent", 1)),  # F18
    "550-dot": (("failed", 0), ("failed", 0)),
    "nonsense-rcpt-once": (("queued", 0), ("sent", 1)),  # F22
    "good": (("sent", 1), ("sent", 1)),
}


def test_people_each_with_a_fault_of_their_own(send: Send) -> None:
    owe(None, *FAULTS)
    with SmtpServer() as server:
        for round_ in (0, 1):
            send(server)
            found = {name: (state, copies(server)[f"{name}@example.org"]) for name, state in states().items()}
            assert found == {name: rounds[round_] for name, rounds in FAULTS.items()}
            minutes_pass()
    for recipient in copies(server):
        assert len({message.content for message in server.messages if message.recipient == recipient}) == 1
    assert Delivery.objects.get(address="550-rcpt@example.org").reply == "550 as the address wishes"


def test_a_server_that_has_no_time_for_anybody_just_now(send: Send) -> None:
    owe()
    with SmtpServer(Fault("mail", "451 4.3.0 later", times=1)) as server:
        send(server)
        assert (states(), only_row().deferrals) == ({"bob": "queued"}, 1)
        minutes_pass()
        send(server)
    assert (states(), copies(server)) == ({"bob": "sent"}, {"bob@example.org": 1})


def test_a_connection_that_breaks_in_the_middle_of_a_message(send: Send) -> None:
    owe()
    write_all(b"more and more\r\n" * 400_000)
    with SmtpServer(Fault("body", DROP, times=1), receive_buffer=4096) as server:
        send(server)
        assert (states(), copies(server)) == ({"bob": "queued"}, {})
        minutes_pass()
        send(server)
    assert (states(), copies(server)) == ({"bob": "sent"}, {"bob@example.org": 1})


def test_a_server_that_takes_one_message_a_connection(send: Send) -> None:
    owe(None, *(f"p{number}" for number in range(9)))
    with SmtpServer(per_connection=1) as server:
        send(server)
    assert set(copies(server).values()) == {1}
    assert set(states().values()) == {"sent"}


def test_a_server_that_does_not_answer_quit_holds_nobody_up(send: Send) -> None:
    owe(None, "bob", "carol")
    with SmtpServer(Fault("quit", HANG)) as server:
        send(server)
        assert set(states().values()) == {"sent"}
        assert copies(server).total() == 2


def test_a_letter_that_is_written_to_a_file_again_takes_the_place_of_the_first(settings: Any, tmp_path: Path) -> None:
    owe(None, "bob", "carol")
    settings.MAIL = Mail("file", tmp_path)
    call_command("worker", once=True)
    first = {path.name: path.read_bytes() for path in tmp_path.glob("*.eml")}
    assert len(first) == 2
    kept = {row.pk: compress(first[next(name for name in first if name.endswith(f"-{row.pk}.eml"))]) for row in rows()}
    for pk, message in kept.items():
        Delivery.objects.filter(pk=pk).update(state="uncertain", copies=1, due_at=timezone.now(), message=message)
    minutes_pass()
    call_command("worker", once=True)
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.eml")} == first
    assert set(states().values()) == {"sent"}


def rows() -> list[Delivery]:
    return list(Delivery.objects.all())


# THE SERVER AS A WHOLE


def test_a_server_that_is_away_costs_nobody_anything(send: Send) -> None:
    owe(None, *(f"p{number}" for number in range(10)))
    server = SmtpServer()
    server.start()
    server.stop()
    for _minute in range(3):
        send(server)
        minutes_pass()
    trouble = outbox.trouble()
    assert trouble
    assert "refused" in trouble.reply
    assert set(states().values()) == {"queued"}
    assert not Delivery.objects.exclude(deferrals=0, errors=0, copies=0).exists()
    with server:
        send(server)
    assert set(copies(server).values()) == {1}
    assert set(states().values()) == {"sent"}
    assert outbox.trouble() is None


def test_a_server_that_swallows_connections_is_one_that_is_away(send: Send) -> None:
    owe()
    with black_hole() as port:
        send(port)
    assert (states(), outbox.trouble() is not None) == ({"bob": "queued"}, True)


@pytest.mark.parametrize(
    ("fault", "is_paused"),
    [
        (Fault("greeting", "421 4.3.2 busy"), False),
        (Fault("greeting", "554 5.3.2 go away"), True),
        (Fault("greeting", HANG), True),
        (Fault("mail", "550 5.7.1 not you"), True),
    ],
    ids=lambda value: getattr(value, "do", ""),
)
def test_what_is_not_a_persons_fault_fails_nobody(fault: Fault, is_paused: bool, send: Send) -> None:
    owe(None, "bob", "carol")
    with SmtpServer(fault) as server:
        send(server)
        assert set(states().values()) == {"queued"}
        assert (outbox.trouble() is not None) == is_paused
        server.faults.clear()
        minutes_pass()
        send(server)
    assert copies(server) == {"bob@example.org": 1, "carol@example.org": 1}


# IN THE MIDDLE OF A TRY


@pytest.fixture
def set_out(settings: Any) -> Iterator[Callable[[SmtpServer], delivering.Crew]]:
    """Starts a crew with everything that is due, written already, and comes back while it is at work."""
    crews = []

    def start(server: SmtpServer) -> delivering.Crew:
        settings.MAIL = Mail("smtp", None, "127.0.0.1", server.port)
        write_all()
        crew = delivering.Crew("a-boot a-container 1 1")
        crews.append(crew)
        crew.start()
        now = outbox.database_now()
        crew.deliver(claims.claim(crew.worker, now, 100), now)
        return crew

    yield start
    for crew in crews:
        crew.stop(5)


type SetOut = Callable[[SmtpServer], delivering.Crew]


def until(is_so: Callable[[], bool]) -> None:
    """Wait for it."""
    end = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("happens", ["withdrawal", "change", "cancellation"])
def test_what_is_taken_back_before_the_dot_does_not_arrive(happens: str, set_out: SetOut) -> None:
    (bob,) = owe()
    conference = Conference.objects.get()
    with SmtpServer(Fault("rcpt", delay=0.5)) as server:
        crew = set_out(server)
        server.wait_for("rcpt")
        match happens:
            case "withdrawal":
                withdraw(bob, timezone.now())
            case "change":
                change(conference)
            case _:
                conference.cancel(conference.organizer, timezone.now(), tell=Change.Tell.ALL)
        until(lambda: not crew.desk.held())
        assert not server.messages
    assert Delivery.objects.earliest("pk").state == "queued"


def test_who_is_withdrawn_after_the_dot_gets_a_cancellation(set_out: SetOut, send: Send) -> None:
    (bob,) = owe()
    with SmtpServer(Fault("dot", delay=0.5)) as server:
        crew = set_out(server)
        server.wait_for("dot")
        withdraw(bob, timezone.now())
        until(lambda: not crew.desk.held())
        send(server)
    assert copies(server) == {"bob@example.org": 2}
    assert list(bob.deliveries.order_by("pk").values_list("kind", "state")) == [
        ("invitation", "sent"),
        ("cancellation", "sent"),
    ]


def test_a_cancelled_conference_leaves_each_guest_nothing_or_invitation_and_cancellation(send: Send) -> None:
    names = ["good", "550-rcpt", "451-rcpt-once", "dropstored-dot-once"]
    people = dict(zip(names, owe(None, *names), strict=True))
    conference = Conference.objects.get()
    with SmtpServer() as server:
        send(server)
        conference.cancel(conference.organizer, timezone.now(), tell=Change.Tell.ALL)
        for _minute in range(3):
            minutes_pass()
            send(server)
    got = {name: list(person.deliveries.order_by("pk").values_list("kind", "state")) for name, person in people.items()}
    assert got == {
        "good": [("invitation", "sent"), ("cancellation", "sent")],
        "550-rcpt": [("invitation", "failed")],
        "451-rcpt-once": [("invitation", "cancelled")],
        "dropstored-dot-once": [("invitation", "uncertain"), ("cancellation", "sent")],
    }
    assert copies(server) == {"good@example.org": 2, "dropstored-dot-once@example.org": 2}


def test_the_last_letter_of_everybody_holds_the_newest_state(send: Send, settings: Any) -> None:
    settings.OUTBOX = settings.OUTBOX | {"UPDATE_DELAY": 0}
    owe(None, "good", "451-rcpt-once", "dropstored-dot-once")
    conference = Conference.objects.get()
    with SmtpServer() as server:
        send(server)
        for tell in (Change.Tell.ALL, Change.Tell.NOBODY, Change.Tell.ALL):
            minutes_pass()
            change(conference, tell=tell)
            send(server)
    for name in states():
        mine = [message.content for message in server.messages if message.recipient == f"{name}@example.org"]
        sequences = [sequence_of(content) for content in mine]
        assert sequences == sorted(sequences)
        assert sequences[-1] == 3


def sequence_of(message: bytes) -> int:
    """SEQUENCE of the calendar object in a message."""
    parts = message_from_bytes(message, policy=default).walk()
    calendar = next(part.get_content() for part in parts if part.get_content_type() == "text/calendar")
    return int(calendar.partition("SEQUENCE:")[2].partition("\n")[0])


def test_one_who_hangs_delays_nobody(set_out: SetOut, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.OUTBOX = settings.OUTBOX | {"CONNECTIONS": 1, "FINAL_DOT": 60}
    monkeypatch.setattr(delivering, "PATIENCE", 0.1)
    owe(None, "hang-dot")
    owe(None, *(f"good{number}" for number in range(20)))
    Delivery.objects.filter(address__startswith="hang").update(due_at=timezone.now() - timedelta(hours=1))
    with SmtpServer() as server:
        set_out(server)
        until(lambda: Delivery.objects.filter(state="sent").count() == 20)
        assert states()["hang-dot"] == "sending"
        assert len({message.connection for message in server.messages}) == 1


def test_a_result_is_recorded_before_the_connection_speaks_again(set_out: SetOut, settings: Any) -> None:
    settings.OUTBOX = settings.OUTBOX | {"CONNECTIONS": 1}
    owe(None, *(f"p{number}" for number in range(6)))
    seen = []

    def take(message: Message) -> None:
        seen.append((message.recipient, states()))
        connection.close()

    with SmtpServer() as server:
        server.take = take  # type: ignore[method-assign]
        crew = set_out(server)
        until(lambda: not crew.desk.held())
    assert len(seen) == 6
    for number, (recipient, then) in enumerate(seen):
        assert then.pop(recipient.partition("@")[0]) == "sending"
        assert Counter(then.values())["sent"] == number


def test_only_begun_rows_are_in_doubt_one_for_each_connection(set_out: SetOut, settings: Any) -> None:
    settings.OUTBOX = settings.OUTBOX | {"CONNECTIONS": 2}
    owe(None, *(f"p{number}" for number in range(10)))
    with SmtpServer(Fault("dot", delay=0.5)) as server:
        set_out(server)
        server.wait_for("dot", times=2)
        begun = Delivery.objects.filter(state="sending", started_at__isnull=False)
        assert begun.count() == 2
        claims.sweep("b-boot a-container 1 1", outbox.database_now() + timedelta(hours=1))
        assert Counter(states().values()) == {"uncertain": 2, "queued": 8}


def test_a_lease_outlives_a_long_answer(set_out: SetOut, settings: Any) -> None:
    settings.OUTBOX = settings.OUTBOX | {"LEASE": 0.6, "RENEW": 0.1, "FINAL_DOT": 60}
    owe()
    with SmtpServer(Fault("dot", delay=1.5)) as server:
        crew = set_out(server)
        server.wait_for("dot")
        while crew.desk.held():
            claims.sweep("b-boot a-container 1 1", outbox.database_now())
            time.sleep(0.05)
    assert (only_row().state, only_row().copies) == ("sent", 0)


# STOPPING


def test_stop_finishes_what_is_under_way_and_puts_the_rest_back(set_out: SetOut, settings: Any) -> None:
    settings.OUTBOX = settings.OUTBOX | {"CONNECTIONS": 2}
    owe(None, *(f"p{number}" for number in range(10)))
    with SmtpServer(Fault("rcpt", delay=0.3)) as server:
        crew = set_out(server)
        server.wait_for("rcpt", times=2)
        crew.stop(5)
        assert Counter(states().values()) == {"sent": 2, "queued": 8}
        assert copies(server).total() == 2
    assert set(Delivery.objects.values_list("worker", flat=True).filter(state="queued")) == {""}


def test_stop_calls_off_what_does_not_reach_the_dot_in_time(set_out: SetOut, settings: Any) -> None:
    settings.OUTBOX = settings.OUTBOX | {"COMMAND": 1.5}
    owe(None, "hang-rcpt")
    with SmtpServer() as server:
        crew = set_out(server)
        server.wait_for("rcpt")
        crew.stop(0.1)
        assert (only_row().state, only_row().copies) == ("queued", 0)
        for thread in threading.enumerate():
            if thread.name.startswith("carrier"):
                thread.join()
    assert (only_row().state, only_row().deferrals) == ("queued", 0)


def test_stop_never_abandons_a_message_after_the_dot(set_out: SetOut) -> None:
    owe()
    with SmtpServer(Fault("dot", delay=1)) as server:
        crew = set_out(server)
        server.wait_for("dot")
        crew.stop(0.1)
        assert only_row().state == "sent"


def test_a_crew_that_has_lost_a_thread_says_so(set_out: SetOut) -> None:
    with SmtpServer() as server:
        crew = set_out(server)
        assert crew.is_well()
        crew.clerk.end()
        assert not crew.is_well()


# POISON


def damage(name: str, **values: Any) -> None:
    """Change a row behind the back of everything that checks."""
    with connection.cursor() as cursor:
        for column, value in values.items():
            cursor.execute(
                f"UPDATE invitations_delivery SET {column} = %s WHERE address = %s", [value, f"{name}@example.org"]
            )


def test_an_entry_that_cannot_be_read_back_is_not_sent(
    send: Send, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    owe(None, "bob", "dan")
    owe(make_conference(topic="Standing room", permanent=True), "good")
    serialize = calendar.serialize

    def damaged(*given: Any) -> bytes:
        return serialize(*given).replace(b"SEQUENCE:0", b"SEQUENCE:1")

    monkeypatch.setattr(calendar, "serialize", damaged)
    with SmtpServer() as server:
        send(server)
        assert copies(server) == {"good@example.org": 1}
        assert states() == {"bob": "failed", "dan": "failed", "good": "sent"}
        row = Delivery.objects.get(address="bob@example.org")
        assert (row.why, row.errors) == ("unreadable", 1)
        assert row.reply.removeprefix("Error ") in caplog.text
        announcing.report(timezone.now() + timedelta(minutes=10))
        minutes_pass()
        send(server)
    (notice,) = [message for message in server.messages if message.recipient != "good@example.org"]
    assert b"could not be read back" in notice.content.replace(b"=\r\n", b"")


@pytest.mark.parametrize("poison", ["exception", "endless loop", "damaged bytes", "bare newline", "hostile address"])
def test_a_poisonous_letter_fails_alone_after_three_tries(
    poison: str, send: Send, settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings.OUTBOX = settings.OUTBOX | {"RENDER_CPU": 1}
    owe(None, "poison", "good")
    write = letters.message

    def message(delivery: Delivery, now: Any, *more: Any) -> bytes:
        if delivery.address.startswith("good"):
            return write(delivery, now, *more)
        while poison == "endless loop":
            pass
        if poison == "exception":
            raise ZeroDivisionError
        return b"a bare\nnewline\r\n" if poison == "bare newline" else write(delivery, now, *more)

    monkeypatch.setattr(letters, "message", message)
    if poison == "damaged bytes":
        damage("poison", message=b"not compressed")
    elif poison == "hostile address":
        damage("poison", message=compress(b"\r\n"), address="a@example.org>\r\nRCPT TO:<b@example.org")
    with SmtpServer() as server:
        for _try in range(3):
            send(server)
            minutes_pass()
        send(server)
    assert copies(server) == {"good@example.org": 1}
    row = Delivery.objects.exclude(address="good@example.org").get()
    assert (row.state, row.why, row.errors) == ("failed", "error", 3)
    assert row.reply.removeprefix("Error ") in caplog.text


def test_a_title_that_an_older_version_let_in_fails_its_own_letter_alone(send: Send) -> None:
    owe(make_conference(topic="Old"), "poison")
    owe(make_conference(topic="New"), "good")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE conferences_conference SET topic = %s WHERE topic = 'Old'", ["Two\u2028lines"])
    with SmtpServer() as server:
        for _try in range(4):
            send(server)
            minutes_pass()
    assert copies(server) == {"good@example.org": 1}
    assert states() == {"poison": "failed", "good": "sent"}


def test_one_envelope_recipient_and_the_stored_address_even_if_the_name_holds_another(send: Send) -> None:
    owe()
    Invitation.objects.update(name="Bob <charlie@example.org>, dave@example.org")
    with SmtpServer() as server:
        send(server)
        assert [line for _number, line in server.commands if line.startswith("RCPT")] == ["RCPT TO:<bob@example.org>"]


# A LOCKED OR LOST DATABASE


def test_a_writer_who_takes_long_only_delays(send: Send) -> None:
    owe(None, *(f"p{number}" for number in range(5)))
    locked = threading.Event()

    def hold() -> None:
        with transaction.atomic():
            list(Delivery.objects.select_for_update())
            set_rows(priority=0)
            locked.set()
            time.sleep(1)
        connection.close()

    writer = threading.Thread(target=hold)
    writer.start()
    locked.wait()
    with SmtpServer() as server:
        send(server)
        writer.join()
        send(server)
    assert set(copies(server).values()) == {1}
    assert set(states().values()) == {"sent"}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server that could go away")
def test_a_database_that_ends_all_connections_loses_nothing(set_out: SetOut, send: Send) -> None:
    owe(None, *(f"p{number}" for number in range(20)))
    outbox.hang_up()  # as in a fresh process: no pool of idle connections, all of which would die
    with SmtpServer(Fault("dot", delay=0.02)) as server:
        crew = set_out(server)
        for _time in range(5):
            with suppress(Exception), connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            time.sleep(0.1)
        until(lambda: not crew.desk.held())
        send(server)
    assert set(copies(server).values()) == {1}
    assert set(states().values()) == {"sent"}
