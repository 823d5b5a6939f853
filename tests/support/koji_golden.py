"""Exchanges recorded from a Koji hub, and a connection that answers from them (`wire/golden/koji.jsonl`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from buildyard import koji
from buildyard.faces.scripted import Answer, ScriptedTransport, answer

GOLDEN = Path(__file__).parents[1] / "wire" / "golden"
RECORDS: dict[str, dict[str, Any]] = {
    record["id"].removeprefix("koji/"): record
    for record in map(json.loads, (GOLDEN / "koji.jsonl").read_text("utf-8").splitlines())
}
MESSAGES = [json.loads(line) for line in (GOLDEN / "koji-messages.jsonl").read_text("utf-8").splitlines()]

PROFILE = koji.Profile(
    name="golden", server="https://hub.example/kojihub", weburl="https://hub.example/koji", cert="/our.pem"
)


def recorded(name: str) -> Answer:
    """The recorded answer of that name."""
    response = RECORDS[name]["response"]
    return answer(response["status"], response.get("body", "").encode(), list(response["headers"].items()))


def sent_body(name: str) -> bytes:
    """The body of the recorded request of that name."""
    body: str = RECORDS[name]["request"].get("body", "")
    return body.encode()


def scripted(*script: Any, **options: Any) -> tuple[koji.Connection, ScriptedTransport]:
    """A blocking connection that gets these answers: recorded ones by their name."""
    transport = ScriptedTransport(*(recorded(line) if isinstance(line, str) else line for line in script))
    return koji.Connection(options.pop("profile", PROFILE), transport=transport, **options), transport
