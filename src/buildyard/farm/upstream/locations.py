"""Where upstream is: indexes and find-links pages as pip would use them, with their credentials held apart.

`pipconfig` makes an `UpstreamIndex`; `simple` asks its locations; `UpstreamIndex.uv` says the same to uv.  A `Location`
prints and compares without its credential, so that it may be logged and stored.
"""

from __future__ import annotations

import base64
import ipaddress
import netrc
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from urllib.request import url2pathname

#: Seconds pip waits for an index unless it is told otherwise.
PIP_TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class Credential:
    """A user and password for one host, never printed."""

    user: str = field(repr=False)
    password: str = field(repr=False)

    @property
    def authorization(self) -> str:
        """The value of an ``Authorization`` header (RFC 7617)."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Location:
    """One index, or one find-links page or directory."""

    url: str  #: ``https:``, ``http:`` or ``file:``, without user and password
    credential: Credential | None = field(default=None, repr=False, compare=False)

    @classmethod
    def parse(cls, url: str) -> Location:
        """Return the location of a URL that may hold a user and a password.  Raises `ValueError` for no URL."""
        parts = urlsplit(url)
        userinfo, at, host = parts.netloc.rpartition("@")
        bare = urlunsplit((parts.scheme.lower(), host, parts.path, parts.query, ""))
        if not at:
            return cls(bare)
        user, _, password = userinfo.partition(":")
        return cls(bare, Credential(unquote(user), unquote(password)))

    @property
    def is_local(self) -> bool:
        """True for ``file:``."""
        return self.url.startswith("file:")

    @property
    def path(self) -> Path:
        """The path of a local location."""
        return file_path(self.url)

    @property
    def origin(self) -> tuple[str, str]:
        """Scheme and host with port: what a credential belongs to."""
        return origin_of(self.url)

    def with_credential(self) -> str:
        """Return the URL as it was configured.  It is a secret where there is a credential."""
        if self.credential is None:
            return self.url
        parts = urlsplit(self.url)
        userinfo = quote(self.credential.user, safe="")
        if self.credential.password:
            userinfo += ":" + quote(self.credential.password, safe="")
        return urlunsplit((parts.scheme, f"{userinfo}@{parts.netloc}", parts.path, parts.query, ""))


@dataclass(frozen=True, slots=True)
class UvSettings:
    """What makes uv see the same indexes as pip.  The environment may hold credentials, the arguments never do."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)

    def over(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return ``environment`` with these settings and without any other setting of uv."""
        kept = {name: value for name, value in environment.items() if not name.startswith("UV_")}
        return kept | dict(self.environment)


@dataclass(frozen=True, slots=True)
class UpstreamIndex:
    """Everything pip's configuration says about where packages come from."""

    indexes: tuple[Location, ...]  #: index-url first, then extra-index-url; all are equal (pip takes the best over all)
    find_links: tuple[Location, ...] = ()
    trusted_hosts: tuple[str, ...] = ()  #: ``host`` or ``host:port`` that may be asked by plain http
    cert: str | None = None  #: a bundle of CA certificates
    client_cert: str | None = None  #: our own certificate and key, one PEM file
    proxy: str | None = field(default=None, repr=False)  #: may hold a password
    timeout_s: float = PIP_TIMEOUT_S
    origin: str = "pip's built-in default"  #: or what else named the index, ``PIP_INDEX_URL``, ``/etc/pip.conf, ...``
    netrc_path: str | None = None  #: where pip looks for credentials that no address holds
    ignored: tuple[str, ...] = ()  #: what pip would pass over, and why, for one warning each; without addresses

    @property
    def locations(self) -> tuple[Location, ...]:
        """Indexes and find-links together, in pip's order."""
        return (*self.indexes, *self.find_links)

    def headers_for(self, url: str) -> tuple[tuple[str, str], ...]:
        """Return the header fields that authorise a request for this URL: pip's credential for its host, or netrc's.

        As in pip, a credential serves every address of its host, so that it reaches the files beside an index; of
        several for one host, that of the index the address is below.
        """
        origin = origin_of(url)
        same_host = [place for place in self.locations if place.credential and place.origin == origin]
        nearest = max(same_host, key=lambda place: url.startswith(place.url) * len(place.url), default=None)
        credential = nearest.credential if nearest is not None else None
        if credential is None and self.netrc_path is not None:
            credential = _netrc_credential(self.netrc_path, urlsplit(url).hostname or "")
        return (("Authorization", credential.authorization),) if credential else ()

    def uv(self) -> UvSettings:
        """Return the arguments and the environment with which uv resolves and installs as pip would.

        Of several indexes pip takes the best version over all, which uv calls ``unsafe-best-match``.  Addresses go
        into the environment, since a process list shows arguments to everybody.  uv's own files are not read.
        """
        environment = {
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_HTTP_TIMEOUT": str(max(1, int(self.timeout_s))),
            "UV_INDEX_STRATEGY": "unsafe-best-match",
            # As pip does: whom the machine trusts, not only whom uv was built to trust.
            "UV_SYSTEM_CERTS": "1",
        }
        arguments = ["--no-config"]
        if self.indexes:
            environment["UV_DEFAULT_INDEX"] = self.indexes[0].with_credential()
        else:
            arguments.append("--no-index")
        lists = {
            "UV_INDEX": " ".join(place.with_credential() for place in self.indexes[1:]),
            "UV_FIND_LINKS": ",".join(place.with_credential().replace(",", "%2C") for place in self.find_links),
            "UV_INSECURE_HOST": " ".join(self.trusted_hosts),
        }
        environment |= {name: value for name, value in lists.items() if value}
        return UvSettings(tuple(arguments), environment | self._uv_connection())

    def _uv_connection(self) -> dict[str, str]:
        told = {"SSL_CERT_FILE": self.cert, "SSL_CLIENT_CERT": self.client_cert}
        proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), self.proxy)
        return {name: value for name, value in {**told, **proxies}.items() if value}


def origin_of(url: str) -> tuple[str, str]:
    """Return scheme and host with port of a URL, in lower case."""
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.rpartition("@")[2].lower()


def file_path(url: str) -> Path:
    """Return the path of a ``file:`` URL."""
    return Path(url2pathname(urlsplit(url).path))


def is_secure(url: str, trusted_hosts: tuple[str, ...]) -> bool:
    """Tell whether pip would ask this location at all: https, a file, this very machine, or a trusted host."""
    parts = urlsplit(url)
    if parts.scheme in ("https", "file") or parts.netloc in trusted_hosts or parts.hostname in trusted_hosts:
        return True
    return parts.scheme == "http" and _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _netrc_credential(path: str, host: str) -> Credential | None:
    # pip passes over a netrc file that it cannot read (it leaves the matter to requests).
    try:
        found = netrc.netrc(path).authenticators(host)
    except (OSError, netrc.NetrcParseError):
        return None
    return Credential(found[0] or found[1] or "", found[2] or "") if found else None
