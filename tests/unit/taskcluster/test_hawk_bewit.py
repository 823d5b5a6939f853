"""A service judges signed addresses."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildyard.taskcluster import _hawk
from buildyard.taskcluster._hawk import AuthFailed, authenticate, sign_url
from buildyard.taskcluster._hawk_wire import MAX_RESOURCE_CHARS

PLAIN = "http://tc.example/x"


def visit(signer, url, method="GET"):
    return signer.judge(signer.request(method, url, authorization=None))


def bewit(text):
    return f"{PLAIN}?bewit={base64.urlsafe_b64encode(text.encode('latin-1')).decode().rstrip('=')}"


def test_signed_url_gives_its_client(signer):
    answer = visit(signer, signer.signed_url())
    assert (answer.client_id, answer.scheme, answer.hash) == ("tester", "bewit", None)


@pytest.mark.parametrize("url", [PLAIN, PLAIN + "?a=1&b=", PLAIN + "?", "http://tc.example"])
def test_any_query_may_be_signed(signer, url):
    assert visit(signer, signer.signed_url(url)).client_id == "tester"


@pytest.mark.parametrize("place", ["?{bewit}&a=1&b=2", "?a=1&{bewit}&b=2", "?a=1&b=2&{bewit}"])
def test_bewit_may_stand_anywhere_in_the_query(signer, place):
    value = signer.signed_url(PLAIN + "?a=1&b=2").rpartition("&")[2]
    assert visit(signer, PLAIN + place.format(bewit=value)).client_id == "tester"


def test_signed_url_serves_head_too(signer):
    assert visit(signer, signer.signed_url(), "HEAD").client_id == "tester"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_signed_url_serves_nothing_else(signer, method):
    assert visit(signer, signer.signed_url(), method) == AuthFailed("Unauthorized: Invalid method")


@pytest.mark.parametrize("seconds", [0, -1, -100])
def test_signed_url_is_worthless_from_its_expiry_on(signer, seconds):
    assert visit(signer, signer.signed_url(seconds=seconds)) == AuthFailed("Unauthorized: Access expired")


@pytest.mark.parametrize("change", [("/x", "/y"), ("tc.example", "other.example"), ("limit=1", "limit=2")])
def test_another_address_than_was_signed_is_a_bad_mac(signer, change):
    url = signer.signed_url("http://tc.example/x?limit=1").replace(*change)
    assert visit(signer, url) == AuthFailed("Unauthorized: Bad mac")


def test_authorized_scopes_travel_in_the_address(signer):
    answer = visit(signer, signer.but(authorized_scopes=["queue:a"]).signed_url())
    assert answer.scopes == ("queue:a", "assume:anonymous")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (PLAIN + "?bewit=", "Unauthorized: Empty bewit"),
        (PLAIN + "?bewit=a%2Fb", "Bad Request: Invalid bewit encoding"),
        (PLAIN + "?bewit=a", "Bad Request: Invalid bewit encoding"),
        (PLAIN + "?bewit=YQ&bewit=YQ", "Bad Request: Multiple authentications"),
        (bewit("a\\b"), "Bad Request: Invalid bewit structure"),
        (bewit("a\\1\\m\\e\\f"), "Bad Request: Invalid bewit structure"),
        (bewit("\\1\\m\\"), "Bad Request: Missing bewit attributes"),
        (bewit("a\\soon\\m\\"), "Bad Request: Missing bewit attributes"),
        (bewit("a\\1\\\\"), "Bad Request: Missing bewit attributes"),
        (bewit("nobody\\99999999999\\m\\"), "Client with clientId 'nobody' not found"),
        (bewit("t\n\\99999999999\\m\\"), "Bad Request: Bad attribute value: id"),
        (PLAIN + "?bewit=" + "a" * MAX_RESOURCE_CHARS, "Bad Request: Resource path exceeds max length"),
    ],
)
def test_malformed_bewits_are_refused_with_the_reason(signer, url, message):
    assert visit(signer, url) == AuthFailed(message)


def test_parameter_that_only_ends_in_bewit_is_none(signer):
    assert visit(signer, PLAIN + "?notbewit=x").scheme == "none"


SEGMENTS = st.text(alphabet="abc123%20/._~-", max_size=12)


@given(SEGMENTS, st.lists(SEGMENTS, max_size=3))
def test_every_address_that_is_signed_is_believed(path, pairs):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    client = _hawk.Client(client_id="t", access_token="k", scopes=(), expires=now.replace(year=2027))
    url = f"http://tc.example/{path}" + ("?" + "&".join(pairs) if pairs else "")
    target = _hawk.target_of("GET", sign_url(url, client_id="t", access_token="k", expiry=now.timestamp() + 1))
    request = _hawk.SignedRequest(method="GET", resource=target.resource, host=target.host, port=target.port)
    assert authenticate(request, lambda _: client, now=now).client_id == "t"


@given(st.text(max_size=80))
def test_no_bewit_is_more_than_refused(text):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    request = _hawk.SignedRequest(method="GET", resource=f"/x?bewit={text}", host="h", port=80)
    assert isinstance(authenticate(request, lambda _: None, now=now), AuthFailed)
