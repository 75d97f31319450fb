"""One-time codes: OTPs and reset tokens. Source: seed B, task 2; contract B5."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

import attrs

CodePurpose = Literal["otp", "reset-token"]

OTP_LIFE: Final = timedelta(minutes=10)
OTP_TRIES: Final = 5
"""How often one OTP may be tried."""

OTPS_AN_HOUR: Final = 5
"""How many OTPs an account may be sent within an hour."""

WRONG_TRIES_A_DAY: Final = 15
"""How many wrong OTPs an account may be tried with within a day."""

RESET_TOKEN_LIFE: Final = timedelta(minutes=15)

CODES_KEPT: Final = timedelta(days=1) + OTP_LIFE
"""A code that was made so long ago can't have been tried within the last day."""


@attrs.frozen
class OneTimeCode:
    """A secret that was sent to a user, known by its keyed hash. Instants are UTC."""

    id: str
    user_id: int
    purpose: CodePurpose
    keyed_hash: str = attrs.field(repr=False)
    created_at: datetime
    expires_at: datetime
    tries: int = 0
    used: bool = False

    def is_open(self, now: datetime, most_tries: int) -> bool:
        """Whether the code may still be tried."""
        return not self.used and self.tries < most_tries and now < self.expires_at
