"""What ``DEBUG_TASKCLUSTER_CLIENT`` turns on: the client's debug messages, for who does not set up logging."""

from __future__ import annotations

import logging


def show_debug() -> None:
    """Let the client's logger say everything; where nobody handles its messages, they go to standard error."""
    logger = logging.getLogger("buildyard.taskcluster")
    logger.setLevel(logging.DEBUG)
    if not logger.handlers:
        logger.addHandler(logging.StreamHandler())
