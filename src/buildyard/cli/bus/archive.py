"""One message from a datagrepper, the archive of a bus: ``/v2/id`` gives it as it would stand in a file."""

from __future__ import annotations

import json
from urllib.parse import quote
from uuid import UUID

from buildyard.cli.bus.exits import BusExit
from buildyard.cli.trouble import Trouble
from buildyard.errors import InvalidRequest, TransportError, WireError
from buildyard.faces.blocking import run_blocking
from buildyard.faces.http import BlockingTransport
from buildyard.faces.transport import Request, Response
from buildyard.messaging import Message
from buildyard.messaging.exceptions import ValidationError
from buildyard.messaging.message import load_message


def is_id(text: str) -> bool:
    """Tell whether this is a UUID rather than a file's name."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def fetched(identity: str, archive: str) -> Message:
    """Return the message that an archive keeps under an id.  Raises `Trouble`."""
    url = f"{archive.rstrip('/')}/v2/id?id={quote(identity, safe='')}&is_raw=true&size=extra-large"
    transport = BlockingTransport()
    try:
        request = Request("GET", url, (("Accept", "application/json"),), follow_redirects=True)
        return _message(run_blocking(transport.send(request)), identity, archive)
    except (TransportError, WireError) as error:
        raise _trouble("the archive does not answer", archive, tried=f"{error.reason}") from error
    except InvalidRequest as error:
        raise _trouble("that is no address of an archive", archive, found=error.reason) from error
    finally:
        run_blocking(transport.close())


def _message(answer: Response, identity: str, archive: str) -> Message:
    if answer.status == 404:
        raise _trouble(f"the archive has no message {identity}", archive)
    if answer.status != 200:
        raise _trouble("the archive refused", archive, found=f"status {answer.status}")
    try:
        return load_message(json.loads(answer.body))
    except (ValueError, ValidationError) as error:
        raise _trouble("what the archive gave is no message", archive, found=str(error)[:200]) from error


def _trouble(what: str, archive: str, **facts: str) -> Trouble:
    return Trouble(
        what,
        code="archive",
        exit_code=BusExit.FAILED,
        facts={"asked": archive, **facts},
        next=["give the archive of your bus: --datagrepper-url URL"],
    )
