"""Addresses: what is requested is what is signed."""

from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildyard.faces.urls import parse_target
from buildyard.taskcluster import TaskclusterAuthFailure, TaskclusterFailure, urls
from buildyard.taskcluster.credentials import Credentials

VALUES = st.text(min_size=1).filter(lambda text: text not in (".", "..")) | st.integers()
NAMES = st.sampled_from(["continuationToken", "limit"])
ROUTE = "/task/<taskId>/runs/<runId>/artifacts/<name>"


@given(st.tuples(VALUES, VALUES, VALUES))
def test_every_value_stays_one_segment_and_can_be_read_back(values):
    path = urls.fill_route(ROUTE, values)
    segments = path.split("/")
    assert len(segments) == len(ROUTE.split("/"))
    assert [unquote(segments[at]) for at in (2, 4, 6)] == [str(value) for value in values]


@given(st.tuples(VALUES, VALUES, VALUES), st.dictionaries(NAMES, st.text() | st.integers(), max_size=2))
def test_every_address_goes_over_the_wire_as_it_is(values, query):
    path = urls.with_query(urls.fill_route(ROUTE, values), query, ("continuationToken", "limit"))
    url = urls.api_url("https://tc.example", "queue", path)
    assert parse_target(url).path == "/api/queue/v1" + path
    shown = parse_qsl(url.partition("?")[2], keep_blank_values=True)
    assert shown == [(name, str(value)) for name, value in query.items()]


@pytest.mark.parametrize("values", [(), ("a",), ("a", 0, "b", "c")])
def test_number_of_values_must_fit_the_route(values):
    with pytest.raises(TaskclusterFailure, match="takes 3 values"):
        urls.fill_route(ROUTE, values)


@pytest.mark.parametrize("value", [True, 1.5, ["a"], b"a", "\ud800"])
def test_query_values_are_text_or_whole_numbers(value):
    with pytest.raises(TaskclusterFailure, match=r"query value"):
        urls.with_query("/x", {"limit": value}, ("limit",))


def test_signed_url_without_credentials_is_an_auth_failure():
    with pytest.raises(TaskclusterAuthFailure):
        urls.signed_url("https://tc.example/x", Credentials(), now=0, expiration=60)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (urls.reference_url("https://tc.example/", "queue"), "/references/queue/v1/api.json"),
        (urls.reference_url("https://tc.example", "queue", kind="exchanges"), "/references/queue/v1/exchanges.json"),
        (urls.manifest_url("https://tc.example//"), "/references/manifest.json"),
        (urls.schema_url("https://tc.example", "queue", "/v1/task.json"), "/schemas/queue/v1/task.json"),
    ],
)
def test_documents_lie_where_deployments_have_them(url, expected):
    assert url == "https://tc.example" + expected


def test_positions_fill_the_places_that_names_leave(queue):
    assert queue.buildUrl("artifact", "t", "x", runId=0) == queue.buildUrl("artifact", "t", 0, "x")


def test_missing_values_are_named(queue):
    with pytest.raises(TaskclusterFailure, match="artifact: runId is missing"):
        queue.buildUrl("artifact", "t", name="x")


def test_names_must_be_those_of_the_route(queue):
    with pytest.raises(TaskclusterFailure, match="takes taskId, not zzz"):
        queue.buildUrl("task", params={"taskId": "t", "zzz": 1})


def test_unknown_methods_are_named(queue):
    with pytest.raises(TaskclusterFailure, match="pollTaskUrls"):
        queue.buildUrl("pollTaskUrls")
