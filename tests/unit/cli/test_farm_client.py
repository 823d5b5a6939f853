"""The terminal's client of the farm's API: what it sends, what it makes of answers."""

from __future__ import annotations

import msgspec
import pytest

from buildyard.cli.client import Farm, FarmCore
from buildyard.errors import ConnectFailed, Cut, NotFound, ServerFault, TimedOut, WireError
from buildyard.faces.scripted import Answer, ScriptedTransport, body_of
from buildyard.faces.transport import Headers
from buildyard.taskcluster._hawk import payload_hash, sign_request
from buildyard.taskcluster.credentials import Credentials

ROOT = "http://127.0.0.1:8765"
KEY = Credentials(client_id="local/mira", access_token="secret")


def answer(value: object, status: int = 200) -> Answer:
    return Answer(status, Headers([("Content-Type", "application/json")]), [msgspec.json.encode(value)])


def farm(*script: object, credentials: Credentials | None = None) -> tuple[Farm, ScriptedTransport]:
    transport = ScriptedTransport(*script)  # type: ignore[arg-type]
    return Farm(FarmCore(transport, f"{ROOT}/", credentials)), transport


def test_asking_sends_the_requirements_and_returns_the_number() -> None:
    client, transport = farm(answer({"id": 77, "state": "asked"}, 201))
    assert client.ask(["numpy", "wrapt<2"], abis=["cp312"], deps=False) == 77
    (request,) = transport.requests
    assert (request.method, request.url) == ("POST", f"{ROOT}/api/farm/v1/requests")
    assert msgspec.json.decode(body_of(request)) == {
        "requirements": ["numpy", "wrapt<2"],
        "abis": ["cp312"],
        "deps": False,
        "again": False,
    }


def test_without_a_credential_nothing_is_signed() -> None:
    client, transport = farm(answer({"alive": True}))
    client.ping()
    assert "Authorization" not in Headers(transport.requests[0].headers)


def test_a_request_is_signed_with_its_body() -> None:
    client, transport = farm(answer({"id": 1}, 201), credentials=KEY)
    client.ask(["six"])
    (request,) = transport.requests
    header = Headers(request.headers).get("Authorization", "")
    nonce = header.partition('nonce="')[2].partition('"')[0]
    expected = sign_request(
        "POST",
        request.url,
        client_id=KEY.client_id,
        access_token=KEY.access_token,
        now=transport.now(),
        nonce=nonce,
        ext=KEY.ext(),
        hashed=payload_hash("application/json", body_of(request)),
    )
    assert header == expected


def test_a_reading_is_tried_again_when_the_hub_is_only_just_back() -> None:
    refused = ConnectFailed("connection refused", method="GET", url=ROOT)
    client, transport = farm(refused, refused, answer({"alive": True, "version": "1"}))
    assert client.ping().version == "1"
    assert len(transport.sleeps) == 2


def test_a_request_that_may_have_arrived_is_not_sent_twice() -> None:
    client, transport = farm(Cut("reset", method="POST", url=ROOT))
    with pytest.raises(Cut):
        client.ask(["six"])
    assert len(transport.requests) == 1


def test_an_answer_that_refuses_is_an_error_with_the_hubs_words() -> None:
    client, _ = farm(answer({"title": "there is no build 9", "code": "unknown_build"}, 404))
    with pytest.raises(NotFound) as caught:
        client.build(9)
    assert b"unknown_build" in caught.value.body


def test_a_hub_that_stays_broken_is_a_server_fault() -> None:
    client, _ = farm(*[answer({}, 503)] * 4)
    with pytest.raises(ServerFault):
        client.ping()


def test_an_answer_of_something_else_is_not_understood() -> None:
    client, _ = farm(Answer(200, Headers(), [b"<html>"]))
    with pytest.raises(WireError):
        client.builders()


def test_keys_of_a_newer_hub_are_ignored() -> None:
    told = {"id": 1, "package": "six", "version": "1", "abi": "cp39", "platform": "p", "state": "built", "new": [1]}
    client, _ = farm(answer(told))
    assert client.build(1).state == "built"


def test_events_wait_at_the_hub_and_are_waited_for_longer_than_that() -> None:
    client, transport = farm(answer({"events": [], "last": 5}))
    assert client.events(5, wait=20.0).last == 5
    (request,) = transport.requests
    assert request.url.endswith("/events?after=5&limit=500&wait=20")
    assert request.timeout.read > 20


def test_a_package_name_is_one_segment() -> None:
    client, transport = farm(answer({"package": "a/b", "versions": []}))
    client.explain("a/b")
    assert transport.requests[0].url.endswith("/packages/a%2Fb/explain")


def test_a_log_comes_in_pieces() -> None:
    client, transport = farm(Answer(200, Headers(), [b"one\n", b"two\n"]))
    assert b"".join(client.log(9)) == b"one\ntwo\n"
    assert transport.requests[0].url.endswith("/builds/9/log")


def test_a_followed_log_goes_on_where_it_was_cut() -> None:
    broken = Cut("the connection ended early", method="GET", url=ROOT)
    silent = TimedOut("read", 60, method="GET", url=ROOT)
    client, transport = farm(
        Answer(200, Headers(), [b"one\n", broken]),
        Answer(200, Headers(), [silent]),
        Answer(200, Headers(), [b"two\n"]),
    )
    assert b"".join(client.log(9, follow=True)) == b"one\ntwo\n"
    assert [request.url.partition("?")[2] for request in transport.requests] == [
        "follow=1&start=0",
        "follow=1&start=4",
        "follow=1&start=4",
    ]


def test_a_log_that_is_only_read_and_cut_is_an_error() -> None:
    client, _ = farm(Answer(200, Headers(), [b"one\n", Cut("early", method="GET", url=ROOT)]))
    with pytest.raises(Cut):
        list(client.log(9))


def test_the_log_of_an_unknown_build_is_refused() -> None:
    client, _ = farm(answer({"title": "there is no build 9"}, 404))
    with pytest.raises(NotFound):
        list(client.log(9))


def test_the_hubs_own_json_is_passed_on_as_it_is() -> None:
    client, _ = farm(Answer(200, Headers(), [b'{"schema": 1,  "x": 2}']))
    assert client.raw("/status") == b'{"schema": 1,  "x": 2}'
