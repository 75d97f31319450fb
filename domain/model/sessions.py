"""Who is signed in. Source: contract G7, D2; RFC 9700 (section 4.14)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import attrs

from domain.model.quotas import Quota

REFRESH_IDLE: Final = timedelta(days=30)
"""A refresh token that isn't used for so long is worth nothing."""

REFRESH_LIFE: Final = timedelta(days=90)
"""A family of refresh tokens lives this long, however often it is rotated."""

SESSIONS: Final = Quota("sessions", 20)
"""Of the live ones; where there would be more, the oldest ends."""


@attrs.frozen
class Claims:
    """What an access token says: whose account, which session, from when until when (UTC, whole seconds)."""

    account_number: str
    session_id: str
    issued_at: datetime
    expires_at: datetime


@attrs.frozen
class Session:
    """A token that was given out; it is valid while this is kept. `family_id` joins it to its refresh tokens."""

    id: str
    user_id: int
    family_id: str
    created_at: datetime
    expires_at: datetime


@attrs.frozen
class RefreshToken:
    """A refresh token, known by its fingerprint only. `used_at` is set once it was rotated."""

    fingerprint: str
    family_id: str
    user_id: int
    expires_at: datetime
    family_expires_at: datetime
    used_at: datetime | None = None


@attrs.frozen
class Identity:
    """A signed-in user."""

    user_id: int
    account_number: str
    session_id: str


@attrs.frozen
class SignedIn:
    """What a user takes home: the access token, and the refresh token with the instant at which it ends."""

    access_token: str = attrs.field(repr=False)
    refresh_token: str = attrs.field(repr=False)
    refresh_expires_at: datetime
