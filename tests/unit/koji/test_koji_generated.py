"""The faces' modules are as their table has them, all have the same names, and to import them is cheap."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

from buildyard.koji import Connection, aio, tx

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))
from tools import koji_client, koji_table  # noqa: E402


def public(cls: type) -> set[str]:
    return {name for name in dir(cls) if not name.startswith("_")}


def test_the_faces_are_as_their_table_has_them() -> None:
    stale = [path.name for path, text in koji_client.modules().items() if path.read_text("utf-8") != text]
    assert stale == [], "run: python -m tools.koji_client"


def test_there_are_more_than_sixty_methods() -> None:
    assert len(koji_table.METHODS) > 60


def test_all_faces_have_the_same_names() -> None:
    core_only = {"url", "now", "new_lock", "call_many"}
    of_instances = {"profile", "hub_version"}
    assert public(Connection) == public(tx.Connection) == (public(aio.Connection) | of_instances) - core_only
    for name in koji_table.OBJECTS:
        assert public(getattr(aio, name)) == public(getattr(tx, name))


def test_arguments_are_the_same_on_all_faces() -> None:
    for method in koji_table.METHODS:
        name = method.signature.partition("(")[0]
        faces = [
            inspect.signature(getattr(face, name)).parameters for face in (Connection, aio.Connection, tx.Connection)
        ]
        assert faces[0] == faces[1] == faces[2]


@pytest.mark.parametrize("face", ["koji", "koji.aio", "koji.tx"])
def test_to_import_a_face_brings_no_network_library(face: str) -> None:
    program = f"import buildyard.{face}, json, sys; print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=50)
    heavy = {"urllib3", "aiohttp", "twisted", "requests", "gssapi", "ssl"} - ({"ssl"} if face == "koji.aio" else set())
    assert heavy & set(json.loads(done.stdout)) == set()
