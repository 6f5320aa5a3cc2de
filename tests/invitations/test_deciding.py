"""What waits for the organizer on the conference's page, and what follows from each button."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cabinet.models import User
from conferences.models import Change, Conference, CoOrganizer, Occurrence
from invitations import deciding
from invitations.incoming_mail import IncomingMail
from invitations.inviting import withdraw
from invitations.models import Delivery, Invitation, PartStat, Reply
from invitations.templatetags import invitations as panels
from tests.factories import make_conference, make_invitation, make_user

STAMP = datetime(2027, 3, 1, 9, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>"
SECOND = date(2027, 3, 15)


@pytest.fixture
def conference(alice: User) -> Conference:
    """Every Monday at ten in Berlin, three times."""
    return make_conference(alice, start=datetime(2027, 3, 8, 10), rule="FREQ=WEEKLY;COUNT=3")


@pytest.fixture
def bobs(conference: Conference) -> Invitation:
    return make_invitation(conference)


@pytest.fixture
def alices(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def came(conference: Conference, kind: str, **facts: Any) -> IncomingMail:
    given: dict[str, Any] = {"address": "bob@example.org", "sequence": 0, "stamp": STAMP, "received_at": STAMP}
    return conference.incoming_mail.create(kind=kind, **given | facts)


def press(alices: Client, mail: IncomingMail, decision: str) -> Any:
    return alices.post(reverse("invitations:decision", args=[mail.conference_id, mail.pk]), {"decision": decision})


def page(alices: Client, conference: Conference) -> str:
    return " ".join(alices.get(conference.get_absolute_url()).content.decode().split())


def counts(invitation: Invitation) -> str:
    return str(Invitation.objects.with_answer().get(pk=invitation.pk).answer)


# ANSWERS


def test_an_answer_that_the_organizer_counts_is_the_persons_own(alices: Client, bobs: Invitation) -> None:
    said = {"partstat": "ACCEPTED", "text": "Late", "stamp": timezone.now() - timedelta(hours=1)}
    mail = came(bobs.conference, "answer", invitation=bobs, address="b@home.example", **said)
    assert "came from <bdi>b@home.example</bdi>" in page(alices, bobs.conference)
    response = press(alices, mail, "accept")
    assert response.headers["Location"] == f"{bobs.conference.get_absolute_url()}#came-by-mail"
    (reply,) = bobs.replies.all()
    assert (reply.partstat, reply.comment, reply.at, reply.source) == (*said.values(), "organizer")
    assert "came-by-mail" not in page(alices, bobs.conference)


def test_an_answer_to_one_date_is_counted_for_that_date(alices: Client, bobs: Invitation) -> None:
    mail = came(bobs.conference, "answer", invitation=bobs, partstat="DECLINED", original_date=SECOND)
    assert "Only for Monday 15 March 2027" in page(alices, bobs.conference)
    press(alices, mail, "accept")
    assert bobs.replies.get().original_date == SECOND
    assert counts(bobs) == "NEEDS-ACTION"


def test_an_answer_to_what_we_never_asked_counts_for_the_present_state(alices: Client, bobs: Invitation) -> None:
    mail = came(bobs.conference, "answer", invitation=bobs, partstat="ACCEPTED", sequence=9)
    press(alices, mail, "accept")
    assert (counts(bobs), bobs.replies.get().sequence) == ("ACCEPTED", 0)


@pytest.mark.parametrize("decision", ["refuse", "", "anything"])
def test_what_is_ignored_changes_nothing_and_is_gone(alices: Client, bobs: Invitation, decision: str) -> None:
    mail = came(bobs.conference, "answer", invitation=bobs, partstat="ACCEPTED")
    press(alices, mail, decision)
    press(alices, mail, "accept")
    assert not Reply.objects.exists()
    assert not deciding.waiting(bobs.conference).exists()
    mail.refresh_from_db()
    assert (mail.is_accepted, mail.decided_by) == (False, bobs.conference.organizer)


def test_an_answer_that_the_person_overtook_waits_no_more(bobs: Invitation) -> None:
    mail = came(bobs.conference, "answer", invitation=bobs, partstat="ACCEPTED")
    assert list(deciding.waiting(bobs.conference)) == [mail]
    bobs.respond(PartStat.DECLINED, "", STAMP + timedelta(minutes=1))
    assert not deciding.waiting(bobs.conference).exists()


def test_what_is_of_somebody_who_is_not_invited_any_more_waits_no_more(bobs: Invitation) -> None:
    came(bobs.conference, "answer", invitation=bobs, partstat="ACCEPTED")
    came(bobs.conference, "time", invitation=bobs, starts_at=STAMP, ends_at=STAMP)
    withdraw(bobs, timezone.now())
    assert not deciding.waiting(bobs.conference).exists()


# PEOPLE


def test_who_wants_to_come_is_invited(alices: Client, conference: Conference) -> None:
    mail = came(conference, "newcomer", address="charlie@example.org", name="Charlie", partstat="ACCEPTED")
    assert "Wants to come." in page(alices, conference)
    press(alices, mail, "accept")
    press(alices, mail, "accept")
    charlie = conference.invitations.get()
    assert (charlie.address, charlie.name, charlie.partstat) == ("charlie@example.org", "Charlie", "NEEDS-ACTION")
    assert Delivery.objects.filter(invitation=charlie, kind="invitation").count() == 1


@pytest.mark.parametrize("address", ["charlie%relay.test@example.org", "root@[127.0.0.1]", "чарли@example.org"])
def test_nobody_is_invited_under_an_address_that_no_form_takes(
    alices: Client, conference: Conference, address: str
) -> None:
    mail = came(conference, "newcomer", address=address)
    press(alices, mail, "accept")
    mail.refresh_from_db()
    assert (conference.invitations.count(), mail.decided_at) == (0, None)


@pytest.mark.parametrize(
    ("kind", "decision", "said"),
    [
        ("answer", "accept", "The answer counts now."),
        ("newcomer", "accept", "Charlie is invited. A letter is on its way."),
        ("newcomer", "ignore", "Put away."),
    ],
)
def test_what_has_come_of_a_decision_is_said(
    alices: Client, bobs: Invitation, kind: str, decision: str, said: str
) -> None:
    facts = {"invitation": bobs} if kind == "answer" else {"address": "charlie@example.org", "name": "Charlie"}
    press(alices, came(bobs.conference, kind, partstat="ACCEPTED", **facts), decision)
    assert said in page(alices, bobs.conference)


def test_what_waits_for_a_decision_stands_above_the_list_of_letters_too(alices: Client, bobs: Invitation) -> None:
    came(bobs.conference, "answer", invitation=bobs, partstat="ACCEPTED")
    assert "Came by mail" in alices.get(reverse("invitations:ledger", args=[bobs.conference_id])).text


def test_who_was_invited_meanwhile_waits_no_more(conference: Conference) -> None:
    came(conference, "newcomer", address="Charlie@example.org")
    assert deciding.waiting(conference).exists()
    make_invitation(conference, "charlie@example.org")
    assert not deciding.waiting(conference).exists()


def test_nobody_is_invited_to_what_was_cancelled(alices: Client, conference: Conference) -> None:
    mail = came(conference, "newcomer", address="charlie@example.org")
    conference.cancel(conference.organizer, timezone.now(), tell=Change.Tell.NOBODY)
    response = alices.post(
        reverse("invitations:decision", args=[conference.pk, mail.pk]), {"decision": "accept"}, follow=True
    )
    assert "nobody can be invited any more" in response.content.decode()
    assert not conference.invitations.exists()
    mail.refresh_from_db()
    assert mail.decided_at is None


def test_who_is_sent_instead_is_shown_with_whom_they_stand_for(alices: Client, bobs: Invitation) -> None:
    came(bobs.conference, "newcomer", address="charlie@example.org", invitation=bobs, partstat="DELEGATED")
    came(bobs.conference, "newcomer", address="", invitation=bobs, partstat="DELEGATED", original_date=SECOND)
    shown = page(alices, bobs.conference)
    assert "<bdi>Bob Brown</bdi> sends this person instead." in shown
    assert "without saying whom" in shown
    assert shown.count("It is not certain that they said so.") == 2


# OTHER TIMES


def test_a_proposed_time_of_one_date_is_filled_into_the_form(alices: Client, bobs: Invitation) -> None:
    start = datetime(2027, 3, 15, 12, 30, tzinfo=UTC)
    times = {"starts_at": start, "ends_at": start + timedelta(minutes=90)}
    mail = came(bobs.conference, "time", invitation=bobs, original_date=SECOND, is_certain=True, **times)
    shown = page(alices, bobs.conference)
    assert "Proposes Monday 15 March 2027, 13:30–15:00 (Berlin)" in shown
    form = alices.get(deciding.edit_url(mail)).context["form"]
    assert form.first.original_date == SECOND
    assert (form["date"].value(), form["start"].value(), form["duration"].value()) == (
        SECOND, start.replace(hour=13, tzinfo=None).time(), "90",
    )  # fmt: skip


def test_a_proposed_time_of_a_series_leaves_its_days(alices: Client, bobs: Invitation) -> None:
    start = datetime(2027, 3, 9, 12, 30, tzinfo=UTC)
    mail = came(bobs.conference, "time", invitation=bobs, starts_at=start, ends_at=start + timedelta(hours=1))
    form = alices.get(deciding.edit_url(mail)).context["form"]
    assert (form["date"].value(), form["start"].value()) == (date(2027, 3, 8), start.replace(hour=13).time())


@pytest.mark.parametrize(
    "query",
    [
        "starts_at=x&ends_at=y",
        "starts_at=2027-03-15T12:30:00Z",
        "starts_at=0001-01-01T00:00:00Z&ends_at=9999-12-31T23:59:59Z",
    ],
)
def test_a_proposal_that_nobody_can_understand_is_none(alices: Client, conference: Conference, query: str) -> None:
    response = alices.get(f"{reverse('conferences:edit', args=[conference.pk])}?scope=all&{query}")
    assert response.status_code == 200


@pytest.mark.parametrize("moved", ["the date", "the series"])
def test_a_proposal_waits_until_what_it_is_about_is_moved(bobs: Invitation, moved: str) -> None:
    conference = bobs.conference
    came(conference, "time", invitation=bobs, original_date=SECOND, starts_at=STAMP, ends_at=STAMP)
    said: dict[str, Any] = {"seen_sequence": 0, "tell": Change.Tell.ALL}
    if moved == "the date":
        row = Occurrence.objects.get(conference=conference, original_date=SECOND)
        other = {"start_date": SECOND, "start_time": STAMP.time(), "duration": row.duration}
        row.move(conference.organizer, other, **said)
    else:
        conference.change(conference.organizer, {"duration": timedelta(hours=2)}, now=STAMP, **said)
    assert not deciding.waiting(conference).exists()


# THE PANEL


def test_what_people_wrote_is_shown_as_text_until_it_is_done(alices: Client, bobs: Invitation) -> None:
    mail = came(bobs.conference, "words", invitation=bobs, name=HOSTILE, text=HOSTILE, address="x@example.org")
    shown = page(alices, bobs.conference)
    assert HOSTILE not in shown
    assert "“&lt;script&gt;" in shown
    assert "It is not certain that they wrote this: it came from <bdi>x@example.org</bdi>" in shown
    press(alices, mail, "refuse")
    assert "came-by-mail" not in page(alices, bobs.conference)


def test_whoever_co_organizes_decides_too(bobs: Invitation) -> None:
    carla = make_user("carla@example.org")
    CoOrganizer.objects.create(conference=bobs.conference, user=carla)
    client = Client()
    client.force_login(carla)
    press(client, came(bobs.conference, "answer", invitation=bobs, partstat="ACCEPTED"), "accept")
    assert counts(bobs) == "ACCEPTED"


def test_mail_of_one_conference_is_not_decided_through_another(alices: Client, bobs: Invitation, alice: User) -> None:
    mail = came(make_conference(alice, start=datetime(2027, 4, 1, 10)), "words")
    assert alices.post(reverse("invitations:decision", args=[bobs.conference.pk, mail.pk])).status_code == 404


def test_the_page_asks_once_for_all_that_came(alices: Client, conference: Conference) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(alices, conference)
        return len(captured)

    came(conference, "words", invitation=make_invitation(conference, "a@example.org"))
    queries()
    one = queries()
    for name in "bc":
        came(conference, "words", invitation=make_invitation(conference, f"{name}@example.org"))
    assert queries() == one


def test_of_much_that_came_the_page_loads_what_it_shows(
    alices: Client, conference: Conference, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panels, "MAIL_IN_PANEL", 1)
    for name in "abc":
        came(conference, "words", address=f"{name}@example.org", text=f"Words of {name}")
    shown = page(alices, conference)
    assert [f"Words of {name}" in shown for name in "abc"] == [True, False, False]
    assert "and 2 more" in shown


# THE LEDGER


def test_the_list_says_what_it_knows_of_each_person(alices: Client, bobs: Invitation) -> None:
    conference = bobs.conference
    Invitation.objects.update(created_at=STAMP - timedelta(days=1), away_at=STAMP, away_note=HOSTILE)
    bobs.respond(PartStat.ACCEPTED, "", STAMP)
    bobs.respond(PartStat.DECLINED, "", STAMP + timedelta(minutes=5), original_date=SECOND)
    ledger = reverse("invitations:ledger", args=[conference.pk])
    shown = " ".join(alices.get(ledger).content.decode().split())
    assert "Declines Monday 15 March 2027" in shown
    assert "Automatic answer on 1 March 2027: &lt;script&gt;" in shown
    said: dict[str, Any] = {"seen_sequence": 0, "tell": Change.Tell.NOBODY, "now": STAMP}
    conference.change(conference.organizer, {"duration": timedelta(hours=2)}, **said)
    shown = alices.get(ledger).content.decode()
    assert "Accepted the earlier time" in shown
    assert "Declines Monday" not in shown


def test_letters_that_came_back_come_first(alices: Client, bobs: Invitation) -> None:
    conference = bobs.conference
    for person, state in ((bobs, "failed"), (make_invitation(conference, "dan@example.org", "Dan"), "bounced")):
        Delivery.objects.create(
            invitation=person, conference=conference, address=person.address, kind="invitation", state=state,
            why="bounced", reply="550 no such user", message_id="<x@y>", give_up_at=STAMP,
        )  # fmt: skip
    shown = alices.get(reverse("invitations:ledger", args=[conference.pk])).content.decode()
    assert shown.index("dan@example.org") < shown.index("bob@example.org")
    for words in ("One letter came back", "Bounced", "550 no such user", "came back"):
        assert words in shown
