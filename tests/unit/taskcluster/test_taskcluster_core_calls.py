"""How every operation signs, repeats, reads and fails."""

import copy
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from buildyard import errors
from buildyard.errors import ConnectFailed, Cut, TimedOut, TlsFailed
from buildyard.faces.blocking import run_blocking
from buildyard.faces.scripted import SCRIPT_START, answer
from buildyard.taskcluster import _hawk
from buildyard.taskcluster._services import AsyncQueue
from buildyard.taskcluster.errors import (
    AuthenticationFailed,
    InsufficientScopes,
    InternalServerError,
    RequestConflict,
    TaskclusterAnswerError,
    TaskclusterAuthFailure,
    TaskclusterConnectionError,
    TaskclusterFailure,
    TaskclusterRestFailure,
    TooManyRequests,
)

OK = answer(json={"alive": True, "uptime": 1.0})
CLAIM = ("prov/pool", {"workerGroup": "g", "workerId": "w"})
PLACE = {"method": "POST", "url": "https://tc.example/x"}


def header(request):
    return dict(request.headers)["Authorization"]


def judged(request, token, now):
    """What a service thinks of a request that was sent."""
    target = _hawk.target_of(request.method, request.url)
    client = _hawk.Client(client_id="tester", access_token=token, scopes=("*",), expires=now + timedelta(days=1))
    facts = {"authorization": header(request), "body": request.body, "content_type": "application/json"}
    signed = _hawk.SignedRequest(
        method=request.method, resource=target.resource, host=target.host, port=target.port, **facts
    )
    return _hawk.authenticate(signed, lambda _: client, now=now)


# --- signing -------------------------------------------------------------------------------------


def test_requests_are_signed_as_the_service_expects(queue, script, options):
    script.add(answer(json={"tasks": []}))
    run_blocking(queue.claimWork(*CLAIM))
    now = datetime.fromtimestamp(SCRIPT_START, UTC)
    assert judged(script.requests[0], options["credentials"]["accessToken"], now).scheme == "hawk"


def test_authorized_scopes_travel_with_each_request(options, script):
    script.add(answer(json={"tasks": []}))
    queue = AsyncQueue({**options, "authorizedScopes": ["queue:a"]}, script)
    run_blocking(queue.claimWork(*CLAIM))
    now = datetime.fromtimestamp(SCRIPT_START, UTC)
    believed = judged(script.requests[0], options["credentials"]["accessToken"], now)
    assert believed.scopes == ("queue:a", "assume:anonymous")


@pytest.mark.parametrize("credentials", [None, {}, {"clientId": "x"}])
def test_without_credentials_nothing_is_signed(options, script, credentials):
    script.add(OK)
    run_blocking(AsyncQueue({**options, "credentials": credentials}, script).ping())
    assert script.requests[0].headers == ()


def test_each_attempt_is_signed_anew(queue, script):
    script.add(answer(503), answer(503), OK)
    run_blocking(queue.ping())
    assert len({header(request) for request in script.requests}) == 3


def test_attempt_after_a_long_wait_has_the_time_of_its_sending(queue, script):
    script.add(answer(429, headers=[("Retry-After", "100")]), OK)
    run_blocking(queue.ping())
    assert f'ts="{int(SCRIPT_START) + 100}"' in header(script.requests[1])


def test_with_credentials_signs_as_another_over_the_same_transport(queue, script):
    script.add(OK, OK)
    other = queue.with_credentials({"clientId": "task-client", "accessToken": "t"})
    run_blocking(other.ping())
    run_blocking(queue.ping())
    assert 'id="task-client"' in header(script.requests[0])
    assert 'id="tester"' in header(script.requests[1])


def test_replaced_credentials_sign_the_retry_of_a_request_under_way(queue, script):
    def fail_after_the_claim_was_renewed(_):
        queue.replace_credentials({"clientId": "renewed", "accessToken": "t"})
        return answer(503)

    script.add(fail_after_the_claim_was_renewed, OK)
    run_blocking(queue.ping())
    assert ['id="renewed"' in header(request) for request in script.requests] == [False, True]


def test_options_stay_as_they_were_given(options, script):
    before = copy.deepcopy(options)
    run_blocking(AsyncQueue(options, script).close())
    assert options == before


def test_transport_that_was_given_stays_open(queue, script):
    run_blocking(queue.close())
    assert not script.is_closed


def test_transport_of_its_own_is_closed_by_the_client_alone(options, script):
    queue = AsyncQueue(options, script, owns_transport=True)
    run_blocking(queue.with_credentials({}).close())
    assert not script.is_closed
    run_blocking(queue.close())
    assert script.is_closed


