"""Answers in JSON, and what an error's answer tells of its request.

Errors have Taskcluster's shape under ``/api/queue`` and its like, and are problem details (RFC 9457) under
``/api/farm``.  A fault of our own is logged, and told without its details.  `wire` calls these.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from buildyard.farm.store.errors import StoreBusy, StoreClosed, StoreFull, StoreUnreachable
from buildyard.farm.tasks.errors import LogGap, MalformedPayload, TaskError, TryLater
from buildyard.farm.tasks.rooms import TaskRooms
from buildyard.farm.tasks.times import to_json

log = logging.getLogger(__name__)

#: A request's payload is shown in an error only up to this size.
_SHOWN_BYTES: Final = 64 * 1024

#: The shape of errors: Taskcluster's own, or problem details.
Style = Literal["taskcluster", "problem"]


def json_response(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return the value as JSON that nobody keeps."""
    return Response(
        msgspec.json.encode(content),
        status_code=status,
        headers={"cache-control": "no-store", **(headers or {})},
        media_type="application/json; charset=utf-8",
    )


class Failure:
    """What an error's answer tells of its request."""

    def __init__(self, operation: str, style: Style, request: Request, rooms: TaskRooms) -> None:
        self.payload: Any = {}
        self._operation = operation
        self._style = style
        self._request = request
        self._rooms = rooms

    def answer(self, error: Exception) -> Response:
        """Return the answer that tells this error; one that nobody meant is logged and told without its details."""
        if isinstance(error, LogGap):
            return problem(409, "LogGap", str(error), next="send from `size` on", size=error.known)
        if isinstance(error, RecursionError):
            self.payload = {}
        told = self._told(error)
        headers = {"retry-after": str(told.retry_after)} if isinstance(told, TryLater) else {}
        if told.status == 401:
            headers["www-authenticate"] = "hawk"
        if self._style == "problem":
            return problem(told.status, told.code, told.message, headers=headers)
        return json_response(self._body(told), told.status, headers)

    def _told(self, error: Exception) -> TaskError:
        if isinstance(error, TaskError):
            return error
        if isinstance(error, RecursionError):
            return MalformedPayload("Failed to parse JSON: it is nested too deeply")
        wait = self._rooms.settings.retry_after_s
        if isinstance(error, StoreFull):
            return TryLater("the hub's disk is full; nothing of this was kept", retry_after=wait)
        if isinstance(error, StoreUnreachable | StoreBusy | StoreClosed):
            return TryLater("the hub cannot reach its database now", retry_after=wait)
        log.error("request.failed", exc_info=error, extra={"operation": self._operation})
        return TaskError("the hub met a fault of its own; its log says more")

    def _body(self, told: TaskError) -> dict[str, Any]:
        time = to_json(self._rooms.clock())
        facts = {"method": self._operation, "errorCode": told.code, "statusCode": told.status, "time": time}
        listing = "\n".join(f"* {f'{name}:':<11} {value}" for name, value in facts.items())
        is_small = len(msgspec.json.encode(self.payload)) <= _SHOWN_BYTES
        return {
            "code": told.code,
            "message": f"{told.message}\n\n---\n\n{listing}",
            "requestInfo": {
                "method": self._operation,
                "params": {name: str(value) for name, value in self._request.path_params.items()},
                "payload": self.payload if is_small else {},
                "time": time,
            },
        }


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    next: str = "",
    headers: Mapping[str, str] | None = None,
    **facts: object,
) -> Response:
    """Return problem details (RFC 9457), with our ``code``, what to do ``next``, and more facts."""
    told = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Response(
        msgspec.json.encode({**told, "code": code, "next": next, **facts}),
        status_code=status,
        headers={"cache-control": "no-store", **(headers or {})},
        media_type="application/problem+json",
    )
