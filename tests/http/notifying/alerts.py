"""How customers set alerts over HTTP, and which of them fired."""

from __future__ import annotations

from tests.http.accounts import Customer

SAVINGS = "/api/alerts/amount_reached"
DROP = "/api/alerts/balance_drop"


def add(customer: Customer, path: str, body: dict[str, object]) -> int:
    """Set an alert; its id."""
    answer = customer.ask(path, body)
    assert answer.status_code == 201, answer.text
    return answer.json["data"]["id"]


def savings(customer: Customer, target: object, threshold: object) -> int:
    return add(customer, SAVINGS, {"target_amount": target, "alert_threshold": threshold})


def drop(customer: Customer, threshold: object) -> int:
    return add(customer, DROP, {"balance_drop_threshold": threshold})


def spend(customer: Customer, amount: object) -> None:
    """By card; a negative amount is received."""
    answer = customer.ask("/api/transactions", {"amount": amount, "category": "food"})
    assert answer.status_code == 201, answer.text


def fired(customer: Customer) -> list[int]:
    """The alerts that fired so far, in the order of firing."""
    kinds = ("savings_alert", "balance_drop")
    return [one.data["alert_id"] for one in reversed(customer.told()) if one.kind in kinds]
