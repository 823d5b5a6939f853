"""The pages of a hub's web site: which method tells what a page shows (koji: ``www/kojiweb/index.py``)."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit


class Page(NamedTuple):
    """What a page is about."""

    method: str
    subject: int | str


#: Each page's parameters, the first that is there counts, and the method; names are taken as well as numbers.
_PAGES: dict[str, tuple[tuple[str, ...], str]] = {
    "archiveinfo": (("archiveID",), "getArchive"),
    "buildinfo": (("buildID",), "getBuild"),
    "buildrootinfo": (("buildrootID",), "getBuildroot"),
    "buildtargetinfo": (("targetID", "name"), "getBuildTarget"),
    "channelinfo": (("channelID",), "getChannel"),
    "externalrepoinfo": (("extrepoID",), "getExternalRepo"),
    "hostinfo": (("hostID",), "getHost"),
    "packageinfo": (("packageID",), "getPackage"),
    "repoinfo": (("repoID",), "repoInfo"),
    "rpminfo": (("rpmID",), "getRPM"),
    "taginfo": (("tagID",), "getTag"),
    "targetinfo": (("targetID", "name"), "getBuildTarget"),
    "taskinfo": (("taskID",), "getTaskInfo"),
    "userinfo": (("userID",), "getUser"),
}


def page(url: str) -> Page | None:
    """Return what the page at ``url`` is about; None for a page about nothing in particular."""
    parts = urlsplit(url.strip())
    names, method = _PAGES.get(parts.path.rstrip("/").rpartition("/")[2], ((), ""))
    given = parse_qs(parts.query)
    subject = next((given[name][0] for name in names if name in given), None)
    if subject is None:
        return None
    return Page(method, int(subject) if subject.isascii() and subject.isdigit() else subject)
