"""Logging in: by client certificate, by Kerberos, or by password; and renewing.

`_core` calls `log_in` and `renew`.  Certificate and Kerberos are the web server's matter, at ``<server>/ssllogin`` and
over TLS; the hub is then told by whom.  A `Login` holds a transport of its own, as only these requests show the
certificate.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import urlsplit, urlunsplit

from buildyard.errors import InvalidRequest, TlsFailed, TransportError, WireError
from buildyard.faces.transport import Fields, Request, Response, Timeout, Transport
from buildyard.koji import _gssapi
from buildyard.koji._profiles import AuthType, Profile
from buildyard.koji._session import Session
from buildyard.koji._xmlrpc import decode, encode_call, with_keywords
from buildyard.koji.errors import (
    ActionNotAllowed,
    AuthError,
    AuthExpired,
    GSSAPIAuthError,
    KojiAnswerError,
    KojiConnectionError,
    KojiException,
    KojiLoginException,
    LoginReason,
    http_error,
)
from buildyard.retry import Retry

#: Makes a transport of a face's own, from PEM files: the authorities to trust, and our certificate; empty for none.
MakeTransport: TypeAlias = Callable[[str, str], Transport]
#: Awaits a function that may wait, where it holds up nobody: ``on_thread(function, *arguments)``.
OnThread: TypeAlias = Callable[..., Awaitable[Any]]

TEXT = (("Content-Type", "text/xml"),)
_RETRY = Retry(attempts=3, first=0.5)
#: A negotiation is over after a token each way; more are allowed for other mechanisms.
_MAX_LEGS = 4


class Login:
    """How a profile logs in."""

    def __init__(self, profile: Profile, make_transport: MakeTransport, on_thread: OnThread) -> None:
        self._profile = profile
        self._make_transport = make_transport
        self._on_thread = on_thread
        self._made: Transport | None = None

    @property
    def kind(self) -> AuthType:
        """How: as the profile says, else by certificate where it has one, by password where it has a user."""
        profile = self._profile
        if profile.authtype:
            return profile.authtype
        return "ssl" if profile.cert else "password" if profile.user else "kerberos"

    @property
    def _is_negotiated(self) -> bool:
        return self.kind in ("kerberos", "gssapi")

    @property
    def _transport(self) -> Transport:
        if self._made is None:
            cert = self._profile.cert if self.kind == "ssl" else ""
            self._made = self._make_transport(self._profile.serverca, cert)
        return self._made

    async def close(self) -> None:
        """Close its connections."""
        if self._made is not None:
            await self._made.close()

    async def log_in(self) -> Session:
        """Return a new session.  Raises `KojiLoginException`, whose ``reason`` says why there is none."""
        self._check()
        if self.kind == "password":
            return Session.of(await self._by_password())
        proxy_user = {"proxyuser": self._profile.runas} if self._profile.runas else {}
        return Session.of(await self._by_web_server(proxy_user, ()))

    async def renew(self, session: Session) -> None:
        """Give the session a new key.  Raises as `log_in` does."""
        facts: dict[str, Any] = {"proxyuser": self._profile.runas} if self._profile.runas else {}
        if self.kind == "password":
            raise KojiLoginException("a session by password cannot be renewed: log in again", reason="expired")
        facts |= {"renew": True, "exclusive": False}
        session.renew(await self._by_web_server(facts, session.headers(None)))

    def _check(self) -> None:
        if self.kind == "noauth":
            raise KojiLoginException(f"profile {self._profile.name} is without a login (noauth)", reason="missing")
        if self.kind == "ssl" and not self._profile.cert:
            raise KojiLoginException(f"profile {self._profile.name} names no certificate (cert)", reason="missing")

    async def _by_password(self) -> Any:
        call = encode_call("login", (self._profile.user, self._profile.password))
        return self._answer(self._profile.server, await self._send(self._profile.server, call, ()))

    async def _by_web_server(self, named: Mapping[str, Any], headers: Fields) -> Any:
        url = login_url(self._profile.server)
        call = encode_call("sslLogin", with_keywords((), named))
        if self._is_negotiated:
            return self._answer(url, await self._negotiated(url, call, headers))
        return self._answer(url, await self._send(url, call, headers))

    async def _negotiated(self, url: str, call: bytes, headers: Fields) -> Response:
        profile = self._profile
        host = urlsplit(url).hostname or ""
        negotiation = _gssapi.Negotiation(host, principal=profile.principal, keytab=profile.keytab)
        challenge = ""
        for _ in range(_MAX_LEGS):
            # The first token goes before anybody asks, which saves a round trip.
            authorization = await self._on_thread(negotiation.authorization, challenge)
            response = await self._send(url, call, (*headers, ("Authorization", authorization)))
            challenge = response.headers.get("WWW-Authenticate", "")
            if response.status != 401 or challenge.strip().lower() in ("", "negotiate"):
                break
        return response

    async def _send(self, url: str, call: bytes, headers: Fields) -> Response:
        timeout = Timeout(read=self._profile.auth_timeout)

        def make() -> Request:
            return Request("POST", url, (*TEXT, *headers), call, timeout=timeout)

        try:
            return await _RETRY.send(self._transport, make)
        except TlsFailed as error:
            raise self._refused(f"{error}", "expired" if "expired" in str(error) else "not-allowed") from error
        except TransportError as error:
            raise KojiConnectionError.of(error) from error
        except WireError as error:
            raise KojiAnswerError(error.reason, method="POST", url=url) from error
        except InvalidRequest as error:
            raise self._refused(str(error), "missing") from error

    def _answer(self, url: str, response: Response) -> Any:
        if response.status == 401:
            raise self._refused(f"{url} does not believe who we are (401)", "not-allowed")
        if response.status == 403:
            raise self._refused(f"{url} does not let us in (403)", "not-allowed")
        if response.status != 200:
            raise http_error(response.status, url=url, body=response.body)
        try:
            return decode(response.body, url)
        except (AuthError, ActionNotAllowed) as error:
            reason: LoginReason = "expired" if isinstance(error, AuthExpired) else "not-allowed"
            raise self._refused(str(error), reason) from error

    def _refused(self, why: str, reason: LoginReason) -> KojiException:
        cls = GSSAPIAuthError if self._is_negotiated else KojiLoginException
        return cls(f"unable to obtain a session: {why}", reason=reason)


def login_url(server: str) -> str:
    """Return where a web server logs in: below the hub, and always over TLS."""
    parts = urlsplit(server)
    return urlunsplit(("https", parts.netloc, f"{parts.path}/ssllogin", "", ""))
