"""Reading wheels: what they say of themselves, and those whose parts disagree."""

from __future__ import annotations

import base64
import hashlib
import stat
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from buildyard.farm.builder.phases.check import mismatch
from buildyard.farm.builder.wheel import BadWheel, Bounds, importable, read_wheel
from buildyard.farm.wire import BuildPayload, Source, WheelRecord

NAME = "my_pkg-1.0-py3-none-any.whl"
METADATA = (
    "Metadata-Version: 2.1\nName: My.Pkg\nVersion: 1.0\nRequires-Python: >=3.8\n"
    'Requires-Dist: requests>=2\nRequires-Dist: yaml ; extra == "y"\n\nA long description.\n'
)
PARTS = {
    "my_pkg/__init__.py": "x = 1\n",
    "my_pkg-1.0.dist-info/METADATA": METADATA,
    "my_pkg-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
}


def digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def record_of(parts: Mapping[str, str], info: str) -> str:
    rows = [f"{name},{digest(text.encode())},{len(text.encode())}" for name, text in parts.items()]
    return "\n".join([*rows, f"{info}/RECORD,,"]) + "\n"


@pytest.fixture
def wheel(tmp_path: Path) -> Callable[..., Path]:
    """Make a wheel of the parts above, changed as told; ``None`` leaves one out."""

    def makes(
        changes: Mapping[str, str | None] = {},
        *,
        name: str = NAME,
        info: str = "my_pkg-1.0.dist-info",
        record: Callable[[str], str] = lambda text: text,
        mode: Callable[[zipfile.ZipInfo], None] = lambda info: None,
    ) -> Path:
        parts = {key: text for key, text in {**PARTS, **changes}.items() if text is not None}
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for key, text in {**parts, f"{info}/RECORD": record(record_of(parts, info))}.items():
                entry = zipfile.ZipInfo(key, (2020, 1, 1, 0, 0, 0))
                mode(entry)
                file.writestr(entry, text)
        return path

    return makes


def refused(path: Path, **options: object) -> str:
    with pytest.raises(BadWheel) as caught:
        read_wheel(path, **options)
    return caught.value.reason


def test_wheel_is_read_from_itself(wheel):
    path = wheel()
    found = read_wheel(path)
    assert found.record == WheelRecord(
        filename=NAME,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        size=path.stat().st_size,
        package="My.Pkg",
        version="1.0",
        tags=("py3-none-any",),
        requires_python=">=3.8",
        requires_dist=("requests>=2", 'yaml ; extra == "y"'),
        metadata=METADATA,
    )
    assert found.modules == ("my_pkg",)


def test_compressed_tags_are_expanded_and_compared_as_sets(wheel):
    text = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\nTag: py2-none-any\n"
    path = wheel({"my_pkg-1.0.dist-info/WHEEL": text}, name="my_pkg-1.0-py2.py3-none-any.whl")
    assert read_wheel(path).record.tags == ("py2-none-any", "py3-none-any")


def test_build_tag_is_told(wheel):
    assert read_wheel(wheel(name="my_pkg-1.0-2farm-py3-none-any.whl")).record.build_tag == "2farm"


@pytest.mark.parametrize("member", ["my_pkg/_fast.cpython-312-x86_64-linux-gnu.so", "my_pkg/lib/libz.so.1.2"])
def test_shared_object_is_an_extension(wheel, member):
    assert read_wheel(wheel({member: "ELF"})).record.has_extensions


