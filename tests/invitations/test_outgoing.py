"""One try at a real SMTP server that misbehaves: what is reported must be what happened."""

import contextlib
import re
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from cabinet.environ import Mail
from invitations.outgoing import Channel, LeaseLost, Outcome, Result, open_channel
from tests.smtp_server import (
    DROP,
    HANG,
    NONSENSE,
    Certificate,
    Fault,
    SmtpServer,
    black_hole,
    make_certificate,
    stored_messages,
)

SENT, DEFERRED, FAILED, UNCERTAIN, SITE = Result.SENT, Result.DEFERRED, Result.FAILED, Result.UNCERTAIN, Result.SITE
SITE_HOST = "meet.example.org"
SITE_ADDRESS = f"invite@{SITE_HOST}"
BOB = "bob@example.org"
CHARLIE = "charlie@example.org"
MESSAGE = b"Subject: Sales meeting\r\n\r\nSee you there\r\n"
PATIENT = {"CONNECT": 10, "COMMAND": 10, "DATA": 10, "FINAL_DOT": 10, "QUIT": 10}
SECRET = ("cabinet", "open sesame")


def always() -> bool:
    return True


def mail_of(server: SmtpServer, **more: Any) -> Mail:
    values: dict[str, Any] = {"kind": "smtp", "host": "127.0.0.1", "port": server.port}
    return Mail(**values | more)


@contextlib.contextmanager
def channel_to(server: SmtpServer, limits: Mapping[str, float] = PATIENT, **more: Any) -> Iterator[Channel]:
    channel = open_channel(mail_of(server, **more), SITE_HOST, {**PATIENT, **limits})
    try:
        yield channel
    finally:
        channel.close()


def send(channel: Channel, address: str = BOB, message: bytes = MESSAGE, alive: Callable[[], bool] = always) -> Outcome:
    return channel.send(address, message, sender=SITE_ADDRESS, name="1", alive=alive)


def taken(server: SmtpServer) -> list[str]:
    return [message.recipient for message in server.messages]


# A server that behaves


def test_every_message_says_where_it_comes_back_to() -> None:
    with SmtpServer() as server, channel_to(server) as channel:
        for sender in ("b+one@meet.example.org", "b+two@meet.example.org"):
            channel.send(BOB, MESSAGE, sender=sender, name="1", alive=always)
        with pytest.raises(ValueError, match="cannot be sent"):
            channel.send(BOB, MESSAGE, sender="b+one@meet.example.org> RET=FULL", name="1", alive=always)
    assert [message.sender for message in server.messages] == ["b+one@meet.example.org", "b+two@meet.example.org"]


def test_message_arrives_as_it_is_in_an_envelope_for_one() -> None:
    with SmtpServer() as server, channel_to(server) as channel:
        assert send(channel) == Outcome(SENT, "250 2.0.0 taken", before_dot=False)
    [message] = server.messages
    assert (message.sender, message.recipient, message.content) == (SITE_ADDRESS, BOB, MESSAGE)


def test_connection_serves_many_messages_and_ends_with_quit() -> None:
    with SmtpServer() as server, channel_to(server) as channel:
        assert [send(channel, address).result for address in (BOB, CHARLIE, BOB)] == [SENT, SENT, SENT]
        channel.close()
        verbs = [line.partition(" ")[0] for _, line in server.commands]
    assert verbs == ["ehlo", *["MAIL", "RCPT", "DATA"] * 3, "QUIT"]
    assert server.connections == 1


def test_closed_channel_can_be_used_again() -> None:
    with SmtpServer() as server, channel_to(server) as channel:
        channel.close()
        assert send(channel).result == SENT
        channel.close()
        channel.close()
        assert send(channel).result == SENT


HOSTILE = [
    b".\r\n",
    b"..\r\n.\r\n...\r\n",
    b"Hello\r\n.\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nx\r\n.\r\n",
    b"QUIT\r\nRSET\r\n. \r\n .\r\n.x\r\n",
    b"From me to you\r\n>From\r\n",
    b"x" * 998 + b"\r\n",
    b".\r\n" * 20_000,
    b"\r\n\r\n\r\n",
]


