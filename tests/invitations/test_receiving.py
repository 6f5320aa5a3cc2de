"""What follows from incoming mail: what is applied, what the organizer is asked, and what changes nothing."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from django.utils import timezone

from cabinet.models import User
from conferences.models import Change, Conference
from invitations import announcing
from invitations.foreign_zones import Moment
from invitations.incoming import (
    Answer,
    AutoReply,
    Bounce,
    Content,
    Counter,
    Envelope,
    Incoming,
    Nothing,
    Refresh,
    Words,
)
from invitations.incoming_mail import IncomingMail
from invitations.inviting import withdraw
from invitations.models import Delivery, Invitation, PartStat, Reply
from invitations.receiving import take
from tests.factories import make_conference, make_invitation

BOB, CHARLIE = "bob@example.org", "charlie@example.org"
NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
STAMP = NOW - timedelta(minutes=1)
LETTER = "b" * 26
SECOND = date(2027, 3, 15)
State = Delivery.State


@pytest.fixture(autouse=True)
def _mail_domain(settings: Any) -> None:
    settings.MAIL_DOMAIN = "cabinet.example"


@pytest.fixture
def conference(alice: User) -> Conference:
    """Every Monday at ten in Berlin, three times."""
    return make_conference(alice, start=datetime(2027, 3, 8, 10), rule="FREQ=WEEKLY;COUNT=3")


@pytest.fixture
def bobs(conference: Conference) -> Invitation:
    invitation = make_invitation(conference, "Bob@example.org")
    Invitation.objects.update(created_at=NOW - timedelta(days=1))
    return invitation


@pytest.fixture
def letter(bobs: Invitation) -> Delivery:
    """The invitation that Bob has."""
    return letter_to(bobs, LETTER)


def letter_to(invitation: Invitation, token: str, state: str = State.SENT) -> Delivery:
    return Delivery.objects.create(
        invitation=invitation, conference=invitation.conference, address=invitation.address, kind="invitation",
        state=state, message_id=f"<{token}@cabinet.example>", give_up_at=NOW, due_at=None,
        composed_at=NOW - timedelta(hours=1), created_at=NOW - timedelta(hours=1),
    )  # fmt: skip


def came(content: Content, conference: Conference | None = None, now: datetime = NOW, **facts: Any) -> None:
    """Take a message of Bob, to the address for answers of `conference`, vouched for by our mail server."""
    tokens = (conference.reply_token,) if conference else ()
    envelope: dict[str, Any] = {
        "message_id": "<1@example.org>", "sender": BOB, "name": "Bob B.", "recipients": (), "reply_tokens": tokens,
        "bounce_tokens": (), "replied_to": (), "is_vouched": True, "is_automatic": False,
    }  # fmt: skip
    take(Incoming(envelope=Envelope(**envelope | facts), contents=(content,), digest=""), now)


def yes(conference: Conference, **facts: Any) -> Answer:
    """Bob's answer."""
    said: dict[str, Any] = {
        "uid": conference.uid,
        "attendee": BOB,
        "partstat": "ACCEPTED",
        "sequence": 0,
        "stamp": STAMP,
    }
    return Answer(**said | facts)


def partstat(invitation: Invitation) -> str:
    return str(Invitation.objects.with_answer().get(pk=invitation.pk).answer)


def held() -> list[tuple[str, str]]:
    """Kind and address of all that the organizer is asked."""
    return list(IncomingMail.objects.order_by("pk").values_list("kind", "address"))


# WHOSE IS IT

TOKENS = ["ours", "of another conference", "none"]
SENDERS = ["the attendee", "in SENT-BY", "somebody else"]
LETTERS = ["to this person", "to another person", "none"]
STAMPS = [True, False]  # whether our mail server vouches; stamps of other hosts never say so (stamps.py)


def expected(token: str, sender: str, letter: str, *, is_vouched: bool) -> str:
    """T22, in words of its own."""
    if letter == "to this person":
        return "applied"
    if token == "ours" and is_vouched and sender != "somebody else":
        return "applied"
    return "asked"


