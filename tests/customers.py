"""What the customers of all tests have in common, however they reach the bank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EMAIL = "nuwe@nuwe.com"
PASSWORD = "NuweTest1$"
NEW_PASSWORD = "PassTest1$"
PIN = "1811"
NUWE: Mapping[str, Any] = {
    "name": "Nuwe Test",
    "password": PASSWORD,
    "email": EMAIL,
    "address": "Main St",
    "phoneNumber": "666888116",
}
"""Seed B's customer, as `/api/users/register` takes them."""
