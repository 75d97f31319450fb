"""Buying and selling, and what it comes to: the answers, and the order of checks. Source: seed B, tasks 5 to 7."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from falcon.testing import Result

from adapters.memory.clock import SetClock
from adapters.memory.prices import FixedPrices
from entrypoints.composition import Hucha
from tests.customers import PIN
from tests.http.accounts import BUY, SELL, Customer, at_once, open_account, says
from tests.http.bodies import BAD_VALUES, MALFORMED, body_of
from tests.http.documented import everything
from tests.http.investors import (
    ASSETS,
    BOUGHT,
    NET_WORTH,
    NOT_BOUGHT,
    NOT_SOLD,
    PERFORMANCE,
    SOLD,
    assets,
    denies_strangers,
    get,
    investing_bank,
    net_worth,
    over,
    performance,
    told_in_text,
    trace,
    trade_letters,
    types,
)
from tests.http.notifying.alerts import drop, fired, savings

pytestmark = pytest.mark.money(ana="6000.00")

BOTH = (BUY, SELL)
TRADE = {"assetSymbol": "GOLD", "pin": PIN, "amount": 10, "quantity": "0.01"}
"""Both orders in one: each reads its own size."""

RAW = {"assetSymbol": '"GOLD"', "pin": '"1811"', "amount": "10", "quantity": "0.01"}
REUSED = "The idempotency key was used for another request."
MEBIBYTE = 1024 * 1024

BAD_AMOUNTS = BAD_VALUES["amount"]
BAD_QUANTITIES = [raw for raw in BAD_AMOUNTS if raw not in {"0.001", "42.001", "1e-3", '"42.001"'}] + [
    "0.0000000000001",
    "1e-13",
    "0.3000000000001",
    '"0.0000000000001"',
    '"1.0000000000000000000000000000000000000001"',
    "1e20",
    '"100000000000000000000"',
    '"99999999999999999999.9999999999999"',
]
BAD_SYMBOLS = [
    *(None, "null", '""', '" "', r'"\t\n"', "true", "0", "1.5", "[]", '["GOLD"]', "{}", '{"GOLD": 1}'),
    *('"gold"', '"Gold"', '"GOLD "', '" GOLD"', '"PLATINUM"', '"G\\u00d3LD"', '"\\uff27OLD"', '"*"', '"GOLD,BTC"'),
    f'"{"G" * 100_000}"',
]


@pytest.fixture
def market() -> FixedPrices:
    return FixedPrices({"GOLD": "1000", "BTC": "8304.25", "SILVER": "4"})


@pytest.fixture
def hucha(clock: SetClock, market: FixedPrices) -> Hucha:
    return investing_bank(clock, market)


def order(path: str, **raw: str | None) -> bytes:
    """A body with these values written just so; a sound order in all else."""
    size = "amount" if path == BUY else "quantity"
    return body_of({name: RAW[name] for name in ("assetSymbol", "pin", size)} | raw)


def fails(answer: Result, path: str) -> None:
    """Whether the trade was refused in the seed's one sentence for all that can be wrong with it."""
    says(answer, 500, NOT_BOUGHT if path == BUY else NOT_SOLD)


# The seed's examples.


def test_the_examples_of_the_seed_one_after_the_other(hucha: Hucha, market: FixedPrices) -> None:
    # contract: B10
    nuwe = open_account(hucha, "nuwe", "79000.00")
    market.set("GOLD", "1464.14")
    told_in_text(nuwe.ask(BUY, b'{"assetSymbol": "GOLD", "pin": "1811", "amount": 1000.0}'), BOUGHT)
    assert get(nuwe, ASSETS).text == '{"GOLD":0.682994795579}'
    market.set("GOLD", "1756.24")
    told_in_text(nuwe.ask(SELL, b'{"assetSymbol": "GOLD", "pin": "1811", "quantity": 0.3}'), SOLD)
    assert get(nuwe, ASSETS).text == '{"GOLD":0.382994795579}'
    assert nuwe.balance() == Decimal("78526.87")
    assert get(nuwe, NET_WORTH).text == "79199.50077978766296"
    assert types(nuwe) == [("CASH_DEPOSIT", 79000), ("ASSET_PURCHASE", 1000), ("ASSET_SELL", Decimal("526.87"))]


