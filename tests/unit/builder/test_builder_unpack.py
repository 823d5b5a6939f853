"""Archives that anybody may have made: what is written of them, and what is refused."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from buildyard.farm.builder.failures import PhaseFailed
from buildyard.farm.builder.phases.unpack import Bounds, unpack
from buildyard.farm.wire import FailureKind

GOOD = {"pkg-1.0/setup.py": b"print(1)\n", "pkg-1.0/src/pkg/__init__.py": b""}


def member(name: str, kind: bytes = tarfile.REGTYPE, *, link: str = "", data: bytes = b"", **facts: object):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.mtime = kind, link, len(data), 1_700_000_000
    for key, value in facts.items():
        setattr(info, key, value)
    return info, data


def tar(*members: tuple[tarfile.TarInfo, bytes], format: int = tarfile.PAX_FORMAT) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:", format=format) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return packed.getvalue()


def files(contents: dict[str, bytes]) -> list[tuple[tarfile.TarInfo, bytes]]:
    return [member(name, data=data) for name, data in contents.items()]


def packed_zip(contents: dict[str, bytes], change: Callable[[zipfile.ZipInfo], None] = lambda info: None) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in contents.items():
            info = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            change(info)
            archive.writestr(info, data)
    return packed.getvalue()


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Path]:
    """Unpack the bytes of an archive, below a directory that must stay as it was."""

    def unpacks(data: bytes, filename: str = "pkg-1.0.tar", bounds: Bounds | None = None) -> Path:
        archive = tmp_path / "archive"
        archive.write_bytes(data)
        inside = tmp_path / "inside"
        inside.mkdir()
        try:
            return unpack(archive, filename, inside, bounds or Bounds())
        finally:
            assert sorted(path.name for path in tmp_path.iterdir()) == ["archive", "inside"]

    return unpacks


def refused(opened: Callable[..., Path], data: bytes, **options: object) -> PhaseFailed:
    with pytest.raises(PhaseFailed) as caught:
        opened(data, **options)
    return caught.value


@pytest.mark.parametrize(
    ("filename", "pack"),
    [
        ("pkg-1.0.tar.gz", gzip.compress),
        ("pkg-1.0.TGZ", gzip.compress),
        ("pkg-1.0.tar.bz2", bz2.compress),
        ("pkg-1.0.tar.xz", lzma.compress),
        ("pkg-1.0.tar", bytes),
    ],
)
def test_every_kind_of_tar_file_is_unpacked(opened, filename, pack):
    top = opened(pack(tar(*files(GOOD))), filename)
    assert top.name == "pkg-1.0"
    assert {str(path.relative_to(top.parent)): path.read_bytes() for path in top.rglob("*.py")} == GOOD


def test_zip_file_is_unpacked(opened):
    top = opened(packed_zip(GOOD), "pkg-1.0.zip")
    assert {str(path.relative_to(top.parent)): path.read_bytes() for path in top.rglob("*.py")} == GOOD


def test_leading_dot_is_no_directory(opened):
    assert opened(tar(*files({f"./{name}": data for name, data in GOOD.items()}))).name == "pkg-1.0"


def test_of_permissions_only_executable_is_kept(opened):
    old = os.umask(0o022)
    try:
        top = opened(tar(member("pkg/run", data=b"x", mode=0o6777), member("pkg/read", data=b"x", mode=0o400)))
    finally:
        os.umask(old)
    assert stat.S_IMODE((top / "run").stat().st_mode) == 0o755
    assert stat.S_IMODE((top / "read").stat().st_mode) == 0o644


def test_files_belong_to_whoever_unpacks_them(opened):
    top = opened(tar(member("pkg/file", data=b"x", uid=12345, gid=12345, uname="daemon")))
    assert ((top / "file").stat().st_uid, (top / "file").stat().st_gid) == (os.geteuid(), os.getegid())


def test_times_are_kept_but_for_senseless_ones(opened):
    top = opened(tar(member("pkg/a"), member("pkg/old", mtime=0), member("pkg/new", mtime=time.time() + 10**8)))
    assert (top / "a").stat().st_mtime == 1_700_000_000
    assert (top / "old").stat().st_mtime == 315_532_800
    assert (top / "new").stat().st_mtime <= time.time()


def test_later_member_of_a_name_wins(opened):
    top = opened(tar(member("pkg/a", data=b"first"), member("pkg/a", data=b"second")))
    assert (top / "a").read_bytes() == b"second"


def test_links_that_stay_inside_are_made(opened):
    top = opened(
        tar(
            member("pkg/file", data=b"x"),
            member("pkg/soft", tarfile.SYMTYPE, link="file"),
            member("pkg/deep/up", tarfile.SYMTYPE, link="../file"),
            member("pkg/hard", tarfile.LNKTYPE, link="pkg/file"),
            member("pkg/dangling", tarfile.SYMTYPE, link="nowhere"),
        )
    )
    assert (top / "soft").readlink() == Path("file")
    assert [(top / name).read_bytes() for name in ("soft", "deep/up", "hard")] == [b"x"] * 3


@pytest.mark.parametrize(
    ("evil", "words"),
    [
        ([member("pkg/../../escaped", data=b"x")], "its path leads outside"),
        ([member("../escaped", data=b"x")], "its path leads outside"),
        ([member("/etc/escaped", data=b"x")], "its path leads outside"),
        ([member("pkg/..", tarfile.DIRTYPE)], "its path leads outside"),
        ([member("pkg/a\\..\\b", data=b"x")], "a character that no name may hold"),
        ([member("pkg/l", tarfile.SYMTYPE, link="/etc/passwd")], "a link that leads outside"),
        ([member("pkg/l", tarfile.SYMTYPE, link="../../outside")], "a link that leads outside"),
        ([member("pkg/l", tarfile.SYMTYPE, link="")], "a link that leads outside"),
        ([member("pkg/l", tarfile.LNKTYPE, link="../../outside")], "a link that leads outside"),
        ([member("pkg/l", tarfile.LNKTYPE, link="/etc/passwd")], "a link that leads outside"),
        ([member("pkg/l", tarfile.LNKTYPE, link="pkg/nothing")], "a link to what is no file of the archive"),
        ([member("pkg/null", tarfile.CHRTYPE, devmajor=1, devminor=3)], "neither a file, a directory nor a link"),
        ([member("pkg/disk", tarfile.BLKTYPE, devmajor=8)], "neither a file, a directory nor a link"),
        ([member("pkg/pipe", tarfile.FIFOTYPE)], "neither a file, a directory nor a link"),
        ([member("pkg/odd", b"9")], "neither a file, a directory nor a link"),
        ([member("pkg/" + "d/" * 200 + "f")], "more than 100 directories deep"),
    ],
)
def test_member_that_would_not_stay_is_refused_by_name(opened, evil, words):
    failure = refused(opened, tar(*files(GOOD), *evil))
    assert failure.kind is FailureKind.UNSAFE_SOURCE
    assert words in failure.reason
    assert repr(evil[-1][0].name[:200]) in failure.reason


def test_nothing_is_written_through_a_link_of_the_archive(opened, tmp_path):
    """The link would be fine by itself, and so would the file."""
    evil = [member("pkg/l", tarfile.SYMTYPE, link="."), member("pkg/l/f", data=b"x")]
    failure = refused(opened, tar(*evil))
    assert failure.kind is FailureKind.UNSAFE_SOURCE


def test_links_that_lead_outside_only_together_are_refused(opened):
    """``d/a`` leads up, so that what follows it is not where it reads to be (CVE-2025-4517)."""
    evil = [
        member("pkg/d/a", tarfile.SYMTYPE, link="../.."),
        member("pkg/b", tarfile.SYMTYPE, link="d/a/../../outside"),
    ]
    assert refused(opened, tar(member("pkg/x"), *evil)).kind is FailureKind.UNSAFE_SOURCE


def test_too_many_members_are_refused(opened):
    failure = refused(opened, tar(*(member(f"pkg/{n}") for n in range(20))), bounds=Bounds(members=10))
    assert failure.kind is FailureKind.UNSAFE_SOURCE
    assert "one of more than 10 members" in failure.reason


def test_archive_that_unpacks_to_too_much_is_refused(opened, tmp_path):
    data = gzip.compress(tar(member("pkg/zeros", data=bytes(5_000_000))))
    failure = refused(opened, data, filename="pkg-1.0.tar.gz", bounds=Bounds(size=1_000_000))
    assert failure.kind is FailureKind.UNSAFE_SOURCE
    assert "unpacked, it is larger than 1.0 MB" in failure.reason
    assert sum(path.stat().st_size for path in (tmp_path / "inside").rglob("*")) < 1_300_000


def test_sparse_member_cannot_hide_a_bomb(opened):
    """Its header tells of data that belongs to no part of the file, and would be decompressed to be passed over."""
    info, _ = member("pkg/sparse", tarfile.GNUTYPE_SPARSE)
    info.size = 10**12
    data = info.tobuf(format=tarfile.GNU_FORMAT) + bytes(10240)
    failure = refused(opened, data, bounds=Bounds(size=1_000_000, members=10))
    assert failure.kind is FailureKind.UNSAFE_SOURCE
    assert "more than an archive may hold" in failure.reason


def test_header_of_many_megabytes_is_refused(opened):
    """tarfile reads a pax header into memory as a whole."""
    info, data = member("pkg/f")
    info.pax_headers = {"comment": "x" * 3_000_000}
    failure = refused(opened, tar((info, data)))
    assert failure.kind is FailureKind.UNSAFE_SOURCE
    assert "larger than 1.0 MB" in failure.reason


@pytest.mark.parametrize(
    ("filename", "data"),
    [
        ("pkg-1.0.tar.gz", b"not a gzip file"),
        ("pkg-1.0.tar.gz", gzip.compress(tar(*files(GOOD)), mtime=0)[:-40]),
        ("pkg-1.0.tar.gz", gzip.compress(b"not a tar file" * 100, mtime=0)),
        ("pkg-1.0.tar.gz", b""),
        ("pkg-1.0.tar.bz2", b"BZh9 nonsense"),
        ("pkg-1.0.tar.xz", b"\xfd7zXZ\x00 nonsense"),
        ("pkg-1.0.tar", b"\0" * 100),
        ("pkg-1.0.zip", b"PK\x03\x04 nonsense"),
        ("pkg-1.0.zip", packed_zip(GOOD)[:-10]),
        ("pkg-1.0.rpm", tar(*files(GOOD))),
        ("pkg-1.0.tar", tar()),
        ("pkg-1.0.tar", tar(*files({"setup.py": b""}))),
        ("pkg-1.0.tar", tar(*files({"one/setup.py": b"", "two/setup.py": b""}))),
        ("pkg-1.0.tar", tar(member("pkg/a"), member("pkg/a/b"))),
        ("pkg-1.0.tar", tar(member("pkg/" + "n" * 300))),
    ],
)
def test_what_is_no_source_archive_is_a_bad_source(opened, filename, data):
    assert refused(opened, data, filename=filename).kind is FailureKind.BAD_SOURCE


def test_reason_names_what_lies_beside_the_one_directory(opened):
    failure = refused(opened, tar(*files({"one/setup.py": b"", "two/setup.py": b""})))
    assert failure.reason == "a source archive holds one directory; this one holds one, two"


def _link(info: zipfile.ZipInfo) -> None:
    if info.filename.endswith("l"):
        info.external_attr = (stat.S_IFLNK | 0o777) << 16


@pytest.mark.parametrize(
    ("contents", "change"),
    [
        ({"pkg/../../escaped": b"x"}, lambda info: None),
        ({"/etc/escaped": b"x"}, lambda info: None),
        ({"pkg/l": b"/etc/passwd"}, _link),
        ({"pkg/l": b"../../outside"}, _link),
        ({"pkg/fifo": b""}, lambda info: setattr(info, "external_attr", stat.S_IFIFO << 16)),
    ],
)
def test_member_of_a_zip_file_that_would_not_stay_is_refused(opened, contents, change):
    failure = refused(opened, packed_zip(contents, change), filename="pkg-1.0.zip")
    assert failure.kind is FailureKind.UNSAFE_SOURCE


def test_link_in_a_zip_file_that_stays_is_made(opened):
    top = opened(packed_zip({"pkg/file": b"x", "pkg/l": b"file"}, _link), "pkg-1.0.zip")
    assert (top / "l").readlink() == Path("file")


def test_damaged_member_of_a_zip_file_is_a_bad_source(opened):
    data = packed_zip({"pkg/file": b"aaaa"}).replace(b"aaaa", b"aaab")
    assert refused(opened, data, filename="pkg-1.0.zip").kind is FailureKind.BAD_SOURCE


def test_list_of_members_beyond_all_sense_is_not_read(opened):
    data = bytearray(packed_zip(GOOD))
    end = data.rfind(b"PK\x05\x06")
    data[end + 12 : end + 16] = (2_000_000_000).to_bytes(4, "little")
    failure = refused(opened, bytes(data), filename="pkg-1.0.zip")
    assert "its list of members is too long to make sense" in failure.reason
