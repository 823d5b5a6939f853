"""Write the classes of the Taskcluster client from the table of its functions (`taskcluster_table`).

``python -m tools.taskcluster_client`` writes them, ``--check`` only compares; a test does the same.  Five modules are
made: the asyncio cores, the tables of the three faces, the types of calls, and the events.  What is not a function of a
service's API is written by hand beside them.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tools.taskcluster_table import read_table

CLIENT = Path(__file__).resolve().parent.parent / "src" / "buildyard" / "taskcluster"

_WIDTH = 120

#: The classes that add what is written by hand, by service; the others stand on the plain base.
_BASES = {"Queue": "Artifacts"}

#: Shapes of answers, by class and function; an object otherwise, and anything where none is declared.
_TYPES = {
    ("*", "ping"): "types.Ping",
    ("*", "version"): "types.Version",
    ("*", "heartbeat"): "dict[str, Any]",
    ("*", "lbheartbeat"): "dict[str, Any]",
    ("Auth", "listRoles"): "list[dict[str, Any]]",
    ("Object", "createUpload"): "types.CreatedUpload",
    ("Object", "finishUpload"): "dict[str, Any]",
    ("Object", "object"): "types.ObjectMetadata",
    ("Object", "startDownload"): "types.StartedDownload",
    ("Queue", "artifact"): "types.ArtifactContent",
    ("Queue", "claimTask"): "types.Claim",
    ("Queue", "claimWork"): "types.ClaimWorkAnswer",
    ("Queue", "createArtifact"): "types.CreatedArtifact",
    ("Queue", "finishArtifact"): "None",
    ("Queue", "getArtifact"): "types.ArtifactContent",
    ("Queue", "getLatestArtifact"): "types.ArtifactContent",
    ("Queue", "latestArtifact"): "types.ArtifactContent",
    ("Queue", "listArtifacts"): "types.ArtifactList",
    ("Queue", "listLatestArtifacts"): "types.ArtifactList",
    ("Queue", "listTaskGroup"): "types.TaskGroupPage",
    ("Queue", "reclaimTask"): "types.ReclaimAnswer",
    ("Queue", "task"): "types.TaskDefinition",
} | {
    ("Queue", name): "types.StatusAnswer"
    for name in (
        "cancelTask",
        "changeTaskPriority",
        "createTask",
        "reportCompleted",
        "reportException",
        "reportFailed",
        "rerunTask",
        "scheduleTask",
        "status",
    )
}

#: Shapes of what pages list.
_ITEMS = {
    ("Queue", "listArtifacts"): "types.ArtifactInfo",
    ("Queue", "listLatestArtifacts"): "types.ArtifactInfo",
    ("Queue", "listTaskGroup"): "types.TaskInGroup",
    ("Auth", "listRoleIds"): "str",
    ("Secrets", "list"): "str",
}

#: Imports that cost time and serve type checkers alone.
_FOR_TYPES = (
    "if TYPE_CHECKING:",
    "    from buildyard.taskcluster import _calls as calls",
    "    from buildyard.taskcluster import types",
)

_NOTE = "# Written by `python -m tools.taskcluster_client` from farm/services/taskcluster_api.json; change it there."


# --- one function --------------------------------------------------------------------------------


def names_of(function: Mapping[str, Any]) -> list[str]:
    """Return the names of a route's parameters."""
    return re.findall(r"<(\w+)>", function["route"])


def is_paged(function: Mapping[str, Any]) -> bool:
    """Tell whether a function answers in pages."""
    return "continuationToken" in function.get("query", ())


def iterator_name(service: str, name: str) -> str:
    """Return the name of the iteration over a function's pages: ``listTaskGroup`` gives ``iterTaskGroup``."""
    if name == "list":
        return f"iter{service}"
    rest = re.sub(r"^(list|get|find|all)(?=[A-Z])", "", name)
    return f"iter{rest[:1].upper()}{rest[1:]}"


def shape_of(function: Mapping[str, Any], *, paged: bool) -> str:
    """Return the name of the type that says how a function may be called."""
    parts = "".join(name[:1].upper() + name[1:] for name in names_of(function))
    return parts + ("Payload" if "input" in function else "") + ("Paged" if paged else "") + "Call"


def answer_of(service: str, function: Mapping[str, Any]) -> str:
    """Return the type of a function's answer."""
    name = function["name"]
    known = _TYPES.get((service, name)) or _TYPES.get(("*", name))
    return known or ("dict[str, Any]" if "output" in function else "Any")


