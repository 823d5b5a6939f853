"""Steps about the smaller services: index, secrets, auth."""

from support.uses.kit import step

# --- index


@step
async def completed_task_is_found_by_its_route(use):
    path = f"{use.id}.v1.latest"
    task_id = await use.resolved(routes=[f"index.{path}"], extra={"index": {"rank": 7, "data": {"n": 1}}})
    found = await use.ask(use.service("Index").findTask(path))
    assert (found["taskId"], found["rank"], found["data"]) == (task_id, 7, {"n": 1})
    return found


@step
async def index_is_written_and_listed(use):
    index, task_id = use.service("Index"), await use.created()
    for name in ("a", "b", "c.d"):
        entry = {"taskId": task_id, "rank": 1, "data": {}, "expires": use.later("1 day")}
        await use.ask(index.insertTask(f"{use.id}.{name}", entry))
    tasks = await use.ask(index.listTasks(use.id))
    assert [one["namespace"] for one in tasks["tasks"]] == [f"{use.id}.a", f"{use.id}.b"]
    spaces = await use.ask(index.listNamespaces(use.id, query={"limit": 10}))
    assert [one["name"] for one in spaces["namespaces"]] == ["c"]
    at_once = await use.ask(index.findTasksAtIndex({"indexes": [f"{use.id}.a", f"{use.id}.none"]}))
    assert [one["namespace"] for one in at_once["tasks"]] == [f"{use.id}.a"]
    await use.ask(index.deleteTask(f"{use.id}.a"))
    return [tasks, spaces, at_once, await use.refused(index.findTask, f"{use.id}.a")]


@step
async def lower_rank_does_not_replace(use):
    index, first, second = use.service("Index"), await use.created(), await use.created()
    for task_id, rank in ((first, 5), (second, 4)):
        entry = {"taskId": task_id, "rank": rank, "data": {}, "expires": use.later("1 day")}
        await use.ask(index.insertTask(f"{use.id}.x", entry))
    found = await use.ask(index.findTask(f"{use.id}.x"))
    assert found["taskId"] == first
    return found


@step
async def artifact_by_index(use):
    from support.uses.artifacts import SMALL, put_object

    path = f"{use.id}.latest"
    task_id, worker = await use.claimed(routes=[f"index.{path}"])
    await put_object(use, worker, task_id, "public/x", SMALL)
    await use.ask(worker.reportCompleted(task_id, 0))
    return await use.ask(use.service("Index").findArtifactFromTask(path, "public/x"))


# --- secrets


@step
async def secret_is_kept_and_taken_away(use):
    secrets, name = use.service("Secrets"), f"project/{use.id}/s"
    kept = await use.ask(secrets.set(name, {"secret": {"token": "t", "n": [1]}, "expires": use.later("1 day")}))
    got = await use.ask(secrets.get(name))
    assert got["secret"] == {"token": "t", "n": [1]}
    names = []
    await use.ask(secrets.list(paginationHandler=lambda page: names.extend(page["secrets"])))
    assert name in names
    removed = await use.ask(secrets.remove(name))
    return [kept, got, removed, await use.refused(secrets.get, name)]


@step
async def secret_without_the_scope(use):
    return await use.refused(use.service("Secrets", {}).get, "any")


@step
async def secrets_are_loaded_by_prefix(use):
    secrets, name = use.service("Secrets"), f"project/{use.id}/config"
    values = {"common": {"environment": "production", "log": "l"}, "backend": {"token": "t"}, "task": {"url": "u"}}
    await use.ask(secrets.set(name, {"secret": values, "expires": use.later("1 day")}))
    helper = __import__(f"{use.taskcluster.__name__}.helper", fromlist=["load_secrets"])
    service = use.taskcluster.Secrets(use.options)
    loaded = helper.load_secrets(
        service, name, prefixes=["common", "backend"], required=["token"], existing={"environment": "dev", "k": 1}
    )
    assert loaded == {"environment": "production", "log": "l", "token": "t", "k": 1}
    return [loaded, helper.load_secrets(service, name, local_secrets={"a": 1})]


@step
async def secrets_are_loaded_by_the_configuration(use):
    name = f"project/{use.id}/config"
    values = {"common": {"environment": "production"}, "bot": {"url": "u"}}
    await use.ask(use.service("Secrets").set(name, {"secret": values, "expires": use.later("1 day")}))
    helper = __import__(f"{use.taskcluster.__name__}.helper", fromlist=["TaskclusterConfig"])
    config = helper.TaskclusterConfig(use.root_url)
    config.auth()
    existing = {"environment": "dev", "url": "http://localhost:8000"}
    loaded = config.load_secrets(name, prefixes=["common", "bot"], existing=existing)
    assert loaded == config.secrets == {"environment": "production", "url": "u"}
    return loaded


