"""URLs are taken apart without a change, or refused."""

from __future__ import annotations

import pytest

from buildyard.errors import InvalidRequest
from buildyard.faces.urls import join_location, parse_target


def test_target_has_the_port_of_its_scheme() -> None:
    assert parse_target("http://hub/").port == 80
    assert parse_target("https://hub/").port == 443


def test_target_has_the_port_that_is_written() -> None:
    target = parse_target("https://hub.example.org:8443/x")
    assert (target.host, target.port, target.authority) == ("hub.example.org", 8443, "hub.example.org:8443")


def test_ipv6_host_loses_its_brackets_and_keeps_them_in_the_authority() -> None:
    target = parse_target("http://[::1]:8080/")
    assert (target.host, target.port, target.authority) == ("::1", 8080, "[::1]:8080")


def test_ipv6_host_without_a_port() -> None:
    target = parse_target("http://[fe80::1]/")
    assert (target.host, target.port) == ("fe80::1", 80)


def test_path_is_kept_and_is_a_slash_where_there_is_none() -> None:
    assert parse_target("http://hub").path == "/"
    assert parse_target("http://hub?a=b").path == "/?a=b"
    assert parse_target("http://hub/a%2fb;c?d=/../e").path == "/a%2fb;c?d=/../e"


def test_origin_is_the_same_for_hosts_in_any_case() -> None:
    assert parse_target("http://HUB:80/a").origin == parse_target("http://hub/b").origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hub/path",
        "/path",
        "ftp://hub/",
        "HTTP://hub/",
        "http:///path",
        "http://",
        "http://:80/",
        "http://hub:0/",
        "http://hub:65536/",
        "http://hub:80x/",
        "http://hub:-1/",
        "http://user@hub/",
        "http://user:secret@hub/",
        "http://a..b/",
        "http://.hub/",
        f"http://{'x' * 64}/",
        "http://[::1/",
        "http://::1/",
        "http://hub/#fragment",
        "http://hub/a b",
        "http://hub/\x7f",
        "http://hub/\n",
        "http://hub/%2",
        "http://hub/%zz",
        "http://hub/ü",
        "http://hüb/",
        'http://hub/"',
        "http://hub/\\..\\x",
        "http://hub/a|b",
        "http://hub/?",
        "http://hub/a?",
    ],
)
def test_what_is_no_sendable_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_target(url)


@pytest.mark.parametrize(
    "path", ["/.", "/..", "/./a", "/../a", "/a/..", "/a/../b", "/%2e", "/%2E%2e/a", "/a/.%2e/b", "/..?q"]
)
def test_dot_segments_are_refused_in_any_spelling(path: str) -> None:
    with pytest.raises(InvalidRequest, match="segment"):
        parse_target(f"http://hub{path}")


@pytest.mark.parametrize(
    "path", ["/...", "/.a", "/a.", "/a..b", "/..a/b", "/x?a=/../b", "/%2e%2e%2e", "/.well-known/x"]
)
def test_dots_within_a_segment_are_fine(path: str) -> None:
    assert parse_target(f"http://hub{path}").path == path


def test_refusal_does_not_tell_the_password() -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_target("http://me:secret@hub/")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/b", "http://hub/b"),
        ("c", "http://hub/a/c"),
        ("?q=1", "http://hub/a/b?q=1"),
        ("//other/x", "http://other/x"),
        ("https://other/x%2fy?sig=a%2B=", "https://other/x%2fy?sig=a%2B="),
        ("https://other/a;?b;=", "https://other/a;?b;="),
        ("/x#part", "http://hub/x"),
        ("/x?", "http://hub/x"),
    ],
)
def test_location_is_joined_and_an_absolute_one_left_alone(location: str, url: str) -> None:
    assert join_location("http://hub/a/b", location) == url
