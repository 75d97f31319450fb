"""Play the rounds of the bot that are due. Source: seed B, task 8; contract B11, B13."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import attrs

from domain.model.assets import EXACT, NOTHING
from domain.model.auto_investing import AutoInvesting
from domain.model.due_work import DueJob
from domain.model.errors import PricesUnavailable
from domain.model.users import Account
from domain.rules.auto_invest import STANDARD, Policy, play_round
from domain.use_cases.jobs.run_due_work import JobContext, TransactionalHandler
from domain.use_cases.market.manage_auto_invest import AUTO_INVEST
from domain.use_cases.market.trade_assets import Market, book_trade
from ports.prices import Prices
from ports.storage import Transaction

MOST_TRADES: Final = 64
"""Once so many are made, the other rounds come in the next transaction: everybody else waits for this one."""


@attrs.frozen(eq=False, repr=False)
class RunAutoInvest(TransactionalHandler[Market | None]):
    """Plays each user's round every `interval`; the one after a late one comes an interval later.

    Rounds that were missed aren't played again: their prices are gone. Without prices no round trades.
    """

    prices: Prices
    interval: timedelta
    policy: Policy = STANDARD

    kind = AUTO_INVEST
    most_tries = None

    def fetch(self) -> Market | None:
        """The market; None where its prices are unavailable."""
        try:
            return self.prices.current()
        except PricesUnavailable:
            return None

    def work(
        self, tx: Transaction, jobs: Sequence[DueJob], context: JobContext[Market | None]
    ) -> list[datetime | None]:
        user_ids = {job.subject for job in jobs}
        accounts = tx.users.lock(user_ids)
        states = tx.auto_investing.load(user_ids)
        dues: list[datetime | None] = []
        trades = 0
        for job in jobs:
            account, state = accounts.get(job.subject), states[job.subject]
            if account is None or not state.enabled or state.changed_at is None:
                dues.append(None)
            elif context.now < state.changed_at + self.interval:  # a job that is left from before a pause
                dues.append(state.changed_at + self.interval)
            elif trades >= MOST_TRADES:
                dues.append(job.due_at)
            else:
                trades += self._play(tx, account, state, context)
                dues.append(context.now + self.interval)
        return dues

    def _play(self, tx: Transaction, account: Account, state: AutoInvesting, context: JobContext[Market | None]) -> int:
        """One user's round; how many trades it made."""
        market, realised, trades = context.fetched, state.realised, 0
        if market is None:
            return trades
        for trade, after in play_round(tx.assets.holdings(account.user_id), account.balance, market, self.policy):
            book_trade(tx, trade, after, market, context.now)
            realised = EXACT.add(realised, trade.profit or NOTHING)
            trades += 1
        if realised != state.realised:
            tx.auto_investing.save(attrs.evolve(state, realised=realised))
        return trades
