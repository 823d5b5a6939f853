"""Proxies and TLS settings as values."""

from __future__ import annotations

import pytest

from buildyard.errors import InvalidRequest
from buildyard.faces.connecting import Proxy, Tls, environment_proxy, is_certificate_alert, parse_proxy, proxy_for


def test_proxy_is_host_and_port() -> None:
    assert parse_proxy("http://proxy:3128") == Proxy("proxy", 3128)
    assert parse_proxy("http://proxy:3128/") == Proxy("proxy", 3128)
    assert parse_proxy("proxy:3128") == Proxy("proxy", 3128)


def test_proxy_shows_no_credentials_in_its_url() -> None:
    proxy = parse_proxy("http://me:p%3Ass@[::1]:3128")
    assert proxy.url == "http://[::1]:3128"
    assert "Basic" not in repr(proxy)
    assert proxy.fields == {"Proxy-Authorization": "Basic bWU6cDpzcw=="}


def test_proxy_without_credentials_sends_no_fields() -> None:
    assert parse_proxy("http://proxy:3128").fields == {}


@pytest.mark.parametrize(
    "address", ["https://proxy:1", "socks5://proxy:1", "http://", "http://proxy/path", "http://a b"]
)
def test_what_is_no_http_proxy_is_refused(address: str) -> None:
    with pytest.raises(InvalidRequest, match="proxy"):
        parse_proxy(address)


def test_refused_proxy_does_not_tell_its_password() -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_proxy("https://me:secret@proxy:1")
    assert "secret" not in str(caught.value)


def test_rule_is_none_one_proxy_or_a_choice() -> None:
    assert proxy_for(None, "http://hub/") is None
    assert proxy_for("http://proxy:1", "http://hub/") == Proxy("proxy", 1)
    assert proxy_for(lambda url: None, "http://hub/") is None


def test_environment_names_proxies_by_scheme_and_exceptions(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("https_proxy", "http://proxy:1")
    monkeypatch.setenv("no_proxy", "internal.example.org,hub:8443")
    assert environment_proxy("https://hub/") == "http://proxy:1"
    assert environment_proxy("http://hub/") is None
    assert environment_proxy("https://internal.example.org:99/") is None
    assert environment_proxy("https://hub:8443/") is None


def test_key_needs_its_certificate() -> None:
    with pytest.raises(InvalidRequest):
        Tls(key_file="client.key")


@pytest.mark.parametrize(
    ("text", "is_refusal"),
    [
        ("[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required", True),
        ("[('SSL routines', '', 'ssl/tls alert bad certificate')]", True),
        ("[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca", True),
        ("[SSL: SSLV3_ALERT_BAD_RECORD_MAC] sslv3 alert bad record mac", False),
        ("connection reset by peer", False),
    ],
)
def test_refusal_of_our_certificate_is_told_from_other_alerts(text: str, is_refusal: bool) -> None:
    assert is_certificate_alert(text) is is_refusal
