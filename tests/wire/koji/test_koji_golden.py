"""Exchanges recorded from a Koji hub 1.35.3: what we send, and what we make of the answers (`golden/koji.jsonl`)."""

import xmlrpc.client

import pytest

from buildyard.koji import _xmlrpc, errors
from buildyard.koji._row import Row
from buildyard.koji._xmlrpc import fast, strict
from support.koji_golden import RECORDS, recorded, scripted, sent_body

ANSWERED = [name for name, record in RECORDS.items() if record["response"].get("body", "").startswith("<?xml")]


def body(name):
    return RECORDS[name]["response"]["body"].encode()


def read_by(parser, name):
    try:
        return parser(body(name))
    except (xmlrpc.client.Fault, errors.KojiFault) as fault:
        return fault.faultCode, fault.faultString
    except strict.AnswerFault as fault:
        return fault.code, fault.message


def standard(data):
    return xmlrpc.client.loads(data, use_builtin_types=True)[0][0]


@pytest.mark.parametrize("name", ANSWERED)
def test_answers_are_read_as_the_standard_library_reads_them(name):
    expected = read_by(standard, name)
    assert read_by(_xmlrpc.decode, name) == expected
    assert read_by(strict.parse_response, name) == expected


@pytest.mark.parametrize("name", ANSWERED)
def test_the_fast_way_is_taken_by_all_but_faults_and_rare_types(name):
    rare = "<fault>" in body(name).decode() or "<i8>" in body(name).decode() or "<base64>" in body(name).decode()
    if rare:
        with pytest.raises(fast.NotPlain):
            fast.read(fast.plain_value(body(name)))
    else:
        assert fast.read(fast.plain_value(body(name))) == read_by(standard, name)


def is_a_marshallers(name):
    """The others were written by hand, many to be refused."""
    try:
        params, method = xmlrpc.client.loads(sent_body(name), use_builtin_types=True)
        return xmlrpc.client.dumps(params, method, allow_none=True).encode() == sent_body(name)
    except Exception:
        # The standard marshaller has no i8.
        return name == "echo-scalars"


@pytest.mark.parametrize("name", [name for name in RECORDS if is_a_marshallers(name)])
def test_calls_are_written_byte_for_byte_as_recorded(name):
    params, method = xmlrpc.client.loads(sent_body(name), use_builtin_types=True)
    assert _xmlrpc.encode_call(method, params) == sent_body(name)


def faults():
    return [name for name in ANSWERED if "<fault>" in body(name).decode()]


@pytest.mark.parametrize("name", faults())
def test_every_recorded_fault_becomes_the_class_of_its_number(name):
    code, text = read_by(standard, name)
    koji, _ = scripted(name)
    with pytest.raises(errors.KojiException) as caught:
        koji.invoke("getTag", ("f40",))
    assert caught.value.code == code
    assert str(caught.value) == text
    assert code == type(caught.value).CODE
    assert isinstance(caught.value, errors.GenericError) == (code >= 1000)


@pytest.mark.parametrize("name", [name for name in RECORDS if RECORDS[name]["response"]["status"] == 400])
def test_a_request_that_the_hub_cannot_read_is_refused_at_once(name):
    """It would be refused as often as it were repeated; the official client goes on for ten minutes."""
    koji, script = scripted(name)
    with pytest.raises(errors.RequestRefused) as caught:
        koji.getTag("f40")
    assert len(script.requests) == 1
    assert caught.value.status == 400
    assert caught.value.reason in recorded(name).chunks[0].decode()


def test_rows_have_attributes_at_any_depth():
    koji, _ = scripted("getTaskInfo-methods")
    request = koji.invoke("getTaskInfo", ([1, 2],))[0]["request"]
    assert isinstance(request[1], Row)
    assert request[1].src is True


def test_a_session_is_logged_in_to_as_recorded():
    koji, script = scripted("ssllogin", "auth-whoami")
    assert koji.login() is True
    assert koji.session_id == 20
    user = koji.getLoggedInUser()
    (login, whoami) = script.requests
    assert login.url == "https://hub.example/kojihub/ssllogin"
    assert login.body == sent_body("ssllogin")
    expected = RECORDS["auth-whoami"]["request"]["headers"]
    assert {name: value for name, value in whoami.headers if name != "Accept-Encoding"} == expected
    assert user.name == "kdreyer"


def test_appearing_as_somebody_else_is_asked_as_recorded():
    import msgspec

    from support.koji_golden import PROFILE

    koji, script = scripted("proxyuser-ok", profile=msgspec.structs.replace(PROFILE, runas="alice"))
    koji.login()
    assert script.requests[0].body == sent_body("proxyuser-ok")


def test_a_write_has_the_number_that_the_recording_has():
    koji, script = scripted("ssllogin-admin", "write-5")
    koji.login()
    koji._core._session.next_call = 5
    assert koji.createTag("golden-1795321247-a") == 76
    fields = dict(script.requests[1].headers)
    assert script.requests[1].body == sent_body("write-5")
    recorded_fields = RECORDS["write-5"]["request"]["headers"]
    assert {name: fields[name] for name in recorded_fields} == recorded_fields
