"""Addresses of stores, and their errors."""

from __future__ import annotations

import asyncio
import pickle
from pathlib import Path

import pytest

from buildyard.farm.store import errors
from buildyard.farm.store.connect import open_store
from buildyard.farm.store.errors import BadStoreUrl, StoreError, StoreTooNew, StoreUnreachable


@pytest.mark.parametrize("url", ["", "yard.sqlite", "mysql://h/db", "sqlite://", "sqlite:///:memory:", "postgresql"])
def test_address_that_names_no_store_is_refused(url: str) -> None:
    with pytest.raises(BadStoreUrl, match="sqlite:///PATH"):
        asyncio.run(open_store(url))


def test_refused_address_hides_its_password() -> None:
    with pytest.raises(BadStoreUrl) as refused:
        asyncio.run(open_store("mysql://farm:secret@h/db"))
    assert "secret" not in str(refused.value)


def test_relative_path_is_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def main() -> None:
        await (await open_store("sqlite:///yard.sqlite")).close()

    asyncio.run(main())
    assert (tmp_path / "yard.sqlite").exists()


def test_path_with_strange_characters_is_a_path(tmp_path: Path) -> None:
    path = tmp_path / "a b?c#d%20e.sqlite"

    async def main() -> None:
        await (await open_store(f"sqlite:///{path}")).close()

    asyncio.run(main())
    assert path.exists()


def test_every_error_is_in_the_tree() -> None:
    for kind in StoreError.__subclasses__():
        assert f"* {kind.__name__}" in (errors.__doc__ or "")


def test_errors_keep_their_facts_when_pickled() -> None:
    unreachable = pickle.loads(pickle.dumps(StoreUnreachable("gone", may_be_committed=True)))
    assert (str(unreachable), unreachable.may_be_committed) == ("gone", True)
    assert pickle.loads(pickle.dumps(StoreTooNew("9", "1"))).found == "9"
