"""Every page with hostile text in every field: nothing runs, nothing moves sideways, axe finds nothing."""

from datetime import datetime, time, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from addressbook.models import Contact
from cabinet.models import User
from conferences.models import Change, Conference, Template
from conferences.series import continue_from
from invitations import own_words
from invitations.models import Invitation, PartStat, Way
from tests.factories import make_conference, make_contact, make_invitation, make_key

pytestmark = [pytest.mark.browser]

SCRIPT = "<script>window.broken = 1</script><img src=x onerror=window.broken=1>"
LONG = "Donaudampfschifffahrtsgesellschaftskapitänswitwenversicherung" * 2
LIST_VIEWS = ("show=past", "view=month", "q=person", "show=permanent")
HOSTILE = f"\"'>{SCRIPT}\u202e{{{{ 7 }}}}"


@pytest.fixture
def conference(alice: User) -> Conference:
    """A conference of Alice's in a week whose words and guests are all hostile."""
    alice.name = f"Alice {HOSTILE}"[:128]
    alice.is_staff = True
    alice.save(update_fields=["name", "is_staff"])
    own_words.use("invitation", "en", {"lead": HOSTILE[:100], "paragraph": f"{LONG}\n{SCRIPT}"}, alice)
    conference = make_conference(
        alice, topic=f"{HOSTILE} {LONG}"[:200], agenda=f"{HOSTILE}\n{LONG}\n" * 3, password="harbour42"
    )
    for number, (name, comment) in enumerate(
        [(HOSTILE, HOSTILE), (LONG, LONG), ("محمد الفارسي", "قد أتأخر عشر دقائق")]
    ):
        make_contact(alice, name[:128], f"person{number}@example.org", organisation=HOSTILE)
        invitation = make_invitation(conference, f"person{number}@example.org", name[:128])
        invitation.respond(PartStat.DECLINED, comment[:500], timezone.now())
    said = {"name": LONG[:128], "text": f"{HOSTILE}\n{LONG}", "received_at": timezone.now(), "stamp": timezone.now()}
    times = {"sequence": 9, "starts_at": timezone.now(), "ends_at": timezone.now()}
    for kind in ("answer", "newcomer", "time", "words"):
        stranger = f"{kind}{'x' * 60}@example.org"
        conference.incoming_mail.create(
            kind=kind, address=stranger, partstat="ACCEPTED", invitation=invitation, **said | times
        )
    conference.invitations.filter(address="person0@example.org").update(way=Way.HAND, told_at=timezone.now())
    changed = {"agenda": f"{HOSTILE}\n{LONG}"}
    conference.change(alice, changed, seen_sequence=0, tell=Change.Tell.ALL, now=timezone.now())
    return conference


def over(alice: User) -> Conference:
    """A conference that took place three weeks ago."""
    day = timezone.localdate() - timedelta(days=21)
    return make_conference(alice, start=datetime.combine(day, time(9)), topic=HOSTILE)


def of_series(alice: User) -> list[str]:
    """The pages of a series and its parts, with every kind of date, and of a conference without a date."""
    day = timezone.localdate() - timedelta(days=7)
    series = make_conference(
        alice, start=datetime.combine(day, time(9)), rule="FREQ=DAILY;COUNT=30", topic=f"{HOSTILE} {LONG}"[:200]
    )
    row, off, last = series.occurrences.coming(timezone.now())[2:5]
    when = {"start_date": row.start_date, "start_time": time(16), "duration": row.duration}
    row.move(alice, when, seen_sequence=0, tell=Change.Tell.NOBODY)
    off.cancel(alice, timezone.now(), tell=Change.Tell.NOBODY, message=HOSTILE)
    said = {"seen_sequence": 2, "tell": Change.Tell.NOBODY, "now": timezone.now()}
    new = continue_from(series, last, alice, {"topic": f"{LONG} {HOSTILE}"[:200]}, **said)  # type: ignore[arg-type]
    room = make_conference(alice, permanent=True, topic=HOSTILE)
    date = f"date={row.original_date}"
    asked = [f"?{date}", *(f"?{date}&scope={scope}" for scope in ("this", "following", "all"))]
    parts = [
        reverse(f"conferences:{name}", args=[series.pk]) + each for name in ("edit", "cancellation") for each in asked
    ]
    ways = [reverse(f"conferences:{name}", args=[room.pk]) for name in ("conference", "edit", "cancellation")]
    return [f"{series.get_absolute_url()}?{date}&dates=all", new.get_absolute_url(), *parts, *ways]


