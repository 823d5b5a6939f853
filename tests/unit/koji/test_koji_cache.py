"""The cache of names: what is asked, what is kept, and many who use it together."""

from __future__ import annotations

import asyncio
import multiprocessing
from pathlib import Path

import pytest

from buildyard.koji import Connection, aio
from buildyard.koji._names import default_directory
from buildyard.koji.cache import Cache
from support.koji_golden import PROFILE
from support.koji_hub import Hub, HubTransport


@pytest.fixture
def users(hub: Hub) -> Hub:
    hub.rows["getUser"] = lambda number: {"id": number, "name": f"user {number}"} if number < 100 else None
    return hub


def test_a_name_is_asked_for_once(koji: Connection, users: Hub, tmp_path: Path) -> None:
    cache = Cache(koji, directory=tmp_path)
    assert cache.user_name(5) == "user 5"
    assert cache.user_name(5) == "user 5"
    assert Cache(koji, directory=tmp_path).user_name(5) == "user 5"
    assert users.methods() == ["getUser"]
    assert (tmp_path / "golden" / "user" / "5").read_text("utf-8") == "user 5"


def test_what_nobody_knows_is_not_kept(koji: Connection, users: Hub, tmp_path: Path) -> None:
    cache = Cache(koji, directory=tmp_path)
    assert cache.user_name(500) is None
    assert cache.user_name(500) is None
    assert len(users.seen) == 2


def test_an_old_name_is_asked_for_again(koji: Connection, users: Hub, transport: HubTransport, tmp_path: Path) -> None:
    cache = Cache(koji, directory=tmp_path, max_age=60)
    cache.user_name(5)
    transport.advance(59)
    cache.user_name(5)
    assert len(users.seen) == 1
    transport.advance(2)
    cache.user_name(5)
    assert len(users.seen) == 2


def test_tags_packages_and_channels_have_names_too(koji: Connection, hub: Hub, tmp_path: Path) -> None:
    for method in ("getTag", "getPackage", "getChannel"):
        hub.rows[method] = lambda number, method=method: {"id": number, "name": method}
    cache = Cache(koji, directory=tmp_path)
    assert [cache.tag_name(1), cache.package_name(1), cache.channel_name(1)] == ["getTag", "getPackage", "getChannel"]


def test_names_can_be_put_and_looked_up_without_asking(koji: Connection, hub: Hub, tmp_path: Path) -> None:
    cache = Cache(koji, directory=tmp_path)
    assert cache.get_name("tag", 5) is None
    cache.put_name("tag", 5, "f40-é")
    assert cache.get_name("tag", 5) == "f40-é"
    assert cache.filename("tag", 5).is_file()
    assert hub.seen == []


def test_a_profile_cannot_lead_out_of_the_directory(koji: Connection, users: Hub, tmp_path: Path) -> None:
    odd = Connection(PROFILE.__class__(name="../../x"), transport=HubTransport(users))
    assert Cache(odd, directory=tmp_path / "cache").filename("user", 5).resolve().is_relative_to(tmp_path / "cache")


def test_damaged_and_unwritable_files_cost_a_question_and_no_more(koji: Connection, users: Hub, tmp_path: Path) -> None:
    cache = Cache(koji, directory=tmp_path)
    for damaged in (b"", b"\xff\xfe"):
        cache.user_name(5)
        cache.filename("user", 5).write_bytes(damaged)
        assert cache.user_name(5) == "user 5"
    (tmp_path / "file").touch()
    assert Cache(koji, directory=tmp_path / "file").user_name(6) == "user 6"


def test_many_who_miss_one_name_ask_once(users: Hub, tmp_path: Path) -> None:
    class Loop(HubTransport):
        async def _open(self, request):  # type: ignore[no-untyped-def]
            await asyncio.sleep(0.001)
            return await super()._open(request)

        def lock(self):  # type: ignore[no-untyped-def]
            return asyncio.Lock()

    async def main() -> list[str]:
        cache = Cache(aio.Connection(PROFILE, transport=Loop(users)), directory=tmp_path)
        return await asyncio.gather(*(cache.user_name(5) for _ in range(20)))

    assert asyncio.run(main()) == ["user 5"] * 20
    assert len(users.seen) == 1


def write_often(directory: Path, name: str) -> None:
    cache = Cache(Connection(PROFILE, transport=HubTransport(Hub())), directory=directory)
    for _ in range(100):
        cache.put_name("user", 5, name)


def test_processes_that_write_one_name_leave_a_whole_one(koji: Connection, tmp_path: Path) -> None:
    names = ["a" * 3000, "b" * 2000]
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write_often, args=(tmp_path, name)) for name in names]
    for writer in writers:
        writer.start()
    cache = Cache(koji, directory=tmp_path)
    while any(writer.is_alive() for writer in writers):
        assert cache.get_name("user", 5) in (None, *names)
    for writer in writers:
        writer.join(10)
    assert cache.get_name("user", 5) in names
    assert len(list((tmp_path / "golden" / "user").iterdir())) == 1


def test_the_directory_is_where_caches_belong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_directory() == tmp_path / "buildyard" / "koji"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for ignored in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", ignored)
        assert default_directory() == tmp_path / "home" / ".cache" / "buildyard" / "koji"