def test_source_of_an_extension_is_none(wheel):
    assert not read_wheel(wheel({"my_pkg/_fast.c": "", "my_pkg/notes.some": ""})).record.has_extensions


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"my_pkg-1.0.dist-info/METADATA": None}, "it has no my_pkg-1.0.dist-info/METADATA"),
        ({"my_pkg-1.0.dist-info/WHEEL": None}, "it has no my_pkg-1.0.dist-info/WHEEL"),
        ({"my_pkg-1.0.dist-info/METADATA": METADATA.replace("My.Pkg", "Other")}, "its METADATA is of Other 1.0"),
        ({"my_pkg-1.0.dist-info/METADATA": METADATA.replace("1.0", "1.1")}, "its METADATA is of My.Pkg 1.1"),
        ({"my_pkg-1.0.dist-info/METADATA": "Name: My.Pkg\n"}, "its METADATA is of My.Pkg"),
        ({"my_pkg-1.0.dist-info/WHEEL": "Wheel-Version: 2.0\nTag: py3-none-any\n"}, "its Wheel-Version is 2.0"),
        (
            {"my_pkg-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nTag: cp312-cp312-any\n"},
            "names other tags than its name",
        ),
        ({"other-1.0.dist-info/METADATA": METADATA}, "it has 2 .dist-info directories, not one"),
        ({"../escaped.py": ""}, "would not stay in its place"),
        ({"/etc/escaped.py": ""}, "would not stay in its place"),
        ({"my_pkg//double.py": ""}, "would not stay in its place"),
        ({"my_pkg\\..\\x.py": ""}, "would not stay in its place"),
    ],
)
def test_wheel_whose_parts_disagree_is_refused(wheel, changes, words):
    assert words in refused(wheel(changes))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("my_pkg/__init__.py,", "my_pkg/other.py,"), "no hash of my_pkg/__init__.py"),
        (lambda text: text.replace("sha256=", "md5=", 1), "hashes my_pkg/__init__.py with md5"),
        (lambda text: text.replace(digest(b"x = 1\n"), digest(b"x = 2\n")), "another hash of my_pkg/__init__.py"),
        (lambda text: text.replace(",6\n", ",7\n", 1), "another size of my_pkg/__init__.py"),
        (lambda text: text + f"my_pkg/gone.py,{digest(b'')},0\n", "names my_pkg/gone.py, which is not in it"),
        (lambda text: text.replace(digest(b"x = 1\n"), ""), "no hash of my_pkg/__init__.py"),
    ],
)
def test_record_that_is_wrong_is_refused(wheel, change, words):
    assert words in refused(wheel(record=change))


def test_wheel_of_another_dist_info_is_refused(wheel):
    changes = {key: None for key in PARTS if "dist-info" in key}
    moved = {key.replace("my_pkg", "other"): text for key, text in PARTS.items() if "dist-info" in key}
    assert "it holds other-1.0.dist-info" in refused(wheel({**changes, **moved}, info="other-1.0.dist-info"))


@pytest.mark.parametrize("name", ["my_pkg.whl", "my_pkg-1.0-any.whl", "my_pkg-not.a.version!-py3-none-any.whl"])
def test_name_that_is_no_wheels_is_refused(wheel, name):
    assert refused(wheel(name=name)) == "its name is not a wheel's (PEP 427)"


def test_member_that_is_a_link_is_refused(wheel):
    def link(entry: zipfile.ZipInfo) -> None:
        if entry.filename.endswith("__init__.py"):
            entry.external_attr = (stat.S_IFLNK | 0o777) << 16

    assert "is not a plain file" in refused(wheel(mode=link))


def test_member_that_is_there_twice_is_refused(wheel):
    path = wheel()
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as file:
        file.writestr("my_pkg/__init__.py", "x = 2\n")
    assert refused(path) == "it holds 'my_pkg/__init__.py' twice"


def test_bounds_hold(wheel):
    big = wheel({"my_pkg/zeros.py": "0" * 2_000_000})
    assert "unpacked, it is larger than 1.0 MB" in refused(big, bounds=Bounds(size=1_000_000))
    assert "more than 2 members" in refused(big, bounds=Bounds(members=2))
    assert "is larger than 10 bytes" in refused(wheel(), bounds=Bounds(text=10))


@pytest.mark.parametrize("data", [b"", b"PK", b"not a wheel" * 100])
def test_file_that_is_no_zip_is_refused(tmp_path, data):
    path = tmp_path / NAME
    path.write_bytes(data)
    assert "cannot be read" in refused(path)


