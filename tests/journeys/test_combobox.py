"""The address book field by keyboard, mouse and paste, on the page of a conference."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from cabinet.models import User
from tests.factories import make_conference, make_contact

pytestmark = [pytest.mark.browser]

PEOPLE = [
    ("Mateo Fernández", "mateo@partner.example"),
    ("Marta Lindholm", "marta.lindholm@meridian.example"),
    ("Mehmet Yılmaz", "m.yilmaz@meridian.example"),
    ("田中 美咲", "m.tanaka@meridian.example"),
    ("محمد الفارسي", "m.alfarsi@gulfdata.example"),
    ("<b>Mallory</b>", "mallory@example.org"),
]


@pytest.fixture
def conference(alices_page: Page, live_server: LiveServer, alice: User) -> Page:
    """The page of a conference of Alice's, who has PEOPLE in her contacts."""
    for name, address in PEOPLE:
        make_contact(alice, name, address)
    conference = make_conference(alice)
    alices_page.goto(live_server.url + conference.get_absolute_url(), wait_until="networkidle")
    return alices_page


@pytest.fixture
def box(conference: Page) -> Locator:
    found = conference.get_by_role("combobox", name="Name, list or e-mail address")
    expect(found).to_have_attribute("aria-expanded", "false")
    return found


@pytest.fixture
def options(conference: Page) -> Locator:
    return conference.get_by_role("listbox", name="Suggestions").get_by_role("option")


@pytest.fixture
def chips(conference: Page) -> Locator:
    return conference.locator(".chips .chip")


@pytest.fixture
def marked(conference: Page) -> Callable[[], str]:
    """The name in the option that aria-activedescendant points at, "" for none."""
    return lambda: conference.evaluate("""() => {
        const box = document.querySelector('[role=combobox]');
        const option = document.getElementById(box.getAttribute('aria-activedescendant'));
        return option?.getAttribute('aria-selected') === 'true' ? option.dataset.name : '';
    }""")


@pytest.fixture
def said(conference: Page) -> Locator:
    """The polite live region."""
    return conference.locator("p.vh[role=status]")


def type_ma(box: Locator, options: Locator) -> None:
    box.fill("ma")
    expect(options.first).to_be_visible()


def names(options: Locator) -> list[str]:
    return [name or "" for name in options.evaluate_all("all => all.map((option) => option.dataset.name)")]


def paste(box: Locator, text: str) -> None:
    box.evaluate(
        """(input, text) => {
            const data = new DataTransfer();
            data.setData("text", text);
            const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
            if (input.dispatchEvent(event)) input.setRangeText(text, 0, input.value.length, "end");
        }""",
        text,
    )


# TYPING


def test_suggestions_come_after_one_letter(box: Locator, options: Locator, said: Locator) -> None:
    box.press_sequentially("m")
    expect(options.first).to_be_visible()
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(box).not_to_have_attribute("aria-activedescendant", re.compile("."))
    expect(said).to_have_text(re.compile(r"^\d suggestions\. Use the arrow keys\.$"))


def test_whoever_is_chosen_is_suggested_no_more(box: Locator, options: Locator, chips: Locator) -> None:
    type_ma(box, options)
    before = names(options)
    options.first.click()
    expect(chips).to_have_count(1)
    type_ma(box, options)
    assert names(options) == before[1:]


def test_older_answers_are_dropped(conference: Page, box: Locator, options: Locator) -> None:
    waiting: list[Route] = []

    def delay_the_first(route: Route) -> None:
        if waiting:
            route.continue_()
        else:
            waiting.append(route)

    conference.route("**/contacts/?*", delay_the_first)
    box.fill("mate")
    conference.wait_for_timeout(400)
    box.fill("mehmet")
    expect(options).to_have_count(1)
    assert len(waiting) == 1
    assert names(options) == ["Mehmet Yılmaz"]


def test_nobody_found_says_what_to_do(conference: Page, box: Locator, said: Locator) -> None:
    box.fill("zzz")
    words = "No one matches “zzz”. Type a whole e-mail address to invite someone new."
    expect(conference.locator(".listbox .note")).to_have_text(words)
    expect(said).to_have_text(words)
    expect(box).to_have_attribute("aria-expanded", "false")


