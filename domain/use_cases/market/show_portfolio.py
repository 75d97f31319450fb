"""What the market says, what a customer holds, and what it is worth. Source: seed B, task 5; contract B10, B11."""

from __future__ import annotations

from decimal import Decimal

import attrs

from domain.model.assets import Holding
from domain.model.errors import SymbolNotFound
from domain.model.sessions import Identity
from domain.rules.portfolio import AssetPerformance, net_worth, performance
from domain.use_cases.market.trade_assets import Market
from ports.prices import Prices
from ports.storage import Storage, Transaction


@attrs.frozen(eq=False, repr=False)
class ShowPortfolio:
    """Prices for everybody; assets for who holds them. The market is asked while no transaction is open."""

    storage: Storage
    prices: Prices

    def market(self) -> Market:
        """All prices. Raises PricesUnavailable."""
        return self.prices.current()

    def price(self, symbol: str) -> Decimal:
        """The price of one asset. Raises PricesUnavailable, SymbolNotFound."""
        price = self.prices.current().get(symbol)
        if price is None:
            raise SymbolNotFound(symbol)
        return price

    def assets(self, identity: Identity) -> dict[str, Decimal]:
        """How much is held of each asset, by symbol. Raises StorageUnavailable."""
        holdings = self.storage.read(lambda tx: tx.assets.holdings(identity.user_id))
        return {one.symbol: one.quantity for one in holdings if one.quantity}

    def net_worth(self, identity: Identity) -> Decimal:
        """Cash and assets at market, unrounded. Raises PricesUnavailable where assets are held, StorageUnavailable."""

        def work(tx: Transaction) -> tuple[Decimal, list[Holding]]:
            return tx.users.balance(identity.user_id), tx.assets.holdings(identity.user_id)

        cash, holdings = self.storage.read(work)
        return net_worth(cash, holdings, self._needed(holdings))

    def performance(self, identity: Identity) -> list[AssetPerformance]:
        """Realised and unrealised profit of each asset that is or was held, by symbol.

        Raises PricesUnavailable where assets are held, StorageUnavailable.
        """
        holdings = self.storage.read(lambda tx: tx.assets.holdings(identity.user_id))
        market = self._needed(holdings)
        return [performance(one, market) for one in holdings]

    def _needed(self, holdings: list[Holding]) -> Market:
        """The market, if anything has to be valued by it."""
        return self.prices.current() if any(one.quantity for one in holdings) else {}
