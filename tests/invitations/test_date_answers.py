"""Answers to single dates of a series, given on the personal page."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from cabinet.models import User
from conferences import dates
from conferences.models import Change
from invitations import answers
from invitations.models import Invitation, PartStat, Reply
from invitations.templatetags.invitations import who_comes
from tests.factories import make_conference, make_invitation

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob_invited(alice: User) -> Invitation:
    return make_invitation(make_conference(alice, rule="FREQ=WEEKLY;COUNT=8"))


def days(invitation: Invitation) -> list[Any]:
    return [row.original_date for row in invitation.conference.occurrences.order_by("starts_at")]


def send(invitation: Invitation, client: Client, chosen: dict[Any, str], sequence: int = 0) -> Any:
    data = {str(day): answer for day, answer in chosen.items()} | {"sequence": str(sequence)}
    return client.post(reverse("invitations:dates", args=[invitation.token]), data)


def fresh(invitation: Invitation) -> Invitation:
    return Invitation.objects.with_answer().select_related("conference").get(pk=invitation.pk)


def test_one_date_is_answered_and_the_answer_to_the_whole_stays(client: Client, bob_invited: Invitation) -> None:
    bob_invited.respond(PartStat.ACCEPTED, "", timezone.now())
    first, second, third, *_rest = days(bob_invited)
    send(bob_invited, client, {first: "accepted", second: "declined", third: "accepted"})
    assert Reply.objects.exclude(original_date=None).get().original_date == second
    found = answers.of_person(fresh(bob_invited), [first, second])
    assert found == {first: PartStat.ACCEPTED, second: PartStat.DECLINED}
    page = client.get(bob_invited.get_absolute_url()).content.decode()
    assert page.count('<option value="declined" selected>') == 1
    assert page.count('<option value="accepted" selected>') == 4


def test_who_has_not_answered_may_leave_dates_open(client: Client, bob_invited: Invitation) -> None:
    first, second, *_rest = days(bob_invited)
    send(bob_invited, client, {first: "", second: "tentative"})
    assert Reply.objects.count() == 1
    assert fresh(bob_invited).answer == PartStat.NEEDS_ACTION


def test_an_answer_to_dates_that_have_changed_meanwhile_is_asked_again(
    client: Client, alice: User, bob_invited: Invitation
) -> None:
    conference = bob_invited.conference
    conference.change(alice, {"topic": "Another"}, seen_sequence=0, tell=Change.Tell.NOBODY, now=timezone.now())
    page = send(bob_invited, client, {days(bob_invited)[0]: "declined"})
    assert "has changed meanwhile" in page.content.decode()
    assert 'name="sequence" value="1"' in page.content.decode()
    assert not Reply.objects.exists()


def test_dates_that_are_cancelled_take_no_answer(client: Client, alice: User, bob_invited: Invitation) -> None:
    off, *_rest = bob_invited.conference.occurrences.order_by("starts_at")
    off.cancel(alice, timezone.now(), tell=Change.Tell.NOBODY)
    send(bob_invited, client, {off.original_date: "declined", "2027-02-30": "declined"}, sequence=1)
    assert not Reply.objects.exists()


def test_a_link_asks_for_one_date_and_chooses_without_answering(client: Client, bob_invited: Invitation) -> None:
    bob_invited.respond(PartStat.ACCEPTED, "", timezone.now())
    last = days(bob_invited)[-1]
    assert str(last) not in client.get(bob_invited.get_absolute_url()).content.decode()
    page = client.get(bob_invited.get_absolute_url(), {"date": str(last), "answer": "declined"}).content.decode()
    assert page.count('<option value="declined" selected>') == 1
    assert '<details class="card more no-print" open>' in page
    assert 'value="accepted" id="id_answer_0" checked' in page.replace(" required", "")  # the whole stays
    assert Reply.objects.count() == 1
    send(bob_invited, client, {last: "declined"})
    assert answers.of_person(fresh(bob_invited), [last]) == {last: PartStat.DECLINED}


def test_a_single_conference_has_no_such_form(client: Client, alice: User) -> None:
    invitation = make_invitation(make_conference(alice))
    assert "one date only" not in client.get(invitation.get_absolute_url()).content.decode()


def test_the_list_of_dates_says_how_many_come_to_each_with_as_many_queries_for_any_number(
    as_alice: Client, bob_invited: Invitation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    series = bob_invited.conference
    url = series.get_absolute_url()
    assert "accepted ·" not in as_alice.get(url).content.decode()
    first, second, third, *_rest = days(bob_invited)
    people = [bob_invited, *(make_invitation(series, f"guest{number}@example.org") for number in range(3))]
    for person, partstat in zip(people, (PartStat.ACCEPTED, PartStat.ACCEPTED, PartStat.TENTATIVE), strict=False):
        person.respond(partstat, "", timezone.now())
    for person in people[:2]:
        person.respond(PartStat.DECLINED, "", timezone.now(), original_date=second)
    series.occurrences.get(original_date=third).cancel(series.organizer, timezone.now(), tell=Change.Tell.NOBODY)
    page = as_alice.get(url).content.decode()
    assert page.count("2 accepted · 1 tentative<") == 6  # neither the second nor the one that is off
    assert page.count("1 tentative · 2 not on this date<") == 1
    lines = [dates.Line(row, is_marked=False, is_over=False) for row in series.occurrences.all()]
    with django_assert_num_queries(3):
        assert who_comes(series, lines)[first] == "2 accepted · 1 tentative"
