"""Asking the indexes, against a script."""

from __future__ import annotations

import gzip
from pathlib import Path

import msgspec
import pytest

from buildyard.errors import BuildyardError, ConnectFailed, TimedOut
from buildyard.faces.blocking import run_blocking
from buildyard.faces.scripted import Answer, Line, ScriptedTransport, answer
from buildyard.faces.transport import Request
from buildyard.farm.upstream.cache import PageCache
from buildyard.farm.upstream.errors import BadPage, BadUpstream, UnknownPackage, UpstreamUnreachable
from buildyard.farm.upstream.locations import Location, UpstreamIndex
from buildyard.farm.upstream.pages import JSON_TYPE, File, Page
from buildyard.farm.upstream.simple import RECENT_S, SimpleClient, Upstream
from buildyard.retry import Retry

A = Location.parse("https://user:hush@a.example.org/simple/")
B = Location.parse("https://b.example.org/simple")
ONCE = Retry(attempts=1)


def page(*filenames: str, **headers: str) -> Answer:
    body = msgspec.json.encode({"name": "demo", "files": [{"filename": name, "url": name} for name in filenames]})
    return answer(200, body, [("Content-Type", JSON_TYPE), *((k.replace("_", "-"), v) for k, v in headers.items())])


def refused(request: Request) -> BuildyardError:
    return ConnectFailed("no connection to a.example.org:443 (refused)", method="GET", url=request.url)


class Desk:
    """A client over a script, with a cache on disk or without."""

    def __init__(self, *script: Line, index: UpstreamIndex, cache: PageCache | None = None) -> None:
        self.script = ScriptedTransport(*script)
        self.client = SimpleClient(self.script, index, cache=cache, retry=ONCE)

    def page(self, package: str = "demo", *, refresh: bool = False) -> Page:
        return run_blocking(self.client.page(package, refresh=refresh))

    def later(self, seconds: float = RECENT_S) -> None:
        self.script.advance(seconds)

    def header(self, name: str, request: int = -1) -> str | None:
        return dict(self.script.requests[request].headers).get(name)


def desk(*script: Line, indexes: tuple[Location, ...] = (A,), cache: Path | None = None, **index: object) -> Desk:
    where = UpstreamIndex(indexes=indexes, **index)  # type: ignore[arg-type]
    return Desk(*script, index=where, cache=PageCache(cache) if cache else None)


def names(page: Page) -> list[str]:
    return [file.filename for file in page.files]


def test_one_page_costs_one_request() -> None:
    at = desk(page("demo-1.0.tar.gz"))
    assert names(at.page("Demo")) == ["demo-1.0.tar.gz"]
    assert [request.url for request in at.script.requests] == ["https://a.example.org/simple/demo/"]


def test_json_is_asked_for_before_html() -> None:
    at = desk(page())
    at.page()
    assert str(at.header("Accept")).startswith(JSON_TYPE + ",")


def test_credential_is_sent_as_a_header() -> None:
    at = desk(page())
    at.page()
    assert str(at.header("Authorization")).startswith("Basic ")
    assert "hush" not in at.script.requests[0].url


def test_html_answer_is_understood_too() -> None:
    at = desk(answer(200, b'<a href="demo-1.0.tar.gz">d</a>', [("Content-Type", "text/html")]))
    assert at.page().files[0].url == "https://a.example.org/simple/demo/demo-1.0.tar.gz"


def test_links_are_relative_to_where_a_redirect_led() -> None:
    away = answer(301, b"", [("Location", "https://mirror.example.org/s/demo/")])
    at = desk(away, page("demo-1.0.tar.gz"))
    assert at.page().files[0].url == "https://mirror.example.org/s/demo/demo-1.0.tar.gz"
    assert at.header("Authorization") is None


def test_offers_of_all_indexes_are_merged() -> None:
    at = desk(page("demo-1.0.tar.gz"), page("demo-2.0.tar.gz"), indexes=(A, B))
    assert names(at.page()) == ["demo-1.0.tar.gz", "demo-2.0.tar.gz"]


def test_index_without_the_project_does_not_hide_the_others() -> None:
    at = desk(answer(404), page("demo-2.0.tar.gz"), indexes=(A, B))
    assert names(at.page()) == ["demo-2.0.tar.gz"]


def test_page_of_links_is_searched_for_the_project() -> None:
    links = answer(200, b'<a href="demo-1.0.zip">d</a><a href="other-1.0.zip">o</a>', [("Content-Type", "text/html")])
    at = desk(answer(404), links, find_links=(Location("https://b.example.org/links.html"),))
    assert names(at.page()) == ["demo-1.0.zip"]
    assert at.script.requests[1].url == "https://b.example.org/links.html"


