"""Resolving with uv against an index that runs."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trustme

from buildyard.farm.builds.requirements import parse_requirement
from buildyard.farm.builds.resolve import Resolution, Resolver, Target, host_platform
from buildyard.farm.builds.uv import NeedsCode, ResolverFailed, ResolverTimeout, Unsatisfiable
from buildyard.farm.upstream.errors import UpstreamUnreachable
from buildyard.farm.upstream.locations import Location, UpstreamIndex
from buildyard.farm.upstream.opening import open_client
from buildyard.farm.upstream.sdists import requirements_of

Serve = Callable[..., Any]

CP39 = Target(abi="cp39", python_version="3.9.18", platform=host_platform())
CP312 = Target(abi="cp312", python_version="3.12.1", platform=host_platform())
PP39 = Target(abi="pp39", python_version="3.9.16", platform=host_platform())
ARM = Target(abi="cp312", python_version="3.12.1", platform="linux_aarch64")


class Desk:
    """A resolver over indexes of the test's own, which reads source distributions unless told not to."""

    def __init__(self, cache: Path, *urls: str, reads: bool = True, **options: Any) -> None:
        self.index = UpstreamIndex(indexes=tuple(map(Location.parse, urls)), timeout_s=10, **options)
        self.cache = cache
        self.reads = reads

    async def ask(self, texts: tuple[str, ...], targets: tuple[Target, ...], **options: Any) -> dict[str, Any]:
        client = open_client(self.index)
        try:
            read = partial(requirements_of, client) if self.reads else None
            resolver = Resolver(self.index, cache_dir=self.cache, read_sdist=read)
            return dict(await resolver.resolve([parse_requirement(one) for one in texts], targets, **options))
        finally:
            await client.close()

    def versions(self, *texts: str, target: Target = CP312, **options: Any) -> dict[str, str]:
        answer = asyncio.run(self.ask(texts, (target,), **options))[target.abi]
        assert isinstance(answer, Resolution), answer
        return answer.versions


@pytest.fixture
def desk(tmp_path: Path) -> Callable[..., Desk]:
    """Make a resolver with a cache of its own."""
    return partial(Desk, tmp_path / "uv")


def test_dependencies_are_followed_to_their_newest_versions(shelf: Any, serve: Serve, desk: Any) -> None:
    shelf.wheel("top", "1.0", requires=("leaf>=1",))
    shelf.sdist("top", "1.0")
    shelf.wheel("leaf", "1.0")
    shelf.wheel("leaf", "1.1")
    assert desk(serve(shelf).url).versions("top") == {"top": "1.0", "leaf": "1.1"}


def test_dependencies_are_left_out_when_not_asked_for(shelf: Any, serve: Serve, desk: Any) -> None:
    shelf.sdist("top", "1.0")
    shelf.wheel("top", "1.0", requires=("leaf",))
    assert desk(serve(shelf).url).versions("top", deps=False) == {"top": "1.0"}


def test_each_python_gets_what_it_is_allowed(shelf: Any, serve: Serve, desk: Any) -> None:
    for version, rule in (("1.0", ">=3.8"), ("2.0", ">=3.9.20")):
        shelf.sdist("top", version, **{"requires-python": rule})
        shelf.wheel("top", version, **{"requires-python": rule})
    answers = asyncio.run(desk(serve(shelf).url).ask(("top",), (CP39, CP312)))
    assert {abi: answer.versions["top"] for abi, answer in answers.items()} == {"cp39": "1.0", "cp312": "2.0"}


def test_metadata_comes_from_wheels_of_other_platforms(shelf: Any, serve: Serve, desk: Any) -> None:
    """Nobody publishes wheels for what the farm builds; their metadata holds all the same."""
    shelf.sdist("top", "1.0")
    shelf.wheel("top", "1.0", requires=("leaf",), tags="cp311-cp311-win_amd64")
    shelf.wheel("leaf", "1.0")
    assert desk(serve(shelf).url).versions("top") == {"top": "1.0", "leaf": "1.0"}


def test_what_is_asked_for_counts_only_with_a_source(shelf: Any, serve: Serve, desk: Any) -> None:
    shelf.wheel("top", "1.0")
    shelf.sdist("top", "1.0")
    shelf.wheel("top", "2.0")
    assert desk(serve(shelf).url).versions("top") == {"top": "1.0"}


