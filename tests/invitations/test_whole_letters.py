"""Whole letters: byte for byte as they were last looked at, and what a mail filter thinks of every kind.

After a change that is meant, `GOLDEN=write` in the environment of the tests writes the files of tests/data anew.
"""

import os
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cabinet.models import User
from conferences.choices import Tell
from conferences.models import Conference
from invitations import letters
from invitations.message import compose
from invitations.models import Delivery, Invitation
from tests.factories import make_conference

DATA = Path(__file__).parents[1] / "data"
NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
KIND = Delivery.Kind
BOB = ("Bob Brown", "bob@example.org")
MOST_POINTS = 1.0
# One point, for more Cyrillic e than Latin ones where both are many: so is every Russian letter whose links have some.
NOT_COUNTED = "score MIXED_ES 0"


@pytest.fixture(autouse=True)
def _site(settings: Any) -> None:
    """As it would be in public."""
    settings.SITE_URL = "https://meet.example.org"
    settings.MAIL_FROM = "invite@meet.example.org"
    settings.MAIL_DOMAIN = "meet.example.org"


def conference(alice: User, **fields: Any) -> Conference:
    """The same one in every run."""
    fixed = {"topic": "Autumn budget review", "number": "123-456-789", "password": "harbour42"}
    made = make_conference(alice, **{"start": datetime(2027, 12, 2, 14), **fixed, **fields})
    made.agenda = "We close the autumn numbers.\n\n1. Actuals"
    return settled(made)


def settled(made: Conference) -> Conference:
    """Without what chance and the clock have put into it."""
    made.uid = "5b0f8a52-3f2b-4c1d-9a77-0c5e2b6d9f10@meet.example.org"
    made.created_at = made.changed_at = datetime(2026, 11, 20, 8, 15, tzinfo=UTC)
    return made


def letter(about: Conference, kind: Delivery.Kind, *, language: str = "en", **more: Any) -> bytes:
    """The message to Bob, who lives in Tokyo."""
    bob = Invitation(conference=about, name=BOB[0], address=BOB[1], language=language, time_zone="Asia/Tokyo")
    shown = letters.preview(about, bob, kind=kind, message="Please bring the figures.", now=NOW, **more)
    return letters.whole(shown, BOB, "<k7wq2mzr5tdvh3xn6jb4ycfgae@meet.example.org>", NOW)


def invitation(alice: User) -> bytes:
    return letter(conference(alice), KIND.INVITATION)


def update(alice: User) -> bytes:
    made = conference(alice)
    fields = {"start_time": (datetime(2027, 12, 2, 16)).time(), "topic": "Budget review", "record": True}
    made.change(alice, fields, seen_sequence=0, tell=Tell.ALL, now=NOW)
    return letter(settled(made), KIND.UPDATE)


def cancellation(alice: User) -> bytes:
    made = conference(alice)
    made.cancel(alice, NOW, tell=Tell.ALL)
    return letter(settled(made), KIND.CANCELLATION)


def withdrawal(alice: User) -> bytes:
    return letter(conference(alice), KIND.CANCELLATION)


def series(alice: User) -> bytes:
    return letter(weekly(alice), KIND.INVITATION)


def one_date_off(alice: User) -> bytes:
    made = weekly(alice)
    row = made.occurrences.order_by("original_date")[1]
    row.cancel(alice, NOW, tell=Tell.ALL)
    return letter(settled(Conference.objects.get(pk=made.pk)), KIND.CANCELLATION, original_date=row.original_date)


def weekly(alice: User) -> Conference:
    return conference(alice, start=datetime(2027, 11, 1, 10), rule="FREQ=WEEKLY;BYDAY=MO;COUNT=6")


@pytest.mark.parametrize(
    "make", [invitation, update, cancellation, withdrawal, series, one_date_off], ids=lambda make: make.__name__
)
def test_a_letter_is_this_to_the_byte(make: Callable[[User], bytes], alice: User) -> None:
    file = DATA / f"letter-{make.__name__.replace('_', '-')}.eml"
    written = make(alice)
    if os.environ.get("GOLDEN") == "write":
        file.write_bytes(written)
    assert written == file.read_bytes()


# WHAT A FILTER THINKS


def points(folder: Path, messages: dict[str, bytes]) -> dict[str, float]:
    """What SpamAssassin gives to each, by itself (-L): one start for all of them, and nothing kept."""
    for name, message in messages.items():
        (folder / name).write_bytes(message)
    rules = ["--cf", "use_bayes 0", "--cf", NOT_COUNTED]
    command = ["spamassassin", "-L", "-t", "-x", *rules, *(str(folder / name) for name in messages)]
    environment = {"HOME": str(folder), "PATH": os.environ["PATH"], "LC_ALL": "C"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", check=True)
    found = [float(score) for score in re.findall(r"^X-Spam-Status: \w+, score=(-?[0-9.]+)", done.stdout, re.MULTILINE)]
    return dict(zip(messages, found, strict=True))


def test_no_letter_looks_like_spam(alice: User, tmp_path: Path) -> None:
    about = conference(alice)
    kinds = [KIND.INVITATION, KIND.QUESTION, KIND.REMINDER, KIND.MESSAGE]
    messages = {f"{kind}-{code}": letter(about, kind, language=code) for kind in kinds for code in ("en", "ru", "de")}
    for make in (update, cancellation, withdrawal, series, one_date_off):
        Conference.objects.all().delete()  # its number is free again
        messages[make.__name__] = make(alice)
    found = points(tmp_path, messages)
    assert {name: score for name, score in found.items() if score >= MOST_POINTS} == {}


def test_the_filter_knows_spam(tmp_path: Path) -> None:
    """A short HTML part beside a long text is spam by itself."""
    text = "\n".join(f"Line {n} of a text that the other part says nothing of." for n in range(30))
    message = compose(
        subject="Invitation", text=text, html="<p>See the attachment</p>", sender=("", "a@meet.example.org"),
        recipient=BOB, message_id="<k7wq2mzr5tdvh3xn6jb4ycfgae@meet.example.org>", date=NOW - timedelta(days=1),
    )  # fmt: skip
    assert points(tmp_path, {"spam": message})["spam"] > MOST_POINTS
