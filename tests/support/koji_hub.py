"""A double of a Koji hub: recorded answers byte for byte, and the rest of the protocol as that hub kept it.

`Hub.handle` takes a request and gives an answer; `HubTransport` brings it to a client in process, `serve` over HTTP or
TLS.  What was recorded (`wire/golden/koji.jsonl`) is answered with the recorded bytes.  Sessions, renewal, call numbers
and multicalls follow what was seen on a real hub 1.35.3: only a write that commits advances the number of its session,
that number is refused with 1009 and each lower one with 1008, a renewal keeps session and number and changes the key.
"""

from __future__ import annotations

import http.server
import secrets
import ssl
import threading
import xmlrpc.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from buildyard.errors import BuildyardError, Cut
from buildyard.faces.scripted import Answer, ScriptedTransport, answer
from buildyard.faces.transport import Headers, Request
from buildyard.koji._reads import is_read
from support.koji_golden import RECORDS

VERSION = ("Koji-Version", "1.35.3")


class Refusal(Exception):
    """A fault."""

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        self.text = text
        super().__init__(code, text)


@dataclass
class HubSession:
    """A session as the hub's table has it."""

    id: int
    key: str
    user: str
    number: int | None = None  #: of the last write that was committed
    is_expired: bool = False


@dataclass
class Seen:
    """A request that arrived."""

    method: str
    args: tuple[Any, ...]
    fields: Headers
    path: str

    @property
    def number(self) -> str | None:
        return self.fields.get("Koji-Session-Callnum")


def golden_answers() -> dict[tuple[str, str], bytes]:
    """The recorded answers of calls by nobody in particular, by what was asked."""
    found = {}
    for record in RECORDS.values():
        request, response = record["request"], record["response"]
        is_anonymous = not any(name.startswith("Koji-Session") for name in request["headers"])
        if is_anonymous and request["path"] == "/kojihub" and response["status"] == 200:
            try:
                args, method = xmlrpc.client.loads(request["body"], use_builtin_types=True)
            except Exception:
                continue
            if method and method not in ("multiCall", "echo"):
                found.setdefault((method, repr(args)), response["body"].encode())
    return found


GOLDEN = golden_answers()


@dataclass
class Hub:
    """The hub.  What a test wants to go wrong is set on it."""

    user: str = "kdreyer"  #: whom a certificate or a ticket stands for; empty: nobody
    sessions: dict[int, HubSession] = field(default_factory=dict)
    tags: dict[str, int] = field(default_factory=dict)
    rows: dict[str, Callable[..., Any]] = field(default_factory=dict)  #: methods that a test adds
    seen: list[Seen] = field(default_factory=list)
    lost_answers: int = 0  #: so many answers do not arrive
    failing: list[int] = field(default_factory=list)  #: HTTP statuses of the next requests
    is_offline: bool = False
    proxy_users: frozenset[str] = frozenset()

    def methods(self) -> list[str]:
        """What was asked, in order."""
        return [one.method for one in self.seen]

    def expire(self) -> None:
        """Let every session expire."""
        for session in self.sessions.values():
            session.is_expired = True

    def handle(self, request: Request) -> Answer:
        """Answer a request.  Raises `Cut` where the answer is to be lost."""
        if self.failing:
            return answer(self.failing.pop(0), b"<html>not now</html>", [("Content-Type", "text/html")])
        if request.method != "POST":
            return answer(405, b"Method Not Allowed", [VERSION])
        try:
            assert isinstance(request.body, bytes)
            args, method = xmlrpc.client.loads(request.body, use_builtin_types=True)
        except Exception as error:
            return answer(400, f"Invalid request: {error}\n".encode(), [VERSION, ("Content-Type", "text/plain")])
        found = self._answered(request, str(method), args)
        if self.lost_answers:
            self.lost_answers -= 1
            raise Cut("the line went dead", method="POST", url=request.url)
        return found

    def _answered(self, request: Request, method: str, args: tuple[Any, ...]) -> Answer:
        fields = Headers(request.headers)
        self.seen.append(Seen(method, args, fields, request.target.path))
        if request.target.path.endswith("/ssllogin") and not self.user:
            return answer(401, b"", [("WWW-Authenticate", "Negotiate")])
        try:
            body = self._body(method, args, fields, is_login=request.target.path.endswith("/ssllogin"))
        except Refusal as refusal:
            body = xmlrpc.client.dumps(xmlrpc.client.Fault(refusal.code, refusal.text)).encode()
        return answer(200, body, [VERSION, ("Content-Type", "text/xml")])

    def _body(self, method: str, args: tuple[Any, ...], fields: Headers, *, is_login: bool) -> bytes:
        if self.is_offline:
            raise Refusal(1014, "database outage")
        if is_login and method == "sslLogin":
            return _written(self._login(fields, **_keywords(args)))
        session = self._session(fields)
        if method in ("multiCall", "system.multicall"):
            found: Any = [self._inner(session, call) for call in args[0]]
            writes = any(not is_read(call["methodName"]) for call in args[0])
        else:
            if session is None and (method, repr(args)) in GOLDEN and method not in self.rows:
                return GOLDEN[method, repr(args)]
            found, writes = self._call(session, method, args), not is_read(method)
        if session and writes and (number := fields.get("Koji-Session-Callnum")):
            session.number = int(number)  # committed together with what was done
        return _written(found)

    def _session(self, fields: Headers) -> HubSession | None:
        number = fields.get("Koji-Session-Id")
        if number is None:
            return None
        session = self.sessions.get(int(number))
        if session is None or session.key != fields.get("Koji-Session-Key"):
            raise Refusal(1002, "Invalid session or bad credentials")
        if session.is_expired:
            raise Refusal(1007, f'session "{session.id}" has expired')
        self._check_number(session, fields.get("Koji-Session-Callnum"))
        return session

    @staticmethod
    def _check_number(session: HubSession, text: str | None) -> None:
        if text is None or session.number is None:
            return
        if int(text) == session.number:
            raise Refusal(1009, f"unable to retry call {text} (method: createTag) for session {session.id}")
        if int(text) < session.number:
            raise Refusal(1008, f"{session.number} > {text} (session {session.id})")

    def _login(self, fields: Headers, proxyuser: str | None = None, renew: bool = False, **_: Any) -> dict[str, Any]:
        if proxyuser and proxyuser not in self.proxy_users:
            raise Refusal(1002, f"{self.user} is not authorized to login other users")
        if renew:
            session = self.sessions.get(int(fields.get("Koji-Session-Id", "0")))
            if session is None or session.key != fields.get("Koji-Session-Key"):
                raise Refusal(1002, "Invalid session or bad credentials")
            session.key, session.is_expired = _key(), False
        else:
            session = HubSession(len(self.sessions) + 20, _key(), proxyuser or self.user)
            self.sessions[session.id] = session
        return {"session-id": session.id, "session-key": session.key, "header-auth": True}

    def _inner(self, session: HubSession | None, call: dict[str, Any]) -> Any:
        """One call of a multicall: a savepoint of its own."""
        args, method = tuple(call["params"]), call["methodName"]
        try:
            if (method, repr(args)) in GOLDEN and method not in self.rows:
                return [xmlrpc.client.loads(GOLDEN[method, repr(args)], use_builtin_types=True)[0][0]]
            return [self._call(session, method, args)]
        except xmlrpc.client.Fault as fault:
            return {"faultCode": fault.faultCode, "faultString": fault.faultString, "traceback": []}
        except Refusal as refusal:
            lines = ["Traceback (most recent call last):\n"]
            return {"faultCode": refusal.code, "faultString": refusal.text, "traceback": lines}

    def _call(self, session: HubSession | None, method: str, args: tuple[Any, ...]) -> Any:
        if method in self.rows:
            return self.rows[method](*_positional(args), **_keywords(args))
        own = getattr(self, f"_do_{method}", None)
        if own is None:
            raise Refusal(1000, f"Invalid method: {method}")
        return own(session, *_positional(args), **_keywords(args))

    def _do_echo(self, _: HubSession | None, *args: Any) -> list[Any]:
        return list(args)

    def _do_getLoggedInUser(self, session: HubSession | None) -> dict[str, Any] | None:
        return {"id": 1, "name": session.user, "status": 0, "usertype": 0} if session else None

    def _do_createTag(self, session: HubSession | None, name: str) -> int:
        if session is None:
            raise Refusal(1004, "tag permission required (not logged in)")
        if name in self.tags:
            raise Refusal(1000, f"A tag with the name '{name}' already exists")
        self.tags[name] = len(self.tags) + 1
        return self.tags[name]

    def _do_logout(self, session: HubSession | None) -> None:
        assert session is not None
        del self.sessions[session.id]


