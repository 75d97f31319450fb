"""One-time passwords: sent by mail, tried a few times. Source: seed B, task 2; contract B5, B6."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.model.codes import CODES_KEPT, OTP_TRIES, OTPS_AN_HOUR, WRONG_TRIES_A_DAY, OneTimeCode
from domain.model.errors import InvalidOtp, TooManyRequests
from ports.security import KeyedHashes
from ports.storage import Transaction

HOUR = timedelta(hours=1)


def too_many_otps(tx: Transaction, user_id: int, now: datetime) -> TooManyRequests | None:
    """The refusal of one more OTP within the hour; None where it may be sent."""
    sent = [code for code in tx.codes.since(user_id, "otp", now - HOUR) if code.created_at > now - HOUR]
    if len(sent) < OTPS_AN_HOUR:
        return None
    wait = sent[-OTPS_AN_HOUR].created_at + HOUR - now
    return TooManyRequests(max(1, -(-wait // timedelta(seconds=1))))


def try_otp(tx: Transaction, hashes: KeyedHashes, user_id: int, otp: object, now: datetime) -> OneTimeCode | InvalidOtp:
    """The newest code, where this is it; else the refusal, which is to be returned so that the try counts.

    The caller holds the lock of the user's account: parallel guesses get no more tries than serial ones. What is no
    string isn't compared, and is no try.
    """
    if not isinstance(otp, str):
        return InvalidOtp()
    codes = tx.codes.since(user_id, "otp", now - CODES_KEPT)
    if not codes or not codes[-1].is_open(now, OTP_TRIES) or sum(code.tries for code in codes) >= WRONG_TRIES_A_DAY:
        return InvalidOtp()
    newest = codes[-1]
    if hashes.matches(newest.keyed_hash, "otp", newest.id, otp):
        return newest
    tx.codes.set_tries(newest.id, newest.tries + 1, used=False)
    return InvalidOtp()


def use_up(tx: Transaction, code: OneTimeCode) -> None:
    """The code did its work, and is worth nothing from now on."""
    tx.codes.set_tries(code.id, code.tries, used=True)
