"""What comes back is what the service sent, for all transports."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

import pytest

from buildyard.errors import BadRedirect, BodyTooLarge, ConnectFailed, Cut, TransportError, WireError
from buildyard.faces.transport import Request, Response, Timeout, Transport

Fetch = Callable[..., Response]
OK_AND_MORE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"


def reply(head: bytes, body: bytes = b"") -> bytes:
    return head.replace(b"\n", b"\r\n") + b"\r\n\r\n" + body


def redirect(status: int, location: str) -> bytes:
    return reply(f"HTTP/1.1 {status} Elsewhere\nContent-Length: 0\nLocation: {location}".encode())


def test_duplicate_fields_are_kept_apart_in_their_order(fetch: Fetch, server: Any) -> None:
    server.replies = [reply(b"HTTP/1.1 200 OK\nContent-Length: 0\nX-Tag: b\nX-Other: o\nx-tag: a, c")]
    assert fetch("GET", server.url()).headers.get_all("X-Tag") == ("b", "a, c")


def test_field_values_are_read_as_latin_1(fetch: Fetch, server: Any) -> None:
    server.replies = [reply(b"HTTP/1.1 200 OK\nContent-Length: 0\nX-Name: Gr\xfcnwald \xe9\xff\xc3\xa9")]
    assert fetch("GET", server.url()).headers.get("x-name") == "Grünwald éÿÃ©"


def test_fields_about_the_connection_are_left_out(fetch: Fetch, server: Any) -> None:
    server.replies = [reply(b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nConnection: keep-alive", b"0\r\n\r\n")]
    names = {name.lower() for name, _ in fetch("GET", server.url()).headers}
    assert names.isdisjoint({"transfer-encoding", "connection"})


def test_length_is_among_the_fields(fetch: Fetch, server: Any) -> None:
    assert fetch("GET", server.url()).headers.get("content-length") == "2"


@pytest.mark.parametrize("status", [200, 201, 400, 404, 429, 500, 599])
def test_every_status_is_an_answer(fetch: Fetch, server: Any, status: int) -> None:
    server.replies = [reply(f"HTTP/1.1 {status} Such\nContent-Length: 3".encode(), b"why")]
    answer = fetch("GET", server.url())
    assert (answer.status, answer.body) == (status, b"why")


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_a_body_have_none_and_keep_the_connection(face: Any, server: Any, status: int) -> None:
    server.replies = [reply(f"HTTP/1.1 {status} Nothing".encode())] * 2

    async def twice(transport: Transport) -> list[bytes]:
        return [(await transport.send(Request("GET", server.url()))).body for _ in range(2)]

    assert face.run(twice) == [b"", b""]
    assert server.connections == 1


def test_answer_to_head_has_a_length_and_no_body(fetch: Fetch, server: Any) -> None:
    server.replies = [reply(b"HTTP/1.1 200 OK\nContent-Length: 999999999999")]
    answer = fetch("HEAD", server.url())
    assert (answer.body, answer.headers.get("Content-Length")) == (b"", "999999999999")


def test_chunked_body_is_joined(fetch: Fetch, server: Any) -> None:
    server.replies = [
        reply(b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked", b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: r\r\n\r\n")
    ]
    assert fetch("GET", server.url()).body == b"abcde"


def test_body_without_length_ends_with_the_connection(fetch: Fetch, server: Any) -> None:
    server.replies = [reply(b"HTTP/1.1 200 OK\nConnection: close", b"all of it")]
    assert fetch("GET", server.url()).body == b"all of it"


def test_encoded_body_is_left_as_it_is(fetch: Fetch, server: Any) -> None:
    server.replies = [reply(b"HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 4", b"\x1f\x8b\x08\x00")]
    answer = fetch("GET", server.url())
    assert (answer.body, answer.headers.get("content-encoding")) == (b"\x1f\x8b\x08\x00", "gzip")


@pytest.mark.parametrize("interim", [b"100 Continue", b"102 Processing", b"103 Early Hints\r\nLink: </a>"])
def test_interim_answers_are_passed_over(fetch: Fetch, server: Any, interim: bytes) -> None:
    server.replies = [b"HTTP/1.1 " + interim + b"\r\n\r\n" + reply(b"HTTP/1.1 201 Made\nContent-Length: 1", b"x")]
    assert fetch("POST", server.url(), body=b"b").status == 201


def test_answer_says_where_it_came_from(fetch: Fetch, server: Any) -> None:
    assert fetch("GET", server.url("/a?b")).url == server.url("/a?b")


# Bodies that end early, and answers that are none


@pytest.mark.parametrize(
    "cut_short",
    [
        reply(b"HTTP/1.1 200 OK\nConnection: close\nContent-Length: 10", b"only 6"),
        reply(b"HTTP/1.1 200 OK\nConnection: close\nTransfer-Encoding: chunked", b"5\r\nab"),
        reply(b"HTTP/1.1 200 OK\nConnection: close\nTransfer-Encoding: chunked", b"2\r\nab\r\n"),
        reply(b"HTTP/1.1 200 OK\nConnection: close\nTransfer-Encoding: chunked", b"2\r\nab"),
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nX-Half: ",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n",
        b"HTTP/1.1 2",
    ],
)
def test_cut_answers_are_detected(fetch: Fetch, server: Any, cut_short: bytes) -> None:
    async def answer_and_close(connection: Any) -> None:
        await connection.request()
        await connection.send(cut_short)

    server.handler = answer_and_close
    with pytest.raises(Cut) as caught:
        fetch("GET", server.url("/x"))
    assert (caught.value.maybe_sent, caught.value.method, caught.value.url) == (True, "GET", server.url("/x"))


def test_reset_instead_of_an_answer_is_a_cut(fetch: Fetch, server: Any) -> None:
    async def reset(connection: Any) -> None:
        await connection.request()
        connection.reset()

    server.handler = reset
    with pytest.raises(Cut) as caught:
        fetch("POST", server.url(), body=b"x")
    assert caught.value.maybe_sent


def test_connection_closed_without_an_answer_is_a_cut_and_sent_once(fetch: Fetch, server: Any) -> None:
    async def close(connection: Any) -> None:
        server.received.append(await connection.request())

    server.handler = close
    with pytest.raises(Cut):
        fetch("GET", server.url())
    assert len(server.received) == 1


def test_kept_connection_that_fails_is_not_tried_again_by_the_transport(face: Any, server: Any) -> None:
    async def answer_once(connection: Any) -> None:
        server.received.append(await connection.request())
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        server.received.append(await connection.request())

    server.handler = answer_once

    async def twice(transport: Transport) -> None:
        await transport.send(Request("GET", server.url("/1")))
        await transport.send(Request("GET", server.url("/2")))

    with pytest.raises(Cut):
        face.run(twice)
    assert [request.target for request in server.received] == [b"/1", b"/2"]


def test_connection_that_was_closed_while_idle_is_not_used(face: Any, server: Any) -> None:
    async def answer_once(connection: Any) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    server.handler = answer_once

    async def twice(transport: Transport) -> int:
        await transport.send(Request("POST", server.url()))
        await transport.sleep(0.1)
        return (await transport.send(Request("POST", server.url()))).status

    assert face.run(twice) == 200


@pytest.mark.parametrize(
    "nonsense", [b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x0a\r\n\r\n"]
)
def test_answers_that_are_not_http_are_wire_errors(fetch: Fetch, server: Any, nonsense: bytes) -> None:
    server.replies = [nonsense + b"Connection: close"]
    with pytest.raises(WireError) as caught:
        fetch("GET", server.url())
    assert caught.value.url == server.url()


@pytest.mark.parametrize("more", [b"X-More: x\r\n" * 1000, b"x" * 10_000])
def test_head_without_an_end_is_refused(fetch: Fetch, server: Any, more: bytes) -> None:
    async def endless(connection: Any) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nX-More: ")
        while True:
            await connection.send(more)

    server.handler = endless
    with pytest.raises((WireError, TransportError)):
        fetch("GET", server.url())


def test_refused_connection_was_never_sent(fetch: Fetch, servers: Any) -> None:
    server, listening = servers.start()
    servers.stop(listening)
    with pytest.raises(ConnectFailed) as caught:
        fetch("POST", server.url(), idempotent=False)
    assert not caught.value.maybe_sent
    assert "refused" in caught.value.reason


def test_unknown_host_was_never_sent(fetch: Fetch) -> None:
    with pytest.raises(ConnectFailed) as caught:
        fetch("GET", "http://no-such-host.invalid/")
    assert "looked up" in caught.value.reason


# Sizes


def test_body_above_the_limit_is_refused_by_its_length(face: Any, server: Any) -> None:
    server.replies = [reply(b"HTTP/1.1 200 OK\nConnection: close\nContent-Length: 1000", b"")]
    with pytest.raises(BodyTooLarge) as caught:
        face.run(lambda transport: transport.send(Request("GET", server.url()), max_body=999))
    assert caught.value.limit == 999


def test_body_above_the_limit_is_refused_while_it_comes(face: Any, server: Any) -> None:
    chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
    server.replies = [reply(b"HTTP/1.1 200 OK\nConnection: close\nTransfer-Encoding: chunked", chunk * 100)]
    with pytest.raises(BodyTooLarge):
        face.run(lambda transport: transport.send(Request("GET", server.url()), max_body=50_000))


def test_body_of_just_the_limit_is_taken(face: Any, server: Any) -> None:
    server.replies = [reply(b"HTTP/1.1 200 OK\nContent-Length: 1000", b"x" * 1000)]
    answer = face.run(lambda transport: transport.send(Request("GET", server.url()), max_body=1000))
    assert len(answer.body) == 1000


def test_absurd_length_is_refused(fetch: Fetch, server: Any) -> None:
    server.replies = [reply(b"HTTP/1.1 200 OK\nConnection: close\nContent-Length: " + b"9" * 5000)]
    with pytest.raises((BodyTooLarge, WireError)):
        fetch("GET", server.url())


def test_half_an_answer_is_not_shown_in_the_error(fetch: Fetch, server: Any) -> None:
    async def half(connection: Any) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nSet-Cookie: secret\r\n")

    server.handler = half
    with pytest.raises(Cut) as caught:
        fetch("GET", server.url())
    assert "secret" not in str(caught.value)


def test_large_field_is_taken(fetch: Fetch, server: Any) -> None:
    server.replies = [reply(b"HTTP/1.1 200 OK\nContent-Length: 0\nX-Large: " + b"x" * 12_000)]
    assert len(fetch("GET", server.url()).headers.get("X-Large", "")) == 12_000


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_answers_unless_followed(fetch: Fetch, server: Any, status: int) -> None:
    server.replies = [redirect(status, "/elsewhere")]
    answer = fetch("GET", server.url())
    assert (answer.status, answer.headers.get("Location"), len(server.received)) == (status, "/elsewhere", 1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_on_request(fetch: Fetch, server: Any, status: int) -> None:
    server.replies = [redirect(status, "/b%2Fc?d")]
    answer = fetch("GET", server.url("/a"), follow_redirects=True)
    assert (answer.body, answer.url) == (b"ok", server.url("/b%2Fc?d"))
    assert server.received[1].target == b"/b%2Fc?d"


def test_body_is_sent_again_to_where_307_leads(fetch: Fetch, server: Any) -> None:
    server.replies = [redirect(307, "/b")]
    fetch("PUT", server.url("/a"), body=b"wheel", follow_redirects=True)
    assert [request.body for request in server.received] == [b"wheel", b"wheel"]


def test_303_after_a_post_asks_with_get(fetch: Fetch, server: Any) -> None:
    server.replies = [redirect(303, "/result")]
    fetch("POST", server.url("/a"), body=b"x", headers=(("Content-Type", "text/plain"),), follow_redirects=True)
    assert server.received[1].line == b"GET /result HTTP/1.1"
    assert server.received[1].values(b"content-type") == []


def test_credentials_stay_with_their_origin(fetch: Fetch, server: Any, start_server: Any) -> None:
    other = start_server()
    server.replies = [redirect(302, other.url("/x"))]
    headers = (("Authorization", "Hawk x"), ("X-Kept", "1"))
    fetch("GET", server.url(), headers=headers, follow_redirects=True)
    assert other.received[0].values(b"authorization") == []
    assert other.received[0].values(b"x-kept") == [b"1"]


def test_circle_of_redirects_ends(fetch: Fetch, server: Any) -> None:
    server.replies = [redirect(302, "/again")] * 50
    with pytest.raises(BadRedirect):
        fetch("GET", server.url(), follow_redirects=True)
    assert len(server.received) == 11


def test_redirect_to_an_unsafe_address_is_refused(fetch: Fetch, server: Any) -> None:
    server.replies = [redirect(302, "file:///etc/passwd")]
    with pytest.raises(BadRedirect):
        fetch("GET", server.url(), follow_redirects=True)


def test_failure_after_a_redirect_may_have_been_sent(fetch: Fetch, servers: Any, server: Any) -> None:
    gone, listening = servers.start()
    servers.stop(listening)
    server.replies = [redirect(303, gone.url())]
    with pytest.raises(ConnectFailed) as caught:
        fetch("POST", server.url(), follow_redirects=True)
    assert caught.value.maybe_sent


def test_timeout_of_the_request_holds(face: Any, server: Any) -> None:
    request = Request("GET", server.url(), timeout=Timeout(5, 5))
    assert face.run(lambda transport: transport.send(request)).status == 200


# How an answer comes


async def in_pieces(connection: Any, answer: bytes, size: int) -> None:
    while await connection.request() is not None:
        for begin in range(0, len(answer), size):
            await connection.send(answer[begin : begin + size])
            await asyncio.sleep(0.002)


@pytest.mark.parametrize("size", [5, 40])
@pytest.mark.parametrize(
    "answer",
    [
        reply(b"HTTP/1.1 200 OK\nX-Long: " + b"x" * 50 + b"\nContent-Length: 60", b"y" * 60),
        reply(b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked", b"3c\r\n" + b"y" * 60 + b"\r\n0\r\n\r\n"),
    ],
)
def test_answer_in_pieces_is_whole_and_keeps_its_connection(face: Any, server: Any, answer: bytes, size: int) -> None:
    server.handler = functools.partial(in_pieces, answer=answer, size=size)

    async def twice(transport: Transport) -> list[bytes]:
        return [(await transport.send(Request("GET", server.url()))).body for _ in range(2)]

    assert face.run(twice) == [b"y" * 60] * 2
    assert server.connections == 1


def test_what_comes_beyond_an_answer_is_not_taken_for_the_next_one(face: Any, server: Any) -> None:
    server.replies = [OK_AND_MORE, OK_AND_MORE]

    async def twice(transport: Transport) -> list[bytes]:
        bodies = []
        for _ in range(2):
            bodies.append((await transport.send(Request("GET", server.url()))).body)
            await transport.sleep(0.05)
        return bodies

    assert face.run(twice) == [b"ok", b"ok"]
