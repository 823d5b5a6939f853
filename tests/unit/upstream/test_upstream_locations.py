"""What is told to uv, and who is authorised with what."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from buildyard.farm.upstream.locations import Location, UpstreamIndex, is_secure

A = Location.parse("https://mira:hu%40sh@a.example.org/simple")
B = Location.parse("https://b.example.org/simple")


def basic(text: str) -> tuple[tuple[str, str], ...]:
    return (("Authorization", "Basic " + base64.b64encode(text.encode()).decode()),)


def test_credential_is_taken_out_of_the_address() -> None:
    assert A.url == "https://a.example.org/simple"
    assert A.credential is not None
    assert (A.credential.user, A.credential.password) == ("mira", "hu@sh")


def test_files_on_the_host_of_an_index_get_its_credential() -> None:
    index = UpstreamIndex(indexes=(B, A))
    assert index.headers_for("https://a.example.org/files/x.tar.gz") == basic("mira:hu@sh")


@pytest.mark.parametrize("url", ["https://b.example.org/x", "http://a.example.org/x", "https://a.example.org:444/x"])
def test_other_hosts_schemes_and_ports_get_no_credential(url: str) -> None:
    assert UpstreamIndex(indexes=(A, B)).headers_for(url) == ()


def test_of_two_credentials_for_one_host_that_of_the_nearer_index_is_sent() -> None:
    one, two = (Location.parse(f"https://{name}:x@a.example.org/{name}") for name in ("one", "two"))
    index = UpstreamIndex(indexes=(one, two))
    assert index.headers_for("https://a.example.org/two/demo/") == basic("two:x")
    assert index.headers_for("https://a.example.org/files/demo.zip") == basic("one:x")


def test_token_without_a_password_is_sent_with_an_empty_one() -> None:
    index = UpstreamIndex(indexes=(Location.parse("https://token@a.example.org/s"),))
    assert index.headers_for("https://a.example.org/s/x/") == basic("token:")
    assert index.indexes[0].with_credential() == "https://token@a.example.org/s"


def test_netrc_is_asked_where_the_address_holds_no_credential(tmp_path: Path) -> None:
    path = tmp_path / "netrc"
    path.write_text("machine b.example.org login mira password hush\n")
    index = UpstreamIndex(indexes=(A, B), netrc_path=str(path))
    assert index.headers_for("https://b.example.org/simple/x/") == basic("mira:hush")
    assert index.headers_for("https://a.example.org/simple/x/") == basic("mira:hu@sh")
    assert index.headers_for("https://c.example.org/") == ()


def test_netrc_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "netrc"
    path.write_text("machine machine machine")
    assert UpstreamIndex(indexes=(B,), netrc_path=str(path)).headers_for("https://b.example.org/") == ()


def test_uv_gets_the_indexes_in_its_environment_and_no_secret_in_its_arguments() -> None:
    settings = UpstreamIndex(indexes=(A, B)).uv()
    assert settings.environment["UV_DEFAULT_INDEX"] == "https://mira:hu%40sh@a.example.org/simple"
    assert settings.environment["UV_INDEX"] == "https://b.example.org/simple"
    assert "hu" not in " ".join(settings.arguments)


def test_uv_takes_the_best_version_over_all_indexes_as_pip_does() -> None:
    assert UpstreamIndex(indexes=(A, B)).uv().environment["UV_INDEX_STRATEGY"] == "unsafe-best-match"


def test_uv_reads_no_configuration_of_the_user() -> None:
    settings = UpstreamIndex(indexes=(B,)).uv()
    assert "--no-config" in settings.arguments
    assert settings.over({"UV_INDEX_URL": "https://evil.example.org", "PATH": "/bin"}) == {
        "PATH": "/bin",
        **settings.environment,
    }


def test_uv_is_told_of_certificates_proxy_and_trusted_hosts() -> None:
    index = UpstreamIndex(
        indexes=(B,), cert="/ca.pem", client_cert="/me.pem", proxy="http://p:1", trusted_hosts=("x", "y:1")
    )
    told = index.uv().environment
    assert (told["SSL_CERT_FILE"], told["SSL_CLIENT_CERT"], told["HTTPS_PROXY"]) == ("/ca.pem", "/me.pem", "http://p:1")
    assert told["UV_INSECURE_HOST"] == "x y:1"


def test_uv_without_an_index_is_told_so() -> None:
    settings = UpstreamIndex(indexes=(), find_links=(Location("file:///a,b"),)).uv()
    assert "--no-index" in settings.arguments
    assert settings.environment["UV_FIND_LINKS"] == "file:///a%2Cb"


@pytest.mark.parametrize(
    ("url", "trusted", "secure"),
    [
        ("https://x.example.org/", (), True),
        ("file:///srv/simple", (), True),
        ("http://127.0.0.1:8000/", (), True),
        ("http://x.example.org/", (), False),
        ("http://x.example.org/", ("x.example.org",), True),
        ("ftp://x.example.org/", (), False),
    ],
)
def test_security_of_a_location_is_judged_as_pip_does(url: str, trusted: tuple[str, ...], secure: bool) -> None:
    assert is_secure(url, trusted) is secure
