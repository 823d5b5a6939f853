"""The object service's HTTP face, ``/api/object/v1``, and the bytes themselves.

What `createUpload` and `startDownload` give out are addresses on this hub, signed by it and good for some minutes, as
an S3 bucket's would be: ``/content/<name>`` takes a PUT or gives a GET without credentials.  Bytes stream to and from
the store's objects, a part at a time and never a whole wheel in memory, and appear there complete or not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse

from buildyard.farm.store.objects import Staged
from buildyard.farm.tasks import objects
from buildyard.farm.tasks.addresses import Address, check_address, signed_address
from buildyard.farm.tasks.answers import json_response
from buildyard.farm.tasks.errors import InputError, InputTooLarge
from buildyard.farm.tasks.objects import Bytes, DownloadInput, FinishInput, PutUrl, StoredObject, UploadInput
from buildyard.farm.tasks.times import to_json
from buildyard.farm.tasks.wire import Answer, Call, Operation, root_url

T = TypeVar("T")

#: Bytes written at once, in a thread of their own.
PART_BYTES: Final = 1024 * 1024


# --- the service -----------------------------------------------------------------------------------------------------


async def create_upload(call: Call) -> Answer:
    """Answer createUpload: the bytes come inside the request, or an address is given where to put them."""
    name, asked = call.params["name"], call.decode(UploadInput)
    call.caller.require(f"object:upload:{asked.project_id}:{name}")
    method = await _begin(call, name, asked)
    return {
        "projectId": asked.project_id,
        "uploadId": asked.upload_id,
        "expires": call.payload["expires"],
        "uploadMethod": method,
    }


async def _begin(call: Call, name: str, asked: UploadInput) -> dict[str, Any]:
    proposed = asked.proposed_upload_methods
    if proposed.data_inline is not None:
        arrived = await _keep(call, proposed.data_inline.decode())
        await call.rooms.write(objects.create_upload, name, asked, proposed.data_inline.content_type, arrived)
        return {"dataInline": True}
    if proposed.put_url is None:
        await call.rooms.write(objects.create_upload, name, asked)
        return {}
    if proposed.put_url.content_length > call.rooms.settings.object_bytes:
        raise InputTooLarge(call.rooms.settings.object_bytes)
    await call.rooms.write(objects.create_upload, name, asked, proposed.put_url.content_type)
    return {"putUrl": _put_url(call, name, asked.upload_id, proposed.put_url)}


async def _keep(call: Call, data: bytes) -> Bytes:
    def keep() -> Bytes:
        with call.rooms.objects.stage() as staged:
            staged.write(data)
            return _committed(staged)

    return await _in_thread(keep)


def _committed(staged: Staged) -> Bytes:
    stored = staged.commit()
    return Bytes(sha256=stored.sha256, size=stored.size)


async def finish_upload(call: Call) -> Answer:
    """Answer finishUpload."""
    name, told = call.params["name"], call.decode(FinishInput)
    call.caller.require(f"object:upload:{told.project_id}:{name}")
    await call.rooms.write(objects.finish_upload, name, told)
    return {}


async def start_download(call: Call) -> Answer:
    """Answer startDownload."""
    found = await _readable(call)
    if call.decode(DownloadInput).choose() == "simple":
        path = quote(found.name, safe="")
        return {"method": "simple", "url": f"{root_url(call.rooms, call.request)}/api/object/v1/download/{path}"}
    given = get_url(call, found)
    return {"method": "getUrl", "url": given.url, "expires": to_json(given.expires), "hashes": found.hashes}


async def metadata(call: Call) -> Answer:
    """Answer object: what is known of it."""
    found = await _readable(call)
    return {"projectId": found.project_id, "expires": to_json(found.expires), "hashes": found.hashes}


async def download(call: Call) -> Answer:
    """Answer download: a redirect to the bytes."""
    url = get_url(call, await _readable(call)).url
    return json_response({"url": url}, 303, {"location": url})


async def _readable(call: Call) -> StoredObject:
    name = call.params["name"]
    call.caller.require(f"object:download:{name}")
    return await call.rooms.read(objects.readable, call.rooms.clock(), name)


# --- signed addresses ------------------------------------------------------------------------------------------------


def get_url(call: Call, found: StoredObject) -> Address:
    """Return an address from which anybody may get the object's bytes for a while."""
    return signed_address(call, "GET", _content(found.name), {}, call.rooms.settings.get_url_s)


