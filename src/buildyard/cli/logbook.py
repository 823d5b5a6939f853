"""The programs' own log: one JSON object a line in the state directory, and on stderr what ``-v`` asks for.

Everything below logs with the standard library, facts in ``extra``; structlog makes them lines here, at the edge.
"""

from __future__ import annotations

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

import structlog
from structlog.typing import EventDict

#: A log starts anew at this size; the one before it is kept.
_LARGEST = 10_000_000


class _File(RotatingFileHandler):
    """A log that lets a line go for which there is no room: what would be said of it is nothing for the terminal."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the base class's name
        """Do nothing."""


def _without_colour(_: object, __: str, event: EventDict) -> EventDict:
    # uvicorn's lines come twice, once with colours.
    event.pop("color_message", None)
    return event


_PREPARED = (
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    _without_colour,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def keep_log(path: Path, *, verbosity: int = 0) -> None:
    """Log to this file from now on; with ``-v`` to stderr too, with ``-vv`` requests as well.

    A directory that cannot be made or written is left to whoever needs it: the hub says so in its own words.
    """
    root = logging.getLogger()
    root.setLevel(logging.DEBUG if verbosity > 1 else logging.INFO)
    for handler in list(root.handlers):
        root.removeHandler(handler)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        root.addHandler(_as_lines(_File(path, maxBytes=_LARGEST, backupCount=1, encoding="utf-8")))
    except OSError:
        root.addHandler(logging.NullHandler())
    if verbosity > 0:
        root.addHandler(_for_people(logging.StreamHandler(sys.stderr)))


def _as_lines(handler: logging.Handler) -> logging.Handler:
    last = (
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),
    )
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=_PREPARED, processors=last))
    return handler


def _for_people(handler: logging.Handler) -> logging.Handler:
    last = (
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
    )
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=_PREPARED, processors=last))
    return handler
