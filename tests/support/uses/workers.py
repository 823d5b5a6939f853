"""Steps of whoever does the work: claim, renew, report; what a claim's credentials may and may not."""

from support.uses.kit import step


@step
async def claim_tells_task_and_credentials(use):
    await use.created()
    wanted = {"workerGroup": "here", "workerId": use.id, "tasks": 4}
    answer = await use.ask(use.service("Queue").claimWork(use.pool, wanted))
    (claim,) = answer["tasks"]
    assert claim["status"]["state"] == "running"
    return answer


@step
async def claim_of_nothing_is_empty(use):
    wanted = {"workerGroup": "here", "workerId": use.id}
    answer = await use.ask(use.service("Queue").claimWork(payload=wanted, params={"taskQueueId": use.pool}))
    assert answer == {"tasks": []}
    return answer


@step
async def urgent_before_old(use):
    names = {}
    for priority in ("low", "highest", "medium"):
        names[await use.created(priority=priority)] = priority
    wanted = {"workerGroup": "here", "workerId": use.id, "tasks": 3}
    claimed = (await use.ask(use.service("Queue").claimWork(use.pool, wanted)))["tasks"]
    order = [names[one["status"]["taskId"]] for one in claimed]
    assert order == ["highest", "medium", "low"]
    return order


@step
async def claim_is_renewed_with_fresh_credentials(use):
    task_id, worker = await use.claimed()
    renewed = await use.ask(worker.reclaimTask(task_id, 0))
    again = use.service("Queue", renewed["credentials"])
    await use.ask(again.reclaimTask(task_id, 0))
    return renewed


@step
async def completed_once_and_for_all(use):
    task_id, worker = await use.claimed()
    first, again = [await use.ask(worker.reportCompleted(task_id, 0)) for _ in range(2)]
    assert first == again
    assert first["status"]["state"] == "completed"
    return [
        first,
        await use.refused(worker.reportFailed, task_id, 0),
        await use.refused(worker.reclaimTask, task_id, 0),
    ]


@step
async def failed(use):
    task_id, worker = await use.claimed()
    answer = await use.ask(worker.reportFailed(task_id, "0"))
    assert answer["status"]["state"] == "failed"
    return answer


@step
async def exception_is_tried_again_by_its_reason(use):
    task_id, worker = await use.claimed()
    shutdown = await use.ask(worker.reportException(task_id, 0, {"reason": "worker-shutdown"}))
    assert [run["state"] for run in shutdown["status"]["runs"]] == ["exception", "pending"]
    other, holder = await use.claimed(taskQueueId=f"{use.pool}-b")
    malformed = await use.ask(holder.reportException({"reason": "malformed-payload"}, taskId=other, runId="0"))
    assert malformed["status"]["state"] == "exception"
    return [shutdown, malformed, await use.refused(holder.reportException, other, 0, {"reason": "claim-expired"})]


@step
async def worker_may_do_nothing_beyond_its_run(use):
    task_id, worker = await use.claimed()
    other = await use.created()
    return [
        await use.refused(worker.cancelTask, task_id),
        await use.refused(worker.reportCompleted, other, 0),
        await use.refused(worker.createTask, use.taskcluster.slugId(), use.definition()),
    ]


@step
async def workers_and_pools_are_listed(use):
    queue = use.service("Queue")
    task_id, _ = await use.claimed()
    provisioner, worker_type = use.pool.split("/")
    workers = await use.ask(queue.listWorkers(provisioner, worker_type))
    (worker,) = workers["workers"]
    assert (worker["workerGroup"], worker["workerId"]) == ("here", use.id)
    assert worker["latestTask"]["taskId"] == task_id
    return [workers, await use.ask(queue.getTaskQueue(use.pool))]


@step
async def quarantined_worker_gets_nothing(use):
    queue = use.service("Queue")
    await use.claimed()
    await use.created()
    provisioner, worker_type = use.pool.split("/")
    place = (provisioner, worker_type, "here", use.id)
    told = await use.ask(queue.quarantineWorker(*place, {"quarantineUntil": use.later(), "quarantineInfo": "why"}))
    answer = await use.ask(queue.claimWork(use.pool, {"workerGroup": "here", "workerId": use.id}))
    assert answer == {"tasks": []}
    return told
