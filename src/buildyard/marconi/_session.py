"""The token of a connection: got when first needed, kept, renewed shortly before it expires, by one caller at a time.

`_identity` has the requests and the answers.  A refusal of the identity service is final (`BadCredentials`), also
as 404, which is how Keystone says that an application credential or a token is gone.
"""

from __future__ import annotations

import logging

from buildyard.errors import InvalidRequest, TransportError, WireError
from buildyard.faces.transport import Request, Response, Transport
from buildyard.marconi import _identity
from buildyard.marconi._grants import read_grant
from buildyard.marconi._identity import Grant
from buildyard.marconi.auth import Auth, Token
from buildyard.marconi.errors import (
    AnswerError,
    BadCredentials,
    ConnectionFailed,
    NotFound,
    ServerError,
    TooManyRequests,
    UnscopedToken,
    UsageError,
    refused,
)
from buildyard.retry import Retry, retry_after_seconds

log = logging.getLogger(__name__)

#: How long a token that should be renewed, and cannot be just now, is used before it is tried again, in seconds.
_RESPITE = 5.0


class Session:
    """One identity, and its present grant."""

    def __init__(self, auth: Auth, auth_url: str, transport: Transport, retry: Retry) -> None:
        self._auth = auth
        self._auth_url = auth_url
        self._transport = transport
        self._retry = retry
        self._lock = transport.lock()
        self._not_before = 0.0
        standing = _identity.standing_grant(auth) if not (auth_url and isinstance(auth, Token)) else None
        self._held: Grant | None = standing
        if standing is None:
            _identity.token_request(auth, auth_url)  # what cannot be asked is told to whoever makes the connection

    @property
    def held(self) -> Grant | None:
        """The present grant; None before the first request."""
        return self._held

    @property
    def is_renewable(self) -> bool:
        """True where a new token can be had."""
        return _identity.is_renewable(self._auth)

    async def grant(self, refused_token: str | None = None) -> Grant:
        """Return a grant that is good now, and whose token is not the one that the service has just refused.

        Raises `BadCredentials`, and as any request does where the identity service cannot be asked.
        """
        if (held := self._usable(refused_token)) is not None:
            return held
        async with self._lock:
            # Whoever had the lock before us may have got what we came for.
            if (held := self._usable(refused_token)) is None:
                held = self._held = await self._renewed(refused_token)
            return held

    def _usable(self, refused_token: str | None) -> Grant | None:
        held = self._held
        if held is None or held.token == refused_token:
            return None
        if not self.is_renewable or self._transport.now() < max(held.renew_at, self._not_before):
            return held
        return None

    async def _renewed(self, refused_token: str | None) -> Grant:
        try:
            return await self._authenticate()
        except (ConnectionFailed, ServerError, TooManyRequests) as error:
            held, now = self._held, self._transport.now()
            if held is None or held.token == refused_token or now >= held.good_until:
                raise
            log.warning("marconi.token_not_renewed", extra={"reason": str(error)})
            self._not_before = min(now + _RESPITE, held.good_until)
            return held

    async def _authenticate(self) -> Grant:
        request = _identity.token_request(self._auth, self._auth_url)
        try:
            response = await self._retry.send(self._transport, lambda: request)
        except TransportError as error:
            raise ConnectionFailed(error) from error
        except InvalidRequest as error:
            raise UsageError(error.reason) from error
        except WireError as error:
            raise AnswerError(error.reason, method=request.method, url=request.url) from error
        if response.status >= 300:
            raise self._refusal(request, response)
        now = self._transport.now()
        grant = read_grant(self._auth, request, response, now)
        if not grant.project_id:
            # Zaqar would answer 400 "Project-Id Missing", which names the wrong cause.
            raise UnscopedToken("The token belongs to no project", "Name a project with the credentials.")
        log.debug("marconi.token_granted", extra={"user": grant.user, "expires": str(grant.expires)})
        return grant

    def _refusal(self, request: Request, response: Response) -> Exception:
        body = response.body
        for secret in _identity.secrets_of(self._auth):
            body = body.replace(secret.encode(), b"...")
        wait = retry_after_seconds(response, self._transport.now())
        error = refused(response.status, method=request.method, url=request.url, body=body, retry_after=wait)
        # Keystone answers an unknown route in HTML, and a credential that is gone in JSON, both with 404.
        is_about_us = response.status == 401 or (isinstance(error, NotFound) and bool(error.description))
        if not is_about_us:
            return error
        return BadCredentials(status=response.status, method=request.method, url=request.url, body=body)
