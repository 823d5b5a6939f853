"""What is told of a package whose requests could not be planned, and what uv's refusals mean."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import Connection, update

from buildyard.farm.builds.enqueue import Asked, ask
from buildyard.farm.builds.explained import refused, told
from buildyard.farm.builds.uv import failure
from buildyard.farm.store.tables import requests
from buildyard.farm.upstream.errors import UpstreamUnreachable
from support.farm_rows import NOW, farm, request, wanted


def _asked(connection: Connection, *requirements: str) -> int:
    return ask(connection, NOW, Asked(requirements=requirements, asked_by="mira"))


def _failed(connection: Connection, *requirements: str, reason: str = "no such version", **detail: str) -> int:
    number = _asked(connection, *requirements)
    values = {"state": "failed", "reason": reason, "detail": msgspec.json.encode(detail).decode()}
    connection.execute(update(requests).where(requests.c.id == number).values(values))
    return number


def test_package_that_nobody_asked_for_is_unknown() -> None:
    with farm() as connection:
        _failed(connection, "six")
        assert told(connection, NOW, "wrapt") is None


def test_package_whose_request_is_being_planned_is_known_and_has_no_versions_yet() -> None:
    with farm() as connection:
        _asked(connection, "Wrapt<2")
        found = told(connection, NOW, "wrapt")
        assert found is not None
        assert (found.versions, found.refused) == ((), ())


def test_request_that_was_refused_is_told_beside_what_is_built() -> None:
    with farm() as connection:
        request(connection, wanted())
        number = _failed(connection, "wrapt==99", code="unknown_version", package="wrapt")
        found = told(connection, NOW, "wrapt")
        assert found is not None
        assert [version.version for version in found.versions] == ["1.17.2"]
        (refusal,) = found.refused
        assert (refusal.request, refusal.code, refusal.reason) == (number, "unknown_version", "no such version")


def test_request_is_refused_for_the_package_that_it_failed_for_alone() -> None:
    with farm() as connection:
        _failed(connection, "six", "wraptt", code="unknown_package", package="wraptt")
        assert refused(connection, "six") == ()
        assert len(refused(connection, "wraptt")) == 1


def test_refusal_without_a_package_counts_for_each_that_was_named() -> None:
    with farm() as connection:
        numbers = [_failed(connection, "six", "wrapt[extra]>=1"), _failed(connection, "not a requirement")]
        assert [one.request for one in refused(connection, "wrapt")] == numbers[:1]


REFUSED = """\
error: Failed to fetch: https://index.example.org/simple/six/six-1.0.tar.gz
  cause: HTTP status client error ({}) for url (https://user:hush@index.example.org/{})
"""


@pytest.mark.parametrize(
    ("status", "path", "reason"),
    [
        ("404 Not Found", "files/six-1.0.tar.gz", "it answers 404 for six-1.0.tar.gz"),
        ("403 Forbidden", "simple/six/", "it answers 403 for six"),
    ],
)
def test_what_an_index_refuses_it_refuses_for_good(status: str, path: str, reason: str) -> None:
    error = failure(REFUSED.format(status, path))
    assert isinstance(error, UpstreamUnreachable)
    assert (error.reason, error.may_pass) == (reason, False)
    assert "hush" not in str(error)


@pytest.mark.parametrize("status", ["429 Too Many Requests", "408 Request Timeout"])
def test_index_that_wants_to_be_asked_later_may_pass(status: str) -> None:
    error = failure(REFUSED.format(status, "simple/six/"))
    assert isinstance(error, UpstreamUnreachable)
    assert error.may_pass
