"""The core: calls, sessions and what comes back, over a `Transport`; it is what all three faces share.

A read goes at once, beside others, without a call number.  A write waits for its turn, takes the session's next number,
and keeps it through every retry: a hub that has done it says so (`AlreadyExecuted`) and never does it twice.  Without
a session there are no numbers, so that a write that may have arrived is not repeated.
`_session` has the numbers, `_login` the ways in, `_kinds` what a method's answer is, `_multicall` many calls in one.
"""

from __future__ import annotations

import contextlib
import logging
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec

from buildyard.errors import InvalidRequest, TransportError, WireError
from buildyard.faces.transport import Request, Response, Timeout
from buildyard.koji import _web
from buildyard.koji._coalescing import Lanes
from buildyard.koji._kinds import Kinds
from buildyard.koji._login import TEXT, Login, MakeTransport, OnThread
from buildyard.koji._multicall import Call, Outcome, batches, outcomes
from buildyard.koji._profiles import Profile
from buildyard.koji._reads import is_read
from buildyard.koji._session import Session
from buildyard.koji._xmlrpc import Decoding, encode_call, encode_inner, encode_multicall, with_keywords
from buildyard.koji.errors import (
    AlreadyExecuted,
    AuthError,
    AuthExpired,
    InvalidCall,
    KojiAnswerError,
    KojiConnectionError,
    RetryError,
    ServerOffline,
    http_error,
)
from buildyard.retry import Retry, retry_after_seconds

log = logging.getLogger(__name__)

#: How often a call is repeated at most; a profile's ``max_retries`` may say less.
MAX_RETRIES = 5
#: How many bytes of an answer are taken, packed and unpacked.
MAX_ANSWER = 256 * 1024 * 1024
#: How much is unpacked at a time; about 10 ms.
_UNPACKED = 2 * 1024 * 1024

_FIELDS = (*TEXT, ("Accept-Encoding", "gzip"))


