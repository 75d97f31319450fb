"""Password rules, in seed B's order and words."""  # contract: B2

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.model.errors import WeakPassword
from domain.rules.passwords import LONGEST, SHORTEST, check_password

SENTENCES = {
    "Nuwetest1 ": "Password cannot contain whitespace",
    "Nuwe\u00a0test1$": "Password cannot contain whitespace",
    "Test1$": "Password must be at least 8 characters long",
    "A" * 126 + "1$": "Password must be less than 128 characters long",
    "nuwetest1$": "Password must contain at least one uppercase letter",
    "Nuwetest": "Password must contain at least one digit and one special character",
    "Nuwetest1": "Password must contain at least one special character",
    "Nuwetest$": "Password must contain at least one digit",
    " ": "Password cannot contain whitespace",
    "a b": "Password cannot contain whitespace",
    "nuwetest": "Password must contain at least one uppercase letter",
}


@pytest.mark.parametrize("password", SENTENCES, ids=range(len(SENTENCES)))
def test_the_first_rule_that_is_broken_is_told(password: str) -> None:
    with pytest.raises(WeakPassword) as refused:
        check_password(password)
    assert refused.value.rule == SENTENCES[password]


@pytest.mark.parametrize("password", ["NuweTest1$", "A" * 125 + "1$", "Ñandú123€", "Aa1!aaaa"])
def test_a_password_that_keeps_every_rule_passes(password: str) -> None:
    check_password(password)


@given(st.text(max_size=200))
def test_the_rules_equal_their_words_read_one_by_one(password: str) -> None:
    upper = any(c.isupper() for c in password)
    digit = any(c.isdigit() for c in password)
    special = any(not c.isalpha() and not c.isdigit() and not c.isspace() for c in password)
    white = any(c.isspace() for c in password)
    strong = upper and digit and special and not white and SHORTEST <= len(password) <= LONGEST
    try:
        check_password(password)
        assert strong
    except WeakPassword:
        assert not strong


def test_the_basic_policy_asks_for_a_length_only() -> None:  # contract: A1
    check_password("a", "basic")
    check_password("a" * 127, "basic")
    with pytest.raises(WeakPassword, match="less than 128"):
        check_password("a" * 128, "basic")
