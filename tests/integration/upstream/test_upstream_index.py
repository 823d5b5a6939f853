"""The client of the Simple API against an index that runs: HTTP, TLS, accounts, disks."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from buildyard.farm.builds.plan import plan
from buildyard.farm.builds.requirements import parse_requirement
from buildyard.farm.upstream.errors import UnknownPackage, UpstreamUnreachable
from buildyard.farm.upstream.locations import Location, UpstreamIndex
from buildyard.farm.upstream.opening import open_client, open_upstream
from buildyard.farm.upstream.pipconfig import pip_index
from buildyard.farm.wire import InterpreterInfo

Serve = Callable[..., Any]


def index_of(*urls: str, **options: Any) -> UpstreamIndex:
    return UpstreamIndex(indexes=tuple(map(Location.parse, urls)), timeout_s=10, **options)


@pytest.mark.parametrize("speaks_json", [True, False])
def test_page_is_read_from_json_and_from_html(shelf: Any, serve: Serve, speaks_json: bool) -> None:
    shelf.sdist("demo", "1.0", **{"requires-python": ">=3.9"})
    shelf.wheel("demo", "1.0")
    server = serve(shelf, speaks_json=speaks_json)
    with open_upstream(index_of(server.url)) as upstream:
        page = upstream.page("Demo")
    assert [file.filename for file in page.files] == ["demo-1.0.tar.gz", "demo-1.0-py3-none-any.whl"]
    assert page.files[0].requires_python == ">=3.9"
    assert page.files[0].url == f"http://127.0.0.1:{server.server_port}/files/demo-1.0.tar.gz"


def test_planning_a_package_takes_one_request(shelf: Any, serve: Serve) -> None:
    shelf.sdist("demo", "1.0", **{"upload-time": "2024-01-02T03:04:05Z"})
    server = serve(shelf)
    python = InterpreterInfo(abi="cp312", version="3.12.1", implementation="cpython")
    with open_upstream(index_of(server.url)) as upstream:
        found = plan(parse_requirement("demo"), upstream.page("demo"), [python], "linux_x86_64")
    assert [one.version for one in found.wanted] == ["1.0"]
    assert server.asked == [("/simple/demo/", 200)]


def test_second_program_only_asks_whether_the_page_still_holds(shelf: Any, serve: Serve, tmp_path: Path) -> None:
    shelf.sdist("demo", "1.0")
    server = serve(shelf)
    for _ in range(2):
        with open_upstream(index_of(server.url), tmp_path) as upstream:
            assert len(upstream.page("demo").files) == 1
    assert [status for _, status in server.asked] == [200, 304]


def test_pages_can_be_asked_for_side_by_side(shelf: Any, serve: Serve) -> None:
    for number in range(8):
        shelf.sdist(f"demo{number}", "1.0")

    async def names(url: str) -> list[str]:
        client = open_client(index_of(url))
        try:
            pages = await asyncio.gather(*(client.page(f"demo{number}") for number in range(8)))
        finally:
            await client.close()
        return [page.name for page in pages]

    assert asyncio.run(names(serve(shelf).url)) == [f"demo{number}" for number in range(8)]


def test_index_with_an_account_is_asked_with_it(shelf: Any, serve: Serve) -> None:
    shelf.sdist("demo", "1.0")
    server = serve(shelf, account="mira:hush")
    with open_upstream(index_of(server.url)) as upstream:
        page = upstream.page("demo")
        assert upstream.file(page.files[0], max_bytes=10_000) == shelf.files["demo-1.0.tar.gz"]
    assert "hush" not in page.files[0].url


def test_index_that_wants_an_account_says_so(shelf: Any, serve: Serve) -> None:
    server = serve(shelf, account="mira:hush")
    with (
        open_upstream(index_of(server.url.replace("hush", "wrong"))) as upstream,
        pytest.raises(UpstreamUnreachable, match="401") as caught,
    ):
        upstream.page("demo")
    assert not caught.value.may_pass


def tls_of(ca: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_index_behind_a_private_authority_is_trusted_as_pip_trusts_it(shelf: Any, serve: Serve, tmp_path: Path) -> None:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    shelf.sdist("demo", "1.0")
    server = serve(shelf, tls=tls_of(ca))
    with open_upstream(index_of(server.url, cert=str(tmp_path / "ca.pem"))) as upstream:
        assert len(upstream.page("demo").files) == 1


def test_index_behind_an_unknown_authority_is_refused_for_good(shelf: Any, serve: Serve) -> None:
    server = serve(shelf, tls=tls_of(trustme.CA()))
    with open_upstream(index_of(server.url)) as upstream, pytest.raises(UpstreamUnreachable) as caught:
        upstream.page("demo")
    assert not caught.value.may_pass


def test_index_that_is_down_may_come_back(shelf: Any, serve: Serve) -> None:
    server = serve(shelf)
    server.shutdown()
    server.server_close()
    with open_upstream(index_of(server.url)) as upstream, pytest.raises(UpstreamUnreachable) as caught:
        upstream.page("demo")
    assert caught.value.may_pass
    assert "127.0.0.1" not in str(caught.value)


def test_indexes_on_disk_and_on_the_network_are_one(
    shelf: Any, new_shelf: Callable[[], Any], serve: Serve, tmp_path: Path
) -> None:
    shelf.sdist("demo", "1.0")
    there = new_shelf()
    there.sdist("demo", "2.0")
    root = there.write_to(tmp_path / "my index")
    with open_upstream(index_of(serve(shelf).url, root.as_uri())) as upstream:
        page = upstream.page("demo")
        assert [file.filename for file in page.files] == ["demo-1.0.tar.gz", "demo-2.0.tar.gz"]
        assert upstream.file(page.files[1], max_bytes=10_000) == there.files["demo-2.0.tar.gz"]


def test_pips_own_configuration_leads_to_the_index(shelf: Any, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.sdist("demo", "1.0")
    server = serve(shelf)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CERT", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", server.url)
    index = pip_index()
    assert index.origin == "PIP_INDEX_URL"
    with open_upstream(index) as upstream:
        assert len(upstream.page("demo").files) == 1
        with pytest.raises(UnknownPackage):
            upstream.page("absent")
