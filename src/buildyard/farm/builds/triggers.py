"""Requests that bus messages make, once each however often a message comes: transactions over ``triggered``.

`triggered` next door calls them, with what `trigger_rules` has found in a message.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, delete, insert, select

from buildyard.farm.builds.enqueue import Asked, ask
from buildyard.farm.store.tables import triggered

#: For so long it is remembered that a message was asked for; no broker waits as long before it gives one again.
REMEMBERED_S: Final = 14 * 86400.0


def take(connection: Connection, now: float, message_id: str | None, asked: Asked) -> int | None:
    """Return the number of the request that this message makes; None where it has made one already.

    A message without an id cannot be known again, and makes one each time it comes.
    """
    if message_id is None:
        return ask(connection, now, asked)
    its_row = (triggered.c.message_id == message_id) & (triggered.c.name == asked.asked_by)
    if connection.execute(select(triggered.c.at).where(its_row)).first() is not None:
        return None
    number = ask(connection, now, asked)
    # Of two hubs that were given the same message the second fails here, is run again, and finds the first one's row.
    row = {"message_id": message_id, "name": asked.asked_by, "request_id": number, "at": now}
    connection.execute(insert(triggered), row)
    return number


def forget(connection: Connection, now: float) -> None:
    """Forget messages that will not come again."""
    connection.execute(delete(triggered).where(triggered.c.at < now - REMEMBERED_S))
