"""Time-outs told apart, TLS with authorities of our own, client certificates and proxies, for all transports."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from buildyard.errors import ConnectFailed, Cut, InvalidRequest, ProxyFailed, TimedOut, TlsFailed
from buildyard.faces.connecting import Tls, environment_proxy
from buildyard.faces.transport import Request, Response, Timeout

QUICK = Timeout(connect=0.3, read=0.3)
PATIENT = Timeout(connect=5, read=5)


def get(face: Any, url: str, timeout: Timeout = PATIENT, **options: Any) -> Response:
    request = Request("GET", url, timeout=timeout)
    response: Response = face.run(lambda transport: transport.send(request), **options)
    return response


@pytest.fixture
def full_backlog() -> Iterator[int]:
    """A port where connecting never ends: nobody accepts, and the queue is full."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = []
    for _ in range(4):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(listener.getsockname())
        waiting.append(one)
    yield listener.getsockname()[1]
    for one in [*waiting, listener]:
        one.close()


async def silence(connection: Any) -> None:
    await asyncio.sleep(30)


# Time-outs


def test_no_connection_in_time_is_a_connect_timeout_and_not_sent(face: Any, full_backlog: int) -> None:
    begun = time.monotonic()
    with pytest.raises(TimedOut) as caught:
        get(face, f"http://127.0.0.1:{full_backlog}/", Timeout(connect=0.3, read=20))
    assert (caught.value.phase, caught.value.seconds, caught.value.maybe_sent) == ("connect", 0.3, False)
    assert time.monotonic() - begun < 3


def test_no_answer_in_time_is_a_read_timeout_and_may_have_been_sent(face: Any, server: Any) -> None:
    server.handler = silence
    begun = time.monotonic()
    with pytest.raises(TimedOut) as caught:
        get(face, server.url(), Timeout(connect=20, read=0.3))
    assert (caught.value.phase, caught.value.seconds, caught.value.maybe_sent) == ("read", 0.3, True)
    assert time.monotonic() - begun < 3


def test_body_that_stops_is_a_read_timeout(face: Any, server: Any) -> None:
    async def half(connection: Any) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await asyncio.sleep(30)

    server.handler = half
    with pytest.raises(TimedOut) as caught:
        get(face, server.url(), QUICK)
    assert caught.value.phase == "read"


def test_slow_answer_that_makes_progress_is_no_timeout(face: Any, server: Any) -> None:
    async def drip(connection: Any) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        for _ in range(5):
            await asyncio.sleep(0.15)
            await connection.send(b"x")

    server.handler = drip
    assert get(face, server.url(), QUICK).body == b"xxxxx"


@pytest.mark.parametrize("is_file", [False, True])
def test_upload_that_nobody_takes_is_a_read_timeout(face: Any, server: Any, tmp_path: Path, is_file: bool) -> None:
    from buildyard.faces.transport import Part

    async def take_nothing(connection: Any) -> None:
        await connection.head()
        await asyncio.sleep(30)

    server.handler = take_nothing
    wheel = tmp_path / "wheel"
    wheel.write_bytes(bytes(30_000_000))
    body = Part(str(wheel), 0, 30_000_000) if is_file else bytes(30_000_000)
    request = Request("PUT", server.url(), body=body, timeout=QUICK)
    with pytest.raises(TimedOut) as caught:
        face.run(lambda transport: transport.send(request))
    assert (caught.value.phase, caught.value.maybe_sent) == ("read", True)


def test_slow_upload_that_makes_progress_is_no_timeout(face: Any, server: Any) -> None:
    size = 24_000_000

    async def take_slowly(connection: Any) -> None:
        await connection.head()
        left = size
        begun = asyncio.get_running_loop().time()
        while left:
            left -= len(await connection.reader.read(min(left, 1_000_000)))
            if asyncio.get_running_loop().time() - begun < 1.2:
                await asyncio.sleep(0.05)
        await connection.send(b"HTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n")

    server.handler = take_slowly
    request = Request("PUT", server.url(), body=bytes(size), timeout=Timeout(connect=5, read=0.8))
    begun = time.monotonic()
    assert face.run(lambda transport: transport.send(request)).status == 201
    assert time.monotonic() - begun > 0.8


