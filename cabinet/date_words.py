"""Words of Django's own that our catalogs translate anew; nothing but `make words` reads this module.

Our dates stand within sentences, and there Russian writes weekdays small and May as "мая".
"""

from django.utils.translation import gettext_noop

_WEEKDAYS = [
    gettext_noop("Monday"),
    gettext_noop("Tuesday"),
    gettext_noop("Wednesday"),
    gettext_noop("Thursday"),
    gettext_noop("Friday"),
    gettext_noop("Saturday"),
    gettext_noop("Sunday"),
]
_SHORT_WEEKDAYS = [
    gettext_noop("Mon"),
    gettext_noop("Tue"),
    gettext_noop("Wed"),
    gettext_noop("Thu"),
    gettext_noop("Fri"),
    gettext_noop("Sat"),
    gettext_noop("Sun"),
]
_SHORT_MONTHS = [gettext_noop("may")]
