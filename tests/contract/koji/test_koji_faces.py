"""The three faces over real connections, TLS with client certificates among them: one hub, the same answers."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from buildyard.errors import TlsFailed
from buildyard.faces.blocking import run_blocking
from buildyard.koji import Connection, Profile, aio, estimates, tx
from buildyard.koji._core import AsyncKoji
from buildyard.koji.cache import Cache
from buildyard.koji.errors import AlreadyExecuted, GenericError, KojiConnectionError, KojiLoginException
from support.koji_hub import Hub
from support.koji_tls import encrypted

# Twisted hands its own certificates to pyOpenSSL, which will not take them for ever.
pytestmark = pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning")

Scenario = Callable[[AsyncKoji], Coroutine[Any, Any, Any]]


@pytest.fixture(scope="module")
def hub() -> Hub:
    return Hub(
        rows={
            "system.echo": lambda *args: list(args),
            "getAverageBuildDuration": lambda package: 60.0,
            "getTag": lambda number: {"name": f"t{number}"},
        }
    )


@pytest.fixture(scope="module")
def profile(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Profile]:
    with encrypted(hub, tmp_path_factory.mktemp("tls")) as profile:
        yield profile


@pytest.fixture(params=["blocking", "asyncio", "twisted"])
def face(request: pytest.FixtureRequest, hub: Hub) -> str:
    if request.param == "twisted":
        request.getfixturevalue("reactor_thread")
    hub.seen.clear()
    hub.tags.clear()
    hub.sessions.clear()
    name: str = request.param
    return name


def in_reactor(function: Callable[[], Any]) -> Any:
    from twisted.internet import reactor, threads

    return threads.blockingCallFromThread(reactor, function)


def play(face: str, profile: Profile, scenario: Scenario) -> Any:
    """Play a scenario over the core of a face's connection."""
    if face == "blocking":
        return run_blocking(_closing(Connection(profile)._core, scenario))
    if face == "asyncio":
        return asyncio.run(_on_a_loop(profile, scenario))
    from twisted.internet.defer import Deferred

    return in_reactor(lambda: Deferred.fromCoroutine(_closing(tx.Connection(profile)._core, scenario)))


async def _closing(core: AsyncKoji, scenario: Scenario) -> Any:
    try:
        return await scenario(core)
    finally:
        await core.close()


async def _on_a_loop(profile: Profile, scenario: Scenario) -> Any:
    return await _closing(aio.Connection(profile), scenario)


def test_a_session_is_opened_used_renewed_and_closed(face: str, profile: Profile, hub: Hub) -> None:
    async def scenario(koji: AsyncKoji) -> Any:
        assert await koji.login() is True
        user = await koji.invoke("getLoggedInUser")
        await koji.invoke("createTag", ("a",))
        hub.expire()
        await koji.invoke("createTag", ("b",))
        assert await koji.invoke("getLoggedInUser") == user
        await koji.logout()
        return user

    assert play(face, profile, scenario).name == "kdreyer"
    assert hub.tags == {"a": 1, "b": 2}
    assert [one.number for one in hub.seen if one.method == "createTag"] == ["1", "2", "2"]
    assert hub.sessions == {}


def test_a_lost_answer_to_a_write_is_told(face: str, profile: Profile, hub: Hub) -> None:
    async def scenario(koji: AsyncKoji) -> None:
        await koji.login()
        hub.lost_answers = 1
        with pytest.raises(AlreadyExecuted):
            await koji.invoke("createTag", ("a",))

    play(face, profile, scenario)
    assert hub.tags == {"a": 1}


def test_without_a_certificate_the_web_server_lets_nobody_in(face: str, profile: Profile) -> None:
    async def scenario(koji: AsyncKoji) -> str:
        koji._login._profile = msgspec.structs.replace(profile, authtype="password", user="", cert="")
        koji._login._check = lambda: None  # type: ignore[method-assign]
        with pytest.raises(KojiLoginException) as caught:
            await koji._login._by_web_server({}, ())
        return caught.value.reason

    assert play(face, profile, scenario) == "not-allowed"


