"""Lists of tasks: by ids, and by what waits or runs in a task queue."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from buildyard.farm.tasks import lists, service
from buildyard.farm.tasks.errors import InputError
from buildyard.farm.tasks.paging import MAX_PAGE, Page, page_of, token_of
from buildyard.taskcluster.slugid import slugId
from support.tasks import NOW, OTHER_POOL, POOL, make, running


def test_tasks_are_found_by_their_ids_in_pages_and_unknown_ones_left_out(connection: Connection) -> None:
    made = sorted(make(connection) for _ in range(3))
    asked = [*made, slugId(), made[0], "no-task"]
    first, token = lists.by_id(connection, asked, Page(limit=2))
    second, end = lists.by_id(connection, asked, Page(limit=2, token=token))
    assert [task.task_id for task in first + second] == made
    assert end is None


def test_of_no_ids_nothing_is_found(connection: Connection) -> None:
    assert lists.by_id(connection, [], Page()) == ([], None)


def test_what_waits_is_listed_the_longest_wait_first(connection: Connection) -> None:
    late, early = make(connection, NOW + 9), make(connection, NOW)
    make(connection, taskQueueId=OTHER_POOL)
    first, token = lists.pending(connection, POOL, Page(limit=1))
    second, end = lists.pending(connection, POOL, Page(limit=1, token=token))
    assert [one.task.task_id for one in first + second] == [early, late]
    assert (first[0].run.run_id, end) == (0, None)


def test_what_runs_is_listed_the_oldest_claim_first(connection: Connection) -> None:
    first, second = running(connection, NOW), running(connection, NOW + 1)
    make(connection)
    found, _ = lists.claimed(connection, POOL, Page())
    assert [(one.task.task_id, one.run.worker_id) for one in found] == [(first, "yard-1"), (second, "yard-1")]


def test_of_equal_moments_each_is_listed_once(connection: Connection) -> None:
    made = {make(connection) for _ in range(5)}
    seen, token = [], None
    for _ in range(5):
        found, token = lists.pending(connection, POOL, Page(limit=1, token=token))
        seen += [one.task.task_id for one in found]
    assert (set(seen), len(seen), token) == (made, 5, None)


def test_many_pools_are_counted_at_once(connection: Connection) -> None:
    running(connection)
    make(connection)
    make(connection, taskQueueId=OTHER_POOL)
    pools = [POOL, OTHER_POOL, "nobody/here"]
    assert service.counts_of(connection, pools) == {POOL: (1, 1), OTHER_POOL: (1, 0), "nobody/here": (0, 0)}


# --- pages ---


@pytest.mark.parametrize(("limit", "rows"), [("3", 3), ("0", 0), ("1001", MAX_PAGE), ("9" * 5000, MAX_PAGE)])
def test_a_limit_is_a_number_up_to_a_thousand(limit: str, rows: int) -> None:
    assert page_of({"limit": limit}).limit == rows


@pytest.mark.parametrize(
    "token",
    [
        "!!",
        "é",
        token_of([]),
        token_of([1]),
        token_of(["a", "b"]),
        token_of(["a\x00"]),
        token_of(["a" * 1025]),
        token_of(["\udcff".encode("utf-8", "replace").decode() + "é"]),
    ],
)
def test_a_token_that_no_list_has_given_is_refused(token: str) -> None:
    with pytest.raises(InputError, match="Invalid continuation token"):
        Page(token=token).after()


@pytest.mark.parametrize("number", [2**62, -(2**62)])
def test_a_token_with_a_number_beyond_databases_is_refused(number: int) -> None:
    with pytest.raises(InputError, match="Invalid continuation token"):
        Page(token=token_of([number, "a"])).place((float, str), (0.0, ""))
