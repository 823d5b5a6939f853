"""A hash that is computed beside is the same hash."""

from __future__ import annotations

import hashlib

import pytest

from buildyard.taskcluster._hashing import HashBeside

PIECES = [b"a" * 70_000, b"b", b"", b"c" * 300_000, b"d" * 40_000] * 20


@pytest.mark.parametrize("name", ["sha256", "sha512"])
def test_pieces_of_any_size_are_hashed_in_their_order(name: str) -> None:
    beside = HashBeside(name)
    for piece in PIECES:
        beside.update(piece)
    assert beside.hexdigest() == hashlib.new(name, b"".join(PIECES)).hexdigest()


def test_nothing_has_the_hash_of_nothing() -> None:
    assert HashBeside("sha256").hexdigest() == hashlib.sha256().hexdigest()
