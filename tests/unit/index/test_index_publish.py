"""Publishing renders what changed, once, and tells of each file once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from buildyard.farm.events.outbox import after
from buildyard.farm.index.publish import ROOT, publish
from buildyard.farm.store.tables import dirty_pages, files, pages

NOW = 1_700_000_100.0
AddFile = Callable[..., dict[str, Any]]


def html(connection: Connection, package: str) -> bytes:
    found: bytes = connection.execute(select(pages.c.html).where(pages.c.package == package)).scalar_one()
    return found


def test_a_new_file_appears_on_its_page(connection: Connection, add_file: AddFile) -> None:
    add_file()
    assert publish(connection, NOW) == ["six"]
    assert b"six-1.17.0-py3-none-any.whl#sha256=" in html(connection, "six")


def test_a_new_project_appears_on_the_root_page(connection: Connection, add_file: AddFile) -> None:
    add_file()
    publish(connection, NOW)
    assert b'<a href="six/">' in html(connection, ROOT)


def test_the_root_page_is_left_alone_when_no_project_is_new(connection: Connection, add_file: AddFile) -> None:
    add_file()
    publish(connection, NOW)
    add_file("six-1.18.0-py3-none-any.whl")
    publish(connection, NOW + 5)
    assert connection.execute(select(pages.c.published).where(pages.c.package == ROOT)).scalar_one() == NOW


def test_files_are_stamped_with_the_time_of_publication(connection: Connection, add_file: AddFile) -> None:
    add_file()
    publish(connection, NOW)
    assert connection.execute(select(files.c.published)).scalar_one() == NOW


def test_each_file_is_told_of_once(connection: Connection, add_file: AddFile) -> None:
    add_file()
    publish(connection, NOW)
    add_file("six-1.18.0-py3-none-any.whl")
    publish(connection, NOW + 5)
    told = [one.event for one in after(connection, 0)]
    assert [getattr(event, "filename", None) for event in told] == [
        "six-1.17.0-py3-none-any.whl",
        "six-1.18.0-py3-none-any.whl",
    ]


def test_nothing_dirty_publishes_nothing(connection: Connection) -> None:
    assert publish(connection, NOW) == []
    assert after(connection, 0) == []


def test_a_published_project_is_clean_again(connection: Connection, add_file: AddFile) -> None:
    add_file()
    publish(connection, NOW)
    assert connection.execute(select(dirty_pages)).all() == []


def test_a_project_that_lost_its_last_file_loses_its_page(connection: Connection, add_file: AddFile) -> None:
    add_file()
    publish(connection, NOW)
    connection.execute(delete(files))
    connection.execute(insert(dirty_pages).values(package="six", since=NOW))
    publish(connection, NOW + 5)
    assert connection.scalars(select(pages.c.package)).all() == [ROOT]
    assert b"six" not in html(connection, ROOT)


def test_a_batch_takes_the_longest_waiting_first(connection: Connection, add_file: AddFile) -> None:
    add_file("wrapt-2.0-py3-none-any.whl", uploaded=5.0)
    add_file("six-1.17.0-py3-none-any.whl", uploaded=9.0)
    assert [publish(connection, NOW, limit=1) for _ in range(3)] == [["wrapt"], ["six"], []]


def test_pages_and_their_tags_belong_together(connection: Connection, add_file: AddFile) -> None:
    add_file()
    publish(connection, NOW)
    before = connection.execute(select(pages.c.etag).where(pages.c.package == "six")).scalar_one()
    add_file("six-1.18.0-py3-none-any.whl")
    publish(connection, NOW)
    assert connection.execute(select(pages.c.etag).where(pages.c.package == "six")).scalar_one() != before
