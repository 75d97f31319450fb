"""Keys that don't fit the data are noticed at the start."""  # contract: G7, R3

from __future__ import annotations

from pathlib import Path

import pytest

from entrypoints.composition import build
from entrypoints.settings import Settings, WrongSetting

OLD, NEW = b"o" * 32, b"n" * 32


def start(folder: Path, secret: tuple[bytes, ...] = (OLD,), data: tuple[bytes, ...] = (OLD,)) -> None:
    url = f"sqlite:///{folder}/hucha.db"
    build(Settings(database_url=url, secret_key=secret, data_key=data, threads=2)).close()


def test_the_keys_of_the_first_start_are_the_databases_own(tmp_path: Path) -> None:
    start(tmp_path)
    start(tmp_path)
    with pytest.raises(WrongSetting, match="SECRET_KEY doesn't hold the key"):
        start(tmp_path, secret=(NEW,))
    with pytest.raises(WrongSetting, match="DATA_KEY doesn't hold the key"):
        start(tmp_path, data=(NEW,))
    start(tmp_path)


def test_a_new_key_takes_the_place_of_the_one_that_it_comes_before(tmp_path: Path) -> None:
    start(tmp_path)
    start(tmp_path, secret=(NEW, OLD))
    start(tmp_path, secret=(NEW,))
    with pytest.raises(WrongSetting, match="SECRET_KEY"):
        start(tmp_path, secret=(OLD,))


def test_the_proofs_give_no_key_away(tmp_path: Path) -> None:
    start(tmp_path)
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.name.startswith("hucha.db"))
    assert OLD not in content
