"""Groups of tasks: one scheduler, a seal, cancelled together, resolved together; and how urgent they are."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from buildyard.farm.tasks import group_ends, groups, priorities, service, sweep, telling, transitions
from buildyard.farm.tasks.definition import PRIORITIES
from buildyard.farm.tasks.errors import RequestConflict, ResourceNotFound
from buildyard.farm.tasks.happened import GroupResolved
from buildyard.farm.tasks.paging import Page
from buildyard.farm.tasks.times import to_json
from buildyard.taskcluster.slugid import slugId
from support.tasks import NOW, claim, definition, make, running

HIGH = PRIORITIES.index("high")
YEAR_AND_HOUR = 365 * 86400 + 3600


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is told of, in order."""
    seen: list[Any] = []

    def tell(connection: Connection, now: float, happenings: Any) -> None:
        seen.extend(happenings)
        telling.tell(connection, now, happenings)

    for module in (transitions, groups, priorities):
        monkeypatch.setattr(module, "tell", tell)
    return seen


# --- the group itself ---


def test_a_task_without_a_group_is_one(connection: Connection) -> None:
    task_id = make(connection, schedulerId="farm")
    group = groups.find(connection, task_id)
    assert (group.scheduler_id, group.sealed) == ("farm", None)
    assert group.expires == NOW + 3600 + YEAR_AND_HOUR


def test_a_group_lives_on_for_a_task_that_expires_later(connection: Connection) -> None:
    group = make(connection, expires=to_json(NOW + 7200))
    make(connection, taskGroupId=group, expires=to_json(NOW + 9000))
    assert groups.find(connection, group).expires == NOW + 7200 + 3600
    make(connection, taskGroupId=group, expires=to_json(NOW + 11_000))
    assert groups.find(connection, group).expires == NOW + 11_000 + 3600


def test_tasks_created_together_have_one_scheduler(connection: Connection) -> None:
    group = slugId()
    wanted = {slugId(): definition(taskGroupId=group, schedulerId=name) for name in ("one", "two")}
    with pytest.raises(RequestConflict, match="same schedulerId"):
        service.create_many(connection, NOW, wanted)


def test_an_unknown_group_is_not_found(connection: Connection) -> None:
    with pytest.raises(ResourceNotFound, match="No task-group with taskGroupId"):
        groups.find(connection, slugId())


def test_a_sealed_group_takes_no_task(connection: Connection) -> None:
    group = make(connection)
    groups.seal(connection, NOW, group)
    with pytest.raises(RequestConflict, match="is sealed and does not accept new tasks"):
        make(connection, taskGroupId=group)


def test_a_seal_is_set_once(connection: Connection) -> None:
    group = make(connection)
    first = groups.seal(connection, NOW, group)
    assert groups.seal(connection, NOW + 5, group) == first
    assert first.sealed == NOW


def test_the_repeat_of_a_task_in_a_sealed_group_is_no_new_task(connection: Connection) -> None:
    task_id = slugId()
    first = service.create(connection, NOW, task_id, definition())
    groups.seal(connection, NOW, task_id)
    assert service.create(connection, NOW, task_id, definition()) == first


def test_members_are_listed_in_pages_unscheduled_ones_too(connection: Connection) -> None:
    group = make(connection)
    made = sorted([group, *(make(connection, taskGroupId=group, dependencies=[group]) for _ in range(3))])
    first, token = groups.members(connection, group, Page(limit=3))
    second, end = groups.members(connection, group, Page(limit=3, token=token))
    assert [task.task_id for task in first + second] == made
    assert end is None


@pytest.mark.parametrize("limit", [0, 4])
def test_a_page_on_which_all_fit_has_no_token(connection: Connection, limit: int) -> None:
    group = make(connection)
    found, token = groups.members(connection, group, Page(limit=limit))
    assert (len(found), token) == (min(limit, 1), None)


# --- cancelled ---


def test_a_group_is_cancelled_once_it_is_sealed(connection: Connection) -> None:
    group = make(connection)
    with pytest.raises(RequestConflict, match="Cannot cancel unsealed task group"):
        group_ends.cancel(connection, NOW, group)


def test_cancelling_ends_what_is_not_resolved(connection: Connection) -> None:
    group = running(connection)
    waits = make(connection, taskGroupId=group, dependencies=[group])
    pending = make(connection, taskGroupId=group)
    done = make(connection, taskGroupId=group)
    service.cancel(connection, NOW, done)
    groups.seal(connection, NOW, group)
    assert group_ends.cancel(connection, NOW, group) == (4, sorted([group, waits, pending]))
    assert claim(connection) == []
    assert group_ends.cancel(connection, NOW, group) == (4, [])


