"""What a customer-to-be must tell, checked in order."""  # contract: A1, B1, D1, G4

from __future__ import annotations

import msgspec
import pytest

from domain.model.errors import EmptyFields, InvalidFields, MissingFields
from entrypoints.http.identity.profile import SettingsBody
from entrypoints.http.identity.registration import RegisterBody, UserRegisterBody
from entrypoints.http.reading import read

REQUIRED = ("email", "password", "name")
GOOD = {"email": "nuwe@nuwe.com", "password": "NuweTest1$", "name": "Nuwe Test"}
BY_B = {**GOOD, "address": "Main St", "phoneNumber": "666888116"}


def test_a_whole_registration_is_read() -> None:
    assert read(RegisterBody, {**GOOD, "currency": "eur", "first_name": None, "other": 1}) == RegisterBody(
        "nuwe@nuwe.com", "NuweTest1$", "Nuwe Test", currency="eur"
    )


@pytest.mark.parametrize("name", REQUIRED)
def test_what_is_missing_comes_before_what_is_empty(name: str) -> None:
    fields = dict.fromkeys(GOOD, "")
    del fields[name]
    with pytest.raises(MissingFields) as refused:
        read(RegisterBody, fields)
    assert refused.value.names == (name,)


@pytest.mark.parametrize("empty", [None, "", " ", "\t\n"])
@pytest.mark.parametrize("name", REQUIRED)
def test_what_is_empty_comes_before_what_is_wrong(name: str, empty: object) -> None:
    with pytest.raises(EmptyFields) as refused:
        read(RegisterBody, {"email": "no", "password": "x", "name": 5, "currency": "EURO", name: empty})
    assert refused.value.names == (name,)


def test_every_bad_field_is_named() -> None:
    with pytest.raises(InvalidFields, match="email must be a string; name must be a string"):
        read(RegisterBody, {"email": 5, "password": "x", "name": [1]})
    with pytest.raises(InvalidFields, match="name must have at most 128 characters"):
        read(RegisterBody, {**GOOD, "name": "x" * 129})
    with pytest.raises(InvalidFields, match="address must have at most 255 characters"):
        read(UserRegisterBody, {**BY_B, "address": "x" * 256})


def test_first_and_last_name_make_the_name_that_is_missing() -> None:
    fields = {"email": "a@b.co", "password": "NuweTest1$", "first_name": "Ana", "last_name": "Gil"}
    registration = read(RegisterBody, fields)
    assert (registration.name, registration.first_name, registration.last_name) == ("Ana Gil", "Ana", "Gil")
    with pytest.raises(EmptyFields):
        read(RegisterBody, {**fields, "name": ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("phone_number", "call me"),
        ("phone_number", "6" * 33),
        ("phone_number", "666\n"),
        ("country_code", "+12345"),
        ("country_code", "ES\n"),
        ("currency", "EURO"),
        ("currency", "E1R"),
        ("currency", "EUR\n"),
        ("currency", 978),
        ("phone_number", 666888116),
        ("first_name", "x" * 129),
    ],
)
def test_a_detail_that_is_none_is_refused(name: str, value: object) -> None:
    with pytest.raises(InvalidFields) as refused:
        read(SettingsBody, {name: value})
    assert [problem.field for problem in refused.value.problems] == [name]


def test_details_change_where_they_are_named_and_are_unset_where_they_are_empty() -> None:
    changes = read(SettingsBody, {"address": "", "phone_number": "777"})
    assert (changes.address, changes.phone_number, changes.currency) == (None, "777", msgspec.UNSET)
