"""`/market/prices`: what assets cost, and what is said when nobody knows. Source: seed B, task 5; contract B11, G9."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import quote

import pytest
from falcon.testing import Result, TestClient

from adapters.memory.clock import SetClock
from adapters.memory.mailer import RecordingMailer
from adapters.memory.prices import FixedPrices
from entrypoints.composition import Hucha, build_in_memory
from entrypoints.http.app import create_app
from entrypoints.settings import Settings
from ports.prices import FeedState
from tests.http.accounts import says
from tests.http.investors import PRICES, exactly, investing_bank
from tests.http.operating.samples import samples

EXAMPLE = {
    "AAPL": "81.05",
    "GOOGL": "1082.33",
    "TSLA": "75.71",
    "AMZN": "119.0",
    "MSFT": "161.23",
    "NFLX": "427.81",
    "FB": "11.68",
    "BTC": "8304.25",
    "ETH": "91.54",
    "XRP": "4.26",
    "GOLD": "1162.48",
    "SILVER": "4.24",
}
"""The seed's, in its order."""

NO_PRICES = "Internal error occurred while fetching market prices."
ODD = [
    "gold",
    "Gold",
    "GOLD ",
    " GOLD",
    "GO LD",
    "GOLD\0",
    "\0",
    "GOLD\n",
    "GOLD\r\nX: y",
    "GÓLD",
    "ＧＯＬＤ",
    "金",
    "😀",
    "%s%n{0}{symbol}",
    "__class__",
    "<b>GOLD",
    "' OR '1'='1",
    "*",
    "GOLD,BTC",
    "1162.48",
    "x" * 5000,
    "日" * 2000,
]


@pytest.fixture
def market() -> FixedPrices:
    return FixedPrices(EXAMPLE)


@pytest.fixture
def hucha(clock: SetClock, market: FixedPrices) -> Hucha:
    return investing_bank(clock, market)


def price(client: TestClient, symbol: str) -> Result:
    return client.simulate_get(f"{PRICES}/{quote(symbol, safe='')}")


def given_up(client: TestClient) -> float:
    (sample,) = samples(client, "hucha_price_feed_given_up")
    assert not sample.labels
    return sample.value


def refuses(answer: Result) -> None:
    """Whether the feed's failure is told, and what became of it isn't."""
    says(answer, 500, NO_PRICES)
    assert int(answer.headers["Retry-After"]) >= 1


def test_all_prices_as_the_seed_shows_them(client: TestClient) -> None:
    # contract: B11
    answer = client.simulate_get(PRICES)
    assert exactly(answer) == {symbol: Decimal(price) for symbol, price in EXAMPLE.items()}
    assert list(answer.json) == list(EXAMPLE)


def test_one_price_as_the_seed_shows_it(client: TestClient, market: FixedPrices) -> None:
    # contract: B11
    market.set("GOLD", "1175.95")
    answer = price(client, "GOLD")
    assert (answer.status_code, answer.text) == (200, "1175.95")
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer garbage"}, {"Authorization": "nonsense"}])
def test_prices_are_public(client: TestClient, headers: dict[str, str]) -> None:
    # contract: B11
    for path in (PRICES, f"{PRICES}/GOLD"):
        assert client.simulate_get(path, headers=headers).status_code == 200


def test_prices_are_asked_for_and_nothing_else(client: TestClient) -> None:
    for path in (PRICES, f"{PRICES}/GOLD"):
        assert (client.simulate_head(path).status_code, client.simulate_head(path).text) == (200, "")
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            assert client.simulate_request(method, path).status_code == 405


@pytest.mark.parametrize(
    "cost", ["0.1", "0.30", "4.1e2", "119", "1e12", "0.000000000001", "9007199254740.93", "9999999999999.999999999999"]
)
def test_a_price_is_an_exact_json_number(client: TestClient, market: FixedPrices, cost: str) -> None:
    # contract: B11, G5
    market.set("BRK.B", Decimal(cost))
    for found in (exactly(price(client, "BRK.B")), exactly(client.simulate_get(PRICES))["BRK.B"]):
        assert Decimal(found) == Decimal(cost)


def test_the_price_is_the_present_one(client: TestClient, market: FixedPrices) -> None:
    # contract: B11
    for cost in ("1", "2", "1"):
        market.set("GOLD", cost)
        assert price(client, "GOLD").text == cost
        assert client.simulate_get(PRICES).json["GOLD"] == int(cost)


@pytest.mark.parametrize(
    "symbol", ["EURUSD=X", "BRK.B", "BTC/USD", "/", "a//b/", "0", "GÓLD", "S&P 500", "?#%41", "A" * 32]
)
def test_symbols_may_hold_marks(client: TestClient, market: FixedPrices, symbol: str) -> None:
    market.set(symbol, "7.5")
    assert price(client, symbol).text == "7.5"


def test_an_unknown_symbol_is_404_and_named(client: TestClient, market: FixedPrices) -> None:
    # contract: B11, G2
    says(price(client, "PLATINUM"), 404, "Asset not found: PLATINUM")
    market.forget("GOLD")
    says(price(client, "GOLD"), 404, "Asset not found: GOLD")
    assert "GOLD" not in client.simulate_get(PRICES).json


@pytest.mark.parametrize("symbol", ODD, ids=lambda symbol: ascii(symbol)[:20])
def test_an_odd_symbol_is_404(client: TestClient, symbol: str) -> None:
    """What was asked for is said again, but never without end."""
    # contract: B11, G4
    answer = price(client, symbol)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].partition(";")[0] == "text/plain"
    assert answer.text == f"Asset not found: {symbol[:256]}"


