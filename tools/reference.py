"""Write the reference pages from the code: settings, events, states, addresses, the command line and
the functions of the Taskcluster client.

``python -m tools.reference`` writes them, ``--check`` only compares; a test of the documentation does the same, so that
no setting, event, command or flag is without its entry.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from pathlib import Path

import msgspec

from buildyard.cli.app import command_names, help_of
from buildyard.farm.builds import states as builds_states
from buildyard.farm.bus_settings import BusSettings, Trigger
from buildyard.farm.events.message_kinds import schema_name, severity_of
from buildyard.farm.events.schemas import TOPICS, Event
from buildyard.farm.marconi_settings import MarconiSettings
from buildyard.farm.settings import KEYS, Key, Settings
from buildyard.farm.task_settings import TasksSettings
from buildyard.farm.tasks import lifecycle
from buildyard.farm.wire import Limits
from tools.http_reference import http_page
from tools.taskcluster_reference import functions_page

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
_SOURCE = ROOT / "src" / "buildyard"

_NOTE = "<!-- Written by `make docs` from the code; change it there. -->\n"

_MEANING = r"^    (?P<name>\w+) ?{separator} .*?#: (?P<text>.*)$"


def meanings(path: Path, kind: str, *, separator: str = ":") -> dict[str, str]:
    """Return what the ``#:`` comments of a class say of its fields."""
    source = path.read_text(encoding="utf-8")
    body = re.split(r"^class ", source, flags=re.MULTILINE)
    text = next(part for part in body if part.startswith(f"{kind}("))
    pattern = re.compile(_MEANING.format(separator=separator))
    return {
        found["name"]: found["text"].replace("``", "`") for line in text.splitlines() if (found := pattern.match(line))
    }


#: Tables of settings: their name, and the module and class that have them.
_TABLES = (
    ("limits", "wire.py", Limits),
    ("marconi", "marconi_settings.py", MarconiSettings),
    ("tasks", "task_settings.py", TasksSettings),
    ("bus", "bus_settings.py", BusSettings),
)


def settings_page() -> str:
    """Return the page of all settings."""
    said = meanings(_SOURCE / "farm" / "settings.py", Settings.__name__)
    for table, module, kind in _TABLES:
        said |= {f"{table}.{name}": text for name, text in meanings(_SOURCE / "farm" / module, kind.__name__).items()}
    entries = "\n".join(_setting(key, said[key.name]) + _rule_keys(key.name) for key in KEYS.values())
    return f"# Settings\n\n{_NOTE}\n{_SETTINGS_HEAD}\n{entries}"


_SETTINGS_HEAD = """\
Each setting has a working default. Later sources win:

1. the default,
2. `buildyard.toml` in the working directory,
3. `buildyard.toml` in the state directory,
4. the variable named below,
5. the flag of a command, where it has one (`--state`, `--host`, `--port`, `--slots`).

`buildyard config show` prints each value and where it comes from, and names keys it does not know. Names with a point
stand in a table of the file:

```toml
port = 9000

[limits]
wall_s = 7200
```

Where packages come from is no setting of buildyard's: it asks pip, whose own configuration says it (`pip config list`).
"""


def _setting(key: Key, meaning: str) -> str:
    default = "none" if key.default in ("", ()) else f"`{_toml(key.default)}`"
    sentence = meaning[:1].upper() + meaning[1:]
    return f"## `{key.name}`\n\n{sentence}.\n\n- Variable: `{key.variable}`\n- Default: {default}\n"


def _rule_keys(name: str) -> str:
    """Return the table of the keys that a rule has, where this setting is a list of rules."""
    if name != "trigger":
        return ""
    said = meanings(_SOURCE / "farm" / "bus_settings.py", Trigger.__name__)
    rows = "\n".join(
        f"| `{field.name}` | {'needed' if field.required else ''} | {said[field.name]} |"
        for field in msgspec.structs.fields(Trigger)
    )
    head = "In a variable the rules are a list of objects, as JSON. [How to use them](../how-to/bus.md)."
    return f"\n{head}\n\n| key | | |\n|---|---|---|\n{rows}\n"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    large = isinstance(value, int) and value >= 1_000_000
    return f"{value:,}".replace(",", "_") if large else str(value)


def events_page() -> str:
    """Return the page of all events."""
    entries = "\n".join(_event(topic, kind) for topic, kind in TOPICS.items())
    return f"# Events\n\n{_NOTE}\n{_EVENTS_HEAD}\n{entries}"


_EVENTS_HEAD = """\
Whatever happens is recorded as an event in the transaction that makes it happen, in a numbered log. Who follows the log
from a number on misses nothing: `buildyard watch --after N`, `GET /api/farm/v1/events?after=N`, or the stream
`/events/stream`. A topic never changes its meaning; keys are only ever added.

Times in bodies are seconds since 1970.

A farm with a [bus](../how-to/bus.md) publishes each event as a message with a schema: the body is the event's, the
topic is `buildyard.` and the event's, after `bus.topic_prefix` where that is set. The schemas' classes come with
buildyard, for `buildyard.messaging` (group `buildyard.messages`) and for fedora-messaging (group `fedora.messages`);
they have a `summary`, and name the package and who asked in the headers that consumers filter by. The number at the end
of a schema's name goes up if ever an event's keys change otherwise than by more of them.

What Taskcluster's queue service would publish, the hub publishes too, on exchanges of the same names, with the same
routing keys, `CC` routes and bodies: `exchange/taskcluster-queue/v1/task-pending` and its companions.
"""


