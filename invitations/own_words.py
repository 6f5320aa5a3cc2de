"""The site's own words in letters: an administrator's, plain text with placeholders from a fixed list.

Nothing of it is ever compiled: a placeholder is found by its name and replaced, once, and everything else stands in the
letter as it was typed (safety.md T12).
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from invitations.contents import Content
from invitations.models import Delivery
from invitations.wordings import Wording
from invitations.words import isolate

# What may stand in braces, and what comes there. The second three need a date.
PLACEHOLDERS = {
    "organizer": gettext_lazy("who invites"),
    "topic": gettext_lazy("what it is about"),
    "site": gettext_lazy("the name of this site"),
    "day": gettext_lazy("Thursday 3 December 2026"),
    "time": gettext_lazy("14:00–14:45"),
    "zone": gettext_lazy("Berlin, UTC+1"),
}
# First sentences that are always the same may be said in other words; those of other letters say what has happened.
OTHER_LEAD = (Delivery.Kind.INVITATION, Delivery.Kind.QUESTION, Delivery.Kind.MESSAGE)

_PLACEHOLDER = re.compile(f"{{({'|'.join(PLACEHOLDERS)})}}")
_LINK = re.compile(r"://|\bwww\.|\bmailto:", re.IGNORECASE)


def parts(kind: str) -> list[str]:
    """What of a kind of letter may be in the site's words: the first sentence, a paragraph, a last line."""
    return ["lead", "paragraph", "closing"] if kind in OTHER_LEAD else ["paragraph", "closing"]


def check(text: str) -> None:
    """Raise ValidationError for what no letter should hold: links, and braces that are no placeholder."""
    if _LINK.search(text):
        raise ValidationError(_("Leave links out: mail filters distrust letters with links to other places."))
    if re.search("[{}]", _PLACEHOLDER.sub("", text)):
        listed = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValidationError(_("In braces only these are understood: %(listed)s"), params={"listed": listed})


# IN THE DATABASE


def live(kind: str, language: str) -> dict[str, str]:
    """What counts for letters of this kind in this language, by part."""
    return dict(Wording.objects.filter(kind=kind, language=language).values_list("part", "text"))


def use(kind: str, language: str, texts: Mapping[str, str], by: AbstractBaseUser) -> None:
    """Let `texts` count from now on, and our words where they say nothing."""
    said = {part: text for part, text in texts.items() if text}
    rows = [Wording(kind=kind, language=language, part=part, text=text, by_id=by.pk) for part, text in said.items()]
    with transaction.atomic():
        Wording.objects.filter(kind=kind, language=language).exclude(part__in=said).delete()
        Wording.objects.bulk_create(  # two administrators at once: the last one counts
            rows, update_conflicts=True, unique_fields=["kind", "part", "language"], update_fields=["text", "by", "at"]
        )


# IN A LETTER


def put_in(content: Content, kind: str, texts: Mapping[str, str] | None = None) -> Content:
    """`content` in the site's words, where it has some: those that count for the active language, or `texts`.

    A sentence that names a date is left out where the conference has none.
    """
    said = _filled(content, live(kind, get_language() or "") if texts is None else texts)
    return replace(
        content,
        lead=said.get("lead", content.lead),
        paragraph=said.get("paragraph", ""),
        closing=said.get("closing", ""),
    )


def _filled(content: Content, texts: Mapping[str, str]) -> dict[str, str]:
    facts = _facts(content)
    wanted = {part: set(_PLACEHOLDER.findall(text)) for part, text in texts.items()}
    return {part: fill(texts[part], facts) for part, names in wanted.items() if names <= facts.keys() and texts[part]}


def _facts(content: Content) -> dict[str, str]:
    """What comes in the place of each placeholder."""
    conference, when = content.conference, content.when
    facts = {
        "organizer": isolate(str(conference.organizer)),
        "topic": isolate(conference.topic),
        "site": isolate(settings.SITE_NAME),
    }
    return facts | ({"day": when.day, "time": when.clock, "zone": when.place} if when else {})


def fill(text: str, facts: Mapping[str, str]) -> str:
    """`text` with facts in the place of placeholders; what a fact holds is not looked at again."""
    return _PLACEHOLDER.sub(lambda found: facts[found[1]], text)
