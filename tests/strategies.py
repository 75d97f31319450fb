"""Hypothesis strategies that several tests share."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from domain.model.activity import LARGEST_INTEGER, Action
from domain.model.risk_profiles import RiskProfile

small_amounts = st.integers(min_value=1, max_value=25_000).map(lambda cents: Decimal(cents).scaleb(-2))
"""Amounts on both sides of every standard limit; equal ones and neighbours are frequent enough."""

round_amounts = st.sampled_from([Decimal(text) for text in ("10.00", "50.00", "99.99", "100.00", "100.01", "200.00")])

any_amounts = st.integers(min_value=1, max_value=10**15 - 1).map(lambda cents: Decimal(cents).scaleb(-2))

times = st.one_of(
    st.integers(min_value=0, max_value=400),
    st.integers(min_value=0, max_value=3_000),
    st.sampled_from([0, 1, 30, 31, 60, 61, 120, 121, LARGEST_INTEGER - 61, LARGEST_INTEGER]),
)

thresholds = st.dictionaries(st.sampled_from([30, 300, 500]), st.integers(1, 8)).flatmap(
    lambda counts: st.dictionaries(
        st.sampled_from([123, 1100]), st.integers(1, 40_000).map(lambda cents: Decimal(cents).scaleb(-2))
    ).map(lambda amounts: counts | amounts)
)
profiles = st.none() | st.builds(RiskProfile, st.sampled_from(["low", "medium", "high"]), thresholds)


def actions(users: int = 3) -> st.SearchStrategy[Action]:
    """Actions of a few users, near each other in time, in any order."""
    return st.builds(
        Action,
        type=st.sampled_from(["deposit", "withdraw"]),
        amount=st.one_of(small_amounts, round_amounts),
        user_id=st.integers(min_value=1, max_value=users),
        time=times,
    )
