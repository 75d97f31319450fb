"""The letters about trades: to the letter, and exactly one for each trade. Source: seed B, task 5; contract B10."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from decimal import Context, Decimal, localcontext
from pathlib import Path

import pytest

from adapters.memory.clock import SetClock
from adapters.memory.prices import FixedPrices
from domain.model.assets import Holding, Trade
from domain.model.users import Recipient
from domain.rules.letters import trade_letter
from entrypoints.composition import Hucha
from tests.customers import PIN
from tests.http.accounts import Customer, at_once, open_account
from tests.http.investors import BOUGHT, NOT_BOUGHT, SOLD, investing_bank, named, over, told_in_text, trade_letters
from tests.http.notifying.alerts import drop

pytestmark = pytest.mark.money(ana="6000.00")

PURCHASE_LETTER = """\
Dear Nuwe Test,

You have successfully purchased 0.14 units of GOLD for a total amount of $50.00.

Current holdings of GOLD: 0.53 units

Summary of current assets:
- GOLD: 0.53 units purchased at $1160.70

Account Balance: $63376.87
Net Worth: $63560.59

Thank you for using our investment services.

Best Regards,
Investment Management Team
"""
"""The seed's, number by number."""

SALE_LETTER = """\
Dear Nuwe Test,

You have successfully sold 0.30 units of GOLD.

Total Gain/Loss: $87.63

Remaining holdings of GOLD: 0.38 units

Summary of current assets:
- GOLD: 0.38 units purchased at $1464.14

Account Balance: $78526.87
Net Worth: $79199.50

Thank you for using our investment services.

Best Regards,
Investment Management Team
"""
"""The seed's, number by number."""

SOLD_OUT_LETTER = """\
Dear Nuwe Test,

You have successfully sold 1.00 units of GOLD.

Total Gain/Loss: -$12.30

Remaining holdings of GOLD: 0.00 units

Summary of current assets:

Account Balance: $5987.70
Net Worth: $5987.70

Thank you for using our investment services.

Best Regards,
Investment Management Team
"""

THREE_ASSETS_LETTER = """\
Dear Nuwe Test,

You have successfully purchased 25.00 units of SILVER for a total amount of $100.00.

Current holdings of SILVER: 25.00 units

Summary of current assets:
- BTC: 0.05 units purchased at $8304.25
- GOLD: 1.00 units purchased at $1000.00
- SILVER: 25.00 units purchased at $4.00

Account Balance: $4484.79
Net Worth: $6000.00

Thank you for using our investment services.

Best Regards,
Investment Management Team
"""

PURCHASE = "Investment Purchase Confirmation"
SALE = "Investment Sale Confirmation"


@pytest.fixture
def market() -> FixedPrices:
    return FixedPrices({"GOLD": "1000", "BTC": "8304.25", "SILVER": "4"})


@pytest.fixture
def hucha(clock: SetClock, market: FixedPrices) -> Hucha:
    return investing_bank(clock, market)


def latest(customer: Customer) -> str:
    return trade_letters(customer.hucha)[-1].body


def line(customer: Customer, beginning: str) -> str:
    """What the latest letter says behind these words."""
    (found,) = re.findall(rf"^{re.escape(beginning)}(.*)$", latest(customer), re.MULTILINE)
    return found


def test_the_letters_of_the_seed_one_after_the_other(hucha: Hucha, market: FixedPrices) -> None:
    """Between the two, subscriptions took 15,100; here it is withdrawn."""
    # contract: B10
    nuwe = open_account(hucha, "nuwe", "79000.00")
    market.set("GOLD", "1464.14")
    told_in_text(nuwe.buy("GOLD", 1000.0), BOUGHT)
    market.set("GOLD", "1756.24")
    told_in_text(nuwe.sell("GOLD", 0.3), SOLD)
    assert nuwe.withdraw(15100).status_code == 200
    market.set("GOLD", "349.15")
    told_in_text(nuwe.buy("GOLD", 50), BOUGHT)
    _, sale, purchase = trade_letters(hucha)
    assert (sale.recipient, sale.subject, sale.body) == ("nuwe@nuwe.com", SALE, SALE_LETTER)
    assert (purchase.recipient, purchase.subject, purchase.body) == ("nuwe@nuwe.com", PURCHASE, PURCHASE_LETTER)


def test_assets_are_told_by_symbol(ana: Customer) -> None:
    # contract: B10
    told_in_text(ana.buy("BTC", "415.21"), BOUGHT)
    told_in_text(ana.buy("SILVER", 100), BOUGHT)
    assert latest(ana) == THREE_ASSETS_LETTER


def test_a_loss_and_a_sold_out_summary(ana: Customer, market: FixedPrices) -> None:
    # contract: B10
    market.set("GOLD", "987.70")
    told_in_text(ana.sell("GOLD", 1), SOLD)
    assert latest(ana) == SOLD_OUT_LETTER


