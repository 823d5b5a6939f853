"""A service judges a signed request: what it believes, and what it says of what it does not."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildyard.taskcluster import _hawk
from buildyard.taskcluster._hawk import AuthFailed, authenticate, client_address, payload_hash, target_of

JSON = "application/json"


def test_good_signature_gives_client_scopes_and_anonymous(signer):
    answer = signer.answer()
    assert (answer.client_id, answer.scheme) == ("tester", "hawk")
    assert answer.scopes == ("queue:*", "auth:create-client:tester/*", "assume:anonymous")
    assert answer.expires == signer.clients["tester"].expires


def test_request_without_credentials_is_anonymous(signer):
    answer = signer.answer(authorization=None)
    assert (answer.client_id, answer.scheme, answer.scopes) == (None, "none", ("assume:anonymous",))


def test_scopes_are_expanded_with_the_anonymous_role(signer):
    answer = signer.judge(signer.request(), expand=lambda scopes: [*scopes, "from:role"])
    assert answer.scopes[-2:] == ("assume:anonymous", "from:role")


@pytest.mark.parametrize(
    "change",
    [
        {"method": "HEAD"},
        {"resource": "/api/queue/v1/task/x?limit=2"},
        {"resource": "/api/queue/v1/task/%78?limit=1"},
        {"host": "other.example"},
        {"port": 80},
    ],
)
def test_another_request_than_was_signed_is_a_bad_mac(signer, change):
    assert signer.answer(authorization=signer.header(), **change) == AuthFailed("Unauthorized: Bad mac")


def test_host_in_other_letter_case_is_the_same_host(signer):
    assert signer.answer(host="TC.Example").client_id == "tester"


@pytest.mark.parametrize("name", ["ts", "nonce", "hash", "ext", "mac"])
def test_any_changed_attribute_is_refused(signer, name):
    signer = signer.but(authorized_scopes=["queue:a"])
    header = signer.header()
    value = header.partition(f'{name}="')[2].partition('"')[0]
    changed = value[:-1] + ("1" if value[-1] != "1" else "2")
    answer = signer.answer(authorization=header.replace(value, changed))
    assert isinstance(answer, AuthFailed)


def test_wrong_token_is_a_bad_mac(signer):
    assert signer.but(token="wrong").answer() == AuthFailed("Unauthorized: Bad mac")


@pytest.mark.parametrize("minutes", [-15, 0, 15])
def test_clocks_may_differ_by_fifteen_minutes(signer, minutes):
    assert signer.but(ts=signer.ts + timedelta(minutes=minutes)).answer().client_id == "tester"


@pytest.mark.parametrize("seconds", [-901, 901])
def test_older_or_newer_is_stale(signer, seconds):
    late = signer.but(ts=signer.ts + timedelta(seconds=seconds))
    assert late.answer() == AuthFailed("Unauthorized: Stale timestamp")


def test_unknown_client_is_named(signer):
    assert signer.but(client_id="nobody").answer() == AuthFailed("Client with clientId 'nobody' not found")


def test_expired_client_is_refused(signer):
    expired = {"tester": _hawk.Client(client_id="tester", access_token=signer.token, scopes=(), expires=signer.ts)}
    assert signer.but(clients=expired).answer() == AuthFailed("Client with clientId 'tester' has expired")


def test_id_of_forbidden_characters_is_never_looked_up(signer):
    def lookup(client_id):
        raise AssertionError(client_id)

    answer = authenticate(signer.but(client_id="a b").request(), lookup, now=signer.ts)
    assert answer == AuthFailed("Client with clientId 'a b' not found")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("Basic Zm9vOmJhcg==", "Unauthorized: Unauthorized"),
        ("", "Unauthorized: Unauthorized"),
        ("Hawk", "Bad Request: Missing attributes"),
        ('Hawk id="a", ts="1", nonce="b"', "Bad Request: Missing attributes"),
        ('Hawk id="a", id="b"', "Bad Request: Duplicate attribute: id"),
        ('Hawk colour="a"', "Bad Request: Unknown attribute: colour"),
        ('Hawk id="é"', "Bad Request: Bad attribute value: id"),
        ('Hawk id=""', "Bad Request: Bad attribute value: id"),
        ('Hawk id="a" ts="1"', "Bad Request: Bad header format"),
        ('Hawk id="a\\"b"', "Bad Request: Bad header format"),
        ("Hawk id=a", "Bad Request: Bad header format"),
        ('Hawk id="a", ts="soon", nonce="b", mac="c"', "Bad Request: Bad attribute value: ts"),
        ('Hawk id="' + "a" * 16384 + '"', "Bad Request: Header length too long"),
    ],
)
def test_malformed_headers_are_refused_with_the_reason(signer, header, message):
    assert signer.answer(authorization=header) == AuthFailed(message)


def test_attributes_may_come_in_any_order_and_spacing(signer):
    pairs = signer.header().removeprefix("Hawk ").split(", ")
    assert signer.answer(authorization="hawk  " + " ,".join(reversed(pairs)).replace(" ,", ",  ")).client_id == "tester"


def test_header_and_bewit_together_are_refused(signer):
    url = signer.signed_url()
    answer = signer.judge(signer.request(url=url))
    assert answer.message.startswith("Cannot use two authentication methods")


# --- the payload's hash --------------------------------------------------------------------------


def signed_with_body(signer, signed_body, signed_type, **received):
    header = signer.header("PUT", hashed=payload_hash(signed_type, signed_body))
    facts = {"body": signed_body, "content_type": signed_type, **received}
    return signer.answer(method="PUT", authorization=header, **facts)


def test_hash_of_the_body_is_checked_and_returned(signer):
    answer = signed_with_body(signer, b'{"a":1}', JSON)
    assert answer.hash == payload_hash(JSON, b'{"a":1}')


@pytest.mark.parametrize("received", [{"body": b'{"a":2}'}, {"content_type": "text/plain"}, {"body": b""}])
def test_another_body_or_type_than_was_hashed_is_refused(signer, received):
    answer = signed_with_body(signer, b'{"a":1}', JSON, **received)
    assert answer.message.startswith("Invalid payload hash")


def test_parameters_and_case_of_the_type_do_not_count(signer):
    answer = signed_with_body(signer, b"{}", JSON, content_type="Application/JSON; charset=utf-8")
    assert answer.client_id == "tester"


def test_empty_body_has_the_constant_hash(signer):
    assert payload_hash("", b"") == _hawk.EMPTY_PAYLOAD_HASH
    assert signed_with_body(signer, b"", "").client_id == "tester"


def test_hash_of_an_unread_body_is_left_to_the_caller(signer):
    answer = signed_with_body(signer, b'{"a":1}', JSON, body=None)
    assert answer.hash == payload_hash(JSON, b'{"a":1}')


def test_request_without_a_hash_is_believed_without_one(signer):
    answer = signer.answer(authorization=signer.header(hashed=""), body=b"anything", content_type=JSON)
    assert (answer.client_id, answer.hash) == ("tester", None)


# --- authorizedScopes ----------------------------------------------------------------------------


def test_authorized_scopes_replace_those_of_the_client(signer):
    answer = signer.but(authorized_scopes=["queue:get-task:x"]).answer()
    assert answer.scopes == ("queue:get-task:x", "assume:anonymous")


def test_no_authorized_scopes_at_all_leave_the_anonymous_role(signer):
    assert signer.but(authorized_scopes=[]).answer().scopes == ("assume:anonymous",)


def test_authorized_scopes_beyond_the_client_are_refused_with_both_lists(signer):
    answer = signer.but(authorized_scopes=["object:*"]).answer()
    assert "do not satisfy authorizedScopes" in answer.message
    assert "queue:*\n" in answer.message
    assert "object:*\n" in answer.message


def test_scopes_of_a_client_are_not_told_to_who_cannot_sign(signer):
    answer = signer.but(authorized_scopes=["object:*"], token="wrong").answer()
    assert answer == AuthFailed("Unauthorized: Bad mac")


@pytest.mark.parametrize(("value", "words"), [("a", "an array"), ([1], "valid scopes"), (["\n"], "valid scopes")])
def test_authorized_scopes_of_another_shape_are_refused(signer, value, words):
    ext = _encoded({"authorizedScopes": value})
    answer = signer.answer(authorization=signer.header(ext=ext))
    assert answer.message.startswith("ext.authorizedScopes must be")
    assert words in answer.message


@pytest.mark.parametrize("ext", ["!", "e", "W10=x", "eyI=", "/w==", "W1tb" * 4000])
def test_ext_that_is_no_json_is_refused(signer, ext):
    answer = signer.answer(authorization=signer.header(ext=ext))
    assert answer in (AuthFailed("Failed to parse ext"), AuthFailed("Bad Request: Header length too long"))


def test_ext_that_is_no_object_is_refused(signer):
    assert signer.answer(authorization=signer.header(ext="W10=")) == AuthFailed("ext must be a JSON object")


def _encoded(value):
    return base64.b64encode(json.dumps(value).encode()).decode()


def test_ext_is_read_in_either_alphabet_with_or_without_padding(signer):
    content = {"authorizedScopes": ["queue:?>?>?>~~~"]}
    standard = _encoded(content)
    assert "/" in standard or "+" in standard
    for ext in (standard, standard.rstrip("="), standard.replace("+", "-").replace("/", "_")):
        assert signer.answer(authorization=signer.header(ext=ext)).scopes[0] == "queue:?>?>?>~~~"


# --- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "more", "expected"),
    [
        ("tc.example", {}, ("tc.example", 80)),
        ("tc.example:8080", {"forwarded_port": "1"}, ("tc.example", 8080)),
        ("tc.example", {"forwarded_port": "8443"}, ("tc.example", 8443)),
        ("tc.example", {"forwarded_proto": "https"}, ("tc.example", 443)),
        ("tc.example", {"scheme": "https"}, ("tc.example", 443)),
        ("[::1]:8080", {}, ("[::1]", 8080)),
        ("[::1]", {}, ("[::1]", 80)),
        ("tc.example", {"forwarded_port": "junk"}, ("tc.example", 80)),
    ],
)
def test_address_is_as_the_client_wrote_it(header, more, expected):
    assert client_address(header, **more) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://TC.example", ("GET", "/", "tc.example", 443)),
        ("http://tc.example?a=1", ("GET", "/?a=1", "tc.example", 80)),
        ("http://[::1]:80/a%2Fb?c=%20+#frag", ("GET", "/a%2Fb?c=%20+", "[::1]", 80)),
        ("http://u:p@tc.example:81/x?", ("GET", "/x?", "tc.example", 81)),
    ],
)
def test_target_is_the_url_character_by_character(url, expected):
    assert target_of("get", url) == expected


def test_target_of_what_is_no_address_is_a_value_error():
    with pytest.raises(ValueError, match="not an absolute"):
        target_of("GET", "/api/queue")


# --- whatever is sent ----------------------------------------------------------------------------

TEXTS = st.text(max_size=60)
HEADERS = (
    TEXTS
    | st.from_regex(r'\AHawk( ?\w{1,5}="[^"]{0,12}",?){0,8}\Z')
    | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1"))
)


@given(HEADERS, TEXTS, TEXTS, st.binary(max_size=20) | st.none())
def test_no_header_is_more_than_refused(header, resource, host, body):
    request = _hawk.SignedRequest(
        method="PUT", resource=resource, host=host, port=80, authorization=header, content_type=JSON, body=body
    )
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert isinstance(authenticate(request, lambda _: None, now=now), AuthFailed)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
CERTIFICATES = JSON_VALUES | st.fixed_dictionaries(
    {},
    optional={
        "version": st.just(1) | JSON_VALUES,
        "scopes": st.lists(st.just("queue:a")) | JSON_VALUES,
        "start": st.just(1767268800000) | JSON_VALUES,
        "expiry": st.just(1767272400000) | JSON_VALUES,
        "seed": st.just("s" * 44) | JSON_VALUES,
        "signature": JSON_VALUES,
        "issuer": st.just("issuer") | JSON_VALUES,
        "clientId": JSON_VALUES,
    },
)


@given(CERTIFICATES)
def test_no_certificate_is_believed_that_was_not_signed(certificate):
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    client = _hawk.Client(client_id="any", access_token="secret", scopes=("*",), expires=now + timedelta(days=1))
    signed = {"client_id": "tester", "access_token": "secret", "now": now.timestamp(), "nonce": "n"}
    header = _hawk.sign_request("GET", "http://tc.example/x", **signed, ext=_encoded({"certificate": certificate}))
    request = _hawk.SignedRequest(method="GET", resource="/x", host="tc.example", port=80, authorization=header)
    answer = authenticate(request, {"tester": client, "issuer": client}.get, now=now)
    assert isinstance(answer, AuthFailed) or certificate is None
