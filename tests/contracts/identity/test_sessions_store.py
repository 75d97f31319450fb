"""One suite for every store of sessions: what `ports.stores.identity.sessions` promises."""

from __future__ import annotations

import threading
import time as clock_time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import attrs
import pytest

from domain.model.sessions import Identity, RefreshToken, Session
from ports.storage import Storage, Transaction
from tests.contracts.stored_customers import customer
from tests.contracts.transactions import NOON, in_parallel, run
from tests.patience import PATIENCE_SECONDS

HOUR = timedelta(hours=1)
INSTANT = timedelta(microseconds=1)


def add(storage: Storage, user_id: int, id: str, family: str = "family", hours: int = 1) -> None:
    session = Session(id, user_id, family, NOON, NOON + hours * HOUR)
    run(storage, lambda tx: tx.sessions.add(session))


def token(fingerprint: str, user_id: int, family: str = "family", hours: int = 1) -> RefreshToken:
    return RefreshToken(fingerprint, family, user_id, NOON + hours * HOUR, NOON + 99 * HOUR)


def add_token(storage: Storage, *args: object, **options: object) -> None:
    run(storage, lambda tx: tx.sessions.add_refresh(token(*args, **options)))


def signed_in(storage: Storage, *ids: str) -> list[str]:
    """Which of these sessions live."""
    return [one for one in ids if storage.read(lambda tx, one=one: tx.sessions.identify(one, NOON)) is not None]


def kept(storage: Storage, *fingerprints: str) -> list[str]:
    """Which of these refresh tokens are kept."""
    return [one for one in fingerprints if storage.read(lambda tx, one=one: tx.sessions.refresh_token(one)) is not None]


class TestSessions:
    def test_tells_who_is_signed_in(self, storage):
        ana, eva = customer(storage), customer(storage)
        add(storage, ana, "s1")
        add(storage, eva, "s2")
        number = storage.read(lambda tx: tx.users.get(eva)).account_number
        assert storage.read(lambda tx: tx.sessions.identify("s2", NOON)) == Identity(eva, number, "s2")
        assert storage.read(lambda tx: tx.sessions.identify("s3", NOON)) is None

    def test_a_session_ends_at_its_instant(self, storage):  # contract: G3
        add(storage, customer(storage), "s1")
        assert storage.read(lambda tx: tx.sessions.identify("s1", NOON + HOUR - INSTANT)) is not None
        assert storage.read(lambda tx: tx.sessions.identify("s1", NOON + HOUR)) is None

    def test_ending_a_session_ends_its_family(self, storage):  # contract: D2
        ana = customer(storage)
        for id, family in (("s1", "f1"), ("s2", "f1"), ("s3", "f2")):
            add(storage, ana, id, family)
            add_token(storage, f"token of {id}", ana, family)
        run(storage, lambda tx: tx.sessions.end_session("s1"))
        assert signed_in(storage, "s1", "s2", "s3") == ["s3"]
        assert kept(storage, "token of s1", "token of s2", "token of s3") == ["token of s3"]

    def test_ending_what_is_not_there_changes_nothing(self, storage):
        add(storage, customer(storage), "s1")
        run(storage, lambda tx: tx.sessions.end_session("s2"))
        run(storage, lambda tx: tx.sessions.end_family("another"))
        run(storage, lambda tx: tx.sessions.end_all(12345))
        assert signed_in(storage, "s1") == ["s1"]

    def test_ending_a_family_leaves_the_others(self, storage):
        ana = customer(storage)
        for id, family in (("s1", "f1"), ("s2", "f2")):
            add(storage, ana, id, family)
            add_token(storage, f"token of {id}", ana, family)
        run(storage, lambda tx: tx.sessions.end_family("f2"))
        assert signed_in(storage, "s1", "s2") == ["s1"]
        assert kept(storage, "token of s1", "token of s2") == ["token of s1"]

    def test_ending_all_of_a_user_leaves_the_others(self, storage):  # contract: G7
        ana, eva = customer(storage), customer(storage)
        for id, user_id in (("s1", ana), ("s2", ana), ("s3", eva)):
            add(storage, user_id, id, f"family of {id}")
            add_token(storage, f"token of {id}", user_id, f"family of {id}")
        run(storage, lambda tx: tx.sessions.end_all(ana))
        assert signed_in(storage, "s1", "s2", "s3") == ["s3"]
        assert kept(storage, "token of s1", "token of s2", "token of s3") == ["token of s3"]

    def test_forgets_what_expired(self, storage):  # contract: G11
        ana = customer(storage)
        for hours in (1, 2):
            add(storage, ana, f"s{hours}", hours=hours)
            add_token(storage, f"t{hours}", ana, hours=hours)
        run(storage, lambda tx: tx.sessions.purge(NOON + HOUR))
        assert signed_in(storage, "s1", "s2") == ["s2"]
        assert kept(storage, "t1", "t2") == ["t2"]


