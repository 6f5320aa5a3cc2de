"""Messages of claimed rows: written once, stamped in order, within a limit of the processor's time."""

import time
import zlib
from datetime import timedelta

import pytest
from django.utils import timezone

from invitations import writing
from invitations.models import Delivery
from tests.invitations.deliveries import owe

NOW = timezone.now().replace(microsecond=0)


def letter() -> Delivery:
    """One that a worker has just claimed."""
    owe()
    delivery = Delivery.objects.select_related("invitation", "conference").get()
    delivery.last_composed_at = None
    return delivery


@pytest.mark.django_db
@pytest.mark.parametrize(("last", "stamp"), [(None, 0), (-60, 0), (0, 1), (5, 6)])
def test_a_letter_is_stamped_after_the_last_one_of_its_reader(last: int | None, stamp: int) -> None:
    delivery = letter()
    if last is not None:
        delivery.last_composed_at = NOW + timedelta(seconds=last)
    writing.write(delivery, NOW)
    assert delivery.composed_at == NOW + timedelta(seconds=stamp)
    day = delivery.composed_at.strftime("%a, %d %b %Y %H:%M:%S +0000")
    assert f"\r\nDate: {day}\r\n".encode() in writing.read(delivery)


@pytest.mark.django_db
def test_a_letter_that_is_written_stays_as_it_is() -> None:
    delivery = letter()
    delivery.message, delivery.composed_at = zlib.compress(b"as it was"), NOW
    writing.write(delivery, NOW + timedelta(hours=1))
    assert (writing.read(delivery), delivery.composed_at) == (b"as it was", NOW)


def test_time_of_the_processor_is_limited_and_waiting_is_not() -> None:
    def compute() -> None:
        while True:
            pass

    with pytest.raises(writing.TookTooLongError):
        writing.within_cpu(0.02, compute)
    assert writing.within_cpu(0.02, lambda: time.sleep(0.1)) is None