def test_unknown_package_is_told_with_names_spelt_nearly_so() -> None:
    with pytest.raises(UnknownPackage) as caught:
        desk(answer(404)).page("numpyy")
    assert (caught.value.package, caught.value.likely) == ("numpyy", ("numpy",))


def test_names_of_earlier_pages_help_with_typos(tmp_path: Path) -> None:
    desk(page("x-1.0.zip"), cache=tmp_path).page("frobnicator")
    with pytest.raises(UnknownPackage) as caught:
        desk(answer(404), cache=tmp_path).page("frobnicater")
    assert caught.value.likely == ("frobnicator",)


def test_names_of_local_indexes_help_with_typos(tmp_path: Path) -> None:
    (tmp_path / "gargoyle").mkdir()
    with pytest.raises(UnknownPackage) as caught:
        desk(indexes=(Location(tmp_path.as_uri()),)).page("gargoile")
    assert caught.value.likely == ("gargoyle",)


@pytest.mark.parametrize("name", ["../etc", "", "a/b", "-x", "ü", "x" * 200, "a b", "a?b"])
def test_name_that_no_project_can_have_is_unknown_without_asking(name: str) -> None:
    at = desk()
    with pytest.raises(UnknownPackage):
        at.page(name)
    assert at.script.requests == []


def test_index_that_does_not_answer_is_told_without_its_host() -> None:
    with pytest.raises(UpstreamUnreachable) as caught:
        desk(refused).page()
    assert caught.value.may_pass
    assert "a.example.org" not in str(caught.value)
    assert "refused" in str(caught.value)


def test_silence_of_one_index_is_not_taken_for_absence() -> None:
    with pytest.raises(UpstreamUnreachable):
        desk(page("demo-1.0.tar.gz"), refused, indexes=(A, B)).page()


@pytest.mark.parametrize(("status", "may_pass"), [(500, True), (503, True), (429, True), (403, False), (418, False)])
def test_refusal_tells_whether_it_may_pass(status: int, may_pass: bool) -> None:
    with pytest.raises(UpstreamUnreachable) as caught:
        desk(answer(status, b"", [("Retry-After", "7")])).page()
    assert caught.value.may_pass is may_pass
    assert caught.value.retry_after == (7.0 if may_pass else None)


def test_index_that_refuses_does_not_hide_one_that_answers() -> None:
    assert names(desk(answer(403), page("demo-1.0.zip"), indexes=(A, B)).page()) == ["demo-1.0.zip"]


def test_failure_that_passes_is_asked_again() -> None:
    script = ScriptedTransport(answer(503), page("demo-1.0.zip"))
    client = SimpleClient(script, UpstreamIndex(indexes=(A,)))
    assert names(run_blocking(client.page("demo"))) == ["demo-1.0.zip"]
    assert len(script.sleeps) == 1


def test_something_else_than_a_page_is_a_bad_page() -> None:
    with pytest.raises(BadPage, match="its type is text/plain"):
        desk(answer(200, b"hello", [("Content-Type", "text/plain")])).page()


def test_pip_without_any_index_is_told() -> None:
    with pytest.raises(BadUpstream, match="neither"):
        desk(indexes=()).page()


def test_compressed_page_is_unpacked() -> None:
    body = gzip.compress(b'{"files": [{"filename": "demo-1.0.zip", "url": "demo-1.0.zip"}]}', mtime=0)
    at = desk(answer(200, body, [("Content-Type", JSON_TYPE), ("Content-Encoding", "gzip")]))
    assert names(at.page()) == ["demo-1.0.zip"]


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(b"{}", mtime=0)[:-4], b""])
def test_broken_compression_is_a_bad_page(body: bytes) -> None:
    with pytest.raises(BadPage, match="gzip"):
        desk(answer(200, body, [("Content-Type", JSON_TYPE), ("Content-Encoding", "gzip")])).page()


def test_compression_bomb_is_a_bad_page() -> None:
    body = gzip.compress(bytes(65 * 1024 * 1024))
    with pytest.raises(BadPage, match="more than"):
        desk(answer(200, body, [("Content-Type", JSON_TYPE), ("Content-Encoding", "gzip")])).page()


def test_page_is_not_asked_for_twice_within_seconds() -> None:
    at = desk(page("demo-1.0.zip"))
    assert at.page() is at.page()


def test_refresh_asks_even_for_a_page_just_seen() -> None:
    at = desk(page("demo-1.0.zip"), page("demo-2.0.zip"))
    at.page()
    assert names(at.page(refresh=True)) == ["demo-2.0.zip"]