def test_who_holds_nothing_has_an_empty_object_and_is_worth_their_cash(hucha: Hucha) -> None:
    # contract: B10
    nuwe = open_account(hucha, balance="12.30")
    assert get(nuwe, ASSETS).text == "{}"
    assert net_worth(nuwe) == Decimal("12.30")
    assert performance(nuwe) == {"assets": {}, "realisedProfit": 0, "unrealisedProfit": 0}


def test_the_price_of_the_moment_is_paid(ana: Customer, market: FixedPrices) -> None:
    # contract: B11
    for price in ("500", "250", "2000"):
        market.set("GOLD", price)
        told_in_text(ana.buy("GOLD", 1000), BOUGHT)
    assert assets(ana) == {"GOLD": Decimal("7.5")}  # 1 + 2 + 4 + 0.5
    told_in_text(ana.sell("GOLD", "7.5"), SOLD)
    assert ana.balance() == 17000


def test_the_history_tells_both_kinds_of_trades(ana: Customer, clock: SetClock) -> None:
    # contract: B9
    clock.advance(timedelta(seconds=5))
    told_in_text(ana.sell("GOLD", "0.25"), SOLD)
    sale, purchase = ana.history()[:2]
    assert (purchase["transactionType"], purchase["amount"]) == ("ASSET_PURCHASE", 1000)
    assert (sale["transactionType"], sale["amount"]) == ("ASSET_SELL", 250)
    assert sale["transactionDate"] - purchase["transactionDate"] == 5000
    for entry in (sale, purchase):
        assert (entry["sourceAccountNumber"], entry["targetAccountNumber"]) == (ana.account_number, "N/A")
        assert "reference" not in entry


def test_assets_are_listed_by_symbol(ana: Customer) -> None:
    # contract: B10
    for symbol in ("SILVER", "BTC"):
        told_in_text(ana.buy(symbol, 100), BOUGHT)
    assert list(assets(ana)) == list(performance(ana)["assets"]) == ["BTC", "GOLD", "SILVER"]


def test_customers_hold_their_own_assets(ana: Customer, hucha: Hucha) -> None:
    ben = open_account(hucha, "ben", "100.00")
    assert assets(ben) == {}
    fails(ben.sell("GOLD", "0.1"), SELL)
    told_in_text(ben.buy("GOLD", 100), BOUGHT)
    fails(ben.sell("GOLD", "0.2"), SELL)
    assert (assets(ana), assets(ben)) == ({"GOLD": 1}, {"GOLD": Decimal("0.1")})


# The order of checks.


def test_reading_needs_a_token_and_no_pin(ana: Customer) -> None:
    # contract: G3
    denies_strangers(ana.client, ASSETS, NET_WORTH, PERFORMANCE)


@pytest.mark.parametrize("path", BOTH)
def test_the_token_comes_first(ana: Customer, market: FixedPrices, path: str) -> None:
    # contract: B7, G3
    market.fail("no answer")
    headers = {"Content-Type": "application/json", "Idempotency-Key": ""}
    for body in (b"", b"nonsense", order(path), order(path, pin='"9999"'), order(path, assetSymbol="null")):
        answer = ana.client.simulate_post(path, body=body, headers=headers)
        says(answer, 401, "Access Denied")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    answer = ana.client.simulate_post(path, body=b"{}", headers=headers | {"Authorization": "Bearer garbage"})
    says(answer, 401, "Access Denied")


@pytest.mark.parametrize("path", BOTH)
def test_a_malformed_body_is_400_and_never_the_500_of_a_trade(ana: Customer, path: str) -> None:
    # contract: B7, G4
    before = trace(ana)
    for body in MALFORMED.values():
        answer = ana.ask(path, body)
        assert answer.status_code == 400
        assert answer.headers["Content-Type"].partition(";")[0] == "text/plain"
        assert "Invalid fields" not in answer.text, "no field was read"
    assert trace(ana) == before


@pytest.mark.parametrize("path", BOTH)
def test_a_body_of_another_kind_or_too_large_is_415_or_413(ana: Customer, path: str) -> None:
    # contract: B7, G4
    for content_type in ("text/plain", "application/x-www-form-urlencoded"):
        headers = ana.bearer | {"Content-Type": content_type}
        assert ana.client.simulate_post(path, body=order(path), headers=headers).status_code == 415
    large = order(path) + b" " * MEBIBYTE
    says(ana.ask(path, large), 413, "The body is larger than 1 MiB.")