def test_what_was_sold_out_is_no_current_asset(ana: Customer) -> None:
    # contract: B10
    told_in_text(ana.buy("SILVER", 100), BOUGHT)
    told_in_text(ana.sell("GOLD", 1), SOLD)
    assert "- GOLD" not in latest(ana)
    assert line(ana, "- ") == "SILVER: 25.00 units purchased at $4.00"


@pytest.mark.parametrize(
    ("price", "told"),
    [
        ("1000", "$0.00"),
        ("1012.30", "$12.30"),
        ("987.70", "-$12.30"),
        ("999.99", "-$0.01"),
        ("1000.01", "$0.01"),
        ("1000.009999999999", "$0.00"),
        ("1e6", "$999000.00"),
        ("0.01", "-$999.99"),
    ],
)
def test_gain_and_loss_have_two_decimals_and_the_sign_before_the_dollar(
    ana: Customer, market: FixedPrices, price: str, told: str
) -> None:
    # contract: B10
    market.set("GOLD", Decimal(price))
    told_in_text(ana.sell("GOLD", 1), SOLD)
    assert line(ana, "Total Gain/Loss: ") == told


@pytest.mark.parametrize(
    ("quantity", "told"), [("0.011", "$0.00"), ("0.014999999999", "$0.00"), ("0.015", "-$0.01"), ("0.01", "$0.00")]
)
def test_a_loss_of_less_than_half_a_cent_is_nothing_and_has_no_sign(
    ana: Customer, market: FixedPrices, quantity: str, told: str
) -> None:
    """A cent for what cost as much as it is."""
    # contract: B10
    market.set("SILVER", "1")
    told_in_text(ana.buy("SILVER", "0.05"), BOUGHT)
    told_in_text(ana.sell("SILVER", quantity), SOLD)
    assert line(ana, "Total Gain/Loss: ") == told


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Ana Núñez 日本", "Ana Núñez 日本"),
        ("{symbol} {0} %s {name.__class__}", "{symbol} {0} %s {name.__class__}"),
        ("Ana\r\nBcc: eve@x.org\x7f\t\x1b\x85\u2028", "AnaBcc: eve@x.org"),
    ],
)
def test_the_name_is_the_users_without_control_characters(hucha: Hucha, name: str, written: str) -> None:
    # contract: G11
    customer = named(hucha, name, "1000.00")
    told_in_text(customer.buy("GOLD", 1000), BOUGHT)
    told_in_text(customer.sell("GOLD", 1), SOLD)
    found = trade_letters(hucha)
    assert {letter.body.split("\n")[0] for letter in found} == {f"Dear {written},"}
    assert [letter.subject for letter in found] == [PURCHASE, SALE]
    assert {letter.recipient for letter in found} == {"named@nuwe.com"}


def test_an_asset_without_a_price_at_the_moment_counts_as_what_it_cost(ana: Customer, market: FixedPrices) -> None:
    # contract: B10
    market.forget("GOLD")
    market.set("SILVER", "5")
    told_in_text(ana.buy("SILVER", 100), BOUGHT)
    assert line(ana, "- GOLD: ") == "1.00 units purchased at $1000.00"
    assert line(ana, "Net Worth: ") == "$6000.00"
    market.set("SILVER", "10")
    told_in_text(ana.sell("SILVER", 10), SOLD)
    assert line(ana, "Net Worth: ") == "$6100.00"


def test_the_net_worth_is_at_the_price_of_the_trade(ana: Customer, market: FixedPrices) -> None:
    # contract: B10
    market.set("GOLD", "1234.567")
    told_in_text(ana.sell("GOLD", "0.5"), SOLD)
    assert line(ana, "Account Balance: ") == "$5617.28"
    assert line(ana, "Net Worth: ") == "$6234.56"  # 5617.28 + 617.2835, half up


def test_a_net_worth_of_many_digits_is_told_to_the_cent(hucha: Hucha, market: FixedPrices) -> None:
    # contract: B10
    rich = open_account(hucha, "rich", "1000000.00")
    market.set("SILVER", "0.000000000001")
    told_in_text(rich.buy("SILVER", "1000000.00"), BOUGHT)
    market.set("SILVER", "1234567890123.456789012345")
    told_in_text(rich.sell("SILVER", "0.02"), SOLD)
    assert line(rich, "Account Balance: ") == "$24691357802.46"
    assert line(rich, "Net Worth: ") == "$1234567890123456789012344999999.99"


def test_a_narrow_decimal_context_of_the_caller_changes_no_letter() -> None:
    # contract: B10
    trade = Trade("GOLD", "sell", Decimal("0.3"), Decimal("1756.24"), Decimal("1526.87"), Decimal("-12345678.905"))
    holding = Holding(1, "GOLD", Decimal("0.382994795579"), Decimal("560.758"))
    money = Decimal("78526.87"), Decimal("79199.5007")
    ana = Recipient(1, "ana@nuwe.com", "Ana")
    wide = trade_letter(ana, trade, holding, [holding], *money)
    with localcontext(Context(prec=5)):
        assert trade_letter(ana, trade, holding, [holding], *money) == wide
    assert "Total Gain/Loss: -$12345678.91" in wide.body


