"""Claims over HTTP, all versions: claim messages, look at a claim, renew it, release it."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from buildyard.farm.queue import database as queue
from buildyard.farm.queue.base import DEFAULT_LIMIT, Claim, ClaimNotFound
from buildyard.farm.queue.http import errors
from buildyard.farm.queue.http.call import DONE, Answer, Call, answered, located
from buildyard.farm.queue.http.errors import Refusal, bad_request
from buildyard.farm.queue.http.ids import known_claim
from buildyard.farm.queue.http.reading import an_object, check_fields, decoded, limited, whatever
from buildyard.farm.queue.http.rendering import shown


class _Terms(Struct):
    ttl: int | UnsetType = UNSET
    grace: int | UnsetType = UNSET


_TERMS: Final = msgspec.json.Decoder(_Terms)
_TOO_LARGE: Final = "The request body is too large."


async def claim(call: Call) -> Answer:
    """Answer with the first free messages, claimed; with nothing (204) where there are none."""
    limit = limited(call.query, call.rooms.settings.max_messages_per_claim_or_pop, DEFAULT_LIMIT)
    ttl, grace = await _terms(call)
    _check_ttl(call, ttl)
    _check_grace(call, grace, call.rooms.settings.min_claim_grace)
    asked = {"ttl": ttl, "grace": grace, "limit": limit, "client_id": call.client_id}
    got: Claim | None = await call.on_queue(queue.claim, **asked)
    if got is None:
        return DONE
    messages = shown(call, got.messages)
    return answered(messages if call.version == "v1" else {"messages": messages}, 201, located(_href(call, got.id)))


async def get(call: Call) -> Answer:
    """Answer with a claim and what it still holds."""
    try:
        found: Claim = await call.read(queue.get_claim, call.owner, call.queue, known_claim(call.item))
    except ClaimNotFound:
        raise _missing(call) from None
    told = {"age": int(found.age), "ttl": found.ttl, "messages": shown(call, found.messages)}
    return answered({**told, "href": _href(call, found.id)})


async def renew(call: Call) -> Answer:
    """Hold a claim's messages for so long from now; what is not given is the default, not what it was."""
    ttl, grace = await _terms(call, is_new=False)
    _check_ttl(call, ttl)
    _check_grace(call, grace, 0)  # as Zaqar, which does not look at an update's grace
    try:
        await call.on_queue(queue.renew, known_claim(call.item), ttl=ttl, grace=grace)
    except ClaimNotFound:
        raise _missing(call) from None
    return DONE


async def release(call: Call) -> Answer:
    """Let go of a claim's messages, if it still holds any."""
    await call.on_queue(queue.release, known_claim(call.item))
    return DONE


async def _terms(call: Call, *, is_new: bool = True) -> tuple[int, int]:
    """Return ttl and grace of a claim, as asked for or by default."""
    bounds = call.rooms.settings
    body = await call.body(bounds.max_messages_post_size, _TOO_LARGE)
    is_v1 = call.version == "v1"
    if not body and is_new and not is_v1:
        return bounds.default_claim_ttl, bounds.default_claim_grace
    required = (("ttl", "grace") if is_new else ("ttl",)) if is_v1 else ()
    try:
        terms = decoded(_TERMS, body)
    except msgspec.ValidationError:
        raise _misfit(body, required) from None
    if required:
        check_fields(_given(terms), required, ())
    return _or(terms.ttl, bounds.default_claim_ttl), _or(terms.grace, 0 if is_v1 else bounds.default_claim_grace)


def _misfit(body: bytes, required: tuple[str, ...]) -> Refusal:
    check_fields(an_object(whatever(body)), required, ("ttl", "grace"))
    return errors.bad_body(errors.WRONG_TYPE)


def _given(terms: _Terms) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(terms).items() if value is not UNSET}


def _or(value: int | UnsetType, default: int) -> int:
    return default if value is UNSET else value


def _check_ttl(call: Call, ttl: int) -> None:
    least, most = call.rooms.settings.min_claim_ttl, call.rooms.settings.max_claim_ttl
    if not least <= ttl <= most:
        raise bad_request(
            f"The TTL for a claim may not exceed {most} seconds, and must be at least {least} seconds long."
        )


def _check_grace(call: Call, grace: int, least: int) -> None:
    most = call.rooms.settings.max_claim_grace
    if not least <= grace <= most:
        raise bad_request(
            f"The grace for a claim may not exceed {most} seconds, and must be at least {least} seconds long."
        )


def _href(call: Call, claim_id: str) -> str:
    return f"{call.here}/claims/{claim_id}"


def _missing(call: Call) -> Refusal:
    return errors.no_claim(call.item, call.queue, call.project)
