"""Many calls in one request: asked for by name, or joined when they are awaited together."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from buildyard.koji import Build, Connection, Task, _multicall, aio
from buildyard.koji.errors import (
    ActionNotAllowed,
    AlreadyExecuted,
    GenericError,
    HubUnavailable,
    KojiAnswerError,
    MultiCallNotReady,
)
from support.koji_golden import PROFILE, scripted, sent_body
from support.koji_hub import Hub, HubTransport


def test_calls_are_sent_together_as_recorded() -> None:
    koji, script = scripted("multicall-30")
    with koji.multicall() as calls:
        tasks = [calls.getTaskInfo(number, True) for number in range(1, 31)]
    assert len(script.requests) == 1
    assert all(isinstance(task.result, Task) for task in tasks)
    assert [task.result.id for task in tasks[:3]] == [1, 2, 3]


def test_the_body_of_a_multicall_is_the_recorded_one() -> None:
    koji, script = scripted("auth-forbidden-multi")
    calls = koji.MultiCall()
    calls.getLoggedInUser()
    calls.createTag("golden-x")
    calls.getUserPerms()
    koji._core._session = _Anybody()  # type: ignore[assignment]
    results = calls()
    assert script.requests[0].body == sent_body("auth-forbidden-multi")
    assert results[0].name == "goldenbob"
    with pytest.raises(ActionNotAllowed) as caught:
        results[1]
    assert caught.value.traceback
    assert [type(fault) for fault in results.faults] == [ActionNotAllowed]


class _Anybody:
    id, key = 25, "k"

    def take_number(self) -> int:
        return 2

    def headers(self, _: int | None) -> tuple[()]:
        return ()

    def address(self, url: str, _: int | None) -> str:
        return url


def test_results_are_objects_in_the_order_of_the_calls(koji: Connection, hub: Hub) -> None:
    hub.rows["getBuild"] = lambda number: {"build_id": number}
    calls = koji.MultiCall()
    build, tag = calls.getBuild(20), calls.getTag("f40")
    results = calls()
    assert isinstance(results[0], Build)
    assert [results[0], results[1]] == [build.result, tag.result]
    assert len(results) == 2
    assert results[-1].name == "f40"


def test_a_result_is_not_there_before_the_multicall_was_sent(koji: Connection) -> None:
    calls = koji.multicall()
    waiting = calls.getTag("f40")
    with pytest.raises(MultiCallNotReady, match="getTag"):
        waiting.result  # noqa: B018


def test_nothing_is_sent_where_its_block_failed(koji: Connection, hub: Hub) -> None:
    with pytest.raises(ZeroDivisionError), koji.multicall() as calls:  # noqa: PT012 - the block is what is tested
        calls.getTag("f40")
        raise ZeroDivisionError
    assert hub.seen == []


def test_strict_raises_the_first_fault_after_all_were_sent(koji: Connection, hub: Hub) -> None:
    koji.login()
    calls = koji.multicall(strict=True, batch=1)
    for name in "aab":
        calls.createTag(name)
    with pytest.raises(GenericError, match="'a' already exists"):
        calls()
    assert hub.tags == {"a": 1, "b": 2}


def test_a_failing_call_leaves_the_others_alone(koji: Connection, hub: Hub) -> None:
    with koji.multicall() as calls:
        first, again, other = calls.createTag("a"), calls.createTag("a"), calls.createTag("b")
    assert (first.result, other.result) == (1, 2)
    assert isinstance(again.fault, GenericError)


def test_batches_are_requests_of_their_own_with_numbers_of_their_own(koji: Connection, hub: Hub) -> None:
    with koji.multicall(batch=2) as calls:
        for name in "abcde":
            calls.createTag(name)
    assert [(one.method, one.number) for one in hub.seen[1:]] == [("multiCall", str(number)) for number in (1, 2, 3)]
    assert len(hub.tags) == 5


def test_a_multicall_of_reads_has_no_number(koji: Connection, hub: Hub) -> None:
    koji.login()
    with koji.multicall() as calls:
        calls.getLoggedInUser()
    assert hub.seen[-1].number is None


def test_a_multicall_with_a_write_is_done_once_though_its_answer_is_lost(koji: Connection, hub: Hub) -> None:
    koji.login()
    hub.lost_answers = 1
    with pytest.raises(AlreadyExecuted), koji.multicall() as calls:
        calls.createTag("a")
    assert hub.tags == {"a": 1}


def test_requests_stay_below_what_a_hub_takes(koji: Connection, hub: Hub) -> None:
    with koji.multicall() as calls:
        big = [calls.echo("x" * 1_000_000) for _ in range(7)]
    assert [len(call.result[0]) for call in big] == [1_000_000] * 7
    assert len(hub.seen) == 3
    assert max(len(batch) for batch in _multicall.batches([b"x" * 2_000_000] * 3, None)) == 1


def test_no_calls_are_no_request(koji: Connection, hub: Hub) -> None:
    with koji.multicall() as calls:
        pass
    assert len(calls()) == 0
    assert hub.seen == []


@pytest.mark.parametrize("name", ["multicall-empty", "multicall-ok", "getTag"])
def test_an_answer_of_another_length_is_refused(name: str) -> None:
    koji, _ = scripted(name)
    calls = koji.multicall()
    calls.getTag("f40")
    with pytest.raises(KojiAnswerError):
        calls()


# --- coalescing ----------------------------------------------------------------------------------


class LoopTransport(HubTransport):
    """As the hub's own, on a loop: a request takes a turn of it."""

    at_once = 0
    most = 0

    async def _open(self, request: Any) -> Any:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0.001)
        self.at_once -= 1
        return await super()._open(request)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)

    def lock(self) -> AbstractAsyncContextManager[None]:
        return asyncio.Lock()


