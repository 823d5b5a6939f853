"""Keystone's v3 and the identity service's v2: credentials to a request, and what such a service grants.  Pure.

`_session` sends the requests, `_grants` reads the answers.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Any

from msgspec import Struct

from buildyard.errors import InvalidRequest
from buildyard.faces.transport import Fields, Request
from buildyard.faces.urls import parse_target
from buildyard.marconi._wire import encode
from buildyard.marconi.auth import ApiKey, ApplicationCredential, Auth, NoAuth, Password, Scope, SignedUrl, Token
from buildyard.marconi.errors import NoAuthUrl, UsageError

_VERSION = re.compile(r"/v(2(\.\d+)?|3)/*\Z")
_DEFAULT_DOMAIN = {"id": "default"}
_JSON = (("Accept", "application/json"), ("Content-Type", "application/json"))


class Endpoint(Struct, frozen=True, kw_only=True):
    """Where a service is, as a catalog has it."""

    type: str  #: ``messaging``
    interface: str  #: ``public``, ``internal`` or ``admin``
    region: str
    url: str


class Grant(Struct, frozen=True, kw_only=True):
    """What the identity service gave: a token, whom and what it is for, and how long it is good."""

    token: str = ""
    project_id: str = ""
    user: str = ""
    expires: datetime | None = None  #: aware, by the identity service's clock; None: nobody said
    good_until: float = math.inf  #: seconds since 1970 by our clock
    renew_at: float = math.inf  #: likewise
    catalog: tuple[Endpoint, ...] = ()
    fields: Fields = ()  #: what every request carries for it

    def __repr__(self) -> str:
        return f"<Grant user:{self.user} project:{self.project_id} expires:{self.expires}>"


def is_renewable(auth: Auth) -> bool:
    """Return whether asking again gives a token that lives longer."""
    return isinstance(auth, Password | ApplicationCredential | ApiKey)


def secrets_of(auth: Auth) -> tuple[str, ...]:
    """Return what must not be shown, should an answer repeat it."""
    names = ("password", "secret", "token", "apikey", "signature")
    return tuple(filter(None, (getattr(auth, name, "") for name in names)))


def standing_grant(auth: Auth) -> Grant | None:
    """Return the grant of credentials that no identity service is asked about, or None."""
    if isinstance(auth, NoAuth):
        return Grant(project_id=auth.project_id, user=auth.user, fields=_project(auth.project_id))
    if isinstance(auth, Token):
        return granted(auth.token, project_id=auth.project_id)
    if isinstance(auth, SignedUrl):
        fields = (
            ("URL-Signature", auth.signature),
            ("URL-Expires", auth.expires),
            ("URL-Methods", ",".join(auth.methods)),
            ("URL-Paths", ",".join(auth.paths)),
        )
        return Grant(project_id=auth.project, fields=(*fields, *_project(auth.project)))
    return None


def granted(token: str, *, project_id: str, **facts: Any) -> Grant:
    """Return a grant with the header fields of its token."""
    return Grant(token=token, project_id=project_id, fields=(("X-Auth-Token", token), *_project(project_id)), **facts)


def _project(project_id: str) -> Fields:
    return (("X-Project-ID", project_id),) if project_id else ()


def token_request(auth: Auth, auth_url: str) -> Request:
    """Return the request that gets a token, or asks about the one we have.

    ``auth_url`` may or may not end in a version.  Raises `UsageError` where it is no URL.
    """
    root = _root(auth_url)
    if isinstance(auth, ApiKey) and not auth_url.rstrip("/").endswith("/v3"):
        return Request("POST", f"{root}/v2.0/tokens", _JSON, encode(_v2_body(auth)))
    url = f"{root}/v3/auth/tokens"
    if isinstance(auth, Token) and auth.scope is None:
        fields = (("Accept", "application/json"), ("X-Auth-Token", auth.token), ("X-Subject-Token", auth.token))
        return Request("GET", url, fields)
    return Request("POST", url, _JSON, encode({"auth": _v3_body(auth)}))


def _root(auth_url: str) -> str:
    if not auth_url:
        raise NoAuthUrl("these credentials are for an identity service: give auth_url, or set OS_AUTH_URL")
    try:
        parse_target(auth_url)
    except InvalidRequest as error:
        raise UsageError(f"auth_url: {error.reason}") from error
    return _VERSION.sub("", auth_url.rstrip("/"))


def _v2_body(auth: ApiKey) -> dict[str, Any]:
    if auth.apikey:
        body: dict[str, Any] = {"RAX-KSKEY:apiKeyCredentials": {"username": auth.user, "apiKey": auth.apikey}}
    else:
        body = {"passwordCredentials": {"username": auth.user, "password": auth.password}}
    if auth.tenant_id:
        body["tenantId"] = auth.tenant_id
    elif auth.tenant_name:
        body["tenantName"] = auth.tenant_name
    return {"auth": body}


def _v3_body(auth: Auth) -> dict[str, Any]:
    if isinstance(auth, ApplicationCredential):
        # No scope: the credential has its project, and Keystone refuses a request that names it.
        return {"identity": {"methods": ["application_credential"], "application_credential": _application(auth)}}
    if isinstance(auth, Token):
        return _scoped({"methods": ["token"], "token": {"id": auth.token}}, auth.scope or Scope())
    if isinstance(auth, ApiKey):
        # Keystone v3 has no API keys; a deployment that hands them out takes them as passwords.
        scope = Scope(project_id=auth.tenant_id, project_name=auth.tenant_name)
        auth = Password(user=auth.user, password=auth.apikey or auth.password, scope=scope)
    assert isinstance(auth, Password)
    user = {**_user(auth), "password": auth.password}
    return _scoped({"methods": ["password"], "password": {"user": user}}, auth.scope)


def _application(auth: ApplicationCredential) -> dict[str, Any]:
    if auth.id:
        return {"id": auth.id, "secret": auth.secret}
    return {"name": auth.name, "secret": auth.secret, "user": _user(auth)}


def _user(auth: Password | ApplicationCredential) -> dict[str, Any]:
    if auth.user_is_id:
        return {"id": auth.user}
    return {"name": auth.user, "domain": _domain(auth.user_domain_id, auth.user_domain_name)}


def _domain(id_: str | None, name: str | None) -> dict[str, str]:
    return {"id": id_} if id_ else {"name": name} if name else _DEFAULT_DOMAIN


def _scoped(identity: dict[str, Any], scope: Scope) -> dict[str, Any]:
    if scope.project_id:
        return {"identity": identity, "scope": {"project": {"id": scope.project_id}}}
    if scope.project_name:
        domain = _domain(scope.domain_id, scope.domain_name)
        return {"identity": identity, "scope": {"project": {"name": scope.project_name, "domain": domain}}}
    return {"identity": identity}
