"""One spelling for the many ways to write a name: what the search stores and what it looks for."""

import re
import unicodedata

from anyascii import anyascii

VERSION = 1
"""Raised with every change of meaning: stored keys of another version have to be folded again."""


def fold(text: str) -> str:
    """Words of ASCII letters and digits in lower case, single spaces between them.

    Case, accents, width and script make no difference: "Щукин" and "shchukin" fold alike.
    """
    bare = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return " ".join(re.findall("[a-z0-9]+", anyascii(bare.casefold()).lower()))