def test_an_unknown_authority_is_not_trusted(face: str, profile: Profile, tmp_path: Path) -> None:
    async def scenario(koji: AsyncKoji) -> None:
        with pytest.raises(KojiConnectionError) as caught:
            await koji.invoke("echo", (1,))
        assert isinstance(caught.value.__cause__, TlsFailed)

    play(face, msgspec.structs.replace(profile, serverca=profile.cert), scenario)


def test_a_certificate_that_is_not_there_fails_the_login_and_no_read(face: str, profile: Profile) -> None:
    async def scenario(koji: AsyncKoji) -> str:
        assert await koji.invoke("echo", (1,)) == [1]
        with pytest.raises(KojiLoginException) as caught:
            await koji.login()
        return caught.value.reason

    assert play(face, msgspec.structs.replace(profile, cert="/none/client.crt"), scenario) == "missing"


def each_face(profile: Profile, ask: Callable[[Any], Any]) -> list[Any]:
    """What the public connection of each face answers: plainly, awaited, fired."""

    async def on_a_loop() -> Any:
        async with aio.Connection(profile) as koji:
            return await ask(koji)

    def fired() -> Any:
        koji = tx.Connection(profile)
        return ask(koji).addBoth(lambda found: koji.close().addCallback(lambda _: found))

    with Connection(profile) as koji:
        return [ask(koji), asyncio.run(on_a_loop()), in_reactor(fired)]


@pytest.mark.usefixtures("reactor_thread")
@pytest.mark.parametrize(
    "ask",
    [
        lambda koji: koji.getUser("kdreyer"),
        lambda koji: koji.invoke("getUser", ("kdreyer",)),
        lambda koji: koji.system.echo("a"),
        lambda koji: koji.from_web("https://hub.example/koji/userinfo?userID=kdreyer"),
        lambda koji: estimates.average_build_duration(koji, "bash"),
        lambda koji: Cache(koji, directory="/dev/null/nowhere").tag_name(5),
        lambda koji: koji.login(),
    ],
)
def test_every_face_answers_the_same(profile: Profile, ask: Callable[[Any], Any]) -> None:
    first, second, third = each_face(profile, ask)
    assert first == second == third
    assert first


@pytest.mark.usefixtures("reactor_thread")
def test_a_multicall_is_sent_by_each_face(profile: Profile) -> None:
    def ask(koji: Any) -> Any:
        calls = koji.MultiCall()
        calls.echo(1)
        calls.getNothing()
        return calls()

    for results in each_face(profile, ask):
        assert results[0] == [1]
        with pytest.raises(GenericError):
            results[1]


@pytest.mark.usefixtures("reactor_thread")
def test_objects_of_each_face_ask_as_it_does(profile: Profile, hub: Hub) -> None:
    hub.rows["getTaskInfo"] = lambda number, request: {"id": number, "owner": "kdreyer", "channel_id": 1}
    hub.rows["listHosts"] = lambda channelID, enabled: [{"capacity": 2.0}]

    async def of(task: Any) -> Any:
        return (await task.owner_user()).name, await task.channel.total_capacity()

    def plainly(koji: Any) -> Any:
        task = koji.getTaskInfo(5)
        if isinstance(koji, Connection):
            return task.owner_user().name, task.channel.total_capacity()
        if isinstance(koji, aio.Connection):
            return _then(task, of)
        from twisted.internet.defer import ensureDeferred

        return task.addCallback(lambda found: ensureDeferred(of(found)))

    async def _then(coroutine: Any, more: Any) -> Any:
        return await more(await coroutine)

    assert each_face(profile, plainly) == [("kdreyer", 2.0)] * 3


def test_a_packed_answer_is_unpacked() -> None:
    from buildyard.faces.scripted import answer
    from support.koji_golden import RECORDS, scripted

    body = RECORDS["listBuilds-20"]["response"]["body"].encode()
    koji, script = scripted(answer(200, gzip.compress(body), [("Content-Encoding", "gzip")]))
    assert len(koji.listBuilds("ceph")) == 20
    assert ("Accept-Encoding", "gzip") in script.requests[0].headers
