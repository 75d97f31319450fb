"""Play the rounds of the bot that are due. Source: seed B, task 8; contract B11, B13."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import attrs

from domain.model.assets import EXACT, NOTHING
from domain.model.auto_investing import AutoInvesting
from domain.model.due_work import DueJob
from domain.model.errors import PricesUnavailable
from domain.model.users import Account
from domain.rules.auto_invest import STANDARD, Policy, play_round
from domain.use_cases.manage_auto_invest import AUTO_INVEST
from domain.use_cases.run_due_work import InsideWork, Look
from domain.use_cases.trade_assets import Market, book_trade
from ports.prices import Prices
from ports.storage import Transaction


@attrs.frozen
class RunAutoInvest(InsideWork[Market | None]):
    """Plays each user's round every `interval`; the one after a late one comes an interval later.

    Rounds that were missed aren't played again: their prices are gone. Without prices no round trades.
    """

    prices: Prices
    interval: timedelta
    policy: Policy = STANDARD

    kind = AUTO_INVEST
    most_tries = None

    def see(self) -> Market | None:
        """The market; None where its prices are unavailable."""
        try:
            return self.prices.current()
        except PricesUnavailable:
            return None

    def work(self, tx: Transaction, jobs: Sequence[DueJob], look: Look[Market | None]) -> list[datetime | None]:
        user_ids = {job.subject for job in jobs}
        accounts = tx.users.lock(user_ids)
        states = tx.auto_investing.load(user_ids)
        return [self._round(tx, accounts.get(job.subject), states[job.subject], look) for job in jobs]

    def _round(
        self, tx: Transaction, account: Account | None, state: AutoInvesting, look: Look[Market | None]
    ) -> datetime | None:
        """Play one user's round; when the next one is due.

        Before the first there is an interval, whatever the job says: it may be left from before a pause.
        """
        if account is None or not state.enabled or state.changed_at is None:
            return None
        first = state.changed_at + self.interval
        if look.now < first:
            return first
        if look.seen is not None:
            self._play(tx, account, state, look.seen, look.now)
        return look.now + self.interval

    def _play(self, tx: Transaction, account: Account, state: AutoInvesting, market: Market, now: datetime) -> None:
        realised = state.realised
        for trade, after in play_round(tx.assets.holdings(account.user_id), account.balance, market, self.policy):
            book_trade(tx, trade, after, market, now)
            realised = EXACT.add(realised, trade.profit or NOTHING)
        if realised != state.realised:
            tx.auto_investing.save(attrs.evolve(state, realised=realised))
