"""The bot: switched on and off, its rounds, its trades and their reasons. Source: seed B, task 8; contract B13, B6."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from falcon.testing import Result

from adapters.memory.clock import SetClock
from adapters.memory.prices import FixedPrices
from domain.use_cases.market.manage_auto_invest import AUTO_INVEST
from domain.use_cases.market.run_auto_invest import RunAutoInvest
from entrypoints.composition import Hucha, build
from entrypoints.settings import Settings
from tests.customers import PIN
from tests.http.accounts import Customer, at_once, open_account, says
from tests.http.bodies import MALFORMED
from tests.http.investors import (
    BOT,
    BOUGHT,
    DISABLE,
    ENABLE,
    SOLD,
    assets,
    denies_strangers,
    exactly,
    get,
    investing_bank,
    over,
    performance,
    told_in_text,
    trade_letters,
    types,
    work,
)
from tests.http.notifying.alerts import drop, fired, savings
from tests.http.signing_in import BLANKS, stored_settings

pytestmark = pytest.mark.money(ana="2000.00")

ENABLED = "Automatic investment enabled successfully."
DISABLED = "Automatic investment disabled successfully."
EMPTY = "PIN cannot be null or empty"
START = datetime(2024, 1, 1, tzinfo=UTC)
START_MS = 1_704_067_200_000
OFF = {"enabled": False, "changedAt": None, "intervalSeconds": 30, "realisedProfit": 0, "trades": []}

BOT_LETTER = """\
Dear Nuwe Test,

You have successfully purchased 0.06 units of GOLD for a total amount of $50.00.

Current holdings of GOLD: 1.06 units

Summary of current assets:
- GOLD: 1.06 units purchased at $988.24

Account Balance: $950.00
Net Worth: $1800.00

Thank you for using our investment services.

Best Regards,
Investment Management Team
"""


class Falling(FixedPrices):
    """A market that falls by a tenth whenever somebody has looked, so that every round of the bot buys."""

    def current(self) -> Mapping[str, Decimal]:
        seen = super().current()
        for symbol, price in seen.items():
            self.set(symbol, (price * 9 / 10).quantize(Decimal("0.0001")))
        return seen


@pytest.fixture
def clock() -> SetClock:
    return SetClock(START)


@pytest.fixture
def market() -> FixedPrices:
    return FixedPrices({"GOLD": "1000", "BTC": "8000", "SILVER": "4"})


@pytest.fixture
def hucha(clock: SetClock, market: FixedPrices) -> Hucha:
    return investing_bank(clock, market)


def gold_digger(hucha: Hucha, name: str) -> Customer:
    """A customer who has 1000 in cash, and a unit of gold that was bought at 1000."""
    customer = open_account(hucha, name, "2000.00")
    told_in_text(customer.buy("GOLD", 1000), BOUGHT)
    return customer


def enable(customer: Customer, pin: object = PIN) -> Result:
    return customer.ask(ENABLE, {"pin": pin})


def disable(customer: Customer) -> Result:
    return customer.client.simulate_post(DISABLE, headers=customer.bearer)


def on(customer: Customer) -> None:
    told_in_text(enable(customer), ENABLED)


def off(customer: Customer) -> None:
    told_in_text(disable(customer), DISABLED)


def show(customer: Customer, query: str = "") -> dict[str, Any]:
    return exactly(get(customer, BOT, query))


def trades(customer: Customer) -> list[dict[str, Any]]:
    """The bot's, oldest first."""
    return list(reversed(show(customer)["trades"]))


def after(clock: SetClock, hucha: Hucha, seconds: float = 30) -> None:
    """So much later, when what is due is done."""
    clock.advance(timedelta(seconds=seconds))
    work(hucha.due_work)


# Switched on and off.


def test_the_example_of_the_seed(ana: Customer) -> None:
    # contract: B13
    told_in_text(ana.ask(ENABLE, b'{"pin": "1811"}'), ENABLED)
    assert show(ana) == OFF | {"enabled": True, "changedAt": START_MS}


