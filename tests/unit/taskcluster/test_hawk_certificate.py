"""A service judges temporary credentials."""

import base64
import json
from datetime import timedelta

import pytest

from buildyard.taskcluster import createTemporaryCredentials
from buildyard.taskcluster._hawk import AuthFailed


@pytest.fixture
def made(signer):
    """Return a maker of temporary credentials by the service's one client."""

    def make(scopes=("queue:a",), *, start=0, lasts=60, name=None):
        begins = signer.ts + timedelta(minutes=start)
        ends = begins + timedelta(minutes=lasts)
        return createTemporaryCredentials("tester", signer.token, begins, ends, list(scopes), name)

    return make


def with_certificate(credentials, **changes):
    """Return the credentials with fields of the certificate changed, or left out where ``None``."""
    certificate = {**json.loads(credentials["certificate"]), **changes}
    kept = {key: value for key, value in certificate.items() if value is not None}
    return {**credentials, "certificate": kept}


def test_temporary_credentials_have_their_own_scopes_and_end(signer, made):
    answer = signer.temporary(made()).answer()
    assert (answer.client_id, answer.scopes) == ("tester", ("queue:a", "assume:anonymous"))
    assert answer.expires == signer.ts + timedelta(hours=1)


def test_they_end_with_their_issuer(signer, made):
    answer = signer.temporary(made(lasts=60 * 24 * 30)).answer()
    assert answer.expires <= signer.clients["tester"].expires


def test_named_credentials_act_under_their_name(signer, made):
    assert signer.temporary(made(name="tester/x")).answer().client_id == "tester/x"


def test_authorized_scopes_narrow_temporary_credentials_too(signer, made):
    narrow = signer.temporary(made(["queue:*"])).but(authorized_scopes=["queue:b"])
    assert narrow.answer().scopes == ("queue:b", "assume:anonymous")


@pytest.mark.parametrize("minutes", [-64, 4])
def test_clocks_may_differ_by_five_minutes(signer, made, minutes):
    assert signer.temporary(made(start=minutes)).answer().client_id == "tester"


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"start": 6}, "ext.certificate.start > now"),
        ({"start": -66}, "ext.certificate.expiry < now"),
        ({"scopes": ["object:a"]}, "doesn't satisfy all certificate scopes object:a"),
        ({"name": "somebody"}, "doesn't have `auth:create-client:somebody`"),
        ({"name": "tester"}, "issuer must differ from the supplied clientId"),
    ],
)
def test_credentials_beyond_their_window_or_issuer_are_refused(signer, made, wishes, message):
    assert message in signer.temporary(made(**wishes)).answer().message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2}, "ext.certificate.version must be 1"),
        ({"version": True}, "ext.certificate.version must be 1"),
        ({"seed": None}, "ext.certificate.seed must be a string"),
        ({"seed": "short"}, "ext.certificate.seed must be 44 characters"),
        ({"start": "soon"}, "ext.certificate.start must be a number"),
        ({"expiry": True}, "ext.certificate.expiry must be a number"),
        ({"scopes": "queue:a"}, "ext.certificate.scopes must be an array"),
        ({"scopes": ["é"]}, "ext.certificate.scopes must be an array of valid scopes"),
        ({"issuer": 3}, "ext.certificate.issuer must be a string"),
        ({"clientId": "x"}, "ext.certificate.clientId must only be used with ext.certificate.issuer"),
        ({"signature": None}, "ext.certificate.signature is not valid"),
        ({"signature": "é"}, "ext.certificate.signature is not valid"),
        ({"scopes": ["queue:*"]}, "ext.certificate.signature is not valid"),
        ({"seed": "s" * 44}, "ext.certificate.signature is not valid"),
        ({"start": 1767268800001}, "ext.certificate.signature is not valid"),
        ({"start": 0}, "ext.certificate cannot last longer than 31 days!"),
    ],
)
def test_changed_certificates_are_refused_with_the_reason(signer, made, changes, message):
    assert signer.temporary(with_certificate(made(), **changes)).answer() == AuthFailed(message)


def test_named_credentials_under_another_name_are_refused(signer, made):
    stolen = {**made(name="tester/x"), "clientId": "tester/y"}
    expected = "ext.certificate.signature is not valid, or wrong clientId provided"
    assert signer.temporary(stolen).answer() == AuthFailed(expected)


def test_unknown_issuer_is_named(signer, made):
    changed = with_certificate(made(name="tester/x"), issuer="nobody")
    assert signer.temporary(changed).answer() == AuthFailed("Client with clientId 'nobody' not found")


def test_temporary_credentials_cannot_make_others(signer, made):
    named = made(["queue:*", "auth:create-client:tester/*"], name="tester/x")
    ends = signer.ts + timedelta(minutes=5)
    second = createTemporaryCredentials("tester/x", named["accessToken"], signer.ts, ends, ["queue:a"], "tester/y")
    assert signer.temporary(second).answer() == AuthFailed("Client with clientId 'tester/x' not found")


def test_certificate_with_the_issuers_own_token_is_a_bad_mac(signer, made):
    certificate = json.loads(made()["certificate"])
    assert signer.but(certificate=certificate).answer() == AuthFailed("Unauthorized: Bad mac")


@pytest.mark.parametrize("certificate", ["text", [], 3])
def test_certificate_of_another_shape_is_refused(signer, certificate):
    assert signer.but(certificate=certificate).answer() == AuthFailed("ext.certificate must be a JSON object")


def test_certificate_that_is_null_is_none(signer):
    ext = base64.b64encode(b'{"certificate":null,"authorizedScopes":null}').decode()
    assert signer.answer(authorization=signer.header(ext=ext)).client_id == "tester"
