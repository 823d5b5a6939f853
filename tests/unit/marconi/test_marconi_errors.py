"""Errors: one class for each status, each also what `buildyard.errors` calls it, none with a secret in it."""

import pickle

import pytest

from buildyard import errors as base
from buildyard import marconi
from buildyard.errors import ConnectFailed, Cut
from buildyard.faces.scripted import answer
from buildyard.marconi import errors
from buildyard.retry import NO_RETRY

CLASSES = [
    (400, errors.BadRequest, base.BadRequest),
    (401, errors.Unauthorized, base.Unauthorized),
    (402, errors.Refused, base.RemoteError),
    (403, errors.Forbidden, base.Forbidden),
    (404, errors.NotFound, base.NotFound),
    (405, errors.MethodNotAllowed, base.RemoteError),
    (406, errors.NotAcceptable, base.RemoteError),
    (409, errors.Conflict, base.Conflict),
    (410, errors.Gone, base.Gone),
    (413, errors.ContentTooLarge, base.RemoteError),
    (415, errors.UnsupportedMediaType, base.RemoteError),
    (429, errors.TooManyRequests, base.Throttled),
    (500, errors.InternalServerError, base.ServerFault),
    (502, errors.BadGateway, base.ServerFault),
    (503, errors.ServiceUnavailable, base.ServerFault),
    (504, errors.GatewayTimeout, base.ServerFault),
    (507, errors.ServerError, base.ServerFault),
]


@pytest.mark.parametrize(("status", "cls", "meaning"), CLASSES)
def test_each_status_is_a_class_and_what_all_clients_call_it(make_client, status, cls, meaning):
    client, _ = make_client(answer(status, b'{"title": "T", "description": "D"}'), retry=NO_RETRY)
    with pytest.raises(errors.ErrorBase) as caught:
        client.queue("q").stats  # noqa: B018 - an attribute that asks
    error = caught.value
    assert type(error) is cls
    assert isinstance(error, meaning)
    assert (error.status, error.code, error.method) == (status, status, "GET")
    assert error.url == "http://marconi.example/v2/queues/q/stats"
    assert str(error) == f"{cls.__name__} ({status}): T\nD"


def test_base_is_made_bare_and_prints_as_documented():
    error = marconi.error.ErrorBase()
    assert (error.title, error.description, error.code) == ("", "", None)
    full = marconi.error.ErrorBase("Not that way", "Try the other door.", 1092)
    assert str(full) == "ErrorBase (1092): Not that way\nTry the other door."


def test_code_of_the_service_comes_before_the_status():
    error = errors.refused(400, method="GET", url="http://x/", body=b'{"title": "T", "code": 1092}')
    assert (error.code, error.status) == (1092, 400)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{", b'{"title": 5, "code": true}', b'{"error": "x"}', b"\xff"]
)
def test_answer_of_any_form_is_a_readable_error(body):
    error = errors.refused(503, method="GET", url="http://x/", body=body)
    assert error.title == "The service refused without a word"
    assert (error.description, error.code) == ("", 503)


def test_answer_that_never_came_says_whether_it_was_sent(make_client):
    client, _ = make_client(Cut("the connection ended early", method="POST", url="http://x/"))
    with pytest.raises(errors.ConnectionFailed) as caught:
        client.queue("q").post_messages({"body": 1})
    assert caught.value.maybe_sent
    assert caught.value.code is None
    assert isinstance(caught.value, base.TransportError)


def test_answer_that_is_no_json_is_told_with_its_beginning(make_client):
    client, _ = make_client(answer(200, b"<html>hello"))
    with pytest.raises(errors.AnswerError) as caught:
        client.queue("q").stats  # noqa: B018 - an attribute that asks
    assert caught.value.excerpt == "<html>hello"
    assert isinstance(caught.value, base.WireError)


MADE = [
    errors.ErrorBase("T", "D", 3, method="GET", url="http://x/?token=s3cret", body=b"b"),
    errors.UsageError("why"),
    errors.UnscopedToken("T", "D"),
    errors.refused(404, method="GET", url="http://x/", body=b'{"title": "T"}', retry_after=2.0),
    errors.ConnectionFailed(ConnectFailed("refused", method="GET", url="http://x/")),
    errors.AnswerError("odd", method="GET", url="http://x/", data=b"z"),
]


@pytest.mark.parametrize("error", MADE, ids=lambda error: type(error).__name__)
def test_error_survives_pickling_with_its_facts(error):
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
    assert "s3cret" not in f"{again} {vars(again)}"


def test_wait_that_the_service_asks_for_is_told(make_client):
    client, _ = make_client(answer(429, headers=[("Retry-After", "900")]))
    with pytest.raises(errors.TooManyRequests) as caught:
        client.queue("q").stats  # noqa: B018 - an attribute that asks
    assert caught.value.retry_after == 900
