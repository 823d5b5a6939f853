"""What a `Connection` may be made with, and how that is read.  Shared by the faces."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TypedDict

from msgspec import Struct

from buildyard.faces.connecting import ProxyRule, Tls
from buildyard.faces.transport import DEFAULT_TIMEOUT, Timeout, Transport
from buildyard.marconi._dialects import Dialect, dialect
from buildyard.marconi._endpoints import SERVICE_TYPES, Place
from buildyard.marconi.auth import ApiKey, ApplicationCredential, Auth, NoAuth, Password, Scope, Token
from buildyard.marconi.errors import UsageError
from buildyard.retry import Retry


class ConnectionOptions(TypedDict, total=False):
    """The keyword arguments of a `Connection`, in every face."""

    apikey: str  #: of the user, for the identity service v2; sent as a password where ``auth_url`` ends in ``/v3``
    password: str  #: of the user, for Keystone v3
    token: str  #: one that is there already
    auth: Auth  #: in place of these: any credentials of `buildyard.marconi.auth`
    auth_url: str  #: the identity service, with or without a version; else the environment's ``OS_AUTH_URL``
    project_id: str  #: whose queues they are: the token's scope, and without credentials ``X-Project-ID``
    project_name: str  #: the same by name
    project_domain: str  #: the id of the project's domain, ``default``
    user_domain: str  #: the id of the user's domain, ``default``
    endpoint: str  #: the service's address, with or without a version, in place of the catalog's
    region: str  #: of the catalog's endpoints
    interface: str  #: of the catalog's endpoints: ``public``, ``internal`` or ``admin``
    service_types: tuple[str, ...]  #: what the service is called in the catalog
    version: str | float  #: of the API: 2, 1.1 or 1
    ca_file: str  #: authorities to trust in place of the system's, a PEM file
    tls: Tls  #: the same, and a certificate of our own
    proxy: ProxyRule  #: see `buildyard.faces.connecting`
    timeout: Timeout  #: how long the service may be silent
    retry: Retry  #: when requests are sent again
    transport: Transport  #: to share between connections; it is not closed with them


class Settings(Struct, frozen=True, kw_only=True):
    """A connection's arguments, judged."""

    auth: Auth
    user: str  #: as it is shown
    auth_url: str
    place: Place
    dialect: Dialect
    retry: Retry
    timeout: Timeout
    tls: Tls
    proxy: ProxyRule
    transport: Transport | None  #: one that was given, and stays open


def read_options(user: str | None, options: ConnectionOptions) -> Settings:
    """Return a connection's settings.  Raises `UsageError` where it could never work."""
    if unknown := sorted(options.keys() - ConnectionOptions.__annotations__.keys()):
        raise UsageError(f"{', '.join(unknown)}: no such argument of a connection")
    auth = options.get("auth") or _credentials(user, options)
    needs_url = isinstance(auth, ApiKey | Password | ApplicationCredential)
    settings = Settings(
        auth=auth,
        user=user or getattr(auth, "user", None) or "",
        auth_url=options.get("auth_url") or (os.environ.get("OS_AUTH_URL", "") if needs_url else ""),
        place=Place(
            endpoint=options.get("endpoint", ""),
            service_types=options.get("service_types", SERVICE_TYPES),
            interface=options.get("interface", "public"),
            region=options.get("region"),
        ),
        dialect=dialect(options.get("version", "2.0")),
        retry=options.get("retry") or Retry(),
        timeout=options.get("timeout") or DEFAULT_TIMEOUT,
        tls=options.get("tls") or Tls(ca_file=options.get("ca_file")),
        proxy=options.get("proxy"),
        transport=options.get("transport"),
    )
    settings.place.check(auth, settings.auth_url)
    return settings


def _credentials(user: str | None, options: ConnectionOptions) -> Auth:
    secrets = [name for name in ("apikey", "password", "token") if name in options]
    if len(secrets) > 1:
        raise UsageError(f"{' and '.join(secrets)}: give one of them")
    if not secrets:
        return NoAuth(project_id=options.get("project_id", ""), user=user or "")
    scope = Scope(
        project_id=options.get("project_id"),
        project_name=options.get("project_name"),
        domain_id=options.get("project_domain"),
    )
    if "token" in options:
        has_scope = scope.project_id or scope.project_name
        return Token(token=options["token"], project_id=scope.project_id or "", scope=scope if has_scope else None)
    if not user:
        raise UsageError(f"an {secrets[0]} belongs to a user: name one")
    if "apikey" in options:
        key = options["apikey"]
        return ApiKey(user=user, apikey=key, tenant_id=scope.project_id, tenant_name=scope.project_name)
    domain = options.get("user_domain")
    return Password(user=user, password=options["password"], user_domain_id=domain, scope=scope)


def from_environment(environ: Mapping[str, str]) -> tuple[str | None, ConnectionOptions]:
    """Return user and options as OpenStack's ``OS_*`` variables name them; see `docs/reference/marconi.md`."""
    get = environ.get
    options = ConnectionOptions(auth=_environment_credentials(environ))
    if url := get("OS_AUTH_URL"):
        options["auth_url"] = url
    if region := get("OS_REGION_NAME"):
        options["region"] = region
    if interface := get("OS_INTERFACE") or get("OS_ENDPOINT_TYPE"):
        options["interface"] = interface.removesuffix("URL")
    if ca_file := get("OS_CACERT"):
        options["ca_file"] = ca_file
    return get("OS_USERNAME"), options


def _environment_credentials(environ: Mapping[str, str]) -> Auth:
    get = environ.get
    scope = Scope(
        project_id=get("OS_PROJECT_ID") or get("OS_TENANT_ID"),
        project_name=get("OS_PROJECT_NAME") or get("OS_TENANT_NAME"),
        domain_id=get("OS_PROJECT_DOMAIN_ID"),
        domain_name=get("OS_PROJECT_DOMAIN_NAME"),
    )
    user, domain_id, domain_name = get("OS_USERNAME"), get("OS_USER_DOMAIN_ID"), get("OS_USER_DOMAIN_NAME")
    if secret := get("OS_APPLICATION_CREDENTIAL_SECRET"):
        return ApplicationCredential(
            secret=secret,
            id=get("OS_APPLICATION_CREDENTIAL_ID"),
            name=get("OS_APPLICATION_CREDENTIAL_NAME"),
            user=user,
            user_domain_id=domain_id,
            user_domain_name=domain_name,
        )
    if token := get("OS_TOKEN"):
        has_scope = scope.project_id or scope.project_name
        return Token(token=token, project_id=scope.project_id or "", scope=scope if has_scope else None)
    user_id, password = get("OS_USER_ID"), get("OS_PASSWORD")
    if password and (user_id or user):
        return Password(
            user=user_id or user or "",
            password=password,
            user_is_id=bool(user_id),
            user_domain_id=domain_id,
            user_domain_name=domain_name,
            scope=scope,
        )
    raise UsageError(
        "the environment has no credentials: set OS_USERNAME and OS_PASSWORD, OS_TOKEN, "
        "or OS_APPLICATION_CREDENTIAL_ID and OS_APPLICATION_CREDENTIAL_SECRET"
    )