@pytest.mark.parametrize("path", BOTH)
def test_the_largest_integer_is_well_formed_and_one_more_is_not(ana: Customer, path: str) -> None:
    # contract: B7, G4
    size = "amount" if path == BUY else "quantity"
    fails(ana.ask(path, order(path, **{size: str(2**64 - 1)})), path)
    assert ana.ask(path, order(path, **{size: str(2**64)})).status_code == 400
    assert ana.ask(path, order(path, **{size: str(10**20)})).status_code == 400


@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize("key", ["", "k" * 256, "clé", "a\tb"])
def test_a_key_that_is_none_is_400_before_the_pin_is_tried(ana: Customer, path: str, key: str) -> None:
    # contract: G8
    for _ in range(6):
        answer = ana.ask(path, order(path, pin='"9999"'), key)
        assert (answer.status_code, answer.text[:30]) == (400, "Invalid fields: Idempotency-Ke")
    says(ana.ask(path, order(path, pin='"9999"')), 403, "Invalid PIN")


@pytest.mark.parametrize("path", BOTH)
def test_the_same_request_again_has_the_same_answer_and_trades_nothing(
    ana: Customer, market: FixedPrices, path: str
) -> None:
    """Not even the market matters: the answer is known."""
    # contract: B7, G8
    first = ana.ask(path, order(path), "k")
    assert first.status_code == 200
    after = trace(ana)
    market.set("GOLD", "1")
    again = [ana.ask(path, order(path), "k")]
    market.forget("GOLD")
    again.append(ana.ask(path, order(path), "k"))
    market.fail("no answer")
    again.append(ana.ask(path, order(path), "k"))
    assert {(one.status, one.content, one.headers["Content-Type"]) for one in again} == {
        (first.status, first.content, first.headers["Content-Type"])
    }
    assert trace(ana) == after


@pytest.mark.parametrize("path", BOTH)
def test_another_body_with_the_same_key_is_422(ana: Customer, market: FixedPrices, path: str) -> None:
    # contract: B7, G8
    told_in_text(ana.ask(path, order(path), "k"), BOUGHT if path == BUY else SOLD)
    market.fail("no answer")
    size = "amount" if path == BUY else "quantity"
    others = [order(path, **{size: raw}) for raw in ('"10"', "null", "0.02", "-1")]
    others += [order(path, assetSymbol='"BTC"'), order(path, pin='"9999"'), order(path) + b" ", b"{}", b""]
    for other in others:
        says(ana.ask(path, other, "k"), 422, REUSED)
    assert len(ana.history()) == 3


def test_a_purchase_and_a_sale_dont_share_a_key(ana: Customer) -> None:
    # contract: G8
    assert ana.ask(BUY, TRADE, "k").status_code == 200
    says(ana.ask(SELL, TRADE, "k"), 422, REUSED)


@pytest.mark.parametrize("path", BOTH)
def test_a_trade_that_failed_may_succeed_with_the_same_key(ana: Customer, market: FixedPrices, path: str) -> None:
    """Only successes are kept."""
    # contract: G8
    market.fail("no answer")
    fails(ana.ask(path, order(path), "k"), path)
    fails(ana.ask(path, order(path, assetSymbol="null"), "k"), path)
    market.recover()
    assert [ana.ask(path, order(path), "k").status_code for _ in range(2)] == [200, 200]
    assert len(ana.history()) == 3


@pytest.mark.parametrize("path", BOTH)
def test_a_wrong_or_missing_pin_is_403_whatever_else_is_wrong(ana: Customer, market: FixedPrices, path: str) -> None:
    # contract: B7
    market.fail("no answer")
    for pin in (None, "null", '""', '" "', "1811", '"181"', '"18110"', '" 1811"', '"１８１１"', "[]", '"0000"'):
        for rest in ({}, {"assetSymbol": "null"}, {"amount": "-1", "quantity": "-1"}):
            says(ana.ask(path, order(path, pin=pin, **rest)), 403, "Invalid PIN")
        assert ana.withdraw("1").status_code == 200  # else the PIN would be locked
    for body in (b"", b"{}"):
        says(ana.ask(path, body), 403, "Invalid PIN")
    assert (len(trade_letters(ana.hucha)), assets(ana)) == (1, {"GOLD": 1})
    assert [type for type, _ in types(ana)] == ["CASH_DEPOSIT", "ASSET_PURCHASE"] + ["CASH_WITHDRAWAL"] * 11