def _kind_of(answer: str) -> str:
    if answer in ("Any", "None"):
        return {"Any": "any", "None": "empty"}[answer]
    return "list" if answer.startswith("list[") else "object"


def _is_idempotent(function: Mapping[str, Any]) -> bool:
    return function["method"] != "POST" or "idempotent" in function


def route_of(service: str, function: Mapping[str, Any]) -> str:
    """Return the expression of a function's `Route`."""
    facts: list[tuple[str, object]] = [(key, function[key]) for key in ("name", "method", "route")]
    if "query" in function:
        facts.append(("query", tuple(function["query"])))
    if "input" in function:
        facts.append(("has_input", True))
    if (kind := _kind_of(answer_of(service, function))) != "object":
        facts.append(("answer", kind))
    if not _is_idempotent(function):
        facts.append(("idempotent", False))
    if "read_seconds" in function:
        facts.append(("read_seconds", float(function["read_seconds"])))
    return f"Route({', '.join(f'{name}={_literal(value)}' for name, value in facts)})"


def _literal(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_literal, value)) + ("," if len(value) == 1 else "") + ")"
    return repr(value)


# --- its words -----------------------------------------------------------------------------------


def doc_of(function: Mapping[str, Any]) -> str:
    """Return the documentation of a function: what it does, where it lies, what it asks for."""
    facts = f"``{function['method']} {function['route']}``"
    if "query" in function:
        facts += f"; query {', '.join(f'``{name}``' for name in function['query'])}"
    if "input" in function:
        facts += f"; payload as schema ``{function['input']}``"
    notes = f"  Stability: {function['stability']}." if "stability" in function else ""
    if not _is_idempotent(function):
        notes += "  Not sent again where it may have arrived."
    if "scopes" in function:
        notes += f"  Scopes: {scopes_text(function['scopes'])}."
    body = f"{function['summary']}\n\n{_wrapped(facts + '.' + notes)}"
    return _indented(body)


def _indented(body: str) -> str:
    text = textwrap.indent(body, " " * 8).strip()
    return f'"""{text}\n        """'


def _wrapped(text: str) -> str:
    paragraphs = textwrap.wrap(text, _WIDTH - 8, break_long_words=False, break_on_hyphens=False)
    return "\n".join(paragraphs)


def scopes_text(scopes: Any) -> str:
    """Return a scope expression in words."""
    if isinstance(scopes, str):
        return f"``{scopes}``"
    if "for" in scopes:
        return f"``{scopes['each']}`` for each {scopes['for']} of {scopes['in']}"
    if "if" in scopes:
        other = f", else {scopes_text(scopes['else'])}" if "else" in scopes else ""
        return f"{scopes_text(scopes['then'])} if {scopes['if']}{other}"
    (word, parts), *_ = scopes.items()
    joined = (" and " if word == "AllOf" else " or ").join(map(scopes_text, parts))
    return joined if len(parts) == 1 else f"({joined})"


# --- the modules ---------------------------------------------------------------------------------


def _module(doc: str, imports: Iterable[str], body: str, *, noqa: str = "") -> str:
    head = [f'"""{doc}{chr(10) if chr(10) in doc else ""}"""', "", _NOTE]
    head += [f"# ruff: noqa: {noqa}"] * bool(noqa)
    head += ["", "from __future__ import annotations", "", *imports]
    return "\n".join(head) + f"\n{body.strip()}\n"


def _joined(classes: Iterable[str]) -> str:
    return "\n\n\n".join(text.strip() for text in classes)


def calls_module(table: Mapping[str, Any]) -> str:
    """Return ``_calls.py``: how functions may be called, one type for each list of parameters."""
    shapes: dict[str, str] = {}
    for service in table["services"]:
        for function in service["functions"]:
            for paged in {False, is_paged(function)}:
                shapes[shape_of(function, paged=paged)] = _shape(function, paged=paged)
    doc = (
        "The ways a function may be called, as types; each stands for one list of parameters.\n\n"
        "Positions or names; names beside a payload by position; ``params``.  With ``paginationHandler`` a\n"
        "function answers nothing, and the handler gets each page.  `_calling` is what reads them."
    )
    imports = (
        "from typing import Protocol, TypeVar, overload",
        "",
        "from buildyard.taskcluster._calling import Handler, Params, Payload, Query, Value",
        "",
        'R_co = TypeVar("R_co", covariant=True)',
        'N_co = TypeVar("N_co", covariant=True)',
        "",
        "",
    )
    return _module(doc, imports, _joined(shapes[name] for name in sorted(shapes)), noqa="N803")


