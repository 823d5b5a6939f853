"""The index over HTTP: negotiation, conditional requests, ranges, redirects and what is not there."""

from __future__ import annotations

import gzip
import json
from hashlib import sha256
from typing import Any

import pytest

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"


def test_a_client_that_does_not_care_gets_html(index: Any) -> None:
    index.add("six", "1.0")
    answer = index.get("/simple/six/")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        (JSON, JSON),
        ("application/vnd.pypi.simple.latest+json", JSON),
        ("application/json", JSON),
        (HTML, HTML),
        (f"{JSON}, {HTML}; q=0.1, text/html; q=0.01", JSON),
        ("text/html", "text/html; charset=utf-8"),
    ],
)
def test_the_form_is_negotiated(index: Any, accept: str, given: str) -> None:
    index.add("six", "1.0")
    answer = index.get("/simple/six/", accept=accept)
    assert answer.headers["content-type"] == given
    assert "Accept" in answer.headers["vary"]


def test_the_form_can_be_asked_for_in_the_address(index: Any) -> None:
    index.add("six", "1.0")
    assert json.loads(index.get(f"/simple/six/?format={JSON}").body)["name"] == "six"


@pytest.mark.parametrize(("path", "accept", "status"), [("?format=x", "*/*", 400), ("", "image/png", 406)])
def test_what_we_do_not_have_is_refused(index: Any, path: str, accept: str, status: int) -> None:
    index.add("six", "1.0")
    answer = index.get(f"/simple/six/{path}", accept=accept)
    assert answer.status == status
    assert json.loads(answer.body)["next"]


def test_an_unchanged_page_is_not_sent_again(index: Any) -> None:
    index.add("six", "1.0")
    etag = index.get("/simple/six/").headers["etag"]
    answer = index.get("/simple/six/", if_none_match=etag)
    assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", etag)


def test_a_page_changes_with_its_files(index: Any) -> None:
    index.add("six", "1.0")
    etag = index.get("/simple/six/").headers["etag"]
    index.add("six", "2.0")
    answer = index.get("/simple/six/", if_none_match=etag)
    assert answer.status == 200
    assert b"six-2.0-py3" in answer.body


def test_each_form_and_encoding_has_a_tag_of_its_own(index: Any) -> None:
    index.add("six", "1.0")
    tags = {
        index.get("/simple/six/", accept=accept, accept_encoding=encoding).headers["etag"]
        for accept in ("text/html", JSON)
        for encoding in ("identity", "gzip")
    }
    assert len(tags) == 4


def test_pages_are_compressed_where_that_is_welcome(index: Any) -> None:
    index.add("six", "1.0")
    plain = index.get("/simple/six/")
    packed = index.get("/simple/six/", accept_encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body


def test_the_root_page_lists_projects(index: Any) -> None:
    assert json.loads(index.get("/simple/", accept=JSON).body)["projects"] == []
    index.add("wrapt", "1.0")
    index.add("six", "1.0")
    found = json.loads(index.get("/simple/", accept=JSON).body)["projects"]
    assert [one["name"] for one in found] == ["six", "wrapt"]


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/simple", "/simple/"),
        ("/simple/six", "/simple/six/"),
        ("/simple/Zope.Interface/", "/simple/zope-interface/"),
        ("/simple/a_B", "/simple/a-b/"),
        (f"/simple/SIX/?format={JSON}", f"/simple/six/?format={JSON.replace('+', '%2B')}"),
    ],
)
def test_names_are_normalised_by_a_redirect(index: Any, path: str, location: str) -> None:
    answer = index.get(path)
    assert (answer.status, answer.headers["location"].replace("+", "%2B")) == (301, location)


def test_a_wheel_is_sent_as_it_was_stored(index: Any) -> None:
    filename, content = index.add("six", "1.0")
    answer = index.get(f"/simple/six/{filename}")
    assert answer.body == content
    assert answer.headers["etag"] == f'"{sha256(content).hexdigest()}"'
    assert "immutable" in answer.headers["cache-control"]


def test_a_wheel_has_a_head(index: Any) -> None:
    filename, content = index.add("six", "1.0")
    answer = index.get(f"/simple/six/{filename}", "HEAD")
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", str(len(content)))


