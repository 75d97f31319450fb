"""Have a signed-in user prove who they are once more. Source: contract B1, B6, G10."""

from __future__ import annotations

from domain.model.errors import BadCredentials, Unauthenticated
from domain.model.sessions import Identity
from domain.model.users import User
from ports.limits import RateLimits
from ports.security import Passwords
from ports.storage import Storage


def check_own_password(
    storage: Storage, passwords: Passwords, limits: RateLimits, identity: Identity, password: str, address: str
) -> User:
    """The signed-in user, if this is their password.

    Raises TooManyRequests (tries count as sign-ins), Unauthenticated, BadCredentials, PasswordsBusy,
    StorageUnavailable.
    """
    limits.hit("login", address, str(identity.user_id))
    user = storage.read(lambda tx: tx.users.get(identity.user_id))
    if user is None:
        raise Unauthenticated
    if not passwords.matches(password, user.password):
        raise BadCredentials
    return user