def test_nothing_in_a_body_ends_the_message_or_speaks_to_the_server() -> None:
    messages = [b"Subject: x\r\n\r\n" + body for body in HOSTILE]
    with SmtpServer() as server, channel_to(server) as channel:
        assert {send(channel, message=message).result for message in messages} == {SENT}
    assert [message.content for message in server.messages] == messages
    assert sum(message.bare_newlines for message in server.messages) == 0
    assert [line for _, line in server.commands].count(f"RCPT TO:<{BOB}>") == len(messages)
    assert not [line for _, line in server.commands if "evil" in line]


@pytest.mark.parametrize(
    "message",
    [b"x\n", b"x\r\ny\n\r\n", b"x\ry\r\n", b"x\r\n\n", b"x\r\r\n", b"x", b"x\0\r\n", "é\r\n".encode(), b"\r\n.\n\r\n"],
)
def test_message_that_a_server_might_read_otherwise_does_not_leave(message: bytes) -> None:
    with SmtpServer() as server, channel_to(server) as channel, pytest.raises(ValueError, match="CRLF"):
        send(channel, message=message)
    assert server.connections == 0


@pytest.mark.parametrize(
    "address",
    [
        "", "bob", "@example.org", "bob@", "a b@example.org", "b@example.org>", "<bob@example.org>", "b@example.org\n",
        "bob@example.org\r\nRCPT TO:<evil@example.org>", '"bob"@example.org', "bob@[127.0.0.1]", "bob@exämple.org",
        "bób@example.org", "bob@example.org SIZE=1", "x" * 65 + "@example.org", "bob@a@example.org", "b\0b@example.org",
    ],
)  # fmt: skip
def test_address_outside_the_policy_does_not_leave(address: str) -> None:
    with SmtpServer() as server, channel_to(server) as channel, pytest.raises(ValueError, match="cannot be sent"):
        send(channel, address)
    assert server.connections == 0


# A server that refuses, stalls and drops. After each, the next person's message arrives all the same.

REFUSALS = [
    ("greeting", "421 4.3.2 busy", DEFERRED),
    ("greeting", "554 5.3.2 no mail here", SITE),
    ("greeting", NONSENSE, DEFERRED),
    ("greeting", DROP, SITE),
    ("ehlo", "550 5.7.1 who are you", SITE),
    ("ehlo", DROP, SITE),
    ("mail", "451 4.3.0 later", DEFERRED),
    ("mail", "421 4.3.0 closing", DEFERRED),
    ("mail", "550 5.7.1 not from you", SITE),
    ("mail", "530 5.7.0 sign in first", SITE),
    ("mail", DROP, DEFERRED),
    ("mail", NONSENSE, DEFERRED),
    ("rcpt", "421 4.3.2 closing", DEFERRED),
    ("rcpt", "450 4.2.1 mailbox busy", DEFERRED),
    ("rcpt", "451 4.7.1 greylisted", DEFERRED),
    ("rcpt", "452 4.5.3 too many recipients", DEFERRED),
    ("rcpt", "550 5.1.1 no such user", FAILED),
    ("rcpt", "551 5.1.6 moved", FAILED),
    ("rcpt", "552 5.2.2 over quota", FAILED),
    ("rcpt", "553 5.1.3 bad address", FAILED),
    ("rcpt", "554 5.7.1 rejected", FAILED),
    ("rcpt", "530 5.7.0 sign in first", SITE),
    ("rcpt", DROP, DEFERRED),
    ("rcpt", NONSENSE, DEFERRED),
    ("rcpt", "999 what", DEFERRED),
    ("rcpt", "250 2.1.5 ok\r\n250 2.1.5 and once more", DEFERRED),
    ("data", "451 4.3.0 later", DEFERRED),
    ("data", "554 5.5.1 no", FAILED),
    ("data", "250 2.0.0 what", DEFERRED),
    ("data", DROP, DEFERRED),
]