def _shape(function: Mapping[str, Any], *, paged: bool) -> str:
    names, has_input = names_of(function), "input" in function
    values = [f"{name}: Value" for name in names]
    payload = ["payload: Payload"] if has_input else []
    query = "query: Query | None = None"
    ways = [[*values, *payload, "*", query]]
    if names and has_input:
        ways.append(["payload: Payload", "/", "*", *values, query])
    if names:
        ways.append(["*", *payload, "params: Params", query])
    else:
        ways[0].append("params: Params | None = None")
    pages = ["paginationHandler: Handler", "paginationLimit: int | None = None"]
    signatures = [(way, "R_co") for way in ways]
    if paged:
        signatures += [([*way, *pages], "N_co") for way in ways]
    listed = ", ".join((*names, *(["payload"] if has_input else []))) or "nothing"
    kind = "Protocol[R_co, N_co]" if paged else "Protocol[R_co]"
    words = f"Takes {listed}{'; answers in pages' if paged else ''}."
    head = f'class {shape_of(function, paged=paged)}({kind}):\n    """{words}"""\n\n'
    return head + "\n".join(_signature(way, result, len(signatures) > 1) for way, result in signatures)


def _signature(parameters: list[str], result: str, is_overload: bool) -> str:
    decorator = "    @overload\n" if is_overload else ""
    line = f"    def __call__(self, {', '.join(parameters)}) -> {result}: ..."
    if len(line) > _WIDTH:
        inner = f"        self, {', '.join(parameters)}"
        if len(inner) > _WIDTH:
            inner = "".join(f"        {each},\n" for each in ("self", *parameters)).rstrip("\n")
        line = f"    def __call__(\n{inner}\n    ) -> {result}: ..."
    return decorator + line


def services_module(table: Mapping[str, Any]) -> str:
    """Return ``_services.py``: the asyncio cores."""
    doc = (
        f"The cores of Taskcluster's services, as release {table['release']} has them: each function once.\n\n"
        "`aio` gives them a transport; `_blocking_services` and `_deferred_services` are the tables of the other\n"
        "faces.  A function answers what the service does, a dict whose shape `types` tells where it is known."
    )
    imports = (
        "from collections.abc import AsyncIterator, Coroutine",
        "from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar",
        "",
        "from buildyard.taskcluster._artifacts import AsyncArtifacts",
        "from buildyard.taskcluster._operations import items, operation",
        "from buildyard.taskcluster._routes import Route",
        "from buildyard.taskcluster._service import AsyncService",
        "",
        *_FOR_TYPES,
        "",
        'T = TypeVar("T")',
        "Answer: TypeAlias = Coroutine[Any, Any, T]",
        "",
        "",
    )
    return _module(doc, imports, _joined(map(_core_class, table["services"])), noqa="N815")


def _core_class(service: Mapping[str, Any]) -> str:
    name = service["class"]
    count = len(service["functions"])
    doc = f'    """The {service["service"]} service: {count} functions."""'
    head = f"class Async{name}(Async{_BASES.get(name, 'Service')}):\n{doc}\n"
    facts = f'\n    SERVICE = "{service["service"]}"\n    VERSION = "{service["version"]}"\n'
    return head + facts + "".join("\n" + _core_function(name, function) for function in service["functions"])


def _core_function(service: str, function: Mapping[str, Any]) -> str:
    typed = _typed(service, function, "Answer[{}]")
    made = f"        {_folded(route_of(service, function))},\n        {doc_of(function)},"
    text = f"    {function['name']}: {typed} = operation(\n{made}\n    )\n"
    return text + (_core_iteration(service, function) if is_paged(function) else "")


def _core_iteration(service: str, function: Mapping[str, Any]) -> str:
    name, typed = iterator_name(service, function["name"]), _iterated(service, function, "AsyncIterator[{}]")
    line = f'    {name}: {typed} = items("{name}", {function["name"]})\n'
    if len(line.rstrip()) <= _WIDTH:
        return line
    return f'    {name}: {typed} = items(\n        "{name}", {function["name"]}\n    )\n'


