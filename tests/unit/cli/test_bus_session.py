"""The configuration with options over it, and what is told while a command runs."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from buildyard.cli.bus import session
from buildyard.cli.screen import Screen
from buildyard.cli.trouble import Trouble
from buildyard.messaging.config import conf
from buildyard.messaging.exceptions import ConnectionException, ValidationError
from buildyard.messaging.signals import connection_state_signal, invalid_message_signal

TWO_QUEUES = """
[queues.a]
durable = true
auto_delete = false
exclusive = false
arguments = {}
[queues.b]
durable = true
auto_delete = false
exclusive = false
arguments = {}
[[bindings]]
queue = "a"
exchange = "one"
routing_keys = ["x"]
[[bindings]]
queue = "b"
exchange = "two"
routing_keys = ["y", "z"]
"""


@pytest.fixture(autouse=True)
def configuration() -> Iterator[None]:
    """The configuration of this process, put back afterwards."""
    conf.load_config()
    before = conf.copy()
    yield
    conf.update(before)


@pytest.fixture
def screen() -> Screen:
    return Screen(io.StringIO(), io.StringIO(), {}, color="never")


def said(screen: Screen) -> str:
    assert isinstance(screen.stderr, io.StringIO)
    return screen.stderr.getvalue()


def test_options_stand_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "bus.toml").write_text('amqp_url = "amqp://file"\n[client_properties]\napp = "file"\n')
    session.configure(tmp_path / "bus.toml", "amqp://option", "named", exchange="ex")
    assert (conf["amqp_url"], conf["client_properties"]["app"], conf["publish_exchange"]) == (
        "amqp://option",
        "named",
        "ex",
    )


@pytest.mark.parametrize(
    ("text", "told"), [("x = ", "cannot be read"), ("colour = 1", "no setting colour"), ("queues = 1", "queues")]
)
def test_file_that_cannot_be_used_says_why(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "bus.toml").write_text(text)
    with pytest.raises(Trouble, match=told) as caught:
        session.configure(tmp_path / "bus.toml")
    assert caught.value.exit_code == 2


def test_routing_keys_and_exchange_stand_over_those_of_every_binding(tmp_path: Path) -> None:
    (tmp_path / "bus.toml").write_text(TWO_QUEUES)
    session.configure(tmp_path / "bus.toml")
    bindings, queues = session.places(["k"], None, "ex")
    assert [(one["queue"], one["exchange"], one["routing_keys"]) for one in bindings] == [
        ("a", "ex", ["k"]),
        ("b", "ex", ["k"]),
    ]
    assert list(queues) == ["a", "b"]


def test_queue_name_stands_for_the_one_queue_that_there_is() -> None:
    bindings, queues = session.places(None, "mine", None)
    assert queues == {"mine": conf["queues"][""]}
    assert [one["queue"] for one in bindings] == ["mine"]


def test_queue_name_is_refused_where_there_are_several(tmp_path: Path) -> None:
    (tmp_path / "bus.toml").write_text(TWO_QUEUES)
    session.configure(tmp_path / "bus.toml")
    with pytest.raises(Trouble, match="stands for one queue"):
        session.places(None, "mine", None)


def test_an_outage_is_told_once_and_so_is_its_end(screen: Screen) -> None:
    with session.watched(screen):
        for state in ("connecting", "connected", "disconnected", "connecting", "disconnected", "connected", "closed"):
            connection_state_signal.send(None, state=state, error=ConnectionException(reason="gone"))
        logging.getLogger("buildyard.messaging").warning("not told twice")
    connection_state_signal.send(None, state="disconnected")
    assert said(screen) == "! no connection: gone\n✓ connected again\n"


def test_invalid_message_is_told_without_what_would_move_the_cursor(screen: Screen) -> None:
    with session.invalid_told(screen):
        invalid_message_signal.send(
            None, topic="a\x1b[2J", exchange="", queue="q", id=None, error=ValidationError("no\r")
        )
    assert said(screen) == "! invalid, and dropped: a�[2J: no�\n"


def test_log_config_that_is_none_is_named() -> None:
    conf["log_config"] = {"version": 5}
    with pytest.raises(Trouble, match="log_config cannot be used"):
        session.set_up_logging()