@pytest.mark.parametrize(("phase", "says", "result"), REFUSALS)
def test_refusal_before_the_dot(phase: str, says: str, result: Result) -> None:
    with SmtpServer(Fault(phase, says, times=1)) as server, channel_to(server) as channel:
        outcome = send(channel)
        assert (outcome.result, outcome.before_dot) == (result, True)
        assert outcome.reply == {DROP: "The mail server closed the connection"}.get(says, outcome.reply)
        assert taken(server) == []
        assert send(channel, CHARLIE).result == SENT
    assert taken(server) == [CHARLIE]
    in_step = phase in {"mail", "rcpt", "data"} and says[0] in "45" and not says.startswith("421")
    assert server.connections == (1 if in_step else 2)


def test_reply_of_a_refusal_is_reported() -> None:
    fault = Fault("rcpt", "550-5.1.1 no such user\r\n550 5.1.1 ask them")
    with SmtpServer(fault) as server, channel_to(server) as channel:
        assert send(channel).reply == "550 5.1.1 no such user 5.1.1 ask them"


ANSWERS = [
    ("250 2.0.0 queued as 4711", SENT, 1),
    ("421 4.3.0 closing", DEFERRED, 0),
    ("451 4.3.0 later", DEFERRED, 0),
    ("452 4.3.1 full", DEFERRED, 0),
    ("552 5.3.4 too big", FAILED, 0),
    ("554 5.6.0 no", FAILED, 0),
    ("354 what", UNCERTAIN, 0),
    (NONSENSE, UNCERTAIN, 0),
    (f"{NONSENSE}\r\n250 2.0.0 after all", UNCERTAIN, 0),
    (DROP, UNCERTAIN, 0),
]


@pytest.mark.parametrize(("says", "result", "copies"), ANSWERS)
def test_answer_to_the_dot(says: str, result: Result, copies: int) -> None:
    with SmtpServer(Fault("dot", says, to=BOB, times=1)) as server, channel_to(server) as channel:
        outcome = send(channel)
        assert (outcome.result, outcome.before_dot) == (result, False)
        assert taken(server) == [BOB] * copies
        assert send(channel, CHARLIE).result == SENT
    assert taken(server) == [BOB] * copies + [CHARLIE]
    assert server.connections == (2 if result == UNCERTAIN or says.startswith("421") else 1)


@pytest.mark.parametrize("does", [DROP, HANG])
def test_taken_without_an_answer_is_uncertain_too(does: str) -> None:
    fault = Fault("dot", does, times=1, stored=True)
    with SmtpServer(fault) as server, channel_to(server, {"FINAL_DOT": 0.5}) as channel:
        assert send(channel).result == UNCERTAIN
        assert taken(server) == [BOB]
        assert send(channel, CHARLIE).result == SENT


STALLS = [
    ("greeting", "COMMAND", SITE),
    ("ehlo", "COMMAND", SITE),
    ("mail", "COMMAND", DEFERRED),
    ("rcpt", "COMMAND", DEFERRED),
    ("data", "COMMAND", DEFERRED),
    ("dot", "FINAL_DOT", UNCERTAIN),
]


@pytest.mark.parametrize(("phase", "limit", "result"), STALLS)
def test_silence_ends_with_the_time_limit_of_its_phase(phase: str, limit: str, result: Result) -> None:
    with SmtpServer(Fault(phase, HANG, times=1)) as server, channel_to(server, {limit: 0.5}) as channel:
        outcome = send(channel)
        assert (outcome.result, outcome.before_dot) == (result, phase != "dot")
        assert outcome.reply == "The mail server did not answer in time"
        assert send(channel, CHARLIE).result == SENT
    assert taken(server) == [CHARLIE]


@pytest.mark.parametrize(("phase", "limit", "result"), [("rcpt", "COMMAND", DEFERRED), ("dot", "FINAL_DOT", UNCERTAIN)])
def test_reply_that_drips_ends_with_the_limit_too(phase: str, limit: str, result: Result) -> None:
    fault = Fault(phase, "250 2.1.5 well, let me think about it", drip=0.1, times=1)
    with SmtpServer(fault) as server, channel_to(server, {limit: 0.5}) as channel:
        assert send(channel).result == result


