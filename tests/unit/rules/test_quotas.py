"""A customer may have as many as the quota says, and not one more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.model.errors import QuotaReached
from domain.model.quotas import Quota, Quotas
from domain.rules.quotas import check_quota
from entrypoints.composition import QUOTAS

quota_of_a_noun = st.sampled_from(QUOTAS)


@given(quota_of_a_noun, st.integers(0, 10), st.integers(0, 10), st.integers(1, 5))
def test_what_exceeds_the_quota_is_refused(quota: Quota, most: int, present: int, more: int) -> None:
    # contract: G12
    refused = check_quota(Quotas({quota.noun: most}), quota, present, more)
    assert (refused is None) == (present + more <= most)
    if refused is not None:
        assert isinstance(refused, QuotaReached)
        assert (refused.noun, refused.most) == (quota.noun, most)


@given(quota_of_a_noun, quota_of_a_noun)
def test_what_is_not_changed_has_its_default(changed: Quota, other: Quota) -> None:  # contract: G12
    assert Quotas({changed.noun: 7}).most(other) == (7 if other == changed else other.most)


def test_the_quotas_are_those_of_the_contract() -> None:  # contract: G12
    told = {
        "alerts": 100,
        "subscriptions": 100,
        "recurring": 1_000,
        "budgets": 100,
        "budget_alerts": 100,
        "category_rules": 100,
        "categories": 100,
        "expenses": 1_000_000,
        "receipts_mib": 1_024,
        "sockets": 20,
        "sessions": 20,
    }
    assert told.items() <= {one.noun: one.most for one in QUOTAS}.items()
    assert len({one.noun for one in QUOTAS}) == len(QUOTAS)
