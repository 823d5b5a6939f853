"""What Zaqar 23 answered, record by record, against our server: the same, save for what `OTHERWISE` lists.

The records share ids and were made in file order, with steps between them that were not recorded; `BETWEEN` has those.
Ids are opaque, so ours are bound to Zaqar's where they first appear, and used in their stead from then on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from support.marconi import Answer, Server, serving

RECORDS = [json.loads(line) for line in (Path(__file__).parents[1] / "golden/zaqar.jsonl").read_text().splitlines()]
WHEN = datetime(2026, 11, 22, 4, 30, 27, tzinfo=UTC).timestamp()
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

#: Where we answer otherwise on purpose: why, our status, and what our body has to hold.
OTHERWISE: dict[str, tuple[str, int, Callable[[Any], bool]]] = {
    "home-v1.1": ("v1.1 is served here", 200, lambda told: "rel/queues" in told["resources"]),
    "v1-home": ("v1 is served here", 200, lambda told: "rel/queue_metadata" in told["resources"]),
    "v1.1-post": ("v1.1 is served here", 201, lambda told: len(told["resources"]) == 2),
    "v1-post": ("v1 wants its queue made first", 404, lambda told: told["title"] == "Not found"),
    "queues-list-end": ("after the last queue there is none", 200, lambda told: told == {"queues": [], "links": []}),
    "queues-list-name": ("the name is looked for", 200, lambda told: _names(told) == ["golden-meta"]),
    "list-include-claimed": (
        "include_claimed works",
        200,
        lambda told: [message["body"] for message in told["messages"]] == [{"n": 1}, {"n": 2}],
    ),
    "stats": ("a claim is counted in any queue", 200, lambda told: told["messages"]["oldest"]["claim_count"] == 1),
    "stats-claimed": ("a claim is counted in any queue", 200, lambda told: told["messages"]["claimed"] == 1),
    "pop-2": (
        "what somebody holds is not popped; a pop is no claim, and says how often a message was claimed",
        200,
        lambda told: (
            [(one["body"], one["claim_id"], one["claim_count"]) for one in told["messages"]]
            == [(1, None, 1), ([3, None], None, 0)]
        ),
    ),
    "flavors-admin": ("the 404 says why", 404, lambda told: "one store" in told["description"]),
    "pools": ("the 404 says why", 404, lambda told: "one store" in told["description"]),
    **{
        f"sub-{name}": ("there are no subscriptions", 404, lambda told: "no notifications" in told["description"])
        for name in ("create", "mailto", "bad", "list", "delete", "404")
    },
}


def _names(told: Any) -> list[str]:
    return [queue["name"] for queue in told["queues"]]


class Ids:
    """Zaqar's ids and ours."""

    def __init__(self) -> None:
        self._ours: dict[str, str] = {}
        self._bound: dict[str, str] = {}

    def in_path(self, path: str) -> str:
        return re.sub(_UUID, lambda found: self._ours.get(found[0], found[0]), path)

    def bind(self, theirs: str, ours: str) -> None:
        self._ours[theirs] = ours

    def same(self, theirs: Any, ours: Any) -> bool:
        """Tell whether two answers are the same but for ids; binds those, anew where `BETWEEN` made things anew."""
        self._bound = {}
        is_same = self._same(theirs, ours)
        self._ours |= self._bound
        return is_same

    def _same(self, theirs: Any, ours: Any) -> bool:
        if isinstance(theirs, dict):
            return (
                isinstance(ours, dict)
                and theirs.keys() == ours.keys()
                and all(self._same(theirs[key], ours[key]) for key in theirs)
            )
        if isinstance(theirs, list):
            return isinstance(ours, list) and len(theirs) == len(ours) and all(map(self._same, theirs, ours))
        if isinstance(theirs, str) and isinstance(ours, str):
            return self._same_text(theirs, ours)
        return bool(theirs == ours)

    def _same_text(self, theirs: str, ours: str) -> bool:
        pattern = re.sub(_UUID, "([0-9a-f]+)", re.escape(theirs).replace(r"\-", "-"))
        found = re.fullmatch(pattern, ours)
        if found is None:
            return False
        bound = zip(re.findall(_UUID, theirs), found.groups(), strict=True)
        return all(self._bound.setdefault(name, mine) == mine for name, mine in bound)


