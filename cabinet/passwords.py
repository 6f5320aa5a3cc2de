"""How passwords are kept, and what they must not be, in words that say what to do."""

import re
from typing import Any

from django.contrib.auth import hashers, password_validation
from django.utils.translation import gettext as _


class LongEnough(password_validation.MinimumLengthValidator):
    """Length is what counts; no kinds of characters are asked for."""

    def get_error_message(self) -> str:
        return _("Password must have at least %d characters") % self.min_length


class NotCommon(password_validation.CommonPasswordValidator):
    """Not one of 19,000 that attackers try first, nor one of them twice; the list is on board, nobody is asked."""

    def validate(self, password: str, user: Any = None) -> None:
        repeated = re.fullmatch(r"(.{1,64}?)\1+", password.strip(), re.DOTALL)
        super().validate(repeated[1] if repeated else password, user)

    def get_error_message(self) -> str:
        return _("Attackers try this password first. Choose another one")


class NotOnlyDigits(password_validation.NumericPasswordValidator):
    """Twelve digits are a birthday and a telephone number."""

    def get_error_message(self) -> str:
        return _("Use letters too, not only digits")


class NotOneself(password_validation.UserAttributeSimilarityValidator):
    """Not the name or the address of the account."""

    def get_error_message(self) -> str:
        return _("Choose a password that is not like your name or e-mail address")


class Argon2(hashers.Argon2PasswordHasher):
    """Argon2id at a strength that eight threads of a small machine can afford at the same moment: 32 MB each."""

    memory_cost = 32 * 1024
    time_cost = 4
    parallelism = 1
