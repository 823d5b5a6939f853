"""Each face imports its own library and no other: start-up time is felt at every command."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

LIBRARIES = {"urllib3", "aiohttp", "twisted", "ssl", "asyncio"}


def libraries_after(statement: str) -> set[str]:
    program = f"{statement}\nimport json, sys\nprint(json.dumps([*sys.modules]))"
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    return LIBRARIES & set(json.loads(out))


@pytest.mark.parametrize(
    ("statement", "imported"),
    [
        ("import buildyard.faces.transport, buildyard.faces.blocking, buildyard.retry", set()),
        ("import buildyard.faces.http", set()),
        ("import buildyard.faces.deferred", set()),
        ("import buildyard.faces.scripted", set()),
        ("from buildyard.faces.http import BlockingTransport", {"urllib3", "ssl"}),
        ("from buildyard.faces.http import AsyncioTransport", {"aiohttp", "ssl", "asyncio"}),
        ("from buildyard.faces.portal import Portal", {"asyncio", "ssl"}),
    ],
)
def test_only_what_is_named_is_imported(statement: str, imported: set[str]) -> None:
    assert libraries_after(statement) == imported


def test_other_names_are_attribute_errors() -> None:
    import buildyard.faces.http as module

    with pytest.raises(AttributeError, match="Nothing"):
        _ = module.Nothing  # type: ignore[attr-defined]