def _folded(route: str) -> str:
    """Return a route in one line, or with one fact a line where that would be too long."""
    if len(route) + 9 <= _WIDTH:
        return route
    facts = re.split(r", (?=\w+=)", route[len("Route(") : -1])
    return "Route(\n" + "".join(f"            {fact},\n" for fact in facts) + "        )"


def _typed(service: str, function: Mapping[str, Any], result: str) -> str:
    paged = is_paged(function)
    inner = [result.format(answer_of(service, function)), *([result.format("None")] if paged else [])]
    return f"calls.{shape_of(function, paged=paged)}[{', '.join(inner)}]"


def _iterated(service: str, function: Mapping[str, Any], result: str) -> str:
    item = _ITEMS.get((service, function["name"]), "dict[str, Any]")
    return f"calls.{shape_of(function, paged=False)}[{result.format(item)}]"


def _face_class(service: Mapping[str, Any], face: str, result: str, iteration: str) -> str:
    name, word = service["class"], face.lower()
    base = f"{face}{_BASES.get(name, 'Service')}[core.Async{name}]"
    lines = [f'class {name}({base}):\n    """The {service["service"]} service; see `Async{name}`."""\n']
    lines.append(f"    _CORE = core.Async{name}")
    for function in service["functions"]:
        lines.append(_row(name, function["name"], _typed(name, function, result), f"{word}_call"))
        if is_paged(function):
            iterator = iterator_name(name, function["name"])
            lines.append(_row(name, iterator, _iterated(name, function, iteration), f"{word}_items"))
    return "\n".join(lines)


def _row(service: str, name: str, typed: str, maker: str) -> str:
    line = f"    {name}: {typed} = {maker}(core.Async{service}.{name})"
    if len(line) <= _WIDTH:
        return line
    if len(f"    {name}: {typed} = {maker}(") <= _WIDTH:
        return f"    {name}: {typed} = {maker}(\n        core.Async{service}.{name}\n    )"
    return f"    {name}: {typed} = (\n        {maker}(core.Async{service}.{name})\n    )"


def blocking_module(table: Mapping[str, Any]) -> str:
    """Return ``_blocking_services.py``."""
    doc = "The blocking face: a table of the cores' functions for each service."
    imports = (
        "from collections.abc import Iterator",
        "from typing import TYPE_CHECKING, Any",
        "",
        "from buildyard.taskcluster import _services as core",
        "from buildyard.taskcluster._blocking import BlockingArtifacts, BlockingService",
        "from buildyard.taskcluster._operations import blocking_call, blocking_items",
        "",
        *_FOR_TYPES,
        "",
        "",
    )
    classes = [_face_class(service, "Blocking", "{}", "Iterator[{}]") for service in table["services"]]
    return _module(doc, imports, _joined(classes), noqa="N815")


def deferred_module(table: Mapping[str, Any]) -> str:
    """Return ``_deferred_services.py``."""
    doc = "The Twisted face: a table of the cores' functions for each service."
    imports = (
        "from typing import TYPE_CHECKING, Any",
        "",
        "from buildyard.faces.deferred import DeferredIterator",
        "from buildyard.taskcluster import _services as core",
        "from buildyard.taskcluster._deferred import DeferredArtifacts, DeferredService",
        "from buildyard.taskcluster._operations import deferred_call, deferred_items",
        "",
        "if TYPE_CHECKING:",
        "    from twisted.internet.defer import Deferred",
        "",
        *_FOR_TYPES[1:],
        "",
        "",
    )
    classes = [
        _face_class(service, "Deferred", "Deferred[{}]", "DeferredIterator[{}]") for service in table["services"]
    ]
    return _module(doc, imports, _joined(classes), noqa="N815")


def aio_module(table: Mapping[str, Any]) -> str:
    """Return ``aio/_services.py``."""
    doc = "The asyncio face: the cores with a transport of their own."
    imports = (
        "from buildyard.taskcluster import _services as core",
        "from buildyard.taskcluster.aio._base import AsyncioArtifacts, AsyncioService",
        "",
        "",
    )
    classes = [
        f"class {name}(Asyncio{_BASES.get(name, 'Service')}, core.Async{name}):\n"
        f'    """The {service["service"]} service; see `Async{name}`."""'
        for service in table["services"]
        for name in [service["class"]]
    ]
    return _module(doc, imports, _joined(classes))


# --- the events ----------------------------------------------------------------------------------