@pytest.mark.parametrize(("token", "sender", "to", "is_vouched"), product(TOKENS, SENDERS, LETTERS, STAMPS))
def test_an_answer_is_applied_only_if_it_is_certain_whose_it_is(
    conference: Conference, bobs: Invitation, letter: Delivery, token: str, sender: str, to: str, is_vouched: bool
) -> None:
    other = make_conference(conference.organizer, start=datetime(2027, 4, 1, 10))
    dans = make_invitation(conference, "dan@example.org")
    dans_letter = letter_to(dans, "d" * 26)
    author = {"the attendee": "BOB@example.org", "in SENT-BY": "eve@example.org", "somebody else": CHARLIE}[sender]
    came(
        yes(conference, sent_by="eve@example.org" if sender == "in SENT-BY" else ""),
        sender=author,
        reply_tokens={"ours": (conference.reply_token,), "of another conference": (other.reply_token,), "none": ()}[
            token
        ],
        replied_to={"to this person": (letter.message_id,), "to another person": (dans_letter.message_id,), "none": ()}[
            to
        ],
        is_vouched=is_vouched,
    )
    outcome = "applied" if partstat(bobs) == "ACCEPTED" else "asked" if held() else "dropped"
    assert outcome == expected(token, sender, to, is_vouched=is_vouched)
    assert partstat(dans) == "NEEDS-ACTION"
    assert IncomingMail.objects.filter(invitation=bobs, kind="answer").count() == (outcome == "asked")


@pytest.mark.parametrize("uid", ["of another conference", "of no conference"])
def test_address_and_uid_must_agree(conference: Conference, bobs: Invitation, uid: str) -> None:
    other = make_conference(conference.organizer, start=datetime(2027, 4, 1, 10))
    theirs = make_invitation(other, BOB)
    came(yes(conference, uid=other.uid if uid == "of another conference" else "x@y"), conference)
    assert (partstat(bobs), partstat(theirs)) == ("NEEDS-ACTION", "NEEDS-ACTION")
    assert [kind for kind, _address in held()] == ["answer"]


def test_who_answers_from_another_address_is_shown_with_it(conference: Conference, bobs: Invitation) -> None:
    came(yes(conference, comment="It is me"), conference, sender="robert@home.example")
    (mail,) = IncomingMail.objects.all()
    assert (mail.invitation, mail.address, mail.text, mail.is_certain) == (
        bobs,
        "robert@home.example",
        "It is me",
        False,
    )
    assert (mail.partstat, mail.sequence, mail.stamp) == ("ACCEPTED", 0, STAMP)


def test_a_domain_in_unicode_is_the_same_address(conference: Conference) -> None:
    invitation = make_invitation(conference, "bob@xn--bcher-kva.example")
    came(yes(conference, attendee="bob@bücher.example"), conference, sender="bob@bücher.example")
    assert partstat(invitation) == "ACCEPTED"


# WHAT AN ANSWER DOES


def test_an_answer_is_recorded_as_it_was_said(conference: Conference, bobs: Invitation) -> None:
    came(yes(conference, partstat="TENTATIVE", comment="Perhaps late"), conference, is_automatic=True)
    (reply,) = bobs.replies.all()
    assert (reply.partstat, reply.comment, reply.at, reply.sequence) == ("TENTATIVE", "Perhaps late", STAMP, 0)
    assert (reply.source, reply.original_date) == (Reply.Source.MAIL, None)


def test_without_a_stamp_it_was_said_when_it_came(conference: Conference, bobs: Invitation) -> None:
    came(yes(conference, stamp=None, sequence=None), conference)
    assert bobs.replies.get().at == NOW


def test_an_answer_to_what_we_never_asked_is_put_before_the_organizer(conference: Conference, bobs: Invitation) -> None:
    came(yes(conference, sequence=7), conference)
    assert (partstat(bobs), held()) == ("NEEDS-ACTION", [("answer", BOB)])


