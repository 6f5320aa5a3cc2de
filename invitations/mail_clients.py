"""The mail-client drop-down: how each client's compose window is opened and filled, and never overfilled. Pure.

A client is a row of data: where its compose window is and how long the link to it may be. The same rules fill the
"add to calendar" pages of Google and Outlook, which are opened by a link too.
"""

import html
import unicodedata
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import Enum
from urllib.parse import quote

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cabinet.text import clean_text, one_line

# When the rows below were last compared with what the providers answer to. They document none of it.
TABLE_DATE = date(2026, 11, 22)

# RFC 6068. Some programs cut a link at 2,046 characters, some handlers at about 2,000: stay clear of both.
_MAILTO = "mailto:{mailbox}?subject={subject}&body={body}"
_MAILTO_LIMIT = 1800
_TITLE_LIMIT = 60
_ZWJ = "\u200d"
# Two of these make a flag.
_FLAG_HALVES = "".join(map(chr, range(0x1F1E6, 0x1F200)))

# What a message is for -> how its subject begins, and its text.
_OCCASIONS = {
    "invitation": (_("Invitation: %(topic)s"), _("%(name)s invites you to a conference")),
    "update": (_("Updated: %(topic)s"), _("%(name)s has changed a conference")),
    "cancellation": (_("Cancelled: %(topic)s"), _("%(name)s has cancelled a conference")),
}


@dataclass(frozen=True, slots=True)
class MailClient:
    """One line of the drop-down. `template` holds {to} (a field of its own, or nothing), {subject} and {body}, or
    {mailto}: a whole link encoded once more.

    `limit` is the length in characters up to which the link arrives whole.
    """

    slug: str
    label: str | Promise
    template: str
    limit: int

    @property
    def is_web(self) -> bool:
        """Whether it opens a page in a new tab instead of a program."""
        return self.template.startswith("https:")


CLIENTS: dict[str, MailClient] = {
    client.slug: client
    for client in (
        MailClient("outlook", "MS Outlook", _MAILTO, _MAILTO_LIMIT),
        MailClient(
            "outlook-web",
            _("Outlook on the web (Microsoft 365)"),
            "https://outlook.office.com/mail/deeplink/compose?{to}subject={subject}&body={body}",
            2000,
        ),
        MailClient(
            "outlook-com",
            "Outlook.com",
            "https://outlook.live.com/mail/0/deeplink/compose?{to}subject={subject}&body={body}",
            2000,
        ),
        MailClient("gmail", "Gmail", "https://mail.google.com/mail/?view=cm&fs=1&{to}su={subject}&body={body}", 8000),
        MailClient("yahoo", "Yahoo Mail", "https://compose.mail.yahoo.com/?{to}subject={subject}&body={body}", 4000),
        MailClient("apple-mail", "Apple Mail", _MAILTO, _MAILTO_LIMIT),
        MailClient("thunderbird", "Thunderbird", _MAILTO, _MAILTO_LIMIT),
        MailClient("mail-ru", "Mail.ru", "https://e.mail.ru/compose/?mailto={mailto}", 4000),
        MailClient("yandex", _("Yandex Mail"), "https://mail.yandex.ru/compose?mailto={mailto}", 4000),
        MailClient("proton", "Proton Mail", "https://mail.proton.me/inbox#mailto={mailto}", 4000),
        MailClient("default", _("Default mail client of this device"), _MAILTO, _MAILTO_LIMIT),
    )
}


@dataclass(frozen=True, slots=True)
class Draft:
    """What an invitation says, every value translated and formatted already.

    `when` holds lines such as "Thursday 3 December 2026, 14:00–14:45 (Berlin, UTC+1)"; `link` is the direct link or
    somebody's personal one, and empty where nothing is left to join. `occasion` is one of invitation, update and
    cancellation, `news` are the lines that say what changed, and `message` is what the organizer says about it.
    """

    topic: str
    when: tuple[str, ...]
    link: str
    agenda: str = ""
    number: str = ""
    password: str = ""
    dial_in: str = ""
    organizer: str = ""
    occasion: str = "invitation"
    news: tuple[str, ...] = ()
    message: str = ""


class Form(Enum):
    """How much of a draft a link holds."""

    WHOLE = "whole"
    NO_AGENDA = "no-agenda"
    SHORT = "short"


@dataclass(frozen=True, slots=True)
class Compose:
    """A filled compose window: its `body` as the preview shows it, and the `url` that opens it with just that text.

    `form` says what had to be left out for this client. `url` is None when not even the shortest form fits: then the
    text is there to copy.
    """

    client: MailClient
    url: str | None
    body: str
    form: Form = Form.WHOLE

    @property
    def is_shortened(self) -> bool:
        """Whether the whole text was too long for this client."""
        return self.form is not Form.WHOLE

    @property
    def length(self) -> str:
        """1,240 of 1,800 characters: how long the link is, and may be."""
        if self.url is None:
            return ""
        return gettext("%(length)s of %(limit)s characters") % {
            "length": number_format(len(self.url), force_grouping=True),
            "limit": number_format(self.client.limit, force_grouping=True),
        }

    @property
    def shortening(self) -> str:
        """What was left out, and for whom; empty where nothing was."""
        words = {
            Form.NO_AGENDA: _("Shortened for %(client)s: without the agenda."),
            Form.SHORT: _("Shortened for %(client)s: only title, time and way in."),
        }
        return str(words[self.form]) % {"client": self.client.label} if self.is_shortened else ""


def offered(hidden: Container[str]) -> dict[str, MailClient]:
    """The drop-down without the `hidden` rows: a provider may change its page at any time."""
    return {slug: client for slug, client in CLIENTS.items() if slug not in hidden}