class TestFamilies:
    def families(self, storage: Storage, user_id: int, hours: int = 0) -> list[str]:
        return storage.read(lambda tx: tx.sessions.families(user_id, NOON + hours * HOUR))

    def sign_in(self, storage: Storage, user_id: int, family: str, begun: timedelta) -> None:
        """An access token of an hour, and a refresh token of five."""
        add(storage, user_id, f"session {family}", family)
        life = token(f"token {family}", user_id, family, hours=5)
        kept = attrs.evolve(life, family_expires_at=NOON + 99 * HOUR + begun)
        run(storage, lambda tx: tx.sessions.add_refresh(kept))

    def test_come_in_the_order_of_signing_in(self, storage):  # contract: G12
        ana, eva = customer(storage), customer(storage)
        for family, begun in (("f2", 2 * INSTANT), ("f9", 0 * INSTANT), ("f1", 3 * INSTANT)):
            self.sign_in(storage, ana, family, begun)
        self.sign_in(storage, eva, "f0", INSTANT)
        assert self.families(storage, ana) == ["f9", "f2", "f1"]
        run(storage, lambda tx: tx.sessions.end_family("f2"))
        assert self.families(storage, ana) == ["f9", "f1"]
        assert self.families(storage, eva) == ["f0"]

    def test_live_as_long_as_a_session_or_an_unused_token(self, storage):  # contract: G12, D2
        ana = customer(storage)
        self.sign_in(storage, ana, "rotated", 0 * INSTANT)
        add_token(storage, "newer", ana, "rotated", hours=7)
        run(storage, lambda tx: tx.sessions.use("token rotated", NOON))
        self.sign_in(storage, ana, "idle", INSTANT)
        add(storage, ana, "long", "without a token", hours=9)
        add(storage, ana, "short", "without a token")
        assert self.families(storage, ana) == ["without a token", "rotated", "idle"]
        assert self.families(storage, ana, hours=4) == ["without a token", "rotated", "idle"]
        assert self.families(storage, ana, hours=5) == ["without a token", "rotated"]
        assert self.families(storage, ana, hours=7) == ["without a token"]
        assert self.families(storage, ana, hours=9) == []
        run(storage, lambda tx: tx.sessions.use("newer", NOON))
        assert self.families(storage, ana) == ["rotated", "without a token", "idle"], "by its session"
        assert self.families(storage, ana, hours=4) == ["without a token", "idle"]


class TestRefreshTokens:
    def test_come_back_as_they_were_kept(self, storage):
        ana = customer(storage)
        add_token(storage, "t1", ana)
        assert storage.read(lambda tx: tx.sessions.refresh_token("t1")) == token("t1", ana)
        assert storage.read(lambda tx: tx.sessions.refresh_token("t2")) is None

    def test_are_used_once(self, storage):  # contract: D2
        ana = customer(storage)
        add_token(storage, "t1", ana)
        later = NOON + timedelta(minutes=5)
        assert run(storage, lambda tx: tx.sessions.use("t1", later))
        assert not run(storage, lambda tx: tx.sessions.use("t1", later + HOUR))
        assert not run(storage, lambda tx: tx.sessions.use("t2", later))
        assert storage.read(lambda tx: tx.sessions.refresh_token("t1")).used_at == later

    def test_of_many_who_use_one_token_one_does(self, storage):  # contract: D2
        ana = customer(storage)
        for number in range(5):
            add_token(storage, f"t{number}", ana)
            used = in_parallel(lambda _, number=number: run(storage, lambda tx: tx.sessions.use(f"t{number}", NOON)))
            assert used.count(True) == 1

    @pytest.mark.parametrize("end", ["family", "all"])
    def test_a_rotation_under_way_does_not_outlive_the_end_of_its_family(self, storage, end):  # contract: D2
        """The end comes between the old token's use and the new one, which sorts before it."""
        ana = customer(storage)
        add(storage, ana, "s9")
        add_token(storage, "t9", ana)
        rotated = threading.Event()

        def rotate(tx: Transaction) -> None:
            tx.sessions.use("t9", NOON)
            rotated.set()
            clock_time.sleep(0.3)
            tx.sessions.add_refresh(token("t1", ana))
            tx.sessions.add(Session("s1", ana, "family", NOON, NOON + HOUR))

        def finish(tx: Transaction) -> None:
            if end == "family":
                tx.sessions.end_family("family")
            else:
                tx.sessions.end_all(ana)

        with ThreadPoolExecutor(1) as pool:
            rotating = pool.submit(run, storage, rotate)
            assert rotated.wait(PATIENCE_SECONDS)
            run(storage, finish)
            rotating.result(PATIENCE_SECONDS)
        assert signed_in(storage, "s1", "s9") == []
        assert kept(storage, "t1", "t9") == []
