"""Messages in the store's queues: put them, look at them, delete them.

Plain functions of a transaction's connection and the time; `paging` shows messages in order, `taking` gives them to
somebody, `queues` knows the queues.  A message that has expired is never seen, and is deleted by `sweeping`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, and_, bindparam, insert, select, text
from sqlalchemy import delete as delete_from

from buildyard.farm.queue.base import (
    BadMessage,
    ClaimNotFound,
    Message,
    MessageClaimed,
    MessageId,
    MessageNotClaimed,
    NewMessage,
)
from buildyard.farm.queue.queues import Found, channel, ensure, find
from buildyard.farm.store.base import wake
from buildyard.farm.store.tables import claims, messages

_to_json: Final = msgspec.json.Encoder().encode
_from_json: Final = msgspec.json.Decoder().decode

#: Most ids in one statement; both databases allow some 32,000 parameters.
_CHUNK: Final = 5_000

#: The greatest row number of both databases.
_GREATEST: Final = 2**63 - 1

#: The first of two numbers that name, on PostgreSQL, the lock on the order of one queue; its row number is the second.
_ORDER_LOCK: Final = 72_134

# Statements are built once: building one costs several times its execution.
IS_ALIVE: Final = and_(messages.c.queue_id == bindparam("number"), messages.c.expires > bindparam("now"))
_HAS_ID: Final = messages.c.id.in_(bindparam("ids", expanding=True))

_PUT = insert(messages).returning(messages.c.id, sort_by_parameter_order=True)
_TAKE_ORDER = text("SELECT pg_advisory_xact_lock(:lock, CAST(:number AS integer))")
_BY_ID = select(messages).where(IS_ALIVE, _HAS_ID).order_by(messages.c.id)
_EXIST = select(messages.c.id).where(_HAS_ID)
_DELETE = delete_from(messages).where(_HAS_ID)
_CLAIM_LIVES = select(claims.c.id).where(
    claims.c.id == bindparam("claim"), claims.c.queue_id == bindparam("number"), claims.c.expires > bindparam("now")
)


def put(
    connection: Connection,
    now: float,
    project: str,
    queue: str,
    messages: Sequence[NewMessage],
    client_id: str = "",
) -> list[int]:
    """Return the row numbers of these messages, in order; makes the queue if need be, and wakes its channel."""
    if not messages:
        return []
    found = ensure(connection, now, project, queue)
    ids = put_rows(connection, found, [_row(found, message, now, client_id) for message in messages])
    wake(connection, channel(project, queue))
    return ids


def put_rows(connection: Connection, found: Found, rows: list[dict[str, Any]]) -> list[int]:
    """Return the numbers of new rows of this queue, in order: ascending, and on both databases as they commit."""
    if connection.dialect.name == "postgresql":
        # Numbers are given before the commit there: without the lock, a reader that has seen number 5 might have
        # passed number 4, which another transaction has yet to commit.
        connection.execute(_TAKE_ORDER, {"lock": _ORDER_LOCK, "number": found.number})
    return list(connection.execute(_PUT, rows).scalars())


def get(connection: Connection, now: float, project: str, queue: str, ids: Sequence[MessageId]) -> list[Message]:
    """Return those of these messages that are there, claimed or not, in the queue's order."""
    found = find(connection, project, queue)
    if found is None:
        return []
    return [message_of(row, now) for row in _rows(connection, now, found, ids)]


def delete(
    connection: Connection, now: float, project: str, queue: str, message_id: MessageId, *, claim_id: str | None = None
) -> None:
    """Delete a message, if it is there; one that is claimed only with the id of its claim.

    Raises `MessageClaimed`, `MessageNotClaimed` and `ClaimNotFound`.
    """
    found = find(connection, project, queue)
    rows = _rows(connection, now, found, [message_id]) if found is not None else []
    if found is None or not rows:
        return
    message = message_of(rows[0], now)
    if claim_id is not None:
        _check_claim(connection, now, found, message, claim_id)
    elif message.claim_id is not None:
        raise MessageClaimed(message_id)
    delete_messages(connection, [rows[0].id])


def delete_many(
    connection: Connection,
    now: float,
    project: str,
    queue: str,
    ids: Sequence[MessageId],
    *,
    claim_ids: Sequence[str] | None = None,
) -> None:
    """Delete those of these messages that are there.

    As Zaqar does, without looking at claims; with ``claim_ids``, a claimed message only if its claim is named.
    """
    going = get(connection, now, project, queue, ids)
    if claim_ids is not None:
        allowed = {None, *claim_ids}
        going = [message for message in going if message.claim_id in allowed]
    delete_messages(connection, [number for message in going if (number := row_number(message.id)) is not None])


def delete_messages(connection: Connection, ids: Sequence[int]) -> None:
    """Delete messages by their row numbers, whatever their queue and whoever holds them."""
    for some in _chunks(ids):
        connection.execute(_DELETE, {"ids": some})


def exists(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Return which of these row numbers are messages, expired ones that were not swept yet among them."""
    return {number for some in _chunks(ids) for number in connection.execute(_EXIST, {"ids": some}).scalars()}


def message_of(row: Row[Any], now: float) -> Message:
    """Return the message of a whole row of the table."""
    return Message(
        id=row.id,
        body=_from_json(row.body),
        # Not the column: a claim prolongs a message that would not outlive it.
        ttl=round(row.expires - row.created),
        created=row.created,
        age=max(0.0, now - row.created),
        claim_id=row.claim_id if row.claim_id is not None and row.claim_expires > now else None,
        claim_count=row.claim_count,
        client_id=row.client_id,
    )


def row_number(message_id: MessageId) -> int | None:
    """Return the row number that this id means; None for an id that no message can have."""
    if isinstance(message_id, str):
        if not (message_id.isascii() and message_id.isdigit() and len(message_id) <= 19):
            return None
        message_id = int(message_id)
    return message_id if 0 <= message_id <= _GREATEST else None


def _row(found: Found, message: NewMessage, now: float, client_id: str) -> dict[str, Any]:
    ttl = message.ttl if message.ttl is not None else found.policy.ttl
    delay = message.delay if message.delay is not None else found.policy.delay
    return {
        "queue_id": found.number,
        "body": _body(message),
        "ttl": ttl,
        "client_id": client_id,
        "created": now,
        "visible_at": now + delay,
        "expires": now + ttl,
    }


def _body(message: NewMessage) -> str:
    try:
        return _to_json(message.body).decode()
    except (TypeError, ValueError, OverflowError) as error:
        raise BadMessage(f"a message's body is a JSON value: {error}") from error


def _rows(connection: Connection, now: float, found: Found, ids: Sequence[MessageId]) -> list[Row[Any]]:
    numbers = [number for message_id in ids if (number := row_number(message_id)) is not None]
    asked = {"number": found.number, "now": now}
    return [row for some in _chunks(numbers) for row in connection.execute(_BY_ID, {**asked, "ids": some})]


def _check_claim(connection: Connection, now: float, found: Found, message: Message, claim_id: str) -> None:
    """Raise unless this live claim holds this message."""
    lives = connection.execute(_CLAIM_LIVES, {"claim": claim_id, "number": found.number, "now": now}).first()
    if lives is None:
        raise ClaimNotFound(claim_id)
    if message.claim_id is None:
        raise MessageNotClaimed(message.id)
    if message.claim_id != claim_id:
        raise MessageClaimed(message.id)


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    ids = sorted(set(ids))
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]
