"""From any error to `Trouble`: which exit code it has, what is said of it, and what helps.

The table is by class, most special first; a problem answer of the hub keeps the words the hub chose.  What is not in
it is a fault of buildyard: it says so, and keeps its report in a file.
"""

from __future__ import annotations

import re
import tempfile
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from buildyard import __version__
from buildyard.cli.refusals import refusal
from buildyard.cli.trouble import ExitCode, Trouble
from buildyard.errors import BuildyardError, Forbidden, RemoteError, TransportError, Unauthorized, WireError
from buildyard.farm.settings_errors import BadSetting, BadSettingsFile
from buildyard.farm.state import StateBusy, StateUnusable

#: What the extra ``messaging`` brings.
_OF_MESSAGING = frozenset({"blinker", "fastjsonschema", "jsonschema", "pamqp", "prometheus_client"})

_SIGN = "sign with its credential: give --state DIR, or TASKCLUSTER_* beside --hub URL"


def trouble_of(error: BaseException) -> Trouble:
    """Return what to tell of an error."""
    for kind, tell in _TABLE:
        if isinstance(error, kind):
            return tell(error)
    return _fault(error)


def _settings(error: BadSetting) -> Trouble:
    wanted = error.wanted.removeprefix("Expected ").replace("`", "")
    facts = {"found": error.found, "where": error.origin, "wanted": wanted}
    return Trouble(f"{error.key} cannot be that", code="bad_setting", exit_code=ExitCode.WRONG_USE, facts=facts)


def _settings_file(error: BadSettingsFile) -> Trouble:
    facts = {"where": error.path, "found": error.reason}
    return Trouble(
        "a settings file cannot be read", code="bad_settings_file", exit_code=ExitCode.WRONG_USE, facts=facts
    )


def _state_busy(error: StateBusy) -> Trouble:
    shown = shown_path(error.path)
    by = f"pid {error.hub.pid}, at {error.hub.root_url}/" if error.hub else "a hub that is only just starting"
    use = [f"open {error.hub.root_url}/"] if error.hub else []
    return Trouble(
        f"the state directory {shown} is in use",
        code="state_busy",
        facts={"by": by},
        next=[*use, "buildyard up --state OTHER --port 0"],
    )


def _state_unusable(error: StateUnusable) -> Trouble:
    return Trouble(str(error), code="state_unusable", next=["give a directory of your own: buildyard up --state DIR"])


def _unreachable(error: TransportError) -> Trouble:
    return Trouble(
        f"{_origin(error.url)} does not answer",
        code="unreachable",
        exit_code=ExitCode.UNREACHABLE,
        facts={"tried": f"{error.method} {error.url}: {error.reason}"},
        next=["is it running? start it with: buildyard up"],
    )


def _not_allowed(error: RemoteError) -> Trouble:
    told = _problem(error)
    # Taskcluster's services quote the scopes they want as a block of markdown.
    scopes = re.search(r"```\s*(.*?)\s*```", str(told.get("detail") or error.reason), re.DOTALL)
    if scopes:
        return Trouble(
            "these credentials may not do that",
            code="scope_missing",
            exit_code=ExitCode.NOT_ALLOWED,
            facts={"asked": f"{error.method} {error.url}", "missing": " ".join(scopes[1].split())},
            next=[_SIGN],
        )
    return Trouble(
        told.get("title") or "the hub does not allow this",
        code=str(told.get("code") or "not_allowed"),
        exit_code=ExitCode.NOT_ALLOWED,
        facts=_facts(told) or {"asked": f"{error.method} {error.url}", "said": error.reason},
        next=_next(told) or [_SIGN],
    )


def _refused(error: RemoteError) -> Trouble:
    told = _problem(error)
    exit_code = ExitCode.WRONG_USE if error.status < 500 else _FAULTS.get(error.status, ExitCode.UNREACHABLE)
    return Trouble(
        told.get("title") or f"the hub answered {error.status} {error.reason}".rstrip(),
        code=str(told.get("code") or "refused"),
        exit_code=exit_code,
        facts=_facts(told) or {"asked": f"{error.method} {error.url}"},
        next=_next(told),
    )


