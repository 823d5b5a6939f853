"""Whatever a service answers, the client returns what it promises or raises its own errors."""

from __future__ import annotations

import contextlib
import itertools
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from buildyard.faces.blocking import run_blocking
from buildyard.faces.scripted import answer
from buildyard.marconi import Client, _hrefs, _metadata, _posting, _wire, errors
from buildyard.marconi._dialects import V1, V2
from buildyard.marconi.auth import Password, Scope
from buildyard.retry import NO_RETRY
from support.marconi_script import URL, connected

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
#: Names that the service uses, so that some guesses come near.
NEAR = st.recursive(
    st.none() | st.integers(-5, 5) | st.sampled_from(["", "a", "/v2/queues/q?claim_id=c", "http://[", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["messages", "links", "queues", "href", "rel", "id", "ttl", "age", "body", "name", "token", "error"]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)
#: The first guess pays for imports, and the machine may be busy.
UNHURRIED = settings(deadline=None)
BODIES = st.binary(max_size=60) | NEAR.map(lambda value: json.dumps(value).encode())
READS = [
    lambda client: client.queue("q").stats,
    lambda client: client.queue("q").metadata,
    lambda client: list(client.queue("q").messages(limit=3)),
    lambda client: client.queue("q").get_message("m"),
    lambda client: client.queue("q").get_claim("c"),
    lambda client: client.queue("q").claim(),
    lambda client: client.queue("q").pop(),
    lambda client: client.queue("q").post_messages({"body": 1}),
    lambda client: client.queue("q").share(),
    lambda client: list(client.queues(limit=3)),
    lambda client: list(client.queue("q").subscriptions(limit=3)),
    lambda client: list(client.pools(limit=3)),
    lambda client: client.home,
    lambda client: client.health(),
]


@UNHURRIED
@given(st.sampled_from(READS), BODIES, st.sampled_from([200, 201, 204, 400, 404, 503]))
def test_any_answer_is_read_or_one_of_our_errors(read, body, status):
    replies = [answer(status, body), *[answer(204)] * 3]
    connection, _ = connected(*replies, endpoint=URL, retry=NO_RETRY)
    with contextlib.suppress(errors.ErrorBase):
        read(Client(connection))


@UNHURRIED
@given(BODIES, st.sampled_from([200, 201, 401, 404, 500]))
def test_any_answer_of_an_identity_service_is_a_grant_or_one_of_our_errors(body, status):
    auth = Password(user="u", password="p", scope=Scope(project_name="x"))
    reply = answer(status, body, [("X-Subject-Token", "t0ken-of-the-test")])
    connection, _ = connected(reply, auth=auth, auth_url="http://id.example", endpoint=URL, retry=NO_RETRY)
    raised = ""
    try:
        run_blocking(connection._core.read_grant())
    except errors.ErrorBase as error:
        raised = f"{error} {vars(error)}"
    assert "t0ken-of-the-test" not in raised


@UNHURRIED
@given(st.text(max_size=80))
def test_any_link_stays_below_the_endpoint(href):
    try:
        url = _hrefs.followed("https://h.example/prefix/v2", href)
    except errors.AnswerError:
        return
    assert url.startswith(("https://h.example/prefix/v2/", "https://h.example/prefix/v2?")) or (
        url == "https://h.example/prefix/v2"
    )


@UNHURRIED
@given(st.text(max_size=40), st.text(max_size=40))
def test_id_and_claim_are_found_in_any_address_that_is_made_of_them(message_id, claim_id):
    if not message_id or not claim_id or {"\ud800"} & set(message_id + claim_id):
        return
    try:
        href = _hrefs.with_query("/v2/queues/q" + _hrefs.path_of("messages", message_id), [("claim_id", claim_id)])
    except UnicodeEncodeError:
        return
    assert _hrefs.last_segment(href) == message_id
    assert _hrefs.parameter(href, "claim_id") == claim_id


@UNHURRIED
@given(st.lists(JSON, min_size=1, max_size=12), st.sampled_from([V1, V2]))
def test_batches_hold_every_message_once_and_in_order(bodies, dialect):
    found = []
    try:
        for batch in _posting.batches([{"body": body} for body in bodies], dialect):
            content = json.loads(batch)
            found += [message["body"] for message in (content["messages"] if dialect is V2 else content)]
    except errors.UsageError:  # half of a surrogate pair is no text
        return
    assert found == bodies


@UNHURRIED
@given(st.lists(st.integers(1, 120_000), min_size=1, max_size=8))
def test_batches_stay_below_the_limit_and_are_no_more_than_needed(sizes):
    batches = list(_posting.batches([{"body": "x" * size} for size in sizes], V2))
    assert all(len(batch) <= _posting.MAX_POST for batch in batches)
    assert all(len(a) + len(b) > _posting.MAX_POST for a, b in itertools.pairwise(batches))


@UNHURRIED
@given(
    st.dictionaries(st.sampled_from("abc"), JSON),
    st.dictionaries(st.sampled_from("abcd"), JSON),
)
def test_changes_make_of_one_state_the_other(present, wanted):
    result = dict(present)
    for change in _metadata.changes(present, wanted):
        key = change["path"].removeprefix("/metadata/")
        if change["op"] == "remove":
            del result[key]
        else:
            assert (change["op"] == "replace") == (key in result)
            result[key] = change["value"]
    assert result == wanted


@UNHURRIED
@given(JSON)
def test_what_is_written_is_read_again(value):
    try:
        body = _wire.encode(value)
    except errors.UsageError:
        return
    assert _wire.decode(body, object) == value
