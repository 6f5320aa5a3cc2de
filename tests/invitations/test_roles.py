"""Moderators and presenters: named beside the chips, changed in the list; and what may be deleted for good."""

import uuid
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client

from cabinet.environ import Room
from cabinet.models import User
from conferences.choices import Mode, Role
from conferences.models import Conference
from invitations.models import Delivery, Invitation
from tests.factories import make_conference, make_contact, make_invitation


@pytest.fixture
def conference(alice: User) -> Conference:
    return make_conference(alice, mode=Mode.WEBINAR)


def invite(client: Client, conference: Conference, **sent: Any) -> Any:
    data = {"submission_id": uuid.uuid4(), **sent}
    return client.post(f"/conferences/{conference.pk}/invitations/", data)


def roles() -> dict[str, str]:
    return dict(Invitation.objects.values_list("address", "role"))


def test_each_chip_has_a_role_of_its_own(as_alice: Client, conference: Conference) -> None:
    named = '"Carol" <carol@example.org>'
    invite(as_alice, conference, **{
        "to": ["bob@example.org", named, "dan@example.org"], "q": "eve@example.org",
        "role:bob@example.org": "moderator", f"role:{named}": "presenter", "role:eve@example.org": "moderator",
    })  # fmt: skip
    assert roles() == {
        "bob@example.org": "moderator", "carol@example.org": "presenter", "dan@example.org": "participant",
        "eve@example.org": "participant",
    }  # fmt: skip


@pytest.mark.parametrize("nonsense", ["owner", "MODERATOR", "", "moderator\x00"])
def test_a_role_that_is_none_is_no_role(as_alice: Client, conference: Conference, nonsense: str) -> None:
    invite(as_alice, conference, **{"to": "bob@example.org", "role:bob@example.org": nonsense})
    assert roles() == {"bob@example.org": "participant"}


def test_the_same_press_with_another_role_is_another_press(as_alice: Client, conference: Conference) -> None:
    press = uuid.uuid4()
    answers = [
        invite(as_alice, conference, **{"submission_id": press, "to": "b@example.org", "role:b@example.org": role})
        for role in ("participant", "participant", "moderator")
    ]
    assert [answer.status_code for answer in answers] == [302, 302, 409]
    assert roles() == {"b@example.org": "participant"}


def test_roles_stay_when_people_are_gathered_without_script(
    as_alice: Client, conference: Conference, alice: User
) -> None:
    make_contact(alice, "Bob Brown", "bob@example.org")
    chosen = {"to": "bob@example.org", "role:bob@example.org": "moderator"}
    page = invite(as_alice, conference, q="dan@example.org", find="1", **chosen).text
    assert page.count('<option value="moderator" selected>') == 1
    page = invite(as_alice, conference, add=["dan@example.org"], **{"add-chosen": "1"}, **chosen).text
    assert page.count('<option value="moderator" selected>') == 1
    assert not roles()


def test_presenters_are_offered_only_where_not_everybody_is_seen(as_alice: Client, alice: User) -> None:
    for mode, offered in ((Mode.DISCUSSION, False), (Mode.SEMINAR, True), (Mode.WEBINAR, True)):
        page = as_alice.get(make_conference(alice, mode=mode).get_absolute_url()).text
        assert ('<option value="presenter">' in page) is offered


def test_a_role_is_changed_in_the_list_and_goes_with_a_corrected_address(
    as_alice: Client, conference: Conference
) -> None:
    bob = make_invitation(conference)
    page = f"/conferences/{conference.pk}/invitations/{bob.pk}/"
    as_alice.post(f"{page}role/", {"role": "moderator"})
    as_alice.post(f"{page}role/", {"role": "owner"})
    assert roles() == {"bob@example.org": "moderator"}
    as_alice.post(f"{page}address/", {"address": "robert@example.org"})
    assert roles()["robert@example.org"] == "moderator"


def test_withdrawn_and_asked_anew_somebody_has_the_role_of_the_second_time(
    as_alice: Client, conference: Conference
) -> None:
    bob = make_invitation(conference, role=Role.MODERATOR)
    as_alice.post(f"/conferences/{conference.pk}/invitations/{bob.pk}/removal/")
    invite(as_alice, conference, to="bob@example.org")
    assert roles() == {"bob@example.org": "participant"}


# DELETED FOR GOOD


def test_what_nobody_was_told_about_can_be_deleted_with_its_waiting_letters(
    as_alice: Client, conference: Conference
) -> None:
    invite(as_alice, conference, to="bob@example.org")
    assert as_alice.post(f"/conferences/{conference.pk}/deletion/")["Location"] == "/conferences/"
    assert (Conference.objects.count(), Delivery.objects.count()) == (0, 0)


@pytest.mark.parametrize("state", [Delivery.State.SENT, Delivery.State.UNCERTAIN, Delivery.State.SENDING])
def test_what_somebody_may_have_heard_of_is_cancelled_and_not_deleted(
    as_alice: Client, conference: Conference, state: str
) -> None:
    invite(as_alice, conference, to="bob@example.org")
    Delivery.objects.update(state=state)
    answer = as_alice.post(f"/conferences/{conference.pk}/deletion/", follow=True)
    assert "People know of this conference already." in answer.text
    assert Conference.objects.count() == 1


def test_links_lead_on_past_a_series_in_between_that_is_deleted(as_alice: Client, alice: User) -> None:
    first, second, third = chain = [make_conference(alice, topic=f"Round {n}") for n in range(3)]
    for before, after in pairwise(chain):
        Conference.objects.filter(pk=after.pk).update(follows=before)
    as_alice.post(f"/conferences/{second.pk}/deletion/")
    assert list(Conference.objects.order_by("pk").values_list("pk", "follows")) == [
        (first.pk, None),
        (third.pk, first.pk),
    ]


# TAKEN OFF THE LIST


@pytest.mark.parametrize(
    ("room", "words"),
    [
        (Room("open", "jitsi", "https://meet.example.org"), "whoever has been in it can come back there"),
        (Room("own", "jitsi", "https://own.example.org", "cabinet", "k" * 32), "does not let them in again"),
    ],
)
def test_the_page_says_whether_the_room_itself_stays_open_to_somebody_removed(
    as_alice: Client, conference: Conference, settings: Any, room: Room, words: str
) -> None:
    settings.ROOMS = (room,)
    bob = make_invitation(conference)
    assert words in as_alice.get(f"/conferences/{conference.pk}/invitations/{bob.pk}/removal/").text