def _senseless(error: WireError) -> Trouble:
    return Trouble(
        "that is no hub of buildyard",
        code="not_a_hub",
        exit_code=ExitCode.UNREACHABLE,
        facts={"asked": f"{error.method} {error.url}".strip(), "found": error.excerpt or error.reason},
        next=["check the address"],
    )


def _known(error: BuildyardError) -> Trouble:
    what, _, rest = str(error).partition("\n")
    return refusal(_snake(type(error).__name__), what, {"explanation": rest.strip(), **vars(error)}, "buildyard build")


def _module_missing(error: ModuleNotFoundError) -> Trouble:
    if (error.name or "").partition(".")[0] not in _OF_MESSAGING:
        return _fault(error)
    return Trouble(
        "`buildyard bus` needs the extra messaging, which is not installed",
        code="extra_missing",
        exit_code=ExitCode.FAILED,
        facts={"lacks": str(error.name)},
        next=["pip install 'buildyard[messaging]'"],
    )


def _environment(error: OSError) -> Trouble:
    where = {"where": str(error.filename)} if error.filename else {}
    return Trouble((error.strerror or str(error)).lower(), code="os_error", facts=where)


def _fault(error: BaseException) -> Trouble:
    name = f"buildyard-fault-{datetime.now(UTC):%Y%m%dT%H%M%S}.txt"
    report = Path(tempfile.gettempdir()) / name
    text = "".join(traceback.format_exception(error))
    try:
        report.write_text(f"buildyard {__version__}\n\n{text}", encoding="utf-8")
        kept = str(report)
    except OSError as unwritable:
        kept = f"nowhere: {unwritable.strerror}"
    return Trouble(
        "this is a fault of buildyard",
        code="fault",
        facts={"found": "".join(traceback.format_exception_only(error)).strip(), "report": kept},
        next=["run it again with -vv to see where"],
    )


#: A hub that has a fault is there; one that is behind something broken, or has no database, is as good as away.
_FAULTS = {500: ExitCode.FAILED}

#: Most special first.
_TABLE: tuple[tuple[type[BaseException], Callable[[Any], Trouble]], ...] = (
    (Trouble, lambda error: error),
    (BadSetting, _settings),
    (BadSettingsFile, _settings_file),
    (StateBusy, _state_busy),
    (StateUnusable, _state_unusable),
    (TransportError, _unreachable),
    (Unauthorized, _not_allowed),
    (Forbidden, _not_allowed),
    (RemoteError, _refused),
    (WireError, _senseless),
    (BuildyardError, _known),
    (OSError, _environment),
    (ModuleNotFoundError, _module_missing),
)


def shown_path(path: Path) -> str:
    """Return a path as a person would type it here: relative where it lies below the working directory."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) and path != here else str(path)


def _problem(error: RemoteError) -> dict[str, Any]:
    """Return the answer's problem details (RFC 9457), or nothing."""
    try:
        told = msgspec.json.decode(error.body)
    except msgspec.DecodeError:
        return {}
    return told if isinstance(told, dict) and isinstance(told.get("title"), str) else {}


def _facts(told: dict[str, Any]) -> dict[str, str]:
    facts = told.get("facts")
    said = {"said": str(told["detail"])} if told.get("detail") else {}
    return said | ({str(name): str(value) for name, value in facts.items()} if isinstance(facts, dict) else {})


def _next(told: dict[str, Any]) -> list[str]:
    following = told.get("next")
    if isinstance(following, list):
        return [str(one) for one in following]
    return [str(following)] if following else []


def _origin(url: str) -> str:
    found = re.match(r"\w+://[^/]+", url)
    return f"the hub at {found[0]}" if found else "the hub"


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