@pytest.mark.parametrize("path", ["/", "/GOLD/", "/GOLD/x", "//GOLD", "/../prices", "/%2e%2e", "/%FF", "/%C3%28", "/%"])
def test_an_odd_path_is_404(client: TestClient, path: str) -> None:
    # contract: B11
    answer = client.simulate_get(PRICES + path)
    assert answer.status_code == 404
    assert "Traceback" not in answer.text


def test_a_feed_that_fails_is_500_with_its_sentence(
    client: TestClient, market: FixedPrices, caplog: pytest.LogCaptureFixture
) -> None:
    """An unknown symbol can't be told from a known one then; why it fails is told to those who run Hucha."""
    # contract: B11, G2
    market.fail("feed.example says 418")
    for symbol in ("GOLD", "PLATINUM", "gold"):
        refuses(price(client, symbol))
    refuses(client.simulate_get(PRICES))
    assert {vars(record).get("reason") for record in caplog.records} == {"feed.example says 418"}
    market.recover()
    assert price(client, "GOLD").text == "1162.48"


class Broken:
    """A feed with a bug."""

    def current(self) -> Mapping[str, Decimal]:
        raise ZeroDivisionError("the secret of the feed")

    def state(self) -> FeedState:
        return FeedState("broken")


def test_even_a_bug_of_the_feed_shows_no_traceback(clock: SetClock) -> None:
    # contract: G4
    client = TestClient(create_app(build_in_memory(Settings(), clock, RecordingMailer(), Broken())))
    for path in (PRICES, f"{PRICES}/GOLD"):
        says(client.simulate_get(path), 500, "Something went wrong on our side.")


class Counting(Broken):
    """A feed that has left out so many entries."""

    left_out = 0

    def state(self) -> FeedState:
        return FeedState("feed", unsound_entries=self.left_out)


def test_what_the_feed_left_out_is_counted_in_the_metrics(clock: SetClock) -> None:
    # contract: B11, G9
    market = Counting()
    client = TestClient(create_app(build_in_memory(Settings(), clock, RecordingMailer(), market)))
    for market.left_out in (0, 7, 1234567):
        (sample,) = samples(client, "hucha_price_feed_unsound_entries_total")
        assert (sample.value, sample.labels) == (market.left_out, {})


class TestTheSimulator:
    """Without configuration."""

    def client(self, clock: SetClock, seed: int = 1) -> TestClient:
        return TestClient(create_app(build_in_memory(Settings(market_seed=seed), clock, RecordingMailer())))

    def test_it_has_the_seeds_twelve_symbols(self, clock: SetClock) -> None:
        # contract: B11
        client = self.client(clock)
        found = exactly(client.simulate_get(PRICES))
        assert list(found) == list(EXAMPLE)
        for symbol, cost in found.items():
            assert Decimal(EXAMPLE[symbol]) / 2 <= cost <= Decimal(EXAMPLE[symbol]) * 2
            assert json.loads(price(client, symbol).text, parse_float=Decimal) == cost

    def test_every_node_sees_the_same_prices_in_the_same_second(self) -> None:
        # contract: B11
        instant = datetime(2024, 11, 20, 10, 30, 7, 1, tzinfo=UTC)
        later = instant + timedelta(microseconds=999_000)
        ours, theirs = self.client(SetClock(instant)), self.client(SetClock(later))
        assert ours.simulate_get(PRICES).text == theirs.simulate_get(PRICES).text

    def test_prices_move_with_time_and_differ_by_seed(self, clock: SetClock) -> None:
        # contract: B11
        client = self.client(clock)
        before = client.simulate_get(PRICES).json
        other = self.client(clock, seed=2).simulate_get(PRICES).json
        clock.advance(timedelta(minutes=10))
        after = client.simulate_get(PRICES).json
        assert before != after
        assert before != other
        assert list(other) == list(before)

    def test_readiness_says_that_prices_are_simulated(self, clock: SetClock) -> None:
        # contract: B11
        checks = self.client(clock, seed=7).simulate_get("/readyz").json["checks"]
        assert checks == {"database": "reachable", "prices": "simulated"}

    def test_it_is_never_given_up(self, clock: SetClock) -> None:
        assert given_up(self.client(clock)) == 0


def test_readiness_says_that_there_is_a_feed_and_not_which() -> None:
    """It is looked at, and not asked."""
    # contract: B11, G9
    settings = Settings(market_prices_url="https://ana:s3cret@feed.example:8443/prices?key=s3cret")
    answer = TestClient(create_app(build_in_memory(settings))).simulate_get("/readyz")
    assert (answer.status_code, answer.json["status"]) == (200, "ready")
    assert answer.json["checks"]["prices"] == "feed"
    assert "s3cret" not in answer.text


def test_a_feed_that_is_given_up_shows_in_readiness_and_in_the_metrics(client: TestClient, market: FixedPrices) -> None:
    """Hucha is still ready: all but trading goes on."""
    # contract: B11, G9
    for _ in range(2):
        answer = client.simulate_get("/readyz")
        assert (answer.status_code, answer.json["checks"]["prices"], given_up(client)) == (200, "fixed", 0)
        market.fail("no answer")
        answer = client.simulate_get("/readyz")
        assert (answer.status_code, answer.json["status"]) == (200, "ready")
        assert answer.json["checks"] == {"database": "reachable", "prices": "fixed, given up for the moment"}
        assert given_up(client) == 1
        market.recover()