@pytest.mark.parametrize(
    "moment",
    [datetime(2027, 3, 15, 9, tzinfo=UTC), datetime(2027, 3, 15, 10), date(2027, 3, 15)],
)
def test_an_answer_to_one_date_is_one_to_that_date(conference: Conference, bobs: Invitation, moment: Moment) -> None:
    came(yes(conference, recurrence_id=moment), conference)
    assert bobs.replies.get().original_date == SECOND
    assert partstat(bobs) == "NEEDS-ACTION"


@pytest.mark.parametrize("moment", [datetime(2027, 3, 15, 4), date(2027, 3, 16)])
def test_an_answer_to_a_date_that_is_none_changes_nothing(
    conference: Conference, bobs: Invitation, moment: Moment
) -> None:
    came(yes(conference, recurrence_id=moment), conference)
    assert not Reply.objects.exists()
    assert not held()


def test_a_date_of_what_does_not_repeat_is_the_whole(alice: User) -> None:
    invitation = make_invitation(make_conference(alice, start=datetime(2027, 3, 8, 10)))
    came(yes(invitation.conference, recurrence_id=datetime(2027, 3, 8, 9, tzinfo=UTC)), invitation.conference)
    assert partstat(invitation) == "ACCEPTED"


@pytest.mark.parametrize("gone", ["cancelled", "long over"])
def test_answers_to_what_is_over_change_nothing(conference: Conference, bobs: Invitation, gone: str) -> None:
    now = NOW
    if gone == "cancelled":
        conference.cancel(conference.organizer, NOW, tell=Change.Tell.NOBODY)
    else:
        now += timedelta(days=90)
    came(yes(conference), conference, now)
    came(yes(conference), conference, now, is_vouched=False)
    assert not Reply.objects.exists()
    assert not held()


def test_answers_are_taken_for_a_month_after_the_end(conference: Conference, bobs: Invitation) -> None:
    Conference.objects.update(over_at=NOW - timedelta(days=29))
    came(yes(conference), conference)
    assert partstat(bobs) == "ACCEPTED"


# WHO IS NOT INVITED


def test_whoever_was_passed_the_invitation_may_be_invited_by_the_organizer(
    conference: Conference, bobs: Invitation
) -> None:
    for comment in ("May I?", "May I come?"):
        said = yes(conference, attendee=CHARLIE, name="Charlie", comment=comment)
        came(said, conference, sender=CHARLIE, name="")
    (mail,) = IncomingMail.objects.all()
    assert (mail.kind, mail.address, mail.name, mail.text) == ("newcomer", CHARLIE, "Charlie", "May I come?")
    assert not Invitation.objects.filter(address=CHARLIE).exists()


def test_an_address_is_nobodys_name(conference: Conference, bobs: Invitation) -> None:
    came(yes(conference, attendee=CHARLIE, name=CHARLIE.upper()), conference, sender=CHARLIE, name="")
    assert IncomingMail.objects.get().name == ""


def test_a_stranger_who_declines_or_knows_the_uid_alone_is_not_mentioned(
    conference: Conference, bobs: Invitation
) -> None:
    came(yes(conference, attendee=CHARLIE, partstat="DECLINED"), conference, sender=CHARLIE)
    came(yes(conference, attendee=CHARLIE), sender=CHARLIE)
    for tokens in (conference, None):
        came(yes(conference, attendee=CHARLIE, partstat="DELEGATED", delegated_to=BOB), tokens, sender=CHARLIE)
    assert not held()


def test_whose_invitation_was_taken_back_is_not_invited(conference: Conference, bobs: Invitation) -> None:
    withdraw(bobs, NOW)
    came(yes(conference), conference)
    assert (partstat(bobs), held()) == ("NEEDS-ACTION", [("newcomer", BOB)])


def test_who_sends_somebody_else_asks_the_organizer(conference: Conference, bobs: Invitation) -> None:
    came(yes(conference, partstat="DELEGATED", delegated_to=CHARLIE), conference)
    (mail,) = IncomingMail.objects.all()
    assert (mail.kind, mail.address, mail.partstat, mail.invitation) == ("newcomer", CHARLIE, "DELEGATED", bobs)
    assert partstat(bobs) == "NEEDS-ACTION"


