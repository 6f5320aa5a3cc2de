"""Made-up people and conferences to try things with. Addresses end in .example: no letter ever reaches anybody."""

from datetime import time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from addressbook.models import Contact
from cabinet.models import User
from conferences.models import Conference

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
TOPICS = ("Autumn budget review", "Weekly round", "Interview: second talk", "Open lesson")


def add_contacts(owner: User) -> None:
    """The sample people in `owner`'s own book; those who are there already stay as they are."""
    known = set(Contact.objects.filter(owner=owner).values_list("address", flat=True))
    Contact.objects.bulk_create(
        Contact(owner=owner, name=name, address=address, organisation=organisation)
        for name, address, organisation in PEOPLE
        if address not in known
    )


def add_conferences(owner: User) -> None:
    """One conference a day from tomorrow on, unless `owner` has them already."""
    known = set(Conference.objects.filter(organizer=owner).values_list("topic", flat=True))
    today = timezone.localdate(timezone=ZoneInfo(owner.time_zone))
    for number, topic in enumerate(TOPICS):
        if topic not in known:
            Conference.objects.schedule(
                owner,
                now=timezone.now(),
                topic=topic,
                start_date=today + timedelta(days=number + 1),
                start_time=time(9 + 3 * number),
                time_zone=owner.time_zone,
                duration=timedelta(minutes=45),
                number=Conference.objects.free_number(),
            )
