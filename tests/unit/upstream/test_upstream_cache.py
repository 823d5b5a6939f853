"""Pages on disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from buildyard.farm.upstream.cache import CachedPage, PageCache

URL = "https://a.example.org/simple/demo/"


def kept(body: bytes = b"a\nb\n") -> CachedPage:
    return CachedPage(content_type="text/html", url=URL, fetched_at=5.0, max_age_s=60.0, etag='"1"', body=body)


def test_page_comes_back_as_it_was(tmp_path: Path) -> None:
    PageCache(tmp_path / "new").put("demo", URL, kept())
    assert PageCache(tmp_path / "new").get("demo", URL) == kept()


def test_other_address_of_the_same_project_is_another_page(tmp_path: Path) -> None:
    cache = PageCache(tmp_path)
    cache.put("demo", URL, kept())
    assert cache.get("demo", URL + "x") is None


@pytest.mark.parametrize("body", [b"", b"{}\nx", b"no json\n", b"\xff\xfe"])
def test_file_that_is_no_page_is_none(body: bytes, tmp_path: Path) -> None:
    cache = PageCache(tmp_path)
    cache.put("demo", URL, kept())
    (path,) = tmp_path.iterdir()
    path.write_bytes(body)
    assert cache.get("demo", URL) is None


def test_names_of_kept_projects_are_told(tmp_path: Path) -> None:
    cache = PageCache(tmp_path)
    cache.put("demo-pkg", URL, kept())
    (tmp_path / ".demo@1.ab12").touch()
    assert cache.names() == {"demo-pkg"}


def test_directory_that_is_not_there_holds_no_names(tmp_path: Path) -> None:
    assert PageCache(tmp_path / "none").names() == set()


def test_pages_used_least_recently_go_when_there_are_too_many(tmp_path: Path) -> None:
    roomy = PageCache(tmp_path)
    for number, name in enumerate(("old", "new")):
        roomy.put(name, URL, kept(bytes(600)))
        (path,) = tmp_path.glob(f"{name}@*")
        os.utime(path, (number, number))
    PageCache(tmp_path, limit_bytes=1700).put("newest", URL, kept(bytes(600)))
    assert PageCache(tmp_path).names() == {"new", "newest"}


def test_page_that_cannot_be_written_is_let_go(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    cache = PageCache(blocked)
    cache.put("demo", URL, kept())
    assert cache.get("demo", URL) is None
