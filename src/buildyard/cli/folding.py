"""Fold a long text in the log of a continuous-integration service, in that service's own markers.

GitHub Actions: workflow commands ``::group::``; GitLab: collapsible sections of job logs.  Elsewhere a text is not
folded, as nothing would open it again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping


def folded(title: str, text: str, environment: Mapping[str, str], *, now: float) -> str | None:
    """Return the text between the markers of the service that runs this, or None where none does."""
    body = text if text.endswith("\n") else f"{text}\n"
    if environment.get("GITHUB_ACTIONS") == "true":
        # A line that begins with :: would be a command to the service.
        harmless = re.sub(r"^::", " ::", body, flags=re.MULTILINE)
        return f"::group::{title}\n{harmless}::endgroup::"
    if environment.get("GITLAB_CI"):
        name = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
        start = f"\x1b[0Ksection_start:{int(now)}:{name}[collapsed=true]\r\x1b[0K{title}\n"
        return f"{start}{body}\x1b[0Ksection_end:{int(now)}:{name}\r\x1b[0K"
    return None
