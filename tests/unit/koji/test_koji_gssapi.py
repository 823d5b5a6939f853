"""Kerberos: which tokens are sent, and what a failure means.  The library is a fake: the real one needs a KDC."""

from __future__ import annotations

import base64
import sys
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from buildyard.errors import NotInstalled
from buildyard.faces.scripted import answer
from buildyard.koji import KojiLoginException, _gssapi
from buildyard.koji.errors import GSSAPIAuthError
from support.koji_golden import PROFILE, recorded, scripted

KERBEROS = msgspec.structs.replace(PROFILE, authtype="kerberos")


class GSSError(Exception):
    def __init__(self, major: int, minor: int = 0) -> None:
        self.maj_code = major << 16
        self.min_code = minor
        super().__init__(f"major {major}")


class Library:
    """What the library `gssapi` has, as far as it is used; `tokens` are what its contexts make."""

    NameType = SimpleNamespace(hostbased_service="host", kerberos_principal="principal")
    exceptions = SimpleNamespace(GSSError=GSSError)

    def __init__(self, *tokens: bytes | Exception) -> None:
        self.tokens = list(tokens)
        self.seen: list[bytes | None] = []
        self.asked: dict[str, Any] = {}

    def Name(self, text: str, kind: str) -> tuple[str, str]:
        return text, kind

    def Credentials(self, **facts: Any) -> dict[str, Any]:
        self.asked["credentials"] = facts
        return facts

    def SecurityContext(self, **facts: Any) -> Any:
        self.asked["context"] = facts
        return SimpleNamespace(step=self.step)

    def step(self, token: bytes | None) -> bytes | None:
        self.seen.append(token)
        made = self.tokens.pop(0)
        if isinstance(made, Exception):
            raise made
        return made


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    made = Library(b"first", b"second")
    monkeypatch.setattr(_gssapi, "load", lambda: made)
    return made


def negotiate(token: bytes) -> str:
    return f"Negotiate {base64.b64encode(token).decode()}"


def test_the_first_request_has_a_token_already(library: Library) -> None:
    koji, script = scripted("gssapi-login", profile=KERBEROS)
    assert koji.login() is True
    assert dict(script.requests[0].headers)["Authorization"] == negotiate(b"first")
    assert library.asked["context"]["name"] == ("HTTP@hub.example", "host")
    assert library.asked["context"]["creds"] is None


def test_a_challenge_with_a_token_is_answered(library: Library) -> None:
    challenge = answer(401, b"", [("WWW-Authenticate", negotiate(b"theirs"))])
    koji, script = scripted(challenge, recorded("gssapi-login"), profile=KERBEROS)
    koji.login()
    assert library.seen == [None, b"theirs"]
    assert dict(script.requests[1].headers)["Authorization"] == negotiate(b"second")


def test_a_token_that_is_not_believed_is_not_allowed(library: Library) -> None:
    koji, _ = scripted("negotiate-401", profile=KERBEROS)
    with pytest.raises(GSSAPIAuthError) as caught:
        koji.login()
    assert caught.value.reason == "not-allowed"
    assert caught.value.code == 1023


def test_negotiating_comes_to_an_end(library: Library) -> None:
    library.tokens = [b"x"] * 10
    challenge = answer(401, b"", [("WWW-Authenticate", negotiate(b"more"))])
    koji, script = scripted(*[challenge] * 10, profile=KERBEROS)
    with pytest.raises(GSSAPIAuthError):
        koji.login()
    assert len(script.requests) == 4


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (GSSError(7), "missing"),
        (GSSError(13, 2529639053), "missing"),
        (GSSError(11), "expired"),
        (GSSError(13, 2**32 - 1765328352), "expired"),
        (GSSError(15), "not-allowed"),
        (GSSError(13, -1765328228), "unreachable"),
        (GSSError(2), "other"),
    ],
)
def test_a_failure_says_why(library: Library, error: Exception, reason: str) -> None:
    library.tokens = [error]
    koji, script = scripted(profile=KERBEROS)
    with pytest.raises(KojiLoginException) as caught:
        koji.login()
    assert caught.value.reason == reason
    assert caught.value.__cause__ is error
    assert script.requests == []


def test_a_keytab_is_named_to_the_library_alone(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others set KRB5_CLIENT_KTNAME for the whole process."""
    monkeypatch.delenv("KRB5_CLIENT_KTNAME", raising=False)
    profile = msgspec.structs.replace(KERBEROS, principal="builder/h@R", keytab="/etc/builder.keytab")
    koji, _ = scripted("gssapi-login", profile=profile)
    koji.login()
    assert library.asked["credentials"] == {
        "name": ("builder/h@R", "principal"),
        "usage": "initiate",
        "store": {"client_keytab": "/etc/builder.keytab"},
    }


def test_a_challenge_that_is_no_base64_is_refused(library: Library) -> None:
    koji, _ = scripted(answer(401, b"", [("WWW-Authenticate", "Negotiate ?")]), profile=KERBEROS)
    with pytest.raises(GSSAPIAuthError, match="base64"):
        koji.login()


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gssapi", None)
    koji, _ = scripted(profile=KERBEROS)
    with pytest.raises(NotInstalled, match=r"buildyard\[gssapi\]"):
        koji.login()