def test_silent_address_book_leaves_a_way(conference: Page, box: Locator, chips: Locator) -> None:
    to_sign_in = {"location": "/accounts/login/"}
    conference.route("**/contacts/?*", lambda route: route.fulfill(status=302, headers=to_sign_in))
    box.fill("ma")
    expect(conference.locator(".listbox .note")).to_contain_text("The address book does not answer.")
    box.fill("new@example.org")
    box.press("Enter")
    expect(chips.locator("bdi")).to_have_text("new@example.org")


# KEYS


def test_down_and_up_mark_and_wrap(box: Locator, options: Locator, marked: Callable[[], str]) -> None:
    type_ma(box, options)
    order = names(options)
    for expected in [*order, order[0]]:
        box.press("ArrowDown")
        assert marked() == expected
    for expected in [*reversed(order), order[-1]]:
        box.press("ArrowUp")
        assert marked() == expected
    expect(box).to_be_focused()


def test_down_opens_a_closed_list_and_alt_up_closes_it(box: Locator, options: Locator) -> None:
    type_ma(box, options)
    box.press("Alt+ArrowUp")
    expect(options.first).to_be_hidden()
    expect(box).to_have_attribute("aria-expanded", "false")
    box.press("ArrowDown")
    expect(options.first).to_be_visible()


def test_enter_adds_the_marked_option(
    conference: Page, box: Locator, options: Locator, chips: Locator, marked: Callable[[], str], said: Locator
) -> None:
    type_ma(box, options)
    box.press("ArrowDown")
    name = marked()
    box.press("Enter")
    expect(chips.locator("bdi")).to_have_text(name)
    assert chips.locator("input[name=to]").input_value() == dict(PEOPLE)[name]
    expect(chips.get_by_role("button")).to_have_accessible_name(f"Remove {name}")
    expect(box).to_have_value("")
    expect(box).to_be_focused()
    expect(options.first).to_be_hidden()
    expect(said).to_have_text(f"{name} added. 1 chosen.")
    expect(conference.locator("[data-invite-note]")).to_have_text("1 person will get an e-mail.")


def test_enter_adds_a_whole_address_and_never_submits(
    conference: Page, box: Locator, chips: Locator, said: Locator
) -> None:
    address = conference.url
    box.fill("someone")
    expect(said).to_have_text(re.compile("^No one matches"))
    box.press("Enter")
    expect(said).to_have_text("Choose a person from the list, or type a whole e-mail address.")
    box.fill("someone@example.org")
    box.press("Enter")
    expect(chips.locator("bdi")).to_have_text("someone@example.org")
    box.press("Enter")
    assert conference.url == address


def test_escape_closes_the_list_then_clears_the_text(box: Locator, options: Locator) -> None:
    type_ma(box, options)
    box.press("Escape")
    expect(options.first).to_be_hidden()
    expect(box).to_have_value("ma")
    box.press("Escape")
    expect(box).to_have_value("")


@pytest.mark.parametrize("key", [",", ";"])
def test_comma_and_semicolon_add_a_typed_address(box: Locator, chips: Locator, key: str) -> None:
    box.press_sequentially(f"one@example.org{key}")
    expect(chips.locator("bdi")).to_have_text("one@example.org")
    expect(box).to_have_value("")
    box.press_sequentially(f"two{key}")
    expect(box).to_have_value(f"two{key}")


def test_backspace_in_the_empty_box_goes_to_the_last_chip_and_removes_nothing(
    box: Locator, chips: Locator, said: Locator
) -> None:
    paste(box, "one@example.org, two@example.org")
    expect(chips).to_have_count(2)
    box.press("Backspace")
    last = chips.last.get_by_role("button")
    expect(last).to_be_focused()
    expect(chips).to_have_count(2)
    last.press("Enter")
    expect(chips.locator("bdi")).to_have_text("one@example.org")
    expect(chips.first.get_by_role("button")).to_be_focused()
    expect(said).to_have_text("two@example.org removed. 1 chosen.")
    chips.first.get_by_role("button").press("Enter")
    expect(chips).to_have_count(0)
    expect(box).to_be_focused()


def test_tab_closes_the_list_and_moves_on(conference: Page, box: Locator, options: Locator, chips: Locator) -> None:
    type_ma(box, options)
    box.press("ArrowDown")
    box.press("Tab")
    expect(options.first).to_be_hidden()
    expect(box).not_to_be_focused()
    expect(chips).to_have_count(0)


