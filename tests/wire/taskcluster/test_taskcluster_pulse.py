"""Patterns of exchanges against messages recorded from Taskcluster 106.0.0 (`golden/pulse.jsonl`)."""

import json
import re
from pathlib import Path

import pytest

from buildyard.taskcluster import QueueEvents, _events
from buildyard.taskcluster._lazy import EVENTS
from buildyard.taskcluster.errors import TaskclusterFailure, TaskclusterTopicExchangeFailure

LINES = (Path(__file__).parents[1] / "golden" / "pulse.jsonl").read_text("utf-8").splitlines()
RECORDS = [json.loads(line) for line in LINES]
METHODS = {
    f"{events.EXCHANGE_PREFIX}{value.exchange.exchange}": (events, name)
    for events in (getattr(_events, name) for name in EVENTS)
    for name, value in vars(events).items()
    if hasattr(value, "exchange")
}

each_record = pytest.mark.parametrize("record", RECORDS, ids=[record["id"] for record in RECORDS])


def binds(pattern, key):
    """AMQP's rule for topics: ``*`` is one word, ``#`` any number."""
    text = re.escape(pattern).replace(r"\*", r"[^.]+").replace(r"\.\#", r"(\.[^.]+)*").replace(r"\#", ".*")
    return re.fullmatch(text, key) is not None


def method_of(record):
    events, name = METHODS[record["exchange"]]
    return getattr(events({"rootUrl": "https://tc.example"}), name)


@each_record
def test_pattern_without_keys_gets_each_message(record):
    binding = method_of(record)()
    assert binding["exchange"] == record["exchange"]
    assert binds(binding["routingKeyPattern"], record["routingKey"])


@pytest.mark.parametrize("record", [record for record in RECORDS if "/taskcluster-queue/" in record["exchange"]])
def test_pattern_gets_messages_of_its_task_group_and_no_others(record):
    status = record["payload"].get("status", record["payload"])
    assert binds(method_of(record)(taskGroupId=status["taskGroupId"])["routingKeyPattern"], record["routingKey"])
    assert not binds(method_of(record)({"taskGroupId": "other"})["routingKeyPattern"], record["routingKey"])


def test_pattern_given_as_text_is_used_as_it_is():
    assert QueueEvents().taskCompleted("primary.#")["routingKeyPattern"] == "primary.#"


@pytest.mark.parametrize(("args", "named"), [(("a", "b"), {}), (({},), {"taskId": "x"}), ((7,), {})])
def test_forms_are_not_mixed(args, named):
    with pytest.raises(TaskclusterTopicExchangeFailure):
        QueueEvents().taskCompleted(*args, **named)


@pytest.mark.parametrize("value", [1.5, True, ["x"]])
def test_word_is_text_or_a_whole_number(value):
    with pytest.raises(TaskclusterTopicExchangeFailure, match="taskId"):
        QueueEvents().taskCompleted(taskId=value)


def test_several_words_may_stand_where_the_key_allows_them():
    assert _events.NotifyEvents().notify(topic="a.b")["routingKeyPattern"] == "primary.a.b"


def test_prefix_is_an_option():
    options = {"rootUrl": "https://tc.example", "exchangePrefix": "exchange/mine/"}
    assert QueueEvents(options).taskFailed()["exchange"] == "exchange/mine/task-failed"


def test_mistaken_options_are_named():
    with pytest.raises(TaskclusterFailure, match="rootURL"):
        QueueEvents({"rootURL": "https://tc.example"})


@pytest.mark.parametrize("name", EVENTS)
def test_each_exchange_tells_what_it_is_for(name):
    methods = {key: value for key, value in vars(getattr(_events, name)).items() if hasattr(value, "exchange")}
    assert methods
    for key, value in methods.items():
        assert "schema" in value.__doc__, key
        assert getattr(getattr(_events, name)(), key)()["exchange"].startswith("exchange/taskcluster-")
