"""Who calls, and which project is theirs: the Marconi server's own door.

With a token (``X-Auth-Token``) the token's project wins over whatever the caller says.  Without one, a hub that listens
on loopback alone believes ``X-Project-ID``, as a Zaqar without Keystone does; any other hub asks for a token.  Callers'
projects are a name space of their own in the store (`Call.owner`), so that no header reaches a queue of the farm's.

A page of another site must not call in its reader's name: a call without a token has to be addressed to a loopback
name, and one that changes something must not come from a foreign ``Origin`` (`buildyard.farm.here`).
"""

from __future__ import annotations

from typing import Final

from buildyard.farm.here import is_foreign_host, is_foreign_origin
from buildyard.farm.queue.http import ids
from buildyard.farm.queue.http.call import JSON, Call
from buildyard.farm.queue.http.desk import Desk
from buildyard.farm.queue.http.errors import NotAcceptable, Refusal, Unauthorized
from buildyard.farm.queue.http.signed import check_signature

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FORM: Final = b"application/x-www-form-urlencoded"
_NO_FORM: Final = (
    "Endpoint does not accept `application/x-www-form-urlencoded` content; currently supported media type is "
    '`application/json`; specify proper client-side media type with the "Content-Type" header.'
)
_BAD_NAME: Final = "The format of the submitted queue name or project id is not valid."


class Door:
    """The door of one hub."""

    def __init__(self, desk: Desk, *, is_local: bool) -> None:
        self._desk = desk
        self._is_local = is_local

    async def admit(self, call: Call) -> None:
        """Let a call in, or raise a 401 or 403; notes the project that its token is for."""
        token = call.headers.get(b"x-auth-token")
        if b"url-signature" in call.headers:
            check_signature(call)
        elif token is not None:
            await self._by_token(call, token.decode("latin-1"))
        elif not self._is_local:
            raise Unauthorized(identity_url(call))
        else:
            _check_sender(call)

    async def _by_token(self, call: Call, text: str) -> None:
        holder = await self._desk.holder(text)
        if holder is None:
            raise Unauthorized(identity_url(call))
        call.has_token = True
        call.project = holder.token.project or ""
        call.is_admin = holder.is_admin


def identity_url(call: Call) -> str:
    """Return where tokens are to be had, as this caller sees it."""
    return f"{root_url(call)}/v3"


def root_url(call: Call) -> str:
    """Return the hub's address, as this caller sees it."""
    return f"{call.scope['scheme']}://{call.headers.get(b'host', b'').decode('latin-1')}"


def check_headers(call: Call) -> None:
    """Read the headers that every call of an address has, and check the queue's name, in Zaqar's order."""
    if call.headers.get(b"content-type", b"").startswith(_FORM):
        raise Refusal(400, "Invalid Content-Type", _NO_FORM)
    accept = call.headers.get(b"accept")
    if accept is not None and accept not in (JSON, b"*/*") and not _takes_json(accept.decode("latin-1")):
        raise NotAcceptable
    _read_client_id(call)
    _read_project(call)
    if call.queue and not ids.QUEUE_NAME(call.queue):
        raise Refusal(400, "Invalid queue identification", _BAD_NAME)


def _read_client_id(call: Call) -> None:
    header = call.headers.get(b"client-id")
    if header is None:
        # v1 looks at it only where it needs it: to tell a client's own messages.
        if call.version == "v1" and not (call.path.endswith("/messages") and call.method in ("GET", "POST")):
            return
        raise Refusal(400, "Missing header value", 'The "Client-Id" header is required.')
    try:
        call.client_id = ids.client_id(header)
    except ValueError:
        raise Refusal(400, "Wrong UUID value", "Malformed hexadecimal UUID.") from None


def _read_project(call: Call) -> None:
    header = call.headers.get(b"x-project-id")
    if not call.has_token and header is not None:
        call.project = header.decode("latin-1")
        if not call.project:
            raise Refusal(
                400,
                "Empty project header not allowed",
                "X-PROJECT-ID cannot be an empty string. Specify the right header X-PROJECT-ID and retry.",
            )
    if call.project:
        if not ids.is_name(call.project):
            raise Refusal(400, "Invalid queue identification", _BAD_NAME)
    elif call.has_token or call.version != "v1":
        raise Refusal(400, "Project-Id Missing", "The header X-PROJECT-ID was missing")


def _takes_json(accept: str) -> bool:
    """Tell whether an ``Accept`` header admits JSON."""
    for part in accept.split(","):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if kind in ("application/json", "application/*", "*/*") and not any(_is_zero(one) for one in parameters):
            return True
    return not accept.strip()


def _is_zero(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip() == "q" and value.strip().strip("0.") == ""


def _check_sender(call: Call) -> None:
    host = call.headers.get(b"host", b"").decode("latin-1")
    if is_foreign_host(host):
        told = f'Without a token this server is asked on loopback, not as "{host}".'
        raise Refusal(403, "Not authorized", told)
    origin = call.headers.get(b"origin")
    if call.method not in _SAFE and is_foreign_origin(None if origin is None else origin.decode("latin-1"), host):
        raise Refusal(403, "Not authorized", "A page of another site may not ask here in your name.")
