"""The developers' page in a real browser: accessible in light and dark, at every width, and without scripts."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.browser]

WIDTHS = [1280, 390]


@pytest.fixture
def states(alices_page: Page, live_server: LiveServer, settings: Settings) -> Page:
    settings.ROOT_URLCONF = "tests.journeys.states_urls"
    # Scripts of single behaviours come after the page: a press before that does nothing.
    alices_page.goto(f"{live_server.url}/states/", wait_until="networkidle")
    return alices_page


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(states: Page, width: int, scheme: str) -> None:
    states.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    states.set_viewport_size({"width": width, "height": 900})
    for disclosure in states.locator("details:not(.menu)").all():
        disclosure.evaluate("details => { details.open = true; }")
    found = Axe().run(states)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", [320, 390, 640, 1280])
def test_nothing_moves_sideways(states: Page, width: int) -> None:
    states.set_viewport_size({"width": width, "height": 900})
    for disclosure in states.locator("details").all():
        disclosure.evaluate("details => { details.open = true; }")
    assert states.evaluate("document.documentElement.scrollWidth") <= width


def test_errors_take_the_focus_and_lead_to_their_fields(states: Page) -> None:
    expect(states.locator(".errors")).to_be_focused()
    states.locator(".errors a", has_text="at least 6 characters").click()
    expect(states.locator("[id=bad_password]")).to_be_focused()


def test_plural_samples_have_every_form_of_every_language(states: Page) -> None:
    lacking = states.evaluate("""() => "en ru ar ja pl cs de fr he lt cy sl lv ga".split(" ").filter(
        (language) => {
            const rules = new Intl.PluralRules(language);
            const has = new Set([0, 1, 2, 3, 6, 8, 11, 100].map((n) => rules.select(n)));
            return [...Array(200).keys()].some((n) => !has.has(rules.select(n)));
        })""")
    assert lacking == []


# THE SCHEDULE FORM


def test_side_card_shows_the_time_in_words_and_in_other_zones(states: Page) -> None:
    card = states.locator("[data-summary]")
    expect(card.locator("[data-slot=clock]")).to_have_text("14:00")
    expect(card.locator("[data-slot=day]")).to_have_text("Thursday 3 December 2026")
    expect(card.locator("[data-slot=until]")).to_have_text("until 14:45 in Berlin")
    expect(card.locator("[data-zone='Asia/Kolkata']")).to_contain_text("KolkataUTC+5:3018:30")
    expect(card.locator("[data-zone='Pacific/Kiritimati'] small")).to_have_text("UTC+14 · Friday")
    states.get_by_label("Start time").first.fill("22:30")
    expect(card.locator("[data-slot=sky]")).to_have_attribute("data-sky", "night")


def test_duration_and_end_time_follow_each_other(states: Page) -> None:
    form = states.locator("[data-schedule]")
    form.get_by_label("1 hour").check()
    expect(form.get_by_label("End time")).to_have_value("15:00")
    form.get_by_label("Start time").fill("23:30")
    expect(form.get_by_label("End time")).to_have_value("00:30")
    form.get_by_label("End time").fill("00:45")
    expect(form.get_by_label("Other")).to_be_checked()
    expect(form.get_by_label("Minutes")).to_have_value("75")
    form.get_by_label("End time").fill("23:45")
    expect(form.get_by_label("15 min")).to_be_checked()
    expect(form.get_by_label("Minutes")).to_be_hidden()


def test_closed_lines_keep_in_step_with_their_fields(states: Page) -> None:
    form = states.locator("[data-schedule]")
    line = form.locator("details", has_text="Sound, camera, recording")
    expect(line.locator(".value")).to_have_text("Muted on entry")
    line.locator("summary").click()
    form.get_by_label("Record the conference").check()
    expect(line.locator(".value")).to_have_text("Muted on entry, recorded")
    form.get_by_label("Record the conference").uncheck()
    form.get_by_label("Mute participants on entry").uncheck()
    expect(line.locator(".value")).to_have_text("As people like")


def test_suggested_password_fills_the_field_and_the_line(states: Page) -> None:
    line = states.locator("[data-schedule] details", has_text="Access")
    line.locator("summary").click()
    line.get_by_role("button", name="Suggest one").click()
    password = line.get_by_label("Password")
    expect(password).to_be_focused()
    assert len(password.input_value()) == 10
    expect(line.locator(".value")).to_have_text("Password")


# SMALL THINGS


def test_menu_closes_on_escape_and_on_a_press_outside(states: Page) -> None:
    menu = states.locator("details.menu", has_text="Export")
    menu.locator("summary").click()
    expect(menu.get_by_role("link", name="vCard (.vcf)")).to_be_visible()
    menu.get_by_role("link").press("Escape")
    expect(menu.get_by_role("link")).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()
    menu.locator("summary").click()
    states.get_by_role("heading", name="Status").click()
    expect(menu.get_by_role("link")).to_be_hidden()


def test_copy_says_so_or_selects_the_text(states: Page) -> None:
    states.context.grant_permissions(["clipboard-read", "clipboard-write"])
    states.get_by_role("button", name="Copy link").click()
    expect(states.get_by_role("button", name="Copied")).to_be_visible()
    assert states.evaluate("navigator.clipboard.readText()").startswith("https://meet.meridian.example/join/")
    states.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
    states.get_by_role("button", name="Copied").click()
    expect(states.get_by_role("button", name="Press Ctrl+C to copy")).to_be_visible()
    assert states.evaluate("String(getSelection())").startswith("https://meet.meridian.example/join/")


def test_second_press_sends_nothing(states: Page) -> None:
    sent: list[str] = []

    def no_content(route: Route) -> None:
        sent.append(route.request.method)
        route.fulfill(status=204)  # the page stays, as it does while an answer is awaited

    states.route("**/states/", no_content)
    states.get_by_label("Accept").check()
    button = states.get_by_role("button", name="Send answer")
    button.click()
    expect(button).to_have_attribute("aria-busy", "true")
    button.click()
    assert sent == ["POST"]


def test_without_scripts_nothing_promises_what_it_cannot_keep(
    browser: Browser, states: Page, live_server: LiveServer
) -> None:
    context = browser.new_context(java_script_enabled=False, storage_state=states.context.storage_state())
    bare = context.new_page()
    bare.goto(f"{live_server.url}/states/")
    expect(bare.get_by_role("button", name="Find")).to_be_visible()
    for gone in ("[data-copy]", "[data-summary]", ".ledger .value", "[data-local-time]"):
        expect(bare.locator(gone).first).to_be_hidden()
    bare.locator(".ledger summary").first.click()
    expect(bare.locator(".ledger").get_by_label("Password")).to_be_visible()
    bare.locator("[data-schedule]").get_by_label("Other").check()
    expect(bare.get_by_label("Minutes")).to_be_visible()
    context.close()
