"""The scripted transport answers, records, and never waits."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from buildyard.errors import BodyTooLarge, ConnectFailed, Cut
from buildyard.faces.blocking import run_blocking
from buildyard.faces.scripted import SCRIPT_START, ScriptedTransport, ScriptEnded, answer, body_of
from buildyard.faces.transport import Headers, Part, Request, Response, Transport

GET = Request("GET", "http://hub/x")


def send(script: ScriptedTransport, request: Request = GET) -> Response:
    return run_blocking(script.send(request))


def test_answers_come_in_their_order() -> None:
    script = ScriptedTransport(answer(201, b"one"), Response(404, Headers([("A", "b")]), b"two"))
    first, second = send(script), send(script)
    assert (first.status, first.body, first.url) == (201, b"one", "http://hub/x")
    assert (second.status, second.headers.get("a"), second.body) == (404, "b", b"two")


def test_requests_are_recorded() -> None:
    script = ScriptedTransport(answer())
    send(script)
    assert script.requests == [GET]


def test_errors_are_raised() -> None:
    error = ConnectFailed("refused", method="GET", url=GET.url)
    with pytest.raises(ConnectFailed) as caught:
        send(ScriptedTransport(error))
    assert caught.value is error


def test_functions_look_at_the_request() -> None:
    script = ScriptedTransport(lambda request: answer(body=request.method.encode()))
    assert send(script).body == b"GET"


def test_values_are_sent_as_json() -> None:
    response = send(ScriptedTransport(answer(json={"a": [1]})))
    assert (response.body, response.headers.get("Content-Type")) == (b'{"a":[1]}', "application/json")


def test_null_is_json_too() -> None:
    assert send(ScriptedTransport(answer(json=None))).body == b"null"


def test_more_requests_than_answers_are_an_error() -> None:
    with pytest.raises(ScriptEnded, match="GET http://hub/x"):
        send(ScriptedTransport())


def test_fewer_requests_than_answers_are_an_error() -> None:
    script = ScriptedTransport(answer())
    with pytest.raises(ScriptEnded, match="1 answers"):
        script.done()
    send(script)
    script.done()


def test_clock_moves_by_sleeping_alone() -> None:
    script = ScriptedTransport()
    assert script.now() == script.now() == SCRIPT_START
    run_blocking(script.sleep(90))
    script.advance(10)
    assert script.now() == SCRIPT_START + 100
    assert script.sleeps == [90]


def test_body_comes_in_the_chunks_of_the_script() -> None:
    async def chunks(transport: Transport) -> list[bytes]:
        async with transport.stream(GET) as response:
            return [chunk async for chunk in response.chunks()]

    assert run_blocking(chunks(ScriptedTransport(answer(body=[b"a", b"", b"bc"])))) == [b"a", b"bc"]


def test_body_can_break_off() -> None:
    error = Cut("reset", method="GET", url=GET.url)
    with pytest.raises(Cut):
        send(ScriptedTransport(answer(body=[b"half", error])))


def test_bound_on_bodies_holds() -> None:
    with pytest.raises(BodyTooLarge):
        run_blocking(ScriptedTransport(answer(body=b"abc")).send(GET, max_body=2))


def test_redirects_are_followed_on_request_alone() -> None:
    def moved() -> ScriptedTransport:
        return ScriptedTransport(answer(302, headers=[("Location", "/y")]), answer(body=b"there"))

    assert send(moved()).status == 302
    script = moved()
    assert send(script, Request("GET", GET.url, follow_redirects=True)).body == b"there"
    assert [request.url for request in script.requests] == ["http://hub/x", "http://hub/y"]


def test_lock_is_free_again_after_it_was_left() -> None:
    async def twice(transport: Transport) -> int:
        lock = transport.lock()
        async with lock:
            pass
        async with lock:
            return 2

    assert run_blocking(twice(ScriptedTransport())) == 2


def test_lock_that_is_held_is_an_error_instead_of_a_deadlock() -> None:
    async def nested(transport: Transport) -> None:
        lock = transport.lock()
        async with lock, lock:
            pass

    with pytest.raises(ScriptEnded, match="lock"):
        run_blocking(nested(ScriptedTransport()))


def test_close_is_noted() -> None:
    script = ScriptedTransport()
    run_blocking(script.close())
    assert script.is_closed


def test_it_runs_under_a_loop_too() -> None:
    async def ask() -> int:
        return (await ScriptedTransport(answer(204)).send(GET)).status

    assert asyncio.run(ask()) == 204


def test_body_of_a_part_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "wheel"
    path.write_bytes(b"0123456789")
    assert body_of(Request("PUT", GET.url, body=Part(str(path), 3, 4))) == b"3456"
    assert body_of(Request("PUT", GET.url, body=b"abc")) == b"abc"
