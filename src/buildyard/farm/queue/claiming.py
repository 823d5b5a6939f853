"""A claim's life after it was made (`taking.claim`): look at it, renew it, release it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, and_, bindparam, delete, select, update

from buildyard.farm.queue.base import DEFAULT_CLAIM_TTL, DEFAULT_GRACE, Claim, ClaimNotFound, check_amounts
from buildyard.farm.queue.in_order import NOW
from buildyard.farm.queue.messages import CLAIM_LIVES, SHOWN, message_of
from buildyard.farm.queue.queues import NUMBER_OF_NAME, channel
from buildyard.farm.queue.taking import ENDS, FREED, GRACE, PROLONGED
from buildyard.farm.store.base import wake
from buildyard.farm.store.prepared import Prepared
from buildyard.farm.store.tables import claims, messages

# A claim and its messages have the same end, by which these are found (`tables.messages` says why).  So messages are
# changed first, while the claim still has the end that they have.
_END_OF_CLAIM: Final = select(claims.c.expires).where(CLAIM_LIVES).scalar_subquery()
_HELD: Final = and_(
    messages.c.queue_id == NUMBER_OF_NAME,
    messages.c.claim_id.is_not(None),
    messages.c.claim_expires == _END_OF_CLAIM,
    messages.c.claim_id == bindparam("claim"),
)
_LOOK = Prepared(select(claims.c.ttl, claims.c.grace, claims.c.created).where(CLAIM_LIVES))
_MESSAGES = Prepared(select(*SHOWN).where(_HELD, messages.c.expires > NOW).order_by(messages.c.id))
_RENEW_MESSAGES = Prepared(update(messages).where(_HELD).values(claim_expires=ENDS, expires=PROLONGED))
_RENEW = Prepared(
    update(claims)
    .where(CLAIM_LIVES)
    .values(ttl=bindparam("ttl"), grace=GRACE, created=NOW, expires=ENDS)
    .returning(claims.c.id)
)
_FREE_MESSAGES = Prepared(update(messages).where(_HELD).values(FREED))
_END = Prepared(delete(claims).where(CLAIM_LIVES).returning(claims.c.id))


def get_claim(connection: Connection, now: float, project: str, queue: str, claim_id: str) -> Claim:
    """Return the claim with the messages that it still holds.  Raises `ClaimNotFound`."""
    asked = {"now": now, "project": project, "queue": queue, "claim": claim_id}
    row = _LOOK.first(connection, **asked)
    if row is None:
        raise ClaimNotFound(claim_id)
    ttl, grace, created = row
    held = tuple(message_of(row, now) for row in _MESSAGES.rows(connection, **asked))
    return Claim(id=claim_id, ttl=ttl, grace=grace, created=created, age=max(0.0, now - created), messages=held)


def renew(
    connection: Connection,
    now: float,
    project: str,
    queue: str,
    claim_id: str,
    *,
    ttl: int = DEFAULT_CLAIM_TTL,
    grace: int = DEFAULT_GRACE,
) -> None:
    """Hold the claim's messages for ``ttl`` seconds from now.  Raises `ClaimNotFound` and `BadAmount`."""
    check_amounts(ttl=ttl, grace=grace)
    asked = {"now": now, "project": project, "queue": queue, "claim": claim_id}
    _RENEW_MESSAGES.rows(connection, **asked, grace=grace, ends=now + ttl)
    if not _RENEW.rows(connection, **asked, ttl=ttl, grace=grace, ends=now + ttl):
        raise ClaimNotFound(claim_id)


def release(connection: Connection, now: float, project: str, queue: str, claim_id: str) -> None:
    """Let go of the claim's messages, if it still holds any: they are free at once."""
    asked = {"now": now, "project": project, "queue": queue, "claim": claim_id}
    _FREE_MESSAGES.rows(connection, **asked)
    if _END.rows(connection, **asked):
        wake(connection, channel(project, queue))
