"""A profile: one hub, and how to come to it.  `_profile_files` reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

#: How a login is done; ``kerberos`` and ``gssapi`` are one.
AuthType = Literal["noauth", "ssl", "kerberos", "gssapi", "password"]


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One hub, and how to come to it.  Options of the files that are not here are not read."""

    name: str  #: of the section
    server: str = "http://localhost/kojihub"  #: where calls are posted to
    weburl: str = "http://localhost/koji"  #: the web site of the same hub
    topurl: str = ""  #: where its files are, over HTTP
    authtype: AuthType | None = None  #: None: by certificate where there is one, else by Kerberos
    cert: str = ""  #: PEM file with our certificate and key; ``~/.koji/client.crt`` where that is there
    serverca: str = ""  #: PEM file with the authorities to trust; ``~/.koji/serverca.crt`` where that is there
    principal: str = ""  #: whom a keytab is for
    keytab: str = ""
    user: str = ""  #: for a login by password
    password: str = ""
    runas: str = ""  #: whom to appear as, where the hub lets us (Koji's proxy user)
    max_retries: int = 30  #: of a call; more than `_core.MAX_RETRIES` count as that
    timeout: int = 300  #: seconds of silence that a call is given; a hub says nothing until it knows all
    auth_timeout: int = 60  #: the same for a login
    anon_retry: bool = True  #: repeat calls of nobody in particular, too
    offline_retry: bool = False  #: wait for a hub that is offline
    offline_retry_interval: int = 20  #: seconds

    def __repr__(self) -> str:
        return f"<Profile {self.name} {self.server}>"


def complete(profile: Profile, home: Path | None = None) -> Profile:
    """Return the profile with the default certificates where they are there, ``~`` spelled out."""
    own = (home or Path.home()) / ".koji"
    return msgspec.structs.replace(
        profile,
        cert=_file(profile.cert, own / "client.crt"),
        serverca=_file(profile.serverca, own / "serverca.crt"),
        keytab=str(Path(profile.keytab).expanduser()) if profile.keytab else "",
    )


def _file(given: str, default: Path) -> str:
    if given:
        return str(Path(given).expanduser())
    return str(default) if default.exists() else ""
