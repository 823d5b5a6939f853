"""Fetching sources: hashes, cuts, sizes, addresses, over a scripted transport."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from buildyard.errors import ConnectFailed, Cut
from buildyard.faces.scripted import ScriptedTransport, answer
from buildyard.farm.builder.budget import Budget
from buildyard.farm.builder.failures import PhaseFailed
from buildyard.farm.builder.log import Log
from buildyard.farm.builder.phases.fetch import Sources, fetch
from buildyard.farm.upstream.locations import is_secure
from buildyard.farm.wire import FailureKind, Limits, Source

URL = "https://files.example.invalid/pkg-1.0.tar.gz"
DATA = b"the source, all of it"
SHA = hashlib.sha256(DATA).hexdigest()


def source(url: str = URL, sha256: str = SHA, size: int | None = None) -> Source:
    return Source(filename="pkg-1.0.tar.gz", url=url, sha256=sha256, size=size)


class Yard:
    """A cache, a script and a log."""

    def __init__(self, directory: Path) -> None:
        self.cache = directory / "sources"
        self.transport = ScriptedTransport()
        self.log = Log(directory / "test.log", limit=100_000)
        self.budget = Budget(limits=Limits())

    def fetch(self, wanted: Source) -> Path:
        sources = Sources(
            directory=self.cache,
            transport=self.transport,
            headers_for=lambda url: (("Authorization", "Basic x"),) if url == URL else (),
            allows=lambda url: is_secure(url, ()),
            most_bytes=1_000_000,
        )
        return fetch(wanted, sources, budget=self.budget, log=self.log)

    def refused(self, wanted: Source) -> PhaseFailed:
        with pytest.raises(PhaseFailed) as caught:
            self.fetch(wanted)
        return caught.value

    @property
    def leftovers(self) -> list[str]:
        return sorted(path.suffix for path in self.cache.rglob("*") if path.is_file() and path.suffix != ".lock")


@pytest.fixture
def yard(tmp_path: Path):
    made = Yard(tmp_path)
    yield made
    made.log.close()


def test_source_is_fetched_checked_and_kept(yard):
    yard.transport.add(answer(200, DATA))
    path = yard.fetch(source())
    assert path.read_bytes() == DATA
    assert path.name == SHA
    assert [line for _, line in yard.log.lines()] == ["pkg-1.0.tar.gz  21 bytes", f"sha256 {SHA} matches"]


def test_request_is_authorised_and_asks_for_the_bytes_as_they_are(yard):
    yard.transport.add(answer(200, DATA))
    yard.fetch(source())
    (request,) = yard.transport.requests
    assert request.headers == (("Authorization", "Basic x"), ("Accept-Encoding", "identity"))
    assert request.follow_redirects


def test_second_build_of_a_source_fetches_nothing(yard):
    yard.transport.add(answer(200, DATA))
    yard.fetch(source())
    assert yard.fetch(source()).read_bytes() == DATA
    assert len(yard.transport.requests) == 1


def test_kept_file_that_has_changed_is_fetched_again(yard):
    yard.transport.add(answer(200, DATA), answer(200, DATA))
    yard.fetch(source()).write_bytes(b"rotten")
    assert yard.fetch(source()).read_bytes() == DATA


def test_fragment_of_an_address_is_not_sent(yard):
    yard.transport.add(answer(200, DATA))
    yard.fetch(source(url=f"{URL}#sha256={SHA}"))
    assert yard.transport.requests[0].url == URL


def test_cut_download_goes_on_where_it_ended(yard):
    broken = Cut("the connection ended early", method="GET", url=URL)
    rest = answer(206, DATA[5:], [("Content-Range", f"bytes 5-20/{len(DATA)}")])
    yard.transport.add(answer(200, [DATA[:5], broken]), rest)
    assert yard.fetch(source()).read_bytes() == DATA
    assert ("Range", "bytes=5-") in yard.transport.requests[1].headers


def test_download_goes_on_in_a_later_run(yard):
    broken = Cut("the connection ended early", method="GET", url=URL)
    yard.transport.add(answer(200, [DATA[:5], broken]), *[answer(503)] * 4)
    assert yard.refused(source()).kind is FailureKind.NETWORK
    yard.transport.add(answer(206, DATA[5:], [("Content-Range", f"bytes 5-20/{len(DATA)}")]))
    assert yard.fetch(source()).read_bytes() == DATA


def test_server_that_knows_no_ranges_sends_it_all_again(yard):
    broken = Cut("the connection ended early", method="GET", url=URL)
    yard.transport.add(answer(200, [DATA[:5], broken]), answer(200, DATA))
    assert yard.fetch(source()).read_bytes() == DATA


def test_stale_part_of_another_file_costs_one_more_download(yard):
    part = yard.cache / SHA[:2] / f"{SHA}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"other")
    rest = answer(206, DATA[5:], [("Content-Range", f"bytes 5-20/{len(DATA)}")])
    yard.transport.add(rest, answer(200, DATA))
    assert yard.fetch(source()).read_bytes() == DATA


def test_part_that_is_whole_already_is_taken(yard):
    part = yard.cache / SHA[:2] / f"{SHA}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(DATA)
    yard.transport.add(answer(416))
    assert yard.fetch(source()).read_bytes() == DATA


def test_another_hash_is_refused_and_nothing_is_kept(yard):
    yard.transport.add(answer(200, b"something else"))
    failure = yard.refused(source())
    assert failure.kind is FailureKind.HASH_MISMATCH
    assert "its sha256 is " in failure.reason
    assert yard.leftovers == []


def test_more_than_upstream_told_is_refused_while_it_comes(yard):
    yard.transport.add(answer(200, [DATA, DATA, Cut("never read", method="GET", url=URL)]))
    failure = yard.refused(source(size=len(DATA)))
    assert failure.kind is FailureKind.HASH_MISMATCH
    assert "larger than the 21 bytes that were announced" in failure.reason
    assert yard.leftovers == []


def test_endless_source_is_refused(yard):
    yard.transport.add(answer(200, [bytes(300_000)] * 4))
    failure = yard.refused(source())
    assert failure.kind is FailureKind.BAD_SOURCE
    assert "larger than 1.0 MB" in failure.reason


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, FailureKind.SOURCE_MISSING),
        (410, FailureKind.SOURCE_MISSING),
        (403, FailureKind.SOURCE_MISSING),
        (503, FailureKind.NETWORK),
        (429, FailureKind.NETWORK),
    ],
)
def test_refusal_of_upstream_is_told_with_its_status(yard, status, kind):
    yard.transport.add(*[answer(status)] * 5)
    failure = yard.refused(source())
    assert failure.kind is kind
    assert failure.reason == f"upstream answers {status} for pkg-1.0.tar.gz"


def test_trouble_that_passes_is_waited_for(yard):
    refused = ConnectFailed("connection refused", method="GET", url=URL)
    yard.transport.add(refused, answer(503), answer(200, DATA))
    assert yard.fetch(source()).read_bytes() == DATA
    assert len(yard.transport.sleeps) == 2


def test_upstream_that_never_answers_is_a_network_failure(yard):
    yard.transport.add(*[ConnectFailed("connection refused", method="GET", url=URL)] * 5)
    failure = yard.refused(source())
    assert failure.kind is FailureKind.NETWORK
    assert "connection refused" in failure.reason


@pytest.mark.parametrize("url", ["http://files.example.invalid/x.tar.gz", "ftp://x/y", "x.tar.gz", "https://a b/"])
def test_address_that_may_not_be_asked_is_not_asked(yard, url):
    failure = yard.refused(source(url=url))
    assert failure.kind is FailureKind.BAD_SOURCE
    assert yard.transport.requests == []


def test_plain_http_is_fine_on_loopback(yard):
    yard.transport.add(answer(200, DATA))
    assert yard.fetch(source(url="http://127.0.0.1:8080/pkg-1.0.tar.gz")).read_bytes() == DATA


def test_file_is_copied_so_that_it_cannot_change_later(yard, tmp_path):
    original = tmp_path / "my pkg.tar.gz"
    original.write_bytes(DATA)
    path = yard.fetch(source(url=original.as_uri()))
    original.write_bytes(b"changed")
    assert path.read_bytes() == DATA


def test_file_that_is_not_there_is_missing(yard, tmp_path):
    failure = yard.refused(source(url=(tmp_path / "nothing").as_uri()))
    assert failure.kind is FailureKind.SOURCE_MISSING


@pytest.mark.parametrize("sha256", ["", "xyz", "../" * 21 + "a", SHA.upper(), SHA + "0"])
def test_hash_that_is_none_is_refused(yard, sha256):
    assert yard.refused(source(sha256=sha256)).kind is FailureKind.HASH_MISMATCH


def test_run_that_is_stopped_leaves_a_silent_server_alone(yard, monkeypatch):
    """The socket may be silent for as long as it likes; the slot goes on at once."""
    silent = threading.Event()

    def wait(request):
        threading.Timer(0.2, yard.budget.stop.set).start()
        silent.wait(20)
        return answer(200, DATA)

    yard.transport.add(wait)
    try:
        assert yard.refused(source()).kind is FailureKind.STOPPED
    finally:
        silent.set()