def test_message_that_the_server_does_not_read_ends_with_the_limit_of_data() -> None:
    long = MESSAGE + (b"x" * 78 + b"\r\n") * 65_000
    with (
        SmtpServer(Fault("body", HANG, times=1), receive_buffer=4096) as server,
        channel_to(server, {"DATA": 0.5}) as channel,
    ):
        server.faults.append(Fault("body", DROP, times=1))
        assert send(channel, message=long) == Outcome(DEFERRED, "The mail server did not answer in time", True)
        assert send(channel, message=long).result == DEFERRED
        assert send(channel, CHARLIE).result == SENT
    assert taken(server) == [CHARLIE]


@pytest.mark.parametrize(
    ("says", "result"), [(DROP, DEFERRED), ("421 4.3.2 closing", DEFERRED), ("552 5.3.4 too big", FAILED)]
)
def test_server_that_speaks_or_leaves_before_the_dot_does_not_get_it(says: str, result: Result) -> None:
    def when_the_server_has_gone() -> bool:
        if server.commands[-1:] == [(1, "DATA")]:
            server.wait_for("body")
            server.wait_until_all_left()
        return True

    with SmtpServer(Fault("body", says, times=1)) as server, channel_to(server) as channel:
        outcome = send(channel, alive=when_the_server_has_gone)
        assert (outcome.result, outcome.before_dot) == (result, True)
        assert send(channel, CHARLIE).result == SENT
    assert taken(server) == [CHARLIE]


def test_server_that_is_merely_slow_gets_the_message() -> None:
    faults = [Fault(phase, delay=0.1) for phase in ("greeting", "mail", "rcpt", "data", "dot", "quit")]
    with SmtpServer(*faults) as server, channel_to(server) as channel:
        assert send(channel).result == SENT


@pytest.mark.parametrize(
    "reply",
    [
        b"550 <script>alert(1)</script> \x1b[31mred\x1b[0m \x07 \xff\xfe " + b"no " * 700,
        "550 \u202egnp.\u202c \u2066x\u2069 \u2028 \x00 \x85 \x9b31m нет".encode() + b"\xd1",
    ],
)
def test_reply_is_shown_escaped_and_cut(reply: bytes) -> None:
    with SmtpServer(Fault("rcpt", reply)) as server, channel_to(server) as channel:
        outcome = send(channel)
    assert outcome.result == FAILED
    assert outcome.reply.startswith("550 ")
    assert outcome.reply.isprintable()
    assert len(outcome.reply) <= 300


def test_reply_without_end_is_given_up() -> None:
    endless = b"\r\n".join([b"250-" + b"x" * 1000] * 200)
    with SmtpServer(Fault("rcpt", endless, times=1)) as server, channel_to(server) as channel:
        assert send(channel) == Outcome(DEFERRED, "The mail server does not stop talking", before_dot=True)
        assert send(channel, CHARLIE).result == SENT


def test_everybody_gets_their_own_verdict() -> None:
    people = {
        "550-rcpt@example.org": FAILED,
        "451-rcpt-once@example.org": DEFERRED,
        "bob@example.org": SENT,
        "452-dot-once@example.org": DEFERRED,
        "554-dot@example.org": FAILED,
        "drop-dot-once@example.org": UNCERTAIN,
        "drop-sent@example.org": SENT,
        "nonsense-data-once@example.org": DEFERRED,
        "charlie@example.org": SENT,
    }
    again = {**people, **dict.fromkeys(filter(lambda address: "-once" in address, people), SENT)}
    with SmtpServer() as server, channel_to(server) as channel:
        assert {address: send(channel, address).result for address in people} == people
        assert {address: send(channel, address).result for address in people} == again
    assert sorted(taken(server)) == sorted(
        address for outcomes in (people, again) for address, result in outcomes.items() if result == SENT
    )


# A server that is not there, or tired of us


def test_server_that_is_down_and_comes_back() -> None:
    with SmtpServer() as server, channel_to(server) as channel:
        assert send(channel).result == SENT
        server.stop()
        assert send(channel) == Outcome(SITE, "Connection refused", before_dot=True)
        server.start()
        assert send(channel).result == SENT
        server.stop()
        server.start()
        assert send(channel).result == SENT


