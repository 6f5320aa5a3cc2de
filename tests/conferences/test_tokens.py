"""Names that nobody can guess, and that say nothing about each other."""

import re

from conferences.tokens import new_number, new_password, new_token

MANY = 100_000


def test_tokens_neither_repeat_nor_share_a_beginning_or_an_end() -> None:
    tokens = [new_token() for _ in range(MANY)]
    assert all(re.fullmatch("[a-z2-7]{26}", token) for token in tokens)
    for part in (slice(10), slice(8, 18), slice(-10, None)):
        assert len({token[part] for token in tokens}) == MANY


def test_numbers_and_passwords_can_be_dictated() -> None:
    for _ in range(100):
        assert re.fullmatch("[1-9][0-9]{2}-[0-9]{3}-[0-9]{3}", new_number())
        assert re.fullmatch("[a-hjkmnp-z2-9]{10}", new_password())
    assert len({new_password() for _ in range(1000)}) == 1000
