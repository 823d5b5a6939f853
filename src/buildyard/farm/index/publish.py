"""Publishing: what changed is rendered, and its pages, files and events appear in one transaction.

`builds.finish` notes in `dirty_pages` which projects have new files; `publish` renders those, once each however many
files came, and the root page where a project is new or gone.  `serve` reads what is written here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from buildyard.farm.events.outbox import record
from buildyard.farm.events.schemas import FilePublished
from buildyard.farm.index.render import FileLink, Page, project, root
from buildyard.farm.store.tables import dirty_pages, files, pages

#: The row of `pages` that holds the root page.
ROOT = ""

#: So many projects go into one transaction; the rest follow in the next.
BATCH = 100


def publish(connection: Connection, now: float, *, limit: int = BATCH) -> list[str]:
    """Render the pages that are older than their files; return the names of those projects, sorted.

    An empty list means that nothing is left to do.  The body of one transaction: pages, ``files.published``, the
    events and the end of the ``dirty_pages`` rows are seen together or not at all.
    """
    names = _take_dirty(connection, limit)
    if not names:
        return []
    links = _links(connection, names)
    known = set(connection.scalars(select(pages.c.package).where(pages.c.package.in_(names))))
    rendered = {name: project(name, links[name]) for name in names if name in links}
    _replace(connection, now, names, rendered)
    if known != rendered.keys():
        _write_root(connection, now)
    _tell(connection, now, names)
    return names


def _take_dirty(connection: Connection, limit: int) -> list[str]:
    # On PostgreSQL the row lock keeps a builder's new file from slipping between our look and our deletion.
    query = select(dirty_pages.c.package).order_by(dirty_pages.c.since).limit(limit).with_for_update(skip_locked=True)
    names = sorted(connection.scalars(query))
    connection.execute(delete(dirty_pages).where(dirty_pages.c.package.in_(names)))
    return names


def _links(connection: Connection, names: Sequence[str]) -> dict[str, list[FileLink]]:
    columns = [getattr(files.c, name) for name in FileLink.__struct_fields__]
    found: dict[str, list[FileLink]] = {}
    for row in connection.execute(select(files.c.package, *columns).where(files.c.package.in_(names))):
        found.setdefault(row.package, []).append(_link(row))
    return found


def _link(row: Row[Any]) -> FileLink:
    return FileLink(**{name: getattr(row, name) for name in FileLink.__struct_fields__})


def _replace(connection: Connection, now: float, names: Collection[str], rendered: Mapping[str, Page]) -> None:
    """Put these pages in the place of the old ones; a project without files loses its page."""
    connection.execute(delete(pages).where(pages.c.package.in_(list(names))))
    if rendered:
        connection.execute(insert(pages), [_row(name, page, now) for name, page in rendered.items()])


def _write_root(connection: Connection, now: float) -> None:
    names = connection.scalars(select(pages.c.package).where(pages.c.package != ROOT)).all()
    _replace(connection, now, [ROOT], {ROOT: root(names)})


def _row(name: str, page: Page, now: float) -> dict[str, object]:
    return {"package": name, "html": page.html, "json": page.json, "etag": page.etag, "published": now}


def _tell(connection: Connection, now: float, names: Sequence[str]) -> None:
    """Mark the files that a page tells of for the first time, and record that in the order of their upload."""
    fresh = files.c.package.in_(names) & files.c.published.is_(None)
    rows = connection.execute(select(files).where(fresh).order_by(files.c.uploaded, files.c.filename)).all()
    connection.execute(update(files).where(fresh).values(published=now))
    record(connection, now, [_published(row) for row in rows])


def _published(row: Row[Any]) -> FilePublished:
    return FilePublished(
        build_id=row.build_id,
        package=row.package,
        version=row.version,
        filename=row.filename,
        sha256=row.sha256,
        size=row.size,
    )
