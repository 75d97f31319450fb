"""An investor among the customers."""

from __future__ import annotations

import pytest

from tests.http.accounts import Customer
from tests.http.investors import BOUGHT, told_in_text


@pytest.fixture
def ana(ana: Customer) -> Customer:
    """She has money, and a unit of gold that she paid 1000 for."""
    told_in_text(ana.buy("GOLD", 1000), BOUGHT)
    return ana