class AsyncKoji:
    """A hub, asked by one user or by nobody in particular.

    Operations raise `KojiFault` for a fault of the hub, as the class that belongs to its number, `KojiHttpError` where
    the web server refused, `KojiConnectionError` where no whole answer came, `KojiAnswerError` for one that makes no
    sense, and `InvalidCall` for a call that cannot be sent; see `errors`.
    """

    def __init__(
        self,
        profile: Profile,
        make_transport: MakeTransport,
        *,
        kinds: Kinds,
        on_thread: OnThread,
        retry: Retry | None = None,
        coalesce: bool = False,
    ) -> None:
        self.profile = profile
        self.kinds = kinds
        self.hub_version = ""  #: as the newest answer told it, ``1.35.3``; empty for a hub before 1.35
        self._transport = make_transport(profile.serverca, "")
        self._login = Login(profile, make_transport, on_thread)
        self._session: Session | None = None
        self._turn = self._transport.lock()  # of writes
        self._entering = self._transport.lock()  # of logins and renewals
        self._retry = retry or Retry(attempts=min(profile.max_retries, MAX_RETRIES) + 1, first=0.25)
        self._timeout = Timeout(read=profile.timeout)
        self._lanes = Lanes(self._transport, self.call_many) if coalesce else None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.profile.name} {self.profile.server}>"

    @property
    def session_id(self) -> int | None:
        """The number of the open session, or None."""
        return self._session.id if self._session else None

    @property
    def url(self) -> str:
        """The address of the hub's web site."""
        return self.profile.weburl

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        return self._transport.now()

    def new_lock(self) -> AbstractAsyncContextManager[None]:
        """Return a lock between whoever uses the connection."""
        return self._transport.lock()

    async def close(self) -> None:
        """Close the connections; an open session stays open until the hub lets it expire, see `logout`."""
        await self._login.close()
        await self._transport.close()

    async def login(self) -> bool:
        """Return True once a session is open; what is written afterwards is written as its user.

        One that is open already is kept.  Raises `KojiLoginException`, whose ``reason`` tells whether there is no
        ticket or certificate, it has expired, or it is not allowed.
        """
        await self._enter()
        return True

    async def logout(self) -> None:
        """End the session on the hub, and here; nothing happens without one."""
        session, self._session = self._session, None
        if session is None:
            return
        # One that the hub no longer knows has ended already.
        with contextlib.suppress(AuthError):
            await self._post(encode_call("logout", ()), session, None, False, _Attempts(self._transport))

    async def _enter(self) -> Session:
        async with self._entering:
            if self._session is None:
                self._session = await self._login.log_in()
                log.info("koji.logged_in", extra={"profile": self.profile.name, "session": self._session.id})
            return self._session

    async def invoke(
        self,
        method: str,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        write: bool | None = None,
    ) -> Any:
        """Return what a method of the hub answers, as the kind of object that this method has.

        ``write`` says whether it changes something, for a method of a plug-in that `_reads` does not know.
        """
        call = self.kinds.asked(Call(method, tuple(args), dict(kwargs or {})))
        is_write = not is_read(method) if write is None else write
        if self._lanes is not None and not is_write:
            outcome = await self._lanes.call(call)
            return outcome.value()
        return self.kinds.objects(self, call, await self._exchange(_body(call), is_write))

    async def call_many(self, calls: Sequence[Call], *, batch: int | None = None) -> list[Outcome]:
        """Return what came of each call, in their order; at most ``batch`` go in one request, and 3 MB.

        A request is one transaction of the hub, in which each call succeeds or fails for itself.
        """
        found: list[Outcome] = []
        encoded = [encode_inner(call.method, with_keywords(call.args, call.kwargs)) for call in calls]
        for some in batches(encoded, batch):
            asked = calls[len(found) : len(found) + len(some)]
            is_write = not all(is_read(call.method) for call in asked)
            answer = await self._exchange(encode_multicall(some), is_write)
            found += outcomes(self, asked, answer)
        return found

    async def from_web(self, url: str) -> Any:
        """Return the object that a page of the hub's web site is about, or None where there is none or no such page."""
        page = _web.page(url)
        return None if page is None else await self.invoke(page.method, (page.subject,))

    async def _exchange(self, body: bytes, is_write: bool) -> Any:
        if not is_write:
            return await self._renewing(body, self._session, None)
        async with self._turn:
            session = self._session
            if session is None and self._login.kind != "noauth":
                session = await self._enter()
            return await self._renewing(body, session, session.take_number() if session else None, is_write=True)

    async def _renewing(self, body: bytes, session: Session | None, number: int | None, is_write: bool = False) -> Any:
        key = session.key if session else ""
        attempts = _Attempts(self._transport)
        try:
            return await self._post(body, session, number, is_write, attempts)
        except AuthExpired:
            if session is None:
                raise
        await self._renew(session, key)
        # A hub that let the session expire did nothing at that attempt, so the number is still good.
        return await self._post(body, session, number, is_write, attempts)

    async def _renew(self, session: Session, key: str) -> None:
        async with self._entering:
            # Of the reads that found it expired together, one renews it.
            if session.key == key:
                await self._login.renew(session)
                log.info("koji.renewed", extra={"profile": self.profile.name, "session": session.id})

    async def _post(
        self, body: bytes, session: Session | None, number: int | None, is_write: bool, attempts: _Attempts
    ) -> Any:
        left = self.profile.max_retries if self.profile.offline_retry else 0
        while True:
            try:
                return await self._answer(await self._send(attempts, body, session, number, is_write))
            except ServerOffline:
                if left <= 0:
                    raise
            except RetryError as error:
                if not attempts.maybe_done:
                    raise
                raise AlreadyExecuted(error.message, code=error.code) from error
            left -= 1
            await self._transport.sleep(self.profile.offline_retry_interval)

    async def _send(
        self, attempts: _Attempts, body: bytes, session: Session | None, number: int | None, is_write: bool
    ) -> Response:
        server = self.profile.server
        address = session.address(server, number) if session else server
        headers = (*_FIELDS, *(session.headers(number) if session else ()))
        idempotent = not is_write or number is not None

        def make() -> Request:
            return Request("POST", address, headers, body, timeout=self._timeout, idempotent=idempotent)

        retry = self._retry
        if session is None and not self.profile.anon_retry:
            retry = msgspec.structs.replace(retry, attempts=1)
        try:
            return await retry.send(attempts, make)
        except TransportError as error:
            raise KojiConnectionError.of(error) from error
        except WireError as error:
            raise KojiAnswerError(error.reason, method="POST", url=server) from error
        except InvalidRequest as error:
            raise InvalidCall(error.reason) from error

    async def _answer(self, response: Response) -> Any:
        self.hub_version = response.headers.get("Koji-Version", self.hub_version)
        if response.status != 200:
            wait = retry_after_seconds(response, self._transport.now())
            raise http_error(response.status, url=self.profile.server, body=response.body, retry_after=wait)
        decoding = Decoding(await self._unpacked(response), self.profile.server)
        for _ in decoding:
            await self._transport.sleep(0)  # a long answer is read in steps, so that a loop may turn
        return decoding.value

    async def _unpacked(self, response: Response) -> bytes:
        if response.headers.get("Content-Encoding", "identity").lower() == "identity":
            return response.body
        parts = []
        for part in _unpack(response, self.profile.server):
            parts.append(part)
            await self._transport.sleep(0)
        return b"".join(parts)


class _Attempts:
    """A transport that remembers whether the hub may have acted on one of the requests it sent."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self.maybe_done = False
        self.sleep = transport.sleep
        self.now = transport.now

    async def send(self, request: Request) -> Response:
        try:
            response: Response = await self._transport.send(request, max_body=MAX_ANSWER)
        except TransportError as error:
            self.maybe_done = self.maybe_done or error.maybe_sent
            raise
        # The web server in front gave up, which says nothing about the hub.
        self.maybe_done = self.maybe_done or response.status >= 500
        return response


def _body(call: Call) -> bytes:
    return encode_call(call.method, with_keywords(call.args, call.kwargs))


def _unpack(response: Response, url: str) -> Iterator[bytes]:
    """Yield the unpacked body in parts.  Raises `KojiAnswerError` where it is broken or would be too much."""
    unpacker, data, size = zlib.decompressobj(31), response.body, 0
    try:
        while data and not unpacker.eof:
            part = unpacker.decompress(data, _UNPACKED)
            data, size = unpacker.unconsumed_tail, size + len(part)
            if size > MAX_ANSWER:
                raise KojiAnswerError(f"the answer has more than {MAX_ANSWER} bytes", method="POST", url=url)
            yield part
    except zlib.error as error:
        raise KojiAnswerError(f"the answer is not as it says: {error}", method="POST", url=url) from error
    if not unpacker.eof:
        raise KojiAnswerError("the answer ends early", method="POST", url=url)
