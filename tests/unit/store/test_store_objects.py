"""Objects on disk: whole under their digest, or not there."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from buildyard.farm.store.errors import BadDigest, DigestMismatch, ObjectNotFound, StoreFull
from buildyard.farm.store.objects import ObjectStore

DATA = b"a wheel, more or less" * 1000
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def objects(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path / "objects")


def staged_files(objects: ObjectStore) -> list[Path]:
    return list((objects.root / "staging").iterdir())


def test_committed_object_is_found_by_its_digest(objects: ObjectStore) -> None:
    with objects.stage() as staged:
        staged.write(DATA[:7])
        staged.write(DATA[7:])
        stored = staged.commit(DIGEST)
    assert (stored.sha256, stored.size, stored.path) == (DIGEST, len(DATA), objects.path(DIGEST))
    assert stored.path == objects.root / DIGEST[:2] / DIGEST[2:4] / DIGEST
    with objects.open(DIGEST) as file:
        assert file.read() == DATA
    assert staged_files(objects) == []


def test_empty_object_is_an_object(objects: ObjectStore) -> None:
    with objects.stage() as staged:
        stored = staged.commit()
    assert (stored.sha256, stored.size) == (hashlib.sha256(b"").hexdigest(), 0)


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 0, 2, 1], [0, 0, 1, 2]])
def test_pieces_may_come_in_any_order_and_again(objects: ObjectStore, order: list[int]) -> None:
    third = len(DATA) // 3
    with objects.stage() as staged:
        for piece in order:
            staged.write_at(piece * third, DATA[piece * third : (piece + 1) * third])
        assert staged.commit(DIGEST).size == len(DATA)


def test_bytes_that_were_left_out_are_zeros(objects: ObjectStore) -> None:
    with objects.stage() as staged:
        staged.write_at(3, b"x")
        assert staged.commit(hashlib.sha256(b"\0\0\0x").hexdigest()).size == 4


def test_other_bytes_than_promised_are_thrown_away(objects: ObjectStore) -> None:
    staged = objects.stage()
    staged.write(b"something else")
    with pytest.raises(DigestMismatch) as refused:
        staged.commit(DIGEST)
    assert refused.value.expected == DIGEST
    assert refused.value.actual == hashlib.sha256(b"something else").hexdigest()
    assert not objects.exists(DIGEST)
    assert not objects.exists(refused.value.actual)
    assert staged_files(objects) == []


def test_aborted_object_leaves_nothing(objects: ObjectStore) -> None:
    with objects.stage() as staged:
        staged.write(DATA)
    staged.abort()
    assert staged_files(objects) == []
    with pytest.raises(ValueError, match="thrown away"):
        staged.write(DATA)


def test_same_object_twice_is_one(objects: ObjectStore) -> None:
    for _ in range(2):
        with objects.stage() as staged:
            staged.write(DATA)
            staged.commit()
    assert [path.name for path in objects.root.rglob("*") if path.is_file()] == [DIGEST]


def test_object_cannot_be_written_by_its_readers(objects: ObjectStore) -> None:
    with objects.stage() as staged:
        path = staged.commit().path
    assert path.stat().st_mode & 0o777 == 0o444


def test_deleted_object_is_gone_but_for_who_reads_it(objects: ObjectStore) -> None:
    with objects.stage() as staged:
        staged.write(DATA)
        staged.commit()
    with objects.open(DIGEST) as file:
        objects.delete(DIGEST)
        objects.delete(DIGEST)
        assert not objects.exists(DIGEST)
        assert file.read() == DATA
    with pytest.raises(ObjectNotFound):
        objects.open(DIGEST)


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", DIGEST[:-1], DIGEST.upper(), DIGEST + "\n", "ab/" + DIGEST[3:]]
)
def test_name_that_is_no_digest_is_refused(objects: ObjectStore, name: str) -> None:
    for ask in (objects.path, objects.open, objects.exists, objects.delete):
        with pytest.raises(BadDigest):
            ask(name)


def test_leftovers_of_a_dead_process_are_removed_at_start(objects: ObjectStore) -> None:
    program = "import os, sys; from pathlib import Path; from buildyard.farm.store.objects import ObjectStore\n"
    program += "staged = ObjectStore(Path(sys.argv[1])).stage(); staged.write(b'half'); os.kill(os.getpid(), 9)"
    died = subprocess.run([sys.executable, "-c", program, str(objects.root)], check=False, timeout=30)
    assert died.returncode == -9
    assert len(staged_files(objects)) == 1
    ObjectStore(objects.root)
    assert staged_files(objects) == []


def test_what_another_store_still_writes_is_no_leftover(objects: ObjectStore) -> None:
    with objects.stage() as staged:
        staged.write(DATA)
        ObjectStore(objects.root)
        assert staged.commit(DIGEST).size == len(DATA)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk_is_said_and_the_piece_may_come_again(
    objects: ObjectStore, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    room = [5]

    def pwrite(handle: int, data: bytes, offset: int) -> int:
        if not room[0]:
            raise OSError(number, os.strerror(number))
        take = data[: room[0]]
        room[0] -= len(take)
        return write(handle, take, offset)

    write = os.pwrite
    monkeypatch.setattr(os, "pwrite", pwrite)
    with objects.stage() as staged:
        with pytest.raises(StoreFull):
            staged.write(DATA)
        room[0] = len(DATA)
        staged.write(DATA)
        assert staged.commit(DIGEST).sha256 == DIGEST
