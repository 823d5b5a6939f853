"""Exchanges recorded from Taskcluster 106.0.0, seen from both sides (`golden/taskcluster.jsonl`)."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode

import pytest

from buildyard.faces.blocking import run_blocking
from buildyard.faces.scripted import ScriptedTransport, answer
from buildyard.taskcluster import _hawk, _hawk_wire, answers
from buildyard.taskcluster._services import AsyncAuth, AsyncIndex, AsyncObject, AsyncQueue, AsyncSecrets
from buildyard.taskcluster.errors import TaskclusterFailure, rest_failure

LINES = (Path(__file__).parents[1] / "golden" / "taskcluster.jsonl").read_text("utf-8").splitlines()
RECORDS = [json.loads(line) for line in LINES]
ROOT = "http://tc.example"
RECORDER = {"golden/recorder-b109": "IHE7evbDQ-qP77TFln9g9gStCl80sKT2KBuQOiIzIRUQ"}


def records(holds):
    found = [record for record in RECORDS if holds(record)]
    assert found
    return pytest.mark.parametrize("record", found, ids=[record["id"] for record in found])


def body_of(message):
    return message.get("body", "").encode()


def status_of(record):
    return record["response"]["status"]


# --- the signatures ------------------------------------------------------------------------------


@records(lambda record: "hawk" in record)
def test_recorded_header_is_recomputed(record):
    """Each attribute is in the record, the key among the credentials: the header must come out the same."""
    hawk, credentials, request = record["hawk"], record["credentials"], record["request"]
    target = _hawk_wire.Target(request["method"], request["path"], hawk["host"], hawk["port"])
    facts = {"ts": hawk["ts"], "nonce": hawk["nonce"], "hash": hawk["hash"], "ext": hawk["ext"] or ""}
    mac = _hawk_wire.mac("header", credentials["accessToken"], target, **facts)
    header = _hawk_wire.format_header(_hawk_wire.HawkHeader(id=credentials["clientId"], mac=mac, **facts))
    assert header == request["headers"]["Authorization"]
    assert _hawk.payload_hash(request["headers"].get("Content-Type", ""), body_of(request)) == hawk["hash"]


@records(lambda record: "bewit" in record)
def test_recorded_signed_url_is_recomputed(record):
    bewit, credentials = record["bewit"], record["credentials"]
    scopes = bewit["authorizedScopes"]
    signed = _hawk.sign_url(
        ROOT + bewit["resource"],
        client_id=credentials["clientId"],
        access_token=credentials["accessToken"],
        expiry=bewit["expiry"],
        ext=_hawk.make_ext(None, scopes) if scopes else "",
    )
    assert signed == ROOT + record["request"]["path"]


def judged(record):
    """What our service says to a recorded request, at the time of the recording."""
    request, credentials = record["request"], record.get("credentials", {})
    place = record.get("hawk") or record.get("bewit") or {"host": "tc.example", "port": 80}
    tokens = {credentials.get("clientId"): credentials.get("accessToken"), **RECORDER}
    now = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)

    def lookup(client_id):
        if client_id == "nobody" or client_id not in tokens:
            return None
        expires = now + timedelta(days=365)
        return _hawk.Client(client_id=client_id, access_token=tokens[client_id], scopes=("*",), expires=expires)

    signed = _hawk.SignedRequest(
        method=request["method"],
        resource=request["path"],
        host=place["host"],
        port=place["port"],
        authorization=request["headers"].get("Authorization"),
        content_type=request["headers"].get("Content-Type", ""),
        body=body_of(request),
    )
    return _hawk.authenticate(signed, lookup, now=now)


@records(lambda record: status_of(record) == 401)
def test_refused_signatures_are_refused_in_the_same_words(record):
    message = json.loads(record["response"]["body"])["message"].partition("\n\n---\n")[0]
    assert judged(record) == _hawk.AuthFailed(message)


# The tokens of the deployment's own services are not in the records, so certificates they issued cannot be judged.
# A body that is not JSON is refused before its signature is looked at.
JUDGED = records(
    lambda record: (
        ("hawk" in record or "bewit" in record)
        and status_of(record) != 401
        and "issuer" not in record["credentials"].get("certificate", "")
        and record["id"] != "tc/400-ctype"
    )
)


@JUDGED
def test_believed_signatures_are_believed(record):
    assert judged(record).client_id == record["credentials"]["clientId"]


@records(lambda record: record["id"] == "tc/temp-currentclient")
def test_scopes_of_temporary_credentials_are_those_the_service_told(record):
    assert sorted(judged(record).scopes) == json.loads(record["response"]["body"])["scopes"]


@records(lambda record: record["id"] == "tc/testAuthenticate")
def test_authorized_scopes_are_those_the_service_told(record):
    assert sorted(judged(record).scopes) == json.loads(record["response"]["body"])["scopes"]


# --- the error answers ---------------------------------------------------------------------------


def is_error(record):
    return "code" in json.loads(record["response"].get("body") or "{}") if status_of(record) >= 400 else False


@records(is_error)
def test_error_answers_are_written_the_same(record):
    """Of each recorded error, its facts make the same body again."""
    body = json.loads(record["response"]["body"])
    info, message = body["requestInfo"], body["message"].partition("\n\n---\n\n* method")[0]
    now = datetime.fromisoformat(info["time"])
    facts = {"method": info["method"], "params": info["params"], "payload": info["payload"]}
    assert answers.error_body(body["code"], message, now=now, **facts) == body
    assert answers.STATUS_OF[body["code"]] == status_of(record)


@records(lambda record: status_of(record) == 404 and "error" in json.loads(record["response"]["body"]))
def test_unknown_routes_have_a_shape_of_their_own(record):
    assert json.loads(record["response"]["body"]) == dict(answers.NO_ROUTE)


@records(lambda record: status_of(record) == 403)
def test_missing_scopes_are_told_in_the_same_words(record):
    message = json.loads(record["response"]["body"])["message"].partition("\n\n---\n\n* method")[0]
    expressions = [json.loads(part) if part[0] == "{" else part for part in _fenced(message)]
    client_id = record.get("credentials", {}).get("clientId")
    assert answers.missing_scopes_message(client_id, expressions[0], expressions[-1]) == message


def _fenced(message):
    return [part.strip() for part in message.split("```")[1::2]]


@records(lambda record: status_of(record) >= 400)
def test_errors_are_readable(record):
    body = body_of(record["response"])
    error = rest_failure(status_of(record), method=record["request"]["method"], url=ROOT, body=body)
    content = json.loads(body)
    assert error.message == (content.get("message") or content["error"])
    assert error.code == content.get("code", "")
    assert "* errorCode" not in str(error)


# --- the operations ------------------------------------------------------------------------------


CORES = (AsyncQueue, AsyncObject, AsyncAuth, AsyncIndex, AsyncSecrets)


def route_of(record):
    """The route of ours that a recorded request takes, with its values; None for other methods."""
    request = record["request"]
    for core in CORES:
        for route in core.ROUTES.values():
            path, _, query = request["path"].partition("?")
            values = _values(f"/api/{core.SERVICE}/v1{route.route}", path)
            if values is not None and route.method == request["method"] and "bewit" not in query:
                return core, route, values, query
    return None


def _values(route, path):
    parts, segments = route.split("/"), path.split("/")
    if len(parts) != len(segments):
        return None
    pairs = list(zip(parts, segments, strict=True))
    if any(part != segment for part, segment in pairs if not part.startswith("<")):
        return None
    found = [unquote(segment) for part, segment in pairs if part.startswith("<")]
    return found if all(found) else None


def is_ours(record):
    body = record["request"].get("body", "")
    return route_of(record) is not None and body != "{bad" and record["id"] not in BY_HAND


#: Requests that no client of ours would make: of another type, with a query that no function has.
BY_HAND = ("tc/400-ctype", "tc/400-query-unknown")


@records(is_ours)
def test_our_call_is_the_recorded_request_and_reads_the_recorded_answer(record):
    core, route, values, query = route_of(record)
    request, response = record["request"], record["response"]
    script = ScriptedTransport(answer(response["status"], body_of(response)))
    client = core({"rootUrl": ROOT, "maxRetries": 0}, script)
    arguments = [*values, json.loads(request["body"])] if request.get("body") else values
    named = {"query": dict(parse_qsl(query))} if query else {}
    outcome = _outcome(lambda: run_blocking(getattr(client, route.name)(*arguments, **named)))
    (sent,) = script.requests
    # Some were recorded with a query that is not wholly encoded.
    assert (sent.method, sent.url, sent.body) == (request["method"], encoded(request["path"]), body_of(request))
    if response["status"] >= 400:
        assert isinstance(outcome, TaskclusterFailure)
        assert outcome.status == response["status"]
    elif record["id"] == "tc/object-download-303":
        assert outcome["response"].body == body_of(response)
    else:
        assert outcome == (None if response["status"] == 204 else json.loads(response["body"]))


def encoded(path):
    place, mark, query = path.partition("?")
    return ROOT + place + mark + urlencode(parse_qsl(query))


def _outcome(call):
    try:
        return call()
    except TaskclusterFailure as error:
        return error
