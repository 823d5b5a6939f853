"""Objects and artifacts down, for Twisted programs: to memory, a file, or anything that can be written bit by bit.

    downloadArtifactToFile(taskId=.., name="public/x.whl", queueService=queue, file=file)

Each function returns a Deferred; so do writers and their factory.  Files are written on the reactor's threads.
`aio.download` is the same for asyncio.
"""

# Functions are Taskcluster's own names.
# ruff: noqa: N816

from __future__ import annotations

from buildyard.taskcluster._async_downloads import AsyncDownloads
from buildyard.taskcluster._deferred import deferring, on_reactor_thread

__all__ = [
    "download",
    "downloadArtifact",
    "downloadArtifactToBuf",
    "downloadArtifactToFile",
    "downloadToBuf",
    "downloadToFile",
]

_downloads = AsyncDownloads(on_reactor_thread)
download = deferring(_downloads.download)
downloadArtifact = deferring(_downloads.downloadArtifact)
downloadArtifactToBuf = deferring(_downloads.downloadArtifactToBuf)
downloadArtifactToFile = deferring(_downloads.downloadArtifactToFile)
downloadToBuf = deferring(_downloads.downloadToBuf)
downloadToFile = deferring(_downloads.downloadToFile)