@pytest.mark.parametrize("path", BOTH)
def test_without_a_pin_no_pin_is_right(hucha: Hucha, path: str) -> None:
    # contract: B7
    nuwe = open_account(hucha, pin=None)
    for pin in ('"1811"', '"0000"', "null", '""', None):
        says(nuwe.ask(path, order(path, pin=pin)), 403, "Invalid PIN")


@pytest.mark.parametrize("path", BOTH)
def test_five_wrong_pins_lock_trading_and_every_other_money_route(
    ana: Customer, clock: SetClock, market: FixedPrices, path: str
) -> None:
    """They count although the prices are down, and a replay is locked too: nobody learns a PIN by it."""
    # contract: B6, B7
    assert ana.ask(path, order(path), "k").status_code == 200
    market.fail("no answer")
    for _ in range(5):
        says(ana.ask(path, order(path, pin='"9999"')), 403, "Invalid PIN")
    market.recover()
    for one in BOTH:
        says(ana.ask(one, order(one)), 403, "PIN locked")
    says(ana.deposit(1), 403, "PIN locked")
    says(ana.ask(path, order(path), "k"), 403, "PIN locked")
    clock.advance(timedelta(minutes=15))
    assert ana.ask(path, order(path)).status_code == 200


@pytest.mark.parametrize("path", BOTH)
def test_the_right_pin_ends_a_row_of_wrong_ones_even_where_the_trade_fails(
    ana: Customer, market: FixedPrices, path: str
) -> None:
    # contract: B6, B7
    market.fail("no answer")
    for _ in range(3):
        for _ in range(4):
            says(ana.ask(path, order(path, pin='"9999"')), 403, "Invalid PIN")
        fails(ana.ask(path, order(path)), path)
        fails(ana.ask(path, order(path, assetSymbol='"PLATINUM"')), path)


# Everything else is 500, and nothing changes.


@pytest.mark.parametrize("raw", BAD_AMOUNTS)
def test_a_bad_amount_buys_nothing(ana: Customer, raw: str | None) -> None:
    # contract: B7, G5
    fails(ana.ask(BUY, order(BUY, amount=raw)), BUY)
    assert (ana.balance(), assets(ana)) == (5000, {"GOLD": 1})


@pytest.mark.parametrize("raw", BAD_QUANTITIES)
def test_a_bad_quantity_sells_nothing(ana: Customer, raw: str | None) -> None:
    # contract: B7, B10
    fails(ana.ask(SELL, order(SELL, quantity=raw)), SELL)
    assert (ana.balance(), assets(ana)) == (5000, {"GOLD": 1})


@pytest.mark.parametrize("path", BOTH)
def test_a_bad_symbol_trades_nothing(ana: Customer, path: str) -> None:
    # contract: B7, B11
    before = trace(ana)
    for raw in BAD_SYMBOLS:
        fails(ana.ask(path, order(path, assetSymbol=raw)), path)
    assert trace(ana) == before


def test_a_cent_more_than_there_is_buys_nothing(ana: Customer) -> None:
    # contract: B7
    before = trace(ana)
    fails(ana.buy("GOLD", "5000.01"), BUY)
    assert trace(ana) == before
    told_in_text(ana.buy("GOLD", "5000.00"), BOUGHT)
    fails(ana.buy("GOLD", "0.01"), BUY)
    assert ana.balance() == 0


def test_a_trillionth_more_than_is_held_sells_nothing(ana: Customer) -> None:
    # contract: B7, B10
    before = trace(ana)
    fails(ana.sell("GOLD", "1.000000000001"), SELL)
    fails(ana.sell("BTC", "0.1"), SELL)
    fails(ana.sell("SILVER", "99999999999999999999.999999999999"), SELL)
    assert trace(ana) == before
    told_in_text(ana.sell("GOLD", 1), SOLD)
    fails(ana.sell("GOLD", "0.1"), SELL)


@pytest.mark.parametrize("path", BOTH)
def test_without_prices_nothing_is_traded(ana: Customer, market: FixedPrices, path: str) -> None:
    """Who waits a little may try again."""
    # contract: B7, B11
    before = trace(ana)
    market.fail("no answer")
    answer = ana.ask(path, order(path))
    fails(answer, path)
    assert int(answer.headers["Retry-After"]) >= 1
    assert trace(ana) == before
    market.recover()
    assert ana.ask(path, order(path)).status_code == 200