@step
async def secrets_are_listed_page_by_page(use):
    secrets, names = use.service("Secrets"), [f"project/{use.id}/{number}" for number in range(3)]
    for name in names:
        await use.ask(secrets.set(name, {"secret": {}, "expires": use.later("1 day")}))
    found, token = [], None
    while True:
        query = {"limit": 2, **({"continuationToken": token} if token else {})}
        page = await use.ask(secrets.list(query=query))
        found += page["secrets"]
        token = page.get("continuationToken")
        if not token:
            break
    return sorted(name for name in found if name in names)


# --- auth


@step
async def scopes_of_the_caller(use):
    wanted = ["auth:current-scopes", "queue:get-task:*"]
    narrow = use.service("Auth", use.options["credentials"], authorizedScopes=wanted)
    scopes = await use.ask(narrow.currentScopes())
    assert "queue:get-task:*" in scopes["scopes"]
    return scopes


@step
async def client_lives_and_dies(use):
    auth, name = use.service("Auth"), f"tests/{use.id}"
    wanted = {"expires": use.later("1 day"), "description": "d", "scopes": ["queue:get-task:*"]}
    made = await use.ask(auth.createClient(name, wanted))
    mine = {"clientId": name, "accessToken": made["accessToken"]}
    await use.ask(use.service("Queue", mine).task(await use.created()))
    beyond = await use.refused(use.service("Queue", mine).createTask, use.taskcluster.slugId(), use.definition())
    told = await use.ask(auth.client(name))
    changed = await use.ask(auth.updateClient(name, {**wanted, "description": "e", "scopes": ["x"]}))
    fresh = await use.ask(auth.resetAccessToken(name))
    assert fresh["accessToken"] != made["accessToken"]
    off, on = await use.ask(auth.disableClient(name)), await use.ask(auth.enableClient(name))
    assert (off["disabled"], on["disabled"]) == (True, False)
    listed = await use.ask(auth.listClients(query={"prefix": name}))
    assert [one["clientId"] for one in listed["clients"]] == [name]
    await use.ask(auth.deleteClient(name))
    return [made, beyond, told, changed, off, on, listed, await use.refused(auth.client, name)]


@step
async def clients_are_listed_page_by_page(use):
    auth, wanted = use.service("Auth"), {"expires": use.later("1 day"), "description": "d", "scopes": []}
    names = [f"tests/{use.id}/{number}" for number in range(3)]
    for name in names:
        await use.ask(auth.createClient(name, wanted))
    pages = []
    await use.ask(
        auth.listClients(query={"prefix": f"tests/{use.id}/"}, paginationHandler=pages.append, paginationLimit=2)
    )
    assert [one["clientId"] for page in pages for one in page["clients"]] == names
    return [len(page["clients"]) for page in pages]


@step
async def credentials_are_tried_out(use):
    given = {"clientId": "tester", "accessToken": "no-secret"}
    wanted = {"clientScopes": ["test:a", "test:b"], "requiredScopes": ["test:a"]}
    return await use.ask(use.service("Auth", given).testAuthenticate(wanted))


@step
async def role_lives_and_dies(use):
    auth, name = use.service("Auth"), f"tests:{use.id}"
    made = await use.ask(auth.createRole(name, {"description": "d", "scopes": ["a:b", "c:*"]}))
    expanded = await use.ask(auth.expandScopes({"scopes": [f"assume:{name}"]}))
    assert expanded["scopes"] == ["a:b", f"assume:{name}", "c:*"]
    told = await use.ask(auth.role(name))
    changed = await use.ask(auth.updateRole(name, {"description": "e", "scopes": ["a:b"]}))
    ids = (await use.ask(auth.listRoleIds()))["roleIds"]
    assert name in ids
    await use.ask(auth.deleteRole(name))
    return [made, expanded, told, changed, await use.refused(auth.role, name)]


@step
async def client_acts_in_its_role(use):
    auth, role, name = use.service("Auth"), f"tests:{use.id}", f"tests/{use.id}"
    await use.ask(auth.createRole(role, {"description": "d", "scopes": ["secrets:get:none"]}))
    wanted = {"expires": use.later("1 day"), "description": "d", "scopes": [f"assume:{role}", "auth:current-scopes"]}
    made = await use.ask(auth.createClient(name, wanted))
    mine = use.service("Auth", {"clientId": name, "accessToken": made["accessToken"]})
    scopes = (await use.ask(mine.currentScopes()))["scopes"]
    assert "secrets:get:none" in scopes
    return scopes