def _put_url(call: Call, name: str, upload_id: str, proposed: PutUrl) -> dict[str, Any]:
    length = str(proposed.content_length)
    facts = {"uploadId": upload_id, "contentType": proposed.content_type, "contentLength": length}
    given = signed_address(call, "PUT", _content(name), facts, call.rooms.settings.put_url_s)
    headers = {"Content-Type": proposed.content_type, "Content-Length": length, "Content-Encoding": "identity"}
    return {"url": given.url, "expires": to_json(given.expires), "headers": headers}


def _content(name: str) -> str:
    return f"/api/object/v1/content/{quote(name, safe='')}"


# --- bytes -----------------------------------------------------------------------------------------------------------


async def put_content(call: Call) -> Answer:
    """The bytes of an upload, at the address that createUpload gave."""
    check_address(call, "PUT", _content(call.params["name"]))
    length = int(call.query["contentLength"])
    if call.request.headers.get("content-type", "") != call.query["contentType"]:
        raise InputError("the Content-Type must be the one that createUpload was told")
    if call.request.headers.get("content-length") not in (None, str(length)):
        raise InputError(f"the Content-Length must be {length}, as createUpload was told")
    arrived = await receive_bytes(call, length)
    await call.rooms.write(objects.receive, call.params["name"], call.query["uploadId"], arrived)
    return {}


async def receive_bytes(call: Call, length: int) -> Bytes:
    """Return what is known of the request's body, once it is among the store's objects.

    Raises `InputError` for a body of another length.
    """
    staged = await _in_thread(call.rooms.objects.stage)
    try:
        await _stream(call.request, staged, length)
        return await _in_thread(lambda: _committed(staged))
    finally:
        # After a commit there is nothing to abort.
        await _in_thread(staged.abort)


async def _stream(request: Request, staged: Staged, length: int) -> None:
    waiting, size = bytearray(), 0
    async for part in request.stream():
        size += len(part)
        if size > length:
            break
        waiting += part
        if len(waiting) >= PART_BYTES:
            await _write(staged, bytes(waiting))
            waiting.clear()
    if size != length:
        raise InputError(f"{length} bytes were announced, and {'more' if size > length else size} came")
    await _write(staged, bytes(waiting))


async def _write(staged: Staged, data: bytes) -> None:
    await _in_thread(lambda: staged.write(data))


async def _in_thread(work: Callable[[], T]) -> T:
    """Return what the blocking work gave; one who is cancelled leaves no thread behind that still uses the file."""
    working = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(working)
    finally:
        if not working.done():
            await asyncio.wait((working,))


async def get_content(call: Call) -> Answer:
    """The bytes of an object, or ranges of them."""
    check_address(call, "GET", _content(call.params["name"]))
    found = await call.rooms.read(objects.readable, call.rooms.clock(), call.params["name"])
    assert found.sha256 is not None
    return bytes_response(call, found.sha256, found.content_type)


def bytes_response(call: Call, sha256: str, content_type: str, *, encoding: str = "") -> FileResponse:
    """Return the bytes of this digest, or the ranges of them that the request asks for.

    ``encoding`` is the ``Content-Encoding`` in which they came.
    """
    headers = {
        # Among the headers, or Starlette adds a charset to it.
        "content-type": content_type or "application/binary",
        "etag": f'"{sha256}"',
        "cache-control": "private, immutable, max-age=31536000",
        # What a build made is data: no browser runs it as a page of the farm.
        "content-security-policy": "sandbox; default-src 'none'",
        "x-content-type-options": "nosniff",
    } | ({"content-encoding": encoding} if encoding else {})
    return FileResponse(call.rooms.objects.path(sha256), headers=headers)


_NAME = "{name:path}"
_PUT_QUERY: Final = frozenset({"uploadId", "contentType", "contentLength", "expires", "signature"})
_GET_QUERY: Final = frozenset({"expires", "signature"})

OPERATIONS: Final = (
    Operation("createUpload", "PUT", f"/upload/{_NAME}", create_upload, body="json"),
    Operation("finishUpload", "POST", f"/finish-upload/{_NAME}", finish_upload, body="json"),
    Operation("startDownload", "PUT", f"/start-download/{_NAME}", start_download, body="json"),
    Operation("object", "GET", f"/metadata/{_NAME}", metadata),
    Operation("download", "GET", f"/download/{_NAME}", download),
    Operation("putContent", "PUT", f"/content/{_NAME}", put_content, body="stream", query=_PUT_QUERY, signed=False),
    Operation("getContent", "GET", f"/content/{_NAME}", get_content, query=_GET_QUERY, signed=False),
)
