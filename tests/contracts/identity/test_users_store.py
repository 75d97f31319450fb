"""One suite for every store of users: what `ports.stores.identity.users` promises."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from random import Random

import attrs
import pytest
from sqlalchemy import create_engine, text

from adapters.keyring import KeyRing
from adapters.sql.opening import open_database
from adapters.sql.unit_of_work import SqlStorage
from adapters.vault import AesGcmVault
from domain.model.errors import EmailTaken, PhoneTaken
from domain.model.users import Details, HashedPassword, Pin, Recipient, User
from ports.storage import Storage, Transaction
from tests.contracts.stored_customers import PASSWORD, account, balance, customer, new_user
from tests.contracts.transactions import NOON, WRITERS, Mishap, in_parallel, run

NEW = HashedPassword("another slow hash", "key 2")
LARGEST = Decimal("9999999999999.99")
OLD_KEY, NEW_KEY = b"the data key of last year, long", b"the data key of this year, long"


def add(storage: Storage, **fields: str) -> User:
    user = new_user(**fields)
    user_id = run(storage, lambda tx: tx.users.add(user))
    return User(id=user_id, **attrs.asdict(user, recurse=False))


def get(storage: Storage, user_id: int) -> User | None:
    return storage.read(lambda tx: tx.users.get(user_id))


def move(storage: Storage, user_id: int, by: str, *, overdraw: bool = False) -> bool:
    return run(storage, lambda tx: tx.users.move(user_id, Decimal(by), overdraw=overdraw))


class TestPeople:
    def test_a_new_user_is_found_by_id_email_and_account_number(self, storage):  # contract: G1
        ana = add(storage, email="Ana@Nuwe.com", address="C/ Mayor 1", phone_number="600 1", first_name="Añá 😀")
        add(storage)
        assert get(storage, ana.id) == ana
        assert storage.read(lambda tx: tx.users.by_email("aNA@nuwe.COM")) == ana  # contract: A1
        assert storage.read(lambda tx: tx.users.by_account_number(ana.account_number)) == ana

    def test_who_is_not_there_is_not_found(self, storage):
        ana = add(storage)
        found = storage.read(
            lambda tx: [
                tx.users.get(ana.id + 1),
                tx.users.by_email("nobody@nuwe.com"),
                tx.users.by_email(f"{ana.email} "),
                tx.users.by_account_number(""),
                tx.users.by_account_number(f"{ana.account_number} "),
                tx.users.by_account_number(ana.account_number.upper()),
            ]
        )
        assert found == [None] * 6

    def test_a_letter_s_recipient_is_found_by_id(self, storage):
        ana = add(storage, email="Ana@Nuwe.com", address="C/ Mayor 1", phone_number="600 1")
        add(storage)
        assert storage.read(lambda tx: tx.users.recipient(ana.id)) == Recipient(ana.id, "Ana@Nuwe.com", ana.name)
        assert storage.read(lambda tx: tx.users.recipient(ana.id + 2)) is None

    def test_a_new_user_has_no_money_and_no_pin(self, storage):  # contract: G1
        ana = add(storage)
        assert account(storage, ana.id).balance == Decimal("0.00")
        assert account(storage, ana.id).pin is None
        assert balance(storage, ana.id) == "0.00"

    @pytest.mark.parametrize("email", ["ana@nuwe.com", "ANA@nuwe.com"])
    def test_an_email_address_is_taken_once_in_any_case(self, storage, email):  # contract: A1
        add(storage, email="ana@nuwe.com")
        with pytest.raises(EmailTaken):
            add(storage, email=email)

    def test_keeps_the_address_that_grows_most_when_its_case_is_folded(self, storage):
        longest = add(storage, email="ΐ" * 122 + "@a.com")
        assert storage.read(lambda tx: tx.users.by_email(longest.email)) == longest

    @pytest.mark.parametrize(("other", "taken"), [("6 00 1", True), ("600\t1", True), ("6002", False)])
    def test_a_phone_number_is_taken_once_whatever_its_blanks(self, storage, other, taken):  # contract: B1
        add(storage, phone_number="600 1", country_code="+34")
        assert storage.read(lambda tx: tx.users.phone_taken(other, "+34")) is taken
        assert not storage.read(lambda tx: tx.users.phone_taken(other, "+33"))
        if taken:
            with pytest.raises(PhoneTaken):
                add(storage, phone_number=other, country_code="+34")
        else:
            add(storage, phone_number=other, country_code="+34")
        add(storage, phone_number=other, country_code="+33")

    def test_a_taken_email_address_is_named_before_a_taken_phone_number(self, storage):  # contract: B1
        add(storage, email="ana@nuwe.com", phone_number="600")
        with pytest.raises(EmailTaken):
            add(storage, email="ana@nuwe.com", phone_number="600")

    def test_a_refusal_leaves_the_transaction_usable(self, storage):
        add(storage, email="ana@nuwe.com", phone_number="600")

        def work(tx: Transaction) -> int:
            for refusal, taken in ((EmailTaken, {"email": "ana@nuwe.com"}), (PhoneTaken, {"phone_number": "600"})):
                with pytest.raises(refusal):
                    tx.users.add(new_user(**taken))
            return tx.users.add(new_user("eva@nuwe.com"))

        eva = run(storage, work)
        assert get(storage, eva).email == "eva@nuwe.com"

    @pytest.mark.parametrize(
        ("taken", "refusal"), [({"email": "ana@nuwe.com"}, EmailTaken), ({"phone_number": "600"}, PhoneTaken)]
    )
    def test_of_many_who_want_one_address_or_number_one_gets_it(self, storage, taken, refusal):
        def register(number: int) -> object:
            try:
                return add(storage, **taken).id
            except refusal:
                return refusal

        outcomes = in_parallel(register)
        assert outcomes.count(refusal) == WRITERS - 1
        assert len(storage.read(lambda tx: list(tx.users.balances()))) == 1

    def test_a_user_whose_transaction_fails_was_never_there(self, storage):
        ana = new_user(phone_number="600")

        def work(tx: Transaction) -> None:
            tx.users.add(ana)
            raise Mishap

        with pytest.raises(Mishap):
            run(storage, work)
        assert storage.read(lambda tx: tx.users.by_email(ana.email)) is None
        run(storage, lambda tx: tx.users.add(ana))

    def test_details_are_replaced(self, storage):
        ana = add(storage, address="here", phone_number="600", currency="EUR")
        details = Details("there", "601", "+34", "Ana", "Bel", "USD", "America/Argentina/ComodRivadavia")
        run(storage, lambda tx: tx.users.set_details(ana.id, details))
        assert get(storage, ana.id) == attrs.evolve(ana, details=details)
        run(storage, lambda tx: tx.users.set_details(ana.id, Details()))
        assert get(storage, ana.id).details == Details()
        assert not storage.read(lambda tx: tx.users.phone_taken("601", "+34"))

    def test_details_keep_one_s_own_phone_number_and_take_no_other_s(self, storage):
        ana, eva = add(storage, phone_number="600"), add(storage, phone_number="700")
        run(storage, lambda tx: tx.users.set_details(ana.id, Details(phone_number="6 00")))

        def work(tx: Transaction) -> None:
            with pytest.raises(PhoneTaken):
                tx.users.set_details(ana.id, Details(phone_number="700"))

        run(storage, work)
        assert get(storage, ana.id).details.phone_number == "6 00"
        assert get(storage, eva.id).details.phone_number == "700"

    def test_of_many_who_change_to_one_number_one_gets_it(self, storage):
        ids = [customer(storage) for _ in range(WRITERS)]

        def change(number: int) -> bool:
            try:
                run(storage, lambda tx: tx.users.set_details(ids[number], Details(phone_number="600")))
            except PhoneTaken:
                return False
            return True

        assert in_parallel(change).count(True) == 1

    def test_a_password_is_replaced_only_where_the_one_before_is_the_one_expected(self, storage):
        ana, eva = add(storage), add(storage)
        for wrong in (NEW, HashedPassword(PASSWORD.hash, "key 2"), HashedPassword("?", PASSWORD.key_id)):
            assert not run(storage, lambda tx, wrong=wrong: tx.users.set_password(ana.id, NEW, instead_of=wrong))
        assert get(storage, ana.id).password == PASSWORD
        assert run(storage, lambda tx: tx.users.set_password(ana.id, NEW, instead_of=PASSWORD))
        assert run(storage, lambda tx: tx.users.set_password(ana.id, NEW, instead_of=NEW))
        assert get(storage, ana.id).password == NEW
        assert run(storage, lambda tx: tx.users.set_password(ana.id, PASSWORD))
        assert [get(storage, one.id).password for one in (ana, eva)] == [PASSWORD, PASSWORD]
        assert not run(storage, lambda tx: tx.users.set_password(eva.id + 1, NEW))

    def test_of_many_who_replace_one_password_one_does(self, storage):
        ana = add(storage)
        others = [HashedPassword(f"hash {number}", "key 2") for number in range(WRITERS)]
        done = in_parallel(
            lambda number: run(storage, lambda tx: tx.users.set_password(ana.id, others[number], instead_of=PASSWORD))
        )
        assert done.count(True) == 1
        assert get(storage, ana.id).password == others[done.index(True)]

    def test_a_pin_is_kept_with_its_failures_and_its_lock(self, storage):  # contract: B6
        ana = add(storage)
        for pin in (Pin("hash"), Pin("hash", 4), Pin("hash", 0, NOON + timedelta(minutes=15)), Pin("new"), None):
            run(storage, lambda tx, pin=pin: tx.users.set_pin(ana.id, pin))
            assert account(storage, ana.id).pin == pin


class TestAccounts:
    def test_gives_the_ids_of_the_accounts_that_exist(self, storage):
        ana, eva = add(storage), add(storage)
        asked = [ana.account_number, eva.account_number, f"{eva.account_number} ", "no such account", ""]
        known = {ana.account_number: ana.id, eva.account_number: eva.id}
        assert storage.read(lambda tx: tx.users.account_ids(asked)) == known
        assert storage.read(lambda tx: tx.users.account_ids([])) == {}

    def test_locks_the_accounts_that_exist(self, storage):
        ana, eva = customer(storage, "1.50"), customer(storage)
        locked = run(storage, lambda tx: tx.users.lock({eva + 1, eva, ana}))
        assert sorted(locked) == [ana, eva]
        assert locked[ana].balance == Decimal("1.50")
        assert run(storage, lambda tx: tx.users.lock([])) == {}

    def test_a_locked_account_is_changed_by_nobody_else(self, storage):
        """Each reads, then writes what it read and one more: without the lock some of these would be lost."""
        ana, eva = customer(storage), customer(storage)

        def one_more(number: int) -> None:
            def work(tx: Transaction) -> None:
                asked = [ana, eva] if number % 2 else [eva, ana]
                accounts = tx.users.lock(asked)
                for user_id in asked:
                    pin = accounts[user_id].pin or Pin("hash")
                    tx.users.set_pin(user_id, Pin("hash", pin.failures + 1))

            for _ in range(10):
                run(storage, work)

        in_parallel(one_more)
        assert [account(storage, one).pin.failures for one in (ana, eva)] == [10 * WRITERS] * 2

    @pytest.mark.parametrize("amount", ["0.01", "0.10", "0.07", "4503599627370.49", "9999999999999.99"])
    def test_balances_are_exact(self, storage, amount):  # contract: G5
        ana, eva = customer(storage), customer(storage)
        assert move(storage, ana, amount)
        assert balance(storage, ana) == amount
        assert str(account(storage, ana).balance) == amount
        found = storage.read(lambda tx: list(tx.users.balances()))
        assert [(id, str(total)) for id, total in found] == [(ana, amount), (eva, "0.00")]
        assert move(storage, ana, f"-{amount}")
        assert balance(storage, ana) == "0.00"

    def test_a_balance_does_not_fall_below_zero(self, storage):
        ana, eva = customer(storage, "10.00"), customer(storage, "10.00")
        assert not move(storage, ana, "-10.01")
        assert balance(storage, ana) == "10.00"
        assert move(storage, ana, "-10.00")
        assert not move(storage, ana, "-0.01")
        assert [balance(storage, one) for one in (ana, eva)] == ["0.00", "10.00"]

    def test_an_overdrawn_balance_takes_deposits(self, storage):
        ana = customer(storage)
        assert move(storage, ana, "-50.00", overdraw=True)
        assert move(storage, ana, "20.00")
        assert not move(storage, ana, "-0.01")
        assert balance(storage, ana) == "-30.00"

    @pytest.mark.parametrize("overdraw", [True, False])
    def test_a_balance_stays_nearer_to_zero_than_its_limit(self, storage, overdraw):  # contract: G5
        ana = customer(storage, str(LARGEST))
        assert not move(storage, ana, "0.01", overdraw=overdraw)
        assert not move(storage, ana, str(LARGEST), overdraw=overdraw)
        assert balance(storage, ana) == str(LARGEST)
        eva = customer(storage, f"-{LARGEST}")
        assert not move(storage, eva, "-0.01", overdraw=overdraw)
        assert balance(storage, eva) == f"-{LARGEST}"

    def test_nobody_s_money_moves_nowhere(self, storage):
        assert not move(storage, 12345, "1.00")

    def test_a_move_whose_transaction_fails_never_was(self, storage):
        ana = customer(storage, "5.00")

        def work(tx: Transaction) -> None:
            tx.users.move(ana, Decimal("1.00"), overdraw=False)
            raise Mishap

        with pytest.raises(Mishap):
            run(storage, work)
        assert balance(storage, ana) == "5.00"

    def test_many_who_take_at_once_never_take_more_than_there_is(self, storage):
        ana = customer(storage, "10.00")
        taken = in_parallel(lambda _: sum(move(storage, ana, "-0.30") for _ in range(10)))
        assert sum(taken) == 33
        assert balance(storage, ana) == "0.10"

    def test_transfers_at_once_conserve_the_sum_and_leave_no_debt(self, storage):  # contract: B8
        """Without a lock before them, so that MariaDB has deadlocks to find."""
        people = [customer(storage, "20.00") for _ in range(4)]

        def transfer_often(number: int) -> None:
            random = Random(number)
            for _ in range(15):
                source, target = random.sample(people, 2)
                amount = Decimal(random.randint(1, 1500)).scaleb(-2)

                def work(tx: Transaction, source: int = source, target: int = target, amount: Decimal = amount) -> None:
                    if tx.users.move(source, -amount, overdraw=False):
                        assert tx.users.move(target, amount, overdraw=False)

                run(storage, work)

        in_parallel(transfer_often)
        balances = dict(storage.read(lambda tx: tx.users.balances()))
        assert sum(balances.values()) == Decimal("80.00")
        assert min(balances.values()) >= 0
        assert len(set(balances.values())) > 1


class TestAtRest:
    """Contract D10."""

    def test_address_and_phone_number_can_not_be_read_in_the_database(self, url, open_storage):
        ana = add(open_storage(url), address="C/ Mayor 1", phone_number="600123456")
        (row,) = rows(url, "SELECT * FROM users")
        assert not any("Mayor" in str(value) or "600123456" in str(value) for value in row)
        assert get(open_storage(url), ana.id) == ana

    def test_what_was_moved_to_another_user_s_row_is_not_taken_for_theirs(self, url, open_storage):
        storage = open_storage(url)
        ana, eva = add(storage, address="C/ Mayor 1"), add(storage, address="C/ Menor 2")
        (((stolen,),)) = rows(url, f"SELECT address FROM users WHERE id = {ana.id}")
        rows(url, "UPDATE users SET address = :stolen WHERE id = :id", stolen=stolen, id=eva.id)
        with pytest.raises(ValueError, match="tampered with"):
            get(storage, eva.id)

    def test_a_recipient_is_found_where_the_key_of_their_address_is_lost(self, url, open_storage):
        ana = add(open_storage(url), address="C/ Mayor 1", phone_number="600")
        without = SqlStorage(open_database(url, 1), AesGcmVault(KeyRing([NEW_KEY])))
        try:
            assert without.read(lambda tx: tx.users.recipient(ana.id)) == Recipient(ana.id, ana.email, ana.name)
        finally:
            without.close()

    def test_a_new_key_reads_what_the_old_one_wrote_and_finds_its_phone_numbers(self, url, open_storage):
        open_storage(url)
        before = SqlStorage(open_database(url, 1), AesGcmVault(KeyRing([OLD_KEY])))
        after = SqlStorage(open_database(url, 1), AesGcmVault(KeyRing([NEW_KEY, OLD_KEY])))
        try:
            ana = add(before, address="C/ Mayor 1", phone_number="600")
            assert get(after, ana.id) == ana
            assert after.read(lambda tx: tx.users.phone_taken("60 0", None))
            with pytest.raises(PhoneTaken):
                add(after, phone_number="600")
            run(after, lambda tx: tx.users.set_details(ana.id, Details("C/ Menor 2", "600")))
            with pytest.raises(PhoneTaken):
                add(after, phone_number="600")
            assert get(after, ana.id).details == Details("C/ Menor 2", "600")
        finally:
            before.close()
            after.close()


def rows(url: str, statement: str, **values: object) -> list[tuple[object, ...]]:
    """Run raw SQL over a connection of its own and commit; gives the rows, if there are any."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()