# OTHER TIMES


def test_another_time_is_proposed_and_nothing_moves(conference: Conference, bobs: Invitation) -> None:
    start = datetime(2027, 3, 15, 12, tzinfo=UTC)
    said: dict[str, Any] = {"uid": conference.uid, "attendee": BOB, "sequence": 0, "stamp": STAMP}
    came(Counter(**said, recurrence_id=SECOND, starts_at=start), conference)
    (mail,) = IncomingMail.objects.all()
    assert (mail.kind, mail.original_date, mail.starts_at, mail.ends_at, mail.is_certain) == (
        "time", SECOND, start, start + timedelta(hours=1), True,
    )  # fmt: skip
    assert not Change.objects.exclude(kind=Change.Kind.SCHEDULED).exists()


# THE INVITATION ONCE MORE


def test_the_invitation_is_sent_again_once_in_ten_minutes(
    conference: Conference, bobs: Invitation, letter: Delivery
) -> None:
    now = timezone.now()  # rows are written by the clock of the database
    Delivery.objects.update(created_at=now - timedelta(hours=1))
    said = Refresh(uid=conference.uid, attendee=BOB)
    came(said, conference, now)
    Delivery.objects.update(state=State.SENT, due_at=None)
    came(said, conference, now + timedelta(minutes=9))
    assert [row.ordinal for row in bobs.deliveries.order_by("pk")] == [0, 1]


@pytest.mark.parametrize("why_not", [{"is_vouched": False}, {"is_automatic": True}, {"sender": CHARLIE}])
def test_nobody_else_and_no_program_gets_the_invitation_again(
    conference: Conference, bobs: Invitation, letter: Delivery, why_not: dict[str, Any]
) -> None:
    came(Refresh(uid=conference.uid, attendee=BOB), conference, **why_not)
    assert Delivery.objects.count() == 1


# LETTERS THAT CAME BACK


def bounce(**facts: Any) -> Bounce:
    said: dict[str, Any] = {"token": "", "message_ids": (), "recipient": BOB, "action": "failed", "status": "5.1.1"}
    return Bounce(**said | {"text": "550 5.1.1 no such user"} | facts)


@pytest.mark.parametrize("state", [State.SENT, State.UNCERTAIN])
@pytest.mark.parametrize("by", ["token", "Message-ID"])
def test_a_letter_that_came_back_is_said_to_have(letter: Delivery, state: str, by: str) -> None:
    Delivery.objects.update(state=state, due_at=NOW)
    came(bounce(token=LETTER) if by == "token" else bounce(message_ids=("<x@y>", letter.message_id)))
    letter.refresh_from_db()
    assert (letter.state, letter.why, letter.due_at) == (State.BOUNCED, "bounced", None)
    assert letter.reply == "550 5.1.1 no such user"


@pytest.mark.parametrize("state", sorted({*State.values} - {State.SENT, State.UNCERTAIN}))
def test_what_has_not_left_cannot_come_back(letter: Delivery, state: str) -> None:
    Delivery.objects.update(state=state)
    came(bounce(token=LETTER))
    assert Delivery.objects.get().state == state


@pytest.mark.parametrize(
    "forged",
    [{"token": "x" * 26}, {"message_ids": (f"<{LETTER}@cabinet.example>",), "recipient": CHARLIE}, {"recipient": BOB}],
)
def test_a_report_about_nobody_or_somebody_else_changes_nothing(letter: Delivery, forged: dict[str, Any]) -> None:
    came(bounce(**forged))
    assert Delivery.objects.get().state == State.SENT


def test_a_report_changes_nothing_but_its_letter(conference: Conference, bobs: Invitation, letter: Delivery) -> None:
    other = letter_to(make_invitation(conference, "dan@example.org"), "d" * 26)
    came(bounce(token="d" * 26))
    letter.refresh_from_db()
    other.refresh_from_db()
    assert (letter.state, other.state) == (State.SENT, State.BOUNCED)