def test_connection_that_nobody_accepts() -> None:
    with black_hole() as port, channel_to(SmtpServer(port=port), {"CONNECT": 0.3}) as channel:
        assert send(channel) == Outcome(SITE, "The mail server did not answer in time", before_dot=True)


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b", "x" * 64 + ".org"])
def test_host_whose_name_does_not_resolve(host: str) -> None:
    with channel_to(SmtpServer(), host=host) as channel:
        outcome = send(channel)
    assert (outcome.result, outcome.before_dot) == (SITE, True)
    assert outcome.reply


def test_limit_of_messages_per_connection_costs_nobody_a_delay() -> None:
    with SmtpServer(per_connection=1) as server, channel_to(server) as channel:
        assert [send(channel).result for _ in range(4)] == [SENT] * 4
    assert [message.connection for message in server.messages] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("phase", "says"), [("mail", "452 4.5.3 enough"), ("mail", "550 5.7.0 enough"), ("rcpt", "452 4.5.3 enough")]
)
def test_used_connection_that_refuses_is_replaced_once(phase: str, says: str) -> None:
    with SmtpServer(Fault(phase, says, after=1, times=1)) as server, channel_to(server) as channel:
        assert [send(channel).result for _ in range(3)] == [SENT] * 3
        assert server.connections == 2
        server.faults.append(Fault(phase, says))
        assert send(channel).result != SENT
        assert server.connections == 3


def test_refused_person_does_not_cost_the_connection() -> None:
    with SmtpServer() as server, channel_to(server) as channel:
        assert send(channel, "550-rcpt@example.org").result == FAILED
        assert send(channel).result == SENT
        assert ("RSET" in [line for _, line in server.commands]) is True
        assert server.connections == 1


def test_reset_that_is_refused_costs_a_connection_and_nobody_a_message() -> None:
    with SmtpServer(Fault("rset", "500 what", times=1)) as server, channel_to(server) as channel:
        assert send(channel, "550-rcpt@example.org").result == FAILED
        assert send(channel).result == SENT
    assert server.connections == 2


def test_answer_counts_although_the_connection_ends_after_it() -> None:
    with SmtpServer(Fault("sent", DROP)) as server, channel_to(server) as channel:
        assert [send(channel).result for _ in range(3)] == [SENT] * 3
    assert len(server.messages) == 3


@pytest.mark.parametrize("does", [HANG, DROP, "500 no", NONSENSE])
def test_leaving_takes_no_longer_than_its_limit(does: str) -> None:
    with SmtpServer(Fault("quit", does)) as server:
        channel = open_channel(mail_of(server), SITE_HOST, PATIENT | {"QUIT": 0.2})
        assert send(channel).result == SENT
        before = time.monotonic()
        channel.close()
        assert time.monotonic() - before < PATIENT["COMMAND"] / 2
    assert taken(server) == [BOB]


# A claim that ends


def test_claim_is_looked_at_before_mail_and_before_the_dot() -> None:
    seen = []

    def look() -> bool:
        seen.append(server.commands[-1][1].partition(" ")[0])
        return True

    with SmtpServer() as server, channel_to(server) as channel:
        send(channel, alive=look)
    assert seen == ["ehlo", "DATA"]


@pytest.mark.parametrize("looks", [1, 2])
def test_message_whose_claim_has_ended_is_kept_back(looks: int) -> None:
    answers = [True] * (looks - 1) + [False]
    with SmtpServer() as server, channel_to(server) as channel:
        with pytest.raises(LeaseLost):
            send(channel, alive=lambda: answers.pop(0))
        assert send(channel, CHARLIE).result == SENT
    assert taken(server) == [CHARLIE]


def test_error_while_looking_keeps_the_message_back() -> None:
    answers = iter([True])
    with SmtpServer() as server, channel_to(server) as channel:
        with pytest.raises(StopIteration):
            send(channel, alive=lambda: next(answers))
        assert send(channel, CHARLIE).result == SENT
    assert taken(server) == [CHARLIE]


# Signing in


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"), "localhost")


