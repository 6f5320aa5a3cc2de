"""The one entrance to searching people. How it finds may change with the number of people; what it promises not.

A row holds every word of the query in its folded form, in any order, at the start of a word or inside one; or words
that only another transliteration makes different. LIKE on the folded column does it on both databases, without an
index: enough for some ten thousand people.
"""

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Case, F, Q, Value, When

from addressbook.folding import fold, skeleton
from addressbook.models import Contact

LIMIT = 20
_LONGEST_QUERY = 254
_WILDCARDS = frozenset("%_\\")


def search(user: AbstractBaseUser, text: str, limit: int = LIMIT, *, book: str = "") -> list[Contact]:
    """At most `limit` (and never more than 20) contacts that `user` may see and that match `text`, best first.

    Own ones before shared ones; in each the whole query at the start of a word, then every word of it at the start of
    a word, then the rest; then by name. An address comes once: the own contact stands for the shared one. A text
    without a letter or digit matches nobody, but what LIKE takes for wildcards is looked for as it stands. One
    database query.
    """
    words = fold(text[:_LONGEST_QUERY]).split()
    conditions = [*map(_occurs, dict.fromkeys(words)), *map(_stands, sorted(_WILDCARDS & set(text)))]
    if not conditions:
        return []
    limit = min(limit, LIMIT)
    matches = Contact.objects.visible_to(user).in_book(book).filter(*conditions)
    best_first = matches.order_by(F("owner").asc(nulls_last=True), _rank(words or [""]), "folded", "pk")
    once: dict[str, Contact] = {}
    for contact in best_first[: 2 * limit]:  # An address stands at most twice there: own and shared.
        once.setdefault(contact.address.lower(), contact)
    return list(once.values())[:limit]


def _occurs(word: str) -> Q:
    bare = skeleton(word)
    return Q(folded__contains=word) | Q(folded__contains=f" {bare}") if bare else Q(folded__contains=word)


def _stands(sign: str) -> Q:
    return Q(name__contains=sign) | Q(address__contains=sign) | Q(organisation__contains=sign)


def _rank(words: list[str]) -> Case:
    starts = [Q(folded__contains=f" {word}") for word in dict.fromkeys(words)]
    whole = Q(folded__contains=f" {' '.join(words)}")
    return Case(When(whole, then=Value(0)), When(Q(*starts), then=Value(1)), default=Value(2))
