"""Requests are checked when they are made; headers keep what came."""

from __future__ import annotations

import dataclasses
import pickle
from typing import Any

import pytest

from buildyard.errors import InvalidRequest
from buildyard.faces.transport import DEFAULT_TIMEOUT, Headers, Part, Request, Response, Timeout

URL = "http://hub/x"


def test_request_has_the_documented_defaults() -> None:
    request = Request("GET", URL)
    assert (request.headers, request.body, request.timeout) == ((), b"", Timeout(connect=10, read=60))
    assert (request.idempotent, request.follow_redirects) == (True, False)


def test_request_is_frozen() -> None:
    request: Any = Request("GET", URL)
    with pytest.raises(dataclasses.FrozenInstanceError):
        request.method = "PUT"


@pytest.mark.parametrize("method", ["", "get", "GE T", "GET\r\n", "ÄÖ", "G:T"])
def test_method_is_an_upper_case_token(method: str) -> None:
    with pytest.raises(InvalidRequest, match="method"):
        Request(method, URL)


@pytest.mark.parametrize(
    "header",
    [
        ("", "x"),
        ("X Y", "x"),
        ("X:", "x"),
        ("X\r\nY", "x"),
        ("Ü", "x"),
        ("X", "a\r\nEvil: 1"),
        ("X", "a\nb"),
        ("X", "a\x00b"),
        ("X", "Ω"),
        ("X", "\ud800"),
        ("X", "a\x7fb"),
    ],
)
def test_fields_that_cannot_be_carried_are_refused(header: tuple[str, str]) -> None:
    with pytest.raises(InvalidRequest, match="header field"):
        Request("GET", URL, (header,))


@pytest.mark.parametrize(
    "header",
    [("Content-Length", "5"), ("content-length", "-1"), ("Transfer-Encoding", "chunked"), ("Connection", "close")],
)
def test_fields_that_frame_the_message_are_the_transports(header: tuple[str, str]) -> None:
    with pytest.raises(InvalidRequest, match="transport"):
        Request("PUT", URL, (header,), b"four")


def test_right_length_may_be_given() -> None:
    assert Request("PUT", URL, (("Content-Length", "4"),), b"four").size == 4


def test_request_prints_neither_credentials_nor_secrets() -> None:
    request = Request("GET", f"{URL}?bewit=abc&limit=1", (("Authorization", "Hawk mac=xyz"),), b"body")
    assert repr(request) == f"<Request GET {URL}?bewit=...&limit=1>"


def test_request_knows_the_size_of_its_part() -> None:
    request = Request("PUT", URL, body=Part("/tmp/wheel", 10, 20))
    assert (request.size, request.is_part) == (20, True)


@pytest.mark.parametrize(("offset", "size"), [(-1, 0), (0, -1)])
def test_part_counts_from_zero(offset: int, size: int) -> None:
    with pytest.raises(InvalidRequest):
        Part("/tmp/wheel", offset, size)


@pytest.mark.parametrize(("connect", "read"), [(0, 1), (1, 0), (-1, 1), (1, float("inf")), (float("nan"), 1)])
def test_timeout_is_a_time(connect: float, read: float) -> None:
    with pytest.raises(InvalidRequest, match="timeout"):
        Timeout(connect, read)


def test_values_survive_pickling() -> None:
    request = Request("PUT", URL, (("X", "é"),), Part("/tmp/wheel", 0, 1), idempotent=False)
    assert pickle.loads(pickle.dumps(request)) == request
    response = Response(200, Headers([("A", "b")]), b"body", URL)
    assert pickle.loads(pickle.dumps(response)) == response


def test_default_timeout_is_shared() -> None:
    assert Request("GET", URL).timeout is DEFAULT_TIMEOUT


def test_headers_are_found_in_any_case_and_keep_their_own() -> None:
    headers = Headers([("X-Tag", "a"), ("x-tag", "b")])
    assert headers.get("x-TAG") == "a"
    assert headers.get_all("X-tag") == ("a", "b")
    assert list(headers) == [("X-Tag", "a"), ("x-tag", "b")]


def test_absent_field_has_the_default() -> None:
    headers = Headers()
    assert headers.get("X") is None
    assert headers.get("X", "") == ""
    assert headers.get_all("X") == ()


def test_headers_know_what_they_hold() -> None:
    headers = Headers([("A", "1"), ("B", "")])
    assert len(headers) == 2
    assert "b" in headers
    assert "c" not in headers
    assert object() not in headers


def test_headers_are_equal_whatever_the_case_of_names() -> None:
    assert Headers([("A", "x")]) == Headers([("a", "x")])
    assert hash(Headers([("A", "x")])) == hash(Headers([("a", "x")]))
    assert Headers([("A", "x")]) != Headers([("A", "X")])
    assert Headers() != ()


def test_headers_print_no_credentials() -> None:
    shown = repr(Headers([("Set-Cookie", "secret"), ("X-Subject-Token", "secret"), ("ETag", "abc")]))
    assert "secret" not in shown
    assert "abc" in shown