def test_repr_names_place_and_client_without_secrets(queue, options):
    assert "https://tc.example" in repr(queue)
    assert "'tester'" in repr(queue)
    assert options["credentials"]["accessToken"] not in repr(queue)


def test_every_request_has_its_time_outs(queue, script):
    script.add(OK, answer(json={"tasks": []}))
    run_blocking(queue.ping())
    run_blocking(queue.claimWork(*CLAIM))
    assert [(request.timeout.connect, request.timeout.read) for request in script.requests] == [(10, 30), (10, 60)]


# --- repeating -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 599])
def test_answers_that_may_pass_are_asked_again(queue, script, status):
    script.add(answer(status), OK)
    assert run_blocking(queue.ping())["alive"] is True
    script.done()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 418])
def test_refusals_are_final(queue, script, status):
    script.add(answer(status))
    with pytest.raises(TaskclusterFailure):
        run_blocking(queue.ping())
    assert script.sleeps == []


def test_service_that_says_when_to_come_again_is_believed(queue, script):
    script.add(answer(429, headers=[("Retry-After", "7")]), OK)
    run_blocking(queue.ping())
    assert script.sleeps == [7.0]


def test_delays_grow_as_the_official_clients_do(queue, script):
    script.add(*[answer(500)] * 5, OK)
    run_blocking(queue.ping())
    for slept, planned in zip(script.sleeps, [0.1, 0.2, 0.4, 0.8, 1.6], strict=True):
        assert slept == pytest.approx(planned, rel=0.2501)


@pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (1, 2), (5, 6)])
def test_max_retries_counts_after_the_first_attempt(options, script, retries, attempts):
    script.add(*[answer(500)] * attempts)
    with pytest.raises(InternalServerError):
        run_blocking(AsyncQueue({**options, "maxRetries": retries}, script).ping())
    script.done()


@pytest.mark.parametrize("error", [Cut("gone", **PLACE), TimedOut("read", 60, **PLACE)])
def test_claim_that_may_have_arrived_is_not_sent_again(queue, script, error):
    script.add(error)
    with pytest.raises(TaskclusterConnectionError) as caught:
        run_blocking(queue.claimWork(*CLAIM))
    assert caught.value.maybe_sent
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_claim_that_failed_in_the_service_is_not_sent_again(queue, script, status):
    script.add(answer(status))
    with pytest.raises(InternalServerError):
        run_blocking(queue.claimWork(*CLAIM))


@pytest.mark.parametrize(
    "outcome", [ConnectFailed("refused", **PLACE), TimedOut("connect", 10, **PLACE), answer(429), answer(408)]
)
def test_claim_that_never_arrived_is_sent_again(queue, script, outcome):
    script.add(outcome, answer(json={"tasks": []}))
    assert run_blocking(queue.claimWork(*CLAIM)) == {"tasks": []}


@pytest.mark.parametrize("operation", ["reclaimTask", "reportCompleted", "reportFailed"])
def test_reports_that_may_have_arrived_are_sent_again(queue, script, operation):
    script.add(Cut("gone", **PLACE), answer(json={"status": {}}))
    assert run_blocking(getattr(queue, operation)("t", 0)) == {"status": {}}


def test_certificate_trouble_is_not_tried_again(queue, script):
    script.add(TlsFailed("unknown authority", **PLACE))
    with pytest.raises(TaskclusterConnectionError) as caught:
        run_blocking(queue.ping())
    assert not caught.value.may_pass


# --- reading -------------------------------------------------------------------------------------


def test_refusal_tells_all_it_knows(queue, script):
    info = {"method": "reclaimTask", "params": {"taskId": "t"}, "payload": {}, "time": "2026"}
    body = {"code": "RequestConflict", "message": "Run 0 is resolved.\n\n---\n\n* method: x", "requestInfo": info}
    script.add(answer(409, json=body))
    with pytest.raises(RequestConflict) as caught:
        run_blocking(queue.reclaimTask("t", 0))
    error = caught.value
    assert (error.status, error.status_code, error.code, error.requestInfo) == (409, 409, "RequestConflict", info)
    assert error.message.endswith("* method: x")
    assert str(error) == (
        "POST https://tc.example/api/queue/v1/task/t/runs/0/reclaim: 409 RequestConflict: Run 0 is resolved."
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>Bad gateway</html>", "<html>Bad gateway</html>"),
        (b"\xff\xfe", "\\\\xff\\\\xfe"),
        (b"", "without a word"),
        (b'{"error": "Not found"}', "Not found"),
        (b'{"message": 3}', '{"message": 3}'),
        (b"[1]", "[1]"),
        (b"[" * 5000, "[[["),
    ],
)
def test_error_body_of_any_shape_is_readable(queue, script, body, words):
    script.add(answer(404, body))
    with pytest.raises(TaskclusterRestFailure) as caught:
        run_blocking(queue.ping())
    assert words in str(caught.value)
    assert "404" in str(caught.value)
    assert caught.value.body == body


