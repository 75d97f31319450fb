"""What passwords, keyed hashes, tokens, the vault and system secrets promise. Source: contract A3, B6, G7, D10, D12."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import re
import secrets
import statistics
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import bcrypt
import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.identity.bcrypt_passwords import BcryptPasswords
from adapters.identity.jwt_tokens import JwtTokens
from adapters.keyed_hashes import HmacHashes, framed
from adapters.keyring import KeyRing
from adapters.system_secrets import SystemSecrets
from adapters.vault import AesGcmVault
from domain.model.errors import KeyMissing, PasswordsBusy, Unauthenticated
from domain.model.sessions import Claims
from domain.model.users import HashedPassword
from tests.patience import PATIENCE_SECONDS

OLD, NEW, FOREIGN = (secrets.token_bytes(32) for _ in range(3))
OLD_RING, NEW_RING, BOTH, FOREIGN_RING = KeyRing([OLD]), KeyRing([NEW]), KeyRing([NEW, OLD]), KeyRing([FOREIGN])
PASSWORD = "Pa$$word-s3cret"
NOW = datetime(2024, 11, 20, 10, 30, tzinfo=UTC)
CLAIMS = Claims("19d3cfc5-5ba5-4c0e-8b0a-1ac0e5b7f0d5", "a" * 32, NOW, NOW + timedelta(hours=24))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def passwords_of(ring: KeyRing, slots: int = 2, waiting: int = 100) -> BcryptPasswords:
    return BcryptPasswords(ring, rounds=4, slots=slots, waiting=waiting)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def altered(text: str) -> list[str]:
    """The text with each of its characters changed in turn, to one that its alphabet has too."""
    return [text[:at] + ("B" if text[at] == "A" else "A") + text[at + 1 :] for at in range(len(text))]


class TestKeyRing:
    # contract: G7

    def test_every_master_and_purpose_has_a_key_of_its_own(self) -> None:
        derived = [key for purpose in ("a", "b", "key id", "") for key in BOTH.derive(purpose).values()]
        assert len(set(derived)) == 8
        assert {len(key) for key in derived} == {32}
        assert {len(key) for key in BOTH.derive("a long one", 64).values()} == {64}

    def test_keys_are_the_same_after_a_restart_and_stand_newest_first(self) -> None:
        again = KeyRing([NEW, OLD])
        assert again.key_ids == BOTH.key_ids == NEW_RING.key_ids + OLD_RING.key_ids
        assert list(again.derive("a").items()) == [*NEW_RING.derive("a").items(), *OLD_RING.derive("a").items()]

    def test_ids_are_short_and_no_part_of_a_key(self) -> None:
        for id in BOTH.key_ids:
            assert re.fullmatch("[0-9a-f]{8}", id)
            assert bytes.fromhex(id) not in OLD + NEW

    def test_it_is_hkdf_of_rfc_5869(self) -> None:
        extracted = hmac.digest(bytes(32), OLD, "sha256")
        expected = hmac.digest(extracted, b"hucha key for tea\x01", "sha256")
        assert list(OLD_RING.derive("tea").values()) == [expected]

    def test_a_key_that_is_named_twice_counts_once(self) -> None:
        assert KeyRing([OLD, OLD]).key_ids == OLD_RING.key_ids

    def test_a_ring_without_a_key_is_refused(self) -> None:
        with pytest.raises(ValueError, match="needs a key"):
            KeyRing([])


class TestPasswords:
    # contract: A3

    def test_the_right_password_matches_and_no_other(self) -> None:
        passwords = passwords_of(OLD_RING)
        kept = passwords.hash(PASSWORD)
        assert passwords.matches(PASSWORD, kept)
        for wrong in ("", PASSWORD + " ", PASSWORD.lower(), PASSWORD[:-1], PASSWORD + "\0"):
            assert not passwords.matches(wrong, kept)

    def test_long_passwords_that_differ_in_their_last_character_only_arent_equal(self) -> None:
        passwords = passwords_of(OLD_RING)
        long = "Aa1!" + "x" * 122
        kept = passwords.hash(long + "y")
        assert passwords.matches(long + "y", kept)
        assert not passwords.matches(long + "z", kept)
        assert not passwords.matches(long, kept)

    @pytest.mark.parametrize("odd", ["", "\0", "a\0b", "contraseña", "\U0001f511" * 127, "é", "e\u0301"])
    def test_any_password_can_be_hashed(self, odd: str) -> None:
        passwords = passwords_of(OLD_RING)
        assert passwords.matches(odd, passwords.hash(odd))
        assert not passwords.matches("a", passwords.hash(odd))

    def test_a_hash_is_bcrypt_over_a_peppered_password_with_the_cost_that_is_set(self) -> None:
        kept = BcryptPasswords(OLD_RING, rounds=5, slots=1, waiting=1).hash(PASSWORD)
        assert re.fullmatch(r"\$2b\$05\$[./A-Za-z0-9]{53}", kept.hash)
        (pepper,) = OLD_RING.derive("password pepper").values()
        text = base64.b64encode(hmac.digest(pepper, PASSWORD.encode(), "sha256"))
        assert bcrypt.checkpw(text, kept.hash.encode())
        assert not bcrypt.checkpw(PASSWORD.encode(), kept.hash.encode())
        assert not bcrypt.checkpw(base64.b64encode(hashlib.sha256(PASSWORD.encode()).digest()), kept.hash.encode())

    def test_one_password_has_many_hashes(self) -> None:
        passwords = passwords_of(OLD_RING)
        assert passwords.hash(PASSWORD) != passwords.hash(PASSWORD)

    def test_old_hashes_match_under_a_new_key_which_makes_the_next(self) -> None:
        # contract: G7
        kept = passwords_of(OLD_RING).hash(PASSWORD)
        both = passwords_of(BOTH)
        assert both.matches(PASSWORD, kept) and not both.matches("x", kept)
        assert both.hash(PASSWORD).key_id == NEW_RING.key_ids[0]
        assert passwords_of(NEW_RING).matches(PASSWORD, both.hash(PASSWORD))

    def test_a_hash_under_no_key_in_force_is_no_wrong_password(self) -> None:
        kept = passwords_of(OLD_RING).hash(PASSWORD)
        with pytest.raises(KeyMissing):
            passwords_of(NEW_RING).matches(PASSWORD, kept)
        assert not passwords_of(BOTH).matches(PASSWORD, HashedPassword(kept.hash, NEW_RING.key_ids[0]))

    @pytest.mark.parametrize("spoilt", ["", "x", "$2b$04$", "$2b$99$" + "a" * 53, "ñ", "\0"])
    def test_what_is_no_hash_matches_nothing(self, spoilt: str) -> None:
        passwords = passwords_of(OLD_RING)
        assert not passwords.matches(PASSWORD, HashedPassword(spoilt, OLD_RING.key_ids[0]))

    def test_so_many_may_wait_and_the_next_is_told_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        passwords = BcryptPasswords(OLD_RING, rounds=4, slots=1, waiting=2)
        together, hashing, told = threading.Barrier(8), threading.Event(), threading.Semaphore(0)
        hash_it = bcrypt.hashpw

        def hash_later(*asked: Any) -> bytes:
            assert hashing.wait(PATIENCE_SECONDS)
            return hash_it(*asked)

        def ask(_: int) -> bool:
            together.wait()
            try:
                passwords.hash(PASSWORD)
            except PasswordsBusy:
                told.release()
                return False
            return True

        monkeypatch.setattr(bcrypt, "hashpw", hash_later)
        with ThreadPoolExecutor(8) as pool:
            answers = [pool.submit(ask, number) for number in range(8)]
            for _ in range(5):
                assert told.acquire(timeout=PATIENCE_SECONDS), "nothing is hashed yet"
            hashing.set()
            assert sum(answer.result() for answer in answers) == 3
        assert passwords.hash(PASSWORD), "the places are free again"

    def test_an_error_frees_its_place(self) -> None:
        passwords = BcryptPasswords(OLD_RING, rounds=4, slots=1, waiting=0)
        for _ in range(3):
            with pytest.raises(UnicodeEncodeError):
                passwords.hash("\ud800")
        assert passwords.hash(PASSWORD)

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux knows threads by their own ids")
    def test_its_threads_stand_back_and_no_others_do(self) -> None:
        passwords_of(OLD_RING, slots=2).hash(PASSWORD)
        names = [thread for thread in threading.enumerate() if thread.name.startswith("passwords-")]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while {niceness(thread.native_id) for thread in names} != {10}:
            assert time.monotonic() < deadline
        assert niceness(threading.get_native_id()) == 0

    def test_a_process_ends_while_a_password_is_hashed(self) -> None:
        program = (
            "import threading, time\n"
            "from adapters.keyring import KeyRing\nfrom adapters.identity.bcrypt_passwords import BcryptPasswords\n"
            "passwords = BcryptPasswords(KeyRing([b'x' * 32]), 31, 1, 1)\n"
            "threading.Thread(target=passwords.hash, args=('x',), daemon=True).start()\n"
            "time.sleep(.2)\n"
        )
        subprocess.run([sys.executable, "-c", program], check=True, timeout=PATIENCE_SECONDS)  # a hash takes days

    def test_a_check_costs_one_of_bcrypts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        passwords = BcryptPasswords(OLD_RING, rounds=4, slots=1, waiting=1)
        kept, costs = passwords.hash(PASSWORD), []
        check = bcrypt.checkpw

        def counted(text: bytes, kept_hash: bytes) -> bool:
            costs.append(kept_hash[:7])
            return check(text, kept_hash)

        monkeypatch.setattr(bcrypt, "checkpw", counted)
        monkeypatch.setattr(bcrypt, "hashpw", None)
        assert passwords.matches(PASSWORD, kept)
        assert costs == [b"$2b$04$"]


class TestKeyedHashes:
    # contract: B6

    @given(TEXTS, TEXTS, TEXTS)
    def test_a_value_matches_its_hash(self, purpose: str, owner: str, value: str) -> None:
        kept = HmacHashes(OLD_RING).hash(purpose, owner, value)
        assert HmacHashes(BOTH).matches(kept, purpose, owner, value)
        assert len(kept) <= 160 and kept.isascii() and kept.isprintable()

    def test_nothing_else_matches_it(self) -> None:
        hashes = HmacHashes(OLD_RING)
        kept = hashes.hash("pin", "7", "1234")
        assert not hashes.matches(kept, "pin", "7", "1235")
        assert not hashes.matches(kept, "pin", "8", "1234")
        assert not hashes.matches(kept, "otp", "7", "1234")
        assert not hashes.matches(kept, "pin7", "", "1234")
        assert not hashes.matches(kept, "pi", "n7", "1234")

    def test_equal_values_have_different_hashes(self) -> None:
        hashes = HmacHashes(OLD_RING)
        assert len({hashes.hash("pin", "7", "1234") for _ in range(100)}) == 100

    def test_old_hashes_match_under_a_new_key_which_makes_the_next(self) -> None:
        # contract: G7
        kept = HmacHashes(OLD_RING).hash("pin", "7", "1234")
        assert HmacHashes(BOTH).matches(kept, "pin", "7", "1234")
        assert HmacHashes(NEW_RING).matches(HmacHashes(BOTH).hash("pin", "7", "1234"), "pin", "7", "1234")
        with pytest.raises(KeyMissing):
            HmacHashes(NEW_RING).matches(kept, "pin", "7", "1234")

    def test_what_was_made_with_an_older_key_is_not_current(self) -> None:
        old, new = HmacHashes(OLD_RING).hash("pin", "7", "1234"), HmacHashes(BOTH).hash("pin", "7", "1234")
        assert [HmacHashes(BOTH).is_current(kept) for kept in (old, new)] == [False, True]
        old, new = passwords_of(OLD_RING).hash(PASSWORD), passwords_of(BOTH).hash(PASSWORD)
        assert [passwords_of(BOTH).is_current(kept) for kept in (old, new)] == [False, True]
        assert not BcryptPasswords(BOTH, rounds=5, slots=1, waiting=1).is_current(new)

    def test_what_was_altered_matches_nothing(self) -> None:
        hashes = HmacHashes(OLD_RING)
        kept = hashes.hash("pin", "7", "1234")
        spoilt = ["", "$", "$$", "x", "ñ$ñ$ñ", kept + "0", kept[:-1], kept + "$", kept.rpartition("$")[0] + "$ñ"]
        for other in [*spoilt, *altered(kept)]:
            with suppress(KeyMissing):
                assert not hashes.matches(other, "pin", "7", "1234"), other

    def test_the_value_cant_be_guessed_without_the_key(self) -> None:
        kept = HmacHashes(OLD_RING).hash("pin", "7", "1234")
        assert not HmacHashes(FOREIGN_RING).matches(kept.replace(*ids(OLD_RING, FOREIGN_RING)), "pin", "7", "1234")

    def test_digests_are_the_same_for_the_same_value_newest_key_first(self) -> None:
        # contract: G8
        digests = HmacHashes(BOTH).digests("request", b"\0body")
        assert digests == HmacHashes(KeyRing([NEW, OLD])).digests("request", b"\0body")
        alone = HmacHashes(NEW_RING).digests("request", b"\0body") + HmacHashes(OLD_RING).digests("request", b"\0body")
        assert digests == alone
        others = [("request", b"\0bodz"), ("reques", b"t\0body"), ("", b"request\0body"), ("request\0", b"body")]
        assert not {digest for other in others for digest in HmacHashes(BOTH).digests(*other)} & set(digests)

    @given(st.lists(st.binary(max_size=3), max_size=4), st.lists(st.binary(max_size=3), max_size=4))
    def test_no_two_lists_of_parts_are_framed_the_same(self, one: list[bytes], other: list[bytes]) -> None:
        assert (framed(*one) == framed(*other)) == (one == other)


class TestTokens:
    # contract: G7, G3

    @given(
        st.text(max_size=36),
        st.text(max_size=36),
        st.integers(0, 2**32),
        st.integers(0, 2**32),
    )
    def test_a_token_says_what_it_was_made_of(self, account: str, session: str, start: int, end: int) -> None:
        if any("\ud800" <= letter <= "\udfff" for letter in account + session):
            return
        claims = Claims(account, session, datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
        assert JwtTokens(BOTH).read(JwtTokens(NEW_RING).issue(claims)) == claims

    def test_it_is_a_jwt_signed_hs512_with_four_claims(self) -> None:
        token = JwtTokens(OLD_RING).issue(CLAIMS)
        assert jwt.get_unverified_header(token) == {"alg": "HS512", "typ": "JWT", "kid": OLD_RING.key_ids[0]}
        assert jwt.decode(token, options={"verify_signature": False}) == payload_of(CLAIMS)
        (key,) = OLD_RING.derive("access tokens", 64).values()
        jwt.decode(token, key, ["HS512"], {"verify_exp": False})
        assert len(token) < 400 and token.isascii()

    def test_an_expired_one_is_read_and_so_is_one_from_the_future(self) -> None:
        for moved in (timedelta(days=-9000), timedelta(days=9000)):
            claims = Claims("a", "b", NOW + moved, NOW + moved + timedelta(seconds=1))
            assert JwtTokens(OLD_RING).read(JwtTokens(OLD_RING).issue(claims)) == claims

    def test_old_tokens_hold_under_a_new_key_which_signs_the_next(self) -> None:
        token = JwtTokens(OLD_RING).issue(CLAIMS)
        assert JwtTokens(BOTH).read(token) == CLAIMS
        refuse(JwtTokens(NEW_RING), token)
        assert JwtTokens(NEW_RING).read(JwtTokens(BOTH).issue(CLAIMS)) == CLAIMS

    def test_one_that_is_altered_or_cut_anywhere_is_refused(self) -> None:
        tokens = JwtTokens(OLD_RING)
        token = tokens.issue(CLAIMS)
        for other in altered(token):
            refuse(tokens, other)
        for length in range(len(token)):
            refuse(tokens, token[:length])
            refuse(tokens, token[length + 1 :])

    @pytest.mark.parametrize(
        "text",
        [
            "",
            ".",
            "..",
            "...",
            "a.b.c",
            "null",
            "Bearer x",
            "ñ",
            "\ud800",
            "\0",
            "e30.e30.",
            "e30.e30.e30",
            "W10.W10.W10",
            "A" * 1025,
            "A" * 1_000_000,
            "." * 1000,
            base64url(b"[" * 700) + ".e30.e30",
            base64url(b'{"kid":[]}') + ".e30.e30",
        ],
    )
    def test_any_other_text_is_refused(self, text: str) -> None:
        refuse(JwtTokens(BOTH), text)

    @given(st.text())
    def test_no_text_is_an_error_of_ours(self, text: str) -> None:
        refuse(JwtTokens(BOTH), text)
        refuse(JwtTokens(BOTH), JwtTokens(OLD_RING).issue(CLAIMS) + text if text else "")

    def test_blanks_and_padding_around_it_are_refused(self) -> None:
        token = JwtTokens(OLD_RING).issue(CLAIMS)
        head, body, signature = token.split(".")
        for other in (
            f" {token}",
            f"{token}\n",
            f"{token}==",
            f"{head}.{body}.{signature}.",
            f"{head}.{body} .{signature}",
        ):
            refuse(JwtTokens(OLD_RING), other)

    def test_another_algorithm_is_refused_even_with_the_right_key(self) -> None:
        for algorithm in ("HS256", "HS384", "hs512"):
            refuse(JwtTokens(OLD_RING), signed({"alg": algorithm}))
        assert JwtTokens(OLD_RING).read(signed({})) == CLAIMS, "the forger knows how"

    @pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None])
    def test_one_without_a_signature_is_refused(self, algorithm: str | None) -> None:
        head = base64url(json.dumps({"alg": algorithm, "typ": "JWT", "kid": OLD_RING.key_ids[0]}).encode())
        body = base64url(json.dumps(payload_of(CLAIMS)).encode())
        for signature in ("", "AAAA", signed({}).rpartition(".")[2]):
            refuse(JwtTokens(OLD_RING), f"{head}.{body}.{signature}")

    def test_one_under_another_key_is_refused_whatever_key_it_names(self) -> None:
        refuse(JwtTokens(OLD_RING), JwtTokens(FOREIGN_RING).issue(CLAIMS))
        refuse(JwtTokens(OLD_RING), signed({}, FOREIGN_RING))
        refuse(JwtTokens(BOTH), signed({"kid": NEW_RING.key_ids[0]}))
        refuse(JwtTokens(OLD_RING), signed({}, key=OLD))
        refuse(JwtTokens(OLD_RING), signed({}, key=b""))

    @pytest.mark.parametrize(
        "kid",
        [None, "", "x", 1, True, [], {}, ["x"], pytest.param(OLD_RING.key_ids[0].upper() + " ", id="in capitals")],
    )
    def test_one_that_names_no_key_in_force_is_refused(self, kid: Any) -> None:
        refuse(JwtTokens(OLD_RING), signed({"kid": kid}))

    @pytest.mark.parametrize("name", ["sub", "iat", "exp", "jti"])
    def test_one_that_lacks_a_claim_or_has_another_type_is_refused(self, name: str) -> None:
        claims = payload_of(CLAIMS)
        refuse(JwtTokens(OLD_RING), signed({}, claims={key: claims[key] for key in claims if key != name}))
        for odd in (None, True, 1.5, [], {}, "1" if name in ("iat", "exp") else 1, 10**30, -(10**18)):
            refuse(JwtTokens(OLD_RING), signed({}, claims=claims | {name: odd}))

    def test_one_with_more_claims_or_without_an_object_is_refused(self) -> None:
        refuse(JwtTokens(OLD_RING), signed({}, claims=payload_of(CLAIMS) | {"admin": True}))
        for odd in ([], None, 1, "sub"):
            refuse(JwtTokens(OLD_RING), signed({}, claims=odd))

    def test_the_key_of_another_purpose_signs_nothing(self) -> None:
        (key,) = OLD_RING.derive("refresh tokens", 64).values()
        refuse(JwtTokens(OLD_RING), signed({}, key=key))


class TestVault:
    # contract: D10

    @given(TEXTS, TEXTS)
    def test_a_text_comes_back(self, text: str, context: str) -> None:
        kept = AesGcmVault(OLD_RING).encrypt(text, context)
        assert AesGcmVault(BOTH).decrypt(kept, context) == text
        assert kept.isascii() and kept.isprintable()

    def test_its_form_names_the_version_and_the_key_and_hides_the_text(self) -> None:
        kept = AesGcmVault(OLD_RING).encrypt("10 Downing Street", "users.address 7")
        form, key_id, body = kept.split(".")
        assert (form, key_id) == ("v1", OLD_RING.key_ids[0])
        assert re.fullmatch("[A-Za-z0-9_-]+", body)
        assert b"Downing" not in base64.urlsafe_b64decode(body + "==")

    def test_one_text_is_never_encrypted_the_same_way_twice(self) -> None:
        vault = AesGcmVault(OLD_RING)
        assert len({vault.encrypt("x", "y") for _ in range(1000)}) == 1000

    def test_old_texts_are_read_under_a_new_key_which_encrypts_the_next(self) -> None:
        # contract: G7
        kept = AesGcmVault(OLD_RING).encrypt("x", "y")
        assert AesGcmVault(BOTH).decrypt(kept, "y") == "x"
        assert AesGcmVault(NEW_RING).decrypt(AesGcmVault(BOTH).encrypt("x", "y"), "y") == "x"
        with pytest.raises(ValueError, match="needs a key that isn't in force"):
            AesGcmVault(NEW_RING).decrypt(kept, "y")

    def test_a_text_in_anothers_place_isnt_read(self) -> None:
        kept = AesGcmVault(OLD_RING).encrypt("x", "users.address 7")
        for context in ("users.address 8", "users.phone 7", "", "users.address 7 "):
            with pytest.raises(ValueError, match="another's place"):
                AesGcmVault(OLD_RING).decrypt(kept, context)

    def test_what_was_altered_or_cut_isnt_read(self) -> None:
        vault = AesGcmVault(OLD_RING)
        kept = vault.encrypt("Pa$$word-s3cret", "y")
        spoilt = [kept[:length] for length in range(len(kept))] + [kept + "A", kept + "=", kept + ".", kept + "\n"]
        for other in [*altered(kept), *spoilt, "ñ", "v1..", "\ud800", kept.replace(*ids(OLD_RING, NEW_RING))]:
            with pytest.raises(ValueError, match="an encrypted text") as refused:
                AesGcmVault(BOTH).decrypt(other, "y")
            assert "s3cret" not in str(refused.value)

    @given(st.text())
    def test_any_other_text_isnt_read(self, text: str) -> None:
        with pytest.raises(ValueError, match="an encrypted text"):
            AesGcmVault(OLD_RING).decrypt(text, "")

    def test_blind_indexes_are_equal_for_equal_values_newest_key_first(self) -> None:
        # contract: D10
        found = AesGcmVault(BOTH).blind_indexes("phone", "+34|600000000")
        assert found == AesGcmVault(KeyRing([NEW, OLD])).blind_indexes("phone", "+34|600000000")
        assert found[1:] == AesGcmVault(OLD_RING).blind_indexes("phone", "+34|600000000")
        assert all(len(index) <= 128 and index.isascii() for index in found)
        assert not set(found) & set(AesGcmVault(BOTH).blind_indexes("email", "+34|600000000"))
        assert not set(found) & set(AesGcmVault(BOTH).blind_indexes("phone", "+34|600000001"))
        assert not set(found) & set(AesGcmVault(FOREIGN_RING).blind_indexes("phone", "+34|600000000"))


class TestSystemSecrets:
    def test_uuids_are_random_and_canonical(self) -> None:
        made = {SystemSecrets().new_uuid() for _ in range(1000)}
        assert len(made) == 1000
        assert all(str(uuid.UUID(one)) == one and uuid.UUID(one).version == 4 for one in made)

    def test_otps_are_six_digits_all_as_likely(self) -> None:
        # contract: B5
        made = [SystemSecrets().new_otp() for _ in range(20_000)]
        assert all(re.fullmatch("[0-9]{6}", otp) for otp in made)
        assert any(otp.startswith("00") for otp in made)
        assert 480_000 < statistics.mean(map(int, made)) < 520_000


def test_no_key_or_password_is_shown_by_anything(caplog: pytest.LogCaptureFixture) -> None:
    # contract: D12
    caplog.set_level(logging.DEBUG)
    ring = KeyRing([b"k3y-" * 8])
    passwords = passwords_of(ring)
    kept = passwords.hash(PASSWORD)
    passwords.matches(PASSWORD, kept)
    made = [ring, passwords, HmacHashes(ring), JwtTokens(ring), AesGcmVault(ring), SystemSecrets(), kept]
    errors = []
    for fail in (
        lambda: JwtTokens(ring).read("k3y-" * 9),
        lambda: AesGcmVault(ring).decrypt("v1.x.k3y-", "k3y-"),
        lambda: BcryptPasswords(ring, 4, 0, 0).hash(PASSWORD),
    ):
        with pytest.raises((Unauthenticated, ValueError, PasswordsBusy)) as refused:
            fail()
        errors.append(repr(refused.value))
    shown = " ".join([*map(repr, made), *map(str, made), *errors, caplog.text])
    assert "k3y-" not in shown and "s3cret" not in shown and kept.hash not in shown
    assert not any(key.hex() in shown for key in ring.derive("password pepper").values())


def test_what_is_heavy_is_imported_when_it_is_needed() -> None:
    program = (
        "import sys\n"
        "import adapters.keyring, adapters.vault, adapters.keyed_hashes, adapters.identity.bcrypt_passwords\n"
        "import adapters.identity.jwt_tokens, adapters.identity.rate_limits\n"
        "import adapters.system_secrets, entrypoints.key_file\n"
        "from adapters.keyring import KeyRing\n"
        "ring = KeyRing([b'x' * 32])\n"
        "adapters.vault.AesGcmVault(ring), adapters.identity.jwt_tokens.JwtTokens(ring)\n"
        "adapters.identity.bcrypt_passwords.BcryptPasswords(ring, 12, 2, 2)\n"
        "adapters.identity.rate_limits.LimitsRateLimits({'login': 10}, 'redis://127.0.0.1/0')\n"
        "print({'jwt', 'bcrypt', 'cryptography', 'limits', 'redis', 'sqlalchemy'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def ids(*rings: KeyRing) -> list[str]:
    return [ring.key_ids[0] for ring in rings]


def payload_of(claims: Claims) -> dict[str, Any]:
    return {
        "sub": claims.account_number,
        "iat": int(claims.issued_at.timestamp()),
        "exp": int(claims.expires_at.timestamp()),
        "jti": claims.session_id,
    }


def signed(head: dict[str, Any], ring: KeyRing = OLD_RING, key: bytes | None = None, claims: Any = ...) -> str:
    """A token made by hand: the head may say anything, and the signature is right for the key and the algorithm."""
    head = {"alg": "HS512", "typ": "JWT", "kid": OLD_RING.key_ids[0]} | head
    key = next(iter(ring.derive("access tokens", 64).values())) if key is None else key
    body = payload_of(CLAIMS) if claims is ... else claims
    text = f"{base64url(json.dumps(head).encode())}.{base64url(json.dumps(body).encode())}"
    digest = {"HS256": "sha256", "HS384": "sha384"}.get(head["alg"], "sha512")
    return f"{text}.{base64url(hmac.digest(key, text.encode(), digest))}"


def refuse(tokens: JwtTokens, token: str) -> None:
    with pytest.raises(Unauthenticated):
        tokens.read(token)


def niceness(thread_id: int | None) -> int:
    with open(f"/proc/self/task/{thread_id}/stat") as file:
        return int(file.read().rpartition(")")[2].split()[16])
