"""What every page knows."""

from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

from cabinet.embedded import is_shown

# Scripts write dates like the server does: the day before the month.
LOCALES = {"en": "en-GB"}


def site(request: HttpRequest) -> dict[str, Any]:
    """The name of this installation, the locale in which scripts write dates, and whether letters can be read here."""
    language = get_language() or settings.LANGUAGE_CODE
    return {
        "site_name": settings.SITE_NAME,
        "locale": LOCALES.get(language, language),
        "outbox_shown": partial(is_shown, request),
    }
