"""A hub and the key of its secrets."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from buildyard.farm.hub import Hub
from buildyard.farm.sealing import BadKey, new_key
from buildyard.farm.settings import Settings


def opened(settings: Settings) -> bytes:
    """Open a hub, and return something that it sealed."""

    async def main() -> bytes:
        async with Hub.open(settings) as hub:
            return hub.sealing.seal("name", b"secret")

    return asyncio.run(main())


def reopened(settings: Settings, sealed: bytes) -> bytes:
    async def main() -> bytes:
        async with Hub.open(settings) as hub:
            return hub.sealing.open("name", sealed)

    return asyncio.run(main())


def test_hub_makes_its_key_at_the_first_start_and_keeps_it(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path / "state", port=0)
    assert reopened(settings, opened(settings)) == b"secret"


def test_hubs_of_one_database_share_a_key_that_the_settings_name(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(new_key())
    one, other = (Settings(state=tmp_path / name, port=0, secrets_key=str(key)) for name in ("one", "other"))
    assert reopened(other, opened(one)) == b"secret"


def test_hub_does_not_start_without_the_key_that_the_settings_name(tmp_path: Path) -> None:
    with pytest.raises(BadKey, match="no key for secrets in"):
        opened(Settings(state=tmp_path / "state", port=0, secrets_key=str(tmp_path / "none")))
