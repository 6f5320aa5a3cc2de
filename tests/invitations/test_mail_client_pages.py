"""The organizer's own mail program: which ones are offered, what did not fit, the draft to open. vobject reads it."""

import re
from email import message_from_bytes
from email.policy import default

import pytest
import vobject
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils.formats import date_format
from pytest_django import Settings

from cabinet.models import User
from conferences.links import join_url
from conferences.models import Conference
from invitations import words
from invitations.hidden_clients import HiddenClient
from invitations.mail_clients import CLIENTS, whole_text
from tests.factories import make_conference


@pytest.fixture
def conference(alice: User) -> Conference:
    return make_conference(alice)


def url(name: str, *args: object) -> str:
    return reverse(f"invitations:{name}", args=args)


# WHICH ONES


def test_mail_client_may_be_hidden_on_a_page_of_the_administration(as_alice: Client, conference: Conference) -> None:
    HiddenClient.objects.create(client="yandex")
    offered = re.findall(r'<option value="([\w-]+)"[^>]* data-url', as_alice.get(conference.get_absolute_url()).text)
    assert offered == [slug for slug in CLIENTS if slug != "yandex"]


@pytest.mark.django_db
def test_the_last_mail_client_cannot_be_hidden(settings: Settings) -> None:
    settings.HIDDEN_MAIL_CLIENTS = [slug for slug in CLIENTS if slug not in {"gmail", "default"}]
    gmail = HiddenClient(client="gmail")
    gmail.full_clean()
    gmail.save()
    gmail.full_clean()
    with pytest.raises(ValidationError, match="the last mail client"):
        HiddenClient(client="default").full_clean()


# WHAT FITS


def test_mail_client_page_says_what_was_left_out(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice, agenda="One line of an agenda. " * 100)
    page = as_alice.get(url("mail-client", conference.pk), {"client": "outlook"}).text
    assert "Shortened for MS Outlook: without the agenda." in page
    assert "Shortened" not in as_alice.get(url("mail-client", conference.pk), {"client": "gmail"}).text


# THE DRAFT


def test_draft_is_a_new_message_for_mail_programs(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice, topic="=?utf-8?q?Rückblick?= — Q3", agenda="Zeile eins\nZeile zwei")
    response = as_alice.get(url("draft-file", conference.pk))
    assert response["Content-Type"] == "message/rfc822"
    name = f"conference-{conference.wall_start:%Y%m%d}-1000.eml"
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n|[^\x00-\x7f]", response.content)
    message = message_from_bytes(response.content, policy=default)
    assert (message["X-Unsent"], message["MIME-Version"]) == ("1", "1.0")
    assert {"From", "To", "Sender", "Reply-To", "Date", "Message-ID"}.isdisjoint(message.keys())
    when = conference.starts_at.astimezone(conference.zone)
    assert message["Subject"] == (
        f"Invitation: =?utf-8?q?Rückblick?= — Q3 — {date_format(when, 'D j M Y H:i')} (Europe/Berlin)"
    )
    text, entry = message.iter_parts()
    said = whole_text(words.draft(conference, join_url(conference)))
    assert text.get_content().splitlines() == said.splitlines()
    assert (entry.get_content_type(), entry.get_param("method")) == ("text/calendar", None)
    assert (entry.get_filename(), entry.get_content_disposition()) == ("invite.ics", "attachment")
    theirs = vobject.readOne(entry.get_content())
    assert not hasattr(theirs, "method")
    assert theirs.vevent.uid.value == conference.uid.replace("@", "-d@")
    assert theirs.vevent.location.value == join_url(conference)
    assert theirs.vevent.dtstart.value == conference.starts_at
    assert not {"organizer", "attendee"} & theirs.vevent.contents.keys()


def test_draft_of_a_conference_without_a_date_has_no_entry(as_alice: Client, alice: User) -> None:
    conference = make_conference(alice, permanent=True)
    response = as_alice.get(url("draft-file", conference.pk))
    assert response["Content-Disposition"] == 'attachment; filename="conference.eml"'
    message = message_from_bytes(response.content, policy=default)
    assert message.get_content_type() == "text/plain"
    assert join_url(conference) in message.get_content()
