"""What our own mail server says about who really sent a message: Authentication-Results, RFC 8601. Pure."""

import re
from collections.abc import Iterator

_RESULT = re.compile(r"(dmarc|dkim|spf)(?:\s*/\s*\d+)?\s*=\s*pass\b", re.IGNORECASE)
_PROPERTY = re.compile(r"\b(header\.(?:from|d|i)|smtp\.mailfrom)\s*=\s*(\S+)", re.IGNORECASE)
# By method, the properties that name the domain for which it passed.
_NAMES = {"dmarc": ("header.from",), "dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom",)}


def is_vouched(results: list[str], authserv_id: str, sender: str) -> bool:
    """Whether the address `sender` is genuine by the newest of the Authentication-Results that our server stamped.

    `results` are in the order of the message: whoever handles it later writes above. Only the topmost one that names
    `authserv_id` counts, for everything below it may have come with the message.
    """
    ours = (parts for text in results if (parts := _parts(text)) and _is_by(parts[0], authserv_id))
    return any(_passes(part, _domain(sender)) for part in next(ours, [])[1:])


def _is_by(identity: str, authserv_id: str) -> bool:
    return identity.split()[:1] == [authserv_id.lower()]


def _passes(result: str, sender_domain: str) -> bool:
    """Whether a method passed for the domain, or for the one above it (relaxed alignment, RFC 7489 section 3.1)."""
    found = _RESULT.match(result)
    if not found or not sender_domain:
        return False
    said = {name.lower(): value for name, value in _PROPERTY.findall(result)}
    named = (_domain(said[name]) for name in _NAMES[found[1].lower()] if name in said)
    return any(sender_domain == domain or ("." in domain and sender_domain.endswith(f".{domain}")) for domain in named)


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower().rstrip(".")


def _parts(text: str) -> list[str]:
    """What stands between semicolons, lower case, without comments; what is quoted (a stranger's words) becomes "_"."""
    bare = "".join(_bare(text))
    return [part.strip().lower() for part in bare.split(";")]


def _bare(text: str) -> Iterator[str]:
    """Character by character: a quote within a comment quotes nothing, and comments lie within comments."""
    depth, is_quoted, is_escaped = 0, False, False
    for char in text:
        if is_escaped:
            is_escaped = False
        elif char == "\\" and (depth or is_quoted):
            is_escaped = True
        elif char == '"' and not depth:
            is_quoted = not is_quoted
            yield "_" if is_quoted else ""
        elif char in "()" and not is_quoted:
            depth = max(0, depth + (1 if char == "(" else -1))
        elif not depth and not is_quoted:
            yield char
