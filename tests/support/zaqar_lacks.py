"""What a real Zaqar keeps of the queue's contract, and what it cannot: a scenario played on it, and the table.

Each test of this table must fail on Zaqar 23 over Redis, for the reason beside it; one that passes fails its run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from buildyard.farm.queue.base import Queue
from buildyard.farm.queue.zaqar import ZaqarQueue
from buildyard.marconi import aio
from buildyard.retry import Retry
from support.stores import START, Clock
from support.zaqar import Zaqar

#: By the name of a test.
LACKS: Final[Mapping[str, str]] = {
    # What its API does not tell.
    "test_claim_tells_its_grace": "GET of a claim has no grace",
    "test_message_tells_how_often_it_was_claimed": "only pop and stats tell a claim count",
    "test_stats_count_delayed_messages_apart": "stats count what is delayed as free",
    # What it does not do, so that we refuse it.
    "test_delay_needs_nothing_of_the_queue": "it reads a delay only in a queue that has a default delay",
    # Defects of its storage over Redis.
    "test_release_spares_what_others_hold": "its script claims all that follows the first free message",
    "test_delayed_message_is_not_claimed_even_behind_a_free_one": "the same script takes delayed ones, too",
    "test_message_cannot_be_taken_when_its_ttl_is_over": "a claim does not look at it; Redis drops it a moment later",
    "test_message_is_not_found_from_another_queue_or_project": "who knows an id reads and deletes across projects",
    "test_stats_leave_out_what_has_expired": "counted until its garbage collector has run",
    "test_stats_count_a_message_whose_claim_has_ended_as_free": "the same; a second later the answer is 503",
    "test_message_claimed_too_often_goes_to_the_dead_letters": "there it is held by the claim that nobody was given",
    "test_claim_passes_over_dead_letters_to_the_living": "a claim that only found dead letters gives nothing",
    "test_dead_letters_are_seen_by_who_follows_their_queue": "there it is held by the claim that nobody was given",
    "test_dead_letters_live_as_long_as_the_queue_says": "there it is held by the claim that nobody was given",
}


class _SharedClock(Clock):
    """The test's time, which is the service's too."""

    def __init__(self, zaqar: Zaqar) -> None:
        super().__init__(START)
        assert zaqar.time is not None
        self._time = zaqar.time
        self._time.set(START)

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        self._time.set(self.now)


def play_on_zaqar(zaqar: Zaqar, scenario: Callable[[Queue, Clock], Awaitable[None]]) -> None:
    """Run a scenario on an empty Zaqar, with a clock that stands still unless it is moved."""
    zaqar.clear()
    clock = _SharedClock(zaqar)

    async def main() -> None:
        queue = ZaqarQueue(lambda project: aio.Connection(endpoint=zaqar.url, project_id=project, retry=_ONCE), clock)
        try:
            await scenario(queue, clock)
        finally:
            await queue.close()

    asyncio.run(main())


#: A refusal is the answer here, not something to wait out.
_ONCE: Final = Retry(attempts=1)
