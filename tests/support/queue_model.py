"""A queue as simple as can be, and a machine that does the same random things to it and to a real one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule
from sqlalchemy import Connection

from buildyard.farm.queue import database as queue
from buildyard.farm.queue.base import ClaimNotFound, MessageClaimed, MessageNotClaimed, NewMessage
from support.stores import START

T = TypeVar("T")

P, Q, DEAD = "project", "jobs", "dead"
MOST_CLAIMS = 2

# Times that meet: messages outlive claims and the other way round, and a step of time ends some of both.
lives = st.sampled_from([5000, 5000, 500, 40, 10])
holds = st.sampled_from([5, 5, 30, 90])
graces = st.sampled_from([5, 60])
steps = st.sampled_from([6.0, 6.0, 1.0, 20.0, 35.0, 100.0])
jumps = st.sampled_from([-3.0, -30.0, -200.0, 10_000.0])
limits = st.integers(1, 5)


@dataclass
class Held:
    """A message of the model, as it is kept: time hides it or ends its claim, and somebody notes that later."""

    id: int
    body: Any
    expires: float
    visible_at: float
    claim: str | None = None
    ends: float = 0.0
    count: int = 0


@dataclass
class Model:
    """What must be true: lists and loops, no indexes."""

    now: float = START
    kept: list[Held] = field(default_factory=list)
    claims: dict[str, float] = field(default_factory=dict)  #: claim to its end
    dead: list[Any] = field(default_factory=list)  #: bodies in the dead-letter queue

    @property
    def messages(self) -> list[Held]:
        return [message for message in self.kept if message.expires > self.now]

    def lives(self, claim: str) -> bool:
        return self.claims.get(claim, 0.0) > self.now

    def holder(self, message: Held) -> str | None:
        return message.claim if message.claim is not None and message.ends > self.now else None

    def note_ended(self) -> None:
        for message in self.kept:
            if message.ends <= self.now:
                message.claim = None

    def free(self) -> list[Held]:
        return [message for message in self.messages if message.claim is None and message.visible_at <= self.now]

    def forget(self, gone: list[Held]) -> None:
        self.kept = [message for message in self.kept if message not in gone]

    def bury(self, limit: int) -> None:
        while dead := [message for message in self.free()[:limit] if message.count >= MOST_CLAIMS]:
            self.forget(dead)
            self.dead += [message.body for message in dead]

    def hold(self, message: Held, claim: str, ttl: int, grace: int) -> None:
        message.claim, message.ends = claim, self.now + ttl
        if message.expires < message.ends:
            message.expires = message.ends + grace

    def of(self, claim: str) -> list[Held]:
        return [message for message in self.messages if self.holder(message) == claim]

    def sweep(self, limit: int) -> None:
        expired = [message for message in self.kept if message.expires <= self.now]
        assert len(expired) <= limit
        self.forget(expired)
        self.note_ended()
        self.claims = {claim: ends for claim, ends in self.claims.items() if ends > self.now}


class QueueMachine(RuleBasedStateMachine):
    """Random puts, claims, renewals, releases, deletes, pops, sweeps and passing of time.

    Sub-classes say how a transaction is run.
    """

    ids = Bundle("ids")
    claim_ids = Bundle("claim_ids")

    def transact(self, body: Callable[[Connection], T]) -> T:
        raise AssertionError("a sub-class says how")

    def call(self, function: Callable[..., T], *arguments: Any, **keywords: Any) -> T:
        return self.transact(lambda connection: function(connection, self.model.now, P, Q, *arguments, **keywords))

    @initialize(dead_letters=st.booleans())
    def begin(self, dead_letters: bool) -> None:
        self.model = Model()
        self.dead_letters = dead_letters
        self.number = 0
        reserved = {
            "_max_claim_count": MOST_CLAIMS,
            "_dead_letter_queue": DEAD,
            "_dead_letter_queue_messages_ttl": 10**6,
        }
        self.call(queue.create, reserved if dead_letters else {})
        self.put_some(5, 5000, 0)

    @rule(target=ids, count=st.integers(1, 6), ttl=lives, delay=st.sampled_from([0, 0, 0, 30]))
    def put(self, count: int, ttl: int, delay: int) -> Any:
        return multiple(*self.put_some(count, ttl, delay))

    def put_some(self, count: int, ttl: int, delay: int) -> list[int]:
        bodies = [self.number + step for step in range(count)]
        self.number += count
        given = self.call(queue.put, [NewMessage(body=body, ttl=ttl, delay=delay) for body in bodies])
        assert given == sorted(given)
        assert not self.model.kept or given[0] > self.model.kept[-1].id
        expires, visible_at = self.model.now + ttl, self.model.now + delay if delay else 0.0
        self.model.kept += [Held(number, body, expires, visible_at) for number, body in zip(given, bodies, strict=True)]
        return given

    @rule(target=claim_ids, limit=limits, ttl=holds, grace=graces)
    def claim(self, limit: int, ttl: int, grace: int) -> Any:
        claim = self.claimed(limit, ttl, grace)
        return multiple() if claim is None else claim

    @rule(limit=limits, ttl=holds, times=st.integers(1, 3))
    def die_with_claims(self, limit: int, ttl: int, times: int) -> None:
        """What builders do that are killed: claim, and never come back."""
        for _ in range(times):
            self.claimed(limit, ttl, 60)
            self.nothing_is_lost_or_found()
            self.model.now += ttl

    @rule(ttl=holds)
    def claim_and_renew_late(self, ttl: int) -> None:
        """What a busy builder does: it renews when its messages would have ended but for the claim."""
        claim = self.claimed(3, ttl, 5)
        self.model.now += ttl - 1
        if claim is not None:
            self.renew(claim, 90, 5)
            self.model.now += 89

    def claimed(self, limit: int, ttl: int, grace: int) -> str | None:
        claim = self.call(queue.claim, ttl=ttl, grace=grace, limit=limit)
        self.model.note_ended()
        if self.dead_letters:
            self.model.bury(limit)
        wanted = self.model.free()[:limit]
        assert [message.body for message in (claim.messages if claim else ())] == [held.body for held in wanted]
        if claim is None:
            return None
        self.model.claims[claim.id] = self.model.now + ttl
        for held in wanted:
            held.count += 1
            self.model.hold(held, claim.id, ttl, grace)
        return claim.id

    @rule(claim=claim_ids, ttl=holds, grace=graces)
    def renew(self, claim: str, ttl: int, grace: int) -> None:
        if not self.model.lives(claim):
            with pytest.raises(ClaimNotFound):
                self.call(queue.renew, claim, ttl=ttl, grace=grace)
            return
        self.call(queue.renew, claim, ttl=ttl, grace=grace)
        self.model.claims[claim] = self.model.now + ttl
        for held in self.model.of(claim):
            self.model.hold(held, claim, ttl, grace)

    @rule(claim=consumes(claim_ids))
    def release(self, claim: str) -> None:
        self.call(queue.release, claim)
        if self.model.lives(claim):
            for held in self.model.of(claim):
                held.claim = None
            del self.model.claims[claim]

    @rule(number=ids)
    def delete_without_claim(self, number: int) -> None:
        held = next((held for held in self.model.messages if held.id == number), None)
        if held is not None and self.model.holder(held) is not None:
            with pytest.raises(MessageClaimed):
                self.call(queue.delete, number)
            return
        self.call(queue.delete, number)
        self.model.forget([held] if held is not None else [])

    @rule(number=ids, claim=claim_ids)
    def delete_with_claim(self, number: int, claim: str) -> None:
        held = next((held for held in self.model.messages if held.id == number), None)
        if held is not None and self.model.holder(held) != claim:
            with pytest.raises((ClaimNotFound, MessageNotClaimed, MessageClaimed)):
                self.call(queue.delete, number, claim_id=claim)
            return
        self.call(queue.delete, number, claim_id=claim)
        self.model.forget([held] if held is not None else [])

    @rule(claim=claim_ids)
    def finish(self, claim: str) -> None:
        """What a good worker does: delete all it holds."""
        for held in self.model.of(claim):
            self.call(queue.delete, held.id, claim_id=claim)
            self.model.forget([held])

    @rule(numbers=st.lists(ids, max_size=6))
    def delete_whoever_holds_them(self, numbers: list[int]) -> None:
        self.call(queue.delete_many, numbers)
        self.model.forget([held for held in self.model.messages if held.id in numbers])

    @rule(numbers=st.lists(ids, max_size=6), claims=st.lists(claim_ids, max_size=2))
    def delete_with_claims(self, numbers: list[int], claims: list[str]) -> None:
        self.call(queue.delete_many, numbers, claim_ids=claims)
        allowed = {None, *claims}
        gone = [held for held in self.model.messages if held.id in numbers and self.model.holder(held) in allowed]
        self.model.forget(gone)

    @rule(claim=claim_ids)
    def finish_at_once(self, claim: str) -> None:
        """What a good worker with much to do does."""
        held = self.model.of(claim)
        self.call(queue.delete_many, [message.id for message in held], claim_ids=[claim])
        self.model.forget(held)

    @rule(limit=limits)
    def pop(self, limit: int) -> None:
        taken = self.transact(lambda connection: queue.pop(connection, self.model.now, P, [Q], limit))
        self.model.note_ended()
        wanted = self.model.free()[:limit]
        assert [message.body for message in taken] == [held.body for held in wanted]
        self.model.forget(wanted)

    @rule()
    def sweep(self) -> None:
        self.transact(lambda connection: queue.sweep(connection, self.model.now, limit=1000))
        self.model.sweep(1000)

    @rule(by=jumps)
    def set_the_clock(self, by: float) -> None:
        """Back, what time had only hidden is there again; forward, all ends at once."""
        self.model.now += by

    @rule(by=steps)
    def pass_time(self, by: float) -> None:
        self.model.now += by

    @invariant()
    def nothing_is_lost_or_found(self) -> None:
        shown = self.call(queue.page, limit=1000, include_claimed=True, include_delayed=True).messages
        assert [(message.id, message.claim_id) for message in shown] == [
            (held.id, self.model.holder(held)) for held in self.model.messages
        ]
        dead = self.transact(lambda connection: queue.page(connection, self.model.now, P, DEAD, limit=1000))
        assert [message.body for message in dead.messages] == self.model.dead

    @invariant()
    def every_message_has_at_most_one_claim(self) -> None:
        for claim in filter(self.model.lives, self.model.claims):
            held = self.call(queue.get_claim, claim).messages
            assert [message.id for message in held] == [held.id for held in self.model.of(claim)]

    @invariant()
    def stats_add_up(self) -> None:
        stats = self.call(queue.stats)
        assert stats.total == len(self.model.messages)
        not_held = [held for held in self.model.messages if self.model.holder(held) is None]
        assert stats.free == sum(held.visible_at <= self.model.now for held in not_held)
        assert stats.claimed == len(self.model.messages) - len(not_held)