def _event(topic: str, kind: type[Event]) -> str:
    rows = "\n".join(
        f"| `{field.name}` | {_type(field.type)} | {'' if field.required else 'may be absent'} |"
        for field in msgspec.structs.fields(kind)
    )
    doc = (kind.__doc__ or "").strip().partition("\n")[0]
    severity = _SEVERITIES[severity_of(kind)]
    on_bus = f"On the bus: schema `{schema_name(kind)}`, severity {severity}."
    return f"## `{topic}`\n\n{doc}\n\n{on_bus}\n\n| key | type | |\n|---|---|---|\n{rows}\n"


_SEVERITIES = {10: "debug", 20: "info", 30: "warning", 40: "error"}

_TYPES: Mapping[object, str] = {int: "integer", float: "number", str: "text", bool: "true or false"}


def _type(kind: object) -> str:
    if kind in _TYPES:
        return _TYPES[kind]
    text = str(kind)
    if text.startswith("tuple[str"):
        return "list of texts"
    return "number or null" if "float" in text else "text or null"


def states_page() -> str:
    """Return the page of the two life tables, drawn from them."""
    builds = [(str(before), str(move), str(after)) for (before, move), after in builds_states.MOVES.items()]
    tasks = [
        (str(before), action.value, str(step.state))
        for (before, action), step in lifecycle.TABLE.items()
        if step.changes
    ]
    a_build = _states(_SOURCE / "farm" / "builds" / "states.py", builds_states.State, builds)
    a_task = _states(_SOURCE / "farm" / "tasks" / "lifecycle.py", lifecycle.State, tasks)
    return f"# States\n\n{_NOTE}\n{_STATES_HEAD}\n## A build\n\n{a_build}\n## A task\n\n{_TASKS_HEAD}\n{a_task}"


def _states(path: Path, kind: type[StrEnum], moves: Iterable[tuple[str, str, str]]) -> str:
    said = meanings(path, "State", separator="=")
    words = "\n".join(f"| `{state.value}` | {said[state.name]} |" for state in kind)
    order = [state.value for state in kind]
    together: dict[tuple[str, str], list[str]] = {}
    # Some of the tables' rows come from sets, whose order differs from run to run.
    for before, move, after in sorted(moves, key=lambda move: (order.index(move[0]), order.index(move[2]), move[1])):
        together.setdefault((before, after), []).append(move)
    arrows = "\n".join(f"    {before} --> {after} : {', '.join(names)}" for (before, after), names in together.items())
    return f"| state | means |\n|---|---|\n{words}\n\n```mermaid\nstateDiagram-v2\n{arrows}\n```\n"


_STATES_HEAD = """\
What may happen to a build and to a task is a table in the code (`farm/builds/states.py`, `farm/tasks/lifecycle.py`);
what the table lacks cannot happen. These pictures are drawn from the tables.
"""

_TASKS_HEAD = """\
Taskcluster's model: a task's state is that of its last run. While retries are left, a run that ended with
`claim-expired`, `worker-shutdown` or `intermittent-task` is followed by another that is pending.
"""


def cli_page() -> str:
    """Return the page of all commands, each with its own help."""
    entries = "\n".join(_command(name) for name in command_names())
    return f"# Command line\n\n{_NOTE}\n{_CLI_HEAD}\n{entries}"


_CLI_HEAD = """\
Results go to stdout; progress, warnings and errors to stderr. With `--json` one JSON object (of streams, one a line) is
all that stdout holds, errors included. Without a terminal there are no colours and no redrawn lines.

A command that talks to a hub finds it by `--hub URL` (signing with `TASKCLUSTER_CLIENT_ID` and
`TASKCLUSTER_ACCESS_TOKEN`, unless `TASKCLUSTER_ROOT_URL` names another service), else by the state directory:
`--state DIR`, `BUILDYARD_STATE`, `state` in `buildyard.toml`, or `.buildyard` in the working directory.

| exit code | meaning |
|---|---|
| 0 | done; `up`, `hub` and `builder` stopped by Ctrl-C or TERM |
| 1 | it ran, and something asked for failed |
| 2 | wrong use or input: unknown option, package, version |
| 3 | the hub or the upstream index cannot be reached |
| 4 | not allowed: no credential, an ended one, or a missing scope |
| 124 | `--timeout` passed |
| 130 | interrupted before the end |

The commands of `buildyard bus` have fedora-messaging's codes beside these:

| exit code | of `buildyard bus` |
|---|---|
| 1 | there is no callback, or publishing failed |
| 2 | a wrong option, configuration, or file of messages |
| 10, 15 | a queue or binding cannot be declared; these credentials may not read it |
| 11 | consuming did not begin for another reason |
| 12 | the queue was deleted |
| 13 | the callback failed |
| 14 | the broker cannot be reached, or refused us |
| 111, 121 | a publish was not confirmed in time; it was refused |
| any | a callback raised `HaltConsumer(exit_code)` |
"""


def _command(name: str) -> str:
    return f"## `buildyard {name}`\n\n```text\n{help_of(name.split()).rstrip()}\n```\n"


#: Every generated page and what gives it.
PAGES: Mapping[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "events.md": events_page,
    "states.md": states_page,
    "http.md": lambda: http_page(_NOTE),
    "cli.md": cli_page,
    "taskcluster-functions.md": lambda: functions_page(_NOTE),
}


def main(arguments: list[str]) -> int:
    """Write the pages, or with ``--check`` say which differ; return an exit code."""
    stale = []
    for name, page in PAGES.items():
        path = REFERENCE / name
        text = page()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"docs/reference/{name} {'differs; run: make docs' if '--check' in arguments else 'written'}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
