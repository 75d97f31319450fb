"""A wrong value in the environment stops the start with one sentence that names the variable (contract R3)."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path

import attrs
import pytest

from domain.model.errors import StorageUnavailable
from domain.model.quotas import DEFAULT_QUOTAS, Quotas
from entrypoints.composition import build
from entrypoints.databases import migrate_only
from entrypoints.settings import Settings, SmtpServer, WrongSetting

CPU = min(os.sched_getaffinity(0))
NO_CPU = max(os.sched_getaffinity(0)) + 1000

DEFAULTS = {
    "HOST": "127.0.0.1",
    "PORT": 3000,
    "THREADS": 32,
    "CPUS": None,
    "DATABASE_URL": "sqlite:///var/hucha.db",
    "REDIS_URL": None,
    "SECRET_KEY": (),
    "DATA_KEY": (),
    "ACCESS_TOKEN_SECONDS": 86_400,
    "BCRYPT_ROUNDS": 12,
    "PASSWORD_POLICY": "strong",
    "EXPOSE_PASSWORD_HASH": True,
    "RATE_LIMITS": True,
    "LOGIN_RATE": 10,
    "OTP_RATE": 10,
    "RESET_RATE": 10,
    "REGISTER_RATE": 60,
    "SMTP_URL": None,
    "MAIL_DIR": Path("var/mail"),
    "MAIL_FROM": "Hucha <no-reply@hucha.example>",
    "MARKET_PRICES_URL": None,
    "MARKET_SEED": 1,
    "AUTO_INVEST_INTERVAL_SECONDS": 30,
    "QUOTAS": Quotas(),
    "CORS_ORIGINS": (),
    "EVENT_API_KEY": None,
    "TRUSTED_PROXIES": (),
    "LOG_LEVEL": "INFO",
    "LOG_FORMAT": "console",
}

KEYS = ("k" * 32, "ñ" * 16, "a key that has blanks within itself")

GOOD = [
    ("HOST", "0.0.0.0", "0.0.0.0"),
    ("HOST", "::1", "::1"),
    ("HOST", "localhost", "localhost"),
    ("PORT", "0", 0),
    ("PORT", "8080", 8080),
    ("PORT", "65535", 65535),
    ("PORT", " 8080 ", 8080),
    ("PORT", "08080", 8080),
    ("THREADS", "1", 1),
    ("THREADS", "512", 512),
    ("CPUS", f"{CPU}", frozenset({CPU})),
    ("CPUS", f"{CPU}-{CPU}", frozenset({CPU})),
    ("CPUS", f" {CPU} , {CPU}", frozenset({CPU})),
    ("DATABASE_URL", "sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
    ("DATABASE_URL", "mysql+pymysql://u:p@h/d", "mysql+pymysql://u:p@h/d"),
    ("REDIS_URL", "redis://h:6379/0", "redis://h:6379/0"),
    ("REDIS_URL", "rediss://u:p%40@h", "rediss://u:p%40@h"),
    ("REDIS_URL", "redis://:p@[::1]:1/", "redis://:p@[::1]:1/"),
    *[(name, key, (key.encode(),)) for name in ("SECRET_KEY", "DATA_KEY") for key in KEYS],
    ("SECRET_KEY", " , ".join(KEYS), tuple(key.encode() for key in KEYS)),
    ("SECRET_KEY", "\udcff" * 32, (b"\xff" * 32,)),
    ("ACCESS_TOKEN_SECONDS", "60", 60),
    ("ACCESS_TOKEN_SECONDS", "31536000", 31_536_000),
    ("BCRYPT_ROUNDS", "4", 4),
    ("BCRYPT_ROUNDS", "16", 16),
    ("PASSWORD_POLICY", "Basic", "basic"),
    ("EXPOSE_PASSWORD_HASH", "False", False),
    ("EXPOSE_PASSWORD_HASH", "true", True),
    ("RATE_LIMITS", "OFF", False),
    ("RATE_LIMITS", "on", True),
    ("LOGIN_RATE", "1", 1),
    ("OTP_RATE", "1000000", 1_000_000),
    ("RESET_RATE", "3", 3),
    ("REGISTER_RATE", "600", 600),
    ("SMTP_URL", "smtp://h:25", SmtpServer("h", 25)),
    ("SMTP_URL", "smtp://h:25/", SmtpServer("h", 25)),
    ("SMTP_URL", "smtp://u%40h:p%3A%C3%B1%25@h:587?tls=start", SmtpServer("h", 587, "u@h", "p:ñ%", "start")),
    ("SMTP_URL", "smtp://u:p@[::1]:465?tls=on", SmtpServer("::1", 465, "u", "p", "on")),
    ("MAIL_DIR", "/tmp/mail", Path("/tmp/mail")),
    ("MAIL_FROM", "a@b.example", "a@b.example"),
    ("MAIL_FROM", "<a@b.example>", "<a@b.example>"),
    ("MAIL_FROM", "Caja de Ahorros Ñ <a@b.example>", "Caja de Ahorros Ñ <a@b.example>"),
    *[
        ("MARKET_PRICES_URL", text, text)
        for text in (
            "http://h",
            "HTTPS://feed.example:8443/api/v1/web/fn-e0f31110/default/market-prices-simulator",
            "https://feed.example/prices?key=s3cret&all",
            "http://127.0.0.1:9/",
            "http://[::1]:9/prices",
        )
    ],
    ("MARKET_SEED", "0", 0),
    ("MARKET_SEED", "9007199254740991", 2**53 - 1),
    ("AUTO_INVEST_INTERVAL_SECONDS", "1", 1),
    ("AUTO_INVEST_INTERVAL_SECONDS", "86400", 86_400),
    ("QUOTAS", ",".join(f"{noun}={most}" for noun, most in DEFAULT_QUOTAS.items()), Quotas(DEFAULT_QUOTAS)),
    ("QUOTAS", "alerts=1", Quotas({"alerts": 1})),
    ("QUOTAS", " sessions = 20 , receipts_mib=1000000000", Quotas({"sessions": 20, "receipts_mib": 1_000_000_000})),
    ("CORS_ORIGINS", "https://bank.example", ("https://bank.example",)),
    ("CORS_ORIGINS", "HTTP://LocalHost:8080 , https://[::1]:9", ("http://localhost:8080", "https://[::1]:9")),
    ("CORS_ORIGINS", "https://a.example:443,http://a.example:0080", ("https://a.example", "http://a.example")),
    ("EVENT_API_KEY", "s3cret", "s3cret"),
    ("TRUSTED_PROXIES", "10.0.0.0/8", (ip_network("10.0.0.0/8"),)),
    ("TRUSTED_PROXIES", "127.0.0.1", (ip_network("127.0.0.1/32"),)),
    ("TRUSTED_PROXIES", "10.0.0.0/8, 2001:db8::/32", (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))),
    ("LOG_LEVEL", "DEBUG", "DEBUG"),
    ("LOG_LEVEL", "warning", "WARNING"),
    ("LOG_LEVEL", "ERROR", "ERROR"),
    ("LOG_FORMAT", "json", "json"),
    ("LOG_FORMAT", "Console", "console"),
]

BAD = [
    *[("PORT", text) for text in ("abc", "-1", "+1", "65536", "1.0", "1e3", "0x50", "80 80", "٣٠٠٠", "1_000")],
    *[("THREADS", text) for text in ("0", "-1", "513", "many", "1.5", "²")],
    *[("CPUS", text) for text in ("abc", "-1", ",", "0,", "0-", "-", "0--1", "0-1-2", "1.5", "²", f"{CPU}-²")],
    *[("CPUS", text) for text in (f"{NO_CPU}", f"{CPU},{NO_CPU}", f"{CPU + 1}-{CPU}")],
    *[
        ("TRUSTED_PROXIES", text)
        for text in ("abc", "10.0.0.0/33", "10.0.0.1/8", "10.0.0", ",", "10.0.0.0/8,", "::1/129")
    ],
    *[
        ("REDIS_URL", text)
        for text in (
            "h:6379",
            "http://h",
            "redis:",
            "redis://",
            "redis://h:0",
            "redis://h:65536",
            "redis://h:x",
            "redis://h/x",
            "redis://h/0/1",
            "redis://h?db=1",
            "redis://h#1",
            "redis://a b",
            "unix:///x",
            "redis://[h",
        )
    ],
    *[
        (name, text)
        for name in ("SECRET_KEY", "DATA_KEY")
        for text in ("s3cret", "k" * 31, "k" * 32 + ",", "," + "k" * 32, "k" * 32 + ",s3cret", ",", "ñ" * 15)
    ],
    *[("ACCESS_TOKEN_SECONDS", text) for text in ("59", "31536001", "0", "-60", "1h")],
    *[("BCRYPT_ROUNDS", text) for text in ("3", "17", "x")],
    *[("PASSWORD_POLICY", text) for text in ("weak", "none")],
    *[("EXPOSE_PASSWORD_HASH", text) for text in ("1", "0", "yes", "on")],
    *[("RATE_LIMITS", text) for text in ("true", "0", "10")],
    *[(f"{kind}_RATE", text) for kind in ("LOGIN", "OTP", "RESET", "REGISTER") for text in ("0", "1000001", "10/m")],
    *[
        ("SMTP_URL", text)
        for text in (
            "h:25",
            "smtp://h",
            "smtps://h:25",
            "smtp://:25",
            "smtp://h:0",
            "smtp://h:x",
            "smtp://h:25/x",
            "smtp://u@h:25",
            "smtp://:s3cret@h:25",
            "smtp://u:@h:25",
            "smtp://h:25?tls=off",
            "smtp://h:25?tls=",
            "smtp://h:25?ssl=on",
            "smtp://h:25?tls=on&tls=on",
            "smtp://h:25#x",
            "smtp://u:s3cret@h\n:25",
            "smtp://u:p@@",
        )
    ],
    *[
        ("MAIL_FROM", text)
        for text in (
            "Hucha",
            "a@b",
            "Hucha a@b.example",
            "Hucha<a@b.example>",
            "a@b.example, c@d.example",
            "<>",
            "H\n <a@b.example>",
            "H\r\nBcc: <a@b.example>",
            "H\u202e <a@b.example>",
            "ñ@b.example",
            '"H" <a@b.example>',
            "A, B <a@b.example>",
            "H <a@b.example> x",
            "H <a,c@b.example>",
            "x@y <a@b.example>",
            "a@" + "b" * 130 + ".c",
        )
    ],
    *[
        ("MARKET_PRICES_URL", text)
        for text in (
            "feed.example/prices",
            "/prices",
            "http:",
            "http://",
            "http:///prices",
            "https://:443/prices",
            "ftp://h/prices",
            "file:///prices.json",
            "redis://h",
            "http://h:0",
            "http://h:65536",
            "http://h:x",
            "http://u:s3cret@h/prices",
            "http://u@h/prices",
            "http://@h/prices",
            "http://h/prices#today",
            "http://h/prices#",
            "http://h/my prices",
            "http://h/\u200bprices",
            "http://[h/prices",
            "http://h\\x/prices",
        )
    ],
    *[("MARKET_SEED", text) for text in ("-1", "9007199254740992", "1.5", "seed", "0x1")],
    *[
        ("QUOTAS", text)
        for text in (
            *("alerts", "alerts=", "alerts=0", "alerts=-1", "alerts=1.5", "alerts=1_0", "alerts=1000000001", "=1", "1"),
            *("alerts=1,", "alerts=1;sessions=2", "alert=1", "Alerts=1", "alerts=1,alerts=1", "alerts==1", "a=b"),
        )
    ],
    *[("AUTO_INVEST_INTERVAL_SECONDS", text) for text in ("0", "86401", "-30", "30s", "0.5")],
    *[
        ("CORS_ORIGINS", text)
        for text in (
            "*",
            "null",
            "bank.example",
            "https://*.bank.example",
            "https://bank.example/",
            "https://a/x",
            "ftp://a",
            "https://a:0",
            "https://a:65536",
            "https://u@a",
            "https://a,",
            "https://a https://b",
            "https://",
            "https://a?x",
            "https://a#x",
            "https://ñ.example",
            "https://.a",
            "https://a:",
        )
    ],
    *[("EVENT_API_KEY", text) for text in ("a b", "se\u00f1al", "a\tb", "a\u200bb", "\U0001f511")],
    *[("LOG_LEVEL", text) for text in ("LOUD", "10", "INFO,DEBUG", "NOTSET", "CRITICAL ERROR")],
    *[("LOG_FORMAT", text) for text in ("xml", "jsonl", "json,console")],
]

BAD_DATABASES = [
    "nonsense",
    "hucha.db",
    "/var/hucha.db",
    "sqlite",
    "sqlite:",
    "sqlite://",
    "sqlite:///:memory:",
    "sqlite:///file::memory:?uri=true",
    "sqlite:///file:x?mode=memory&uri=true",
    "sqlite+aiosqlite:///x.db",
    "postgresql://u:s3cret@h/d",
    "mysql://u:s3cret@h/d",
    "mysql+mysqldb://u:s3cret@h/d",
    "mysql+pymysql://",
    "mysql+pymysql://u:s3cret@h",
    "mysql+pymysql://u:s3cret@h/",
    "mysql+pymysql://u:s3cret@h:port/d",
    "mysql+pymysql://u:s3cret@h/d?nonsense=1",
    "http://h/d",
    "://",
]


def sentence_of(wrong: WrongSetting, name: str) -> str:
    """One sentence, for people, that names the variable."""
    sentence = str(wrong)
    assert wrong.name == name
    assert sentence.startswith(f"{name} ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 300
    assert not re.search(r"Traceback|Error|invalid literal|base 10|None|<", sentence), sentence
    return sentence


def test_an_empty_environment_has_the_defaults_of_the_contract() -> None:
    # contract: R3
    settings = Settings.from_environment({})
    assert {name: getattr(settings, name.lower()) for name in DEFAULTS} == DEFAULTS
    assert settings == Settings()


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
def test_a_blank_variable_has_its_default(blank: str) -> None:
    assert Settings.from_environment(dict.fromkeys(DEFAULTS, blank)) == Settings()


def test_every_setting_is_read_from_the_environment() -> None:
    assert {field.name.upper() for field in attrs.fields(Settings)} == set(DEFAULTS)


def test_other_variables_are_left_alone() -> None:
    assert Settings.from_environment({"PATH": "x", "port": "1", "HUCHA_PORT": "nonsense"}) == Settings()


@pytest.mark.parametrize(("name", "text", "value"), GOOD)
def test_a_good_value_is_read(name: str, text: str, value: object) -> None:
    # contract: R3
    settings = Settings.from_environment({name: text})
    assert settings == attrs.evolve(Settings(), **{name.lower(): value})


@pytest.mark.parametrize(("name", "text"), BAD)
def test_a_bad_value_is_refused_in_one_sentence(name: str, text: str) -> None:
    # contract: R3
    with pytest.raises(WrongSetting) as refused:
        Settings.from_environment({name: text})
    assert "must" in sentence_of(refused.value, name), "it says what would be right"
    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None and refused.value.__suppress_context__


@pytest.mark.parametrize("url", BAD_DATABASES)
def test_a_bad_database_url_is_refused_in_one_sentence(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # contract: R3
    monkeypatch.chdir(tmp_path)
    for start in (build, migrate_only):
        with pytest.raises(WrongSetting) as refused:
            start(Settings.from_environment({"DATABASE_URL": url}))
        assert "s3cret" not in sentence_of(refused.value, "DATABASE_URL")


@pytest.mark.parametrize("place", ["file/hucha.db", "file/deeper/hucha.db"])
def test_a_place_where_no_database_can_be_is_refused(tmp_path: Path, place: str) -> None:
    """One sentence, whether it is found by us or by SQLite."""
    # contract: R3
    (tmp_path / "file").write_text("this is no folder")
    with pytest.raises((WrongSetting, StorageUnavailable)):
        build(Settings(database_url=f"sqlite:///{tmp_path}/{place}"))


def test_a_range_of_cores_without_end_is_refused_before_it_fills_the_memory() -> None:
    limit = 1 << 30
    asked = "from entrypoints.settings import *; Settings.from_environment({'CPUS': '0-99999999999'})"
    finished = subprocess.run(
        [sys.executable, "-c", asked],
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        check=False,
    )
    assert "WrongSetting" in finished.stderr


def test_secrets_arent_shown() -> None:
    # contract: D12
    settings = Settings.from_environment(
        {
            "DATABASE_URL": "mysql+pymysql://u:s3cret@h/d",
            "EVENT_API_KEY": "k3y",
            "SECRET_KEY": "s3cret" * 8,
            "DATA_KEY": "k3y" * 16,
            "REDIS_URL": "redis://u:s3cret@h/0",
            "SMTP_URL": "smtp://k3y:s3cret@h:25",
            "MARKET_PRICES_URL": "https://h/prices?k3y=s3cret",
        }
    )
    assert "s3cret" not in repr(settings) and "k3y" not in repr(settings)
    assert "s3cret" not in str(settings) and "k3y" not in str(settings)


def test_settings_dont_change() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]
