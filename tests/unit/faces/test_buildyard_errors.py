"""Errors form the printed tree, carry facts, hide secrets and can be pickled."""

from __future__ import annotations

import inspect
import pickle
import re

import pytest

from buildyard import errors
from buildyard.errors import (
    BadRedirect,
    BodyTooLarge,
    BuildyardError,
    ConnectFailed,
    CoreSuspended,
    Cut,
    InvalidRequest,
    NotFound,
    NotInstalled,
    PartUnreadable,
    PortalClosed,
    ProxyFailed,
    RemoteError,
    ServerFault,
    Throttled,
    TimedOut,
    TlsFailed,
    TransportError,
    WireError,
    remote_error,
    visible_url,
)

URL = "http://hub/x"
EXAMPLES: list[BuildyardError] = [
    TransportError("gone", method="GET", url=URL, maybe_sent=True),
    ConnectFailed("refused", method="GET", url=URL),
    TlsFailed("expired", method="GET", url=URL),
    ProxyFailed("no", method="GET", url=URL, status=407),
    TimedOut("read", 1.5, method="GET", url=URL),
    Cut("reset", method="GET", url=URL),
    NotFound("no such task", status=404, method="GET", url=URL, body=b"{}"),
    Throttled("slow down", status=429, method="GET", url=URL, retry_after=3.0),
    WireError("not JSON", data=b"<html>", method="GET", url=URL),
    BodyTooLarge(10, method="GET", url=URL),
    BadRedirect("no", location="file:///x", method="GET", url=URL),
    InvalidRequest("bad"),
    PartUnreadable("/tmp/wheel", "gone"),
    NotInstalled("pyOpenSSL", extra="twisted", purpose="https"),
    CoreSuspended("it slept"),
    PortalClosed("closed"),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_error_survives_pickling_with_its_facts(error: BuildyardError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


def test_every_error_is_in_the_printed_tree() -> None:
    classes = {
        name for name, value in vars(errors).items() if inspect.isclass(value) and issubclass(value, BuildyardError)
    }
    assert errors.__doc__ is not None
    tree = errors.__doc__.partition("Clients add")[0]
    assert {name for name in classes if not re.search(rf"\b{name}\b", tree)} == set()


def test_what_never_left_says_so() -> None:
    assert not ConnectFailed("refused", method="GET", url=URL).maybe_sent
    assert not TimedOut("connect", 1, method="GET", url=URL).maybe_sent
    assert TimedOut("read", 1, method="GET", url=URL).maybe_sent
    assert Cut("reset", method="GET", url=URL).maybe_sent


def test_certificates_do_not_mend_themselves() -> None:
    assert not TlsFailed("expired", method="GET", url=URL).may_pass
    assert ConnectFailed("refused", method="GET", url=URL).may_pass


def test_message_names_method_address_and_reason() -> None:
    assert str(TimedOut("read", 60, method="PUT", url=URL)) == f"PUT {URL}: silent for 60 s"
    assert str(TimedOut("connect", 0.5, method="PUT", url=URL)) == f"PUT {URL}: no connection within 0.5 s"


def test_invalid_request_is_a_value_error() -> None:
    assert isinstance(InvalidRequest("x"), ValueError)


@pytest.mark.parametrize(
    ("status", "kind"), [(404, NotFound), (429, Throttled), (500, ServerFault), (599, ServerFault), (418, RemoteError)]
)
def test_status_has_its_class(status: int, kind: type[RemoteError]) -> None:
    assert type(remote_error(status, "no", method="GET", url=URL)) is kind


def test_excerpt_is_short_and_printable() -> None:
    error = WireError("odd", data=b"\x00\xff\n" + b"x" * 1000)
    assert error.excerpt.startswith(r"\x00\\xff\nxxx")
    assert len(error.excerpt) < 250
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("url", "visible"),
    [
        ("http://hub/a?limit=1", "http://hub/a?limit=1"),
        ("http://me:secret@hub:80/a", "http://hub:80/a"),
        ("http://hub/a?bewit=secret&x=1", "http://hub/a?bewit=...&x=1"),
        ("http://hub/?session-key=secret&callnum=4", "http://hub/?session-key=...&callnum=4"),
        ("http://s3/w?X-Amz-Signature=secret&X-Amz-Date=1", "http://s3/w?X-Amz-Signature=...&X-Amz-Date=1"),
        ("http://hub/?accessToken=secret", "http://hub/?accessToken=..."),
        ("http://hub/?a=1#secret", "http://hub/?a=1"),
        ("http://[broken", "(not a URL)"),
    ],
)
def test_secrets_are_not_shown(url: str, visible: str) -> None:
    assert visible_url(url) == visible


def test_errors_hold_no_secret_of_their_url() -> None:
    error = Cut("reset", method="GET", url="http://me:secret@hub/?sig=secret")
    assert "secret" not in repr(error) + str(error) + repr(vars(error))
