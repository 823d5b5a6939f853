"""Error answers as Taskcluster's services write them: codes, their statuses, the body, its message.

Pure functions from facts to values; the hub's HTTP layer answers with these, and tests compare them
with recorded answers.  A service answers ``{code, message, requestInfo}``; the message is markdown
and ends with a rule and a list of the facts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TypedDict

from buildyard.taskcluster.scopes import ScopeExpression

__all__ = ["NO_ROUTE", "STATUS_OF", "ErrorBody", "RequestInfo", "error_body", "json_time", "missing_scopes_message"]

#: The HTTP status of each error code that services share.
STATUS_OF: Mapping[str, int] = MappingProxyType(
    {
        "MalformedPayload": 400,
        "InvalidRequestArguments": 400,
        "InputValidationError": 400,
        "InputError": 400,
        "AuthenticationFailed": 401,
        "InsufficientScopes": 403,
        "ResourceNotFound": 404,
        "RequestConflict": 409,
        "ResourceExpired": 410,
        "InputTooLarge": 413,
        "InternalServerError": 500,
        # The object service's own.
        "NoMatchingBackend": 400,
        "NoMatchingMethod": 406,
    }
)

#: The body of the 404 for a path or verb that no service has; it has a shape of its own.
NO_ROUTE: Mapping[str, str] = MappingProxyType({"error": "Not found"})


class RequestInfo(TypedDict):
    """What was asked, as an error answer repeats it."""

    method: str  #: the API method's name, ``createTask``
    params: Mapping[str, str]  #: of the route, decoded
    payload: Any
    time: str


class ErrorBody(TypedDict):
    """The JSON body of an error answer."""

    code: str
    message: str
    requestInfo: RequestInfo


def json_time(moment: datetime) -> str:
    """Return an aware moment as services write it: UTC, milliseconds, ``Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def error_body(
    code: str, message: str, *, method: str, params: Mapping[str, str], payload: object, now: datetime
) -> ErrorBody:
    """Return the body of an error answer; its status is ``STATUS_OF[code]``.

    Raises `KeyError` for a code that is not in that table.
    """
    time = json_time(now)
    facts = {"method:": method, "errorCode:": code, "statusCode:": STATUS_OF[code], "time:": time}
    listed = "\n".join(f"* {name:<11} {value}" for name, value in facts.items())
    info: RequestInfo = {"method": method, "params": params, "payload": payload, "time": time}
    return {"code": code, "message": f"{message}\n\n---\n\n{listed}", "requestInfo": info}


def missing_scopes_message(client_id: str | None, missing: ScopeExpression, required: ScopeExpression) -> str:
    """Return the message of a 403: what is missing where the caller is known, and what the request requires."""
    if client_id is None:
        return (
            "This request requires Taskcluster credentials that satisfy the following scope expression:\n\n"
            + _fenced(required)
        )
    return (
        f"Client ID {client_id} does not have sufficient scopes and is missing the following scopes:\n\n"
        f"{_fenced(missing)}\n\nThis request requires the client to satisfy the following scope expression:\n\n"
        + _fenced(required)
    )


def _fenced(expression: ScopeExpression) -> str:
    text = expression if isinstance(expression, str) else json.dumps(expression, indent=2)
    return f"```\n{text}\n```"
