"""Many guesses at once get no more tries than one after the other: at a PIN, and at a one-time password.

16 threads guess through two nodes over one database. However their transactions interleave, five wrong guesses are
compared, and the right one that comes after them is worth nothing.
"""

from __future__ import annotations

import itertools
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

import attrs
import pytest

from domain.model.codes import OneTimeCode
from domain.model.errors import InvalidOtp, InvalidPin, InvalidResetToken, PinLocked, Refusal
from domain.model.sessions import Identity
from domain.model.users import Details, Pin, User
from domain.rules.registration import Registration
from domain.use_cases.notifying.queue_mail import MAIL
from entrypoints.composition import Hucha, build
from entrypoints.settings import Settings
from ports.storage import Transaction
from tests.conftest import LONG
from tests.customers import PASSWORD, PIN
from tests.orders import order

THREADS = 16
TRIES = 5
GUESSES = 20
ROUNDS = 40 if LONG else 3
HOST = "127.0.0.1"
KEY = b"the key of every guesser's banks"

Guess = Callable[[Hucha], object]
"""One guess through one node; it raises the refusal, or returns where it was right."""

pytestmark = pytest.mark.proof


@attrs.frozen
class Town:
    """Two nodes over one database, and everybody who guesses."""

    nodes: tuple[Hucha, Hucha]
    pool: ThreadPoolExecutor
    _emails: Iterator[int] = attrs.field(factory=itertools.count)

    def new_customer(self) -> User:
        """Somebody with a PIN."""
        email = f"ana{next(self._emails)}@nuwe.com"
        user = self.nodes[0].register(Registration("Ana", email, PASSWORD, Details()))
        self.nodes[0].manage_pin.create(identity_of(user), PIN, PASSWORD, HOST)
        return user

    def all_at_once(self, guesses: Sequence[Guess]) -> list[type[Refusal] | None]:
        """What comes of guesses that are made together, by turns through either node; None is a right one."""
        starting = threading.Barrier(min(len(guesses), THREADS))

        def make(number: int) -> type[Refusal] | None:
            if number < THREADS:
                starting.wait()
            return outcome_of(guesses[number], self.nodes[number % 2])

        return list(self.pool.map(make, range(len(guesses))))


@pytest.fixture
def town(url: str) -> Iterator[Town]:
    settings = Settings(
        database_url=url, secret_key=(KEY,), data_key=(KEY,), bcrypt_rounds=4, rate_limits=False, threads=THREADS * 2
    )
    nodes = (build(settings), build(settings))
    with ThreadPoolExecutor(THREADS) as pool:
        yield Town(nodes, pool)
    for node in nodes:
        node.close()


def identity_of(user: User) -> Identity:
    return Identity(user.id, user.account_number, "no session")


def outcome_of(guess: Guess, node: Hucha) -> type[Refusal] | None:
    try:
        guess(node)
    except Refusal as refusal:
        return type(refusal)
    return None


def deposit(user: User, pin: str) -> Guess:
    return lambda node: node.move_money(order("CASH_DEPOSIT", user.id, pin, Decimal("1.00")))


def update(user: User, pin: str) -> Guess:
    return lambda node: node.manage_pin.update(identity_of(user), pin, pin, PASSWORD, HOST)


def verify(user: User, otp: str) -> Guess:
    return lambda node: node.change_password.verify_otp(user.email, otp, HOST)


def reset_pin(user: User, otp: str) -> Guess:
    return lambda node: node.manage_pin.reset(identity_of(user), otp, "9999", PASSWORD, HOST)


def pin_of(town: Town, user: User) -> Pin:
    account = town.nodes[1].storage.run(lambda tx: tx.users.lock({user.id})[user.id])
    assert account.pin is not None
    return account.pin


def send_otp(town: Town, user: User) -> str:
    """The OTP, out of the letter that waits to be sent."""
    town.nodes[0].change_password.send_otp(user.email, HOST)

    def letters(tx: Transaction) -> list[str]:
        jobs = tx.due_work.due([MAIL], datetime.now(UTC), 10_000)
        found = [tx.outbox.get(job.subject) for job in sorted(jobs, key=lambda job: job.subject)]
        return [letter.body for letter in found if letter and letter.recipient == user.email]

    return town.nodes[0].storage.read(letters)[-1].removeprefix("OTP:")


def codes_of(town: Town, user: User) -> list[OneTimeCode]:
    return town.nodes[1].storage.read(lambda tx: tx.codes.since(user.id, "otp", user.created_at))


def others(right: str, count: int, seed: int) -> list[str]:
    """Wrong guesses, as long as the right one."""
    wrong = [f"{number:0{len(right)}}" for number in range(10_000) if f"{number:0{len(right)}}" != right]
    return random.Random(seed).sample(wrong, count)


@pytest.mark.parametrize("round", range(ROUNDS))
def test_parallel_guesses_lock_a_pin_after_five(town: Town, round: int) -> None:
    # contract: B6
    ana = town.new_customer()
    wrong = [kind(ana, pin) for kind, pin in zip(itertools.cycle([deposit, update]), others(PIN, GUESSES, round))]
    outcomes = town.all_at_once(wrong)
    assert Counter(outcomes) == {InvalidPin: TRIES, PinLocked: GUESSES - TRIES}
    assert pin_of(town, ana).locked_until is not None
    assert town.all_at_once([deposit(ana, PIN), update(ana, PIN)]) == [PinLocked, PinLocked]
    assert town.nodes[0].show_history(identity_of(ana)) == []


