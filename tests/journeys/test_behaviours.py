"""Scripts that shorten the way: the mail client's link, the ledger that renews itself, the countdown, local clocks."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from cabinet.models import User
from conferences import times
from conferences.links import join_url
from conferences.models import Conference
from tests.factories import make_conference

pytestmark = [pytest.mark.browser]


@pytest.fixture
def conference(alice: User) -> Conference:
    return make_conference(alice, topic="Autumn budget review", agenda="One line of an agenda. " * 200)


# THE MAIL CLIENT


@pytest.fixture
def clients(alices_page: Page, live_server: LiveServer, conference: Conference) -> Page:
    alices_page.goto(live_server.url + conference.get_absolute_url(), wait_until="networkidle")
    # Nothing outside the test may open: neither a mail program nor a provider's page.
    alices_page.evaluate("""() => addEventListener("click", (event) => {
        if (event.target.closest("[data-open]")) event.preventDefault();
    })""")
    return alices_page


def test_invite_participants_is_a_link_that_follows_the_drop_down(clients: Page) -> None:
    link = clients.locator("[data-open]")
    choice = clients.get_by_label("Choose the mail client")
    choice.select_option(label="Gmail")
    expect(link).to_have_accessible_name("Invite participants (opens in a new tab)")
    assert (link.get_attribute("href") or "").startswith("https://mail.google.com/")
    assert link.get_attribute("target") == "_blank"
    assert link.get_attribute("rel") == "noopener noreferrer"
    choice.select_option(label="MS Outlook")
    expect(link).to_have_accessible_name("Invite participants")
    assert (link.get_attribute("href") or "").startswith("mailto:?subject=")
    assert link.get_attribute("target") == ""
    expect(clients.get_by_role("button", name="Invite participants")).to_be_hidden()


def test_choice_is_remembered_in_passing(clients: Page, alice: User) -> None:
    clients.get_by_label("Choose the mail client").select_option("gmail")
    with clients.expect_response(lambda response: response.request.method == "POST") as answer:
        clients.locator("[data-open]").click()
    assert answer.value.status < 400
    alice.refresh_from_db()
    assert alice.mail_client == "gmail"


def test_what_had_to_be_left_out_is_said_for_each_client(clients: Page) -> None:
    choice = clients.get_by_label("Choose the mail client")
    choice.select_option("outlook")
    expect(clients.get_by_text("Shortened for MS Outlook: without the agenda.")).to_be_visible()
    expect(clients.locator("[data-how-long]")).to_have_text(re.compile(r"^\d{3} of 1,800 characters$"))
    choice.select_option("gmail")
    expect(clients.locator("[data-shortened-note]")).to_be_hidden()
    expect(clients.locator("[data-how-long]")).to_have_text(re.compile(r"^[67],\d{3} of 8,000 characters$"))


def test_whoever_is_still_here_after_the_press_is_helped(clients: Page) -> None:
    help_ = clients.get_by_text("No mail program? Choose web mail or copy the text.")
    clients.locator("[data-open]").click()
    expect(help_).to_be_visible()
    clients.get_by_label("Choose the mail client").select_option("gmail")
    expect(help_).to_be_hidden()
    clients.evaluate("document.hasFocus = () => false")
    with clients.expect_response(lambda response: response.request.method == "POST"):
        clients.locator("[data-open]").click()
    clients.wait_for_timeout(2500)
    expect(help_).to_be_hidden()


def test_whole_text_is_copied_where_the_link_had_to_be_short(clients: Page, conference: Conference) -> None:
    clients.context.grant_permissions(["clipboard-read", "clipboard-write"])
    clients.get_by_label("Choose the mail client").select_option("outlook")
    clients.locator("[data-open]").click()
    expect(clients.locator("[data-was-copied]")).to_be_visible()
    text = clients.evaluate("navigator.clipboard.readText()")
    assert "One line of an agenda." in text
    assert join_url(conference) in text


def test_the_page_of_a_mail_client_copies_what_did_not_fit_as_well(
    alices_page: Page, live_server: LiveServer, conference: Conference
) -> None:
    alices_page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = live_server.url + reverse("invitations:mail-client", args=[conference.pk], query={"client": "outlook"})
    alices_page.goto(page, wait_until="networkidle")
    opener = alices_page.locator("[data-open]")
    opener.evaluate("(link) => link.addEventListener('click', (event) => event.preventDefault())")
    opener.click()
    expect(alices_page.get_by_text("The whole text has been copied")).to_be_visible()
    assert "One line of an agenda." in alices_page.evaluate("navigator.clipboard.readText()")


def test_help_comes_when_nothing_seems_to_open(clients: Page) -> None:
    help_ = clients.get_by_text("Nothing opens? Copy the text instead")
    expect(help_).to_be_hidden()
    clients.locator("[data-open]").click()
    expect(help_).to_be_visible()


# THE FORM OF A CONFERENCE


@pytest.fixture
def schedule(alices_page: Page, live_server: LiveServer) -> Page:
    """The form, at the day on which clocks in Berlin are next set back."""
    now = timezone.now()
    changes = [change for year in (now.year, now.year + 1) for change in times.clock_changes("Europe/Berlin", year)]
    day = next(change.at.date() for change in changes if change.at > now and change.after < change.before)
    alices_page.goto(live_server.url + reverse("conferences:new"), wait_until="networkidle")
    expect(alices_page.locator("[data-summary]")).to_be_visible()
    alices_page.get_by_label("Topic").fill("Night shift")
    alices_page.get_by_label("Date").fill(f"{day:%Y-%m-%d}")
    return alices_page


@pytest.mark.parametrize(
    ("start", "minutes", "end", "in_utc"),
    [("01:30", 90, "02:00", "23:30"), ("02:30", 60, "02:30", "00:30"), ("02:30", 30, "02:00", "00:30")],
)
def test_duration_is_kept_where_the_end_is_an_hour_that_comes_twice(
    schedule: Page, start: str, minutes: int, end: str, in_utc: str
) -> None:
    schedule.get_by_label("Start time").fill(start)
    schedule.locator(f"[name=duration][value='{minutes}']").check(force=True)
    expect(schedule.get_by_label("End time")).to_have_value(end)
    schedule.get_by_role("button", name="Schedule conference").last.click()
    expect(schedule.get_by_role("heading", name="You have scheduled a conference")).to_be_visible()
    conference = Conference.objects.get()
    assert conference.duration == timedelta(minutes=minutes)
    assert f"{conference.starts_at:%H:%M}" == in_utc


def test_side_card_writes_places_as_they_are_written(schedule: Page) -> None:
    schedule.get_by_label("Time zone").select_option("America/Sao_Paulo")
    expect(schedule.locator("[data-slot=until]")).to_contain_text("in São Paulo")
    schedule.get_by_label("Time zone").select_option("UTC")
    expect(schedule.locator("[data-slot=until]")).to_contain_text("in UTC")


def test_side_card_counts_an_hour_that_comes_twice_from_the_first(schedule: Page) -> None:
    schedule.get_by_label("Start time").fill("02:30")
    london = schedule.locator("[data-zone='Europe/London'] time")
    expect(london).to_have_text("01:30")
    schedule.get_by_label("End time").fill("01:30")
    expect(schedule.get_by_label("Minutes", exact=True)).to_have_value("1440")


# THE LEDGER

PAGE = """<!doctype html><html lang="en"><title>x</title><script type="module" src="/static/js/app.js"></script>
<main><div id="people" {more}><a href="#one">One</a><a href="#two">{words}</a></div></main></html>"""


def test_part_renews_itself_until_nothing_is_under_way_and_keeps_the_focus(page: Page, live_server: LiveServer) -> None:
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        more = "" if len(asked) == 4 else 'data-refresh="0.3"'
        route.fulfill(body=PAGE.format(words=f"Sent {len(asked)}", more=more), content_type="text/html")

    page.route("**/ledger/", answer)
    page.goto(f"{live_server.url}/ledger/")
    page.get_by_role("link", name="Sent").focus()
    expect(page.get_by_role("link", name="Sent 4")).to_be_focused()
    page.wait_for_timeout(600)
    assert len(asked) == 4


# TIME


def test_countdown_counts_by_the_servers_clock_and_comes_back_when_it_ends(
    page: Page, live_server: LiveServer, alice: User
) -> None:
    start = (timezone.now() + timedelta(hours=2)).replace(second=0, microsecond=0)
    conference = make_conference(alice, start=start.replace(tzinfo=None), time_zone="UTC", opens_before=timedelta(0))
    page.clock.install(time=datetime(2001, 1, 1, tzinfo=UTC))  # this visitor's clock is wrong by decades
    page.goto(f"{live_server.url}/join/{conference.join_token}/")
    shown = page.locator("[data-countdown]")
    expect(shown).to_be_visible()
    left = (start - timezone.now()).total_seconds()
    expect(shown.locator("[data-unit='3600'] b")).to_have_text(str(int(left // 3600)))
    page.clock.fast_forward(timedelta(seconds=left - 601).seconds * 1000)
    expect(shown.locator("[data-unit='3600']")).to_be_hidden()
    page.clock.run_for(3000)
    expect(page.locator("p.vh[role=status]")).to_have_text("Starts in 10 minutes")


def test_guest_sees_the_moment_on_the_own_clock_and_under_the_own_sky(
    page: Page, live_server: LiveServer, alice: User
) -> None:
    start = datetime.combine(timezone.localdate() + timedelta(days=7), datetime.min.time()).replace(hour=13)
    conference = make_conference(alice, start=start, time_zone="UTC")
    page.goto(f"{live_server.url}/join/{conference.join_token}/")
    expect(page.get_by_text("On your clock (Tokyo):").first).to_contain_text("22:00")
    expect(page.get_by_text("On your clock (Tokyo):").last).to_contain_text("21:45")  # the room opens
    expect(page.locator(".sky").first).to_have_attribute("data-sky", "night")
