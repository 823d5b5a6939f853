"""The client's wishes decide between HTML and JSON, and whether a body is compressed or sent at all."""

from __future__ import annotations

import pytest

from buildyard.farm.index.negotiate import choose, names_etag, takes_gzip

HTML = "text/html"
JSON = "application/vnd.pypi.simple.v1+json"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, HTML),
        ("", HTML),
        ("*/*", HTML),
        (JSON, JSON),
        (f"{JSON}, text/html;q=0.01", JSON),
        (f"{JSON};q=0.5, text/html", HTML),
        (f"{JSON} ; Q=0.2 , text/html ; q=0.1", JSON),
        ("application/*", JSON),
        (f"*/*;q=0.1, {JSON}", JSON),
        ("text/html;q=0, */*", JSON),
        ("TEXT/HTML", HTML),
        ("image/png", None),
        ("text/html;q=0", None),
        ("text/html;q=high", None),
    ],
)
def test_accept_chooses_what_the_client_likes_best(accept: str | None, chosen: str | None) -> None:
    assert choose(accept, [HTML, JSON]) == chosen


@pytest.mark.parametrize(
    ("header", "takes"),
    [(None, False), ("gzip", True), ("br, gzip;q=0.5", True), ("gzip;q=0, *", False), ("*", True), ("br", False)],
)
def test_gzip_is_used_only_where_it_is_welcome(header: str | None, takes: bool) -> None:
    assert takes_gzip(header) is takes


@pytest.mark.parametrize(
    ("header", "named"),
    [(None, False), ('"a"', True), ('"b", "a"', True), ('W/"a"', True), ("*", True), ('"b"', False), ("a", False)],
)
def test_if_none_match_names_the_tag_or_not(header: str | None, named: bool) -> None:
    assert names_etag(header, '"a"') is named
