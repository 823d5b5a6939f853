"""The index: tasks by names that people choose, ``project.branch.latest``.

Transaction bodies over ``indexed_tasks`` and ``index_namespaces``.  Under one path lies one task, that of the highest
rank; of equal ranks the latest stays.  A task that completes comes here by its routes ``index.<path>``, in the
transaction that resolves it (`tasks.indexing`); `services.index_http` is how everybody else reads and writes.
(Taskcluster: the index service, whose rules these are.)
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct, structs
from sqlalchemy import Connection, Row, Table, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from buildyard.farm.store.tables import index_namespaces, indexed_tasks

log = logging.getLogger(__name__)

#: A path: words with points between them.
PATH: Final = r"([a-zA-Z0-9_!~*'()%-]+\.)*[a-zA-Z0-9_!~*'()%-]+"
ROUTE: Final = "index."

_DAY_S: Final = 86_400.0
#: Of year 9999, after which no date can be written.
_LAST_MOMENT: Final = 253_402_300_799.0


#: What is a whole number stays one.
Rank = Annotated[float, Meta(ge=-(2**53), le=2**53)]


class Entry(Struct, frozen=True, kw_only=True):
    """A task under a path."""

    path: str
    task_id: str
    rank: float
    data: str  #: JSON text
    expires: float


class Namespace(Struct, frozen=True, kw_only=True):
    """A place below which there are tasks."""

    path: str
    expires: float


class _Wish(Struct, frozen=True, kw_only=True):
    """What a task says in ``extra.index`` about its place in the index."""

    rank: Rank = 0
    expires: Annotated[datetime, Meta(tz=True)] | None = None
    data: dict[str, Any] = {}


def parent_of(path: str) -> str:
    """Return the path without its last word; empty for a path of one word."""
    return path.rpartition(".")[0]


def by_routes(task_id: str, definition: str, expires: float) -> list[Entry]:
    """Return the entries that a completed task asks for by its routes; none where ``extra.index`` makes no sense.

    ``definition`` is its JSON text, ``expires`` when the task expires.
    """
    # Most tasks are not indexed, and reading a definition takes longer than all else here.
    if f'"{ROUTE}' not in definition:
        return []
    whole = msgspec.json.decode(definition, type=dict[str, Any])
    paths = [route.removeprefix(ROUTE) for route in whole["routes"] if route.startswith(ROUTE)]
    paths = [path for path in paths if re.fullmatch(PATH, path)]
    try:
        wish = msgspec.convert(whole["extra"].get("index", {}), _Wish)
    except msgspec.ValidationError as error:
        log.warning("task.not_indexed", extra={"task_id": task_id, "why": str(error)})
        return []
    ends = expires if wish.expires is None else wish.expires.timestamp()
    data = msgspec.json.encode(wish.data).decode()
    return [Entry(path=path, task_id=task_id, rank=wish.rank, data=data, expires=ends) for path in paths]


def insert(connection: Connection, now: float, entries: Sequence[Entry]) -> None:
    """Put these tasks under their paths, save where one of a higher rank is."""
    if not entries:
        return
    _ensure_namespaces(connection, entries)
    rows = [structs.asdict(entry) | {"parent": parent_of(entry.path)} for entry in entries]
    statement = _insert_into(connection, indexed_tasks)
    kept = statement.excluded
    replaced = {name: kept[name] for name in ("task_id", "rank", "data", "expires")}
    weaker = or_(indexed_tasks.c.rank <= kept.rank, indexed_tasks.c.expires <= now)
    # In the order of paths, so that two transactions do not wait for each other in a circle.
    in_order = sorted(rows, key=lambda row: str(row["path"]))
    connection.execute(statement.on_conflict_do_update(index_elements=["path"], set_=replaced, where=weaker), in_order)


def inserted(connection: Connection, now: float, entry: Entry) -> Entry:
    """Return what lies under the entry's path once it was put there; itself, unless a higher rank is there."""
    insert(connection, now, [entry])
    row = connection.execute(select(indexed_tasks).where(indexed_tasks.c.path == entry.path)).one()
    return _entry(row)