def test_cancelling_releases_who_waits_outside(connection: Connection) -> None:
    group = make(connection)
    outside = make(connection, dependencies=[group], requires="all-resolved")
    groups.seal(connection, NOW, group)
    group_ends.cancel(connection, NOW, group)
    assert service.status(connection, outside)["state"] == "pending"


# --- resolved ---


def resolved(told: list[Any]) -> list[str]:
    return [one.group.task_group_id for one in told if isinstance(one, GroupResolved)]


def test_a_group_is_resolved_with_its_last_task(connection: Connection, told: list[Any]) -> None:
    group = running(connection)
    other = make(connection, taskGroupId=group)
    service.report_completed(connection, NOW, group, 0)
    assert resolved(told) == []
    service.cancel(connection, NOW, other)
    assert resolved(told) == [group]


def test_a_group_with_a_task_that_waits_is_not_resolved(connection: Connection, told: list[Any]) -> None:
    group = running(connection)
    make(connection, taskGroupId=group, dependencies=[group])
    service.report_completed(connection, NOW, group, 0)
    assert resolved(told) == []


def test_a_rerun_does_not_open_a_group_again(connection: Connection, told: list[Any]) -> None:
    group = running(connection)
    other = make(connection, taskGroupId=group)
    service.report_completed(connection, NOW, group, 0)
    service.rerun(connection, NOW, group)
    service.cancel(connection, NOW, other)
    assert resolved(told) == [group]


def test_a_group_is_resolved_again_after_a_further_task(connection: Connection, told: list[Any]) -> None:
    group = running(connection)
    service.report_completed(connection, NOW, group, 0)
    service.cancel(connection, NOW, make(connection, taskGroupId=group))
    assert resolved(told) == [group, group]


def test_a_retry_resolves_no_group(connection: Connection, told: list[Any]) -> None:
    running(connection)
    sweep.expire_claims(connection, NOW + 61)
    assert resolved(told) == []


# --- priorities ---


def test_a_more_urgent_task_is_claimed_first(connection: Connection) -> None:
    make(connection)
    urgent = make(connection)
    changed = priorities.change(connection, NOW, urgent, HIGH)
    assert changed.priority == HIGH
    assert service.task(connection, urgent)["priority"] == "high"
    assert [one.task_id for one in claim(connection)] == [urgent]
    assert len(claim(connection, limit=9)) == 1


def test_a_running_tasks_retry_has_the_new_priority(connection: Connection) -> None:
    task_id = running(connection)
    priorities.change(connection, NOW, task_id, HIGH)
    make(connection, priority="medium")
    service.report_exception(connection, NOW, task_id, 0, "worker-shutdown")
    assert [one.task_id for one in claim(connection)] == [task_id]


def test_the_repeat_of_a_task_with_another_priority_now_is_no_conflict(connection: Connection) -> None:
    task_id = slugId()
    service.create(connection, NOW, task_id, definition())
    priorities.change(connection, NOW, task_id, HIGH)
    assert service.create(connection, NOW, task_id, definition())["priority"] == "high"


def test_past_its_deadline_a_task_is_no_more_urgent(connection: Connection) -> None:
    task_id = make(connection)
    with pytest.raises(RequestConflict, match="can't be reprioritized past its deadline"):
        priorities.change(connection, NOW + 3601, task_id, HIGH)


def test_a_message_that_moved_is_found_by_nobody_twice(connection: Connection) -> None:
    task_id = make(connection)
    for priority in range(len(PRIORITIES)):
        priorities.change(connection, NOW, task_id, priority)
    assert sweep.repost(connection, NOW) == 0
    assert [one.task_id for one in claim(connection, limit=9)] == [task_id]


def test_a_groups_priority_is_that_of_its_tasks_that_were_never_resolved(
    connection: Connection, told: list[Any]
) -> None:
    group = running(connection)
    pending, waits = make(connection, taskGroupId=group), make(connection, taskGroupId=group, dependencies=[group])
    done = make(connection, taskGroupId=group)
    service.cancel(connection, NOW, done)
    service.rerun(connection, NOW, done)
    found, changed = priorities.change_group(connection, NOW, group, HIGH)
    assert (found.task_group_id, changed) == (group, sorted([group, pending, waits]))
    assert service.status(connection, done)["priority"] == "lowest"
    assert told[-1].tasks_affected == 3
    assert priorities.change_group(connection, NOW, group, HIGH)[1] == []


def test_an_unknown_group_has_no_priority(connection: Connection) -> None:
    with pytest.raises(ResourceNotFound):
        priorities.change_group(connection, NOW, slugId(), HIGH)