def test_handshake_that_does_not_end_is_a_connect_timeout(tls_face: Any, server: Any) -> None:
    server.handler = silence
    with pytest.raises(TimedOut) as caught:
        get(tls_face, server.url().replace("http:", "https:"), Timeout(connect=0.3, read=20))
    assert (caught.value.phase, caught.value.maybe_sent) == ("connect", False)


# TLS


def test_own_authority_is_trusted(tls_face: Any, start_server: Any, certificates: Any) -> None:
    server = start_server(certificates.server_context())
    assert get(tls_face, server.url(), tls=Tls(ca_file=certificates.ca_file)).body == b"ok"


def test_large_bodies_go_both_ways_over_tls(tls_face: Any, start_server: Any, certificates: Any) -> None:
    server = start_server(certificates.server_context())
    body = bytes(range(256)) * 4000
    server.replies = [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)]
    request = Request("PUT", server.url(), body=body)
    answer = tls_face.run(lambda transport: transport.send(request), tls=Tls(ca_file=certificates.ca_file))
    assert (answer.body, server.received[0].body) == (body, body)


def test_tls_connection_is_kept(tls_face: Any, start_server: Any, certificates: Any) -> None:
    server = start_server(certificates.server_context())

    async def twice(transport: Any) -> None:
        for _ in range(2):
            await transport.send(Request("GET", server.url()))

    tls_face.run(twice, tls=Tls(ca_file=certificates.ca_file))
    assert (server.connections, len(server.received)) == (1, 2)


def test_unknown_authority_is_refused_before_anything_is_sent(
    tls_face: Any, start_server: Any, certificates: Any
) -> None:
    server = start_server(certificates.server_context())
    with pytest.raises(TlsFailed) as caught:
        get(tls_face, server.url())
    assert (caught.value.maybe_sent, caught.value.may_pass, server.received) == (False, False, [])


def test_certificate_for_another_name_is_refused(tls_face: Any, start_server: Any, certificates: Any) -> None:
    server = start_server(certificates.server_context("other.example.org"))
    with pytest.raises(TlsFailed):
        get(tls_face, server.url(), tls=Tls(ca_file=certificates.ca_file))
    assert server.received == []


def test_certificate_is_checked_against_a_name_too(tls_face: Any, start_server: Any, certificates: Any) -> None:
    server = start_server(certificates.server_context("localhost"))
    url = server.url().replace("127.0.0.1", "localhost")
    assert get(tls_face, url, tls=Tls(ca_file=certificates.ca_file)).status == 200


def test_service_without_tls_is_a_failed_connection(tls_face: Any, server: Any) -> None:
    async def complain(connection: Any) -> None:
        await connection.reader.read(100)
        await connection.send(b"HTTP/1.1 400 Bad request\r\n\r\n")

    server.handler = complain
    with pytest.raises(ConnectFailed) as caught:
        get(tls_face, server.url().replace("http:", "https:"), QUICK)
    assert not caught.value.maybe_sent


def test_connection_that_ends_within_the_handshake_may_be_tried_again(tls_face: Any, server: Any) -> None:
    async def hang_up(connection: Any) -> None:
        await connection.reader.read(100)

    server.handler = hang_up
    with pytest.raises(ConnectFailed) as caught:
        get(tls_face, server.url().replace("http:", "https:"))
    assert (caught.value.maybe_sent, caught.value.may_pass) == (False, True)


# Twisted hands the certificate on in a form that pyOpenSSL is about to give up.
@pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning")
@pytest.mark.parametrize("in_one_file", [False, True])
def test_client_certificate_is_shown(
    tls_face: Any, start_server: Any, certificates: Any, tmp_path: Path, in_one_file: bool
) -> None:
    server = start_server(certificates.server_context(ask_client=True))
    cert, key = certificates.client_files()
    if in_one_file:
        joined = tmp_path / "joined.pem"
        joined.write_bytes(Path(key).read_bytes() + Path(cert).read_bytes())
        cert, key = str(joined), ""
    tls = Tls(ca_file=certificates.ca_file, cert_file=cert, key_file=key or None)
    assert get(tls_face, server.url(), tls=tls).body == b"ok"


