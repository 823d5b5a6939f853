"""Addresses of ``s3`` artifacts and what is PUT to and had from them.

Part of `http`.  An artifact of the storage type ``s3`` is meant for a bucket; here the bucket is the hub, at
``/api/queue/v1/artifact-bytes/<taskId>/<runId>/<name>``, by signed addresses alone.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import quote

from buildyard.farm.tasks import s3_artifacts
from buildyard.farm.tasks.addresses import check_address, signed_address
from buildyard.farm.tasks.artifacts import Artifact
from buildyard.farm.tasks.errors import InputError, InputTooLarge
from buildyard.farm.tasks.objects_http import bytes_response, receive_bytes
from buildyard.farm.tasks.times import to_json
from buildyard.farm.tasks.wire import Answer, Call, Operation


def put_answer(call: Call, its: Artifact) -> dict[str, Any]:
    """Return what createArtifact answers for this artifact: where its bytes are to be PUT, and until when."""
    facts = {"contentType": its.content_type}
    given = signed_address(call, "PUT", _path(its), facts, call.rooms.settings.put_url_s)
    return {
        "storageType": "s3",
        "contentType": its.content_type,
        "expires": to_json(given.expires),
        "putUrl": given.url,
    }


def get_url(call: Call, its: Artifact) -> str:
    """Return an address from which anybody may get the artifact's bytes for a while."""
    return signed_address(call, "GET", _path(its), {}, call.rooms.settings.get_url_s).url


def _path(its: Artifact) -> str:
    return _path_of(its.task_id, its.run_id, its.name)


def _path_of(task_id: str, run_id: int, name: str) -> str:
    return f"/api/queue/v1/artifact-bytes/{task_id}/{run_id}/{quote(name, safe='')}"


async def put_bytes(call: Call) -> Answer:
    """The bytes of an artifact, at the address that createArtifact gave."""
    task_id, run_id, name = _place(call)
    check_address(call, "PUT", _path_of(task_id, run_id, name))
    if call.request.headers.get("content-type", "") != call.query["contentType"]:
        raise InputError("the Content-Type must be the one that createArtifact was told")
    encoding = _encoding(call)
    arrived = await receive_bytes(call, _length(call))
    await call.rooms.write(s3_artifacts.receive, task_id, run_id, name, arrived, encoding)
    return {}


def _encoding(call: Call) -> str:
    """Return the ``Content-Encoding`` of the bytes, which S3 keeps and tells whoever gets them: workers compress."""
    told = call.request.headers.get("content-encoding", "")
    if not re.fullmatch(r"[A-Za-z0-9, -]{0,64}", told):
        raise InputError("that is no Content-Encoding")
    return told


def _length(call: Call) -> int:
    told = call.request.headers.get("content-length", "")
    if not told.isdecimal():
        raise InputError("bytes are PUT with their Content-Length")
    if len(told) > 15 or int(told) > call.rooms.settings.object_bytes:
        raise InputTooLarge(call.rooms.settings.object_bytes)
    return int(told)


async def get_bytes(call: Call) -> Answer:
    """The bytes of an artifact, or ranges of them."""
    task_id, run_id, name = _place(call)
    check_address(call, "GET", _path_of(task_id, run_id, name))
    found, arrived = await call.rooms.read(s3_artifacts.readable, call.rooms.clock(), task_id, run_id, name)
    return bytes_response(call, arrived.sha256, found.content_type, encoding=found.details["encoding"])


def _place(call: Call) -> tuple[str, int, str]:
    return call.params["taskId"], call.run_id, call.params["name"]


_BYTES: Final = "/artifact-bytes/{taskId}/{runId}/{name:path}"
_PUT_QUERY: Final = frozenset({"contentType", "expires", "signature"})
_GET_QUERY: Final = frozenset({"expires", "signature"})

OPERATIONS: Final = (
    Operation("putArtifactBytes", "PUT", _BYTES, put_bytes, body="stream", query=_PUT_QUERY, signed=False),
    Operation("getArtifactBytes", "GET", _BYTES, get_bytes, query=_GET_QUERY, signed=False),
)
