"""Asking the indexes for a project: one HTTP request an index, or none while the page on disk is fresh.

`SimpleClient.page` asks each index and find-links location for JSON first (PEP 691) with HTML as well (PEP 503), in
pip's order, and merges what they offer.  Pages are kept by `cache` with their ETag, so that asking again costs a 304.
The client is a core over `faces.transport`: asyncio programs use it as it is, `Upstream` is its blocking face.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from packaging.utils import canonicalize_name

from buildyard.errors import BodyTooLarge, InvalidRequest, TransportError, WireError
from buildyard.faces.blocking import BlockingFace, blocking
from buildyard.faces.transport import Fields, Request, Response, Timeout, Transport
from buildyard.farm.upstream import answers, local
from buildyard.farm.upstream.cache import CachedPage, PageCache
from buildyard.farm.upstream.errors import BadPage, BadUpstream, UnknownPackage, UpstreamUnreachable
from buildyard.farm.upstream.known import COMMON_NAMES
from buildyard.farm.upstream.locations import Location, UpstreamIndex, file_path
from buildyard.farm.upstream.pages import ACCEPT, File, Page, merge, parse_page
from buildyard.retry import Retry

#: Somebody waits for the answer: few attempts, and no long waits between them.
RETRY = Retry(attempts=3, first=0.3, patience=10.0)

#: A page that was asked for in the last few seconds is not asked for again: one request may need it many times, and
#: not every index says how long its pages hold.
RECENT_S = 15.0
_RECENT_PAGES = 64

# PEP 508's names; a longer one does not fit into a file name.
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,150}[A-Za-z0-9])?\Z")


@dataclass(frozen=True, slots=True)
class _Offer:
    """What one location offers of a project."""

    name: str
    files: tuple[File, ...]
    is_stale: bool = False


@dataclass(frozen=True, slots=True)
class _Kept:
    """A page on disk, and what it says."""

    page: CachedPage
    offer: _Offer


class SimpleClient:
    """A client of the Simple API over all the indexes of pip's configuration."""

    def __init__(
        self,
        transport: Transport,
        index: UpstreamIndex,
        *,
        cache: PageCache | None = None,
        known: Iterable[str] = (),
        retry: Retry = RETRY,
    ) -> None:
        self._transport = transport
        self._index = index
        self._cache = cache
        self._known = tuple(known)
        self._retry = retry
        self._recent: dict[str, tuple[float, Page]] = {}

    async def page(self, package: str, *, refresh: bool = False) -> Page:
        """Return what all indexes together offer of a project.

        ``refresh`` asks them even where a page on disk is still fresh: use it when a version is missing that should be
        there.  Where an index does not answer, its last page is taken, and the result's ``is_stale`` says so.

        Raises `UnknownPackage` where no index has it, `UpstreamUnreachable` where one does not answer and no page of
        it is kept, `BadPage` where one answers with something else, `BadUpstream` where pip has no index at all.
        """
        if not self._index.locations:
            raise BadUpstream("it has neither an index nor find-links")
        if not _NAME.match(package):
            raise UnknownPackage(package, likely=self.likely(package))
        name = canonicalize_name(package)
        recent = self._recent.get(name)
        if recent is not None and not refresh and 0 <= self._transport.now() - recent[0] < RECENT_S:
            return recent[1]
        page = await self._merged(package, name, refresh=refresh)
        self._recent[name] = (self._transport.now(), page)
        if len(self._recent) > _RECENT_PAGES:
            del self._recent[next(iter(self._recent))]
        return page

    async def file(self, file: File, *, max_bytes: int) -> bytes:
        """Return a file's bytes, of at most ``max_bytes``.  The caller checks its hash.

        Raises `UpstreamUnreachable` where it cannot be had, `BadPage` where it is larger.
        """
        if file.url.startswith("file:"):
            return _read_file(file.url, max_bytes)
        request = self._request(file.url, ())
        try:
            response = await self._transport.send(request, max_body=max_bytes)
        except BodyTooLarge as error:
            raise BadPage(f"{file.filename} is larger than {max_bytes} bytes") from error
        except (TransportError, WireError) as error:
            raise answers.unreachable(error) from error
        if response.status != 200:
            raise UpstreamUnreachable(f"it answers {response.status} for {file.filename}", may_pass=False)
        return response.body

    def likely(self, package: str) -> tuple[str, ...]:
        """Return up to three names that are spelt nearly so, of those that are known without asking anybody."""
        names = {*COMMON_NAMES, *map(canonicalize_name, self._known)}
        names |= self._cache.names() if self._cache is not None else set()
        for place in self._index.indexes:
            if place.is_local:
                names.update(local.project_names(place))
        near = difflib.get_close_matches(canonicalize_name(package[:150]), sorted(names), n=3, cutoff=0.8)
        return tuple(name for name in near if name != package)

    async def close(self) -> None:
        """Close the transport's connections."""
        await self._transport.close()

    async def _merged(self, package: str, name: str, *, refresh: bool) -> Page:
        found: list[_Offer] = []
        refusal: UpstreamUnreachable | None = None
        for place in self._index.locations:
            try:
                offer = await self._offer(place, name, refresh=refresh)
            except _Refused as refused:
                refusal = refused.error
            else:
                found += [offer] if offer is not None else []
        if not found:
            raise refusal or UnknownPackage(package, likely=self.likely(name))
        return merge(name, [(one.name, one.files) for one in found], is_stale=any(one.is_stale for one in found))

    async def _offer(self, place: Location, name: str, *, refresh: bool) -> _Offer | None:
        is_index = place in self._index.indexes
        if place.is_local:
            read = local.read_index(place, name) if is_index else local.read_links(place, name)
            return _Offer(*read) if read is not None else None
        url = f"{place.url.rstrip('/')}/{name}/" if is_index else place.url
        offer = await self._ask(url, name, refresh=refresh)
        if offer is None or is_index:
            return offer
        files = local.with_hashes(offer.files, name)
        return replace(offer, name="", files=files) if files else None

    async def _ask(self, url: str, name: str, *, refresh: bool) -> _Offer | None:
        kept = self._kept(name, url)
        if kept is not None and not refresh and self._is_fresh(kept.page):
            return kept.offer
        asking = (("Accept", ACCEPT), ("Accept-Encoding", "gzip"), *answers.conditions(kept.page if kept else None))
        request = self._request(url, asking)
        try:
            response = await self._retry.send(self._transport, lambda: request)
        except (TransportError, WireError) as error:
            if kept is None:
                raise answers.unreachable(error) from error
            return replace(kept.offer, is_stale=True)
        return self._understood(response, url, name, kept)

    def _understood(self, response: Response, url: str, name: str, kept: _Kept | None) -> _Offer | None:
        if response.status in (404, 410):
            return None
        now = self._transport.now()
        if response.status == 200 or (response.status == 304 and kept is not None):
            page = answers.page_of(response, url, kept.page if kept else None, now)
            offer = kept.offer if kept is not None and page.body is kept.page.body else _parsed(page)
            if self._cache is not None:
                self._cache.put(name, url, page)
            return offer
        refusal = answers.refusal(response, now)
        if refusal.may_pass and kept is not None:
            return replace(kept.offer, is_stale=True)
        raise refusal if refusal.may_pass else _Refused(refusal)

    def _kept(self, name: str, url: str) -> _Kept | None:
        page = self._cache.get(name, url) if self._cache is not None else None
        try:
            return _Kept(page, _parsed(page)) if page is not None else None
        except BadPage:
            return None  # a power cut may leave half a page; it is asked for again, whole

    def _is_fresh(self, page: CachedPage) -> bool:
        # A page from the future was kept under a wrong clock, and is asked for again.
        return 0 <= self._transport.now() - page.fetched_at < page.max_age_s

    def _request(self, url: str, more: Fields) -> Request:
        fields = (*more, *self._index.headers_for(url))
        timeout = Timeout(connect=self._index.timeout_s, read=self._index.timeout_s)
        try:
            return Request("GET", url, fields, timeout=timeout, follow_redirects=True)
        except InvalidRequest:
            # The cause would print the address.
            raise BadUpstream("an address cannot be asked as it is written") from None


class Upstream(BlockingFace[SimpleClient]):
    """`SimpleClient` for blocking programs, over a blocking transport."""

    page = blocking(SimpleClient.page)
    file = blocking(SimpleClient.file)

    def likely(self, package: str) -> tuple[str, ...]:
        """Return up to three known names that are spelt nearly so."""
        return self._core.likely(package)


class _Refused(Exception):
    """One location will not tell; the others may."""

    def __init__(self, error: UpstreamUnreachable) -> None:
        self.error = error


def _parsed(page: CachedPage) -> _Offer:
    name, files = parse_page(page.body, page.content_type, page.url)
    return _Offer(name, files)


def _read_file(url: str, max_bytes: int) -> bytes:
    try:
        with file_path(url).open("rb") as file:
            body = file.read(max_bytes + 1)
    except OSError as error:
        raise UpstreamUnreachable(f"a file of a local index: {error.strerror}", may_pass=False) from None
    if len(body) > max_bytes:
        raise BadPage(f"a file of a local index is larger than {max_bytes} bytes")
    return body
