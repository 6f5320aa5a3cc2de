"""Made-up people and conferences to try things with. Addresses end in .example: no letter ever reaches anybody."""

from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from addressbook.models import Contact
from cabinet.models import User
from conferences.choices import Mode, Tell
from conferences.models import Conference, Template

PEOPLE = (
    ("Ines Halvorsen", "ines.halvorsen@meridian.example", "Meridian Institute"),
    ("Tomasz Żurek", "t.zurek@meridian.example", "Meridian Institute"),
    ("Марина Ковалёва", "kovaleva@aurora.example", "Аврора"),
    ("Søren Ångström", "soren@fjord.example", "Fjord Labs"),
    ("王小明", "xiaoming.wang@jade.example", "翡翠科技"),
    ("佐藤 花子", "hanako.sato@asahi.example", "朝日研究所"),
    ("ليلى حداد", "leila.haddad@cedar.example", "مركز الأرز"),
    ("Nikos Παπαδόπουλος", "nikos@aegean.example", "Aegean School"),
    ("Chloé Lefèvre", "chloe.lefevre@lumiere.example", "Lumière"),
    ("João da Silva e Souza", "joao@ipe.example", "Instituto Ipê"),
    ("Priya Raghunathan", "priya@banyan.example", "Banyan Trust"),
    ("Maximilian Groß", "max.gross@linden.example", "Lindenschule"),
)
TOPICS = ("Autumn budget review", "Interview: second talk", "Open lesson")
SERIES, STANDING = "Weekly round", "Open office"
TEMPLATE = "Public talk"


def add_contacts(owner: User) -> None:
    """The sample people in `owner`'s own book; those who are there already stay as they are."""
    known = set(Contact.objects.filter(owner=owner).values_list("address", flat=True))
    Contact.objects.bulk_create(
        Contact(owner=owner, name=name, address=address, organisation=organisation)
        for name, address, organisation in PEOPLE
        if address not in known
    )


def add_conferences(owner: User) -> None:
    """One conference a day from tomorrow on, a weekly series, a standing room; not those that `owner` has already."""
    known = set(Conference.objects.filter(organizer=owner).values_list("topic", flat=True))
    for number, topic in enumerate(TOPICS):
        if topic not in known:
            _schedule(owner, topic, day=number + 1, hour=9 + 3 * number)
    if SERIES not in known:
        _schedule_series(owner)
    if STANDING not in known:
        _schedule(owner, STANDING, permanent=True)


@transaction.atomic
def _schedule_series(owner: User) -> None:
    """Every week without an end, its second date moved to the afternoon after, its third one cancelled."""
    series = _schedule(owner, SERIES, day=2, hour=10, rule="FREQ=WEEKLY")
    second, third = series.occurrences.order_by("starts_at")[1:3]
    when = {"start_date": second.start_date + timedelta(days=1), "start_time": time(15), "duration": second.duration}
    second.move(owner, when, seen_sequence=series.sequence, tell=Tell.NOBODY)
    third.cancel(owner, timezone.now(), tell=Tell.NOBODY, message="Public holiday")


def _schedule(owner: User, topic: str, *, day: int = 0, hour: int = 9, **fields: Any) -> Conference:
    """A conference of three quarters of an hour, `day` days from today on `owner`'s clock."""
    return Conference.objects.schedule(
        owner,
        now=timezone.now(),
        topic=topic,
        start_date=timezone.localdate(timezone=ZoneInfo(owner.time_zone)) + timedelta(days=day),
        start_time=time(hour),
        time_zone=owner.time_zone,
        duration=timedelta(minutes=45),
        number=Conference.objects.free_number(),
        **fields,
    )


def add_template(owner: User) -> None:
    """Settings for a talk to many people, under a name; one that `owner` has already stays as it is."""
    if not Template.objects.filter(owner=owner, name=TEMPLATE).exists():
        values = {"mode": Mode.WEBINAR, "waiting_room": True, "record": True, "participants_limit": 200}
        Template.objects.remember(owner, TEMPLATE, values | {"duration": timedelta(minutes=90), "password": True})
