"""Pages of the Simple index say what PEPs 503, 592, 629, 658, 691, 700 and 714 ask for."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest

from buildyard.farm.index.render import FileLink, Page, project, root


class Anchors(HTMLParser):
    """Collects links and meta elements."""

    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.links: list[dict[str, str | None]] = []
        self.meta: dict[str | None, str | None] = {}
        self.feed(html.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "a":
            self.links.append(found)
        if tag == "meta":
            self.meta[found.get("name")] = found.get("content")


def link(filename: str = "six-1.17.0-py3-none-any.whl", **more: Any) -> FileLink:
    version = filename.split("-")[1]
    known = {"sha256": "ab" * 32, "size": 11053, "uploaded": 1_700_000_000.5, "metadata_sha256": "cd" * 32}
    return FileLink(**{"filename": filename, "version": version, **known, **more})


def told(page: Page) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.json.decode(page.json)
    return body


def test_html_link_carries_the_hash_of_the_file() -> None:
    (anchor,) = Anchors(project("six", [link()]).html).links
    assert anchor["href"] == f"six-1.17.0-py3-none-any.whl#sha256={'ab' * 32}"


def test_html_link_escapes_requires_python() -> None:
    html = project("six", [link(requires_python=">=3.8,<4")]).html
    assert b'data-requires-python="&gt;=3.8,&lt;4"' in html


@pytest.mark.parametrize("name", ["data-core-metadata", "data-dist-info-metadata"])
def test_html_link_names_the_hash_of_the_metadata_under_both_names(name: str) -> None:
    (anchor,) = Anchors(project("six", [link()]).html).links
    assert anchor[name] == f"sha256={'cd' * 32}"


def test_html_page_names_the_version_of_the_repository() -> None:
    assert Anchors(project("six", []).html).meta["pypi:repository-version"] == "1.1"


def test_json_page_names_the_same_version_as_the_html_page() -> None:
    assert told(project("six", []))["meta"] == {"api-version": "1.1"}


def test_json_file_has_size_and_upload_time() -> None:
    (file,) = told(project("six", [link()]))["files"]
    assert (file["size"], file["upload-time"]) == (11053, "2023-11-14T22:13:20.500000Z")


def test_json_file_has_hashes_and_core_metadata() -> None:
    (file,) = told(project("six", [link()]))["files"]
    assert (file["hashes"], file["core-metadata"]) == ({"sha256": "ab" * 32}, {"sha256": "cd" * 32})


def test_versions_are_in_the_order_of_pep_440() -> None:
    names = ["six-1.10.0-py3-none-any.whl", "six-1.9.0-py3-none-any.whl", "six-1.10.0rc1-py3-none-any.whl"]
    assert told(project("six", [link(name) for name in names]))["versions"] == ["1.9.0", "1.10.0rc1", "1.10.0"]


def test_a_version_is_listed_once_however_many_files_it_has() -> None:
    files = [link("a-1-cp39-cp39-linux_x86_64.whl"), link("a-1-cp310-cp310-linux_x86_64.whl")]
    assert told(project("a", files))["versions"] == ["1"]


def test_a_version_that_is_none_comes_first() -> None:
    files = [link("a-1-py3-none-any.whl"), link("a-latest-py3-none-any.whl")]
    assert told(project("a", files))["versions"] == ["latest", "1"]


@pytest.mark.parametrize(("yanked", "json"), [("broken", "broken"), ("", True)])
def test_a_yanked_file_says_so_with_its_reason(yanked: str, json: object) -> None:
    page = project("six", [link(yanked=yanked)])
    (anchor,) = Anchors(page.html).links
    assert (anchor["data-yanked"], told(page)["files"][0]["yanked"]) == (yanked, json)


def test_a_file_that_is_not_yanked_does_not_speak_of_it() -> None:
    page = project("six", [link()])
    assert b"yanked" not in page.html + page.json


def test_root_lists_the_projects_in_order() -> None:
    page = root(["wrapt", "six"])
    assert [one["href"] for one in Anchors(page.html).links] == ["six/", "wrapt/"]
    assert told(page)["projects"] == [{"name": "six"}, {"name": "wrapt"}]


def test_etag_changes_with_the_content() -> None:
    assert project("six", [link()]).etag != project("six", [link(size=1)]).etag


def test_etag_is_the_same_for_the_same_content() -> None:
    assert project("six", [link()]).etag == project("six", [link()]).etag
