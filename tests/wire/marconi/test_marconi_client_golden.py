"""What Zaqar 23 was asked and answered (`golden/zaqar.jsonl`), seen from the client: asked and read alike."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from buildyard.faces.blocking import run_blocking
from buildyard.faces.scripted import ScriptedTransport, answer, body_of
from buildyard.marconi import Client, Connection, Message, errors
from buildyard.marconi.auth import SignedUrl
from buildyard.retry import NO_RETRY

LINES = (Path(__file__).parents[1] / "golden" / "zaqar.jsonl").read_text("utf-8").splitlines()
RECORDS = {record["id"].removeprefix("zaqar/"): record for record in map(json.loads, LINES)}
SENT = (
    "Client-ID",
    "X-Project-ID",
    "Accept",
    "Content-Type",
    "URL-Signature",
    "URL-Expires",
    "URL-Methods",
    "URL-Paths",
)

OWN_ID, TWO, THREE = (
    "43343591-ee49-44bc-970d-5f8b703f1294",
    "3953cf83-526b-412d-9579-ca6760042666",
    "50a7e521-27bb-402c-87ae-d2353145334f",
)
ONE = "c0fccab8-388d-4e30-979f-4ca27fbbd2c1"
CLAIM = "2e6c898b-16fe-4756-865a-bc054d4644fc"
SUBSCRIPTION = "dcb13208-c8db-4b12-96bd-f4e05a5b003f"
CRAB = {"k": "h\u00e9 \U0001f980", "n": 1}


def golden(client):
    return client.queue("golden-q")


def bodies(messages):
    return [message.body for message in messages]


def claimed(claim):
    return claim.id, claim.ttl, [(m.id, m.body, m.status is Message.Claimed, m.claim_id) for m in claim]


def listed(queues):
    return [(queue.name, queue.listed_metadata.get("colour")) for queue in queues]


def oldest(stats):
    return stats.claimed, stats.free, stats.total, stats.oldest.body, stats.oldest.claim_id, stats.oldest.created


#: What the client is told to do, and what it makes of the answer.
CALLS = {
    "ping": (lambda c: c.ping(), True),
    "queue-create": (lambda c: c.create_queue("golden-q").is_new, True),
    "queue-create-again": (lambda c: c.create_queue("golden-q").is_new, False),
    "queue-create-meta": (
        lambda c: c.create_queue(
            "golden-meta",
            {
                "_default_message_ttl": 120,
                "_max_messages_post_size": 1024,
                "colour": "r\u00e9d \u2603",
                "n": {"a": [1, None]},
            },
        ).is_new,
        True,
    ),
    "queue-get-meta": (lambda c: c.queue("golden-meta").metadata["n"], {"a": [1, None]}),
    "queue-get-missing": (lambda c: golden(c).metadata["_default_message_ttl"], 3600),
    "stats-missing": (lambda c: golden(c).stats.total, 0),
    "stats-claimed": (
        lambda c: oldest(c.queue("golden-2").stats),
        (1, 1, 2, {"n": 1}, "96c60320-1b48-489c-876b-87f16b18485f", datetime(2026, 11, 22, 4, 31, 37, tzinfo=UTC)),
    ),
    "messages-missing": (lambda c: bodies(golden(c).read_page().messages), []),
    "claim-missing-queue": (lambda c: claimed(golden(c).claim(ttl=60, grace=60)), (None, 60, [])),
    "post-1": (lambda c: golden(c).post_messages({"body": CRAB, "ttl": 300}), [OWN_ID]),
    "post-nottl": (
        lambda c: golden(c).post_messages({"body": "default"}),
        ["b26e6b17-3ee6-4550-b91f-7bdd579711e8"],
    ),
    "post-delay": (
        lambda c: golden(c).post_messages([{"body": "later", "ttl": 300, "delay": 100}]),
        ["ade2d7ba-2471-4c6b-b379-cb96fa99b2d5"],
    ),
    "post-two": (
        lambda c: c.queue("golden-2").post_messages([{"body": {"n": n}, "ttl": 300} for n in (1, 2)]),
        ["98ada660-a8d5-4ef3-97be-5dd590bf4252", "cf508c2d-c68f-45da-b4b2-399a029c2cab"],
    ),
    "list-own": (lambda c: bodies(golden(c).read_page().messages), []),
    "list-echo": (lambda c: bodies(golden(c).messages(echo=True, limit=3)), [CRAB, 1, "two"]),
    "list-other": (lambda c: golden(c).read_page(limit=2).marker, ONE),
    "list-unclaimed": (lambda c: [m.status for m in golden(c).messages(echo=True, limit=2)], [Message.Free] * 2),
    "get-ids": (lambda c: bodies(golden(c).get_messages(ids=[ONE, TWO, THREE])), [1, "two", [3, None]]),
    "get-ids-none": (lambda c: bodies(golden(c).get_messages(ids=["nope"])), []),
    "get-one": (lambda c: golden(c).get_message(TWO).body, "two"),
    "claim": (
        lambda c: claimed(golden(c).claim(limit=2, ttl=60, grace=60)),
        (CLAIM, 60, [(OWN_ID, CRAB, True, CLAIM), (ONE, 1, True, CLAIM)]),
    ),
    "claim-get": (
        lambda c: claimed(golden(c).get_claim(CLAIM)),
        (CLAIM, 60, [(OWN_ID, CRAB, True, CLAIM), (ONE, 1, True, CLAIM)]),
    ),
    "delete-with-claim": (lambda c: golden(c).delete_message(OWN_ID, CLAIM), None),
    "delete-again": (lambda c: golden(c).delete_message(OWN_ID, CLAIM), None),
    "claim-patch": (lambda c: golden(c).update_claim(CLAIM, ttl=120, grace=60), None),
    "claim-delete": (lambda c: golden(c).release_claim(CLAIM), None),
    "claim-delete-again": (lambda c: golden(c).release_claim(CLAIM), None),
    "pop-2": (
        lambda c: [(m.body, m.status, m.is_deleted) for m in golden(c).pop(2)],
        [(1, Message.Free, True), ("two", Message.Free, True)],
    ),
    "pop-empty": (lambda c: c.queue("golden-2").pop(), []),
    "share": (
        lambda c: golden(c).share(methods=["GET", "POST"], expires=datetime(2035, 1, 1, tzinfo=UTC)),
        SignedUrl(
            paths=("/v2/queues/golden-q/messages",),
            methods=("GET", "POST"),
            project="golden",
            expires="2035-01-01T00:00:00",
            signature="407426e15b4805892e76b70635ca00c225940fcab8389eb6785d8782edcd09b2",
        ),
    ),
    "sub-create": (lambda c: golden(c).subscribe("http://trigger.example/x", ttl=300, options={"a": 1}), SUBSCRIPTION),
    "sub-list": (lambda c: [s.options for s in golden(c).subscriptions(limit=1)], [{"subject": "h\u00e9"}]),
    "sub-delete": (lambda c: golden(c).delete_subscription(SUBSCRIPTION), None),
    "purge": (lambda c: golden(c).purge(["messages"]), None),
    "queue-delete": (lambda c: golden(c).delete(), None),
    "queue-delete-again": (lambda c: golden(c).delete(), None),
    "delete-2": (lambda c: c.queue("golden-2").delete(), None),
}  # fmt: skip


def scripted(record, **options):
    """The client that asked, over a script with the answer that it got."""
    response = record["response"]
    headers = list(response["headers"].items())
    script = ScriptedTransport(answer(response["status"], response.get("body", "").encode(), headers))
    sent = record["request"]["headers"]
    given = {"project_id": sent.get("X-Project-ID", ""), "endpoint": "http://zaqar.example", "retry": NO_RETRY}
    connection = Connection(transport=script, **(given | options))
    return Client(connection, sent.get("Client-ID")), script


def place(url):
    parts = urlsplit(url)
    return parts.path, parse_qs(parts.query)


def json_of(body):
    return json.loads(body) if body else None


@pytest.mark.parametrize("name", CALLS)
def test_client_asks_as_it_was_recorded_and_reads_the_answer(name):
    call, expected = CALLS[name]
    client, script = scripted(RECORDS[name])
    assert call(client) == expected
    (sent,), recorded = script.requests, RECORDS[name]["request"]
    assert (sent.method, place(sent.url)) == (recorded["method"], place(recorded["path"]))
    assert json_of(body_of(sent)) == json_of(recorded.get("body"))
    assert {n: v for n, v in sent.headers if n in SENT} == {n: v for n, v in recorded["headers"].items() if n in SENT}


REFUSED = {name: record for name, record in RECORDS.items() if record["response"]["status"] >= 400}
CLASSES = {
    400: errors.BadRequest,
    403: errors.Forbidden,
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
    406: errors.NotAcceptable,
    415: errors.UnsupportedMediaType,
    503: errors.ServiceUnavailable,
}


@pytest.mark.parametrize("name", REFUSED)
def test_recorded_refusal_is_a_typed_error_with_its_words(name):
    record = REFUSED[name]
    client, _ = scripted(record)
    request = record["request"]
    call = client._core.connection.call(request["method"], "/x", client_id="", body=b"{}")
    with pytest.raises(errors.Refused) as caught:
        run_blocking(call)
    error, said = caught.value, json_of(record["response"].get("body")) or {}
    assert type(error) is CLASSES[record["response"]["status"]]
    assert error.title == said.get("title", "The service refused without a word")
    assert error.description == said.get("description", "")
    assert error.code == error.status == record["response"]["status"]
    assert str(error).startswith(f"{type(error).__name__} ({error.status}): {error.title}")


def test_detailed_list_is_read_with_its_metadata():
    client, script = scripted(RECORDS["queues-list"])
    assert listed(client.queues(limit=2, detailed=True)) == [("golden-2", None), ("golden-meta", "blue")]
    assert place(script.requests[0].url)[1] == {"limit": ["2"], "detailed": ["true"]}


def test_next_page_is_asked_for_as_the_link_says():
    client, script = scripted(RECORDS["queues-list"])
    script.add(answer(json={"queues": [], "links": []}))
    assert len(list(client.queues())) == 2
    assert script.requests[1].url == (
        "http://zaqar.example/v2/queues?limit=2&detailed=true&with_count=true&marker=golden-meta"
    )


def test_signed_url_is_shown_as_it_was_recorded():
    record = RECORDS["share-method"]
    signed = SignedUrl(
        paths=("/v2/queues/golden-q/messages",),
        methods=("GET", "POST"),
        project="golden",
        expires="2035-01-01T00:00:00",
        signature=record["request"]["headers"]["URL-Signature"],
    )
    client, script = scripted(record, auth=signed)
    with pytest.raises(errors.NotFound):
        golden(client).pop()
    sent = {name: value for name, value in script.requests[0].headers if name in SENT}
    assert sent == {name: value for name, value in record["request"]["headers"].items() if name in SENT}