def test_a_bot_that_was_never_on(ana: Customer) -> None:
    # contract: B13
    assert show(ana) == OFF
    assert list(show(ana)) == list(OFF)
    off(ana)
    assert show(ana) == OFF


def test_it_is_switched_on_and_off_and_on_again(ana: Customer, clock: SetClock) -> None:
    # contract: B13, G6
    states = []
    for switch in (on, on, off, off, on):
        clock.advance(timedelta(seconds=1))
        switch(ana)
        states.append((show(ana)["enabled"], (show(ana)["changedAt"] - START_MS) // 1000))
    assert states == [(True, 1), (True, 1), (False, 3), (False, 3), (True, 5)]


@pytest.mark.parametrize("pin", BLANKS)
def test_an_empty_pin_is_400(ana: Customer, hucha: Hucha, pin: str | None) -> None:
    """Whatever the PIN is, and whether there is one."""
    # contract: B13, G4
    nobody = open_account(hucha, "nobody", pin=None)
    for customer in (ana, nobody):
        says(enable(customer, pin), 400, EMPTY)
        assert show(customer) == OFF


def test_a_missing_pin_is_400(ana: Customer) -> None:
    # contract: B13
    for body in (b"", b"{}", b'{"PIN": "1811"}'):
        says(ana.ask(ENABLE, body), 400, EMPTY)
    assert show(ana) == OFF


@pytest.mark.parametrize("pin", ["0000", "181", "18110", " 1811", "1811 ", "１８１１", 1811, 0, False, True, [], {}])
def test_a_wrong_pin_is_403(ana: Customer, pin: object) -> None:
    # contract: B13
    says(enable(ana, pin), 403, "Invalid PIN")
    assert show(ana) == OFF


def test_without_a_pin_no_pin_is_right(hucha: Hucha) -> None:
    # contract: B13
    nobody = open_account(hucha, "nobody", pin=None)
    for pin in ("1811", "0000"):
        says(enable(nobody, pin), 403, "Invalid PIN")


def test_five_wrong_pins_lock_it(ana: Customer, clock: SetClock) -> None:
    # contract: B6
    for _ in range(5):
        says(enable(ana, "9999"), 403, "Invalid PIN")
    says(enable(ana), 403, "PIN locked")
    says(enable(ana, ""), 400, EMPTY)
    says(ana.buy("GOLD", 1), 403, "PIN locked")
    clock.advance(timedelta(minutes=15))
    on(ana)


def test_it_is_switched_off_without_a_pin(ana: Customer) -> None:
    # contract: B13
    on(ana)
    for _ in range(5):
        enable(ana, "9999")
    off(ana)
    assert show(ana)["enabled"] is False


def test_the_token_comes_first_and_the_body_second(ana: Customer) -> None:
    # contract: G3, G4
    headers = {"Content-Type": "application/json"}
    for body in (b"", b"nonsense", b'{"pin": "1811"}', b'{"pin": "9999"}'):
        for path in (ENABLE, DISABLE):
            answer = ana.client.simulate_post(path, body=body, headers=headers)
            says(answer, 401, "Access Denied")
            assert answer.headers["WWW-Authenticate"] == "Bearer"
    denies_strangers(ana.client, BOT)
    for body in MALFORMED.values():
        answer = ana.ask(ENABLE, body)
        assert (answer.status_code, answer.text != EMPTY) == (400, True)
    assert ana.client.simulate_post(ENABLE, body=b"{}", headers=ana.bearer).status_code == 415
    assert ana.ask(ENABLE, b"{}" + b" " * 2**20).status_code == 413
    assert show(ana) == OFF


# The case study.


def test_gold_that_fell_from_1000_to_800_is_bought_for_a_twentieth_of_the_cash(
    ana: Customer, clock: SetClock, hucha: Hucha, market: FixedPrices
) -> None:
    # contract: B13
    on(ana)
    market.set("GOLD", "800")
    after(clock, hucha)
    assert (ana.balance(), assets(ana)) == (950, {"GOLD": Decimal("1.0625")})
    (trade,) = trades(ana)
    assert trade == {
        "id": ana.history()[0]["id"],
        "assetSymbol": "GOLD",
        "transactionType": "ASSET_PURCHASE",
        "quantity": Decimal("0.0625"),
        "price": 800,
        "amount": 50,
        "profit": None,
        "reason": "The price 800 is at or below 990, 1 % under the average purchase price of 1000",
        "transactionDate": START_MS + 30_000,
    }
    assert types(ana)[-1] == ("ASSET_PURCHASE", 50)


def test_gold_that_rose_from_1000_to_1200_is_sold_by_a_fifth_and_the_profit_is_shown(
    ana: Customer, clock: SetClock, hucha: Hucha, market: FixedPrices
) -> None:
    # contract: B13
    on(ana)
    market.set("GOLD", "1200")
    after(clock, hucha)
    assert (ana.balance(), assets(ana)) == (1240, {"GOLD": Decimal("0.8")})
    (trade,) = trades(ana)
    assert (trade["transactionType"], trade["quantity"], trade["amount"]) == ("ASSET_SELL", Decimal("0.2"), 240)
    assert trade["reason"] == "The price 1200 is at or above 1010, 1 % over the average purchase price of 1000"
    assert trade["profit"] == show(ana)["realisedProfit"] == performance(ana)["realisedProfit"] == 40


def test_first_down_then_up(ana: Customer, clock: SetClock, hucha: Hucha, market: FixedPrices) -> None:
    """The second reference is the price of the bot's last trade: what it sells cost 1050 / 1.0625."""
    # contract: B13
    on(ana)
    for price in ("800", "1200"):
        market.set("GOLD", price)
        after(clock, hucha)
    _, sale = trades(ana)
    assert (sale["quantity"], sale["amount"], sale["profit"]) == (Decimal("0.2125"), 255, 45)
    assert sale["reason"] == "The price 1200 is at or above 808, 1 % over the last trade's price of 800"
    assert show(ana)["realisedProfit"] == 45
    assert ana.balance() == 950 + 255


@pytest.mark.parametrize(
    ("price", "trade"),
    [
        ("990.000000000001", []),
        ("990", ["ASSET_PURCHASE"]),
        ("1009.999999999999", []),
        ("1010", ["ASSET_SELL"]),
        ("1000", []),
    ],
)
def test_a_hundredth_is_what_it_takes(
    ana: Customer, clock: SetClock, hucha: Hucha, market: FixedPrices, price: str, trade: list[str]
) -> None:
    # contract: B13
    on(ana)
    market.set("GOLD", price)
    after(clock, hucha)
    assert [one["transactionType"] for one in trades(ana)] == trade


# Its rounds.


def test_the_first_round_comes_an_interval_after_it_was_switched_on_and_not_before(
    ana: Customer, clock: SetClock, hucha: Hucha, market: FixedPrices
) -> None:
    # contract: B13
    on(ana)
    market.set("GOLD", "800")
    work(hucha.due_work)
    after(clock, hucha, 29.999999)
    assert trades(ana) == []
    after(clock, hucha, 0.000001)
    assert len(trades(ana)) == 1


class TestRounds:
    """Each of them buys, for the market falls."""

    @pytest.fixture
    def market(self) -> FixedPrices:
        return Falling({"GOLD": "1000"})

    def rounds(self, customer: Customer) -> list[int]:
        """At which seconds there was one."""
        return [(one["transactionDate"] - START_MS) // 1000 for one in trades(customer)]

    def test_there_is_one_every_30_seconds(self, ana: Customer, clock: SetClock, hucha: Hucha) -> None:
        # contract: B13
        on(ana)
        for _ in range(95):
            after(clock, hucha, 1)
        assert self.rounds(ana) == [30, 60, 90]

    @pytest.mark.parametrize("seconds", [1, 5, 3600])
    def test_or_as_often_as_is_configured(self, clock: SetClock, market: FixedPrices, seconds: int) -> None:
        # contract: B13
        settings = Settings.from_environment({"AUTO_INVEST_INTERVAL_SECONDS": str(seconds)})
        interval = settings.auto_invest_interval_seconds
        hucha = investing_bank(clock, market, auto_invest_interval_seconds=interval)
        ana = gold_digger(hucha, "ana")
        on(ana)
        after(clock, hucha, seconds - 0.000001)
        assert self.rounds(ana) == []
        after(clock, hucha, 0.000001)
        after(clock, hucha, seconds)
        assert self.rounds(ana) == [seconds, 2 * seconds]
        assert show(ana)["intervalSeconds"] == seconds

    def test_switching_it_on_twice_doubles_and_postpones_nothing(
        self, ana: Customer, clock: SetClock, hucha: Hucha
    ) -> None:
        # contract: B13
        on(ana)
        for _ in range(3):
            after(clock, hucha, 10)
            on(ana)
        after(clock, hucha, 30)
        after(clock, hucha, 30)
        assert self.rounds(ana) == [30, 60, 90]

    def test_there_is_none_after_it_was_switched_off(self, ana: Customer, clock: SetClock, hucha: Hucha) -> None:
        # contract: B13
        on(ana)
        after(clock, hucha, 30)
        clock.advance(timedelta(seconds=29))
        off(ana)
        for _ in range(5):
            after(clock, hucha, 30)
        assert self.rounds(ana) == [30]

    def test_not_even_where_one_was_due(self, ana: Customer, clock: SetClock, hucha: Hucha) -> None:
        on(ana)
        clock.advance(timedelta(seconds=45))
        off(ana)
        work(hucha.due_work)
        assert self.rounds(ana) == []

    def test_switched_on_again_it_goes_on(self, ana: Customer, clock: SetClock, hucha: Hucha) -> None:
        # contract: B13
        on(ana)
        after(clock, hucha, 30)
        off(ana)
        after(clock, hucha, 100)
        on(ana)
        after(clock, hucha, 30)
        after(clock, hucha, 30)
        assert self.rounds(ana) == [30, 160, 190]

    def test_switched_off_and_on_again_at_once_its_first_round_comes_an_interval_later_too(
        self, ana: Customer, clock: SetClock, hucha: Hucha
    ) -> None:
        # contract: B13
        on(ana)
        after(clock, hucha, 20)
        off(ana)
        on(ana)
        for _ in range(40):
            after(clock, hucha, 1)
        assert self.rounds(ana) == [50]

    def test_after_hours_of_downtime_there_is_one_round_and_not_many(
        self, ana: Customer, clock: SetClock, hucha: Hucha
    ) -> None:
        # contract: B13
        on(ana)
        after(clock, hucha, 5 * 3600)
        work(hucha.due_work)
        assert self.rounds(ana) == [18_000]
        after(clock, hucha, 29)
        after(clock, hucha, 1)
        assert self.rounds(ana) == [18_000, 18_030]

    def test_it_works_on_while_its_user_is_signed_out(self, ana: Customer, clock: SetClock, hucha: Hucha) -> None:
        # contract: B13
        on(ana)
        assert get(ana, "/api/users/logout").status_code == 200
        after(clock, hucha, 30)
        assert self.rounds(ana.signed_in_again()) == [30]

    @pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 1000])
    def test_pages_of_trades_put_together_are_all_of_them(
        self, ana: Customer, clock: SetClock, hucha: Hucha, limit: int
    ) -> None:
        # contract: B13
        on(ana)
        for _ in range(4):
            after(clock, hucha)
            told_in_text(ana.buy("GOLD", 1), BOUGHT)
        found, query = [], f"limit={limit}"
        while query:
            answer = get(ana, BOT, query)
            found.append(answer.json.pop("trades"))
            assert answer.json["realisedProfit"] == 0
            link = re.fullmatch(rf'<{BOT}\?([^>]+)>; rel="?next"?', answer.headers.get("Link", ""))
            query = link[1] if link else ""
            assert bool(link) is ("Link" in answer.headers)
        ids = [one["id"] for page in found for one in page]
        assert ids == sorted(ids, reverse=True)
        assert len(ids) == 4, "and none of the customer's own"
        assert all(len(page) == limit for page in found[:-1])
        assert 1 <= len(found[-1]) <= limit, "no Link leads to an empty page"

    def test_raced_by_workers_it_plays_one_round(self, market: FixedPrices, database: Path, tmp_path: Path) -> None:
        # contract: B13
        bank = build(stored_settings(database, tmp_path / "mail"))
        try:
            ana, ben = (gold_digger(over(bank, market), name) for name in ("ana", "ben"))
            handlers = {AUTO_INVEST: RunAutoInvest(market, timedelta(seconds=30))}
            due_work = attrs.evolve(bank.due_work, handlers=handlers)
            on(ana)
            on(ben)
            late = due_work.clock.now() + timedelta(hours=1)
            at_once(4, lambda _: [due_work.run_once(late) for _ in range(2)])
            assert [len(trades(one)) for one in (ana, ben)] == [1, 1]
            assert [one.balance() for one in (ana, ben)] == [950, 950]
            assert bank.audit() == (2, [])
        finally:
            bank.close()


BAD = ["", "0x1", "x", "1.0", "-1", "1e2", " 1", "+1", "１", "9007199254740992", "%00"]


@pytest.mark.parametrize(
    "query", [f"limit={value}" for value in [*BAD, "0", "1001"]] + [f"before={value}" for value in BAD]
)
def test_a_bad_query_is_400_and_named(ana: Customer, query: str) -> None:
    # contract: G2
    answer = get(ana, BOT, query)
    assert answer.status_code == 400
    assert re.fullmatch(rf"Invalid fields: {query.partition('=')[0]} [^;]+\.", answer.text)


# The market.


def test_while_the_prices_are_down_nothing_is_traded_and_the_next_round_works(
    ana: Customer, clock: SetClock, hucha: Hucha, market: FixedPrices
) -> None:
    # contract: B11, B13
    on(ana)
    market.set("GOLD", "800")
    market.fail("no answer")
    after(clock, hucha)
    after(clock, hucha)
    market.recover()
    after(clock, hucha, 29)
    assert (trades(ana), ana.balance()) == ([], 1000)
    after(clock, hucha, 1)
    assert len(trades(ana)) == 1


def test_an_asset_without_a_price_is_left_alone_and_the_others_are_not(
    ana: Customer, clock: SetClock, hucha: Hucha, market: FixedPrices
) -> None:
    # contract: B13
    for symbol in ("BTC", "SILVER"):
        told_in_text(ana.buy(symbol, 100), BOUGHT)
    on(ana)
    for symbol, price in (("BTC", "4000"), ("SILVER", "2")):
        market.set(symbol, price)
    market.forget("GOLD")
    after(clock, hucha)
    assert [one["assetSymbol"] for one in trades(ana)] == ["BTC", "SILVER"]
    assert assets(ana)["GOLD"] == 1
    market.set("GOLD", "500")
    after(clock, hucha)
    assert [one["assetSymbol"] for one in trades(ana)] == ["BTC", "SILVER", "GOLD"]


def test_holdings_go_by_symbol_and_each_sees_the_cash_that_the_last_left(
    ana: Customer, clock: SetClock, hucha: Hucha, market: FixedPrices
) -> None:
    # contract: B13
    for symbol in ("SILVER", "BTC"):
        told_in_text(ana.buy(symbol, 400), BOUGHT)
    on(ana)
    for symbol, price in (("SILVER", "2"), ("GOLD", "1100"), ("BTC", "4000")):
        market.set(symbol, price)
    after(clock, hucha)
    assert [(one["assetSymbol"], one["transactionType"], one["amount"]) for one in trades(ana)] == [
        ("BTC", "ASSET_PURCHASE", 10),  # of 200
        ("GOLD", "ASSET_SELL", 220),
        ("SILVER", "ASSET_PURCHASE", Decimal("20.50")),  # of 410
    ]
    assert ana.balance() == Decimal("389.50")


@pytest.mark.parametrize(
    ("cash", "amount"),
    [("0.00", None), ("0.99", None), ("1.00", "1.00"), ("19.99", "1.00"), ("20.39", "1.01"), ("20.40", "1.02")],
)
def test_it_buys_for_1_at_least_or_not_at_all(
    ana: Customer, clock: SetClock, hucha: Hucha, market: FixedPrices, cash: str, amount: str | None
) -> None:
    # contract: B13
    assert ana.withdraw(str(1000 - Decimal(cash))).status_code == 200
    on(ana)
    market.set("GOLD", "800")
    after(clock, hucha)
    assert [one["amount"] for one in trades(ana)] == ([] if amount is None else [Decimal(amount)])
    assert ana.balance() == Decimal(cash) - Decimal(amount or 0)


def test_what_was_sold_out_isnt_looked_at(ana: Customer, clock: SetClock, hucha: Hucha, market: FixedPrices) -> None:
    # contract: B13
    told_in_text(ana.sell("GOLD", 1), SOLD)
    on(ana)
    market.set("GOLD", "1")
    after(clock, hucha)
    assert (trades(ana), assets(ana)) == ([], {})


def test_who_comes_back_is_measured_by_the_new_average(
    ana: Customer, clock: SetClock, hucha: Hucha, market: FixedPrices
) -> None:
    # contract: B13
    on(ana)
    market.set("GOLD", "800")
    after(clock, hucha)
    told_in_text(ana.sell("GOLD", "1.0625"), SOLD)
    market.set("GOLD", "900")
    told_in_text(ana.buy("GOLD", 900), BOUGHT)
    after(clock, hucha)
    assert len(trades(ana)) == 1
    market.set("GOLD", "909")
    after(clock, hucha)
    assert trades(ana)[-1]["reason"] == ("The price 909 is at or above 909, 1 % over the average purchase price of 900")


def test_a_sale_that_the_account_cant_hold_is_left_for_later(
    hucha: Hucha, clock: SetClock, market: FixedPrices, ana: Customer
) -> None:
    """And spoils nobody else's round."""
    # contract: G5, B13
    rich = open_account(hucha, "rich", "9999999999999.99")
    told_in_text(rich.buy("GOLD", 1000), BOUGHT)
    rich.deposit("999.99")
    on(rich)
    on(ana)
    market.set("GOLD", "1200")
    after(clock, hucha)
    assert (trades(rich), len(trades(ana))) == ([], 1)
    assert rich.balance() == Decimal("9999999999999.98")
    rich.withdraw("240")
    after(clock, hucha, 29)
    assert trades(rich) == [], "the next round comes when it would have come"
    after(clock, hucha, 1)
    assert [one["amount"] for one in trades(rich)] == [240]


# What comes of it.


def test_every_reason_is_a_sentence_with_numbers(
    ana: Customer, clock: SetClock, hucha: Hucha, market: FixedPrices
) -> None:
    # contract: B13
    on(ana)
    for price in ("800", "700.50", "1200", "1300.25", "1"):
        market.set("GOLD", price)
        after(clock, hucha)
    found = trades(ana)
    assert len(found) == 5
    for trade in found:
        numbers = [Decimal(number) for number in re.findall(r"[0-9]+(?:\.[0-9]+)?", trade["reason"])]
        assert numbers[0] == trade["price"]
        assert len(numbers) == 4
        assert re.fullmatch(r"The price [0-9.]+ is at or (below|above) [0-9.]+, 1 % .+ of [0-9.]+", trade["reason"])
        assert ("below" in trade["reason"]) is (trade["transactionType"] == "ASSET_PURCHASE")


def test_realised_profit_is_the_sum_of_the_profits_of_its_sales(
    ana: Customer, clock: SetClock, hucha: Hucha, market: FixedPrices
) -> None:
    """The customer's own sales are none of the bot's."""
    # contract: B13
    on(ana)
    for price in ("1200", "1000", "1464.14", "3000", "1", "7.77", "5"):
        market.set("GOLD", price)
        after(clock, hucha)
    market.set("GOLD", "500")
    told_in_text(ana.sell("GOLD", "0.1"), SOLD)
    sales = [one for one in trades(ana) if one["transactionType"] == "ASSET_SELL"]
    assert [one["profit"] is None for one in trades(ana)].count(False) == len(sales) == 4
    assert show(ana)["realisedProfit"] == sum(one["profit"] for one in sales) != 0
    own = performance(ana)["realisedProfit"] - show(ana)["realisedProfit"]
    (told,) = (one for one in ana.told() if one.kind == "trade" and one.data["amount"] == "50.00")
    assert own == Decimal(str(told.data["profit"]))


def test_a_loss_is_told_as_one(ana: Customer, clock: SetClock, hucha: Hucha, market: FixedPrices) -> None:
    # contract: B13
    on(ana)
    for price in ("500", "510"):
        market.set("GOLD", price)
        after(clock, hucha)
    _, sale = trades(ana)
    assert sale["profit"] == show(ana)["realisedProfit"] < 0


def test_each_trade_of_the_bots_has_its_letter_and_its_notification(
    ana: Customer, clock: SetClock, hucha: Hucha, market: FixedPrices
) -> None:
    # contract: B10, B13, D8
    on(ana)
    market.set("GOLD", "800")
    after(clock, hucha)
    letter = trade_letters(hucha)[-1]
    assert (letter.recipient, letter.subject) == ("ana@nuwe.com", "Investment Purchase Confirmation")
    assert letter.body == BOT_LETTER
    told = ana.told()[0]
    (trade,) = trades(ana)
    assert (told.kind, told.data["transaction_id"], told.data["reason"]) == ("trade", trade["id"], trade["reason"])
    after(clock, hucha)
    market.set("GOLD", "900")
    after(clock, hucha)
    assert [one.subject.split()[1] for one in trade_letters(hucha)] == ["Purchase", "Purchase", "Sale"]
    assert sum(one.kind == "trade" for one in ana.told()) == 3
    assert len({one.message_id for one in trade_letters(hucha)}) == 3


def test_alerts_look_at_the_balance_after_its_trades(
    ana: Customer, clock: SetClock, hucha: Hucha, market: FixedPrices
) -> None:
    # contract: A11, B13
    fall, goal = drop(ana, 50), savings(ana, 5000, 1100)
    on(ana)
    for price in ("800", "1200"):
        market.set("GOLD", price)
        after(clock, hucha)
    assert fired(ana) == [fall, goal]


def test_the_bot_of_one_never_touches_the_assets_of_another(
    ana: Customer, clock: SetClock, hucha: Hucha, market: FixedPrices
) -> None:
    # contract: B13, G3
    ben, cleo = gold_digger(hucha, "ben"), gold_digger(hucha, "cleo")
    on(ana)
    on(cleo)
    off(cleo)
    for price in ("800", "1200", "600"):
        market.set("GOLD", price)
        after(clock, hucha)
    assert len(trades(ana)) == 3
    for other in (ben, cleo):
        assert (other.balance(), assets(other), trades(other)) == (1000, {"GOLD": 1}, [])
        assert show(other)["realisedProfit"] == 0
        assert len(other.history()) == 2


def test_the_bots_of_two_trade_for_each_by_what_each_has(
    ana: Customer, clock: SetClock, hucha: Hucha, market: FixedPrices
) -> None:
    # contract: B13
    ben = open_account(hucha, "ben", "300.00")
    market.set("GOLD", "500")
    told_in_text(ben.buy("GOLD", 100), BOUGHT)
    on(ana)
    on(ben)
    market.set("GOLD", "800")
    after(clock, hucha)
    assert [(one["transactionType"], one["amount"]) for one in trades(ana)] == [("ASSET_PURCHASE", 50)]
    assert [(one["transactionType"], one["amount"]) for one in trades(ben)] == [("ASSET_SELL", 32)]
    assert hucha.audit() == (2, [])
