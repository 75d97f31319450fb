"""What a customer-to-be must tell, checked in order."""  # contract: A1, B1, G4

from __future__ import annotations

import pytest

from domain.model.errors import EmptyFields, InvalidEmail, InvalidFields, MissingFields, WeakPassword
from domain.model.users import Details, email_key, masked_email, parse_email, phone_key
from domain.rules.registration import parse_details, parse_registration

REQUIRED = ("email", "password", "name")
GOOD = {"email": "nuwe@nuwe.com", "password": "NuweTest1$", "name": "Nuwe Test"}


def test_a_whole_registration_is_read() -> None:
    registration = parse_registration({**GOOD, "currency": "eur", "address": None}, REQUIRED)
    assert (registration.name, registration.email) == ("Nuwe Test", "nuwe@nuwe.com")
    assert registration.details == Details(currency="EUR")
    assert "NuweTest1$" not in repr(registration)


@pytest.mark.parametrize("name", REQUIRED)
def test_what_is_missing_comes_before_what_is_empty(name: str) -> None:
    fields = dict.fromkeys(GOOD, "")
    del fields[name]
    with pytest.raises(MissingFields) as refused:
        parse_registration(fields, REQUIRED)
    assert refused.value.names == (name,)


@pytest.mark.parametrize("empty", [None, "", " ", "\t\n"])
@pytest.mark.parametrize("name", REQUIRED)
def test_what_is_empty_comes_before_what_is_wrong(name: str, empty: object) -> None:
    with pytest.raises(EmptyFields) as refused:
        parse_registration({"email": "no", "password": "x", "name": "y", name: empty}, REQUIRED)
    assert refused.value.names == (name,)


def test_types_and_lengths_come_before_the_email_which_comes_before_the_password() -> None:
    with pytest.raises(InvalidFields, match="name must be a string; email must be a string"):
        parse_registration({"email": 5, "password": "x", "name": []}, REQUIRED)
    with pytest.raises(InvalidFields, match="at most 128"):
        parse_registration({**GOOD, "name": "x" * 129}, REQUIRED)
    with pytest.raises(InvalidFields, match="at most 255"):
        parse_registration({**GOOD, "address": "x" * 256}, REQUIRED)
    with pytest.raises(InvalidEmail):
        parse_registration({**GOOD, "email": "nuwenuwe", "password": "x"}, REQUIRED)
    with pytest.raises(WeakPassword):
        parse_registration({**GOOD, "password": "x"}, REQUIRED)


def test_first_and_last_name_make_the_name_that_is_missing() -> None:
    fields = {"email": "a@b.co", "password": "NuweTest1$", "first_name": "Ana", "last_name": "Gil"}
    registration = parse_registration(fields, REQUIRED)
    assert registration.name == "Ana Gil"
    assert (registration.details.first_name, registration.details.last_name) == ("Ana", "Gil")
    with pytest.raises(EmptyFields):
        parse_registration({**fields, "name": ""}, REQUIRED)


@pytest.mark.parametrize(
    "email",
    [
        "nuwenuwe",
        "nuwe#nuwe.com",
        "a@b",
        "@b.co",
        "a@",
        "a@@b.co",
        "a@b@c.co",
        "a b@c.co",
        "a@b..co",
        "a@.co",
        "a@b.co.",
        "a@b.co\n",
        "a\x07@b.co",
        "x" * 123 + "@b.com",
        "\ufeffa@b.co",
    ],
)
def test_what_is_no_email_address_is_refused(email: str) -> None:
    with pytest.raises(InvalidEmail):
        parse_email(email)


@pytest.mark.parametrize("email", ["a@b.co", "x" * 122 + "@b.com", "ñ@ñ.es", "a+b@c.d.e", "o'neill@x.org"])
def test_an_email_address_is_taken(email: str) -> None:
    assert parse_email(email) == email


def test_keys_ignore_what_the_contract_ignores() -> None:
    assert email_key("Nuwe@NUWE.com") == email_key("nuwe@nuwe.com")
    assert phone_key("666 888 116", "+34") == phone_key("666888116", "+34")
    assert phone_key("666888116", "+34") != phone_key("666888116", None)
    assert phone_key("4666", "+3") != phone_key("666", "+34")
    assert masked_email("nuwe@nuwe.com") == "n***@n***.com"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("phone_number", "call me"),
        ("phone_number", "6" * 33),
        ("country_code", "+12345"),
        ("currency", "EURO"),
        ("currency", "E1R"),
        ("currency", 978),
        ("phone_number", 666888116),
        ("first_name", "x" * 129),
    ],
)
def test_a_detail_that_is_none_is_refused(name: str, value: object) -> None:
    with pytest.raises(InvalidFields) as refused:
        parse_details({name: value})
    assert [problem.field for problem in refused.value.problems] == [name]


def test_details_change_where_they_are_named_and_are_unset_where_they_are_empty() -> None:
    before = Details(address="Main St", phone_number="666", currency="EUR")
    assert parse_details({"address": "", "phone_number": "777"}, before) == Details(phone_number="777", currency="EUR")
