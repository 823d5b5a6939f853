"""Which methods of a hub only read.

A read needs no call number and no turn, and may be repeated.  What is not known to read counts as a write: that costs
a turn in the queue, while the other mistake could do something twice.
"""

from __future__ import annotations

import re

_READS = re.compile(r"(?:get|list|query|count|find|search|show)(?:[A-Z]\w*)?\Z")
_ALSO = frozenset(
    {
        "_listapi",
        "checkTagAccess",
        "checkTagPackage",
        "checkUpload",
        "countAndFilterResults",
        "downloadTaskOutput",
        "echo",
        "error",
        "fault",
        "filterResults",
        "hasPerm",
        "hello",
        "mavenEnabled",
        "repo.checkQueue",
        "repo.get",
        "repo.query",
        "repoInfo",
        "scheduler.getHostData",
        "scheduler.getLogMessages",
        "scheduler.getTaskRuns",
        "system.listMethods",
        "system.methodHelp",
        "system.methodSignature",
        "tagChangedSinceEvent",
        "tagHistory",
        "taskFinished",
        "untaggedBuilds",
        "winEnabled",
    }
)


def is_read(method: str) -> bool:
    """Return True where the method is known to change nothing."""
    return method in _ALSO or _READS.match(method) is not None
