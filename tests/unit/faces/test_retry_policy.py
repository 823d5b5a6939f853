"""When a request is sent again, and after how long."""

from __future__ import annotations

import math
from typing import Any

import pytest

from buildyard.errors import (
    Cut,
    InvalidRequest,
    NotFound,
    RemoteError,
    Throttled,
    TimedOut,
    TlsFailed,
    TransportError,
    WireError,
)
from buildyard.faces.blocking import run_blocking
from buildyard.faces.scripted import SCRIPT_START, ScriptedTransport, answer
from buildyard.faces.transport import Headers, Request, Response
from buildyard.retry import NO_RETRY, Retry

URL = "http://hub/x"
EXACT = Retry(attempts=4, first=1, factor=2, jitter=0, cap=30)
MAYBE_SENT = Cut("reset", method="POST", url=URL)
NOT_SENT = TimedOut("connect", 1, method="POST", url=URL)


def refusal(status: int, retry_after: str | None = None, date: str | None = None) -> Response:
    fields = [("Retry-After", retry_after)] if retry_after is not None else []
    return Response(status, Headers(fields + ([("Date", date)] if date else [])))


@pytest.mark.parametrize(
    "wrong", [{"attempts": 0}, {"first": -1}, {"factor": 0.5}, {"cap": -1}, {"jitter": 1.1}, {"jitter": -0.1}]
)
def test_policy_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="retry"):
        Retry(**wrong)


# The decision


def test_delays_grow_by_the_factor() -> None:
    assert [EXACT.delay(n, NOT_SENT) for n in (1, 2, 3)] == [1, 2, 4]


def test_delays_end_with_the_attempts() -> None:
    assert EXACT.delay(4, NOT_SENT) is None
    assert NO_RETRY.delay(1, NOT_SENT) is None


def test_delays_are_capped() -> None:
    patient = Retry(attempts=2000, first=1, factor=10, jitter=0, cap=30)
    assert patient.delay(1500, NOT_SENT) == 30


def test_jitter_moves_a_delay_to_either_side() -> None:
    retry = Retry(first=10, jitter=0.25, cap=100)
    assert [retry.delay(1, NOT_SENT, luck=luck) for luck in (0, 0.5, 1)] == [7.5, 10, 12.5]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_passing_faults_of_the_service_are_worth_another_attempt(status: int) -> None:
    assert EXACT.delay(1, refusal(status)) == 1


@pytest.mark.parametrize("status", [200, 204, 301, 400, 401, 403, 404, 409, 501])
def test_answers_are_final(status: int) -> None:
    assert EXACT.delay(1, refusal(status)) is None


def test_what_may_have_been_sent_is_repeated_only_if_idempotent() -> None:
    assert EXACT.delay(1, MAYBE_SENT, idempotent=True) == 1
    assert EXACT.delay(1, MAYBE_SENT, idempotent=False) is None


def test_what_was_not_sent_is_repeated_in_any_case() -> None:
    assert EXACT.delay(1, NOT_SENT, idempotent=False) == 1


def test_fault_of_the_service_is_not_repeated_unless_idempotent() -> None:
    assert EXACT.delay(1, refusal(500), idempotent=False) is None
    assert EXACT.delay(1, refusal(503), idempotent=False) is None


def test_throttling_says_that_nothing_was_done() -> None:
    assert EXACT.delay(1, refusal(429), idempotent=False) == 1


def test_certificate_that_is_not_trusted_is_not_tried_again() -> None:
    assert EXACT.delay(1, TlsFailed("expired", method="GET", url=URL)) is None


def test_remote_error_counts_by_its_status() -> None:
    assert EXACT.delay(1, Throttled("slow", status=429, method="GET", url=URL, retry_after=7)) == 7
    assert EXACT.delay(1, NotFound("no", status=404, method="GET", url=URL)) is None


def test_retry_after_in_seconds_is_honoured_where_it_is_longer() -> None:
    assert EXACT.delay(1, refusal(503, "7")) == 7
    assert EXACT.delay(3, refusal(503, "1")) == 4


def test_retry_after_a_date_is_measured_from_the_answers_own() -> None:
    late = refusal(503, "Wed, 01 Jan 2025 00:00:10 GMT", date="Wed, 01 Jan 2025 00:00:00 GMT")
    assert EXACT.delay(1, late, now=0) == 10


def test_retry_after_a_date_is_measured_from_now_without_one() -> None:
    assert EXACT.delay(1, refusal(503, "Wed, 01 Jan 2025 00:00:10 GMT"), now=SCRIPT_START) == 10