def test_what_is_binary_only_is_resolved_all_the_same(shelf: Any, serve: Serve, desk: Any) -> None:
    shelf.wheel("top", "1.0", requires=("leaf",))
    shelf.wheel("leaf", "1.0")
    assert desk(serve(shelf).url).versions("top") == {"top": "1.0", "leaf": "1.0"}


def test_no_code_of_a_package_runs(shelf: Any, serve: Serve, desk: Any, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    setup = f"import os, pathlib; pathlib.Path({str(trap)!r}).touch(); from setuptools import setup; setup()"
    shelf.sdist("top", "1.0", requires=("leaf>=1",), setup=setup)
    shelf.wheel("leaf", "1.0")
    assert desk(serve(shelf).url).versions("top") == {"top": "1.0", "leaf": "1.0"}
    assert not trap.exists()


def test_no_code_of_a_package_runs_where_its_backend_is_its_own(
    shelf: Any, serve: Serve, desk: Any, tmp_path: Path
) -> None:
    """A backend in the source itself needs nothing installed, so that only a dead interpreter stops it."""
    trap = tmp_path / "trap"
    backend = f"import pathlib\npathlib.Path({str(trap)!r}).touch()\n"
    project = '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n'
    shelf.archive("top", "1.0", {"pyproject.toml": project, "own.py": backend})
    answer = asyncio.run(desk(serve(shelf).url).ask(("top",), (CP312,)))["cp312"]
    assert answer == Resolution(versions={"top": "1.0"}, assumed=("top",))
    assert not trap.exists()


def test_sources_are_read_for_all_interpreters_side_by_side(shelf: Any, serve: Serve, desk: Any) -> None:
    shelf.sdist("top", "1.0", requires=("middle",))
    shelf.sdist("middle", "1.0", requires=('leaf; python_version < "3.10"',))
    shelf.sdist("leaf", "1.0")
    answers = asyncio.run(desk(serve(shelf).url).ask(("top",), (CP39, CP312, PP39)))
    assert {abi: sorted(answer.versions) for abi, answer in answers.items()} == {
        "cp39": ["leaf", "middle", "top"],
        "cp312": ["middle", "top"],
        "pp39": ["leaf", "middle", "top"],
    }


def test_source_that_nobody_may_read_is_named(shelf: Any, serve: Serve, desk: Any) -> None:
    shelf.sdist("top", "1.0")
    with pytest.raises(NeedsCode) as caught:
        desk(serve(shelf).url, reads=False).versions("top")
    assert (caught.value.package, caught.value.version) == ("top", "1.0")


def test_markers_are_those_of_the_interpreter_not_of_ours(shelf: Any, serve: Serve, desk: Any) -> None:
    requires = (
        'only-pypy; platform_python_implementation == "PyPy"',
        'only-cpython; platform_python_implementation != "PyPy"',
        'only-arm; platform_machine == "aarch64"',
        'only-windows; sys_platform == "win32"',
    )
    shelf.sdist("top", "1.0")
    shelf.wheel("top", "1.0", requires=requires)
    for name in ("only-pypy", "only-cpython", "only-arm", "only-windows"):
        shelf.wheel(name, "1.0")
    at = desk(serve(shelf).url)
    assert set(at.versions("top", target=PP39)) == {"top", "only-pypy"}
    assert set(at.versions("top", target=ARM)) == {"top", "only-cpython", "only-arm"}
    assert set(at.versions("top", target=CP39)) == {"top", "only-cpython"}


def test_requirement_for_another_python_comes_to_nothing(shelf: Any, serve: Serve, desk: Any) -> None:
    shelf.sdist("top", "1.0")
    shelf.wheel("top", "1.0")
    at = desk(serve(shelf).url)
    text = 'top; python_version >= "3.10"'
    assert (at.versions(text, target=CP39), at.versions(text, target=PP39)) == ({}, {})


@pytest.mark.parametrize("version", ["3.14.0rc2", "3.14.0a1+"])
def test_interpreters_before_their_release_are_resolved_for(shelf: Any, serve: Serve, desk: Any, version: str) -> None:
    shelf.sdist("top", "1.0", **{"requires-python": ">=3.14"})
    shelf.wheel("top", "1.0", **{"requires-python": ">=3.14"})
    target = Target(abi="cp314", python_version=version, platform=host_platform())
    assert desk(serve(shelf).url).versions("top", target=target) == {"top": "1.0"}


def test_extras_of_what_is_asked_for_are_followed(shelf: Any, serve: Serve, desk: Any) -> None:
    shelf.sdist("top", "1.0")
    shelf.wheel("top", "1.0", requires=('leaf; extra == "fast"',))
    shelf.wheel("leaf", "1.0")
    at = desk(serve(shelf).url)
    assert set(at.versions("top[fast]")) == set(at.versions("top[fast]", target=PP39)) == {"top", "leaf"}


def test_conflict_of_one_interpreter_leaves_the_others_alone(shelf: Any, serve: Serve, desk: Any) -> None:
    shelf.sdist("top", "1.0", **{"requires-python": ">=3.10"})
    answers = asyncio.run(desk(serve(shelf).url).ask(("top",), (CP39, CP312)))
    assert isinstance(answers["cp39"], Unsatisfiable)
    assert "3.10" in answers["cp39"].explanation
    assert isinstance(answers["cp312"], Resolution)


def test_conflict_is_explained_without_an_address(shelf: Any, serve: Serve, desk: Any) -> None:
    shelf.sdist("top", "1.0")
    shelf.wheel("top", "1.0", requires=("leaf>=2",))
    shelf.wheel("leaf", "1.0")
    answer = asyncio.run(desk(serve(shelf).url).ask(("top",), (CP312,)))["cp312"]
    assert isinstance(answer, Unsatisfiable)
    assert answer.explanation.startswith("Because ")
    assert "leaf" in answer.explanation
    assert "127.0.0.1" not in answer.explanation


def test_best_version_over_all_indexes_is_taken(
    shelf: Any, new_shelf: Callable[[], Any], serve: Serve, desk: Any, tmp_path: Path
) -> None:
    """As pip does; uv by itself takes the first index that has the name."""
    other, third = new_shelf(), new_shelf()
    for one, version in ((shelf, "1.0"), (other, "2.0"), (third, "3.0")):
        one.sdist("top", version)
        one.wheel("top", version)
    third.wheel("leaf", "1.0")
    root = third.write_to(tmp_path / "third")
    urls = (serve(shelf).url, serve(other).url, root.as_uri())
    assert desk(*urls).versions("top", "leaf") == {"top": "3.0", "leaf": "1.0"}
    assert desk(*urls[:2]).versions("top") == {"top": "2.0"}


def test_find_links_are_seen(shelf: Any, serve: Serve, new_shelf: Callable[[], Any], desk: Any, tmp_path: Path) -> None:
    links = new_shelf()
    links.wheel("leaf", "1.0")
    links.write_to(tmp_path / "links")
    shelf.sdist("top", "1.0")
    shelf.wheel("top", "1.0", requires=("leaf",))
    place = Location((tmp_path / "links" / "files").as_uri())
    assert set(desk(serve(shelf).url, find_links=(place,)).versions("top")) == {"top", "leaf"}


def test_account_and_private_authority_are_passed_on(shelf: Any, serve: Serve, desk: Any, tmp_path: Path) -> None:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    shelf.sdist("top", "1.0")
    shelf.wheel("top", "1.0")
    server = serve(shelf, account="mira:hush", tls=context)
    assert desk(server.url, cert=str(tmp_path / "ca.pem")).versions("top") == {"top": "1.0"}


def test_uvs_own_settings_do_not_count(
    shelf: Any, serve: Serve, desk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.sdist("top", "1.0")
    shelf.wheel("top", "1.0")
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_OFFLINE", "1")
    (tmp_path / "uv.toml").write_text("no-index = true\n")
    monkeypatch.chdir(tmp_path)
    assert desk(serve(shelf).url).versions("top") == {"top": "1.0"}


def test_free_threaded_builds_share_the_call_of_the_others(shelf: Any, serve: Serve, desk: Any) -> None:
    shelf.sdist("top", "1.0")
    shelf.wheel("top", "1.0")
    free = Target(abi="cp312t", python_version="3.12.1", platform=host_platform())
    server = serve(shelf)
    answers = asyncio.run(desk(server.url).ask(("top",), (CP312, free)))
    assert answers["cp312"] is answers["cp312t"]
    assert len(server.pages_asked()) == 1


def test_index_that_is_down_may_come_back(shelf: Any, serve: Serve, desk: Any) -> None:
    server = serve(shelf)
    server.shutdown()
    server.server_close()
    with pytest.raises(UpstreamUnreachable) as caught:
        desk(server.url).versions("top")
    assert caught.value.may_pass


def test_blocking_programs_resolve_too(shelf: Any, serve: Serve, tmp_path: Path) -> None:
    shelf.sdist("top", "1.0")
    shelf.wheel("top", "1.0")
    index = UpstreamIndex(indexes=(Location(serve(shelf).url),))
    answers = Resolver(index, cache_dir=tmp_path).resolve_blocking([parse_requirement("top")], [CP312])
    assert answers == {"cp312": Resolution(versions={"top": "1.0"})}


# --- a uv that does not behave


@pytest.fixture
def slow_uv(tmp_path: Path) -> tuple[Path, Path]:
    """A program that writes its process id and then does nothing for long, and where it writes it."""
    noted = tmp_path / "pid"
    path = tmp_path / "uv"
    path.write_text(f"#!/bin/sh\nsleep 60 &\necho $$ $! > {noted}.new\nmv {noted}.new {noted}\nwait\n")
    path.chmod(0o755)
    return path, noted


def resolver(uv: Path, tmp_path: Path, timeout: float = 30.0) -> Resolver:
    return Resolver(UpstreamIndex(indexes=()), cache_dir=tmp_path, uv_path=uv, timeout_s=timeout)


def gone(noted: Path) -> bool:
    """Tell whether each noted process has ended; one that ended may still be waiting for its parent."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if not any(_is_running(int(pid)) for pid in noted.read_text().split()):
            return True
        time.sleep(0.02)
    return False


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_resolver_that_takes_too_long_is_stopped_with_its_children(slow_uv: tuple[Path, Path], tmp_path: Path) -> None:
    uv, noted = slow_uv
    with pytest.raises(ResolverTimeout) as caught:
        resolver(uv, tmp_path, 0.5).resolve_blocking([parse_requirement("top")], [CP312])
    assert caught.value.seconds == 0.5
    assert gone(noted)


def test_resolver_that_is_cancelled_leaves_no_child(slow_uv: tuple[Path, Path], tmp_path: Path) -> None:
    uv, noted = slow_uv

    async def cancelled() -> None:
        task = asyncio.create_task(resolver(uv, tmp_path).resolve([parse_requirement("top")], [CP39, CP312]))
        while not noted.exists():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert gone(noted)


@pytest.mark.parametrize("pause", [0, 0.001, 0.003, 0.01, 0.03])
def test_resolver_that_is_cancelled_while_it_starts_leaves_no_child(
    slow_uv: tuple[Path, Path], tmp_path: Path, pause: float
) -> None:
    uv, _ = slow_uv

    async def cancelled() -> None:
        task = asyncio.create_task(resolver(uv, tmp_path).resolve([parse_requirement("top")], [CP39, CP312]))
        await asyncio.sleep(pause)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(uv) in _text(path)]


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def test_resolver_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ResolverFailed, match="cannot be started"):
        resolver(tmp_path / "absent", tmp_path).resolve_blocking([parse_requirement("top")], [CP312])


def test_resolver_that_fails_is_told_with_what_it_says(tmp_path: Path) -> None:
    path = tmp_path / "uv"
    path.write_text("#!/bin/sh\necho 'error: out of cheese' >&2\nexit 2\n")
    path.chmod(0o755)
    with pytest.raises(ResolverFailed, match="out of cheese"):
        resolver(path, tmp_path).resolve_blocking([parse_requirement("top")], [CP312])


def test_secrets_are_not_among_the_arguments(tmp_path: Path) -> None:
    path = tmp_path / "uv"
    path.write_text(f'#!/bin/sh\necho "$@" > {tmp_path / "arguments"}\necho top==1.0\n')
    path.chmod(0o755)
    index = UpstreamIndex(indexes=(Location.parse("https://mira:hush@a.example.org/simple"),))
    Resolver(index, cache_dir=tmp_path, uv_path=path).resolve_blocking([parse_requirement("top")], [CP312])
    assert "hush" not in (tmp_path / "arguments").read_text()
    assert os.environ.get("PYTHONHOME") is None