def test_a_wheel_that_a_client_has_is_not_sent_again(index: Any) -> None:
    filename, content = index.add("six", "1.0")
    answer = index.get(f"/simple/six/{filename}", if_none_match=f'"{sha256(content).hexdigest()}"')
    assert (answer.status, answer.body) == (304, b"")


@pytest.mark.parametrize(
    ("asked", "start", "stop"), [("bytes=0-9", 0, 10), ("bytes=10-", 10, None), ("bytes=-22", -22, None)]
)
def test_a_part_of_a_wheel_can_be_asked_for(index: Any, asked: str, start: int, stop: int | None) -> None:
    filename, content = index.add("six", "1.0")
    answer = index.get(f"/simple/six/{filename}", range=asked)
    assert (answer.status, answer.body) == (206, content[start:stop])
    assert answer.headers["content-range"].endswith(f"/{len(content)}")


def test_a_part_beyond_the_end_is_refused(index: Any) -> None:
    filename, content = index.add("six", "1.0")
    answer = index.get(f"/simple/six/{filename}", range="bytes=999999-")
    assert (answer.status, answer.headers["content-range"]) == (416, f"bytes */{len(content)}")


@pytest.mark.parametrize("asked", ["lines=1-2", "bytes=x", "bytes=9-1", "bytes", "bytes=-"])
def test_a_range_that_is_none_is_ignored(index: Any, asked: str) -> None:
    filename, content = index.add("six", "1.0")
    answer = index.get(f"/simple/six/{filename}", range=asked)
    assert (answer.status, answer.body) == (200, content)


@pytest.mark.parametrize(("known", "status"), [("own", 206), ('"other"', 200)])
def test_a_range_of_another_file_gets_the_whole_one(index: Any, known: str, status: int) -> None:
    filename, content = index.add("six", "1.0")
    tag = f'"{sha256(content).hexdigest()}"' if known == "own" else known
    assert index.get(f"/simple/six/{filename}", range="bytes=0-9", if_range=tag).status == status


def test_metadata_is_served_beside_the_wheel_and_matches_its_hash(index: Any) -> None:
    filename, _ = index.add("six", "1.0")
    (file,) = json.loads(index.get("/simple/six/", accept=JSON).body)["files"]
    answer = index.get(f"/simple/six/{filename}.metadata")
    assert sha256(answer.body).hexdigest() == file["core-metadata"]["sha256"]
    assert answer.body.startswith(b"Metadata-Version")


def test_an_unknown_project_is_answered_with_what_to_do(index: Any) -> None:
    answer = index.get("/simple/nothing/")
    told = json.loads(answer.body)
    assert (answer.status, told["code"], told["next"]) == (404, "unknown_project", "buildyard request nothing")


def test_a_project_that_is_being_built_says_so(index: Any) -> None:
    index.add_build("six", "queued")
    told = json.loads(index.get("/simple/six/").body)
    assert (told["code"], told["detail"]) == (
        "not_built_yet",
        "1 of its builds wait or run; its page appears with the first wheel.",
    )


def test_what_is_no_name_gives_no_command_to_paste(index: Any) -> None:
    told = json.loads(index.get("/simple/x;rm%20-rf/").body)
    assert "buildyard" not in told["next"]


@pytest.mark.parametrize("name", ["six-9.9-py3-none-any.whl", "..%2f..%2fyard.sqlite", "six-1.0-py3-none-any.whl.asc"])
def test_a_file_that_is_not_there_is_not_found(index: Any, name: str) -> None:
    index.add("six", "1.0")
    assert index.get(f"/simple/six/{name}").status == 404


def test_a_file_belongs_to_its_project(index: Any) -> None:
    filename, _ = index.add("six", "1.0")
    assert index.get(f"/simple/wrapt/{filename}").status == 404


def test_a_file_is_not_served_before_a_page_tells_of_it(index: Any) -> None:
    filename, _ = index.add("six", "1.0", publishing=False)
    assert index.get(f"/simple/six/{filename}").status == 404


def test_bytes_that_are_gone_are_an_error_of_ours(index: Any) -> None:
    filename, content = index.add("six", "1.0")
    index.objects.path(sha256(content).hexdigest()).unlink()
    answer = index.get(f"/simple/six/{filename}")
    assert (answer.status, json.loads(answer.body)["code"]) == (500, "file_missing")