def _insert_into(connection: Connection, table: Table) -> Any:
    return (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(table)


def _ensure_namespaces(connection: Connection, entries: Iterable[Entry]) -> None:
    wanted: dict[str, float] = {}
    for entry in entries:
        for path in _above(entry.path):
            wanted[path] = max(wanted.get(path, 0.0), _day_after(entry.expires))
    chosen = select(index_namespaces.c.path, index_namespaces.c.expires).where(index_namespaces.c.path.in_(wanted))
    known = {row.path: row.expires for row in connection.execute(chosen)}
    # Nearly always they are there: what everybody inserts into is then not written, nor locked.
    rows = [
        {"path": path, "parent": parent_of(path), "expires": expires}
        for path, expires in sorted(wanted.items())
        if known.get(path, 0.0) < expires
    ]
    if rows:
        statement = _insert_into(connection, index_namespaces)
        later = index_namespaces.c.expires < statement.excluded.expires
        longer = {"expires": statement.excluded.expires}
        connection.execute(statement.on_conflict_do_update(index_elements=["path"], set_=longer, where=later), rows)


def _above(path: str) -> Iterator[str]:
    while path := parent_of(path):
        yield path


def _day_after(seconds: float) -> float:
    # To whole days, so that a namespace is not written for each task.
    return min((seconds // _DAY_S + 1) * _DAY_S, _LAST_MOMENT)


def find(connection: Connection, now: float, path: str) -> Entry | None:
    """Return the task under this path; ``None`` where there is none, or its entry has expired."""
    return next(iter(among(connection, now, [path], after="", limit=1)), None)


def among(connection: Connection, now: float, paths: Sequence[str], *, after: str, limit: int) -> list[Entry]:
    """Return the tasks under these paths, in the order of paths, beginning after this one."""
    chosen = _page(indexed_tasks, indexed_tasks.c.path.in_(paths), now, after, limit)
    return [_entry(row) for row in connection.execute(chosen)]


def tasks_below(connection: Connection, now: float, parent: str, *, after: str, limit: int) -> list[Entry]:
    """Return the tasks directly below this path, in the order of paths."""
    chosen = _page(indexed_tasks, indexed_tasks.c.parent == parent, now, after, limit)
    return [_entry(row) for row in connection.execute(chosen)]


def namespaces_below(connection: Connection, now: float, parent: str, *, after: str, limit: int) -> list[Namespace]:
    """Return the namespaces directly below this one, in the order of paths."""
    chosen = _page(index_namespaces, index_namespaces.c.parent == parent, now, after, limit)
    return [Namespace(path=row.path, expires=row.expires) for row in connection.execute(chosen)]


def _page(table: Table, condition: Any, now: float, after: str, limit: int) -> Any:
    return (
        select(table).where(condition, table.c.path > after, table.c.expires > now).order_by(table.c.path).limit(limit)
    )


def _entry(row: Row[Any]) -> Entry:
    return Entry(path=row.path, task_id=row.task_id, rank=row.rank, data=row.data, expires=row.expires)


def remove(connection: Connection, now: float, path: str) -> None:
    """Forget the task under this path, if there is one."""
    connection.execute(delete(indexed_tasks).where(indexed_tasks.c.path == path))


def sweep(connection: Connection, now: float, limit: int) -> int:
    """Return how many entries and namespaces were deleted because they have expired; ``limit`` of each at most."""
    return sum(_swept(connection, table, now, limit) for table in (indexed_tasks, index_namespaces))


def _swept(connection: Connection, table: Table, now: float, limit: int) -> int:
    due = select(table.c.path).where(table.c.expires <= now).order_by(table.c.path).limit(limit)
    found: int = connection.execute(delete(table).where(table.c.path.in_(due))).rowcount
    return found
