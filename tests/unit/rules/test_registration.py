"""What makes a customer of someone: the email comes before the password."""  # contract: A1, B1

from __future__ import annotations

import pytest

from domain.model.errors import InvalidEmail, WeakPassword
from domain.model.users import Details, email_key, masked_email, parse_email, phone_key
from domain.rules.registration import check_registration


def test_a_sound_registration_tells_no_password() -> None:
    registration = check_registration("Nuwe Test", "nuwe@nuwe.com", "NuweTest1$", Details())
    assert (registration.name, registration.email) == ("Nuwe Test", "nuwe@nuwe.com")
    assert "NuweTest1$" not in repr(registration)


def test_the_email_comes_before_the_password() -> None:
    with pytest.raises(InvalidEmail):
        check_registration("Nuwe", "nuwenuwe", "x", Details())
    with pytest.raises(WeakPassword):
        check_registration("Nuwe", "nuwe@nuwe.com", "x", Details())
    assert check_registration("Nuwe", "nuwe@nuwe.com", "x", Details(), "basic").password == "x"


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
