"""The builders that the hub knows: who said hello, when they were last seen, who has gone.

Transaction bodies over the ``builders`` table.  A builder is seen when it says hello, asks for work or renews a claim;
one that is silent for too long is noted as gone by the hub's timer (`expire`).  The runs it held end by themselves,
with their claims.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, func, select, update

from buildyard.farm.events import outbox
from buildyard.farm.events.schemas import BuilderLost, BuilderSeen
from buildyard.farm.store.base import wake
from buildyard.farm.store.tables import builders
from buildyard.farm.tasks.upsert import insert_new
from buildyard.farm.wire import BuilderInfo

#: Woken when a builder comes or goes.
CHANNEL: Final = "builders"
#: A builder that was seen less than this ago is not noted again.
SEEN_STEP_S: Final = 5.0
#: A builder without a word for this long is gone; longer than three long polls.
SILENT_S: Final = 90.0


def hello(connection: Connection, now: float, info: BuilderInfo) -> None:
    """Note that this builder is here, with what it tells of itself; a repeat changes nothing but when it was seen."""
    told = {
        "info": msgspec.json.encode(info).decode(),
        "platform": info.platform,
        "slots": info.slots,
        "seen": now,
        "left": None,
    }
    known = _find(connection, info.name)
    if known is None:
        insert_new(connection, builders, [{"name": info.name, "first_seen": now, **told}])
    else:
        connection.execute(update(builders).where(builders.c.name == info.name).values(told))
    if known is None or known.left is not None or known.info != told["info"]:
        _note_arrival(connection, now, info.name, info.platform, info.slots)


def goodbye(connection: Connection, now: float, name: str) -> None:
    """Note that this builder has gone; one that is unknown or gone already is no error."""
    _leave(connection, now, [name], "said goodbye")


def seen(connection: Connection, now: float, name: str) -> None:
    """Note that this builder was heard of, if it is one of those that said hello."""
    known = _find(connection, name)
    if known is None or (known.left is None and now - known.seen < SEEN_STEP_S):
        return
    connection.execute(update(builders).where(builders.c.name == name).values(seen=now, left=None))
    if known.left is not None:
        _note_arrival(connection, now, name, known.platform, known.slots)


def expire(connection: Connection, now: float, silent_s: float = SILENT_S) -> list[str]:
    """Return the names of those builders that have been silent for too long, now noted as gone."""
    silent = select(builders.c.name).where(builders.c.left.is_(None), builders.c.seen <= now - silent_s)
    names = list(connection.execute(silent.order_by(builders.c.name)).scalars())
    _leave(connection, now, names, f"went silent {silent_s:.0f} s ago")
    return names


def next_silent(connection: Connection, silent_s: float = SILENT_S) -> float | None:
    """Return when the builder that was seen longest ago would be gone; ``None`` where none is here."""
    oldest = connection.execute(select(func.min(builders.c.seen)).where(builders.c.left.is_(None))).scalar()
    return None if oldest is None else float(oldest) + silent_s


def _leave(connection: Connection, now: float, names: list[str], reason: str) -> None:
    is_here = builders.c.name.in_(names) & builders.c.left.is_(None)
    leave = update(builders).where(is_here).values(left=now).returning(builders.c.name)
    left = list(connection.execute(leave).scalars())
    if left:
        outbox.record(connection, now, [BuilderLost(builder=name, reason=reason) for name in left])
        wake(connection, CHANNEL)


def _note_arrival(connection: Connection, now: float, name: str, platform: str, slots: int) -> None:
    outbox.record(connection, now, [BuilderSeen(builder=name, platform=platform, slots=slots)])
    wake(connection, CHANNEL)


def _find(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(builders).where(builders.c.name == name)).one_or_none()
