"""Where the keys come from when the environment names none (contract R3)."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from entrypoints.key_file import keys_of
from entrypoints.settings import Settings, WrongSetting

SECRET, DATA = (b"the secret key of these tests: s3cret",), (b"the data key of these tests: s3cret too",)


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def settings(url: str = "sqlite:///var/hucha.db", **named: object) -> Settings:
    return Settings(database_url=url, **named)  # type: ignore[arg-type]


def test_on_sqlite_they_are_made_once_beside_the_database() -> None:
    # contract: R3
    secret, data = keys_of(settings())
    assert len(secret) == len(data) == 1
    assert secret != data
    assert min(len(secret[0]), len(data[0])) >= 32
    assert keys_of(settings()) == (secret, data)
    assert [path.name for path in Path("var").iterdir()] == ["hucha.keys"]


def test_every_database_has_keys_of_its_own() -> None:
    made = {keys_of(settings(f"sqlite:///{name}/hucha.db")) for name in "abc"}
    assert len(made) == 3


@pytest.mark.parametrize(
    ("database", "file"),
    [
        ("hucha.db", "hucha.keys"),
        ("hucha", "hucha.keys"),
        ("my.bank.db", "my.bank.keys"),
        ("x.keys", "x.keys.keys"),
        ("deep/er/x.db", "deep/er/x.keys"),
    ],
)
def test_the_file_is_named_after_the_database(tmp_path: Path, database: str, file: str) -> None:
    keys_of(settings(f"sqlite:///{database}"))
    assert (tmp_path / file).exists()
    assert keys_of(settings(f"sqlite:///{tmp_path}/{database}")) == keys_of(settings(f"sqlite:///{database}"))


def test_only_its_owner_can_read_it() -> None:
    # contract: R3
    before = os.umask(0)
    try:
        keys_of(settings())
    finally:
        os.umask(before)
    assert Path("var/hucha.keys").stat().st_mode & 0o777 == 0o600
    assert Path("var").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o601, 0o666])
def test_a_file_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    # contract: R3
    keys_of(settings())
    Path("var/hucha.keys").chmod(mode)
    with pytest.raises(WrongSetting) as refused:
        keys_of(settings())
    assert f"{tmp_path}/var/hucha.keys" in str(refused.value)
    assert str(refused.value).startswith("SECRET_KEY ")


def test_the_settings_come_first_and_make_no_file(tmp_path: Path) -> None:
    # contract: R3
    assert keys_of(settings(secret_key=SECRET, data_key=DATA)) == (SECRET, DATA)
    assert not list(tmp_path.iterdir())


def test_only_what_the_settings_lack_is_read_from_the_file() -> None:
    # contract: R3
    secret, data = keys_of(settings())
    assert keys_of(settings(secret_key=SECRET)) == (SECRET, data)
    assert keys_of(settings(data_key=DATA)) == (secret, DATA)
    rewrite("DATA_KEY=" + DATA[0].decode())
    assert keys_of(settings(secret_key=SECRET)) == (SECRET, DATA)


@pytest.mark.parametrize("url", ["mysql+pymysql://u:s3cret@h/d", "sqlite:///:memory:", "sqlite://", "nonsense", "://"])
@pytest.mark.parametrize(
    ("named", "missing"),
    [({}, "SECRET_KEY"), ({"secret_key": SECRET}, "DATA_KEY"), ({"data_key": DATA}, "SECRET_KEY")],
)
def test_on_any_other_database_they_are_required(
    tmp_path: Path, url: str, named: dict[str, object], missing: str
) -> None:
    # contract: R3
    with pytest.raises(WrongSetting) as refused:
        keys_of(settings(url, **named))
    assert str(refused.value).startswith(f"{missing} is required ")
    assert "s3cret" not in str(refused.value)
    assert keys_of(settings(url, secret_key=SECRET, data_key=DATA)) == (SECRET, DATA)
    assert not list(tmp_path.iterdir())


def test_keys_can_be_rotated_in_the_file() -> None:
    # contract: G7
    (old,), _ = keys_of(settings())
    rewrite(f"# a note\n\n SECRET_KEY = {'n' * 40} , {old.decode()}\nDATA_KEY={'d' * 32}\nOTHER=1\n")
    assert keys_of(settings()) == ((b"n" * 40, old), (b"d" * 32,))


@pytest.mark.parametrize("text", ["", "nonsense", "SECRET_KEY=", "SECRET_KEY=s3cret\n", "\0", "\udcff=\udcff"])
def test_a_file_without_good_keys_is_refused_and_kept(tmp_path: Path, text: str) -> None:
    keys_of(settings())
    rewrite(text)
    with pytest.raises(WrongSetting) as refused:
        keys_of(settings())
    assert f"SECRET_KEY in {tmp_path}/var/hucha.keys must be at least 32 bytes" in str(refused.value)
    assert "s3cret" not in str(refused.value)
    assert Path("var/hucha.keys").read_bytes() == text.encode(errors="surrogateescape")


@pytest.mark.parametrize("there", ["folder", "broken link", "no folder"])
def test_where_no_file_can_be_the_setting_is_asked_for(there: str) -> None:
    if there == "no folder":
        Path("var").write_text("")
    else:
        Path("var").mkdir()
        if there == "folder":
            Path("var/hucha.keys").mkdir()
        else:
            Path("var/hucha.keys").symlink_to("nowhere")
    with pytest.raises(WrongSetting) as refused:
        keys_of(settings())
    assert str(refused.value).startswith("SECRET_KEY must be set, since ")


def test_processes_that_start_together_have_the_same_keys() -> None:
    # contract: R3, R4
    program = (
        "import sys\nfrom entrypoints.key_file import keys_of\nfrom entrypoints.settings import Settings\n"
        "import sqlalchemy\n"
        "print('ready', flush=True)\nsys.stdin.readline()\n"
        "print(keys_of(Settings()))\n"
    )
    root = str(Path(__file__).parents[2])
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": root},
        )
        for _ in range(6)
    ]
    for process in started:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = {process.communicate(timeout=30)[0] for process in started}
    assert answers == {f"{keys_of(Settings())}\n"}
    assert [path.name for path in Path("var").iterdir()] == ["hucha.keys"], "no draft is left"


def test_no_key_is_logged(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    # contract: D12
    caplog.set_level(logging.DEBUG)
    (secret,), (data,) = keys_of(settings())
    assert f"{tmp_path}/var/hucha.keys" in caplog.text
    assert secret.decode() not in caplog.text and data.decode() not in caplog.text


def rewrite(text: str) -> None:
    Path("var/hucha.keys").write_text(text, errors="surrogateescape")


def test_keys_that_are_gone_are_not_replaced_while_the_database_has_customers(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/hucha.db")
    with pytest.raises(WrongSetting, match=r"SECRET_KEY must be set or .*hucha\.keys put back"):
        keys_of(settings, lambda: True)
    assert not (tmp_path / "hucha.keys").exists()
    assert keys_of(settings, lambda: False) == keys_of(settings, lambda: True)
