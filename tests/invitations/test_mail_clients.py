"""Links that open a filled compose window: decoded they say what the preview shows, and they are never too long."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invitations import mail_clients
from invitations.mail_clients import CLIENTS, Compose, Draft, Form, compose, cut
from tests.invitations.events import HOSTILE, LINK

WHEN = "Thursday 3 December 2026, 14:00–14:45 (Berlin, UTC+1)"
DRAFT = Draft(
    topic="Autumn budget review",
    when=(WHEN,),
    link=LINK,
    agenda="Figures of Q3 & plans\n100% + more",
    number="123-456-789",
    password="harbour42",
    organizer="Ines Halvorsen",
)
BODY = f"""\
Ines Halvorsen invites you to a conference

Autumn budget review
{WHEN}

Figures of Q3 & plans
100% + more

Join:
{LINK}

Conference ID: 123-456-789
Password: harbour42"""
DRAFTS = st.builds(
    Draft,
    topic=HOSTILE,
    when=st.just((WHEN, "22:00 (Токио, UTC+9)")),
    link=st.just(LINK),
    agenda=st.one_of(HOSTILE, HOSTILE.map(lambda text: text * 50)),
    number=st.sampled_from(["", "123-456-789"]),
    password=st.sampled_from(["", "harbour42", "пароль & +1"]),
    organizer=HOSTILE,
)
CHARACTERS_OF_A_LINK = re.compile(r"[A-Za-z0-9_.~:/?#&=%-]+")


def opened(slug: str, url: str) -> tuple[str, str]:
    """Subject and body as they stand in the compose window; fails on any other key or on one that stands twice."""
    assert CHARACTERS_OF_A_LINK.fullmatch(url)
    if slug in {"mail-ru", "yandex", "proton"}:
        _page, _mark, url = url.partition("mailto=")
        assert CHARACTERS_OF_A_LINK.fullmatch(unquote(url))
        url = unquote(url)
    pairs = [pair.split("=") for pair in re.split("[?]", url, maxsplit=1)[1].split("&")]
    values = {key: unquote(value) for key, value in pairs if (key, value) not in {("view", "cm"), ("fs", "1")}}
    subject = "su" if slug == "gmail" else "subject"
    assert [key for key, _value in pairs if key in values] == [subject, "body"]
    return values[subject], values["body"]


# THE DROP-DOWN


def test_clients_stand_in_the_order_of_the_drop_down() -> None:
    assert [str(client.label) for client in CLIENTS.values()] == [
        "MS Outlook",
        "Outlook on the web (Microsoft 365)",
        "Outlook.com",
        "Gmail",
        "Yahoo Mail",
        "Apple Mail",
        "Thunderbird",
        "Mail.ru",
        "Yandex Mail",
        "Proton Mail",
        "Default mail client of this device",
    ]


@pytest.mark.parametrize(
    ("slug", "beginning", "longest"),
    [
        ("outlook", "mailto:?subject=", 1800),
        ("outlook-web", "https://outlook.office.com/mail/deeplink/compose?subject=", 2000),
        ("outlook-com", "https://outlook.live.com/mail/0/deeplink/compose?subject=", 2000),
        ("gmail", "https://mail.google.com/mail/?view=cm&fs=1&su=", 8000),
        ("yahoo", "https://compose.mail.yahoo.com/?subject=", 4000),
        ("apple-mail", "mailto:?subject=", 1800),
        ("thunderbird", "mailto:?subject=", 1800),
        ("mail-ru", "https://e.mail.ru/compose/?mailto=mailto%3A%3Fsubject%3D", 4000),
        ("yandex", "https://mail.yandex.ru/compose?mailto=mailto%3A%3Fsubject%3D", 4000),
        ("proton", "https://mail.proton.me/inbox#mailto=mailto%3A%3Fsubject%3D", 4000),
        ("default", "mailto:?subject=", 1800),
    ],
)
def test_each_client_opens_with_subject_and_whole_text(slug: str, beginning: str, longest: int) -> None:
    window = compose(slug, DRAFT)

    assert window == Compose(CLIENTS[slug], window.url, BODY)
    assert (window.is_shortened, window.shortening) == (False, "")
    assert window.url is not None
    assert window.url.startswith(beginning)
    assert CLIENTS[slug].limit == longest
    assert CLIENTS[slug].is_web is beginning.startswith("https:")
    assert opened(slug, window.url) == ("Invitation: Autumn budget review", BODY.replace("\n", "\r\n"))


def test_an_unknown_client_is_an_error() -> None:
    with pytest.raises(KeyError):
        compose("pegasus", DRAFT)


# WHATEVER PEOPLE TYPE


@given(st.sampled_from(list(CLIENTS)), DRAFTS)
def test_the_window_holds_what_the_preview_shows_within_the_limit(slug: str, draft: Draft) -> None:
    window = compose(slug, draft)

    assert window.url is not None
    assert len(window.url) <= CLIENTS[slug].limit
    subject, body = opened(slug, window.url)
    assert body == window.body.replace("\n", "\r\n")
    assert subject.startswith("Invitation:")
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", subject)
    assert {LINK, *draft.when} <= set(window.body.split("\n"))
    assert not draft.password or f"Password: {draft.password}" in window.body.split("\n")


@given(DRAFTS)
def test_calendar_links_keep_their_limits(draft: Draft) -> None:
    start, end = datetime(2026, 12, 3, 13, tzinfo=UTC), datetime(2026, 12, 3, 13, 45, tzinfo=UTC)
    google = mail_clients.google_calendar_url(draft, start, end, "Europe/Berlin")
    outlook = mail_clients.outlook_calendar_url(draft, start, end)

    for url, limit in ((google, 8000), (outlook, 2000)):
        assert url is not None
        assert len(url) <= limit
        assert CHARACTERS_OF_A_LINK.fullmatch(url)
        assert f"location={mail_clients._encode(LINK)}&" in url


# TO SOMEBODY, ABOUT SOMETHING ELSE


@pytest.mark.parametrize("slug", CLIENTS)
def test_the_window_may_hold_one_address(slug: str) -> None:
    url = compose(slug, DRAFT, "a+b&c@example.org").url
    assert url is not None
    if slug in {"mail-ru", "yandex", "proton"}:
        url = unquote(url.partition("mailto=")[2])
    web = CLIENTS[slug].is_web and not url.startswith("mailto:")
    assert ("to=a%2Bb%26c%40example.org&" if web else "mailto:a%2Bb%26c@example.org?") in url
    assert (url.replace("to=a%2Bb%26c%40example.org&", "") if web else url).count("example.org%2Fjoin") == 1


def test_an_update_says_what_changed_and_a_cancellation_leads_nowhere() -> None:
    update = compose("outlook", replace(DRAFT, occasion="update", news=("Time: 15:00 (was 14:00)",)))
    assert update.url is not None
    assert opened("outlook", update.url)[0] == "Updated: Autumn budget review"
    assert update.body.startswith("Ines Halvorsen has changed a conference\n\nAutumn budget review\n")
    assert "\n\nWhat changed:\nTime: 15:00 (was 14:00)\n\n" in update.body

    off = replace(DRAFT, occasion="cancellation", link="", agenda="", number="", password="", topic="Ё" * 200)
    cancellation = compose("outlook", replace(off, message="Sorry! " * 300))
    assert cancellation.form is Form.SHORT
    assert cancellation.body == f"Ines Halvorsen has cancelled a conference\n\n{'Ё' * 59}…\n{WHEN}"


def test_the_length_is_said_in_peoples_words() -> None:
    window = compose("outlook", replace(DRAFT, agenda="x" * 800))
    assert window.url is not None
    assert window.length == f"1,{len(window.url) - 1000:03} of 1,800 characters"


# SHORTER BY RULE


def test_first_the_agenda_goes() -> None:
    window = compose("outlook", replace(DRAFT, agenda="x" * 2000))

    assert window.form is Form.NO_AGENDA
    assert window.shortening == "Shortened for MS Outlook: without the agenda."
    assert window.body == BODY.replace("Figures of Q3 & plans\n100% + more\n\n", "")


def test_then_all_but_title_time_link_and_password() -> None:
    window = compose("outlook", replace(DRAFT, topic="Ё" * 200, agenda="x"))

    assert window.form is Form.SHORT
    assert window.shortening == "Shortened for MS Outlook: only title, time and way in."
    assert window.body == f"{'Ё' * 59}…\n{WHEN}\n\nJoin:\n{LINK}\n\nPassword: harbour42"


def test_then_the_title_is_cut_further() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    window = compose("outlook", replace(DRAFT, topic=family * 40, when=(WHEN, "Токио " * 15)))

    assert window.url is not None
    title = window.body.split("\n")[0]
    assert title == family * (len(title) // len(family)) + "…"
    assert 1 < len(title) < 60
    assert 1800 - len(mail_clients._encode(family)) * 2 < len(window.url) <= 1800


def test_nothing_opens_where_not_even_the_shortest_fits() -> None:
    endless = replace(DRAFT, link=f"https://example.org/{'a' * 2000}")

    assert compose("outlook", endless) == Compose(CLIENTS["outlook"], None, mail_clients.whole_text(endless))
    assert compose("outlook", endless).length == ""
    assert compose("gmail", endless).url is not None


def test_a_longer_budget_keeps_the_agenda() -> None:
    draft = replace(DRAFT, agenda="Ж" * 500)

    assert compose("outlook", draft).is_shortened
    assert compose("gmail", draft).body == mail_clients.whole_text(draft)


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [
        ("short", 5, "short"),
        ("longer", 5, "long…"),
        ("two words", 5, "two…"),
        ("cafe\u0301s and more", 5, "caf…"),  # an accent of its own
        ("ok 👍🏽 yes", 5, "ok…"),  # a colour of skin
        ("a\U0001f468\u200d\U0001f469 family", 4, "a…"),  # joined people
        ("❤️ hearts", 2, "…"),  # a variation
        ("\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7 flags", 4, "\U0001f1e9\U0001f1ea…"),  # two letters make a flag
        ("\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7 flags", 3, "\U0001f1e9\U0001f1ea…"),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", 5, "\u1112\u1161\u11ab…"),  # Korean syllables in parts
        ("x", 1, "x"),
        ("xy", 1, "…"),
    ],
)
def test_cut_keeps_whole_what_a_reader_sees_as_one(text: str, length: int, expected: str) -> None:
    assert cut(text, length) == expected


# WORDS


def test_what_is_not_given_is_not_said() -> None:
    bare = Draft(topic="Talk", when=(WHEN,), link=LINK)

    assert mail_clients.whole_text(bare) == f"Talk\n{WHEN}\n\nJoin:\n{LINK}"
    assert mail_clients.details(bare) == f"Join:\n{LINK}"


def test_a_line_break_in_a_title_begins_no_header() -> None:
    window = compose("default", replace(DRAFT, topic="Talk\r\nBcc: eve@example.org"))

    assert window.url is not None
    assert opened("default", window.url)[0] == "Invitation: Talk Bcc: eve@example.org"


# CALENDARS


def test_google_gets_instants_and_the_zone() -> None:
    url = mail_clients.google_calendar_url(
        replace(DRAFT, agenda=""),
        datetime(2026, 12, 3, 13, tzinfo=UTC),
        datetime(2026, 12, 3, 13, 45, tzinfo=UTC),
        "Europe/Berlin",
    )

    assert url == (
        "https://calendar.google.com/calendar/render?action=TEMPLATE&text=Autumn%20budget%20review"
        "&dates=20261203T130000Z%2F20261203T134500Z&ctz=Europe%2FBerlin"
        "&location=https%3A%2F%2Fcabinet.example.org%2Fjoin%2Fk7wq2mzr5tdvh3xn6jb4ycfgae%2F"
        "&details=Join%3A%0Ahttps%3A%2F%2Fcabinet.example.org%2Fjoin%2Fk7wq2mzr5tdvh3xn6jb4ycfgae%2F"
        "%0A%0AConference%20ID%3A%20123-456-789%0APassword%3A%20harbour42"
    )


@pytest.mark.parametrize("host", ["outlook.live.com", "outlook.office.com"])
def test_outlook_gets_instants_and_harmless_html(host: str) -> None:
    start, end = datetime(2026, 12, 3, 13, tzinfo=UTC), datetime(2026, 12, 3, 13, 45, tzinfo=UTC)
    url = mail_clients.outlook_calendar_url(replace(DRAFT, agenda="1 < 2\n<b>"), start, end, host=host)

    assert url is not None
    assert url.startswith(
        f"https://{host}/calendar/0/deeplink/compose?path=%2Fcalendar%2Faction%2Fcompose&rru=addevent"
        "&subject=Autumn%20budget%20review&startdt=2026-12-03T13%3A00%3A00Z&enddt=2026-12-03T13%3A45%3A00Z&location="
    )
    assert unquote(url.partition("&body=")[2]).startswith(f"1 &lt; 2<br>&lt;b&gt;<br><br>Join:<br>{LINK}<br><br>")
