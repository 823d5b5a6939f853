"""One rule for all ways to write a call: names fill their places, positions the rest, one more is the payload."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildyard.taskcluster._calling import bind
from buildyard.taskcluster._routes import Route
from buildyard.taskcluster.errors import TaskclusterFailure

NAMES = ("taskId", "runId", "name")
PLAIN = Route(name="artifact", method="GET", route="/task/<taskId>/runs/<runId>/artifacts/<name>")
WITH_INPUT = Route(name="createArtifact", method="POST", route=PLAIN.route, has_input=True)
PAGED = Route(name="list", method="GET", route="/list", query=("continuationToken", "limit"))
PAYLOAD = {"a": 1}

values = st.one_of(st.text(min_size=1), st.integers())


@given(st.tuples(values, values, values), st.sets(st.sampled_from(NAMES)), st.booleans(), st.booleans())
def test_every_way_to_give_values_is_the_same_call(given_values, by_name, in_params, payload_by_name):
    pairs = dict(zip(NAMES, given_values, strict=True))
    named = {name: pairs[name] for name in by_name}
    args = tuple(value for name, value in pairs.items() if name not in by_name)
    named = {"params": named} if in_params else named
    args, named = (args, {**named, "payload": PAYLOAD}) if payload_by_name else ((*args, PAYLOAD), named)
    call = bind(WITH_INPUT, args, named)
    assert (call.values, call.payload) == (given_values, PAYLOAD)


@pytest.mark.parametrize(
    ("route", "args", "named", "words"),
    [
        (PLAIN, ("t", 0), {}, "name is missing"),
        (PLAIN, ("t", 0, "n", "more"), {}, "too many"),
        (PLAIN, ("t", 0, "n"), {"name": "n"}, "too many"),
        (PLAIN, (), {"taskId": "t", "params": {"taskId": "t"}}, "taskId was given twice"),
        (PLAIN, (), {"params": ["t"]}, "params is a dict"),
        (PLAIN, ("t", 0, "n"), {"query": "limit=2"}, "query is a dict"),
        (PLAIN, ("t", 0, "n"), {"runid": 0}, "not runid"),
        (WITH_INPUT, ("t", 0, "n"), {}, "Payload is required"),
        (WITH_INPUT, ("t", 0, "n", {}), {"payload": {}}, "too many"),
        (PLAIN, ("t", 0, "n"), {"paginationLimit": 3}, "not in pages"),
    ],
)
def test_mistakes_are_told_by_their_name(route, args, named, words):
    with pytest.raises(TaskclusterFailure, match=words):
        bind(route, args, named)


def test_empty_payload_counts_as_one():
    assert bind(WITH_INPUT, ("t", 0, "n", {}), {}).payload == {}


def test_paging_is_taken_apart_from_the_values():
    call = bind(PAGED, (), {"paginationHandler": print, "paginationLimit": 3, "query": {"limit": 1}})
    assert (call.values, call.handler, call.limit, call.query) == ((), print, 3, {"limit": 1})
