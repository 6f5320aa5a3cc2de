"""Passwords are kept as Argon2id hashes, and older hashes are renewed at the next sign-in."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher, check_password, identify_hasher, make_password
from pytest_django import Settings

from cabinet.passwords import Argon2


def test_argon2id_comes_first(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["cabinet.passwords.Argon2", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    encoded = make_password("correct horse battery")
    assert encoded.startswith("argon2$argon2id$v=19$m=32768,t=4,p=1$")
    assert check_password("correct horse battery", encoded)
    assert not check_password("correct horse batterx", encoded)
    assert isinstance(identify_hasher(encoded), Argon2)


def test_other_hashes_are_renewed_at_sign_in(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["cabinet.passwords.Argon2", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    old = PBKDF2PasswordHasher().encode("correct horse battery", "salt" * 6)
    renewed: list[str] = []
    assert check_password("correct horse battery", old, setter=renewed.append)
    assert renewed == ["correct horse battery"]