@pytest.mark.parametrize("path", BOTH)
def test_an_asset_that_the_market_lacks_isnt_traded(ana: Customer, market: FixedPrices, path: str) -> None:
    """Trying again won't help."""
    # contract: B7, B11
    before = trace(ana)
    market.forget("GOLD")
    answer = ana.ask(path, order(path))
    fails(answer, path)
    assert "Retry-After" not in answer.headers
    assert trace(ana) == before


def test_a_purchase_of_less_than_a_trillionth_is_refused(ana: Customer, market: FixedPrices) -> None:
    # contract: B10
    before = trace(ana)
    market.set("BTC", "9999999999999.99")
    fails(ana.buy("BTC", "9.99"), BUY)
    assert trace(ana) == before
    told_in_text(ana.buy("BTC", "10.00"), BOUGHT)
    assert assets(ana)["BTC"] == Decimal("0.000000000001")


def test_a_sale_of_less_than_a_cent_is_refused(ana: Customer) -> None:
    # contract: B10
    before = trace(ana)
    fails(ana.sell("GOLD", "0.000009999999"), SELL)
    fails(ana.sell("GOLD", "0.000000000001"), SELL)
    assert trace(ana) == before
    told_in_text(ana.sell("GOLD", "0.00001"), SOLD)
    assert ana.balance() == Decimal("5000.01")


def test_a_sale_that_the_account_cant_hold_is_refused(hucha: Hucha, market: FixedPrices) -> None:
    # contract: G5, B7
    rich = open_account(hucha, "rich", "9999999999999.99")
    told_in_text(rich.buy("GOLD", 1000), BOUGHT)
    market.set("GOLD", "1000.01")
    before = trace(rich)
    for _ in range(2):
        fails(rich.sell("GOLD", 1), SELL)
        for _ in range(4):
            says(rich.sell("GOLD", 1, pin="9999"), 403, "Invalid PIN")  # no fifth in a row: the PIN was right once
    assert trace(rich) == before
    told_in_text(rich.sell("GOLD", "0.9"), SOLD)


def test_a_holding_of_10_to_the_20th_is_refused(hucha: Hucha, market: FixedPrices) -> None:
    # contract: B7, B10
    rich = open_account(hucha, "rich", "9999999999999.99")
    market.set("SILVER", "0.000000000001")
    before = trace(rich)
    fails(rich.buy("SILVER", "100000000"), BUY)
    assert trace(rich) == before
    told_in_text(rich.buy("SILVER", "99999999.99"), BOUGHT)
    assert assets(rich) == {"SILVER": 99_999_999_990_000_000_000}


def test_unknown_keys_are_ignored(ana: Customer) -> None:
    # contract: G4
    told_in_text(ana.ask(BUY, TRADE | {"user_id": 2, "price": 1, "quantity": []}), BOUGHT)
    told_in_text(ana.ask(SELL, TRADE | {"price": 1, "amount": {}}), SOLD)


def test_nothing_of_a_failed_trade_reaches_the_database(stored: Hucha, database: Path, market: FixedPrices) -> None:
    # contract: B7
    ana = open_account(over(stored, market), "ana", "6000.00")
    told_in_text(ana.buy("GOLD", 1000), BOUGHT)
    before = everything(database)
    bad = [order(BUY, amount=raw) for raw in ("5000.01", "0", "-1", '"abc"', "true", "null", None, "[]", "0.001")]
    bad += [order(BUY, assetSymbol=raw) for raw in BAD_SYMBOLS]
    for body in bad:
        fails(ana.ask(BUY, body, "k"), BUY)
    worse = [order(SELL, quantity=raw) for raw in ("1.1", "0", "-1", '"abc"', "true", "null", None, "{}", "1e-12")]
    for body in worse + [order(SELL, assetSymbol=raw) for raw in BAD_SYMBOLS]:
        fails(ana.ask(SELL, body, "k"), SELL)
    market.fail("no answer")
    for path in BOTH:
        fails(ana.ask(path, order(path), "k"), path)
    assert everything(database) == before


# Rounding.