def _fill(server: Server, ids: Ids) -> None:
    """Zaqar's queue as it was when it was listed: 35 messages, of which three are the first."""
    server.ask("DELETE", "/v2/queues/golden-q", project="golden")
    first = [{"k": "hé 🦀", "n": 1}, 1, "two", [3, None]]
    posted = [{"body": body, "ttl": 300} for body in first] + [{"body": n, "ttl": 60} for n in range(-10, 21)]
    answer = server.ask("POST", "/v2/queues/golden-q/messages", {"messages": posted}, project="golden")
    ids.bind("50a7e521-27bb-402c-87ae-d2353145334f", answer.json["resources"][3].rpartition("/")[2])


def _patch(server: Server, ids: Ids) -> None:
    server.ask("PUT", "/v2/queues/golden-2", project="golden")
    changes = [
        {"op": "replace", "path": "/metadata/colour", "value": "blue"},
        {"op": "add", "path": "/metadata/new", "value": 1},
        {"op": "remove", "path": "/metadata/n"},
    ]
    kind = {"Content-Type": "application/openstack-messaging-v2.0-json-patch"}
    patched = server.ask("PATCH", "/v2/queues/golden-meta", changes, project="golden", headers=kind)
    assert patched.json["colour"] == "blue"


#: Steps that were not recorded, before the record of this name.
BETWEEN: dict[str, Callable[[Server, Ids], object]] = {
    "queues-list": _patch,
    "list-own": _fill,
    "post-two": lambda server, ids: server.ask("DELETE", "/v2/queues/golden-2", project="golden"),
    "pop-empty": lambda server, ids: server.ask("DELETE", "/v2/queues/golden-2/messages?pop=1", project="golden"),
}


def test_every_recorded_exchange_is_answered_as_zaqar_did(tmp_path: Path) -> None:
    ids, wrong = Ids(), []
    with serving(f"sqlite:///{tmp_path / 'yard.sqlite'}", now=WHEN) as server:
        for record in RECORDS:
            name = record["id"].removeprefix("zaqar/")
            BETWEEN.get(name, lambda *_: None)(server, ids)
            answer = _replayed(server, record, name, ids)
            if not _as_recorded(record["response"], answer, name, ids):
                wrong.append((name, record["response"], answer))
    assert wrong == []


def _replayed(server: Server, record: dict[str, Any], name: str, ids: Ids) -> Answer:
    request = record["request"]
    body = request.get("body", "").encode()
    if name == "post-oversize":  # the record is cut
        body = body.replace(b"xxxxxxxx", b"x" * 262_144)
    headers = {"Host": "127.0.0.1:8765", **request["headers"]}
    return server.send(request["method"], ids.in_path(request["path"]), headers, body)


def _as_recorded(theirs: dict[str, Any], ours: Answer, name: str, ids: Ids) -> bool:
    if name in OTHERWISE:
        _, status, holds = OTHERWISE[name]
        return ours.status == status and holds(ours.json)
    body = json.loads(theirs["body"]) if theirs.get("body") else None
    return (
        ours.status == theirs["status"]
        and ids.same(_timeless(body), _timeless(ours.json))
        and all(ids.same(value, ours.headers.get(key)) for key, value in theirs["headers"].items())
    )


def _timeless(told: Any) -> Any:
    """Leave out what the time of recording makes."""
    if isinstance(told, dict):
        return {key: _timeless(value) for key, value in told.items() if key not in ("created", "age")}
    return [_timeless(value) for value in told] if isinstance(told, list) else told


def test_what_we_answer_otherwise_is_recorded() -> None:
    assert OTHERWISE.keys() <= {record["id"].removeprefix("zaqar/") for record in RECORDS}