def addresses(conference: Conference, alice: User) -> list[str]:
    """Every page that can be looked at, of the organizer and of guests."""
    past, cancelled = over(alice), make_conference(alice, topic=HOSTILE)
    cancelled.cancel(alice, timezone.now(), tell=Change.Tell.NOBODY, message=HOSTILE)
    invitation = Invitation.objects.filter(conference=conference, way=Way.HAND).first()
    assert invitation
    contact = Contact.objects.filter(owner=alice).first()
    assert contact
    plain = ["home", "profile", "account_change_password", "conferences:list", "conferences:new", "addressbook:add"]
    of_one = [
        "conferences:conference",
        "conferences:edit",
        "conferences:cancellation",
        "conferences:waiting",
        "invitations:ledger",
        "invitations:message",
        "invitations:preview",
    ]
    of_one += ["conferences:recordings"]
    templates = [Template.objects.remember(alice, name[:80], {"record": True}) for name in (HOSTILE, LONG)]
    names = ("personal", "answer", "you", "your-links", "your-letters", "your-data", "erasure", "report")
    of_guest = [reverse(f"invitations:{name}", args=[invitation.token]) for name in names]
    key = make_key(invitation.address, language=invitation.language)
    of_guest += [reverse(f"invitations:address-{name}", args=[key.token]) for name in ("data", "letters", "erasure")]
    return [
        *(reverse(name) for name in plain),
        *(f"{reverse('conferences:list')}?{view}" for view in LIST_VIEWS),
        f"{reverse('conferences:new')}?repeat={conference.pk}",
        f"{reverse('conferences:new')}?template={templates[0].pk}",
        reverse("conferences:templates"),
        reverse("invitations:feed-address"),
        reverse("invitations:by-hand", args=[conference.pk]),
        f"{reverse('invitations:mail-client', args=[conference.pk])}?person={invitation.pk}",
        reverse("invitations:wordings"),
        reverse("invitations:wording", args=["invitation", "en"]),
        *(reverse(f"conferences:{name}", args=[templates[1].pk]) for name in ("template", "template-deletion")),
        reverse("conferences:save-as-template", args=[conference.pk]),
        *(f"{reverse('addressbook:contacts')}?q={query}" for query in ("", "person", "%3Cscript%3E")),
        *(reverse(f"addressbook:{name}", args=[contact.pk]) for name in ("edit", "delete")),
        *(reverse(name, args=[conference.pk]) for name in of_one),
        *(one.get_absolute_url() for one in (past, cancelled)),
        *(reverse(f"invitations:{name}", args=[conference.pk, invitation.pk]) for name in ("address", "removal")),
        *(reverse("conferences:join", args=[one.join_token]) for one in (conference, past, cancelled)),
        *(
            reverse(name)
            for name in (
                "conferences:join-by-number",
                "invitations:lost-link",
                "invitations:link-sent",
                "invitations:erased",
            )
        ),
        *of_guest,
        *of_series(alice),
    ]


# In the languages whose words are longest.
@pytest.mark.parametrize(("language", "width", "scheme"), [("de", 1280, "light"), ("ru", 390, "dark")])
def test_every_page_is_safe_and_accessible(
    alices_page: Page,
    live_server: LiveServer,
    conference: Conference,
    alice: User,
    language: str,
    width: int,
    scheme: str,
) -> None:
    User.objects.filter(pk=alice.pk).update(language=language)
    Invitation.objects.update(language=language)
    page = alices_page
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for address in addresses(conference, alice):
        page.set_viewport_size({"width": width, "height": 900})
        answer = page.goto(live_server.url + address)
        assert answer is not None
        assert answer.status == 200, address
        page.wait_for_load_state("networkidle")
        found = Axe().run(page)
        assert found.violations_count == 0, f"{address}\n{found.generate_report()}"
        page.set_viewport_size({"width": 320, "height": 600})
        page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, address
        assert page.evaluate("window.broken") is None, address


@pytest.mark.parametrize(
    ("path", "says"),
    [("/nothing-here/", "There is no such page"), ("/join/nothing-here/", "This invitation link is no longer valid.")],
)
def test_wrong_address_is_a_page_of_ours(
    page: Page, live_server: LiveServer, alice: User, path: str, says: str
) -> None:
    answer = page.request.get(f"{live_server.url}{path}")
    assert answer.status == 404
    assert says in answer.text()
