"""Delete messages over HTTP, v1.1 and v2: one, several, or the first free ones (pop)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from buildyard.farm.queue import database as queue
from buildyard.farm.queue import dropping
from buildyard.farm.queue.base import ClaimNotFound, MessageClaimed, MessageNotClaimed, Popped
from buildyard.farm.queue.http import errors
from buildyard.farm.queue.http.call import DONE, Answer, Call, answered
from buildyard.farm.queue.http.errors import Refusal, bad_request
from buildyard.farm.queue.http.ids import known_claim
from buildyard.farm.queue.http.reading import integer, names


async def delete_one(call: Call) -> Answer:
    """Delete a message; one that is claimed only with the id of its claim."""
    claim_id = call.query.get("claim_id")
    known = None if claim_id is None else known_claim(claim_id)
    try:
        await call.on_queue(queue.delete, call.item, claim_id=known)
    except MessageClaimed:
        raise Refusal(403, errors.DELETE, errors.CLAIMED) from None
    except ClaimNotFound:
        raise Refusal(400, errors.DELETE, errors.CLAIM_ENDED) from None
    except MessageNotClaimed:
        raise Refusal(400, errors.DELETE, errors.NOT_CLAIMED) from None
    return DONE


async def delete_many(call: Call) -> Answer:
    """Delete the messages of ``ids``, or pop as many as ``pop`` says."""
    ids, pop = names(call.query, "ids"), integer(call.query, "pop")
    if ids is not None and pop is not None:
        raise bad_request("pop and id params cannot be present together in the delete request.")
    if pop is not None:
        return await _pop(call, pop)
    if ids is None:
        raise bad_request(
            'The request should have either "ids" or "pop" parameter in the request, to be able to delete.'
        )
    return await drop(call, ids)


async def drop(call: Call, ids: Sequence[str]) -> Answer:
    """Delete those of these messages that nobody else holds."""
    most = call.rooms.settings.max_messages_per_page
    if not 1 <= len(ids) <= most:
        raise bad_request(f"ids parameter should have at least 1 and not greater than {most} values.")
    claim_ids = names(call.query, "claim_ids")
    if claim_ids is None and call.rooms.settings.message_delete_with_claim_id:
        raise bad_request(
            'The request should have both "ids" and "claim_ids" parameter in the request when '
            "message_delete_with_claim_id is True."
        )
    named = [known_claim(claim_id) for claim_id in claim_ids or ()]
    # Where claims have to be named, nobody is believed to be who made one.
    who = "" if call.rooms.settings.message_delete_with_claim_id else call.client_id
    await call.on_queue(dropping.drop, ids, client_id=who, claim_ids=named)
    return DONE


async def _pop(call: Call, limit: int) -> Answer:
    most = call.rooms.settings.max_messages_per_claim_or_pop
    if not 1 <= limit <= most:
        raise bad_request(f"Pop value must be at least 1 and may not be greater than {most}.")
    popped = await call.on_queue(queue.pop_one, limit)
    return answered({"messages": [_popped(call, one) for one in popped]})


def _popped(call: Call, one: Popped) -> dict[str, Any]:
    told = {"id": str(one.id), "age": int(one.age), "ttl": one.ttl, "body": one.body}
    return told | {"claim_id": None, "claim_count": one.claim_count} if call.version == "v2" else told
