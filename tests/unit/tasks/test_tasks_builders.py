from __future__ import annotations

from dataclasses import dataclass

import pytest
from msgspec import structs
from sqlalchemy import Connection, select

from buildyard.farm.store.tables import builders as rows
from buildyard.farm.tasks import builders
from buildyard.farm.wire import BuilderInfo
from support.tasks import NOW, topics

INFO = BuilderInfo(
    name="yard-1",
    worker_group="here",
    platform="linux_x86_64",
    slots=2,
    interpreters=(),
    sandbox="bubblewrap",
    version="0.1",
)


@dataclass
class Seen:
    first_seen: float
    seen: float
    left: float | None


def row(connection: Connection) -> Seen:
    return Seen(*connection.execute(select(rows.c.first_seen, rows.c.seen, rows.c.left)).one())


def test_a_builder_that_says_hello_is_known(connection: Connection) -> None:
    builders.hello(connection, NOW, INFO)
    assert row(connection) == Seen(NOW, NOW, None)
    assert topics(connection) == ["builder.seen"]


def test_a_second_hello_is_no_news(connection: Connection) -> None:
    builders.hello(connection, NOW, INFO)
    builders.hello(connection, NOW + 9, INFO)
    assert row(connection) == Seen(NOW, NOW + 9, None)
    assert topics(connection) == ["builder.seen"]


def test_a_builder_that_has_changed_is_news(connection: Connection) -> None:
    builders.hello(connection, NOW, INFO)
    builders.hello(connection, NOW, structs.replace(INFO, slots=4))
    assert connection.execute(select(rows.c.slots)).scalar_one() == 4
    assert topics(connection) == ["builder.seen", "builder.seen"]


def test_goodbye_is_told_once(connection: Connection) -> None:
    builders.hello(connection, NOW, INFO)
    builders.goodbye(connection, NOW + 5, "yard-1")
    builders.goodbye(connection, NOW + 6, "yard-1")
    assert row(connection).left == NOW + 5
    assert topics(connection) == ["builder.seen", "builder.lost"]


def test_an_unknown_builder_may_say_goodbye(connection: Connection) -> None:
    builders.goodbye(connection, NOW, "nobody")
    assert topics(connection) == []


def test_a_builder_that_comes_back_is_news(connection: Connection) -> None:
    builders.hello(connection, NOW, INFO)
    builders.goodbye(connection, NOW, "yard-1")
    builders.hello(connection, NOW + 1, INFO)
    assert row(connection) == Seen(NOW, NOW + 1, None)
    assert topics(connection) == ["builder.seen", "builder.lost", "builder.seen"]


def test_a_silent_builder_is_lost_once(connection: Connection) -> None:
    builders.hello(connection, NOW, INFO)
    assert builders.expire(connection, NOW + 89) == []
    assert builders.expire(connection, NOW + 90) == ["yard-1"]
    assert builders.expire(connection, NOW + 91) == []
    assert topics(connection) == ["builder.seen", "builder.lost"]


def test_a_silent_builder_is_due_and_a_gone_one_is_not(connection: Connection) -> None:
    assert builders.next_silent(connection) is None
    builders.hello(connection, NOW, INFO)
    assert builders.next_silent(connection) == NOW + 90
    builders.goodbye(connection, NOW, "yard-1")
    assert builders.next_silent(connection) is None


def test_a_word_from_a_builder_keeps_it(connection: Connection) -> None:
    builders.hello(connection, NOW, INFO)
    builders.seen(connection, NOW + 60, "yard-1")
    assert builders.expire(connection, NOW + 100) == []


def test_a_word_from_a_lost_builder_brings_it_back(connection: Connection) -> None:
    builders.hello(connection, NOW, INFO)
    builders.expire(connection, NOW + 100)
    builders.seen(connection, NOW + 101, "yard-1")
    assert row(connection).left is None
    assert topics(connection)[-1] == "builder.seen"


@pytest.mark.parametrize(("after", "noted"), [(4.9, NOW), (5.0, NOW + 5.0)])
def test_words_in_quick_succession_are_noted_once(connection: Connection, after: float, noted: float) -> None:
    builders.hello(connection, NOW, INFO)
    builders.seen(connection, NOW + after, "yard-1")
    assert row(connection).seen == noted


def test_a_worker_that_never_said_hello_is_no_builder(connection: Connection) -> None:
    builders.seen(connection, NOW, "generic-worker")
    assert topics(connection) == []
