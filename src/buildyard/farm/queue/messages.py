"""Messages in the store's queues: put them, look at them, delete them.

Plain functions of a transaction's connection and the time; `paging` shows messages in order, `taking` gives them to
somebody, `queues` knows the queues.  A message that has expired is never seen, and is deleted by `sweeping`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, bindparam, insert, or_, select
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
from buildyard.farm.queue.in_order import NOW
from buildyard.farm.queue.queues import NUMBER_OF_NAME, Found, channel, ensure
from buildyard.farm.store.base import wake
from buildyard.farm.store.prepared import DriverRow, Prepared, is_one_of
from buildyard.farm.store.tables import claims, messages

_to_json: Final = msgspec.json.Encoder().encode
_from_json: Final = msgspec.json.Decoder().decode

#: Most messages in one statement.  There is a statement for each number up to this, so it is no large one.
_CHUNK: Final = 20

#: The greatest row number of both databases.
_GREATEST: Final = 2**63 - 1


#: In the queue of this name, and not expired.
IS_THERE: Final = and_(messages.c.queue_id == NUMBER_OF_NAME, messages.c.expires > NOW)
#: The claim of this id, if it is one of the queue of this name and has not ended.
CLAIM_LIVES: Final = and_(
    claims.c.id == bindparam("claim"), claims.c.queue_id == NUMBER_OF_NAME, claims.c.expires > NOW
)
_IS_HELD: Final = and_(messages.c.claim_id == bindparam("claim"), messages.c.claim_expires > NOW)
IS_NOT_HELD: Final = or_(messages.c.claim_id.is_(None), messages.c.claim_expires <= NOW)


class ShownRow(NamedTuple):
    """What is shown of a message, as its columns hold it."""

    id: int
    body: str  #: JSON text
    created: float
    expires: float
    claim_id: str | None  #: who holds it, or did when nobody has noted the end yet
    claim_expires: float | None
    claim_count: int
    client_id: str


SHOWN: Final = tuple(messages.c[field] for field in ShownRow._fields)

HAS_ID: Final = is_one_of(messages.c.id, "ids")
_BY_ID = Prepared(select(*SHOWN).where(IS_THERE, HAS_ID).order_by(messages.c.id))
_EXIST = Prepared(select(messages.c.id).where(HAS_ID))
_CLAIM_LIVES = Prepared(select(claims.c.id).where(CLAIM_LIVES))


def _delete(*conditions: ColumnElement[bool]) -> Prepared:
    return Prepared(delete_from(messages).where(*conditions).returning(messages.c.id))


_IS_THIS: Final = messages.c.id == bindparam("number")
_DELETE_FREE = _delete(_IS_THIS, IS_THERE, IS_NOT_HELD)
_DELETE_CLAIMED = _delete(_IS_THIS, IS_THERE, _IS_HELD)
_DELETE_ANY = _delete(HAS_ID, IS_THERE)
_DELETE_ALLOWED = _delete(HAS_ID, IS_THERE, or_(IS_NOT_HELD, is_one_of(messages.c.claim_id, "claims")))
_DELETE_ROWS = Prepared(delete_from(messages).where(HAS_ID))


class NewRow(NamedTuple):
    """A message about to become a row of its queue."""

    body: str  #: JSON text
    ttl: int
    client_id: str
    visible_at: float
    expires: float


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
    ids = put_rows(connection, now, found, [row_of(found, message, now, client_id) for message in messages])
    wake(connection, channel(project, queue))
    return ids


def put_rows(connection: Connection, now: float, found: Found, rows: Sequence[NewRow]) -> list[int]:
    """Return the numbers of new rows of this queue, in order: ascending, and on both databases as they commit."""
    numbers: list[int] = []
    for start in range(0, len(rows), _CHUNK):
        some = rows[start : start + _CHUNK]
        statement, names = _put(len(some))
        values = zip(names, chain.from_iterable(some), strict=True)
        numbers += sorted(statement.column(connection, number=found.number, now=now, **dict(values)))
    return numbers


@cache
def _put(count: int) -> tuple[Prepared, list[str]]:
    """Return the statement that puts so many rows, and the names of its parameters, row by row."""
    same = {"queue_id": bindparam("number"), "created": NOW}
    rows = [{field: f"{field}_{at}" for field in NewRow._fields} for at in range(count)]
    values = [same | {field: bindparam(name) for field, name in row.items()} for row in rows]
    names = [name for row in rows for name in row.values()]
    return Prepared(insert(messages).values(values).returning(messages.c.id)), names


def get(connection: Connection, now: float, project: str, queue: str, ids: Sequence[MessageId]) -> list[Message]:
    """Return those of these messages that are there, claimed or not, in the queue's order."""
    rows = _BY_ID.rows(connection, now=now, project=project, queue=queue, ids=row_numbers(ids))
    return [message_of(row, now) for row in rows]