@pytest.fixture
def trusted(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    """The certificate on a machine that trusts its authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.authority))
    return certificate


SECURED: dict[str, Any] = {"host": "localhost", "security": "starttls", "username": SECRET[0], "password": SECRET[1]}


def assert_nothing_in_clear(server: SmtpServer) -> None:
    assert taken(server) == []
    assert {line.partition(" ")[0] for _, line in server.commands} <= {"ehlo", "STARTTLS"}


def test_configured_encryption_protects_password_and_message(trusted: Certificate) -> None:
    with SmtpServer(tls=trusted, credentials=SECRET) as server, channel_to(server, **SECURED) as channel:
        assert [send(channel).result for _ in range(2)] == [SENT] * 2
        verbs = [line.partition(" ")[0] for _, line in server.commands]
    assert verbs[:4] == ["ehlo", "STARTTLS", "ehlo", "AUTH"]
    assert {(message.secured, message.user) for message in server.messages} == {(True, "cabinet")}


def test_encryption_from_the_first_byte(trusted: Certificate) -> None:
    with (
        SmtpServer(tls=trusted, implicit=True, credentials=SECRET) as server,
        channel_to(server, **SECURED | {"security": "tls"}) as channel,
    ):
        assert [send(channel).result for _ in range(2)] == [SENT] * 2
    assert {message.secured for message in server.messages} == {True}


def test_faults_are_told_apart_through_encryption_too(trusted: Certificate) -> None:
    people = {
        "550-rcpt@example.org": FAILED,
        "drop-dot@example.org": UNCERTAIN,
        "hang-dot@example.org": UNCERTAIN,
        "drop-data@example.org": DEFERRED,
        "bob@example.org": SENT,
    }
    with (
        SmtpServer(tls=trusted, credentials=SECRET) as server,
        channel_to(server, {"FINAL_DOT": 0.5}, **SECURED) as channel,
    ):
        assert {address: send(channel, address).result for address in people} == people


def test_missing_encryption_stops_the_channel() -> None:
    with SmtpServer() as server, channel_to(server, **SECURED) as channel:
        assert send(channel) == Outcome(SITE, "STARTTLS extension not supported by server.", before_dot=True)
    assert_nothing_in_clear(server)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("starttls", "454 4.7.0 not now", times=1),
        Fault("starttls", "502 5.5.1 what", times=1),
        Fault("starttls", NONSENSE, times=1),
        Fault("starttls", DROP, times=1),
        Fault("handshake", "this is not TLS", times=1),
        Fault("handshake", DROP, times=1),
        Fault("handshake", HANG, times=1),
    ],
    ids=lambda fault: f"{fault.at} {fault.do}"[:24].strip(),
)
def test_refused_or_broken_encryption_stops_the_channel(fault: Fault, trusted: Certificate) -> None:
    with (
        SmtpServer(fault, tls=trusted, credentials=SECRET) as server,
        channel_to(server, {"COMMAND": 1}, **SECURED) as channel,
    ):
        outcome = send(channel)
        assert (outcome.result, outcome.before_dot) == (SITE, True)
        assert_nothing_in_clear(server)
        assert send(channel).result == SENT


def test_words_from_before_the_handshake_are_not_taken_for_words_from_inside(trusted: Certificate) -> None:
    fault = Fault("starttls", "220 2.0.0 go ahead\r\n250-injected\r\n250 AUTH PLAIN")
    with SmtpServer(fault, tls=trusted, credentials=SECRET) as server, channel_to(server, **SECURED) as channel:
        assert send(channel) == Outcome(SITE, "Clear text after STARTTLS", before_dot=True)
    assert_nothing_in_clear(server)


@pytest.mark.parametrize("implicit", [False, True])
def test_certificate_that_nobody_vouches_for_stops_the_channel(certificate: Certificate, implicit: bool) -> None:
    secured = SECURED | {"security": "tls" if implicit else "starttls"}
    with (
        SmtpServer(tls=certificate, implicit=implicit, credentials=SECRET) as server,
        channel_to(server, **secured) as channel,
    ):
        outcome = send(channel)
    assert outcome.result == SITE
    assert "certificate verify failed" in outcome.reply
    assert_nothing_in_clear(server)


def test_certificate_of_another_host_stops_the_channel(trusted: Certificate) -> None:
    with SmtpServer(tls=trusted) as server, channel_to(server, **SECURED | {"host": "127.0.0.1"}) as channel:
        outcome = send(channel)
    assert outcome.result == SITE
    assert "IP address mismatch" in outcome.reply
    assert_nothing_in_clear(server)


@pytest.mark.parametrize(
    ("password", "says", "result"),
    [
        ("wrong", "", SITE),
        ("pässword", "", SITE),
        (SECRET[1], "535 5.7.8 no", SITE),
        (SECRET[1], "530 5.7.0 no", SITE),
        (SECRET[1], "454 4.7.0 temporary authentication failure", DEFERRED),
    ],
)
def test_refused_sign_in_fails_nobody(password: str, says: str, result: Result) -> None:
    faults = [Fault("auth", says)] if says else []
    with (
        SmtpServer(*faults, credentials=SECRET) as server,
        channel_to(server, username=SECRET[0], password=password) as channel,
    ):
        outcome = send(channel)
    assert (outcome.result, outcome.before_dot) == (result, True)
    assert SECRET[1] not in outcome.reply
    assert taken(server) == []


def test_server_without_sign_in_stops_a_channel_that_has_a_password() -> None:
    with SmtpServer() as server, channel_to(server, username=SECRET[0], password=SECRET[1]) as channel:
        assert send(channel).result == SITE
    assert taken(server) == []


# Files


def file_channel(folder: Path) -> Channel:
    return open_channel(Mail(kind="file", folder=folder), SITE_HOST, PATIENT)


def test_message_becomes_a_file_that_only_its_owner_can_read(tmp_path: Path) -> None:
    channel = file_channel(tmp_path / "made" / "here")
    outcome = channel.send(BOB, MESSAGE, sender=SITE_ADDRESS, name="7-invitation", alive=always)
    channel.close()
    assert outcome == Outcome(SENT, "Written to 7-invitation.eml", before_dot=False)
    [file] = (tmp_path / "made" / "here").iterdir()
    assert (file.name, file.read_bytes()) == ("7-invitation.eml", MESSAGE)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_message_written_again_is_still_one(tmp_path: Path) -> None:
    channel = file_channel(tmp_path)
    assert {channel.send(BOB, MESSAGE, sender=SITE_ADDRESS, name="7", alive=always).result for _ in range(3)} == {SENT}
    (tmp_path / ".7.eml.tmp").write_bytes(b"half of what a killed worker")
    assert channel.send(BOB, MESSAGE, sender=SITE_ADDRESS, name="7", alive=always).result == SENT
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"7.eml": MESSAGE}


def test_folder_that_cannot_be_written_is_a_matter_of_the_site(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("not a folder")
    outcome = file_channel(tmp_path / "taken").send(BOB, MESSAGE, sender=SITE_ADDRESS, name="7", alive=always)
    assert (outcome.result, outcome.before_dot) == (SITE, True)
    assert "File exists" in outcome.reply


@pytest.mark.parametrize("looks", [1, 2])
def test_file_whose_claim_has_ended_is_not_written(tmp_path: Path, looks: int) -> None:
    answers = [True] * (looks - 1) + [False]
    with pytest.raises(LeaseLost):
        file_channel(tmp_path).send(BOB, MESSAGE, sender=SITE_ADDRESS, name="7", alive=lambda: answers.pop(0))
    assert list(tmp_path.glob("*.eml")) == []


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", ".hidden", "x" * 201, "a\0b", "a b", "a\n"])
def test_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be sent"):
        file_channel(tmp_path).send(BOB, MESSAGE, sender=SITE_ADDRESS, name=name, alive=always)
    assert list(tmp_path.iterdir()) == []


# The server in a process of its own, for those who kill workers


def test_server_process_keeps_what_it_has_taken(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.smtp_server", "0", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            port = int(re.findall(r"\d+$", process.stdout.readline().strip())[0])
            with channel_to(SmtpServer(port=port)) as channel:
                assert send(channel, "dropstored-dot-once@example.org").result == UNCERTAIN
                assert send(channel, "dropstored-dot-once@example.org").result == SENT
        finally:
            process.kill()
    assert [(message.recipient, message.content) for message in stored_messages(tmp_path)] == [
        ("dropstored-dot-once@example.org", MESSAGE)
    ] * 2
