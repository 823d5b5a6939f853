"""The queues of a project in pages, with their metadata, and how many there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, bindparam, func, select

from buildyard.farm.queue.base import check_amounts
from buildyard.farm.store.prepared import Prepared
from buildyard.farm.store.tables import queues

_IN_PROJECT: Final = queues.c.project == bindparam("project")
_PAGE = Prepared(
    select(queues.c.name, queues.c.metadata)
    .where(_IN_PROJECT, queues.c.name > bindparam("marker"))
    .order_by(queues.c.name)
    .limit(bindparam("limit"))
)
_COUNT = Prepared(select(func.count()).select_from(queues).where(_IN_PROJECT))

#: Queues looked at together where only some are wanted.
_CHUNK: Final = 200

_metadata: Final = msgspec.json.Decoder(dict[str, Any]).decode


class Listed(Struct, frozen=True, kw_only=True):
    """One queue of a listing."""

    name: str
    metadata: dict[str, Any]


def listed(
    connection: Connection,
    project: str,
    *,
    marker: str = "",
    limit: int,
    part_of_name: str = "",
    having: Mapping[str, str] | None = None,
) -> list[Listed]:
    """Return queues of the project after the marker, by name: those with this in their name and that metadata.

    ``having`` maps keys to values, which are text, or another JSON value as it is written.  Raises `BadAmount`.
    """
    check_amounts(limit=limit)
    found: list[Listed] = []
    size = max(limit, _CHUNK) if part_of_name or having else limit
    while len(found) < limit:
        rows = _PAGE.rows(connection, project=project, marker=marker, limit=size)
        seen = (Listed(name=name, metadata=_metadata(text)) for name, text in rows)
        found += (one for one in seen if part_of_name in one.name and _has(one.metadata, having or {}))
        if len(rows) < size:
            break
        marker = rows[-1][0]
    return found[:limit]


def count(connection: Connection, project: str) -> int:
    """Return how many queues the project has."""
    (number,) = _COUNT.column(connection, project=project)
    return int(number)


def _has(metadata: Mapping[str, Any], having: Mapping[str, str]) -> bool:
    return all(key in metadata and _is(metadata[key], text) for key, text in having.items())


def _is(value: object, text: str) -> bool:
    return value == text or (not isinstance(value, str) and msgspec.json.encode(value).decode() == text)
