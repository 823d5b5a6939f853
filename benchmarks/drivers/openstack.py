"""OpenStack's python-zaqarclient as a driver, in an environment of its own: ``openstack.py URL``.

Many callers are threads, as that client blocks.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import zaqarclient
from loop import CLAIM, GRACE, TTL, message, serve, shares
from zaqarclient.queues import client as queues

_CONF = {"auth_opts": {"backend": "noauth", "options": {"os_project_id": "bench"}}}


class OpenStack:
    def __init__(self, url: str) -> None:
        self._url = url

    def close(self) -> None:
        """Nothing stays open: that client connects anew for each request."""

    def who(self) -> str:
        python = sys.version.split()[0]
        return f"python-zaqarclient {version('python-zaqarclient')} on CPython {python}, {zaqarclient.__file__}"

    def post(self, queue: str, size: int, operations: int, callers: int) -> int:
        def some(count: int) -> int:
            posting = self._queue(queue)
            for _ in range(count):
                posting.post([message() for _ in range(size)])
            return count

        return self._all(some, shares(operations, callers))

    def drain(self, queue: str, each: bool, callers: int) -> int:
        def some(_: int) -> int:
            draining, loops = self._queue(queue), 0
            while held := list(draining.claim(ttl=TTL, grace=GRACE, limit=CLAIM)):
                if each:
                    for one in held:
                        one.delete()
                else:
                    draining.delete_messages(*(one.id for one in held))
                loops += 1
            return loops

        return self._all(some, range(callers))

    def _queue(self, name: str):  # type: ignore[no-untyped-def]
        return queues.Client(self._url, version=2, conf=_CONF).queue(name)

    @staticmethod
    def _all(some, arguments) -> int:  # type: ignore[no-untyped-def]
        arguments = list(arguments)
        if len(arguments) == 1:
            return some(arguments[0])
        with ThreadPoolExecutor(len(arguments)) as threads:
            return sum(threads.map(some, arguments))


serve(OpenStack(sys.argv[1]))