@pytest.mark.parametrize("round", range(ROUNDS))
def test_the_right_pin_after_five_wrong_ones_is_worth_nothing_while_others_still_guess(town: Town, round: int) -> None:
    # contract: B6
    ana = town.new_customer()
    compared = threading.Semaphore(0)

    def told(guess: Guess) -> Guess:
        def make(node: Hucha) -> None:
            try:
                guess(node)
            finally:
                compared.release()

        return make

    def after_five(node: Hucha) -> None:
        for _ in range(TRIES):
            compared.acquire()
        deposit(ana, PIN)(node)

    guesses = [told(deposit(ana, pin)) for pin in others(PIN, GUESSES, round)]
    outcomes = town.all_at_once([after_five, *guesses])
    assert outcomes[0] is PinLocked
    assert Counter(outcomes) == {InvalidPin: TRIES, PinLocked: GUESSES - TRIES + 1}
    assert town.nodes[0].profile.balance(identity_of(ana)) == 0


def test_no_wrong_pin_is_counted_twice_or_forgotten(town: Town) -> None:
    # contract: B6
    ana = town.new_customer()
    wrong = [kind(ana, pin) for kind, pin in zip([deposit, update] * 2, others(PIN, TRIES - 1, 0), strict=True)]
    assert town.all_at_once(wrong) == [InvalidPin] * (TRIES - 1)
    assert (pin_of(town, ana).failures, pin_of(town, ana).locked_until) == (TRIES - 1, None)
    assert town.all_at_once([deposit(ana, PIN)]) == [None]
    assert pin_of(town, ana).failures == 0


@pytest.mark.parametrize("round", range(ROUNDS))
def test_a_right_pin_among_wrong_ones_gives_at_most_one_row_of_tries_more(town: Town, round: int) -> None:
    # contract: B6
    ana = town.new_customer()
    guesses = [deposit(ana, pin) for pin in others(PIN, GUESSES, round)]
    place = random.Random(round).randrange(GUESSES)
    outcomes = town.all_at_once([*guesses[:place], deposit(ana, PIN), *guesses[place:]])
    right = outcomes[place]
    assert right in (None, PinLocked)
    most = TRIES if right is PinLocked else 2 * TRIES - 1
    assert TRIES <= outcomes.count(InvalidPin) <= most
    assert town.nodes[0].profile.balance(identity_of(ana)) == (1 if right is None else 0)


@pytest.mark.parametrize("round", range(ROUNDS))
def test_parallel_guesses_use_an_otp_up_after_five(town: Town, round: int) -> None:
    # contract: B5
    ana = town.new_customer()
    otp = send_otp(town, ana)
    wrong = [kind(ana, one) for kind, one in zip(itertools.cycle([verify, reset_pin]), others(otp, GUESSES, round))]
    assert set(town.all_at_once(wrong)) == {InvalidOtp}
    assert [code.tries for code in codes_of(town, ana)] == [TRIES]
    assert town.all_at_once([verify(ana, otp), reset_pin(ana, otp)]) == [InvalidOtp, InvalidOtp]


def test_no_wrong_otp_is_counted_twice_or_forgotten(town: Town) -> None:
    # contract: B5
    ana = town.new_customer()
    otp = send_otp(town, ana)
    wrong = [kind(ana, one) for kind, one in zip([verify, reset_pin] * 2, others(otp, TRIES - 1, 0), strict=True)]
    assert town.all_at_once(wrong) == [InvalidOtp] * (TRIES - 1)
    assert [(code.tries, code.used) for code in codes_of(town, ana)] == [(TRIES - 1, False)]
    assert town.all_at_once([verify(ana, otp)]) == [None]


def test_new_otps_give_no_more_than_fifteen_wrong_tries_a_day(town: Town) -> None:
    # contract: B5
    ana = town.new_customer()
    for _ in range(3):
        otp = send_otp(town, ana)
        town.all_at_once([verify(ana, wrong) for wrong in others(otp, GUESSES, 0)])
    assert sum(code.tries for code in codes_of(town, ana)) == 15
    otp = send_otp(town, ana)
    assert town.all_at_once([verify(ana, otp)]) == [InvalidOtp]


@pytest.mark.parametrize("round", range(ROUNDS))
def test_an_otp_and_its_reset_token_work_once_however_many_come_at_once(town: Town, round: int) -> None:
    # contract: B5
    ana = town.new_customer()
    otp, tokens = send_otp(town, ana), []
    outcomes = town.all_at_once([lambda node: tokens.append(verify(ana, otp)(node))] * THREADS)
    assert Counter(outcomes) == {None: 1, InvalidOtp: THREADS - 1}
    (token,) = tokens
    new = [f"PassTest{number}$" for number in range(THREADS)]
    outcomes = town.all_at_once(
        [lambda node, word=word: node.change_password.reset(ana.email, token, word, HOST) for word in new]
    )
    assert Counter(outcomes) == {None: 1, InvalidResetToken: THREADS - 1}
    assert town.nodes[0].sign_in(ana.email, new[outcomes.index(None)], HOST)