@pytest.fixture
def alerting() -> Iterator[Callable[[ssl.SSLContext], str]]:
    """Start a service that says why it ends a handshake, which asyncio's servers do not."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(context: ssl.SSLContext) -> None:
        accepted, _ = listener.accept()
        with accepted.dup() as raw:
            raw.settimeout(5)
            with context.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False) as wrapped:
                with contextlib.suppress(OSError):
                    wrapped.do_handshake()
                # A reset would destroy the alert, so all that comes is taken first.
                raw.shutdown(socket.SHUT_WR)
                with contextlib.suppress(OSError):
                    while raw.recv(65536):
                        pass

    def start(context: ssl.SSLContext) -> str:
        threading.Thread(target=serve, args=(context,), daemon=True).start()
        return f"https://127.0.0.1:{listener.getsockname()[1]}/"

    yield start
    listener.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_service_that_asks_for_a_certificate_refuses_without(
    tls_face: Any, alerting: Any, certificates: Any, version: ssl.TLSVersion
) -> None:
    context = certificates.server_context(ask_client=True)
    context.minimum_version = context.maximum_version = version
    with pytest.raises(TlsFailed) as caught:
        get(tls_face, alerting(context), tls=Tls(ca_file=certificates.ca_file))
    assert (caught.value.maybe_sent, caught.value.may_pass) == (False, False)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_service_that_hangs_up_without_a_certificate_says_no_reason(
    tls_face: Any, start_server: Any, certificates: Any, version: ssl.TLSVersion
) -> None:
    context = certificates.server_context(ask_client=True)
    context.minimum_version = context.maximum_version = version
    server = start_server(context)
    with pytest.raises((ConnectFailed, Cut)):
        get(tls_face, server.url(), tls=Tls(ca_file=certificates.ca_file))
    assert server.received == []


def test_files_that_are_no_certificates_are_named(tls_face: Any, tmp_path: Path) -> None:
    broken = tmp_path / "ca.pem"
    broken.write_text("not a certificate")
    with pytest.raises(InvalidRequest, match=r"ca\.pem"):
        get(tls_face, "https://127.0.0.1:9/", tls=Tls(ca_file=str(broken)))


def test_key_of_another_certificate_is_refused(tls_face: Any, certificates: Any, tmp_path: Path) -> None:
    cert, _ = certificates.client_files()
    other = tmp_path / "other.key"
    trustme.CA().issue_cert("x.example.org").private_key_pem.write_to_path(str(other))
    with pytest.raises(InvalidRequest, match=r"other\.key"):
        get(tls_face, "https://127.0.0.1:9/", tls=Tls(cert_file=cert, key_file=str(other)))


# Proxies


@pytest.fixture
def tunnels(start_server: Callable[..., Any]) -> Any:
    """A proxy that makes tunnels, and notes who asked."""
    proxy = start_server()

    async def serve(connection: Any) -> None:
        head = await connection.head()
        proxy.received.append(head)
        host, _, port = head.target.decode().rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        await connection.send(b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n")
        await asyncio.gather(pipe(connection.reader, writer), pipe(reader, connection.writer))

    async def pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        except ConnectionError:
            pass
        finally:
            sink.close()

    proxy.handler = serve
    return proxy


def test_plain_requests_go_to_the_proxy_with_the_whole_url(face: Any, server: Any) -> None:
    answer = get(face, "http://hub.example.org:8080/a%2Fb?c", proxy=server.url())
    assert answer.body == b"ok"
    assert server.received[0].line == b"GET http://hub.example.org:8080/a%2Fb?c HTTP/1.1"
    assert server.received[0].values(b"host") == [b"hub.example.org:8080"]


@pytest.mark.parametrize("path", ["/a%2fb", "/a;b=1;", "/[x]?y=[1]", "/a//b"])
def test_urls_are_kept_through_a_proxy_too(face: Any, server: Any, path: str) -> None:
    get(face, f"http://hub.example.org{path}", proxy=server.url())
    assert server.received[0].target == f"http://hub.example.org{path}".encode()


def test_credentials_of_the_proxy_are_sent_to_it(face: Any, server: Any) -> None:
    proxy = server.url().replace("://", "://me:p%40ss@")
    get(face, "http://hub.example.org/", proxy=proxy)
    assert server.received[0].values(b"proxy-authorization") == [b"Basic bWU6cEBzcw=="]


def test_tls_goes_through_a_tunnel_to_the_end(
    tls_face: Any, start_server: Any, certificates: Any, tunnels: Any
) -> None:
    server = start_server(certificates.server_context())
    proxy = tunnels.url().replace("://", "://me:secret@")
    answer = get(tls_face, server.url("/x"), tls=Tls(ca_file=certificates.ca_file), proxy=proxy)
    assert answer.body == b"ok"
    assert tunnels.received[0].line.startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.".encode())
    assert tunnels.received[0].values(b"proxy-authorization") == [b"Basic bWU6c2VjcmV0"]
    assert server.received[0].line == b"GET /x HTTP/1.1"
    assert server.received[0].values(b"proxy-authorization") == []


def test_certificate_behind_a_tunnel_is_checked(
    tls_face: Any, start_server: Any, certificates: Any, tunnels: Any
) -> None:
    server = start_server(certificates.server_context("other.example.org"))
    with pytest.raises(TlsFailed):
        get(tls_face, server.url(), tls=Tls(ca_file=certificates.ca_file), proxy=tunnels.url())


@pytest.mark.parametrize(("status", "may_pass"), [(407, False), (403, False), (502, True)])
def test_proxy_that_refuses_is_told_with_its_status(tls_face: Any, server: Any, status: int, may_pass: bool) -> None:
    server.replies = [b"HTTP/1.1 %d No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status]
    with pytest.raises(ProxyFailed) as caught:
        get(tls_face, "https://hub.example.org/", proxy=server.url())
    assert (caught.value.status, caught.value.maybe_sent, caught.value.may_pass) == (status, False, may_pass)


def test_proxy_that_hangs_up_has_sent_nothing(tls_face: Any, server: Any) -> None:
    async def hang_up(connection: Any) -> None:
        await connection.head()

    server.handler = hang_up
    with pytest.raises(ConnectFailed) as caught:
        get(tls_face, "https://hub.example.org/", proxy=server.url())
    assert not caught.value.maybe_sent


def test_proxy_that_is_silent_is_a_connect_timeout(tls_face: Any, server: Any) -> None:
    server.handler = silence
    with pytest.raises(TimedOut) as caught:
        get(tls_face, "https://hub.example.org/", Timeout(connect=0.3, read=20), proxy=server.url())
    assert caught.value.phase == "connect"


def test_proxy_may_be_chosen_by_a_function(face: Any, server: Any, start_server: Any) -> None:
    proxy = start_server()
    rule = lambda url: proxy.url() if "hub.example.org" in url else None  # noqa: E731
    get(face, "http://hub.example.org/", proxy=rule)
    get(face, server.url(), proxy=rule)
    assert (len(proxy.received), len(server.received)) == (1, 1)


def test_environment_is_read_only_on_request(face: Any, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    monkeypatch.delenv("no_proxy", raising=False)
    assert get(face, server.url()).status == 200
    with pytest.raises(ConnectFailed):
        get(face, server.url(), proxy=environment_proxy)


@pytest.mark.parametrize("proxy", ["https://127.0.0.1:9", "socks5://127.0.0.1:9", "http://127.0.0.1:9/path", "http://"])
def test_proxies_of_other_kinds_are_refused(face: Any, server: Any, proxy: str) -> None:
    with pytest.raises(InvalidRequest, match="proxy"):
        get(face, server.url(), proxy=proxy)
