"""One spelling for the many ways to write a name: what the search stores and what it looks for.

Two steps. `fold` takes away what no reader counts as a difference: case, accents, width, script, punctuation.
`skeleton` goes on and takes away the habits of transliteration, so that Чайковский is found as Tchaikovsky,
Chaykovskiy, Čajkovskij and Tschaikowski. It widens a search and never narrows it: `search_key` keeps both.
"""

import re
import unicodedata

from anyascii import anyascii

VERSION = 1
"""Raised with every change of meaning: stored keys of another version have to be folded again."""

# Applied in this order to one folded word. Left: what people write; right: the one form they share.
_HABITS = tuple(
    (re.compile(written), shared)
    for written, shared in (
        ("t(?:s?ch|[scz])|ch", "c"),  # ц, ч: ts tz c, ch tch tsch č
        ("s(?:h?ch?|h)", "s"),  # ш, щ: sh sch š, shch sch šč
        ("[kg]h|g", "h"),  # х: kh h; Ukrainian and Czech г: h, else g
        ("zh", "z"),  # ж: zh ž
        ("ph", "f"),
        ("ks", "x"),
        ("w", "v"),
        ("(?<=[bcdfhklmnprstvz])[jy]o", "e"),  # ё: e, and yo jo after a consonant
        ("[ijy]+", "i"),  # й, ы, -ий, -ия: y i j, iy ii ij y, iya ia ija
        ("ie", "e"),  # е, є: e, and ye ie je
        ("([aou])e", r"\1"),  # ä ö ü, æ ø: with and without e
        (r"([a-np-tv-z])\1+", r"\1"),  # Anna and Ana, but not Boob and Bob
    )
)
_SHORTEST_SKELETON = 3


def fold(text: str) -> str:
    """Words of ASCII letters and digits in lower case, single spaces between them.

    Case, accents, width and script make no difference ("Щукин" folds to "shchukin"); an apostrophe joins
    ("O’Connor" to "oconnor"), all other punctuation separates. Folding what is folded changes nothing.
    """
    return " ".join(re.findall("[a-z0-9]+", _plain(text)))


def skeleton(word: str) -> str:
    """What remains of one folded word without the habits of transliteration; empty if too little to go by."""
    for written, shared in _HABITS:
        word = written.sub(shared, word)
    return word if len(word) >= _SHORTEST_SKELETON else ""


def search_key(names: str, addresses: str = "") -> str:
    """The folded words of both in their order, then the skeletons of names that differ, a space before each word."""
    words = fold(f"{names} {addresses}").split()
    bare = dict.fromkeys(map(skeleton, fold(names).split()))
    return "".join(f" {word}" for word in [*words, *(word for word in bare if word and word not in words)])


def occurrences(text: str, query: str) -> list[tuple[int, int]]:
    """Where the words of `query` stand in `text`, as (start, end) from left to right: what to highlight.

    One place for each word, the start of a word if there is one; whichever script it is written in.
    """
    letters = [(letter, place) for place, sign in enumerate(text) for letter in _plain(sign)]
    line = "".join(letter for letter, _place in letters)
    found = [re.search(rf"\b{word}", line) or re.search(word, line) for word in dict.fromkeys(fold(query).split())]
    spans: list[tuple[int, int]] = []
    for start, end in sorted((letters[hit.start()][1], letters[hit.end() - 1][1] + 1) for hit in found if hit):
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


def _plain(text: str) -> str:
    """ASCII in lower case without apostrophes, whatever the script; punctuation still in it."""
    composed = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return re.sub("['`]", "", anyascii(composed)).lower()