def delete(
    connection: Connection, now: float, project: str, queue: str, message_id: MessageId, *, claim_id: str | None = None
) -> None:
    """Delete a message, if it is there; one that is claimed only with the id of its claim.

    Raises `MessageClaimed`, `MessageNotClaimed` and `ClaimNotFound`.
    """
    number = row_number(message_id)
    if number is None:
        return
    asked = {"now": now, "project": project, "queue": queue, "number": number}
    if claim_id is None:
        deleted = _DELETE_FREE.rows(connection, **asked)
    else:
        deleted = _DELETE_CLAIMED.rows(connection, **asked, claim=claim_id)
    if not deleted:
        _explain(connection, now, project, queue, message_id, claim_id)


def _explain(
    connection: Connection, now: float, project: str, queue: str, message_id: MessageId, claim_id: str | None
) -> None:
    """Raise what kept a message from being deleted, unless it is that there is none."""
    kept = get(connection, now, project, queue, [message_id])
    if not kept:
        return
    if claim_id is None:
        raise MessageClaimed(message_id)
    if not _CLAIM_LIVES.rows(connection, now=now, project=project, queue=queue, claim=claim_id):
        raise ClaimNotFound(claim_id)
    raise MessageNotClaimed(message_id) if kept[0].claim_id is None else MessageClaimed(message_id)


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
    asked = {"now": now, "project": project, "queue": queue, "ids": row_numbers(ids)}
    if claim_ids is None:
        _DELETE_ANY.rows(connection, **asked)
    else:
        _DELETE_ALLOWED.rows(connection, **asked, claims=list(claim_ids))


def delete_messages(connection: Connection, ids: Sequence[int]) -> None:
    """Delete messages by their row numbers, whatever their queue and whoever holds them."""
    if ids:
        _DELETE_ROWS.rows(connection, ids=ids)


def exists(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Return which of these row numbers are messages, expired ones that were not swept yet among them."""
    return set(_EXIST.column(connection, ids=ids)) if ids else set()


def message_of(row: DriverRow, now: float) -> Message:
    """Return the message of a row of `SHOWN`."""
    number, body, created, expires, claim_id, claim_expires, claim_count, client_id = row  # a `ShownRow`
    return Message(
        id=number,
        body=_from_json(body),
        # Not the column: a claim prolongs a message that would not outlive it.
        ttl=round(expires - created),
        created=created,
        age=max(0.0, now - created),
        claim_id=claim_id if claim_id is not None and claim_expires > now else None,
        claim_count=claim_count,
        client_id=client_id,
    )


def row_number(message_id: MessageId) -> int | None:
    """Return the row number that this id means; None for an id that no message can have."""
    if isinstance(message_id, str):
        if not (message_id.isascii() and message_id.isdigit() and len(message_id) <= 19):
            return None
        message_id = int(message_id)
    return message_id if 0 <= message_id <= _GREATEST else None


def row_numbers(ids: Sequence[MessageId]) -> list[int]:
    """Return the row numbers that these ids mean, without those of ids that no message can have."""
    return [number for message_id in ids if (number := row_number(message_id)) is not None]


def row_of(found: Found, message: NewMessage, now: float, client_id: str) -> NewRow:
    """Return the row of a new message of this queue.  Raises `BadMessage` for a body that is no JSON value."""
    ttl = message.ttl if message.ttl is not None else found.policy.ttl
    delay = message.delay if message.delay is not None else found.policy.delay
    # What is not delayed can be claimed at any time: a clock that is set back must not hide it.
    visible_at = now + delay if delay else 0.0
    return NewRow(body=_body(message), ttl=ttl, client_id=client_id, visible_at=visible_at, expires=now + ttl)


def _body(message: NewMessage) -> str:
    try:
        return _to_json(message.body).decode()
    except (TypeError, ValueError, OverflowError) as error:
        raise BadMessage(f"a message's body is a JSON value: {error}") from error
