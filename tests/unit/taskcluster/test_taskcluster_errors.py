"""Errors carry their facts, also through a pickle."""

import pickle
from datetime import UTC, datetime

import msgspec
import pytest

from buildyard.errors import BuildyardError, TlsFailed
from buildyard.taskcluster import answers, errors
from buildyard.taskcluster.errors import TaskclusterConnectionError, TaskclusterFailure, rest_failure

BODY = b'{"code": "ResourceNotFound", "message": "No such task.", "requestInfo": {"method": "task"}}'


@pytest.mark.parametrize("name", errors.__all__[:-1])
def test_every_error_is_of_one_family(name):
    assert issubclass(getattr(errors, name), TaskclusterFailure)
    assert issubclass(TaskclusterFailure, BuildyardError)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 418, 429, 500, 503])
def test_refusals_survive_a_pickle(status):
    error = rest_failure(status, method="GET", url="https://tc.example/x", body=BODY, retry_after=1.5)
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


def test_connection_errors_survive_a_pickle():
    error = TaskclusterConnectionError.of(TlsFailed("unknown authority", method="GET", url="https://tc.example/x"))
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.maybe_sent, copy.may_pass) == (str(error), False, False)


def test_secrets_of_an_address_are_not_shown():
    error = rest_failure(401, method="GET", url="https://tc.example/x?bewit=c2VjcmV0&limit=1")
    assert "c2VjcmV0" not in f"{error}{error.url}"
    assert "limit=1" in error.url


@pytest.mark.parametrize("code", sorted(answers.STATUS_OF))
def test_every_code_of_the_services_is_read_back(code):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    body = answers.error_body(code, "No.", method="task", params={"taskId": "t"}, payload={}, now=now)
    status = answers.STATUS_OF[code]
    error = rest_failure(status, method="GET", url="https://tc.example/x", body=msgspec.json.encode(body))
    assert (error.status, error.code, error.requestInfo) == (status, code, body["requestInfo"])
    assert str(error).endswith(f"{status} {code}: No.")