def test_fresh_page_on_disk_needs_no_request(tmp_path: Path) -> None:
    desk(page("demo-1.0.zip", Cache_Control="max-age=600"), cache=tmp_path).page()
    again = desk(cache=tmp_path)
    again.later(599)
    assert names(again.page()) == ["demo-1.0.zip"]


def test_old_page_on_disk_is_confirmed_by_its_etag(tmp_path: Path) -> None:
    first = desk(page("demo-1.0.zip", Cache_Control="max-age=60", ETag='"v1"'), cache=tmp_path)
    first.page()
    again = desk(answer(304, b"", [("Cache-Control", "max-age=60")]), cache=tmp_path)
    again.later(60)
    assert names(again.page()) == ["demo-1.0.zip"]
    assert again.header("If-None-Match") == '"v1"'
    third = desk(cache=tmp_path)
    third.later(119)
    assert names(third.page()) == ["demo-1.0.zip"]


def test_page_without_etag_is_confirmed_by_its_date(tmp_path: Path) -> None:
    date = "Wed, 01 Jan 2025 00:00:00 GMT"
    desk(page("demo-1.0.zip", Last_Modified=date), cache=tmp_path).page()
    again = desk(answer(304), cache=tmp_path)
    assert names(again.page()) == ["demo-1.0.zip"]
    assert again.header("If-Modified-Since") == date


@pytest.mark.parametrize("control", ["", "no-store, max-age=600", "no-cache", "max-age=0"])
def test_page_that_may_not_be_believed_is_asked_for_again(control: str, tmp_path: Path) -> None:
    desk(page("demo-1.0.zip", Cache_Control=control), cache=tmp_path).page()
    assert names(desk(page("demo-2.0.zip"), cache=tmp_path).page()) == ["demo-2.0.zip"]


def test_age_in_a_shared_cache_counts(tmp_path: Path) -> None:
    desk(page("demo-1.0.zip", Cache_Control="max-age=600", Age="590"), cache=tmp_path).page()
    again = desk(page("demo-2.0.zip"), cache=tmp_path)
    again.later(11)
    assert names(again.page()) == ["demo-2.0.zip"]


@pytest.mark.parametrize(
    "failure", [refused, TimedOut("read", 5, method="GET", url="https://a.example.org/"), answer(503), answer(429)]
)
def test_page_on_disk_stands_in_for_an_index_that_does_not_answer(failure: Line, tmp_path: Path) -> None:
    desk(page("demo-1.0.zip"), cache=tmp_path).page()
    stale = desk(failure, cache=tmp_path).page()
    assert names(stale) == ["demo-1.0.zip"]
    assert stale.is_stale


def test_half_a_page_on_disk_is_asked_for_again(tmp_path: Path) -> None:
    desk(page("demo-1.0.zip", Cache_Control="max-age=600", ETag='"v1"'), cache=tmp_path).page()
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:-5])
    again = desk(page("demo-2.0.zip"), cache=tmp_path)
    assert names(again.page()) == ["demo-2.0.zip"]
    assert again.header("If-None-Match") is None


def test_project_that_is_gone_is_unknown_although_its_page_is_on_disk(tmp_path: Path) -> None:
    desk(page("demo-1.0.zip"), cache=tmp_path).page()
    with pytest.raises(UnknownPackage):
        desk(answer(404), cache=tmp_path).page()


def test_no_credential_is_written_to_disk(tmp_path: Path) -> None:
    desk(page("demo-1.0.zip"), cache=tmp_path).page()
    (kept,) = tmp_path.iterdir()
    assert b"hush" not in kept.read_bytes()
    assert "hush" not in kept.name


def test_file_is_fetched_with_the_credential_and_as_it_is() -> None:
    at = desk(answer(200, b"archive"))
    file = File(filename="demo-1.0.zip", url="https://a.example.org/files/demo-1.0.zip")
    assert run_blocking(at.client.file(file, max_bytes=100)) == b"archive"
    assert at.header("Authorization") is not None
    assert at.header("Accept-Encoding") is None


def test_file_larger_than_allowed_is_refused() -> None:
    at = desk(answer(200, bytes(101)))
    with pytest.raises(BadPage, match="larger than 100 bytes"):
        run_blocking(at.client.file(File(filename="d", url="https://a.example.org/d"), max_bytes=100))


def test_blocking_face_gives_plain_pages() -> None:
    script = ScriptedTransport(page("demo-1.0.zip"))
    with Upstream(SimpleClient(script, UpstreamIndex(indexes=(A,)))) as upstream:
        assert names(upstream.page("demo")) == ["demo-1.0.zip"]
        assert upstream.likely("nunpy") == ("numpy",)
    assert script.is_closed
