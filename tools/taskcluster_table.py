"""Taskcluster's functions and exchanges as a table: read from the farm's services, or renewed from a deployment.

``taskcluster_api.json`` has one line a function: its route, what it takes and answers, the scopes it asks for, and a
sentence of ours.  ``python -m tools.taskcluster_table https://tc.example.com`` renews it from that deployment's
``/references`` (or from a file of them, as its sources have one), and keeps what only we know: the sentences, and which
POSTs may be repeated.  `taskcluster_client` makes the client from it.
"""

from __future__ import annotations

import json
import re
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

#: The hub makes its own references with it, so it is part of the package.
TABLE = Path(__file__).resolve().parent.parent / "src/buildyard/farm/services/taskcluster_api.json"

#: What only we know of a function; a renewal keeps it.
_OURS = ("idempotent", "read_seconds", "summary")


def read_table() -> dict[str, Any]:
    """Return the table of this checkout."""
    table: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    return table


def write_table(table: Mapping[str, Any]) -> None:
    """Write the table, one line a function, so that a renewal shows as what it changes."""
    services = ",\n".join(_group(each, "functions") for each in table["services"])
    events = ",\n".join(_group(each, "exchanges") for each in table["events"])
    head = f'{{\n  "release": {json.dumps(table["release"])},\n  "services": [\n'
    TABLE.write_text(f'{head}{services}\n  ],\n  "events": [\n{events}\n  ]\n}}\n', encoding="utf-8")


def _group(group: Mapping[str, Any], key: str) -> str:
    facts = ", ".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in group.items() if name != key)
    lines = ",\n".join(f"      {json.dumps(each)}" for each in group[key])
    return f'    {{{facts}, "{key}": [\n{lines}\n    ]}}'


def documents(source: str) -> Iterator[Mapping[str, Any]]:
    """Yield the API and exchanges references of a deployment (its root URL), or of a file that holds a list of them."""
    if not source.startswith("http"):
        yield from (each["content"] for each in json.loads(Path(source).read_text(encoding="utf-8")))
        return
    root = source.rstrip("/")
    for place in _fetch(f"{root}/references/manifest.json")["references"]:
        yield _fetch(place if place.startswith("http") else f"{root}/{place.lstrip('/')}")


def _fetch(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=30) as response:
        found: dict[str, Any] = json.load(response)
    return found


def renewed(old: Mapping[str, Any], found: Iterator[Mapping[str, Any]], release: str) -> dict[str, Any]:
    """Return the table that these documents give, with what only we know taken from the old one."""
    services: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    for document in found:
        kind = str(document.get("$schema", ""))
        if "/api-reference" in kind:
            services.append(_service(document, _known(old["services"], "functions")))
        elif "/exchanges-reference" in kind:
            events.append(_events(document, _known(old["events"], "exchanges")))
    return {
        "release": release,
        "services": sorted(services, key=lambda each: str(each["class"])),
        "events": sorted(events, key=lambda each: str(each["class"])),
    }


def _known(groups: list[dict[str, Any]], key: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {(group["service"], each["name"]): each for group in groups for each in group[key]}


def _head(document: Mapping[str, Any], suffix: str = "") -> dict[str, Any]:
    service = document["serviceName"]
    name = "".join(word.capitalize() for word in service.split("-")) + suffix
    return {"class": name, "service": service, "version": document.get("apiVersion", "v1")}


def _service(document: Mapping[str, Any], known: Mapping[tuple[str, str], Mapping[str, Any]]) -> dict[str, Any]:
    entries = sorted(document["entries"], key=lambda entry: str(entry["name"]))
    functions = [_function(entry, known.get((document["serviceName"], entry["name"]), {})) for entry in entries]
    return {**_head(document), "functions": functions}


def _function(entry: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    facts = {
        "name": entry["name"],
        "method": entry["method"].upper(),
        "route": entry["route"],
        "query": entry.get("query") or None,
        "input": _schema(entry.get("input")),
        "output": _schema(entry.get("output")),
        "stability": None if entry["stability"] == "stable" else entry["stability"],
        "scopes": entry.get("scopes"),
    }
    ours = {key: known[key] for key in _OURS if key in known}
    return {key: value for key, value in facts.items() if value is not None} | {"summary": _words(entry)} | ours


def _events(document: Mapping[str, Any], known: Mapping[tuple[str, str], Mapping[str, Any]]) -> dict[str, Any]:
    exchanges = []
    for entry in sorted(document["entries"], key=lambda entry: str(entry["name"])):
        ours = known.get((document["serviceName"], entry["name"]), {})
        facts = {
            "name": entry["name"],
            "exchange": entry["exchange"],
            "key": [_word(key) for key in entry["routingKey"]],
        }
        exchanges.append({**facts, "schema": _schema(entry["schema"]), "summary": ours.get("summary", _words(entry))})
    return {**_head(document, "Events"), "prefix": document["exchangePrefix"], "exchanges": exchanges}


def _schema(name: str | None) -> str | None:
    return name.rstrip("#") if name else None


def _word(key: Mapping[str, Any]) -> str:
    """Return one word of a routing key: ``name``, ``name=constant``, and ``.#`` where it may be several words."""
    constant = f"={key['constant']}" if key.get("constant") else ""
    return f"{key['name']}{constant}{'.#' if key.get('multipleWords') else ''}"


def _words(entry: Mapping[str, Any]) -> str:
    """Return the words of a name, for what nobody has described here yet."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", entry["name"]).capitalize() + "."


def main(arguments: list[str]) -> int:
    """Renew the table from the source named; ``--release`` says which release it is."""
    if not arguments:
        print("usage: python -m tools.taskcluster_table ROOT_URL_OR_FILE [RELEASE]", file=sys.stderr)
        return 2
    old = read_table()
    write_table(renewed(old, documents(arguments[0]), (arguments[1:] or [old["release"]])[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