@pytest.mark.parametrize("report", [{"action": "delayed", "status": "4.4.1"}, {"action": "", "status": "4.2.2"}])
def test_a_delay_is_a_note(letter: Delivery, report: dict[str, str]) -> None:
    came(bounce(token=LETTER, **report))
    letter.refresh_from_db()
    assert (letter.state, letter.why) == (State.SENT, "delayed")


def test_a_server_that_says_only_that_it_failed_is_believed(letter: Delivery) -> None:
    came(bounce(token=LETTER, action="", status=""))
    assert Delivery.objects.get().state == State.BOUNCED


def test_the_organizer_is_told_and_nobody_is_written_to(conference: Conference, letter: Delivery) -> None:
    came(bounce(token=LETTER))
    assert Delivery.objects.count() == 1
    announcing.report(timezone.now() + timedelta(hours=1))
    (notice,) = Delivery.objects.filter(kind="notice")
    assert list(notice.troubles.all()) == [letter]
    Delivery.objects.filter(pk=notice.pk).update(state=State.SENT, message_id="<n@cabinet.example>")
    came(bounce(message_ids=("<n@cabinet.example>",), recipient="alice@example.org"))
    announcing.report(timezone.now() + timedelta(hours=2))
    assert Delivery.objects.filter(kind="notice").count() == 1


# PROGRAMS AND PEOPLE


def test_an_automatic_answer_is_a_note_and_no_answer(
    conference: Conference, bobs: Invitation, letter: Delivery
) -> None:
    came(AutoReply(text="Away until Monday"), bounce_tokens=(LETTER,), is_automatic=True, sender="robot@example.org")
    bobs.refresh_from_db()
    assert (bobs.away_at, bobs.away_note, partstat(bobs)) == (NOW, "Away until Monday", "NEEDS-ACTION")
    assert Delivery.objects.count() == 1
    assert not held()


def test_an_automatic_answer_of_a_stranger_changes_nothing(conference: Conference, bobs: Invitation) -> None:
    came(AutoReply(text="Away"), conference, is_automatic=True, sender=CHARLIE)
    assert not Invitation.objects.filter(away_at__isnull=False).exists()


def test_what_somebody_writes_is_kept_for_the_organizer(conference: Conference, bobs: Invitation) -> None:
    came(Words(subject="Re: Planning", text="Which room?"), conference)
    came(Words(subject="A question", text=""), conference, sender=CHARLIE, is_vouched=False)
    first, second = IncomingMail.objects.order_by("pk")
    assert (first.kind, first.invitation, first.text, first.is_certain) == ("words", bobs, "Which room?", True)
    assert (second.address, second.invitation, second.text, second.is_certain) == (CHARLIE, None, "A question", False)


def test_nothing_is_written_to_who_was_forgotten(conference: Conference, bobs: Invitation, letter: Delivery) -> None:
    Invitation.objects.update(erased_at=NOW, address="1@erased.invalid")
    came(AutoReply(text="Away"), replied_to=(letter.message_id,))
    came(Words(subject="", text="Hello?"), replied_to=(letter.message_id,))
    bobs.refresh_from_db()
    assert (bobs.away_at, IncomingMail.objects.get().invitation) == (None, None)


def test_winmail_is_mentioned_in_the_organizers_language(conference: Conference, bobs: Invitation) -> None:
    came(Words(subject="", text="Hello", has_winmail=True), conference)
    assert "winmail.dat" in IncomingMail.objects.get().text


def test_what_is_nothing_and_what_is_for_nobody_change_nothing(conference: Conference, bobs: Invitation) -> None:
    came(Nothing(reason="spam"), conference)
    came(Words(subject="Hello", text="Hello"), reply_tokens=("z" * 26,))
    assert not held()


def test_answers_that_are_certain_ask_nobody_anything(conference: Conference, bobs: Invitation) -> None:
    came(yes(conference), conference)
    assert PartStat(partstat(bobs)) == PartStat.ACCEPTED
    assert not held()
