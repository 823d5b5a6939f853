"""What source distributions say of themselves, read without running them."""

from __future__ import annotations

import io
import tarfile
import zipfile
from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildyard.faces.blocking import run_blocking
from buildyard.faces.scripted import ScriptedTransport, answer
from buildyard.farm.upstream.errors import BadPage, UnknownPackage
from buildyard.farm.upstream.locations import Location, UpstreamIndex
from buildyard.farm.upstream.pages import JSON_TYPE
from buildyard.farm.upstream.sdists import Declared, UnreadableSdist, declared, requirements_of
from buildyard.farm.upstream.simple import SimpleClient

OLD = "Metadata-Version: 1.1\nName: demo\nVersion: 1.0\n"


def tar(**texts: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, text in texts.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return out.getvalue()


def read(texts: dict[str, str]) -> Declared:
    return declared("demo-1.0.tar.gz", tar(**texts))


def test_new_metadata_is_final() -> None:
    info = "Metadata-Version: 2.2\nName: demo\nVersion: 1.0\nRequires-Python: >=3.8\nRequires-Dist: six>=1\n"
    assert read({"demo-1.0/PKG-INFO": info}) == Declared(
        requires_dist=("six>=1",), requires_python=">=3.8", is_certain=True
    )


def test_new_metadata_without_requirements_says_there_are_none() -> None:
    assert read({"demo-1.0/PKG-INFO": "Metadata-Version: 2.4\nName: demo\n"}).is_certain


def test_new_metadata_that_calls_requirements_dynamic_is_not_final() -> None:
    info = "Metadata-Version: 2.2\nName: demo\nDynamic: Requires-Dist\n"
    assert not read({"demo-1.0/PKG-INFO": info}).is_certain


def test_requirements_of_setuptools_are_read_with_extras_and_markers() -> None:
    requires = (
        'six>=1\nidna\n\n[fast]\ncython\n\n[fast:python_version < "3.9"]\npytz\n\n[:sys_platform == "win32"]\npywin\n'
    )
    assert read({"demo-1.0/PKG-INFO": OLD, "demo-1.0/demo.egg-info/requires.txt": requires}).requires_dist == (
        "six>=1",
        "idna",
        'cython ; extra == "fast"',
        'pytz ; extra == "fast" and (python_version < "3.9")',
        'pywin ; (sys_platform == "win32")',
    )


def test_egg_info_in_a_src_directory_is_found() -> None:
    assert read({"demo-1.0/src/demo.egg-info/requires.txt": "six\n"}).requires_dist == ("six",)


def test_egg_info_without_requirements_says_there_are_none() -> None:
    assert read({"demo-1.0/PKG-INFO": OLD, "demo-1.0/demo.egg-info/PKG-INFO": OLD}) == Declared(is_certain=True)


def test_pyproject_is_read_where_there_is_nothing_else() -> None:
    project = '[project]\nname = "demo"\ndependencies = ["six>=1", "idna"]\n'
    assert read({"demo-1.0/pyproject.toml": project}) == Declared(requires_dist=("six>=1", "idna"), is_certain=True)


@pytest.mark.parametrize(
    "project", ["", "[project", "[project]\ndynamic = ['dependencies']\n", "[build-system]\n", "project = 3\n"]
)
def test_nothing_said_is_nothing_certain(project: str) -> None:
    assert read({"demo-1.0/PKG-INFO": OLD, "demo-1.0/pyproject.toml": project}) == Declared()


def test_line_that_is_no_requirement_is_left_out() -> None:
    assert read({"demo-1.0/demo.egg-info/requires.txt": "six\n%%%\n"}).requires_dist == ("six",)


def test_metadata_of_a_bundled_project_is_not_taken_for_its_own() -> None:
    texts = {"demo-1.0/PKG-INFO": OLD, "demo-1.0/vendor/other/PKG-INFO": "Metadata-Version: 2.2\nRequires-Dist: six\n"}
    assert read(texts) == Declared()


def test_zip_is_read_too() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("demo-1.0/demo.egg-info/requires.txt", "six\n")
    assert declared("demo-1.0.zip", out.getvalue()).requires_dist == ("six",)


@pytest.mark.parametrize("filename", ["demo-1.0.tar.gz", "demo-1.0.zip"])
@given(body=st.binary(max_size=200))
def test_bytes_that_are_no_archive_are_told(filename: str, body: bytes) -> None:
    with pytest.raises(UnreadableSdist) as caught:
        declared(filename, body)
    assert caught.value.filename == filename


@given(cut=st.integers(min_value=0, max_value=2000))
def test_cut_archive_is_read_or_told(cut: int) -> None:
    body = tar(**{"demo-1.0/PKG-INFO": OLD, "demo-1.0/demo.egg-info/requires.txt": "six\n"})
    try:
        found = declared("demo-1.0.tar.gz", body[:cut])
    except UnreadableSdist:
        return
    assert found.requires_dist in ((), ("six",))


def test_archive_that_unpacks_to_too_much_is_told() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        member = tarfile.TarInfo("demo-1.0/zeros")
        member.size = 1_000_000_001
        archive.addfile(member)  # the header alone
    with pytest.raises(UnreadableSdist, match="unpacks to more"):
        declared("demo-1.0.tar.gz", out.getvalue())


def client(body: bytes, digest: str) -> SimpleClient:
    entry = {"filename": "demo-1.0.tar.gz", "url": "demo-1.0.tar.gz", "hashes": {"sha256": digest}}
    page = answer(200, msgspec.json.encode({"files": [entry]}), [("Content-Type", JSON_TYPE)])
    index = UpstreamIndex(indexes=(Location("https://a.example.org/simple"),))
    return SimpleClient(ScriptedTransport(page, answer(200, body)), index)


def test_requirements_are_fetched_by_name_and_version() -> None:
    body = tar(**{"demo-1.0/demo.egg-info/requires.txt": "six\n"})
    found = run_blocking(requirements_of(client(body, sha256(body).hexdigest()), "demo", "1.0"))
    assert found.requires_dist == ("six",)


def test_source_that_is_not_the_one_its_page_tells_of_is_refused() -> None:
    with pytest.raises(BadPage, match="not the file"):
        run_blocking(requirements_of(client(tar(), "ab" * 32), "demo", "1.0"))


def test_version_without_a_source_is_told() -> None:
    with pytest.raises(UnreadableSdist, match="no source"):
        run_blocking(requirements_of(client(b"", "ab" * 32), "demo", "2.0"))


def test_project_that_is_gone_is_told() -> None:
    index = UpstreamIndex(indexes=(Location("https://a.example.org/simple"),))
    with pytest.raises(UnknownPackage):
        run_blocking(requirements_of(SimpleClient(ScriptedTransport(answer(404)), index), "demo", "1.0"))