def _positional(args: tuple[Any, ...]) -> tuple[Any, ...]:
    return args[:-1] if args and isinstance(args[-1], dict) and args[-1].get("__starstar") else args


def _keywords(args: tuple[Any, ...]) -> dict[str, Any]:
    last = args[-1] if args else None
    named = last if isinstance(last, dict) and last.get("__starstar") else {}
    return {name: value for name, value in named.items() if name != "__starstar"}


def _common_name(certificate: Any) -> str:
    """Whom a client's certificate stands for; nobody without one."""
    return next((value for part in certificate.get("subject", ()) for name, value in part if name == "commonName"), "")


class _Marshaller(xmlrpc.client.Marshaller):
    """The standard one, with Koji's numbers of 64 bits."""

    dispatch: Any = {**xmlrpc.client.Marshaller.dispatch}  # type: ignore[attr-defined]

    def dump_integer(self, value: int, write: Callable[[str], object]) -> None:
        kind = "int" if -(2**31) <= value < 2**31 else "i8"
        write(f"<value><{kind}>{value}</{kind}></value>\n")

    dispatch[int] = dump_integer


def _written(value: Any) -> bytes:
    params = _Marshaller(allow_none=True).dumps((value,))
    return f"<?xml version='1.0'?>\n<methodResponse>\n{params}</methodResponse>\n".encode()


def _key() -> str:
    return f"1-{secrets.token_hex(9)}"


class HubTransport(ScriptedTransport):
    """A transport whose other end is a hub in this process."""

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self.hub = hub

    async def _open(self, request: Request) -> Any:
        self.add(self.hub.handle)
        return await super()._open(request)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: some clients do not trust it, on purpose."""


@contextmanager
def serve(hub: Hub, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve the hub on the loopback and yield its address; with ``context`` over TLS, where users have certificates."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            if isinstance(self.connection, ssl.SSLSocket):
                hub.user = _common_name(self.connection.getpeercert() or {})
            body = self.rfile.read(int(self.headers["Content-Length"]))
            url = f"http://hub.example{self.path}"
            fields = tuple((name, value) for name, value in self.headers.items() if name.startswith("Koji"))
            try:
                reply = hub.handle(Request("POST", url, fields, body))
            except BuildyardError:
                self.close_connection = True
                return
            content = b"".join(chunk for chunk in reply.chunks if isinstance(chunk, bytes))
            self.send_response(reply.status)
            for name, value in (*reply.headers, ("Content-Length", str(len(content)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

    server = _Server(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http{'s' if context else ''}://127.0.0.1:{server.server_port}/kojihub"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
