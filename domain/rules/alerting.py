"""When alerts fire, and when they are armed again. Source: seed A, tasks 4 and 6; contract A8."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Final

import attrs

from domain.model.alerts import Alert, AmountReached
from domain.model.money import EXACT

_NONE: Final = Decimal(0)
_ALL: Final = Decimal(1)
_PLACES: Final = Decimal("0.0001")
_DIVISION: Final = Context(prec=EXACT.prec)


def after_transaction(alert: Alert, balance: Decimal) -> tuple[Alert, bool]:
    """The alert after a transaction that left this balance, and whether it fires now."""
    condition = alert.condition
    if isinstance(condition, AmountReached):
        matches = balance >= condition.alert_threshold
        fires = matches and alert.status == "armed"
        return attrs.evolve(alert, status="fired" if matches else "armed"), fires
    highest = max(condition.highest, balance)
    if EXACT.subtract(highest, balance) >= condition.balance_drop_threshold:
        return attrs.evolve(alert, status="fired", condition=attrs.evolve(condition, highest=balance)), True
    return attrs.evolve(alert, status="armed", condition=attrs.evolve(condition, highest=highest)), False


def progress(alert: Alert, balance: Decimal) -> Decimal:
    """How near an alert is, from 0 to 1 with four decimals: balance over target, or the drop over its threshold."""
    condition = alert.condition
    if isinstance(condition, AmountReached):
        part, whole = balance, condition.target_amount
    else:
        part = EXACT.subtract(max(condition.highest, balance), balance)
        whole = condition.balance_drop_threshold
    if part <= 0:
        return _NONE
    return _ALL if part >= whole else _DIVISION.divide(part, whole).quantize(_PLACES, context=_DIVISION)
