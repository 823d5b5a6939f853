"""Steps of whoever has work done: tasks made, looked at, cancelled, run again; addresses of functions."""

import json

from support.uses.kit import fetch, step


@step
async def ping_of_every_service(use):
    pinged = [await use.ask(use.service(name).ping()) for name in ("Queue", "Auth", "Object")]
    assert all(answer["alive"] for answer in pinged)
    return pinged


@step
async def create_by_position(use):
    status = await use.ask(use.service("Queue").createTask(use.taskcluster.slugId(), use.definition()))
    assert status["status"]["state"] == "pending"
    return status


@step
async def create_by_name_beside_the_payload(use):
    return await use.ask(use.service("Queue").createTask(use.definition(), taskId=use.taskcluster.slugId()))


@step
async def create_by_payload_and_params(use):
    task_id = use.taskcluster.slugId()
    return await use.ask(use.service("Queue").createTask(payload=use.definition(), params={"taskId": task_id}))


@step
async def create_by_position_and_named_payload(use):
    return await use.ask(use.service("Queue").createTask(use.taskcluster.slugId(), payload=use.definition(), query={}))


@step
async def create_twice_is_once(use):
    queue, task_id, wanted = use.service("Queue"), use.taskcluster.slugId(), use.definition()
    first, again = [await use.ask(queue.createTask(task_id, wanted)) for _ in range(2)]
    assert first == again
    return await use.refused(queue.createTask, task_id, {**wanted, "priority": "high"})


@step
async def create_with_everything(use):
    wanted = use.definition(
        priority="high",
        retries=2,
        schedulerId="sched",
        projectId="a/project",
        routes=[f"index.{use.id}.latest"],
        scopes=["secrets:get:x"],
        tags={"kind": "test"},
        extra={"n": 1},
    )
    task_id = use.taskcluster.slugId()
    await use.ask(use.service("Queue").createTask(task_id, wanted))
    return await use.ask(use.service("Queue").task(task_id))


@step
async def definition_and_status(use):
    queue, task_id = use.service("Queue"), await use.created()
    by_position = await use.ask(queue.status(task_id))
    assert by_position == await use.ask(queue.status(taskId=task_id))
    assert by_position == await use.ask(queue.status(params={"taskId": task_id}))
    return [by_position, await use.ask(queue.task(task_id))]


@step
async def several_statuses_and_definitions_at_once(use):
    queue, task_ids = use.service("Queue"), sorted([await use.created() for _ in range(2)])
    asked = {"taskIds": [*task_ids, use.taskcluster.slugId()]}
    statuses = (await use.ask(queue.statuses(asked)))["statuses"]
    tasks = (await use.ask(queue.tasks(asked)))["tasks"]
    assert sorted(one["taskId"] for one in statuses) == sorted(one["taskId"] for one in tasks) == task_ids
    return [statuses, tasks]


@step
async def refusals_name_status_and_code(use):
    queue = use.service("Queue")
    stranger = use.service("Queue", {"clientId": "nobody", "accessToken": "x" * 22})
    anonymous = use.service("Queue", {})
    return [
        await use.refused(queue.task, use.taskcluster.slugId()),
        await use.refused(queue.task, "no-slug"),
        await use.refused(queue.createTask, use.taskcluster.slugId(), {"a": 1}),
        await use.refused(stranger.task, use.taskcluster.slugId()),
        await use.refused(anonymous.createTask, use.taskcluster.slugId(), use.definition()),
    ]


@step
async def cancel_and_run_again(use):
    queue, task_id = use.service("Queue"), await use.created()
    cancelled = await use.ask(queue.cancelTask(task_id))
    assert cancelled["status"]["runs"][-1]["reasonResolved"] == "canceled"
    again = await use.ask(queue.rerunTask(task_id))
    assert [run["state"] for run in again["status"]["runs"]] == ["exception", "pending"]
    return [cancelled, again]


@step
async def schedule_leaves_what_is_pending(use):
    return await use.ask(use.service("Queue").scheduleTask(await use.created()))


@step
async def priority_is_changed(use):
    answer = await use.ask(use.service("Queue").changeTaskPriority(await use.created(), {"newPriority": "high"}))
    assert answer["status"]["priority"] == "high"
    return answer


@step
async def counts_of_a_pool(use):
    queue = use.service("Queue")
    await use.claimed()
    await use.created()
    counts = await use.ask(queue.taskQueueCounts(use.pool))
    assert (counts["pendingTasks"], counts["claimedTasks"]) == (1, 1)
    return [counts, await use.ask(queue.pendingTasks(use.pool))]


@step
async def pending_and_claimed_tasks_are_listed(use):
    queue = use.service("Queue")
    claimed, _ = await use.claimed()
    pending = await use.created()
    listed = [await use.ask(queue.listPendingTasks(use.pool)), await use.ask(queue.listClaimedTasks(use.pool))]
    assert [[one["taskId"] for one in page["tasks"]] for page in listed] == [[pending], [claimed]]
    return listed


@step
async def address_of_a_function(use):
    queue, task_id = use.service("Queue"), await use.created()
    url = queue.buildUrl("task", task_id)
    assert url == f"{use.root_url}/api/queue/v1/task/{task_id}"
    return json.loads(fetch(url)[1])


@step
async def signed_address_of_a_function(use):
    queue, task_id = use.service("Queue"), await use.created()
    url = queue.buildSignedUrl("status", task_id, expiration=60)
    status, body = fetch(url)
    tampered, _ = fetch(url.replace("/status", "/artifacts"))
    expired, _ = fetch(queue.buildSignedUrl("status", task_id, expiration=-60))
    assert (status, tampered, expired) == (200, 401, 401)
    return json.loads(body)
