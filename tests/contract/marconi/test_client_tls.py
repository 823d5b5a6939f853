"""Certificates are verified unless told otherwise, which nobody can; an authority of one's own is a ``ca_file``."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from buildyard.errors import TlsFailed
from buildyard.marconi.errors import ConnectionFailed
from support.marconi_client import play


class Alive(http.server.BaseHTTPRequestHandler):
    """A service that can say one thing."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server(http.server.ThreadingHTTPServer):
    """It is refused on purpose."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def encrypted_url(authority: trustme.CA) -> Iterator[str]:
    """A service over TLS, whose certificate is this authority's."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Server(("127.0.0.1", 0), Alive) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(10)


@pytest.fixture(params=["blocking", "asyncio", "twisted"])
def face(request: pytest.FixtureRequest) -> str:
    if request.param == "twisted":
        pytest.importorskip("OpenSSL", reason="https over Twisted needs pyOpenSSL")
        request.getfixturevalue("reactor_thread")
    name: str = request.param
    return name


async def ping(client):
    return await client.ping()


def test_certificate_of_an_unknown_authority_is_refused(face, encrypted_url):
    with pytest.raises(ConnectionFailed) as caught:
        play(face, {"endpoint": encrypted_url}, ping)
    assert isinstance(caught.value.__cause__, TlsFailed)
    assert not caught.value.may_pass
    assert not caught.value.maybe_sent


def test_own_authority_is_trusted(face, encrypted_url, authority: trustme.CA, tmp_path: Path):
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    assert play(face, {"endpoint": encrypted_url, "ca_file": str(ca_file)}, ping) is True
