"""Steps about tasks that belong together: groups, dependencies, sealing."""

from support.uses.kit import step


async def group(use, count=3):
    """Create a group; return its id and those of its tasks."""
    group_id = use.taskcluster.slugId()
    return group_id, [await use.created(taskGroupId=group_id, schedulerId="sched") for _ in range(count)]


@step
async def group_is_listed(use):
    group_id, task_ids = await group(use)
    queue = use.service("Queue")
    listed = await use.ask(queue.listTaskGroup(group_id))
    assert {one["status"]["taskId"] for one in listed["tasks"]} == set(task_ids)
    return [listed, await use.ask(queue.getTaskGroup(group_id))]


@step
async def group_is_listed_page_by_page(use):
    group_id, task_ids = await group(use, 5)
    pages = []
    await use.ask(use.service("Queue").listTaskGroup(group_id, paginationHandler=pages.append, query={"limit": 2}))
    assert {one["status"]["taskId"] for page in pages for one in page["tasks"]} == set(task_ids)
    return [len(page["tasks"]) for page in pages]


@step
async def unknown_group(use):
    return await use.refused(use.service("Queue").listTaskGroup, use.taskcluster.slugId())


@step
async def group_has_one_scheduler(use):
    group_id, _ = await group(use, 1)
    wanted = use.definition(taskGroupId=group_id, schedulerId="other")
    return await use.refused(use.service("Queue").createTask, use.taskcluster.slugId(), wanted)


@step
async def dependency_is_waited_for(use):
    queue = use.service("Queue")
    first, worker = await use.claimed()
    second = await use.created(dependencies=[first])
    before = await use.ask(queue.status(second))
    assert before["status"]["state"] == "unscheduled"
    dependents = await use.ask(queue.listDependentTasks(first))
    assert [one["status"]["taskId"] for one in dependents["tasks"]] == [second]
    await use.ask(worker.reportCompleted(first, 0))
    after = await use.ask(queue.status(second))
    assert after["status"]["state"] == "pending"
    return [before, dependents, after]


@step
async def failed_dependency_keeps_the_task_waiting_unless_it_takes_any_end(use):
    queue = use.service("Queue")
    first, worker = await use.claimed()
    strict = await use.created(dependencies=[first])
    lenient = await use.created(dependencies=[first], requires="all-resolved")
    await use.ask(worker.reportFailed(first, 0))
    states = [(await use.ask(queue.status(one)))["status"]["state"] for one in (strict, lenient)]
    assert states == ["unscheduled", "pending"]
    return states


@step
async def unknown_dependency_is_refused(use):
    wanted = use.definition(dependencies=[use.taskcluster.slugId()])
    return await use.refused(use.service("Queue").createTask, use.taskcluster.slugId(), wanted)


@step
async def waiting_task_is_scheduled_by_hand(use):
    waiting = await use.created(dependencies=[await use.created()])
    answer = await use.ask(use.service("Queue").scheduleTask(waiting))
    assert answer["status"]["state"] == "pending"
    return answer


@step
async def sealed_group_takes_no_more(use):
    queue = use.service("Queue")
    group_id, _ = await group(use)
    early = await use.refused(queue.cancelTaskGroup, group_id)
    first, again = [await use.ask(queue.sealTaskGroup(group_id)) for _ in range(2)]
    assert first == again
    wanted = use.definition(taskGroupId=group_id, schedulerId="sched")
    late = await use.refused(queue.createTask, use.taskcluster.slugId(), wanted)
    cancelled = await use.ask(queue.cancelTaskGroup(group_id))
    assert (cancelled["taskGroupSize"], cancelled["cancelledCount"]) == (3, 3)
    return [early, first, late, {**cancelled, "taskIds": len(cancelled["taskIds"])}]


@step
async def priority_of_a_group(use):
    group_id, task_ids = await group(use)
    queue = use.service("Queue")
    changed = await use.ask(queue.changeTaskGroupPriority(group_id, {"newPriority": "very-high"}))
    assert set(changed["taskIds"]) == set(task_ids)
    assert (await use.ask(queue.task(task_ids[0])))["priority"] == "very-high"
    return {**changed, "taskIds": len(changed["taskIds"])}
