"""Steps about who asks, and for what: authorized scopes, temporary credentials, the environment, the helper."""

import os
from datetime import UTC, datetime, timedelta

from support.uses.kit import fetch, step


@step
async def authorized_scopes_narrow_a_client(use):
    task_id = await use.created()
    narrow = use.service("Queue", use.options["credentials"], authorizedScopes=[f"queue:get-task:{task_id}"])
    return [(await use.ask(narrow.task(task_id)))["priority"], await use.refused(narrow.cancelTask, task_id)]


def temporary(use, scopes, *, name=None, issuer=None, start=0, seconds=300):
    """Return temporary credentials that the operator issues, or somebody else."""
    begin, by = datetime.now(UTC) + timedelta(seconds=start), issuer or use.options["credentials"]
    made = use.taskcluster.createTemporaryCredentials(
        by["clientId"], by["accessToken"], begin, begin + timedelta(seconds=seconds), scopes, name
    )
    # The official one gives the token as bytes, which no JSON would take.
    return {key: value.decode() if isinstance(value, bytes) else value for key, value in made.items()}


@step
async def temporary_credentials_hold_what_they_were_given(use):
    task_id = await use.created()
    found = []
    for name in (None, f"tests/{use.id}"):
        guest = use.service("Queue", temporary(use, ["queue:cancel-task-in-project:none"], name=name))
        found.append(await use.refused(guest.createTask, use.taskcluster.slugId(), use.definition()))
        found.append((await use.ask(guest.cancelTask(task_id)))["status"]["state"])
    return found


@step
async def temporary_credentials_issue_no_others(use):
    first = temporary(use, ["*"])
    second = temporary(use, ["*"], issuer=first)
    return await use.refused(use.service("Queue", second).cancelTask, await use.created())


@step
async def temporary_credentials_hold_for_their_time_alone(use):
    ended = temporary(use, ["*"], start=-7200, seconds=3600)
    return await use.refused(use.service("Queue", ended).cancelTask, await use.created())


@step
async def temporary_credentials_give_no_more_than_their_issuer_has(use):
    auth, name = use.service("Auth"), f"tests/{use.id}"
    wanted = {"expires": use.later("1 day"), "description": "d", "scopes": ["queue:get-task:*"]}
    issuer = await use.ask(auth.createClient(name, wanted))
    beyond = temporary(use, ["queue:create-task:*"], issuer=issuer)
    return await use.refused(use.service("Queue", beyond).cancelTask, await use.created())


@step
async def configuration_by_the_helper(use):
    helper = __import__(f"{use.taskcluster.__name__}.helper", fromlist=["TaskclusterConfig"])
    told = []
    operator = use.options["credentials"]
    for given in ({}, {"client_id": operator["clientId"], "access_token": operator["accessToken"]}):
        config = helper.TaskclusterConfig(use.root_url)
        config.auth(**given)
        queue = config.get_service("queue", use_async=use.is_async)
        use.closed_later(queue)
        task_id = use.taskcluster.slugId()
        told.append((await use.ask(queue.createTask(task_id, use.definition())))["status"]["state"])
    return told


@step
async def environment_gives_the_options(use):
    found = use.taskcluster.optionsFromEnvironment({"maxRetries": 3})
    assert found["rootUrl"] == os.environ["TASKCLUSTER_ROOT_URL"]
    return [sorted(found), sorted(found["credentials"])]


@step
async def artifact_by_the_helper_inside_of_a_task(use):
    helper = __import__(f"{use.taskcluster.__name__}.helper", fromlist=["TaskclusterConfig"])
    task_id, _ = await use.claimed()
    os.environ |= {"TASK_ID": task_id, "RUN_ID": "0", "TASKCLUSTER_PROXY_URL": use.root_url}
    try:
        config = helper.TaskclusterConfig(use.root_url)
        address = config.upload_artifact("public/x.txt", "some text", "text/plain", timedelta(days=1))
    finally:
        for name in ("TASK_ID", "RUN_ID", "TASKCLUSTER_PROXY_URL"):
            del os.environ[name]
    assert fetch(address) == (200, b"some text")
    return address.replace(use.root_url, "")
