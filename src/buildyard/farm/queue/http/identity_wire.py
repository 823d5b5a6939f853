"""What is asked of ``POST /v3/auth/tokens``, and the refusals of Keystone's shape.

Pure: from a body to a `Request`.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from buildyard.farm.queue.http.errors import Refusal

_NOT_FORMED: Final = (
    "The server could not comply with the request since it is either malformed or otherwise incorrect. "
    "The client is assumed to be in error."
)
_DOMAIN_ID: Final = "default"
_DOMAIN_NAME: Final = "Default"
_METHODS: Final = ("password", "application_credential", "token")


class IdentityRefusal(Refusal):
    """A refusal of the identity service."""

    def body(self) -> bytes:
        """Return its JSON."""
        return msgspec.json.encode({"error": {"code": self.status, "message": self.description, "title": self.title}})


class BadAuth(IdentityRefusal):
    """A body that asks for nothing that could be given."""

    def __init__(self, why: str) -> None:
        super().__init__(400, "Bad Request", f"{why} {_NOT_FORMED}")


class Unknown(IdentityRefusal):
    """Credentials, or a token, that are not good for this; which part of them is not told."""

    def __init__(self, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(401, "Unauthorized", "The request you have made requires authentication.", *headers)

    def asking_at(self, identity: str) -> Unknown:
        """Return it with the address where one can ask again."""
        return Unknown((b"www-authenticate", f'Keystone uri="{identity}"'.encode("latin-1", "replace")))


class Forbidden(IdentityRefusal):
    """Not for this caller."""

    def __init__(self, why: str) -> None:
        super().__init__(403, "Forbidden", f"You are not authorized to perform the requested action: {why}")


class NotThere(IdentityRefusal):
    """No such address, application credential or token."""

    def __init__(self, why: str) -> None:
        super().__init__(404, "Not Found", why)


class Request(Struct, frozen=True, kw_only=True):
    """What is asked for, with which credentials."""

    method: str  #: one of ``password``, ``application_credential``, ``token``
    name: str = ""  #: the client's id
    secret: str  #: its access token, or the token that is to be exchanged
    project: str | None = None  #: None: not said
    is_unscoped: bool = False  #: a token for no project is wanted


def understood(body: bytes) -> Request:
    """Return what the body asks for.  Raises `BadAuth`, and `Unknown` for a domain or method that is not there."""
    try:
        document = msgspec.json.decode(body) if body else {}
    except (ValueError, RecursionError):
        raise BadAuth("Expecting to find valid JSON in request body.") from None
    auth = _part(document, "auth", "request body")
    identity = _part(auth, "identity", "auth")
    methods = identity.get("methods")
    if not isinstance(methods, list) or not methods:
        raise BadAuth("Expecting to find methods in identity.")
    method = methods[0]
    if method not in _METHODS or len(methods) > 1:
        raise Unknown
    project, is_unscoped = _scope(auth)
    if method == "application_credential" and (is_unscoped or project is not None):
        raise Unknown
    name, secret = _CREDENTIALS[method](_part(identity, method, "identity"))
    return Request(method=method, name=name, secret=secret, project=project, is_unscoped=is_unscoped)


def _password(given: dict[str, Any]) -> tuple[str, str]:
    user = _part(given, "user", "password")
    return _named(user, "user"), _text(user, "password", "user")


def _application_credential(given: dict[str, Any]) -> tuple[str, str]:
    secret = _text(given, "secret", "application_credential")
    if "id" in given:
        return _text(given, "id", "application_credential"), secret
    # By a name, it is one of a user's: a client has one credential, called like itself.
    name, user = _text(given, "name", "application_credential"), _named(_part(given, "user", "given"), "user")
    return (user if name == user else ""), secret


def _token(given: dict[str, Any]) -> tuple[str, str]:
    return "", _text(given, "id", "token")


_CREDENTIALS: Final = {
    "password": _password,
    "application_credential": _application_credential,
    "token": _token,
}


def _scope(auth: dict[str, Any]) -> tuple[str | None, bool]:
    """Return the project that is asked for, and whether none is wanted."""
    scope = auth.get("scope")
    if scope is None or scope == "unscoped" or (isinstance(scope, dict) and "unscoped" in scope):
        return None, scope is not None
    if not isinstance(scope, dict) or "project" not in scope:
        raise Unknown  # a domain, a trust, the system: nothing here is scoped so
    return _named(_part(scope, "project", "scope"), "project"), False


def _named(given: dict[str, Any], what: str) -> str:
    """Return the id or the name of a user or a project; a name needs its domain."""
    if "id" in given:
        return _text(given, "id", what)
    name = _text(given, "name", what)
    domain = _part(given, "domain", what)
    if domain.get("id", _DOMAIN_ID) != _DOMAIN_ID or domain.get("name", _DOMAIN_NAME) != _DOMAIN_NAME:
        raise Unknown
    return name


def _part(given: object, name: str, where: str) -> dict[str, Any]:
    if not isinstance(given, dict) or not isinstance(given.get(name), dict):
        raise BadAuth(f"Expecting to find {name} in {where}.")
    found: dict[str, Any] = given[name]
    return found


def _text(given: dict[str, Any], name: str, where: str) -> str:
    value = given.get(name)
    if not isinstance(value, str):
        raise BadAuth(f"Expecting to find {name} in {where}.")
    return value
