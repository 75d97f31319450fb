"""One suite for every store of one-time codes: what `ports.stores.identity.codes` promises."""

from __future__ import annotations

from datetime import timedelta

import attrs

from domain.model.codes import OneTimeCode
from ports.storage import Storage
from tests.contracts.transactions import NOON, run

MINUTE = timedelta(minutes=1)


def code(id: str, minute: int = 0, user_id: int = 1, purpose: str = "otp") -> OneTimeCode:
    made = NOON + minute * MINUTE
    return OneTimeCode(id, user_id, purpose, f"keyed hash of {id}", made, made + 10 * MINUTE)


def add(storage: Storage, *codes: OneTimeCode) -> None:
    run(storage, lambda tx: [tx.codes.add(one) for one in codes])


def since(storage: Storage, minute: int = 0, user_id: int = 1, purpose: str = "otp") -> list[OneTimeCode]:
    return storage.read(lambda tx: tx.codes.since(user_id, purpose, NOON + minute * MINUTE))


def test_gives_a_user_s_codes_of_one_purpose_oldest_first(storage):
    mine = [code("c", 1), code("a", 2), code("b", 3)]
    add(storage, mine[1], code("d", user_id=2), mine[2], code("e", purpose="reset-token"), mine[0])
    assert since(storage) == mine
    assert since(storage, user_id=2) == [code("d", user_id=2)]
    assert since(storage, purpose="reset-token") == [code("e", purpose="reset-token")]
    assert since(storage, user_id=3) == []


def test_gives_the_codes_from_an_instant_on(storage):
    add(storage, *(code(f"c{minute}", minute) for minute in range(4)))
    assert [one.id for one in since(storage, 2)] == ["c2", "c3"]
    assert since(storage, 4) == []


def test_codes_of_one_instant_are_in_the_order_of_their_ids(storage):
    add(storage, code("b"), code("c"), code("a"))
    assert [one.id for one in since(storage)] == ["a", "b", "c"]


def test_keeps_tries_and_use(storage):  # contract: B5
    add(storage, code("a"), code("b", 1))
    run(storage, lambda tx: tx.codes.set_tries("a", 3, used=False))
    run(storage, lambda tx: tx.codes.set_tries("b", 1, used=True))
    run(storage, lambda tx: tx.codes.set_tries("nobody's", 1, used=True))
    assert since(storage) == [attrs.evolve(code("a"), tries=3), attrs.evolve(code("b", 1), tries=1, used=True)]
    assert [one.used for one in since(storage)] == [False, True]


def test_forgets_the_codes_made_before_an_instant(storage):  # contract: G11
    add(storage, *(code(f"c{minute}", minute, user_id=minute % 2) for minute in range(4)))
    run(storage, lambda tx: tx.codes.purge(NOON + 2 * MINUTE))
    assert [one.id for user_id in (0, 1) for one in since(storage, user_id=user_id)] == ["c2", "c3"]
