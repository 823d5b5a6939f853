"""A caller of a hub's Marconi server over real HTTP, for tests that start and kill hubs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import urllib3

#: What a hub of these tests is set to: times short enough to wait for.
SETTINGS: Mapping[str, object] = {
    "marconi.min_message_ttl": 1,
    "marconi.min_claim_ttl": 1,
    "marconi.min_claim_grace": 0,
}


class Caller:
    """One program that calls a hub, over one connection that is kept."""

    def __init__(self, url: str, client_id: str = "3381af922b9e11e3b19171861300734c", project: str = "demo") -> None:
        self.url = url
        self._headers = {"Client-ID": client_id, "X-Project-ID": project}
        self._pool = urllib3.PoolManager(retries=False, timeout=20.0, maxsize=1)

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> urllib3.BaseHTTPResponse:
        """Send a request; a body that is neither bytes nor an iterator is sent as JSON."""
        data = body if body is None or isinstance(body, bytes) or hasattr(body, "__next__") else json.dumps(body)
        return self._pool.request(method, self.url + path, body=data, headers=self._headers | dict(headers or {}))

    def post(self, *bodies: object, queue: str = "q", ttl: int = 900) -> list[str]:
        """Post messages; return their ids, once the hub has said that it has them."""
        posted = {"messages": [{"body": body, "ttl": ttl} for body in bodies]}
        answer = self.ask("POST", f"/v2/queues/{queue}/messages", posted)
        assert answer.status == 201, answer.data
        return [href.rpartition("/")[2] for href in answer.json()["resources"]]

    def claim(self, limit: int = 10, queue: str = "q", **terms: int) -> tuple[str, list[dict[str, Any]]]:
        """Return a claim's address and its messages; nothing where there are none."""
        answer = self.ask("POST", f"/v2/queues/{queue}/claims?limit={limit}", terms or None)
        assert answer.status in (201, 204), answer.data
        return answer.headers.get("location", ""), answer.json()["messages"] if answer.status == 201 else []

    def there(self, queue: str = "q") -> dict[str, Any]:
        """Return the bodies of all messages of a queue, claimed or not, by their ids."""
        found: dict[str, Any] = {}
        href = f"/v2/queues/{queue}/messages?echo=true&include_claimed=true&limit=20"
        while True:
            page = self.ask("GET", href).json()
            if not page["messages"]:
                return found
            found |= {message["id"]: message["body"] for message in page["messages"]}
            href = page["links"][0]["href"]

    def close(self) -> None:
        """Let go of the connection."""
        self._pool.clear()
