"""Edits, moved and cancelled dates, and a mail server of every mood, in any order: what reaches one person.

Whatever happens, nobody gets an older state after a newer one, nothing that they were to be told is left out, and
nothing is told twice but what the mail server left open.
"""

import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone

from conferences.choices import Kind, Tell
from conferences.models import Change, Conference, Occurrence
from invitations import announcing, claims, outbox
from invitations.claims import Ending
from invitations.models import Delivery, Invitation
from tests.factories import make_conference
from tests.invitations.deliveries import DEFERRED, FAILED, SENT, UNCERTAIN, claim_all, owe

pytestmark = pytest.mark.django_db

KIND = Delivery.Kind
MOODS: list[Ending] = [SENT, SENT, SENT, DEFERRED, UNCERTAIN, None]


class Story:
    """One series, one person, and what left for them in which order: (kind, sequence, original date, is sure)."""

    def __init__(self, seed: int) -> None:
        self.luck = random.Random(seed)
        self.moods = [*MOODS, FAILED] if seed % 4 == 0 else MOODS
        day = timezone.localdate() + timedelta(days=14 - timezone.localdate().weekday())
        self.series = make_conference(start=datetime.combine(day, time(10)), rule="FREQ=WEEKLY;BYDAY=MO;COUNT=12")
        (self.bob,) = owe(self.series)
        self.left: list[tuple[str, int, object, bool]] = []

    def happens(self) -> None:
        """Anything."""
        steps: list[Callable[[], object]] = [self.edit, self.cancel, self.move, self.announce, self.again]
        self.luck.choice([*steps, self.send, self.send])()

    def _fresh(self) -> Conference:
        return Conference.objects.get(pk=self.series.pk)

    def _tell(self) -> Tell:
        return self.luck.choice([Tell.ALL, Tell.ALL, Tell.NOBODY])

    def _standing(self) -> Occurrence | None:
        rows = list(self._fresh().occurrences.filter(cancelled_at=None))
        return self.luck.choice(rows) if len(rows) > 2 else None

    def edit(self) -> None:
        """The whole gets another topic."""
        series = self._fresh()
        fields = {"topic": f"Version {series.sequence + 1}"}
        now = timezone.now()
        series.change(series.organizer, fields, seen_sequence=series.sequence, tell=self._tell(), now=now)

    def cancel(self) -> None:
        """One date goes."""
        if row := self._standing():
            row.cancel(row.conference.organizer, timezone.now(), tell=self._tell())

    def move(self) -> None:
        """One date moves."""
        if row := self._standing():
            when = {"start_date": row.start_date, "start_time": time(self.luck.randrange(24)), "duration": row.duration}
            series = row.conference
            row.move(series.organizer, when, seen_sequence=series.sequence, tell=self._tell())

    def announce(self, *, late: bool = False) -> None:
        """The worker looks, within the minute of the last edit or after it."""
        wait = timedelta(minutes=2 if late or self.luck.random() < 0.5 else 0)
        announcing.announce(timezone.now() + wait)

    def again(self) -> None:
        """Somebody presses “Send again”."""
        outbox.send_again(self.bob, now=timezone.now())

    def send(self, mood: Callable[[], Ending] | None = None) -> int:
        """Everything that waits is tried; how much that was."""
        Delivery.objects.filter(due_at__isnull=False).update(due_at=timezone.now() - timedelta(seconds=1))
        found = claim_all()
        for claim in found:
            ending = mood() if mood else self.luck.choice(self.moods)
            if claims.hand_over(None, claim):
                assert claims.may_leave(claim)
                claims.hand_over((claim, ending), None)
                if ending in (SENT, UNCERTAIN):
                    row = claim.delivery
                    self.left.append((row.kind, row.sequence, row.original_date, ending is SENT))
        return len(found)

    def settle(self) -> None:
        """Time passes, and the mail server is well."""
        for _turn in range(30):
            self.announce(late=True)
            if not self.send(lambda: SENT) and not Change.objects.filter(announced_at=None).exists():
                return
        raise AssertionError("it never ends")


@pytest.mark.parametrize("seed", range(60))
def test_whatever_happens(seed: int) -> None:
    story = Story(seed)
    for _step in range(25):
        story.happens()
    failed = story.bob.deliveries.filter(state="failed").exists()
    story.settle()
    left, series = story.left, story._fresh()
    sequences = [sequence for _kind, sequence, _day, _sure in left]
    assert sequences == sorted(sequences), "an older state after a newer one"
    assert Delivery.objects.exclude(state__in=["sent", "failed", "uncertain", "superseded", "cancelled"]).count() == 0
    if failed:
        return  # then the organizer is told, and what follows depends on what they do
    _is_told_everything(story, series)


def _is_told_everything(story: Story, series: Conference) -> None:
    requests = [sequence for kind, sequence, _day, _sure in story.left if kind in Delivery.REQUESTS]
    assert requests, "the invitation was lost"
    for change in series.changes.filter(tell=Tell.ALL):
        days = [sequence for _kind, sequence, day, _sure in story.left if day and day == change.original_date]
        if change.kind == Kind.CANCELLED:
            assert max([*requests, *days]) >= change.sequence, f"{change} is not told"
        else:
            assert max(requests) >= change.sequence, f"{change} is not told"
    told = Counter(day for _kind, _sequence, day, sure in story.left if day and sure)
    again = Delivery.objects.filter(ordinal__gt=0).values_list("original_date", flat=True)
    assert all(count == 1 for day, count in told.items() if day not in again), "a date is told twice"
    assert Invitation.objects.get(pk=story.bob.pk).announced_sequence == series.sequence or not _is_owed(story, series)


def _is_owed(story: Story, series: Conference) -> bool:
    """Whether something open came after what the person was last told."""
    newest = max((sequence for _kind, sequence, _day, _sure in story.left), default=0)
    return series.changes.filter(tell=Tell.ALL, sequence__gt=newest).exists()
