"""The index service's HTTP face, ``/api/index/v1``: find tasks by path, list them, put them there.

The rows are `buildyard.farm.taskindex`'s, which also puts completed tasks there by their routes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Meta, Struct

from buildyard.farm import taskindex
from buildyard.farm.taskindex import Entry, Namespace, Rank
from buildyard.farm.tasks.answers import json_response
from buildyard.farm.tasks.definition import Moment, TaskId
from buildyard.farm.tasks.errors import ResourceNotFound
from buildyard.farm.tasks.paging import PAGED, Page, cut, page_of, paged
from buildyard.farm.tasks.times import from_datetime, to_json
from buildyard.farm.tasks.wire import PATH, Answer, Call, Operation, root_url

Found = TypeVar("Found", Entry, Namespace)

#: Paths that are looked up at once.
MAX_PATHS: Final = 1000
#: Seconds for which the address of an artifact holds.
ARTIFACT_S: Final = 15 * 60.0


class InsertInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The body of insertTask."""

    task_id: TaskId
    rank: Rank
    data: dict[str, Any]
    expires: Moment


class IndexesInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of findTasksAtIndex."""

    indexes: Annotated[list[Annotated[str, Meta(pattern=rf"\A{PATH}\Z")]], Meta(max_length=MAX_PATHS)] = []


async def find_task(call: Call) -> Answer:
    """Answer findTask."""
    path = call.params["indexPath"]
    call.caller.require(f"index:find-task:{path}")
    return _task(await _found(call, path))


async def _found(call: Call, path: str) -> Entry:
    entry = await call.rooms.read(taskindex.find, call.rooms.clock(), path)
    if entry is None:
        raise ResourceNotFound("Indexed task not found")
    return entry


async def find_tasks_at_index(call: Call) -> Answer:
    """Answer findTasksAtIndex."""
    paths, page = call.decode(IndexesInput).indexes, page_of(call.query)
    call.caller.require({"AllOf": [f"index:find-task:{path}" for path in paths]})
    now = call.rooms.clock()
    found = await call.rooms.read(taskindex.among, now, paths, after=page.after(), limit=page.rows)
    return _page("tasks", found, page, _task)


async def list_tasks(call: Call) -> Answer:
    """Answer listTasks."""
    parent, page = call.params.get("namespace", ""), page_of(call.query)
    call.caller.require(f"index:list-tasks:{parent}")
    now = call.rooms.clock()
    found = await call.rooms.read(taskindex.tasks_below, now, parent, after=page.after(), limit=page.rows)
    return _page("tasks", found, page, _task)


async def list_namespaces(call: Call) -> Answer:
    """Answer listNamespaces."""
    parent, page = call.params.get("namespace", ""), page_of(call.query)
    call.caller.require(f"index:list-namespaces:{parent}")
    now = call.rooms.clock()
    found = await call.rooms.read(taskindex.namespaces_below, now, parent, after=page.after(), limit=page.rows)
    return _page("namespaces", found, page, _namespace)


def _page(name: str, found: Sequence[Found], page: Page, told: Callable[[Found], dict[str, Any]]) -> dict[str, Any]:
    shown, token = cut(found, page, lambda each: (each.path,))
    return paged({name: [told(each) for each in shown]}, token)


async def insert_task(call: Call) -> Answer:
    """Answer insertTask: what lies under the path now, which is another task where that one's rank is higher."""
    path, given = call.params["namespace"], call.decode(InsertInput)
    call.caller.require(f"index:insert-task:{path}")
    data = msgspec.json.encode(given.data).decode()
    expires = from_datetime(given.expires)
    entry = Entry(path=path, task_id=given.task_id, rank=given.rank, data=data, expires=expires)
    return _task(await call.rooms.write(taskindex.inserted, entry))


async def delete_task(call: Call) -> Answer:
    """Answer deleteTask."""
    path = call.params["namespace"]
    call.caller.require(f"index:delete-task:{path}")
    await call.rooms.write(taskindex.remove, path)
    return None


async def find_artifact(call: Call) -> Answer:
    """Answer findArtifactFromTask: a redirect to the artifact of the task's latest run."""
    name = call.params["name"]
    scope = f"queue:get-artifact:{name}"
    call.caller.require(scope)
    task_id = (await _found(call, call.params["indexPath"])).task_id
    url = f"{root_url(call.rooms, call.request)}/api/queue/v1/task/{task_id}/artifacts/{quote(name, safe='')}"
    if not (await call.rooms.auth.anonymous()).covers(scope):
        url = call.rooms.auth.sign_url(url, [scope], ARTIFACT_S)
    return json_response({"url": url}, 303, {"location": url})


def _task(entry: Entry) -> dict[str, Any]:
    rank = int(entry.rank) if entry.rank.is_integer() else entry.rank
    return {
        "namespace": entry.path,
        "taskId": entry.task_id,
        "rank": rank,
        "data": msgspec.Raw(entry.data.encode()),
        "expires": to_json(entry.expires),
    }


def _namespace(found: Namespace) -> dict[str, Any]:
    return {"namespace": found.path, "name": found.path.rpartition(".")[2], "expires": to_json(found.expires)}


_TASK: Final = "/task/{namespace}"

OPERATIONS: Final = (
    Operation("findTask", "GET", "/task/{indexPath}", find_task),
    Operation("insertTask", "PUT", _TASK, insert_task, body="json"),
    Operation("deleteTask", "DELETE", _TASK, delete_task),
    Operation("findArtifactFromTask", "GET", "/task/{indexPath}/artifacts/{name:path}", find_artifact),
    Operation("findTasksAtIndex", "POST", "/tasks/indexes", find_tasks_at_index, body="json", query=PAGED),
    Operation("listTasks", "GET", "/tasks/{namespace}", list_tasks, query=PAGED),
    Operation("listTasks", "GET", "/tasks", list_tasks, query=PAGED),
    Operation("listNamespaces", "GET", "/namespaces/{namespace}", list_namespaces, query=PAGED),
    Operation("listNamespaces", "GET", "/namespaces", list_namespaces, query=PAGED),
)
