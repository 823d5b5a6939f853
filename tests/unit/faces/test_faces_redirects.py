"""Where a redirect leads."""

from __future__ import annotations

import pytest

from buildyard.errors import BadRedirect
from buildyard.faces.redirects import next_request
from buildyard.faces.transport import Headers, Request, Timeout

HEADERS = (
    ("Authorization", "Hawk x"),
    ("Cookie", "a=b"),
    ("X-Auth-Token", "t"),
    ("Content-Type", "text/plain"),
    ("X-Kept", "1"),
)
PUT = Request("PUT", "https://hub/a", HEADERS, b"body", timeout=Timeout(1, 2), idempotent=False, follow_redirects=True)


def onward(status: int, location: str, request: Request = PUT) -> Request:
    found = next_request(request, status, Headers([("Location", location)]))
    assert found is not None
    return found


def test_answers_that_are_no_redirects_lead_nowhere() -> None:
    assert next_request(PUT, 200, Headers([("Location", "/b")])) is None
    assert next_request(PUT, 304, Headers([("Location", "/b")])) is None
    assert next_request(PUT, 302, Headers()) is None


@pytest.mark.parametrize("status", [307, 308])
def test_some_keep_method_and_body(status: int) -> None:
    request = onward(status, "/b")
    assert (request.method, request.body, request.headers) == ("PUT", b"body", HEADERS)


@pytest.mark.parametrize("status", [301, 302, 303])
def test_others_become_a_get_without_a_body(status: int) -> None:
    request = onward(status, "/b")
    assert (request.method, request.body) == ("GET", b"")
    assert "Content-Type" not in dict(request.headers)


def test_head_stays_head() -> None:
    assert onward(303, "/b", Request("HEAD", "https://hub/a")).method == "HEAD"


def test_settings_of_the_request_stay() -> None:
    request = onward(302, "/b")
    assert (request.timeout, request.idempotent, request.follow_redirects) == (Timeout(1, 2), False, True)


def test_credentials_stay_within_an_origin() -> None:
    assert dict(onward(307, "https://HUB:443/b").headers)["Authorization"] == "Hawk x"


@pytest.mark.parametrize("location", ["https://other/b", "https://hub:8443/b", "https://hub.other/b"])
def test_credentials_do_not_go_elsewhere(location: str) -> None:
    assert [name for name, _ in onward(307, location).headers] == ["Content-Type", "X-Kept"]


def test_nobody_leads_us_from_https_to_http() -> None:
    with pytest.raises(BadRedirect, match="https to http"):
        onward(302, "http://hub/b")


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://", "javascript:x", "//user:pw@hub/", "/a b"])
def test_unsafe_addresses_are_refused(location: str) -> None:
    with pytest.raises(BadRedirect):
        onward(302, location)
