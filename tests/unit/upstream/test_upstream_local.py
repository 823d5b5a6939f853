"""Indexes and find-links on this machine's disk."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from buildyard.faces.blocking import run_blocking
from buildyard.faces.scripted import ScriptedTransport
from buildyard.farm.upstream.errors import UnknownPackage, UpstreamUnreachable
from buildyard.farm.upstream.locations import Location, UpstreamIndex
from buildyard.farm.upstream.pages import File
from buildyard.farm.upstream.simple import SimpleClient


def client(indexes: tuple[Path, ...] = (), find_links: tuple[Path, ...] = ()) -> SimpleClient:
    index = UpstreamIndex(
        indexes=tuple(Location(path.as_uri()) for path in indexes),
        find_links=tuple(Location(path.as_uri()) for path in find_links),
    )
    return SimpleClient(ScriptedTransport(), index)


def files(found: SimpleClient, package: str = "demo-pkg") -> dict[str, File]:
    return {file.filename: file for file in run_blocking(found.page(package)).files}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An index of one project, its files in a directory beside it."""
    project = tmp_path / "my index" / "simple" / "demo-pkg"
    project.mkdir(parents=True)
    (tmp_path / "my index" / "files").mkdir()
    (tmp_path / "my index" / "files" / "demo_pkg-1.0.tar.gz").write_bytes(b"source")
    (project / "index.html").write_text(
        '<a href="../../files/demo_pkg-1.0.tar.gz">d</a>'
        '<a href="../../files/demo_pkg-1.0-py3-none-any.whl#sha256=' + "ab" * 32 + '">w</a>'
        '<a href="../../files/other-1.0.tar.gz">o</a>'
    )
    return tmp_path / "my index" / "simple"


def test_project_of_a_local_index_is_read(tree: Path) -> None:
    found = files(client((tree,)), "Demo.Pkg")
    assert set(found) == {"demo_pkg-1.0.tar.gz", "demo_pkg-1.0-py3-none-any.whl"}
    assert found["demo_pkg-1.0.tar.gz"].url == (tree.parent / "files" / "demo_pkg-1.0.tar.gz").as_uri()


def test_source_without_a_hash_gets_its_own(tree: Path) -> None:
    source = files(client((tree,)))["demo_pkg-1.0.tar.gz"]
    assert (source.sha256, source.size) == (sha256(b"source").hexdigest(), 6)


def test_link_to_a_file_that_is_gone_stays_without_a_hash(tree: Path) -> None:
    (tree.parent / "files" / "demo_pkg-1.0.tar.gz").unlink()
    assert files(client((tree,)))["demo_pkg-1.0.tar.gz"].sha256 is None


def test_project_that_a_local_index_lacks_is_unknown(tree: Path) -> None:
    with pytest.raises(UnknownPackage):
        files(client((tree,)), "absent")


def test_index_directory_that_is_not_there_has_no_projects(tmp_path: Path) -> None:
    with pytest.raises(UnknownPackage):
        files(client((tmp_path / "gone",)))


def test_find_links_directory_offers_its_files_of_the_project(tmp_path: Path) -> None:
    for name in ("demo_pkg-1.0.tar.gz", "demo-pkg-2.0.zip", "demo_pkg-2.0-py3-none-any.whl", "other-1.0.zip", "README"):
        (tmp_path / name).write_bytes(b"x")
    assert set(files(client(find_links=(tmp_path,)))) == {
        "demo_pkg-1.0.tar.gz",
        "demo-pkg-2.0.zip",
        "demo_pkg-2.0-py3-none-any.whl",
    }


def test_find_links_page_offers_what_it_links_to(tmp_path: Path) -> None:
    (tmp_path / "links.html").write_text('<a href="https://h.example.org/demo_pkg-1.0.tar.gz">d</a>')
    found = files(client(find_links=(tmp_path / "links.html",)))
    assert found["demo_pkg-1.0.tar.gz"].url == "https://h.example.org/demo_pkg-1.0.tar.gz"


def test_page_within_a_find_links_directory_is_read(tmp_path: Path) -> None:
    (tmp_path / "links.html").write_text('<a href="sub/demo_pkg-1.0.zip">d</a>')
    assert files(client(find_links=(tmp_path,)))["demo_pkg-1.0.zip"].url == (tmp_path / "sub/demo_pkg-1.0.zip").as_uri()


def test_file_of_a_local_index_is_read_from_disk(tree: Path) -> None:
    found = client((tree,))
    source = files(found)["demo_pkg-1.0.tar.gz"]
    assert run_blocking(found.file(source, max_bytes=6)) == b"source"


def test_file_that_is_gone_is_told_without_its_path(tree: Path) -> None:
    found = client((tree,))
    source = files(found)["demo_pkg-1.0.tar.gz"]
    (tree.parent / "files" / "demo_pkg-1.0.tar.gz").unlink()
    with pytest.raises(UpstreamUnreachable, match="No such file") as caught:
        run_blocking(found.file(source, max_bytes=6))
    assert not caught.value.may_pass
