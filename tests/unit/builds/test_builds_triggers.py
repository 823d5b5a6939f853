"""Triggers: which messages ask for what, and that one which comes twice asks once."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from buildyard.farm.builds import triggers
from buildyard.farm.builds.enqueue import Asked
from buildyard.farm.builds.trigger_rules import MAX_REQUIREMENTS, NotARequest, Rule
from buildyard.farm.bus_settings import Trigger
from buildyard.farm.store.tables import requests, triggered
from support.stores import memory_connection

NOW = 1_800_000_000.0


def asked(body: Any, **rule: Any) -> Asked | None:
    trigger = Trigger(**({"name": "new-release", "exchange": "amq.topic", "requirements": "body.name"} | rule))
    said = {"topic": "index.release", "exchange": "amq.topic", "headers": {"severity": 20}, "body": body}
    return Rule(trigger).asked(said)


def requirements(body: Any, expression: str = "body.name") -> tuple[str, ...]:
    found = asked(body, requirements=expression)
    return () if found is None else found.requirements


def test_a_message_asks_for_what_the_expression_selects_as_the_trigger() -> None:
    assert asked({"name": "six"}, abis=("cp312",), deps=False) == Asked(
        requirements=("six",), abis=("cp312",), deps=False, asked_by="new-release"
    )


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("join('==', [body.name, body.version])", ("six==1.16.0",)),
        ("body.packages[?new].name", ("attrs", "idna")),
        ("body.nothing", ()),
        ("body.none", ()),
        ("topic", ("index.release",)),
    ],
)
def test_expressions_select_from_the_whole_message(expression: str, found: tuple[str, ...]) -> None:
    body = {
        "name": "six",
        "version": "1.16.0",
        "none": [],
        "packages": [{"name": "attrs", "new": True}, {"name": "old", "new": False}, {"name": "idna", "new": True}],
    }
    assert requirements(body, expression) == found


@pytest.mark.parametrize(
    ("when", "does"),
    [
        ("body.state == 'done'", True),
        ("body.state == 'begun'", False),
        ("headers.severity >= `20`", True),
        ("starts_with(topic, 'koji.')", False),
        ("body.missing", False),
    ],
)
def test_only_messages_for_which_the_condition_is_true_ask(when: str, does: bool) -> None:
    assert (asked({"name": "six", "state": "done"}, when=when) is not None) is does


@pytest.mark.parametrize(
    "name",
    [
        5,
        ["six", None],
        "six @ https://example.com/six.tar.gz",
        "not a requirement!",
        "",
        ["a"] * (MAX_REQUIREMENTS + 1),
    ],
    ids=["number", "null", "address", "text", "empty", "too many"],
)
def test_what_is_no_requirement_is_refused(name: Any) -> None:
    with pytest.raises(NotARequest):
        asked({"name": name})


def test_a_function_that_the_message_does_not_suit_is_refused_in_its_own_words() -> None:
    with pytest.raises(NotARequest, match="invalid type"):
        asked({"name": 5}, when="starts_with(body.name, 'a')")


def count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(requests)).scalar_one()


def release(name: str = "new-release") -> Asked:
    return Asked(requirements=("six",), asked_by=name)


def test_a_message_that_comes_twice_asks_once() -> None:
    with memory_connection() as connection:
        first = triggers.take(connection, NOW, "an-id", release())
        assert first is not None
        assert triggers.take(connection, NOW + 60, "an-id", release()) is None
        assert count(connection) == 1


def test_other_messages_and_other_triggers_ask_for_themselves() -> None:
    with memory_connection() as connection:
        for message_id, name in (("a", "one"), ("b", "one"), ("a", "two"), (None, "one"), (None, "one")):
            assert triggers.take(connection, NOW, message_id, release(name)) is not None
        assert count(connection) == 5


def test_messages_that_no_broker_gives_again_are_forgotten() -> None:
    with memory_connection() as connection:
        triggers.take(connection, NOW, "old", release())
        triggers.take(connection, NOW + 60, "new", release())
        triggers.forget(connection, NOW + triggers.REMEMBERED_S + 30)
        assert list(connection.execute(select(triggered.c.message_id)).scalars()) == ["new"]
