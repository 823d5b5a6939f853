"""What the Marconi server refuses with: Zaqar's titles and descriptions, by cause.

A handler raises `Refusal`; `serving` answers it.  Titles do not tell causes apart, statuses and descriptions do (Zaqar:
`zaqar/transport/wsgi/errors.py` and the handlers' own words).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import msgspec

from buildyard.errors import BuildyardError

API: Final = "Invalid API request"
BODY: Final = "Invalid request body"
PARAMETER: Final = "Invalid parameter"
NOT_FOUND: Final = "Not found"
DELETE: Final = "Unable to delete"

_VARY: Final = (b"vary", b"Accept")


class Refusal(BuildyardError):
    """An answer that is an error, in Zaqar's shape."""

    def __init__(self, status: int, title: str, description: str | None = None, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(f"{status} {title}: {description}" if description else f"{status} {title}")
        self.status = status
        self.title = title
        self.description = description
        self.headers = (_VARY, *headers)

    def body(self) -> bytes:
        """Return its JSON."""
        told = {"title": self.title}
        return msgspec.json.encode(told if self.description is None else {**told, "description": self.description})


class Unauthorized(Refusal):
    """No token, or one that is not believed: what Keystone's middleware in front of Zaqar answers."""

    def __init__(self, identity: str) -> None:
        super().__init__(
            401,
            "Unauthorized",
            "The request you have made requires authentication.",
            (b"www-authenticate", f'Keystone uri="{identity}"'.encode("latin-1")),
        )

    def body(self) -> bytes:
        """Return its JSON, which has Keystone's shape and not Zaqar's."""
        return msgspec.json.encode({"error": {"code": 401, "title": self.title, "message": self.description}})


class NotAcceptable(Refusal):
    """The caller takes no JSON, so there is nothing to tell it in."""

    def __init__(self) -> None:
        super().__init__(406, "406 Not Acceptable")

    def body(self) -> bytes:
        """Return nothing."""
        return b""


def bad_request(description: str) -> Refusal:
    """Return the refusal of a request that breaks a limit or a rule."""
    return Refusal(400, API, description)


def bad_body(description: str) -> Refusal:
    """Return the refusal of a body that is not what the call takes."""
    return Refusal(400, BODY, description)


def not_found(description: str) -> Refusal:
    """Return the refusal that names what is not there."""
    return Refusal(404, NOT_FOUND, description)


def by_router(status: int, *headers: tuple[bytes, bytes], description: str | None = None) -> Refusal:
    """Return the refusal of an address, a method or a media type that nobody serves."""
    return Refusal(status, f"{status} {HTTPStatus(status).phrase}", description, *headers)


def no_message(message_id: str, queue: str, project: str) -> Refusal:
    """Return the refusal for a message that is not there."""
    return not_found(f"Message {message_id} does not exist in queue {queue} for project {project}")


def no_claim(claim_id: str, queue: str, project: str) -> Refusal:
    """Return the refusal for a claim that has ended or never was."""
    return not_found(f"Claim {claim_id} does not exist in queue {queue} for project {project}")


def no_queue(queue: str, project: str) -> Refusal:
    """Return the refusal for a queue that is not there."""
    return not_found(f"Queue {queue} does not exist for project {project}")


UNPARSED: Final = "Request body could not be parsed."
WRONG_TYPE: Final = "Document type not supported."
CLAIMED: Final = "This message is claimed; it cannot be deleted without a valid claim ID."
CLAIM_ENDED: Final = "The specified claim does not exist or has expired."
NOT_CLAIMED: Final = "A claim was specified, but the message is not currently claimed."
LATER: Final = "Please try again in a few seconds."