def test_damaged_wheel_is_refused(wheel):
    path = wheel()
    data = bytearray(path.read_bytes())
    data[40:60] = bytes(20)
    path.write_bytes(data)
    assert refused(path)


def test_text_that_is_not_utf8_is_refused(wheel, tmp_path):
    path = wheel()
    data = path.read_bytes()
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    members["my_pkg-1.0.dist-info/METADATA"] = METADATA.encode() + b"\xff"
    with zipfile.ZipFile(path, "w") as file:
        for name, text in members.items():
            file.writestr(name, text)
    assert data != path.read_bytes()
    assert "cannot be read" in refused(path)


@pytest.mark.parametrize(
    ("members", "modules"),
    [
        (["six.py", "six-1.0.dist-info/METADATA"], ["six"]),
        (["pkg/__init__.py", "pkg/sub/__init__.py", "pkg/x.py"], ["pkg"]),
        (["_fast.cpython-312-x86_64-linux-gnu.so"], ["_fast"]),
        (["_stable.abi3.so", "plain.so"], ["_stable", "plain"]),
        (["zope/interface/__init__.py", "zope/event.py"], ["zope.event", "zope.interface"]),
        (["pkg/__init__.so"], ["pkg"]),
        (["pkg-1.0.data/purelib/deep/__init__.py", "pkg-1.0.data/scripts/run.py"], ["deep"]),
        (["tests/__init__.py", "docs/conf.py", "setup.py", "conftest.py"], []),
        (["pkg-stubs/__init__.pyi", "30fcd__mypyc.cpython-312.so", "class/__init__.py"], []),
        (["share/data.txt", "libfoo.so.1"], []),
    ],
)
def test_modules_of_a_wheel(members, modules):
    assert importable(members) == modules


def payload(**changes: str) -> BuildPayload:
    facts = {"package": "my-pkg", "version": "1.0", "abi": "cp312", "platform": "linux_x86_64", **changes}
    source = Source(filename="x.tar.gz", url="file:///x", sha256="0" * 64)
    return BuildPayload(build_id=1, source=source, source_date_epoch=1, **facts)


def test_spelling_of_name_and_version_does_not_matter(wheel):
    record = read_wheel(wheel()).record
    assert mismatch(record, payload(package="MY_pkg", version="1.0.0")) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"package": "other"}, "is of My.Pkg, not of other"),
        ({"version": "1.0.1"}, "is version 1.0, not 1.0.1"),
        ({"version": "1.0+local"}, "is version 1.0, not 1.0+local"),
    ],
)
def test_wheel_of_another_task_is_a_mismatch(wheel, changes, words):
    assert words in (mismatch(read_wheel(wheel()).record, payload(**changes)) or "")


@pytest.mark.parametrize(
    ("tag", "abi", "fits"),
    [
        ("cp312-cp312-linux_x86_64", "cp312", True),
        ("cp312-cp312-linux_x86_64", "cp313", False),
        ("cp313-cp313t-linux_x86_64", "cp313t", True),
        ("cp313-cp313-linux_x86_64", "cp313t", False),
        ("cp38-abi3-linux_x86_64", "cp312", True),
        ("cp313-abi3-linux_x86_64", "cp312", False),
        ("cp38-abi3-linux_x86_64", "cp313t", False),
        ("cp312-cp312-manylinux_2_17_x86_64", "cp312", True),
        ("cp312-cp312-linux_aarch64", "cp312", False),
        ("pp39-pypy39_pp73-linux_x86_64", "pp39", True),
    ],
)
def test_tags_must_install_on_the_tasks_python(wheel, tag, abi, fits):
    text = f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n"
    record = read_wheel(wheel({"my_pkg-1.0.dist-info/WHEEL": text}, name=f"my_pkg-1.0-{tag}.whl")).record
    assert (mismatch(record, payload(abi=abi)) is None) is fits