# PASTE


def test_pasted_addresses_become_chips_and_the_rest_stays(box: Locator, chips: Locator) -> None:
    paste(box, 'One <one@example.org>; "Two, Dr" <two@example.org>,\nthree@example.org, four@@example')
    expect(chips.locator("bdi")).to_have_text(["One", "Two, Dr", "three@example.org"])
    expect(box).to_have_value("four@@example")


def test_pasted_names_arrive_with_the_invitation(box: Locator, chips: Locator, conference: Page) -> None:
    paste(box, '"Two, Dr" <two@example.org>, two@example.org, Three <three@example.org>')
    expect(chips).to_have_count(2)
    conference.get_by_role("button", name="Invite", exact=True).click()
    expect(conference.get_by_role("row", name="Two, Dr two@example.org")).to_be_visible()
    expect(conference.get_by_role("row", name="Three three@example.org")).to_be_visible()


def test_pasted_name_stays_text(box: Locator, chips: Locator) -> None:
    paste(box, "Marta Lindholm")
    expect(box).to_have_value("Marta Lindholm")
    expect(chips).to_have_count(0)


def test_each_chip_has_a_role_that_is_sent_with_it(box: Locator, chips: Locator, conference: Page) -> None:
    for address in ("one@example.org", "two@example.org"):
        box.fill(address)
        box.press("Enter")
    chips.last.get_by_label("Role of two@example.org").select_option("Moderator")
    conference.get_by_role("button", name="Invite", exact=True).click()
    expect(conference.locator("tbody .person")).to_have_text(["Oone@example.org", "Ttwo@example.orgModerator"])


def test_same_address_is_chosen_once(box: Locator, chips: Locator) -> None:
    paste(box, "one@example.org, one@example.org")
    expect(chips).to_have_count(1)


def test_many_chips_scroll_and_can_be_removed_at_once(conference: Page, box: Locator, chips: Locator) -> None:
    remove_all = conference.get_by_role("button", name="Remove all")
    expect(remove_all).to_be_hidden()
    paste(box, ", ".join(f"person{number}@example.org" for number in range(40)))
    expect(chips).to_have_count(40)
    expect(conference.locator(".chips")).to_have_class("chips many")
    expect(conference.get_by_text("40 chosen", exact=True)).to_be_visible()
    expect(conference.locator("[data-invite-note]")).to_have_text("40 people will get an e-mail.")
    remove_all.click()
    expect(chips).to_have_count(0)
    expect(box).to_be_focused()


# NAMES


def test_names_from_anywhere_stay_text(conference: Page, box: Locator, options: Locator, chips: Locator) -> None:
    box.fill("mallory")
    expect(options.first).to_contain_text("<b>Mallory</b>")
    options.first.click()
    expect(chips.locator("bdi")).to_have_text("<b>Mallory</b>")
    assert conference.locator(".chips b, .options b").count() == 0


# WITHOUT SCRIPT


def test_without_scripts_found_people_are_tick_boxes(
    browser: Browser, conference: Page, live_server: LiveServer
) -> None:
    context = browser.new_context(java_script_enabled=False, storage_state=conference.context.storage_state())
    bare = context.new_page()
    bare.goto(conference.url)
    bare.get_by_label("Name, list or e-mail address").fill("ma")
    bare.get_by_role("button", name="Find").click()
    bare.get_by_label("Marta Lindholm").check()
    bare.get_by_label("Mateo Fernández").check()
    bare.get_by_role("button", name="Add chosen").click()
    chips = bare.locator(".chips .chip")
    expect(chips).to_have_count(2)
    bare.get_by_role("button", name="Remove Mateo Fernández").click()
    expect(chips.locator("bdi")).to_have_text("Marta Lindholm")
    expect(bare.get_by_text("1 person will get an e-mail.")).to_be_visible()
    context.close()


def test_what_to_know_before_inviting_follows_the_chips(conference: Page, box: Locator, chips: Locator) -> None:
    """Said at once where somebody is chosen, and gone with them."""
    sentence = conference.get_by_text("Alice Adams organizes this conference")
    expect(sentence).to_have_count(0)
    box.fill("alice@example.org")
    box.press("Enter")
    expect(sentence).to_be_visible()
    chips.get_by_role("button").click()
    expect(sentence).to_have_count(0)
