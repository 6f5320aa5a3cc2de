"""How many strangers an account may write to (T01): exactly the quota, from whatever side it is tried."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from cabinet.environ import Mail
from cabinet.models import User
from conferences.models import Conference
from invitations.inviting import correct_address, invite, withdraw
from invitations.models import Delivery, Invitation, Submission, Way
from invitations.quotas import IN_FIRST_WEEK, LATER, MayNotInviteError, limit_of
from tests.factories import make_conference, make_user
from tests.parallel import in_parallel

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def three_a_day(settings: Settings) -> None:
    """Letters leave, and each organizer may write to three new people."""
    settings.MAIL = Mail("smtp", host="mail.example.org", port=25)
    settings.QUOTA_NEW_RECIPIENTS = 3


@pytest.fixture
def conference(alice: User) -> Conference:
    return make_conference(alice)


def press(conference: Conference, *names: str, submission_id: UUID | None = None) -> list[Invitation]:
    """One press of “Invite” by the organizer."""
    people = [(name, f"{name}@example.org") for name in names]
    given = {"by": conference.organizer, "now": timezone.now()}
    return invite(conference, people, submission_id=submission_id or uuid4(), **given)  # type: ignore[arg-type]


def test_over_the_quota_nobody_of_the_press_is_invited(conference: Conference) -> None:
    press(conference, "bob", "dan")
    with pytest.raises(MayNotInviteError, match=r"invite 1 more new person for now .3 in 24 hours., and 2 of these"):
        press(conference, "eve", "fay")
    assert Invitation.objects.count() == Delivery.objects.count() == 2
    assert Submission.objects.count() == 1
    press(conference, "eve")
    with pytest.raises(MayNotInviteError, match="You have invited 3 new people in 24 hours"):
        press(conference, "fay")


def test_whom_the_organizer_wrote_to_before_is_not_new(conference: Conference, alice: User) -> None:
    bob, *_rest = press(conference, "bob", "dan", "eve")
    withdraw(bob, timezone.now())
    press(conference, "BOB")
    assert len(press(make_conference(alice), "Bob", "dan", "eve")) == 3


def test_what_others_wrote_is_not_known(conference: Conference) -> None:
    press(make_conference(make_user()), "bob", "dan", "eve")
    press(conference, "bob", "dan", "eve")
    with pytest.raises(MayNotInviteError):
        press(conference, "fay")


def test_a_day_later_there_are_as_many_again(conference: Conference, alice: User) -> None:
    press(conference, "bob", "dan", "eve")
    Submission.objects.update(at=timezone.now() - DAY)
    Invitation.objects.update(created_at=timezone.now() - DAY)
    assert len(press(make_conference(alice), "bob", "dan", "eve", "fay", "gil", "hal")) == 6


def test_the_same_press_counts_once(conference: Conference) -> None:
    key = uuid4()
    first = press(conference, "bob", "dan", "eve", submission_id=key)
    assert press(conference, "bob", "dan", "eve", submission_id=key) == first


def test_whom_the_organizer_told_by_hand_is_new_to_letters(conference: Conference) -> None:
    people = [(name, f"{name}@example.org") for name in ("bob", "dan", "eve", "fay")]
    given = {"by": conference.organizer, "now": timezone.now()}
    for row in invite(conference, people, submission_id=uuid4(), way=Way.HAND, **given):  # type: ignore[arg-type]
        withdraw(row, timezone.now())
    Invitation.objects.update(created_at=timezone.now() - DAY)
    press(conference, "bob", "dan", "eve")
    with pytest.raises(MayNotInviteError):
        press(conference, "fay")


def test_another_address_is_another_person(conference: Conference) -> None:
    bob, *_rest = press(conference, "bob", "dan", "eve")
    with pytest.raises(MayNotInviteError):
        correct_address(bob, "rob@example.org", by=conference.organizer, now=timezone.now())
    bob.refresh_from_db()
    assert bob.withdrawn_at is None
    assert Invitation.objects.count() == 3


def test_everything_typed_stays(as_alice: Client, conference: Conference) -> None:
    chips = {f"person{number}@example.org" for number in range(4)}
    key = str(uuid4())
    form = {"to": sorted(chips), "message": "Please come", "submission_id": key}
    page = as_alice.post(reverse("invitations:ledger", args=[conference.pk]), form)
    assert page.status_code == 200
    assert all(text in page.text for text in ("You can invite 3 more", "Please come", key, *chips))
    assert not Submission.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_parallel_presses_around_the_quota_pass_exactly_the_quota(conference: Conference) -> None:
    """Over two conferences, so that no lock of a conference does the work of the account's."""
    both = (conference, make_conference(conference.organizer))

    def ask(number: int) -> int:
        client = Client()
        client.force_login(conference.organizer)
        form = {"to": f"person{number}@example.org", "submission_id": str(uuid4())}
        return client.post(reverse("invitations:ledger", args=[both[number % 2].pk]), form).status_code

    assert sorted(in_parallel(20, ask)) == [200] * 17 + [302] * 3
    assert Invitation.objects.count() == Delivery.objects.count() == 3


def test_the_limit_grows_with_the_account(settings: Settings, alice: User) -> None:
    now = timezone.now()
    settings.QUOTA_NEW_RECIPIENTS = 0
    assert limit_of(alice, now) is None
    settings.ALLOW_SIGNUP = True
    assert [limit_of(alice, now), limit_of(alice, now + 7 * DAY)] == [IN_FIRST_WEEK, LATER]


def test_nobody_counts_for_administrators_and_with_file_mail(settings: Settings, alice: User) -> None:
    assert limit_of(make_user(is_staff=True), timezone.now()) is None
    settings.MAIL = Mail("file")
    assert limit_of(alice, timezone.now()) is None


def test_an_unconfirmed_account_sends_nothing(settings: Settings, conference: Conference, alice: User) -> None:
    settings.ALLOW_SIGNUP = True
    address = EmailAddress.objects.create(user=alice, email=alice.email, primary=True)
    with pytest.raises(MayNotInviteError, match="Confirm your e-mail address"):
        press(conference, "bob")
    EmailAddress.objects.filter(pk=address.pk).update(verified=True)
    assert press(conference, "bob")