def test_exactly_one_letter_and_one_notification_for_each_trade(ana: Customer) -> None:
    # contract: B10
    for number in range(3):
        told_in_text(ana.buy("GOLD", 100, f"buy {number}"), BOUGHT)
        told_in_text(ana.buy("GOLD", 100, f"buy {number}"), BOUGHT)
        told_in_text(ana.sell("GOLD", "0.1", f"sell {number}"), SOLD)
        told_in_text(ana.sell("GOLD", "0.1", f"sell {number}"), SOLD)
    found = trade_letters(ana.hucha)
    assert [letter.subject for letter in found] == [PURCHASE] + [PURCHASE, SALE] * 3
    assert len({letter.message_id for letter in found}) == 7
    for letter in found:
        assert re.fullmatch(r"<[!-;=?-~]+@hucha>", letter.message_id)
    assert sum(one.kind == "trade" for one in ana.told()) == 7


def test_a_refused_trade_sends_no_letter_and_no_notification(ana: Customer, market: FixedPrices) -> None:
    # contract: B10
    told = ana.told()
    for answer in (
        ana.buy("GOLD", "5000.01"),
        ana.buy("PLATINUM", 1),
        ana.buy("GOLD", 0),
        ana.buy("GOLD", 1, pin="9999"),
        ana.sell("GOLD", 2),
        ana.sell("GOLD", "0.000000000001"),
    ):
        assert answer.status_code in (403, 500)
    market.fail("no answer")
    assert ana.buy("GOLD", 1).text == NOT_BOUGHT
    assert (len(trade_letters(ana.hucha)), ana.told()) == (1, told)


def test_the_notification_tells_the_trade(ana: Customer, market: FixedPrices) -> None:
    # contract: D8
    market.set("GOLD", "987.7")
    told_in_text(ana.sell("GOLD", "0.50"), SOLD)
    sale, purchase = (one for one in ana.told() if one.kind == "trade")
    booked, bought = ana.history()[:2]
    assert sale.data == {
        "transaction_id": booked["id"],
        "side": "sell",
        "symbol": "GOLD",
        "quantity": "0.5",
        "price": "987.7",
        "amount": "493.85",
        "profit": "-6.15",
        "reason": None,
    }
    assert purchase.data == {
        "transaction_id": bought["id"],
        "side": "buy",
        "symbol": "GOLD",
        "quantity": "1",
        "price": "1000",
        "amount": "1000.00",
        "profit": None,
        "reason": None,
    }


def test_an_alert_that_a_trade_fires_has_a_letter_of_its_own(ana: Customer) -> None:
    # contract: A11
    drop(ana, 100)
    told_in_text(ana.buy("GOLD", 100), BOUGHT)
    assert len(trade_letters(ana.hucha)) == 2
    assert [one.kind for one in ana.told()][:2] == ["trade", "balance_drop"]


@pytest.mark.parametrize("table", ["outbox", "notifications", "idempotency_keys", "holdings", "trades"])
def test_a_trade_that_fails_half_way_leaves_nothing(
    stored: Hucha, database: Path, market: FixedPrices, table: str
) -> None:
    # contract: B7, A11
    ana = open_account(over(stored, market), "ana", "1000.00")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(f"CREATE TRIGGER no AFTER INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END")
        assert ana.buy("GOLD", 100, "k").status_code == 500
        assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (0,)
        connection.execute("DROP TRIGGER no")
    assert (ana.balance(), len(ana.history()), [one for one in ana.told() if one.kind == "trade"]) == (1000, 1, [])
    told_in_text(ana.buy("GOLD", 100, "k"), BOUGHT)
    assert len(ana.history()) == 2


def test_raced_by_eight_there_is_one_letter_for_each_trade(stored: Hucha, database: Path, market: FixedPrices) -> None:
    # contract: B10
    ana = open_account(over(stored, market), "ana", "100.00")
    bought = at_once(8, lambda _: ana.buy("GOLD", 30).text).count(BOUGHT)
    with closing(sqlite3.connect(database)) as connection:
        (letters,) = connection.execute("SELECT count(*) FROM outbox WHERE subject = ?", (PURCHASE,)).fetchone()
    assert bought == letters == 3
    assert sum(one.kind == "trade" for one in ana.told()) == 3


def test_no_letter_tells_the_pin_or_the_account(ana: Customer) -> None:
    for letter in trade_letters(ana.hucha):
        for secret in (PIN, ana.account_number):
            assert secret not in letter.body + letter.message_id + letter.subject
