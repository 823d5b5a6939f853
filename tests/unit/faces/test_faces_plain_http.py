"""Which answers are plain, and that what is not is left to http.client."""

from __future__ import annotations

import pytest

from buildyard.faces._plain_http import Head, plain_head, request_head

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"


def test_request_is_written_as_it_was_given() -> None:
    fields = [("Host", "here:80"), ("X-Odd", "caf\xe9"), ("X-Odd", "")]
    assert request_head("GET", "/a%2Fb?c=d", fields) == (
        b"GET /a%2Fb?c=d HTTP/1.1\r\nHost: here:80\r\nX-Odd: caf\xe9\r\nX-Odd: \r\n\r\n"
    )


def test_plain_answer_is_taken_apart() -> None:
    data = b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\nlocation:/x \r\nX-Odd:\tcaf\xe9\r\n\r\nhel"
    fields = [("Content-Length", "5"), ("location", "/x"), ("X-Odd", "caf\xe9")]
    assert plain_head(data, "POST") == Head(201, fields, 5, True, b"hel")


@pytest.mark.parametrize(
    ("method", "data"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304\r\nContent-Length: 5\r\n\r\n"),
    ],
)
def test_answer_that_never_has_a_body_has_none(method: str, data: bytes) -> None:
    head = plain_head(data, method)
    assert head is not None
    assert (head.length, head.begun) == (0, b"")


def test_connection_that_the_service_closes_is_not_kept() -> None:
    head = plain_head(OK + b"Connection: Close\r\n\r\n", "GET")
    assert head is not None
    assert not head.keeps


@pytest.mark.parametrize(
    "data",
    [
        b"",
        OK,
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n",
        OK + b"Content-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\n\r\n\r\n",
        OK + b"\r\nhello, and more",
        OK + b"X: a\r\n folded\r\n\r\n",
        OK + b"X : a\r\n\r\n",
        OK + b"no colon\r\n\r\n",
        OK + b"X: a\0b\r\n\r\n",
        OK + b"X: a\nY: b\r\n\r\n",
        OK + b"X: a\r\n" * 100 + b"\r\n",
    ],
)
def test_anything_else_is_not_plain(data: bytes) -> None:
    assert plain_head(data, "GET") is None
