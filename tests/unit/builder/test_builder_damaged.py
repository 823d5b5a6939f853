"""Archives and wheels with random damage: whatever it is, it ends as a typed refusal, or as a good archive."""

from __future__ import annotations

import io
import random
import tarfile
import zipfile
from pathlib import Path

import pytest

from buildyard.farm.builder.disk import remove_tree
from buildyard.farm.builder.failures import PhaseFailed
from buildyard.farm.builder.phases.unpack import Bounds, unpack
from buildyard.farm.builder.wheel import BadWheel, read_wheel
from support.tiny_wheels import wheel_of

_ROUNDS = 150


def _tar() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:", format=tarfile.PAX_FORMAT) as archive:
        for number in range(4):
            info = tarfile.TarInfo(f"pkg-1.0/{'long' * 40 * (number % 2)}{number}")
            info.size, info.pax_headers = 600 * number, {"comment": "é" * 50}
            archive.addfile(info, io.BytesIO(bytes(info.size)))
    return packed.getvalue()


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(4):
            archive.writestr(f"pkg-1.0/{number}", "abc" * 100 * number)
    return packed.getvalue()


def _damaged(data: bytes, dice: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(dice.choice([1, 2, 5, 20])):
        at = dice.randrange(len(damaged))
        damage = dice.choice(["byte", "byte", "byte", "cut", "gap", "number"])
        if damage == "byte":
            damaged[at] = dice.randrange(256)
        elif damage == "cut":
            del damaged[at : at + dice.randrange(50)]
        elif damage == "gap":
            damaged[at:at] = bytes(dice.randrange(50))
        else:
            damaged[at : at + 12] = b"\x80" + dice.randbytes(11)
    return bytes(damaged)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("filename", "whole"), [("pkg-1.0.tar", _tar()), ("pkg-1.0.zip", _zip())])
def test_damaged_source_is_refused_or_stays_inside(tmp_path: Path, filename: str, whole: bytes, seed: int):
    dice = random.Random(seed)
    archive, inside = tmp_path / "archive", tmp_path / "inside"
    for _ in range(_ROUNDS):
        remove_tree(inside)
        inside.mkdir()
        archive.write_bytes(_damaged(whole, dice))
        try:
            unpack(archive, filename, inside, Bounds(size=1_000_000, members=100))
        except PhaseFailed:
            pass
        assert {path.name for path in tmp_path.iterdir()} == {"archive", "inside"}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("seed", range(3))
def test_damaged_wheel_is_refused_or_says_the_same(tmp_path: Path, seed: int):
    dice = random.Random(seed)
    name, whole = wheel_of("pkg", "1.0")
    path = tmp_path / name
    for _ in range(_ROUNDS):
        path.write_bytes(_damaged(whole, dice))
        try:
            found = read_wheel(path)
        except BadWheel:
            continue
        assert (found.record.package, found.record.version) == ("pkg", "1.0")