def compose(slug: str, draft: Draft, to: str = "") -> Compose:
    """The compose window of the client `slug`, to nobody yet or to one address, in ASCII.

    One, because Outlook takes no comma between several. Raises KeyError for a client that is not in CLIENTS.
    """
    client = CLIENTS[slug]
    url, body, form = _fit(draft, whole_text, client.limit, lambda form, body: _compose_url(client, form, body, to))
    return Compose(client, url, body, form)


def google_calendar_url(draft: Draft, start: datetime, end: datetime, zone: str) -> str | None:
    """Google Calendar's page for a new event, filled; `start` and `end` aware, `zone` an IANA name."""
    dates = "/".join(f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}" for at in (start, end))

    def url(form: Draft, body: str) -> str:
        topic = one_line(form.topic)
        return (
            f"https://calendar.google.com/calendar/render?action=TEMPLATE&text={_encode(topic)}&dates={_encode(dates)}"
            f"&ctz={_encode(zone)}&location={_encode(draft.link)}&details={_encode(body)}"
        )

    return _fit(draft, details, 8000, url)[0]


def outlook_calendar_url(draft: Draft, start: datetime, end: datetime, *, host: str = "outlook.live.com") -> str | None:
    """Outlook's page for a new event, filled; `host` is outlook.office.com for Microsoft 365."""
    times = "&".join(
        f"{key}={_encode(f'{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}')}"
        for key, at in (("startdt", start), ("enddt", end))
    )

    def url(form: Draft, body: str) -> str:
        # This page reads its body as HTML, unlike the one for a new message.
        text = html.escape(body, quote=False).replace("\n", "<br>")
        return (
            f"https://{host}/calendar/0/deeplink/compose?path=%2Fcalendar%2Faction%2Fcompose&rru=addevent"
            f"&subject={_encode(one_line(form.topic))}&{times}&location={_encode(draft.link)}&body={_encode(text)}"
        )

    return _fit(draft, details, 2000, url)[0]


def whole_text(draft: Draft) -> str:
    """The message: who invites, what, when, what changed, and the `details`."""
    opening = str(_OCCASIONS[draft.occasion][1]) % {"name": one_line(draft.organizer)}
    facts = [one_line(draft.topic), *map(one_line, draft.when)]
    news = [gettext("What changed:"), *draft.news] if draft.news else []
    parts = [opening if draft.organizer else "", "\n".join(facts), "\n".join(news), draft.message, details(draft)]
    return "\n\n".join(filter(None, parts))


def details(draft: Draft) -> str:
    """What a calendar entry does not say by itself: agenda, the link alone on its line, conference ID and password."""
    access = [
        gettext("Conference ID: %(number)s") % {"number": one_line(draft.number)} if draft.number else "",
        gettext("Password: %(password)s") % {"password": one_line(draft.password)} if draft.password else "",
    ]
    if draft.dial_in:
        access.append(gettext("By telephone: %(number)s") % {"number": one_line(draft.dial_in)})
    way_in = "\n".join([gettext("Join:"), draft.link]) if draft.link else ""
    return "\n\n".join(filter(None, [clean_text(draft.agenda), way_in, "\n".join(filter(None, access))]))


def _fit(
    draft: Draft, write: Callable[[Draft], str], limit: int, make_url: Callable[[Draft, str], str]
) -> tuple[str | None, str, Form]:
    """The longest form of `draft` whose link keeps the limit; link, time and password are in every one of them."""
    for form, shorter in _forms(draft):
        body = write(shorter)
        url = make_url(shorter, body)
        if len(url) <= limit:
            return url, body, form
    return None, write(draft), Form.WHOLE


def _forms(draft: Draft) -> Iterator[tuple[Form, Draft]]:
    """The whole, then without agenda, then the bare facts under an ever shorter title."""
    yield Form.WHOLE, draft
    yield Form.NO_AGENDA, replace(draft, agenda="")
    opener = "" if draft.occasion == "invitation" else draft.organizer  # that it is off has to be said
    bare = replace(draft, agenda="", number="", dial_in="", organizer=opener, news=(), message="")
    for length in range(_TITLE_LIMIT, 0, -1):
        yield Form.SHORT, replace(bare, topic=cut(one_line(draft.topic), length))


def _compose_url(client: MailClient, draft: Draft, body: str, to: str) -> str:
    subject = str(_OCCASIONS[draft.occasion][0]) % {"topic": one_line(draft.topic)}
    parts = {"subject": _encode(subject), "body": _encode(body.replace("\n", "\r\n")), "mailbox": quote(to, safe="@")}
    field = f"to={_encode(to)}&" if to else ""
    return client.template.format(**parts, to=field, mailto=_encode(_MAILTO.format(**parts)))


def _encode(text: str) -> str:
    """All but the unreserved characters as %XX: a "+" for a space would be read as a plus (RFC 6068 section 5)."""
    return quote(text, safe="")


def cut(text: str, length: int) -> str:
    """`text` in at most `length` characters, with "…" where it was cut, never inside what a reader sees as one."""
    if len(text) <= length:
        return text
    end = length - 1
    while end > 0 and _is_inside_cluster(text, end):
        end -= 1
    return text[:end].rstrip() + "…"


def _is_inside_cluster(text: str, at: int) -> bool:
    """Whether the characters around `at` belong together (UAX 29: marks, joined and coloured emoji, flags, jamo)."""
    before, after = text[at - 1], text[at]
    if after in _FLAG_HALVES:
        return (at - len(text[:at].rstrip(_FLAG_HALVES))) % 2 == 1
    extends = unicodedata.category(after).startswith("M") or "\U0001f3fb" <= after <= "\U0001f3ff"
    return extends or _ZWJ in (before, after) or "\u1160" <= after <= "\u11ff" or "\U000e0020" <= after <= "\U000e007f"
