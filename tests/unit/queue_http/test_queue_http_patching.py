"""A queue's metadata, changed operation by operation."""

from __future__ import annotations

from typing import Any

import pytest

from buildyard.farm.queue.http.errors import Refusal
from buildyard.farm.queue.http.patching import changes_of, patched


def after(metadata: dict[str, Any], *changes: dict[str, Any]) -> dict[str, Any]:
    return patched(metadata, changes_of(list(changes)), lambda key: key == "_max_claim_count")


@pytest.mark.parametrize(
    ("change", "result"),
    [
        ({"op": "add", "path": "/metadata/b", "value": 2}, {"a": 1, "b": 2}),
        ({"op": "add", "path": "/metadata/a", "value": None}, {"a": None}),
        ({"op": "replace", "path": "/metadata/a", "value": [1]}, {"a": [1]}),
        ({"op": "remove", "path": "/metadata/a"}, {}),
        ({"op": "replace", "path": "/metadata/_max_claim_count", "value": 3}, {"a": 1, "_max_claim_count": 3}),
        ({"op": "remove", "path": "/metadata/_max_claim_count"}, {"a": 1}),
        ({"op": "add", "path": "/metadata/a~1b~0c", "value": 1}, {"a": 1, "a/b~c": 1}),
    ],
)
def test_change_is_made(change: dict[str, Any], result: dict[str, Any]) -> None:
    assert after({"a": 1}, change) == result


def test_changes_are_made_in_order() -> None:
    add, remove = {"op": "add", "path": "/metadata/b", "value": 1}, {"op": "remove", "path": "/metadata/b"}
    assert after({}, add, remove) == {}
    with pytest.raises(Refusal):
        after({}, remove, add)


@pytest.mark.parametrize("op", ["replace", "remove"])
def test_key_that_is_not_there_conflicts(op: str) -> None:
    with pytest.raises(Refusal) as refused:
        after({}, {"op": op, "path": "/metadata/a", "value": 1})
    assert (refused.value.status, refused.value.title) == (409, "Resource conflict")


@pytest.mark.parametrize(
    "document",
    [
        {},
        "text",
        None,
        [1],
        [{"path": "/metadata/a", "value": 1}],
        [{"op": "add", "value": 1}],
        [{"op": "add", "path": "/metadata/a"}],
        [{"op": "move", "path": "/metadata/a", "value": 1}],
        [{"op": ["add"], "path": "/metadata/a", "value": 1}],
        [{"op": "add", "path": "metadata/a", "value": 1}],
        [{"op": "add", "path": 1, "value": 1}],
        [{"op": "add", "path": "/metadata", "value": 1}],
        [{"op": "add", "path": "/metadata/", "value": 1}],
        [{"op": "add", "path": "/metadata/a/b", "value": 1}],
        [{"op": "add", "path": "/other/a", "value": 1}],
        [{"op": "add", "path": "/metadata/a~2", "value": 1}],
    ],
)
def test_what_is_no_list_of_operations_is_refused(document: object) -> None:
    with pytest.raises(Refusal) as refused:
        changes_of(document)
    assert refused.value.status == 400