@pytest.mark.parametrize(
    ("amount", "price", "quantity"),
    [
        ("1000", "3", "333.333333333333"),
        ("2000", "3", "666.666666666666"),
        ("0.01", "3", "0.003333333333"),
        ("0.30", "0.1", "3"),
        ("10", "0.3", "33.333333333333"),
        ("1000.00", "1464.14", "0.682994795579"),
        ("5000.00", "0.000000000007", "714285714285714.285714285714"),
        ("0.01", "9999999999.999999999999", "0.000000000001"),
    ],
)
def test_a_quantity_is_rounded_down_to_12_decimals(
    ana: Customer, market: FixedPrices, amount: str, price: str, quantity: str
) -> None:
    # contract: B10
    market.set("SILVER", price)
    told_in_text(ana.buy("SILVER", amount), BOUGHT)
    assert assets(ana)["SILVER"] == Decimal(quantity)
    assert ana.balance() == 5000 - Decimal(amount), "all of the amount is paid"


@pytest.mark.parametrize(
    ("quantity", "price", "proceeds"),
    [
        ("0.3", "1756.24", "526.87"),
        ("0.3", "0.1", "0.03"),
        ("0.999999999999", "0.02", "0.01"),
        ("1", "0.019999999999", "0.01"),
        ("0.000000000001", "9999999999999.99", "9.99"),
        ("0.333333333333", "3", "0.99"),
        ("1", "1000", "1000"),
    ],
)
def test_proceeds_are_rounded_down_to_cents(
    ana: Customer, market: FixedPrices, quantity: str, price: str, proceeds: str
) -> None:
    # contract: B10
    market.set("GOLD", price)
    told_in_text(ana.sell("GOLD", quantity), SOLD)
    assert ana.balance() == 5000 + Decimal(proceeds)
    assert assets(ana).get("GOLD", 0) == 1 - Decimal(quantity)


@pytest.mark.parametrize("raw", ["0.1", '"0.1"', "1e-1", "0.10000000000000000000000", '"0.100"', '"00.1"'])
def test_sizes_are_read_exactly_as_numbers_or_strings(ana: Customer, raw: str) -> None:
    # contract: G5
    told_in_text(ana.ask(BUY, order(BUY, amount=raw)), BOUGHT)
    assert (ana.balance(), assets(ana)["GOLD"]) == (Decimal("4999.90"), Decimal("1.0001"))
    told_in_text(ana.ask(SELL, order(SELL, quantity=raw)), SOLD)
    assert (ana.balance(), assets(ana)["GOLD"]) == (Decimal("5099.90"), Decimal("0.9001"))


def test_a_tenth_and_two_tenths_are_three_tenths(ana: Customer, market: FixedPrices) -> None:
    # contract: B10, G5
    market.set("SILVER", "1")
    for amount in (0.1, 0.2):
        told_in_text(ana.buy("SILVER", amount), BOUGHT)
    assert '"SILVER":0.3}' in get(ana, ASSETS).text
    told_in_text(ana.sell("SILVER", 0.3), SOLD)
    assert "SILVER" not in assets(ana)


def test_the_smallest_and_the_largest_quantities_are_shown_exactly(hucha: Hucha, market: FixedPrices) -> None:
    # contract: B10, G5
    rich = open_account(hucha, "rich", "9999999999999.99")
    market.set("SILVER", "0.000000700003")
    market.set("BTC", "999999999999.99")
    told_in_text(rich.buy("SILVER", "9999999999998.98"), BOUGHT)
    told_in_text(rich.buy("BTC", "1.01"), BOUGHT)
    silver = Decimal("14285653061485422205.333405713975")
    assert assets(rich) == {"BTC": Decimal("0.000000000001"), "SILVER": silver}
    assert Fraction(net_worth(rich)) == Fraction("0.99999999999999") + Fraction(silver) * Fraction("0.000000700003")


# Selling out, profit and worth.


def test_selling_all_removes_the_asset_and_keeps_what_it_brought(ana: Customer, market: FixedPrices) -> None:
    # contract: B10
    market.set("GOLD", "1200")
    told_in_text(ana.sell("GOLD", 1), SOLD)
    assert get(ana, ASSETS).text == "{}"
    gold = {
        "quantity": 0,
        "averagePrice": None,
        "marketPrice": None,
        "marketValue": 0,
        "realisedProfit": 200,
        "unrealisedProfit": 0,
    }
    market.fail("no answer")
    assert performance(ana) == {"assets": {"GOLD": gold}, "realisedProfit": 200, "unrealisedProfit": 0}
    assert net_worth(ana) == ana.balance() == 6200


