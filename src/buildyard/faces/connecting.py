"""How to connect: whom to trust, as whom to appear, and through which proxy.  Values, given to a transport.

The transports of `http` and `twisted` take the same two arguments, ``tls`` and ``proxy``.  Nothing here reads the
environment unless `environment_proxy` is passed as the rule.
"""

from __future__ import annotations

import base64
import functools
import re
import ssl
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from buildyard.errors import InvalidRequest
from buildyard.faces.urls import Target, parse_target

#: A proxy's URL for all requests, a function from a request's URL to a proxy's (or None), or None for no proxy.
ProxyRule = str | Callable[[str], str | None] | None


@dataclass(frozen=True, slots=True)
class Tls:
    """Whom to trust, and as whom to appear.  Paths of PEM files."""

    ca_file: str | None = None  #: authorities to trust instead of the system's
    cert_file: str | None = None  #: our certificate and the chain above it, where the service asks for one
    key_file: str | None = None  #: its key; None where ``cert_file`` holds it too

    def __post_init__(self) -> None:
        if self.key_file and not self.cert_file:
            raise InvalidRequest("a TLS key was given without a certificate")


DEFAULT_TLS = Tls()

_CERTIFICATE_ALERT = re.compile(
    r"alert[ _](certificate|bad[ _]certificate|unsupported[ _]certificate|unknown[ _]ca|handshake[ _]failure|access)",
    re.IGNORECASE,
)


def is_certificate_alert(text: str) -> bool:
    """Return True if OpenSSL's ``text`` says that the service refused our certificate, or the lack of one.

    Since TLS 1.3 (RFC 8446 section 4.4.2.4) it does so after our side of the handshake is done, so that the alert
    comes where the answer should; whatever we sent behind our handshake it has thrown away.
    """
    return _CERTIFICATE_ALERT.search(text) is not None


def ssl_context(tls: Tls) -> ssl.SSLContext:
    """Return a client's context that checks certificate and name, for the standard library's TLS.

    Raises `InvalidRequest` where a file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
        if tls.cert_file:
            context.load_cert_chain(tls.cert_file, tls.key_file)
    except OSError as error:  # ssl.SSLError is one
        raise unusable(tls, error) from error
    return context


def unusable(tls: Tls, error: Exception) -> InvalidRequest:
    """Return the error for TLS files that cannot be read, or do not belong together."""
    files = ", ".join(file for file in (tls.ca_file, tls.cert_file, tls.key_file) if file)
    return InvalidRequest(f"cannot use the TLS files {files}: {error}")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that requests go through."""

    host: str
    port: int
    authorization: str | None = field(default=None, repr=False)  #: the value of ``Proxy-Authorization``

    @property
    def url(self) -> str:
        """Its URL, without credentials."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def fields(self) -> dict[str, str]:
        """The header fields meant for the proxy itself."""
        return {"Proxy-Authorization": self.authorization} if self.authorization else {}


def proxy_for(rule: ProxyRule, url: str) -> Proxy | None:
    """Return the proxy for a request to ``url``, or None.

    Raises `InvalidRequest` for a proxy that is not an http URL of host and port.
    """
    address = rule(url) if callable(rule) else rule
    return parse_proxy(address) if address else None


@functools.lru_cache(maxsize=64)
def parse_proxy(address: str) -> Proxy:
    """Return the proxy that ``http://user:password@host:port`` names."""
    if "://" not in address:
        address = f"http://{address}"
    scheme, _, rest = address.partition("://")
    credentials, _, place = rest.rpartition("@")
    try:
        target: Target = parse_target(f"{scheme}://{place}")
    except InvalidRequest as error:
        raise InvalidRequest(f"as a proxy, {error.reason}") from error
    if target.is_tls or target.path != "/":
        raise InvalidRequest(f"a proxy is http://host:port, not {scheme}://{place}")
    return Proxy(target.host, target.port, _basic(credentials) if credentials else None)


def _basic(credentials: str) -> str:
    user, _, password = credentials.partition(":")
    plain = f"{unquote(user)}:{unquote(password)}".encode()
    return "Basic " + base64.b64encode(plain).decode("ascii")


def environment_proxy(url: str) -> str | None:
    """Return the proxy that ``http_proxy``, ``https_proxy`` and ``no_proxy`` name for ``url``, as curl reads them."""
    parts = urlsplit(url)
    if urllib.request.proxy_bypass(parts.netloc):
        return None
    proxies = urllib.request.getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")
