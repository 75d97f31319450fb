"""A customer may have as many as the quota says, and not one more."""

from __future__ import annotations

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from domain.model.errors import QuotaReached
from domain.model.quotas import DEFAULT_QUOTAS, NOUNS, Noun, Quotas
from domain.rules.quotas import check_quota

nouns = st.sampled_from(get_args(Noun))


@given(nouns, st.integers(0, 10), st.integers(0, 10), st.integers(1, 5))
def test_what_exceeds_the_quota_is_refused(noun: Noun, most: int, present: int, more: int) -> None:
    # contract: G12
    refused = check_quota(Quotas({noun: most}), noun, present, more)
    assert (refused is None) == (present + more <= most)
    if refused is not None:
        assert isinstance(refused, QuotaReached)
        assert (refused.noun, refused.most) == (noun, most)


@given(nouns, nouns)
def test_what_is_not_changed_has_its_default(changed: Noun, other: Noun) -> None:  # contract: G12
    quotas = Quotas({changed: 7})
    assert quotas.most(other) == (7 if other == changed else DEFAULT_QUOTAS[other])
    assert set(DEFAULT_QUOTAS) == set(NOUNS) == set(get_args(Noun))
