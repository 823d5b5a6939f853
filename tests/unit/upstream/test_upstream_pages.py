"""Pages of the Simple API, from bytes to values."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildyard.farm.upstream.errors import BadPage
from buildyard.farm.upstream.pages import JSON_TYPE, MAX_PAGE_BYTES, File, merge, parse_page

PAGES = Path(__file__).parent / "pages"
URL = "https://index.example.org/simple/demo/"
SHA = "ab" * 32


def json_page(*files: dict[str, object], version: str = "1.1") -> bytes:
    return msgspec.json.encode({"meta": {"api-version": version}, "name": "demo", "files": files})


def one_json(**fields: object) -> File:
    entry = {"filename": "demo-1.0.tar.gz", "url": "demo-1.0.tar.gz", "hashes": {}, **fields}
    _, (file,) = parse_page(json_page(entry), JSON_TYPE, URL)
    return file


def html(anchor: str, url: str = URL) -> tuple[File, ...]:
    return parse_page(f"<!doctype html><body>{anchor}</body>".encode(), "text/html; charset=utf-8", url)[1]


def test_real_json_page_tells_files_hashes_and_times() -> None:
    name, files = parse_page((PAGES / "markupsafe.json").read_bytes(), JSON_TYPE, URL)
    sdist = next(file for file in files if file.filename == "markupsafe-3.0.2.tar.gz")
    assert name == "markupsafe"
    assert sdist.sha256 == "ee55d3edf80167e48ea11a923c7386f4669df67d7994554387f84e7d8b0a2bf0"
    assert sdist.uploaded == datetime(2024, 10, 18, 15, 21, 54, 129138, tzinfo=UTC)
    assert (sdist.size, sdist.requires_python, sdist.is_yanked) == (20537, ">=3.9", False)


def test_real_html_page_tells_files_and_requires_python() -> None:
    _, files = parse_page((PAGES / "blinker.html").read_bytes(), "text/html", URL)
    assert [file.filename for file in files] == [
        "blinker-1.4.tar.gz",
        "blinker-1.9.0.tar.gz",
        "blinker-1.9.0-py3-none-any.whl",
    ]
    assert files[1].requires_python == ">=3.9"
    assert files[1].sha256 == "b4ce2265a7abece45e7cc896e98dbebe6cead56bcf805a3d23136d145f5445bf"


def test_relative_link_is_resolved_against_the_page() -> None:
    assert one_json(url="../../files/demo-1.0.tar.gz").url == "https://index.example.org/files/demo-1.0.tar.gz"


def test_html_base_address_counts_before_the_page_address() -> None:
    (file,) = html('<base href="https://mirror.example.org/x/"><a href="demo-1.0.tar.gz">demo</a>')
    assert file.url == "https://mirror.example.org/x/demo-1.0.tar.gz"


def test_filename_of_an_anchor_comes_from_its_address_not_from_its_text() -> None:
    (file,) = html('<a href="/f/demo-1.0%2Blocal.tar.gz#sha256=00">something else</a>')
    assert file.filename == "demo-1.0+local.tar.gz"


def test_credential_in_a_link_is_dropped() -> None:
    assert "secret" not in one_json(url="https://user:secret@files.example.org/demo-1.0.tar.gz").url


@pytest.mark.parametrize("link", ["file:///etc/passwd", "ftp://h/demo-1.0.tar.gz", "javascript:x", "data:,x"])
def test_page_from_the_network_cannot_lead_to_other_schemes(link: str) -> None:
    assert parse_page(json_page({"filename": "demo-1.0.tar.gz", "url": link}), JSON_TYPE, URL)[1] == ()


def test_page_on_disk_may_lead_to_files_on_disk() -> None:
    (file,) = html('<a href="../../files/demo-1.0.tar.gz">d</a>', "file:///srv/simple/demo/index.html")
    assert file.url == "file:///srv/files/demo-1.0.tar.gz"


@pytest.mark.parametrize("filename", ["../demo-1.0.tar.gz", "/demo-1.0.tar.gz", "..", "", "a\nb.whl", "a\x00b.whl"])
def test_filename_that_is_a_path_is_left_out(filename: str) -> None:
    assert parse_page(json_page({"filename": filename, "url": "https://h/x"}), JSON_TYPE, URL)[1] == ()


@pytest.mark.parametrize(
    ("told", "is_yanked", "reason"),
    [(False, False, ""), (None, False, ""), (True, True, ""), ("", True, ""), ("broken", True, "broken")],
)
def test_json_yank_tells_its_reason(told: object, is_yanked: bool, reason: str) -> None:
    file = one_json(yanked=told)
    assert (file.is_yanked, file.yank_reason) == (is_yanked, reason)


def test_html_yank_without_a_reason_is_a_yank() -> None:
    (file,) = html('<a href="demo-1.0.tar.gz" data-yanked>d</a>')
    assert (file.is_yanked, file.yank_reason) == (True, "")


@pytest.mark.parametrize(
    ("field", "told", "digits"),
    [
        ("core-metadata", {"sha256": SHA}, SHA),
        ("core-metadata", True, None),
        ("dist-info-metadata", {"sha256": SHA}, SHA),
    ],
)
def test_metadata_beside_the_file_is_known_under_both_names(field: str, told: object, digits: str | None) -> None:
    file = one_json(**{field: told})
    assert file.has_metadata
    assert file.metadata_sha256 == digits


def test_core_metadata_counts_before_its_older_name() -> None:
    assert not one_json(**{"core-metadata": False, "dist-info-metadata": {"sha256": SHA}}).has_metadata


def test_html_metadata_attribute_is_understood() -> None:
    (file,) = html(f'<a href="demo-1.0.tar.gz" data-core-metadata="sha256={SHA}">d</a>')
    assert file.metadata_sha256 == SHA


@pytest.mark.parametrize("digits", ["", "xyz", "ab" * 31, "zz" * 32])
def test_sha256_of_the_wrong_shape_is_none(digits: str) -> None:
    assert one_json(hashes={"sha256": digits}).sha256 is None


@pytest.mark.parametrize("told", [None, "", "yesterday", "2024-13-45T00:00:00Z"])
def test_upload_time_that_makes_no_sense_is_unknown(told: str | None) -> None:
    assert one_json(**{"upload-time": told}).uploaded is None


@pytest.mark.parametrize("version", ["2.0", "0.9", "x", ""])
def test_json_of_another_major_version_is_refused(version: str) -> None:
    with pytest.raises(BadPage, match="version"):
        parse_page(json_page(version=version), JSON_TYPE, URL)


def test_html_of_another_major_version_is_refused() -> None:
    with pytest.raises(BadPage, match=r"version 2\.0"):
        html('<meta name="pypi:repository-version" content="2.0">')


def test_newer_minor_version_is_understood() -> None:
    assert parse_page(json_page(version="1.99"), JSON_TYPE, URL)[0] == "demo"


@pytest.mark.parametrize("kind", ["image/png", "", "text", "application/vnd.pypi.simple.v2+json", "text/plain"])
def test_other_content_types_are_refused(kind: str) -> None:
    with pytest.raises(BadPage, match="its type"):
        parse_page(b"{}", kind, URL)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"files": 3}', b'{"files": [{"url": "x"}]}', b'{"files":['])
def test_json_that_is_no_page_is_refused(body: bytes) -> None:
    with pytest.raises(BadPage, match="PEP 691"):
        parse_page(body, JSON_TYPE, URL)


def test_attribute_that_is_not_escaped_is_read_whole() -> None:
    (file,) = html("<A HREF='demo-1.0.tar.gz' data-requires-python=\">=3.8,<4\">d</A>")
    assert file.requires_python == ">=3.8,<4"


def test_escaped_attribute_is_unescaped() -> None:
    (file,) = html('<a href="demo-1.0.tar.gz" data-requires-python="&gt;=3.8,&lt;4">d</a>')
    assert file.requires_python == ">=3.8,<4"


def test_anchor_in_a_comment_is_not_there() -> None:
    assert html('<!-- <a href="demo-1.0.tar.gz">d</a> --><a name="x">') == ()


@pytest.mark.parametrize("scrap", ["<a ", "<a href='", '<a x="', "<!--", "<a\t", "&#9", "<a =", "<base href=x "])
def test_malformed_page_of_a_megabyte_is_read_in_linear_time(scrap: str) -> None:
    """Python's own parser takes hours for these; the test would run into its time-out."""
    assert len(html(scrap * (1_000_000 // len(scrap)))) <= 1


def test_character_number_of_thousands_of_digits_is_left_as_it_is() -> None:
    (file,) = html(f'<a href="demo-1.0.tar.gz" data-yanked="&#{"9" * 5000};">d</a>')
    assert file.is_yanked


def test_page_above_the_limit_is_refused() -> None:
    with pytest.raises(BadPage, match="larger"):
        parse_page(b" " * (MAX_PAGE_BYTES + 1), "text/html", URL)


def test_unknown_charset_is_read_as_utf8() -> None:
    body = '<a href="demo-1.0.tar.gz" data-yanked="ü">d</a>'.encode()
    assert parse_page(body, "text/html; charset=klingon", URL)[1][0].yank_reason == "ü"


KINDS = st.sampled_from(
    [JSON_TYPE, "text/html", "text/html; charset=utf-16", "application/json", "text/html;charset=x"]
)
SCRAPS = st.sampled_from(
    ["<a ", "href=", '"demo-1.0.tar.gz"', ">", "</a>", "<!", "<![", "<?", "<base ", "#sha256=", "http://[", "&#", "--"]
)


@given(body=st.binary(max_size=400), kind=KINDS)
def test_any_bytes_are_a_page_or_a_bad_page(body: bytes, kind: str) -> None:
    try:
        _, files = parse_page(body, kind, URL)
    except BadPage:
        return
    assert all("/" not in file.filename for file in files)


@given(body=st.lists(SCRAPS | st.text(max_size=4), max_size=40).map("".join))
def test_broken_html_is_a_page_or_a_bad_page(body: str) -> None:
    try:
        _, files = parse_page(body.encode(), "text/html", URL)
    except BadPage:
        return
    assert all(file.url.startswith(("http://", "https://")) for file in files)


JSON_VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just({}) | st.just([])
FIELDS = ("filename", "url", "hashes", "requires-python", "size", "upload-time", "yanked", "core-metadata")


@given(entry=st.dictionaries(st.sampled_from(FIELDS), JSON_VALUES, min_size=2))
def test_any_json_file_entry_is_a_file_or_a_bad_page(entry: dict[str, object]) -> None:
    try:
        _, files = parse_page(json_page(entry), JSON_TYPE, URL)
    except BadPage:
        return
    for file in files:
        assert file.uploaded is None or file.uploaded.tzinfo is UTC


def offered(filename: str, **fields: object) -> File:
    return msgspec.convert({"filename": filename, "url": f"https://h/{filename}", **fields}, File)


def test_merge_keeps_the_first_file_of_a_name() -> None:
    first, second = offered("a-1.zip", size=1), offered("a-1.zip", size=2)
    assert merge("a", [("", (first,)), ("", (second,))]).files == (first,)


def test_merge_prefers_a_file_that_can_be_checked() -> None:
    bare, hashed = offered("a-1.zip"), offered("a-1.zip", hashes={"sha256": SHA})
    assert merge("a", [("", (bare,)), ("", (hashed,))]).files == (hashed,)


def test_merge_takes_the_name_from_the_index_that_tells_it() -> None:
    assert merge("a-b", [("", ()), ("A.b", ())]).name == "A.b"