def test_who_comes_back_starts_with_a_new_average_and_the_old_profit(ana: Customer, market: FixedPrices) -> None:
    # contract: B10
    market.set("GOLD", "1200")
    told_in_text(ana.sell("GOLD", 1), SOLD)
    market.set("GOLD", "500")
    told_in_text(ana.buy("GOLD", 1000), BOUGHT)
    found = performance(ana)["assets"]["GOLD"]
    assert (found["averagePrice"], found["realisedProfit"], found["unrealisedProfit"]) == (500, 200, 0)


def test_performance_by_hand(ana: Customer, market: FixedPrices) -> None:
    """Gold: 1 at 1000, 1 at 1500, 2 at 2000 cost 6500 / 4 = 1625 each. Silver: 25 at 4, and 50 at 2: 8/3 each."""
    # contract: B10
    for price, amount in (("1500", 1500), ("2000", "2000.00")):
        market.set("GOLD", price)
        told_in_text(ana.buy("GOLD", amount), BOUGHT)
    assert assets(ana) == {"GOLD": 3}
    assert performance(ana)["assets"]["GOLD"] == {
        "quantity": 3,
        "averagePrice": 1500,
        "marketPrice": 2000,
        "marketValue": 6000,
        "realisedProfit": 0,
        "unrealisedProfit": 1500,
    }
    told_in_text(ana.sell("GOLD", "1"), SOLD)  # + 500
    market.set("GOLD", "1200")
    told_in_text(ana.sell("GOLD", "0.5"), SOLD)  # 600 for what cost 750: - 150
    assert performance(ana)["assets"]["GOLD"] == {
        "quantity": Decimal("1.5"),
        "averagePrice": 1500,
        "marketPrice": 1200,
        "marketValue": 1800,
        "realisedProfit": 350,
        "unrealisedProfit": -450,
    }
    for price, amount in (("4", 100), ("2", 100)):
        market.set("SILVER", price)
        told_in_text(ana.buy("SILVER", amount), BOUGHT)
    told_in_text(ana.sell("SILVER", 30), SOLD)  # 60 for what cost 80
    found = performance(ana)
    assert found["assets"]["SILVER"] == {
        "quantity": 45,
        "averagePrice": Decimal("2.666666666667"),
        "marketPrice": 2,
        "marketValue": 90,
        "realisedProfit": -20,
        "unrealisedProfit": -30,
    }
    assert (found["realisedProfit"], found["unrealisedProfit"]) == (330, -480)
    assert ana.balance() == 6000 - 1000 - 1500 - 2000 + 2000 + 600 - 200 + 60
    assert net_worth(ana) == ana.balance() + 1800 + 90


def test_the_numbers_of_performance_stand_in_this_order(ana: Customer) -> None:
    found = get(ana, PERFORMANCE).json
    assert list(found) == ["assets", "realisedProfit", "unrealisedProfit"]
    assert list(found["assets"]["GOLD"]) == [
        "quantity",
        "averagePrice",
        "marketPrice",
        "marketValue",
        "realisedProfit",
        "unrealisedProfit",
    ]


def test_profit_is_what_came_out_less_what_went_in_plus_what_is_there(ana: Customer, market: FixedPrices) -> None:
    """To the last digit, whatever was rounded on the way."""
    # contract: B10
    prices = ["1464.14", "3", "7.77", "1162.48", "0.1", "981.33"]
    for number, price in enumerate(prices):
        for symbol in ("GOLD", "SILVER"):
            market.set(symbol, price)
            told_in_text(ana.buy(symbol, f"{number + 1}.01"), BOUGHT)
            held = assets(ana)[symbol]
            told_in_text(ana.sell(symbol, str(held / 3)[:14]), SOLD)
    flows = Counter[str]()
    for type, amount in types(ana):
        flows[type] += amount
    found = performance(ana)
    value = sum(one["marketValue"] for one in found["assets"].values())
    profit = found["realisedProfit"] + found["unrealisedProfit"]
    assert profit == flows["ASSET_SELL"] - flows["ASSET_PURCHASE"] + value
    assert found["realisedProfit"] == sum(one["realisedProfit"] for one in found["assets"].values())
    assert net_worth(ana) == ana.balance() + value == 6000 + profit


