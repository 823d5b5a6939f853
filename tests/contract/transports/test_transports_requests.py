"""What goes over the wire is what the request says, for all transports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from buildyard.errors import InvalidRequest
from buildyard.faces.transport import Request, Response, Transport

Fetch = Callable[..., Response]


@pytest.mark.parametrize(
    "path",
    [
        "/a%2Fb",
        "/a%2fb",
        "/a//b///",
        "/%E4%F6%00",
        "/a+b%20c",
        "/~x/(y)!*'$,",
        "/a;b=1;",
        "/a:b@c=d&e",
        "/[x]",
        "/%7Euser",
        "/..a/b../...",
        "/v1/task/x/artifacts/public%2Flog",
        "/?q=a/b?c&d==&e&&",
        "/p?x=%7B%7D&y=[1]&z=../..",
        "/p?%zz".replace("%zz", "%25zz"),
        "/p?a=1&a=2;b",
    ],
)
def test_path_and_query_are_sent_byte_for_byte(fetch: Fetch, server: Any, path: str) -> None:
    fetch("GET", server.url(path))
    assert server.received[0].target == path.encode()


def test_url_without_a_path_asks_for_the_root(fetch: Fetch, server: Any) -> None:
    fetch("GET", server.url(""))
    assert server.received[0].target == b"/"


def test_query_without_a_path_asks_for_the_root(fetch: Fetch, server: Any) -> None:
    fetch("GET", server.url("?a=1"))
    assert server.received[0].target == b"/?a=1"


@pytest.mark.parametrize(
    "path", ["/../a", "/a/..", "/a/./b", "/%2e%2E/a", "/.%2e", "/a b", "/ä", "/a\r\nb", "/p?", "/#f"]
)
def test_urls_that_would_have_to_be_mended_are_refused(server: Any, path: str) -> None:
    with pytest.raises(InvalidRequest):
        Request("GET", server.url(path))


def test_host_is_as_the_url_says(fetch: Fetch, server: Any) -> None:
    fetch("GET", server.url())
    assert server.received[0].values(b"host") == [f"127.0.0.1:{server.port}".encode()]


def test_host_can_be_given(fetch: Fetch, server: Any) -> None:
    fetch("GET", server.url(), headers=(("Host", "hub.example.org"),))
    assert server.received[0].values(b"host") == [b"hub.example.org"]


def test_duplicate_fields_go_out_in_their_order(fetch: Fetch, server: Any) -> None:
    fetch("GET", server.url(), headers=(("X-Tag", "b"), ("X-Other", "o"), ("X-Tag", "a")))
    assert server.received[0].values(b"x-tag") == [b"b", b"a"]


def test_field_values_go_out_as_latin_1(fetch: Fetch, server: Any) -> None:
    fetch("GET", server.url(), headers=(("X-Name", "Grünwald é ÿ"), ("X-Plain", "x")))
    assert server.received[0].values(b"x-name") == ["Grünwald é ÿ".encode("latin-1")]


def test_latin_1_fields_do_not_touch_the_body(fetch: Fetch, server: Any) -> None:
    body = "é\r\n\r\nÿ".encode() * 50_000
    fetch("PUT", server.url(), headers=(("X-Name", "é"),), body=body)
    assert server.received[0].body == body


def test_latin_1_fields_go_out_on_a_kept_connection_too(face: Any, server: Any) -> None:
    async def twice(transport: Transport) -> None:
        for name in ("é", "plain", "ö"):
            await transport.send(Request("GET", server.url(), (("X-Name", name),)))

    face.run(twice)
    assert [request.values(b"x-name") for request in server.received] == [[b"\xe9"], [b"plain"], [b"\xf6"]]
    assert server.connections == 1


def test_nothing_is_added_but_host_and_agent(fetch: Fetch, server: Any) -> None:
    fetch("GET", server.url())
    assert sorted(name.lower() for name, _ in server.received[0].fields) == [b"host", b"user-agent"]


def test_agent_is_ours_unless_given(fetch: Fetch, server: Any) -> None:
    fetch("GET", server.url())
    fetch("GET", server.url(), headers=(("User-Agent", "koji/1"),))
    assert server.received[0].values(b"user-agent")[0].startswith(b"buildyard/")
    assert server.received[1].values(b"user-agent") == [b"koji/1"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_empty_body_has_its_length(fetch: Fetch, server: Any, method: str) -> None:
    fetch(method, server.url())
    assert server.received[0].values(b"content-length") == [b"0"]
    assert server.received[0].values(b"transfer-encoding") == []


def test_a_method_without_a_body_has_no_length(fetch: Fetch, server: Any) -> None:
    fetch("GET", server.url())
    assert server.received[0].values(b"content-length") == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "GET"])
def test_body_goes_out_with_one_length_and_no_type_of_our_own(fetch: Fetch, server: Any, method: str) -> None:
    fetch(method, server.url(), body=b"\x00\xffbody")
    received = server.received[0]
    assert received.body == b"\x00\xffbody"
    assert received.values(b"content-length") == [b"6"]
    assert received.values(b"content-type") == []


def test_length_may_be_given_where_it_is_right(fetch: Fetch, server: Any) -> None:
    fetch("PUT", server.url(), headers=(("Content-Length", "4"),), body=b"body")
    assert server.received[0].values(b"content-length") == [b"4"]


def test_connection_is_kept_between_requests(face: Any, server: Any) -> None:
    async def thrice(transport: Transport) -> None:
        for _ in range(3):
            await transport.send(Request("POST", server.url(), body=b"x"))

    face.run(thrice)
    assert (server.connections, len(server.received)) == (1, 3)


def test_connection_is_not_kept_where_the_service_closes_it(face: Any, server: Any) -> None:
    server.replies = [b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"] * 2

    async def twice(transport: Transport) -> list[int]:
        return [(await transport.send(Request("POST", server.url(), body=b"x"))).status for _ in range(2)]

    assert face.run(twice) == [200, 200]
    assert server.connections == 2


def test_http_1_0_connection_is_not_used_again(face: Any, server: Any) -> None:
    async def one_answer(connection: Any) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")

    server.handler = one_answer

    async def twice(transport: Transport) -> list[bytes]:
        return [(await transport.send(Request("POST", server.url(), idempotent=False))).body for _ in range(2)]

    assert face.run(twice) == [b"ok", b"ok"]
    assert server.connections == 2


def test_close_closes_idle_connections_and_the_next_request_opens_one(face: Any, server: Any) -> None:
    async def around_close(transport: Transport) -> None:
        await transport.send(Request("GET", server.url()))
        await transport.close()
        await transport.send(Request("GET", server.url()))

    face.run(around_close)
    assert server.connections == 2


def test_sleep_takes_its_time_and_now_moves(face: Any) -> None:
    async def nap(transport: Transport) -> float:
        before = transport.now()
        await transport.sleep(0.05)
        return transport.now() - before

    assert 0.04 < face.run(nap) < 2


def test_lock_can_be_entered_again_after_it_was_left(face: Any) -> None:
    async def twice(transport: Transport) -> int:
        lock = transport.lock()
        entered = 0
        for _ in range(2):
            async with lock:
                entered += 1
        return entered

    assert face.run(twice) == 2
