"""The parameters of each kind of task by name (koji: ``koji/tasks.py``, `LEGACY_SIGNATURES`).

A request is a list; which place means what depends on the method, and a last struct with ``__starstar`` holds what was
passed by name.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from buildyard.koji._row import Row
from buildyard.koji._xmlrpc import parse_request

_IMAGE = "name version arch target ksfile opts"
_CREATE = "name version release arch target_info build_tag repo_info"

PARAMETERS: Mapping[str, tuple[str, ...]] = {
    method: tuple(names.split())
    for method, names in {
        "appliance": _IMAGE,
        "build": "src target opts",
        "buildArch": "pkg root arch keep_srpm opts",
        "buildContainer": "src target opts",
        "buildMaven": "url build_tag opts",
        "buildNotification": "recipients build target weburl",
        "buildSRPMFromSCM": "url build_tag opts",
        "chainbuild": "srcs target opts",
        "chainmaven": "builds target opts",
        "createAppliance": f"{_CREATE} ksfile opts",
        "createImage": f"{_CREATE} inst_tree opts",
        "createKiwiImage": f"{_CREATE} desc_url desc_path opts",
        "createLiveCD": f"{_CREATE} ksfile opts",
        "createLiveMedia": f"{_CREATE} ksfile opts",
        "createdistrepo": "tag repo_id arch keys opts",
        "createrepo": "repo_id arch oldrepo external_repos",
        "dependantTask": "wait_list task_list",
        "distRepo": "tag repo_id keys task_opts",
        "image": "name version arches target inst_tree opts",
        "indirectionimage": "opts",
        "kiwiBuild": "target arches desc_url desc_path opts",
        "livecd": _IMAGE,
        "livemedia": "name version arches target ksfile opts",
        "maven": "url target opts",
        "newRepo": "tag event src debuginfo separate_src opts",
        "rebuildSRPM": "srpm build_tag opts",
        "restart": "host",
        "restartVerify": "task_id host",
        "runroot": "root arch command keep packages mounts repo_id skip_setarch weight upload_logs new_chroot",
        "saveFailedTree": "buildrootID full",
        "tagBuild": "tag_id build_id force fromtag ignore_success",
        "tagNotification": "recipients is_successful tag_info from_info build_info user_info ignore_success",
        "vmExec": "name task_info opts",
        "waitrepo": "tag newer_than nvrs min_event",
        "winbuild": "name source_url target opts",
        "wrapperRPM": "spec_url build_target build task opts",
    }.items()
}


def request_list(request: Any) -> list[Any]:
    """Return the parameters of a request: a list as it is, or what an old hub's XML says, plain or in base64."""
    if isinstance(request, str):
        _, found = parse_request(_xml(request))
        return found
    return list(request) if isinstance(request, Sequence) else []


def _xml(text: str) -> bytes:
    if not text.lstrip().startswith("<"):
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error:
            pass
    return text.encode("utf-8")


def by_name(method: str, request: Sequence[Any]) -> Row:
    """Return the parameters by name; those of a method that is not known here by their place, ``"0"``."""
    names = PARAMETERS.get(method, ())
    places = list(request)
    last = places[-1] if places else None
    named = places.pop() if isinstance(last, Mapping) and last.get("__starstar") else {}
    found = {names[place] if place < len(names) else str(place): value for place, value in enumerate(places)}
    return Row(found | {name: value for name, value in named.items() if name != "__starstar"})
