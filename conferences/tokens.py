"""Unguessable names: tokens of links, conference IDs, passwords. Pure but for the system's random numbers."""

import base64
import secrets

# No letter or digit here can be read as another one over the telephone.
_CLEAR_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"
TOKEN_LENGTH = 26


def new_token() -> str:
    """128 random bits as 26 lower-case base32 characters; looked up, never decoded."""
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()


def new_number() -> str:
    """A conference ID that people read aloud, like 123-456-789; the caller makes sure that it is free."""
    digits = f"{secrets.randbelow(9 * 10**8) + 10**8}"
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}"


def new_password() -> str:
    """Ten characters (49 bits) that are easy to dictate."""
    return "".join(secrets.choice(_CLEAR_SIGNS) for _ in range(10))
