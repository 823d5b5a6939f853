"""One message, from what was typed."""

from __future__ import annotations

import json
from typing import Any

from buildyard.cli.bus.exits import BusExit
from buildyard.cli.trouble import Trouble
from buildyard.messaging import Message
from buildyard.messaging._registry import BASE_NAME
from buildyard.messaging.message import DEBUG, ERROR, INFO, WARNING, get_class

_SEVERITIES = {"debug": DEBUG, "info": INFO, "warning": WARNING, "error": ERROR}


def made(topic: str, body: str, severity: str, schema: str) -> Message:
    """Return the message.  Raises `Trouble` for a body, a severity or a schema that is none."""
    if severity not in _SEVERITIES:
        raise _wrong(f'"{severity}" is no severity', "write debug, info, warning or error")
    cls = get_class(schema or BASE_NAME)
    if schema not in ("", BASE_NAME) and cls is Message:
        raise _wrong(f'no schema is called "{schema}" here', "install the package that has it")
    return cls(body=_object(body), topic=topic, severity=_SEVERITIES[severity])


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise _wrong("--body is not JSON", """quote it for the shell: --body '{"a": 1}'""", found=str(error)) from error
    if not isinstance(value, dict):
        raise _wrong("--body is no object of JSON", """write it as in: --body '{"a": 1}'""", found=text[:80])
    return value


def _wrong(what: str, following: str, *, found: str = "") -> Trouble:
    return Trouble(what, code="wrong_use", exit_code=BusExit.WRONG_USE, facts={"found": found}, next=[following])
