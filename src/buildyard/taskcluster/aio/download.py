"""Objects and artifacts down, for asyncio programs: to memory, a file, or anything that can be written bit by bit.

    await downloadArtifactToFile(taskId=.., name="public/x.whl", queueService=queue, file=file)

A download goes on where it broke off.  Objects are compared with their hashes, others with their announced length.
``progress`` is called with the bytes that came, and all of them where that is known.  Files are
written on threads.  `buildyard.taskcluster.download` is the same for blocking programs,
`tx.download` for Twisted.
"""

# Functions are Taskcluster's own names.
# ruff: noqa: N816

from __future__ import annotations

import asyncio

from buildyard.taskcluster._async_downloads import AsyncDownloads

__all__ = [
    "download",
    "downloadArtifact",
    "downloadArtifactToBuf",
    "downloadArtifactToFile",
    "downloadToBuf",
    "downloadToFile",
]

_downloads = AsyncDownloads(asyncio.to_thread)
download = _downloads.download
downloadArtifact = _downloads.downloadArtifact
downloadArtifactToBuf = _downloads.downloadArtifactToBuf
downloadArtifactToFile = _downloads.downloadArtifactToFile
downloadToBuf = _downloads.downloadToBuf
downloadToFile = _downloads.downloadToFile
