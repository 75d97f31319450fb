"""Sign in, stay signed in, sign out. Sources: seeds A and B, task 1; contract G3, G7, A2, B3, B4, D2."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from domain.model.errors import BadCredentials, RefreshTokenReused, Refusal, Unauthenticated
from domain.model.fields import is_empty
from domain.model.quotas import STANDARD_QUOTAS, Quotas
from domain.model.sessions import REFRESH_IDLE, REFRESH_LIFE, Claims, Identity, RefreshToken, Session, SignedIn
from domain.rules.quotas import check_quota
from domain.use_cases.identity.find_limited import find_limited
from domain.use_cases.identity.identify import identify
from domain.use_cases.refusals import or_raise
from ports.clock import Clock
from ports.limits import RateLimits
from ports.security import Passwords, Secrets, Tokens
from ports.storage import Storage, Transaction


@attrs.frozen(eq=False, repr=False)
class SignIn:
    """Gives tokens to users who prove who they are, and takes them back."""

    storage: Storage
    clock: Clock
    secrets: Secrets
    passwords: Passwords
    tokens: Tokens
    limits: RateLimits
    token_life: timedelta
    quotas: Quotas = STANDARD_QUOTAS

    def __call__(self, identifier: str, password: str, address: str, *, by_account: bool = True) -> SignedIn:
        """Sign in by an email address or, where `by_account`, an account number. Beyond the quota, the oldest sign-in
        ends, with its refresh tokens.

        Raises BadCredentials (also where either is empty), UnknownUser, TooManyRequests, PasswordsBusy,
        StorageUnavailable.
        """
        if is_empty(identifier) or is_empty(password):
            raise BadCredentials
        user = find_limited(self.storage, self.limits, "login", identifier, address, by_account=by_account)
        if not self.passwords.matches(password, user.password):
            raise BadCredentials
        again = None if self.passwords.is_current(user.password) else self.passwords.hash(password)
        grant = self._grant(user.id, family_id=self.secrets.new_uuid())

        def work(tx: Transaction) -> bool:
            tx.users.lock({user.id})  # a password that is changed meanwhile ends this session too, or finds it ended
            still = tx.users.get(user.id)
            if still is None or still.password != user.password:
                return False
            if again is not None:
                tx.users.set_password(user.id, again)
            self._make_room(tx, user.id)
            grant.keep(tx)
            return True

        if not self.storage.run(work):
            raise BadCredentials
        return self._signed_in(user.account_number, grant)

    def identify(self, token: str) -> Identity:
        """Who holds this access token. Raises Unauthenticated, StorageUnavailable."""
        claims = self.claims(token)
        now = self.clock.now()
        identity = self.storage.read(lambda tx: identify(tx, claims, now))
        if identity is None:
            raise Unauthenticated
        return identity

    def claims(self, token: str) -> Claims:
        """What a token of ours says that hasn't expired; its session may have ended. Raises Unauthenticated."""
        claims = self.tokens.read(token)
        if self.clock.now() >= claims.expires_at:
            raise Unauthenticated
        return claims

    def refresh(self, refresh_token: str) -> SignedIn:
        """Rotate a refresh token: a new access token, a new refresh token, and the old one is used up.

        A token that was used before ends its whole family (RFC 9700, section 4.14.2). Raises Unauthenticated, then as
        RefreshTokenReused, StorageUnavailable.
        """
        fingerprint = self.secrets.fingerprint(refresh_token)
        now = self.clock.now()
        known = self.storage.read(lambda tx: tx.sessions.refresh_token(fingerprint))
        if known is None:
            raise Unauthenticated
        grant = self._grant(known.user_id, known.family_id, known.family_expires_at)

        def work(tx: Transaction) -> str | Refusal:
            tx.users.lock({known.user_id})
            user = tx.users.get(known.user_id)
            if user is None or tx.sessions.refresh_token(fingerprint) is None:
                return Unauthenticated()
            if not tx.sessions.use(fingerprint, now):
                tx.sessions.end_family(known.family_id)
                return RefreshTokenReused()
            if now >= known.expires_at:
                return Unauthenticated()
            grant.keep(tx)
            return user.account_number

        account_number = or_raise(self.storage.run(work))
        return self._signed_in(account_number, grant)

    def sign_out(self, identity: Identity) -> None:
        """End the session and its family of refresh tokens, at once and on every node. Raises StorageUnavailable."""

        def work(tx: Transaction) -> None:
            tx.sessions.end_session(identity.session_id)

        self.storage.run(work)

    def _make_room(self, tx: Transaction, user_id: int) -> None:
        families = tx.sessions.families(user_id, self.clock.now())
        while families and check_quota(self.quotas, "sessions", len(families)) is not None:
            tx.sessions.end_family(families.pop(0))

    def _grant(self, user_id: int, family_id: str, family_expires_at: datetime | None = None) -> _Grant:
        begun = self.clock.now()
        now = begun.replace(microsecond=0)
        family_end = family_expires_at or begun + REFRESH_LIFE
        refresh_token = self.secrets.new_key()
        return _Grant(
            session=Session(self.secrets.new_uuid(), user_id, family_id, now, now + self.token_life),
            refresh_token=refresh_token,
            kept=RefreshToken(
                self.secrets.fingerprint(refresh_token),
                family_id,
                user_id,
                min(now + REFRESH_IDLE, family_end),
                family_end,
            ),
        )

    def _signed_in(self, account_number: str, grant: _Grant) -> SignedIn:
        session = grant.session
        claims = Claims(account_number, session.id, session.created_at, session.expires_at)
        return SignedIn(self.tokens.issue(claims), grant.refresh_token, grant.kept.expires_at)


@attrs.frozen
class _Grant:
    """A session and a refresh token that are about to be kept."""

    session: Session
    refresh_token: str = attrs.field(repr=False)
    kept: RefreshToken

    def keep(self, tx: Transaction) -> None:
        tx.sessions.add(self.session)
        tx.sessions.add_refresh(self.kept)