def joined(hub: Hub) -> tuple[aio.Connection, LoopTransport]:
    transport = LoopTransport(hub)
    return aio.Connection(PROFILE, transport=transport, coalesce=True), transport


def test_reads_that_are_awaited_together_go_together(hub: Hub) -> None:
    async def main() -> list[Any]:
        koji, transport = joined(hub)
        found = await asyncio.gather(*(koji.echo(number) for number in range(350)))
        assert transport.most == 2
        return found

    assert asyncio.run(main()) == [[number] for number in range(350)]
    assert [len(one.args[0]) for one in hub.seen] == [100, 100, 100, 50]


def test_of_joined_reads_each_has_its_own_fault(hub: Hub) -> None:
    async def main() -> list[Any]:
        koji, _ = joined(hub)
        wanted = [koji.getTag("f40"), koji.getNothing(), koji.getUser("kdreyer")]
        return await asyncio.gather(*wanted, return_exceptions=True)

    tag, fault, user = asyncio.run(main())
    assert (tag.name, user.name) == ("f40", "kdreyer")
    assert isinstance(fault, GenericError)
    assert len(hub.seen) == 1


def test_writes_are_not_joined_and_go_one_after_another(hub: Hub) -> None:
    async def main() -> list[int]:
        koji, transport = joined(hub)
        made = await asyncio.gather(*(koji.createTag(str(number)) for number in range(40)))
        assert transport.most == 1
        return made

    assert asyncio.run(main()) == list(range(1, 41))
    assert [one.number for one in hub.seen[1:]] == [str(number) for number in range(1, 41)]


def test_where_a_joined_request_fails_all_its_callers_are_told(hub: Hub) -> None:
    hub.failing = [502] * 6

    async def main() -> list[Any]:
        koji, _ = joined(hub)
        return await asyncio.gather(koji.echo(1), koji.echo(2), return_exceptions=True)

    assert [type(error) for error in asyncio.run(main())] == [HubUnavailable] * 2


def test_a_cancelled_caller_does_not_take_the_others_with_it(hub: Hub) -> None:
    async def main() -> list[Any]:
        koji, _ = joined(hub)
        first = asyncio.create_task(koji.echo(1))
        others = [asyncio.create_task(koji.echo(number)) for number in (2, 3)]
        await asyncio.sleep(0.0005)
        first.cancel()
        return await asyncio.wait_for(asyncio.gather(*others), 5)

    assert asyncio.run(main()) == [[2], [3]]


def test_reads_that_find_their_session_expired_together_renew_it_once(hub: Hub) -> None:
    async def main() -> list[Any]:
        koji = aio.Connection(PROFILE, transport=LoopTransport(hub))
        await koji.login()
        hub.expire()
        return await asyncio.gather(*(koji.getLoggedInUser() for _ in range(5)))

    assert {user.name for user in asyncio.run(main())} == {"kdreyer"}
    assert hub.methods().count("sslLogin") == 2