def test_net_worth_is_unrounded(ana: Customer, market: FixedPrices) -> None:
    # contract: B10
    market.set("GOLD", "3")
    told_in_text(ana.buy("GOLD", "1.00"), BOUGHT)
    assert get(ana, NET_WORTH).text == "5002.999999999999"  # 4999 and 1.333333333333 x 3


def test_net_worth_needs_prices_only_where_something_is_held(ana: Customer, hucha: Hucha, market: FixedPrices) -> None:
    # contract: B10, B11
    nuwe = open_account(hucha, balance="7.00")
    market.fail("no answer")
    assert net_worth(nuwe) == 7
    assert performance(nuwe)["assets"] == {}
    for path in (NET_WORTH, PERFORMANCE):
        answer = get(ana, path)
        says(answer, 500, "Internal error occurred while fetching market prices.")
        assert int(answer.headers["Retry-After"]) >= 1
    assert assets(ana) == {"GOLD": 1}, "quantities need no prices"
    market.recover()
    market.forget("GOLD")
    for path in (NET_WORTH, PERFORMANCE):
        assert get(ana, path).status_code == 500
    market.set("GOLD", "2000")
    assert net_worth(ana) == 7000


# What else happens.


def test_alerts_look_at_the_balance_after_trades(ana: Customer) -> None:
    # contract: A11
    fall, goal = drop(ana, 500), savings(ana, 9000, 5400)
    told_in_text(ana.buy("GOLD", "499.99"), BOUGHT)
    assert fired(ana) == []
    told_in_text(ana.buy("GOLD", "0.01"), BOUGHT)
    assert fired(ana) == [fall]
    told_in_text(ana.sell("GOLD", "0.9"), SOLD)
    assert fired(ana) == [fall, goal]
    assert [one.kind for one in ana.told()][:4] == ["trade", "savings_alert", "trade", "balance_drop"]


def test_of_many_who_buy_at_once_only_as_many_as_there_is_money_for(stored: Hucha, market: FixedPrices) -> None:
    # contract: B7, B10
    ana = open_account(over(stored, market), "ana", "100.00")
    answers = at_once(8, lambda number: ana.buy("GOLD", 30).text)
    assert Counter(answers) == {BOUGHT: 3, NOT_BOUGHT: 5}
    assert (ana.balance(), assets(ana)) == (10, {"GOLD": Decimal("0.09")})
    assert stored.audit() == (1, [])


def test_of_many_who_sell_at_once_never_more_than_is_held(stored: Hucha, market: FixedPrices) -> None:
    # contract: B7, B10
    ana = open_account(over(stored, market), "ana", "1000.00")
    told_in_text(ana.buy("GOLD", 1000), BOUGHT)
    answers = at_once(8, lambda number: ana.sell("GOLD", "0.3").text)
    assert Counter(answers) == {SOLD: 3, NOT_SOLD: 5}
    assert (ana.balance(), assets(ana)) == (900, {"GOLD": Decimal("0.1")})
    assert stored.audit() == (1, [])


def test_an_order_raced_against_itself_trades_once(stored: Hucha, market: FixedPrices) -> None:
    # contract: G8
    ana = open_account(over(stored, market), "ana", "1000.00")
    assert set(at_once(8, lambda number: ana.buy("GOLD", 30, "k").text)) == {BOUGHT}
    assert (ana.balance(), assets(ana)) == (970, {"GOLD": Decimal("0.03")})


def test_exact_numbers_survive_the_database(stored: Hucha, market: FixedPrices) -> None:
    # contract: B10, G5
    rich = open_account(over(stored, market), "rich", "9999999999999.99")
    for symbol, price, amount in (
        ("SILVER", "0.000000700003", "9999999999997.97"),
        ("BTC", "999999999999.99", "1.01"),
        ("GOLD", "1464.14", "1.00"),
    ):
        market.set(symbol, price)
        told_in_text(rich.buy(symbol, amount), BOUGHT)
    told_in_text(rich.sell("GOLD", "0.0001"), SOLD)
    assert assets(rich) == {
        "BTC": Decimal("0.000000000001"),
        "GOLD": Decimal("0.000582994795"),
        "SILVER": Decimal("14285653061483979354.374195539161"),
    }
    found = performance(rich)["assets"]["GOLD"]
    assert found["realisedProfit"] == Decimal("-0.006414000125")  # 0.14 for what cost 0.14641400012426...
