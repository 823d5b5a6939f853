"""A connection of the Marconi client over a script, and what an identity service would say in it."""

from __future__ import annotations

from datetime import UTC, datetime

from buildyard.faces.scripted import SCRIPT_START, ScriptedTransport, answer
from buildyard.marconi import Connection
from buildyard.retry import Retry

URL = "http://marconi.example"


def connected(*script, user="tacocat", **options):
    """A connection over this script, which retries at once, and the script."""
    transport = ScriptedTransport(*script)
    given = {"retry": Retry(first=0.1, jitter=0)} | options
    return Connection(user, transport=transport, **given), transport


def token_answer(token="tok", seconds=3600, project="p1", at=SCRIPT_START, catalog=None, **headers):
    """Keystone's answer with a token that lives so long."""
    endpoints = [{"interface": "public", "region_id": "One", "url": URL}]
    body = {
        "token": {
            "user": {"id": "u1", "name": "tacocat"},
            "issued_at": stamp(at),
            "expires_at": stamp(at + seconds),
            "catalog": catalog if catalog is not None else [{"type": "messaging", "endpoints": endpoints}],
        }
    }
    if project:
        body["token"]["project"] = {"id": project, "name": "demo"}
    return answer(201, headers=[("X-Subject-Token", token), *headers.items()], json=body)


def stamp(seconds):
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def tokens(script):
    """The token of each request that was sent to the service."""
    sent = [request for request in script.requests if "/auth/tokens" not in request.url]
    return [dict(request.headers).get("X-Auth-Token") for request in sent]
