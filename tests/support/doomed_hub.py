"""A hub that kills itself at one named step of the line, as ``kill -9`` would.

``python -m support.doomed_hub FILE`` is ``buildyard hub`` until FILE is there and says ``TOPIC[:N] before|after``
(`arm`): when the transaction that records the Nth event of this topic from then on is about to be committed, or has
been and nobody was told, the process ends by SIGKILL.  FILE is removed before, so that the next hub lives.  The farm
itself has no hook for this.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from buildyard.cli.app import run
from buildyard.farm import hub
from buildyard.farm.events import outbox
from buildyard.farm.store.base import Store
from buildyard.farm.store.connect import open_store
from buildyard.farm.store.tables import events

T = TypeVar("T")


def arm(file: Path, topic: str, moment: str) -> None:
    """Let the hub that watches this file die at this event."""
    fresh = file.with_suffix(".new")
    fresh.write_text(f"{topic} {moment}")
    fresh.replace(file)


class Doomed:
    """A store that kills its process once it is armed."""

    def __init__(self, store: Store, file: Path) -> None:
        self._store = store
        self._file = file
        self._seen = 0  #: events of the topic since it was armed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, body: Callable[[Connection], T], **options: Any) -> T:
        """Write, and perhaps die of it."""
        topic, count, moment = self._armed()
        if not topic:
            return await self._store.write(body, **options)
        found = 0

        def watched(connection: Connection) -> T:
            nonlocal found
            before = outbox.last_number(connection)
            result = body(connection)
            recorded = select(events.c.topic).where(events.c.id > before, events.c.topic == topic)
            found = len(connection.execute(recorded).all())
            if found and self._seen + found >= count and moment == "before":
                self._die()
            return result

        result = await self._store.write(watched, **options)
        self._seen += found
        if found and self._seen >= count:
            self._die()
        return result

    def _armed(self) -> tuple[str, int, str]:
        try:
            told, moment = self._file.read_text().split()
        except FileNotFoundError:
            return "", 0, ""
        topic, _, count = told.partition(":")
        return topic, int(count or 1), moment

    def _die(self) -> None:
        self._file.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> int:
    """Run the hub."""
    file = Path(sys.argv[1])

    async def open_doomed(url: str, **options: Any) -> Doomed:
        return Doomed(await open_store(url, **options), file)

    hub.open_store = open_doomed  # type: ignore[assignment]
    return run(["hub"])


if __name__ == "__main__":
    sys.exit(main())
