"""Who else may manage: co-organizers of one conference, deputies of a person; and nobody by asking for it."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cabinet.models import User
from conferences.deputies import CoOrganizer, Deputy
from conferences.deputy_forms import TRIES
from conferences.models import Conference, Occurrence
from tests.factories import make_conference, make_user

PROFILE = "/profile/deputies/"


@pytest.fixture
def dora(db: None) -> User:
    return make_user("dora@example.org", name="Dora Deputy")


@pytest.fixture
def as_dora(dora: User) -> Client:
    client = Client()
    client.force_login(dora)
    return client


def page_of(conference: Conference) -> str:
    return f"/conferences/{conference.pk}/co-organizers/"


def test_a_deputy_manages_all_conferences_of_whoever_named_them_and_no_others(
    as_alice: Client, as_dora: Client, alice: User, charlie: User, dora: User
) -> None:
    hers, strange = make_conference(alice), make_conference(charlie)
    assert as_dora.get(hers.get_absolute_url()).status_code == 404
    assert as_alice.post(PROFILE, {"address": "Dora@example.org"}).status_code == 302
    assert as_dora.get(hers.get_absolute_url()).status_code == 200
    assert as_dora.get(strange.get_absolute_url()).status_code == 404
    assert list(Conference.objects.managed_by(dora)) == [hers]
    assert list(Occurrence.objects.managed_by(dora)) == [hers.occurrences.get()]
    assert as_dora.post(f"{hers.get_absolute_url()}start/").status_code == 303


def test_the_right_ends_at_once_when_it_is_taken_back(
    as_alice: Client, as_dora: Client, alice: User, dora: User
) -> None:
    conference = make_conference(alice)
    Deputy.objects.create(principal=alice, deputy=dora)
    as_alice.post(PROFILE, {"remove": dora.pk})
    assert as_dora.get(conference.get_absolute_url()).status_code == 404


def test_a_deputy_names_nobody_in_the_principals_name(as_dora: Client, alice: User, charlie: User, dora: User) -> None:
    Deputy.objects.create(principal=alice, deputy=dora)
    as_dora.post(PROFILE, {"address": charlie.email, "principal": alice.pk})
    as_dora.post(PROFILE, {"remove": dora.pk})
    assert set(Deputy.objects.values_list("principal", "deputy")) == {(alice.pk, dora.pk), (dora.pk, charlie.pk)}


def test_a_co_organizer_manages_that_conference_alone(
    as_alice: Client, as_dora: Client, alice: User, dora: User
) -> None:
    shared, other = make_conference(alice), make_conference(alice)
    assert as_alice.post(page_of(shared), {"address": dora.email}).status_code == 302
    assert as_dora.get(shared.get_absolute_url()).status_code == 200
    assert as_dora.get(other.get_absolute_url()).status_code == 404
    assert list(Conference.objects.managed_by(dora)) == [shared]


def test_each_conference_has_co_organizers_of_its_own(
    as_alice: Client, as_dora: Client, alice: User, charlie: User, dora: User
) -> None:
    shared, other, strange = make_conference(alice), make_conference(alice), make_conference(charlie)
    for conference in (shared, other, strange):
        CoOrganizer.objects.create(conference=conference, user=dora)
    CoOrganizer.objects.create(conference=strange, user=alice)
    assert as_alice.get(page_of(shared)).context["people"] == [dora]
    as_alice.post(page_of(shared), {"remove": dora.pk})
    left = [page_of(conference) for conference in (other, strange)]
    assert [as_dora.get(page).status_code for page in [page_of(shared), *left]] == [404, 200, 200]


def test_a_co_organizer_may_leave(as_dora: Client, alice: User, dora: User) -> None:
    conference = make_conference(alice)
    CoOrganizer.objects.create(conference=conference, user=dora)
    assert as_dora.post(page_of(conference), {"remove": dora.pk})["Location"] == "/conferences/"
    assert as_dora.get(page_of(conference)).status_code == 404


def test_being_both_shows_a_conference_once(alice: User, dora: User) -> None:
    conference = make_conference(alice)
    CoOrganizer.objects.create(conference=conference, user=dora)
    Deputy.objects.create(principal=alice, deputy=dora)
    assert list(Conference.objects.managed_by(dora)) == [conference]


@pytest.mark.parametrize("nonsense", ["", "nobody@example.org", "x", "0", "'; --", "dora@example.org\u202e"])
def test_whoever_has_no_account_cannot_be_named(as_alice: Client, alice: User, nonsense: str) -> None:
    conference = make_conference(alice)
    for page in (PROFILE, page_of(conference)):
        assert as_alice.post(page, {"address": nonsense}).status_code == 200
        assert as_alice.post(page, {"remove": nonsense}).status_code == 302
    assert (Deputy.objects.count(), CoOrganizer.objects.count()) == (0, 0)


def test_nobody_finds_out_by_trying_who_has_an_account(as_alice: Client, alice: User, dora: User) -> None:
    for n in range(TRIES):
        as_alice.post(PROFILE, {"address": f"guess{n}@example.org"})
    assert "Too many tries. Wait an hour." in as_alice.post(PROFILE, {"address": dora.email}).text
    assert not Deputy.objects.exists()


def test_an_account_that_is_closed_cannot_be_named(as_alice: Client, dora: User) -> None:
    User.objects.filter(pk=dora.pk).update(is_active=False)
    assert "Nobody signs in here with this address." in as_alice.post(PROFILE, {"address": dora.email}).text
    assert not Deputy.objects.exists()


def test_the_organizer_is_no_co_organizer(as_alice: Client, alice: User) -> None:
    assert as_alice.post(page_of(make_conference(alice)), {"address": alice.email}).status_code == 302
    assert not CoOrganizer.objects.exists()


def test_naming_oneself_is_refused(as_alice: Client, alice: User) -> None:
    assert "This is you." in as_alice.post(PROFILE, {"address": alice.email}).text


def test_the_pages_cost_the_same_however_many_are_named(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice)
    as_alice.get(PROFILE)  # gives the session its token
    for page in (PROFILE, page_of(conference)):
        counts = set()
        for n in range(3):
            colleague = make_user(f"c{n}{len(page)}@example.org")
            Deputy.objects.create(principal=alice, deputy=colleague)
            CoOrganizer.objects.create(conference=conference, user=colleague)
            with CaptureQueriesContext(connection) as asked:
                as_alice.get(page)
            counts.add(len(asked))
        assert len(counts) == 1