def events_module(table: Mapping[str, Any]) -> str:
    """Return ``_events.py``: the exchanges, and the types of their routing keys."""
    doc = (
        "The exchanges that Taskcluster's services publish on: a method gives the pattern to bind a queue with.\n\n"
        "Keys that are not given match anything.  `_exchanges` makes the patterns."
    )
    imports = (
        "from typing import Protocol, overload",
        "",
        "from buildyard.taskcluster._exchanges import Binding, Events, Exchange, Keys, Word, exchange",
        "",
    )
    shapes = {_key_shape(entry): entry for group in table["events"] for entry in group["exchanges"]}
    protocols = [_key_protocol(shapes[name]) for name in sorted(shapes)]
    texts = "\n".join(_key_text_line(shapes[name]) for name in sorted(shapes))
    return _module(
        doc, [*imports, texts, "", ""], _joined([*protocols, *map(_events_class, table["events"])]), noqa="N803, N815"
    )


def _key_names(entry: Mapping[str, Any]) -> list[str]:
    return [re.split(r"[=.]", word)[0] for word in entry["key"]]


def _key_shape(entry: Mapping[str, Any]) -> str:
    told = [name for name in _key_names(entry) if name not in ("routingKeyKind", "reserved")]
    named = [told[0], told[-1]] if len(told) > 1 else told or ["any"]
    return "".join(name[:1].upper() + name[1:] for name in named) + "Keys"


def _key_protocol(entry: Mapping[str, Any]) -> str:
    """Return the type of a method that takes these keys."""
    keywords = "".join(f"        {name}: Word | None = None,\n" for name in _key_names(entry))
    return (
        f'class {_key_shape(entry)}(Protocol):\n    """Keys of an exchange."""\n\n'
        "    @overload\n    def __call__(self, keys: str | Keys, /) -> Binding: ...\n"
        f"    @overload\n    def __call__(\n        self,\n        *,\n{keywords}    ) -> Binding: ..."
    )


def _key_text_line(entry: Mapping[str, Any]) -> str:
    line = f'{_key_text(entry)} = "{" ".join(entry["key"])}"'
    if len(line) <= _WIDTH:
        return line
    inner = f'    "{" ".join(entry["key"])}"'
    if len(inner) > _WIDTH:
        inner = f'    "{" ".join(entry["key"][:6])}"\n    " {" ".join(entry["key"][6:])}"'
    return f"{_key_text(entry)} = (\n{inner}\n)"


def _key_text(entry: Mapping[str, Any]) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", f"_{_key_shape(entry)}").upper()


def _events_class(group: Mapping[str, Any]) -> str:
    doc = f'    """Exchanges of the {group["service"]} service."""'
    head = f'class {group["class"]}(Events):\n{doc}\n\n    EXCHANGE_PREFIX = "{group["prefix"]}"\n'
    return head + "".join(map(_events_row, group["exchanges"]))


def _events_row(entry: Mapping[str, Any]) -> str:
    made = f'Exchange.of("{entry["name"]}", "{entry["exchange"]}", {_key_text(entry)})'
    doc = _indented(f"{entry['summary']}\n\nMessages as schema ``{entry['schema']}``.")
    return f"\n    {entry['name']}: {_key_shape(entry)} = exchange(\n        {made},\n        {doc},\n    )\n"


def release_module(table: Mapping[str, Any]) -> str:
    """Return ``_release.py``."""
    doc = "The release of Taskcluster whose functions and exchanges the classes have."
    return _module(doc, (), f'API_VERSION = "{table["release"]}"')


def modules() -> dict[Path, str]:
    """Return the text of each generated module."""
    table = read_table()
    return {
        CLIENT / "_calls.py": calls_module(table),
        CLIENT / "_services.py": services_module(table),
        CLIENT / "_blocking_services.py": blocking_module(table),
        CLIENT / "_deferred_services.py": deferred_module(table),
        CLIENT / "_release.py": release_module(table),
        CLIENT / "_events.py": events_module(table),
        CLIENT / "aio" / "_services.py": aio_module(table),
    }


def main(arguments: list[str]) -> int:
    """Write the modules, or with ``--check`` tell which differ; return an exit code."""
    made = modules()
    different = [path for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in arguments:
        print("\n".join(f"{path.relative_to(CLIENT)} differs from its table" for path in different) or "all as written")
        return 1 if different else 0
    for path in different:
        path.write_text(made[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
