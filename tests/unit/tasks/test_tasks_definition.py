"""createTask's input: defaults, bounds, and what each refusal names."""

from __future__ import annotations

from typing import Any

import pytest

from buildyard.farm.tasks.definition import complete, is_same
from buildyard.farm.tasks.errors import InputError, InputValidationError
from buildyard.farm.tasks.times import to_json
from support.tasks import NOW, POOL, definition

TASK_ID = "QpRI7P9mSXeFhQZ9bMhH1g"


def body(**changes: Any) -> dict[str, Any]:
    return complete(TASK_ID, definition(**changes), NOW).body


def without(*keys: str, **changes: Any) -> dict[str, Any]:
    return {key: value for key, value in definition(**changes).items() if key not in keys}


def test_every_default_is_filled_in() -> None:
    filled = body()
    assert {key: filled[key] for key in filled.keys() - definition().keys()} == {
        "provisionerId": "buildyard",
        "workerType": "linux-x86-64-cp312",
        "schedulerId": "-",
        "projectId": "none",
        "taskGroupId": TASK_ID,
        "dependencies": [],
        "requires": "all-completed",
        "routes": [],
        "priority": "lowest",
        "retries": 5,
        "expires": to_json(NOW + 3600 + 365 * 24 * 3600),
        "scopes": [],
        "tags": {},
        "extra": {},
    }


def test_what_was_given_is_kept() -> None:
    given = definition(payload={"a": [1, None, {"b": 1.5}]}, tags={"kind": "tést"}, extra={"x": {}}, retries=0)
    filled = complete(TASK_ID, given, NOW).body
    assert {key: filled[key] for key in given} == given


def test_the_two_names_of_a_pool_make_one() -> None:
    given = without("taskQueueId", provisionerId="buildyard", workerType="linux-x86-64-cp312")
    assert complete(TASK_ID, given, NOW).task_queue_id == POOL


def test_dates_in_another_zone_are_the_same_definition() -> None:
    # to_json(NOW + 3600) is 2027-01-15T09:00:00Z
    given = definition(deadline="2027-01-15T10:00:00+01:00")
    assert is_same_as(definition(), given)


def test_defaults_written_out_are_the_same_definition() -> None:
    assert is_same_as(definition(), definition(priority="lowest", retries=5, scopes=[], provisionerId="buildyard"))


def test_the_order_of_keys_does_not_count() -> None:
    assert is_same_as(definition(payload={"a": 1, "b": 2}), definition(payload={"b": 2, "a": 1}))


@pytest.mark.parametrize("change", [{"priority": "low"}, {"payload": {"a": True}}, {"retries": 4}])
def test_a_changed_value_is_another_definition(change: dict[str, Any]) -> None:
    assert not is_same_as(definition(payload={"a": 1}), definition(**{"payload": {"a": 1}, **change}))


def is_same_as(first: dict[str, Any], second: dict[str, Any]) -> bool:
    import msgspec

    kept = msgspec.json.encode(complete(TASK_ID, first, NOW).body).decode()
    return is_same(kept, complete(TASK_ID, second, NOW).body)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (without("created"), "created"),
        (without("deadline"), "deadline"),
        (without("metadata"), "metadata"),
        (without("payload"), "payload"),
        (definition(colour="red"), "colour"),
        (definition(payload=[]), "payload"),
        (definition(retries=50), "retries"),
        (definition(retries=-1), "retries"),
        (definition(priority="normal"), "priority"),
        (definition(taskQueueId="one"), "taskQueueId"),
        (definition(taskQueueId="a/B"), "taskQueueId"),
        (definition(taskQueueId=f"{POOL}\n"), "taskQueueId"),
        (definition(schedulerId="x" * 39), "schedulerId"),
        (definition(projectId=""), "projectId"),
        (definition(taskGroupId="not-a-slug"), "taskGroupId"),
        (definition(dependencies=["not-a-slug"]), "dependencies"),
        (definition(routes=[""]), "routes"),
        (definition(routes=["x" * 250]), "routes"),
        (definition(routes=[str(n) for n in range(65)]), "routes"),
        (definition(routes=["a", "a"]), "routes"),
        (definition(scopes=["é"]), "scopes"),
        (definition(tags={"a": 1}), "tags"),
        (definition(tags={"a": "x" * 4097}), "tags"),
        (definition(extra=[]), "extra"),
        (definition(created="yesterday"), "created"),
        (definition(created="2027-01-15T08:00:00"), "created"),
        (definition(metadata={"name": "n", "description": "", "owner": "o"}), "source"),
        (definition(metadata={"name": "x" * 256, "description": "", "owner": "", "source": "https://x"}), "name"),
        (definition(metadata={"name": "", "description": "", "owner": "", "source": "ftp://x"}), "source"),
        (definition(metadata={"name": "", "description": "", "owner": "", "source": "https://x", "n": ""}), "`n`"),
        ([], "object"),
        (None, "object"),
    ],
)
def test_a_body_that_does_not_fit_is_refused_by_name(given: object, named: str) -> None:
    with pytest.raises(InputValidationError) as refused:
        complete(TASK_ID, given, NOW)
    assert named in refused.value.message


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (without("taskQueueId"), "names no pool"),
        (without("taskQueueId", provisionerId="buildyard"), "names no pool"),
        (definition(provisionerId="other"), "different pools"),
        (definition(workerType="other"), "different pools"),
        (definition(scopes=["queue:**"]), "two stars"),
        (definition(created=to_json(NOW - 901)), "`created`"),
        (definition(created=to_json(NOW + 901)), "`created`"),
        (definition(deadline=to_json(NOW - 1)), "before `created`"),
        (definition(created=to_json(NOW - 60), deadline=to_json(NOW - 1)), "in the past"),
        (definition(deadline=to_json(NOW + 5 * 86400 + 901)), "5 days"),
        (definition(expires=to_json(NOW + 3599)), "before `deadline`"),
    ],
)
def test_values_that_cannot_be_are_refused(given: object, said: str) -> None:
    with pytest.raises(InputError) as refused:
        complete(TASK_ID, given, NOW)
    assert said in refused.value.message
    assert refused.value.code == "InputError"


@pytest.mark.parametrize("created", [NOW - 900, NOW, NOW + 900])
def test_a_clock_may_be_a_quarter_of_an_hour_off(created: float) -> None:
    assert body(created=to_json(created))["created"] == to_json(created)
