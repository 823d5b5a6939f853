"""What can be set about where the tasks of builds run: on the hub itself, or on a Taskcluster that runs already.

A value that the settings, `tasks.remote`, `builder.opening` and the reference page share, and what a client is made
with for it; nothing here imports a room.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from buildyard.errors import BuildyardError
from buildyard.taskcluster import optionsFromEnvironment, optionsFromFile

_RootUrl = Annotated[str, Meta(pattern=r"^$|^https?://[^/\s?]+[^\s?]*$")]
_Amqp = Annotated[str, Meta(pattern=r"^$|^(amqps?|memory)://.+")]
_Seconds = Annotated[float, Meta(gt=0)]


class TasksSettings(Struct, frozen=True, kw_only=True):
    """The Taskcluster whose workers build, where it is not the hub itself."""

    root_url: _RootUrl = ""  #: the root URL of a Taskcluster that the builds' tasks go to; empty: the hub keeps them
    credentials: str = ""  #: a JSON file with credentials for it; empty: `TASKCLUSTER_CLIENT_ID` and its like
    storage: Literal["object", "s3"] = "object"  #: the storage type of the artifacts that builders leave there
    poll_s: _Seconds = 5.0  #: seconds between two looks at what runs there
    pulse: _Amqp = ""  #: the AMQP URL of its Pulse, which tells when to look; empty: it is asked each `tasks.poll_s`


class NoCredentials(BuildyardError):
    """Nothing says as whom the farm is to speak with the Taskcluster.  Set the variables, or name a file."""

    def __init__(self, root_url: str) -> None:
        super().__init__(
            f"tasks go to {root_url}, and there are no credentials for it: "
            "set TASKCLUSTER_CLIENT_ID and TASKCLUSTER_ACCESS_TOKEN, or tasks.credentials"
        )


def remote_options(settings: TasksSettings) -> dict[str, Any]:
    """Return the client's options for the Taskcluster that is set.

    Raises `NoCredentials`, and `TaskclusterFailure` for a file of credentials that is none.
    """
    found = optionsFromFile(settings.credentials) if settings.credentials else optionsFromEnvironment()
    credentials = found.get("credentials") or {}
    if not credentials.get("clientId") or not credentials.get("accessToken"):
        raise NoCredentials(settings.root_url)
    return {"rootUrl": settings.root_url, "credentials": credentials}