def test_retry_after_a_date_that_is_past_does_not_shorten_the_delay() -> None:
    assert EXACT.delay(1, refusal(503, "Wed, 01 Jan 2020 00:00:10 GMT"), now=SCRIPT_START) == 1


@pytest.mark.parametrize("text", ["", "soon", "-5", "1.5", "٣", "Wed, 99 Jan 2025"])
def test_senseless_retry_after_is_ignored(text: str) -> None:
    assert EXACT.delay(1, refusal(503, text)) == 1


@pytest.mark.parametrize("text", ["121", "9" * 40])
def test_who_asks_for_too_much_patience_is_not_waited_for(text: str) -> None:
    assert EXACT.delay(1, refusal(503, text)) is None


def test_retry_after_can_be_ignored() -> None:
    retry = Retry(first=1, jitter=0, honour_retry_after=False)
    assert retry.delay(1, refusal(503, "100")) == 1


def test_any_retry_after_is_believed_with_endless_patience() -> None:
    assert Retry(patience=math.inf).delay(1, refusal(503, "3600")) == 3600


# The driver


def make() -> Request:
    return Request("GET", URL)


def make_once_only() -> Request:
    return Request("POST", URL, idempotent=False)


def test_send_returns_the_first_good_answer() -> None:
    script = ScriptedTransport(answer(503), MAYBE_SENT, answer(body=b"good"))
    assert run_blocking(EXACT.send(script, make)).body == b"good"
    assert script.sleeps == [1, 2]
    script.done()


def test_send_makes_a_request_for_each_attempt() -> None:
    script = ScriptedTransport(answer(500), answer(500), answer())
    run_blocking(EXACT.send(script, lambda: Request("GET", URL, (("X-Nonce", str(script.now())),))))
    assert len({request.headers for request in script.requests}) == 3


def test_send_returns_the_last_refusal() -> None:
    script = ScriptedTransport(*[answer(503, b"%d" % n) for n in range(4)])
    assert run_blocking(EXACT.send(script, make)).body == b"3"


def test_send_raises_the_last_error() -> None:
    last = Cut("the last", method="GET", url=URL)
    script = ScriptedTransport(MAYBE_SENT, MAYBE_SENT, MAYBE_SENT, last)
    with pytest.raises(TransportError) as caught:
        run_blocking(EXACT.send(script, make))
    assert caught.value is last


def test_send_sends_once_what_must_not_be_done_twice() -> None:
    script = ScriptedTransport(MAYBE_SENT)
    with pytest.raises(Cut):
        run_blocking(EXACT.send(script, make_once_only))
    assert len(script.requests) == 1


def test_send_repeats_what_never_left() -> None:
    script = ScriptedTransport(NOT_SENT, answer())
    assert run_blocking(EXACT.send(script, make_once_only)).status == 200


def test_send_lets_other_errors_through_at_once() -> None:
    script = ScriptedTransport(WireError("not HTTP"), answer())
    with pytest.raises(WireError):
        run_blocking(EXACT.send(script, make))
    assert len(script.requests) == 1


def test_send_waits_as_long_as_the_service_asks() -> None:
    script = ScriptedTransport(answer(429, headers=[("Retry-After", "9")]), answer())
    run_blocking(EXACT.send(script, make))
    assert script.sleeps == [9]


def test_send_spreads_its_delays() -> None:
    delays = set()
    for _ in range(20):
        script = ScriptedTransport(answer(503), answer())
        run_blocking(Retry(first=1, jitter=0.5).send(script, make))
        delays.add(script.sleeps[0])
    assert len(delays) > 10
    assert all(0.5 <= delay <= 1.5 for delay in delays)


def test_run_repeats_the_whole_operation() -> None:
    outcomes: list[RemoteError | TransportError | int] = [
        MAYBE_SENT,
        Throttled("slow", status=429, method="GET", url=URL, retry_after=3),
        42,
    ]

    async def operation() -> int:
        outcome = outcomes.pop(0)
        if isinstance(outcome, int):
            return outcome
        raise outcome

    script = ScriptedTransport()
    assert run_blocking(EXACT.run(script, operation)) == 42
    assert script.sleeps == [1, 3]


def test_run_raises_what_is_not_worth_repeating() -> None:
    async def operation() -> int:
        raise MAYBE_SENT

    with pytest.raises(Cut):
        run_blocking(EXACT.run(ScriptedTransport(), operation, idempotent=False))