@pytest.mark.parametrize(
    ("status", "ours", "common"),
    [
        (401, AuthenticationFailed, errors.Unauthorized),
        (403, InsufficientScopes, errors.Forbidden),
        (409, RequestConflict, errors.Conflict),
        (418, TaskclusterRestFailure, errors.RemoteError),
    ],
)
def test_refusals_are_also_what_all_clients_call_them(queue, script, status, ours, common):
    script.add(answer(status))
    with pytest.raises(ours) as caught:
        run_blocking(queue.ping())
    assert isinstance(caught.value, common)


def test_refused_credentials_are_an_auth_failure_and_no_rest_failure(queue, script):
    script.add(answer(401))
    with pytest.raises(TaskclusterAuthFailure) as caught:
        run_blocking(queue.ping())
    assert not isinstance(caught.value, TaskclusterRestFailure)


def test_last_throttling_tells_when_to_come_again(options, script):
    script.add(answer(429, headers=[("Retry-After", "9")]))
    with pytest.raises(TooManyRequests) as caught:
        run_blocking(AsyncQueue({**options, "maxRetries": 0}, script).ping())
    assert caught.value.retry_after == 9


@pytest.mark.parametrize("body", [b"<html>", b"", b"\xff", b"[]", b"3"])
def test_good_status_with_another_body_is_an_answer_error(queue, script, body):
    script.add(answer(200, body))
    with pytest.raises(TaskclusterAnswerError, match=r"GET https://tc\.example/api/queue/v1/ping"):
        run_blocking(queue.ping())


def test_answer_that_is_no_http_is_an_answer_error(queue, script):
    script.add(errors.WireError("no HTTP", **PLACE))
    with pytest.raises(TaskclusterAnswerError, match="no HTTP"):
        run_blocking(queue.ping())


# --- arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["", None, 1.5, True, ".", "..", "\ud800"])
def test_values_that_fit_no_route_are_refused_before_sending(queue, script, value):
    with pytest.raises(TaskclusterFailure):
        run_blocking(queue.task(value))
    assert script.requests == []


def test_unknown_query_names_are_refused(queue):
    with pytest.raises(TaskclusterFailure, match="colour"):
        run_blocking(queue.listArtifacts("t", 0, query={"colour": "red"}))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00Z"),
        (datetime(2026, 1, 1), "2026-01-01T00:00:00Z"),
        (date(2026, 1, 1), "2026-01-01"),
        (b"text", "text"),
        ({"b", "a"}, ["a", "b"]),
        ((1, 2), [1, 2]),
    ],
)
def test_payload_values_that_json_lacks_are_written(queue, script, value, text):
    script.add(answer(json={"tasks": []}))
    run_blocking(queue.claimWork("a/b", {"value": value}))
    assert msgspec.json.decode(script.requests[0].body) == {"value": text}


CIRCLE = {}
CIRCLE["itself"] = CIRCLE


@pytest.mark.parametrize("value", [object(), float("nan"), b"\xff", {1, "a"}, CIRCLE])
def test_payload_values_that_cannot_be_written_are_refused_with_the_reason(queue, script, value):
    with pytest.raises(TaskclusterFailure, match="cannot be written as JSON"):
        run_blocking(queue.claimWork("a/b", {"value": value}))
    assert script.requests == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rootUrl": None}, "rootUrl"),
        ({"rootUrl": ""}, "rootUrl"),
        ({"rootUrl": "tc.example"}, "rootUrl"),
        ({"rootUrl": "https://tc.example/?a"}, "rootUrl"),
        ({"rootUrl": "https://u:p@tc.example"}, "rootUrl"),
        ({"baseUrl": "https://tc.example"}, "baseUrl"),
        ({"colour": "red"}, "colour"),
        ({"maxRetries": -1}, "maxRetries"),
        ({"maxRetries": "5"}, "maxRetries"),
        ({"authorizedScopes": "a"}, "authorizedScopes"),
        ({"authorizedScopes": ["é"]}, "authorizedScopes"),
        ({"signedUrlExpiration": "soon"}, "signedUrlExpiration"),
    ],
)
def test_wrong_options_are_named(options, script, change, words):
    with pytest.raises(TaskclusterFailure, match=words):
        AsyncQueue({**options, **change}, script)


@pytest.mark.parametrize("root", ["https://tc.example/", "https://tc.example//", "https://tc.example/sub/"])
def test_slashes_at_the_end_of_the_root_do_not_count(options, script, root):
    url = AsyncQueue({**options, "rootUrl": root}, script).buildUrl("ping")
    assert url == root.rstrip("/") + "/api/queue/v1/ping"
