"""Who asks: the credentials that a `Connection` may be given.  Values; none of them shows its secret.

* NoAuth                    none: the service trusts ``X-Project-ID``
* Password                  a user of Keystone v3, scoped to a project
* ApplicationCredential     Keystone v3's, which belongs to a project by itself
* Token                     a token that somebody else has got; it cannot be renewed
* ApiKey                    an API key or password of the old identity service v2
* SignedUrl                 what `Queue.share` gave: some methods on some paths of one queue, for a while

`_identity` turns them into requests to the identity service.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from buildyard.marconi.errors import UsageError

__all__ = ["ApiKey", "ApplicationCredential", "Auth", "NoAuth", "Password", "SignedUrl", "Token"]


class Scope(Struct, frozen=True, kw_only=True):
    """The project that a token is for: an id, or a name within a domain."""

    project_id: str | None = None
    project_name: str | None = None
    domain_id: str | None = None  #: of the project; ``default`` where neither is given
    domain_name: str | None = None


class NoAuth(Struct, frozen=True, kw_only=True):
    """No credentials: the service takes ``X-Project-ID`` at its word."""

    project_id: str = ""
    user: str = ""  #: shown in the connection's repr, sent nowhere


class Password(Struct, frozen=True, kw_only=True):
    """A user and a password of Keystone v3."""

    user: str  #: a name, or an id with ``user_is_id``
    password: str
    user_is_id: bool = False
    user_domain_id: str | None = None  #: of a user given by name; ``default`` where neither is given
    user_domain_name: str | None = None
    scope: Scope = Scope()  #: empty: the user's default project

    def __repr__(self) -> str:
        return f"Password(user={self.user!r})"


class ApplicationCredential(Struct, frozen=True, kw_only=True):
    """An application credential of Keystone v3: by id, or by its name and its user."""

    secret: str
    id: str | None = None
    name: str | None = None
    user: str | None = None  #: the user's name, or id with ``user_is_id``; needed with ``name``
    user_is_id: bool = False
    user_domain_id: str | None = None
    user_domain_name: str | None = None

    def __post_init__(self) -> None:
        if not self.id and not (self.name and self.user):
            raise UsageError("an application credential is named by its id, or by its name and its user")

    def __repr__(self) -> str:
        return f"ApplicationCredential({self.id or self.name!r})"


class Token(Struct, frozen=True, kw_only=True):
    """A token that is there already.

    With an ``auth_url`` its project, its expiry and the catalog are asked for, and with a scope a token for that
    project; without, it is sent as it is, to ``endpoint``.  Its end is final: re-scoping prolongs nothing.
    """

    token: str
    project_id: str = ""  #: sent as ``X-Project-ID`` where nobody is asked
    scope: Scope | None = None

    def __repr__(self) -> str:
        return "Token(...)"


class ApiKey(Struct, frozen=True, kw_only=True):
    """A user of the identity service v2, with an API key or a password."""

    user: str
    apikey: str = ""
    password: str = ""
    tenant_id: str | None = None
    tenant_name: str | None = None

    def __repr__(self) -> str:
        return f"ApiKey(user={self.user!r})"


class SignedUrl(Struct, frozen=True, kw_only=True):
    """What `Queue.share` gives away: anybody who has it may do this much, without credentials."""

    paths: tuple[str, ...]  #: full ones, ``/v2/queues/q/messages``
    methods: tuple[str, ...]
    project: str
    expires: str  #: ``2026-11-23T04:31:30``, in UTC, as the service wrote and signed it
    signature: str

    def __repr__(self) -> str:
        return f"SignedUrl(methods={self.methods!r}, paths={self.paths!r}, expires={self.expires!r})"


Auth: TypeAlias = NoAuth | Password | ApplicationCredential | Token | ApiKey | SignedUrl
