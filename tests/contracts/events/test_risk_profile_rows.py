"""A risk profile comes back as it was written, money as money and counts as counts."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from adapters.sql.events.risk_profiles import profile_from_row, profile_to_row
from domain.model.risk_profiles import RiskProfile
from domain.rules.ratings import LARGEST_COUNT
from tests.strategies import any_amounts

limits = st.one_of(any_amounts, st.integers(min_value=1, max_value=LARGEST_COUNT))


@given(
    st.builds(RiskProfile, st.sampled_from(["low", "medium", "high"]), st.dictionaries(st.integers(1, 9999), limits))
)
def test_a_profile_comes_back_with_its_money_and_its_counts(profile):
    row = profile_to_row(1, profile)
    read = profile_from_row(str(row["rating"]), str(row["thresholds"]))
    assert read == profile
    assert {code: type(limit) for code, limit in read.thresholds.items()} == {
        code: type(limit) for code, limit in profile.thresholds.items()
    }
    assert all(limit.as_tuple().exponent == -2 for limit in read.thresholds.values() if isinstance(limit, Decimal))
