"""What the remote keeper of queues makes of a real Zaqar where the contract's own tests do not look."""

from __future__ import annotations

import pytest

from buildyard.farm.queue.base import BadAmount, BadMessage, Claim, ClaimNotFound, NewMessage, Queue
from support.stores import Clock
from support.zaqar import Zaqar
from support.zaqar_lacks import play_on_zaqar

P, Q = "project", "jobs"


async def claimed(queue: Queue) -> Claim:
    await queue.put(P, Q, [NewMessage(body=1)])
    claim = await queue.claim(P, Q, ttl=60)
    assert claim is not None
    return claim


def test_claim_that_has_ended_is_not_found_although_zaqar_says_it_is_unwell(zaqar_with_own_time: Zaqar) -> None:
    """A moment after its end Redis has dropped the claim, and Zaqar answers 503."""

    async def scenario(queue: Queue, clock: Clock) -> None:
        claim = await claimed(queue)
        clock.advance(62)
        with pytest.raises(ClaimNotFound):
            await queue.get_claim(P, Q, claim.id)
        with pytest.raises(ClaimNotFound):
            await queue.renew(P, Q, claim.id)
        await queue.release(P, Q, claim.id)
        assert await queue.claim(P, Q) is not None

    play_on_zaqar(zaqar_with_own_time, scenario)


def test_what_zaqar_would_refuse_is_refused_as_every_keeper_does(zaqar_with_own_time: Zaqar) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        with pytest.raises(BadMessage, match="60 seconds, not 59"):
            await queue.put(P, Q, [NewMessage(body=1, ttl=59)])
        with pytest.raises(BadMessage, match="_default_message_delay"):
            await queue.put(P, Q, [NewMessage(body=1), NewMessage(body=2, delay=1)])
        with pytest.raises(BadMessage, match="1209600"):
            await queue.put(P, Q, [NewMessage(body=1, ttl=1_209_601)])
        for amounts in ({"ttl": 59}, {"grace": 59}):
            with pytest.raises(BadAmount):
                await queue.claim(P, Q, **amounts)
        assert (await queue.stats(P, Q)).total == 0

    play_on_zaqar(zaqar_with_own_time, scenario)


def test_page_begins_anew_behind_a_marker_that_is_gone(zaqar_with_own_time: Zaqar) -> None:
    async def scenario(queue: Queue, clock: Clock) -> None:
        ids = await queue.put(P, Q, [NewMessage(body=n) for n in range(50)])
        assert [message.body for message in (await queue.page(P, Q, marker=ids[24], limit=50)).messages] == [
            *range(25, 50)
        ]
        await queue.delete(P, Q, ids[24])
        page = await queue.page(P, Q, marker=ids[24], limit=100)
        assert [message.body for message in page.messages] == [*range(24), *range(25, 50)]

    play_on_zaqar(zaqar_with_own_time, scenario)
