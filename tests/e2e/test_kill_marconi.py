"""A hub that is killed between any two requests of a Marconi client keeps what it said: posts are there, deletes stay.

One queue and its model live through all kills of a database; each step is acknowledged, then the hub dies by SIGKILL,
and another has to show what the model says.  The last test kills it while many callers are at it.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import urllib3

from support.farmyard import Yard, yard
from support.marconi_hub import SETTINGS, Caller
from support.needs import missing
from support.postgresql import Cluster, PostgresqlMissing

pytestmark = pytest.mark.timeout(60)


@dataclass
class Model:
    """What the queue must hold: bodies by ids; the claim that holds some of them."""

    there: dict[str, Any] = field(default_factory=dict)
    claim: str = ""
    held: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)


@dataclass
class Life:
    """A farm with its model."""

    farm: Yard
    caller: Caller
    model: Model = field(default_factory=Model)

    def revive(self) -> None:
        """Kill the hub and start another, at the same address."""
        assert self.farm.hub is not None
        self.farm.hub.kill()
        self.farm.start_hub()


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service("postgresql"))])
def life(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """A farm on either database, both careful enough to survive a loss of power."""
    root = tmp_path_factory.mktemp("marconi") / "farm"
    if request.param == "sqlite":
        yield from _living(root, synchronous="FULL")
        return
    try:
        cluster = Cluster(fsync=True)
    except PostgresqlMissing as reason:
        missing(str(reason))
    try:
        yield from _living(root, database=cluster.database())
    finally:
        cluster.close()


def _living(root: Path, **settings: object) -> Iterator[Life]:
    with yard(root, "", **SETTINGS, **settings) as farm:
        farm.start_hub()
        caller = Caller(farm.url)
        yield Life(farm, caller)
        caller.close()


def _post(caller: Caller, model: Model, count: int) -> None:
    bodies = [next(model.numbers) for _ in range(count)]
    model.there |= dict(zip(caller.post(*bodies), bodies, strict=True))


def _claim(caller: Caller, model: Model) -> None:
    model.claim, messages = caller.claim(4, ttl=900, grace=60)
    model.held = [message["id"] for message in messages]
    assert len(model.held) == 4


def _renew(caller: Caller, model: Model) -> None:
    assert caller.ask("PATCH", model.claim, {"ttl": 1200, "grace": 60}).status == 204


def _delete_one(caller: Caller, model: Model) -> None:
    number = model.held.pop()
    claim = model.claim.rpartition("/")[2]
    assert caller.ask("DELETE", f"/v2/queues/q/messages/{number}?claim_id={claim}").status == 204
    del model.there[number]


def _delete_many(caller: Caller, model: Model) -> None:
    going = [model.held.pop(), model.held.pop()]
    assert caller.ask("DELETE", f"/v2/queues/q/messages?ids={','.join(going)}").status == 204
    for number in going:
        del model.there[number]


def _release(caller: Caller, model: Model) -> None:
    assert caller.ask("DELETE", model.claim).status == 204
    model.claim, model.held = "", []


def _pop(caller: Caller, model: Model) -> None:
    popped = caller.ask("DELETE", "/v2/queues/q/messages?pop=2").json()["messages"]
    assert len(popped) == 2
    for message in popped:
        del model.there[message["id"]]


def _purge(caller: Caller, model: Model) -> None:
    assert caller.ask("POST", "/v2/queues/q/purge").status == 204
    model.there = {}


#: In order; each finds what the one before it left.
STEPS: dict[str, Callable[[Caller, Model], None]] = {
    "post-one": lambda caller, model: _post(caller, model, 1),
    "post-twelve": lambda caller, model: _post(caller, model, 12),
    "claim": _claim,
    "renew": _renew,
    "delete-with-claim": _delete_one,
    "bulk-delete": _delete_many,
    "release": _release,
    "pop": _pop,
    "purge": _purge,
}


@pytest.mark.parametrize("step", STEPS)
def test_what_was_acknowledged_holds_after_the_hub_is_killed(life: Life, step: str) -> None:
    STEPS[step](life.caller, life.model)
    life.revive()

    model = life.model
    assert life.caller.there() == model.there
    told = life.caller.ask("GET", "/v2/queues/q/stats").json()["messages"]
    assert (told["claimed"], told["total"]) == (len(model.held), len(model.there))
    if model.claim:
        held = life.caller.ask("GET", model.claim).json()
        assert sorted(message["id"] for message in held["messages"]) == sorted(model.held)
        assert held["ttl"] == (900 if step == "claim" else 1200)


def test_nothing_acknowledged_is_lost_when_the_hub_is_killed_under_load(life: Life) -> None:
    """An unanswered request may have been done or not; an answered one has."""
    over = threading.Event()
    logs = [Log(over) for _ in range(4)]
    threads = [threading.Thread(target=log.work, args=(life.farm.url, number)) for number, log in enumerate(logs)]
    for thread in threads:
        thread.start()
    time.sleep(1.5)
    life.revive()
    over.set()
    for thread in threads:
        thread.join(20)

    there = life.caller.there("busy")
    posted = {number for log in logs for number in log.posted}
    deleted = {number for log in logs for number in log.deleted}
    in_doubt = {number for log in logs for number in log.in_doubt}
    assert len(posted) > 20
    assert deleted
    assert there.keys() >= posted - deleted - in_doubt
    assert not there.keys() & deleted


@dataclass
class Log:
    """What one caller was told until its hub died."""

    over: threading.Event
    posted: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    in_doubt: list[str] = field(default_factory=list)  #: a delete that nobody answered

    def work(self, url: str, number: int) -> None:
        """Post, claim and delete until the hub is gone, or another has come."""
        caller = Caller(url, client_id=f"{number:032x}")
        try:
            while not self.over.is_set():
                self.posted += caller.post(1, 2, 3, queue="busy")
                _, messages = caller.claim(2, queue="busy", ttl=900, grace=60)
                self.in_doubt = [message["id"] for message in messages]
                ids = ",".join(self.in_doubt)
                assert not ids or caller.ask("DELETE", f"/v2/queues/busy/messages?ids={ids}").status == 204
                self.deleted += self.in_doubt
                self.in_doubt = []
        except urllib3.exceptions.HTTPError:
            pass
        finally:
            caller.close()
