"""The reference page of the hub's addresses: its tables from the routes themselves, its words from here.

`reference` writes it.  A route without words here is an error, so that none goes undocumented.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from starlette.routing import BaseRoute, Route

from buildyard.farm import api
from buildyard.farm.index import serve as index
from buildyard.farm.queue.http.addresses import ADDRESSES, Resource
from buildyard.farm.queue.http.call import Handler
from buildyard.farm.services import http as services
from buildyard.farm.tasks.routing import ServiceRoutes
from buildyard.farm.web import app as web

_HEAD = """\
Everything a hub answers. JSON is snake_case below `/api/farm`, and Taskcluster's own below the other `/api`. Keys are
only ever added. Times are ISO 8601 in UTC, or seconds since 1970 where a number; sizes are bytes.

A hub on a loopback address lets its own machine read everything and ask for packages without credentials. On any other
address every request needs them: signed with [Hawk](https://github.com/mozilla/hawk/blob/main/API.md) as Taskcluster's
clients do it, or, for pip and uv, by basic authentication with client id and access token. Below `/v1`, `/v1.1` and
`/v2` it is a token of `/v3/auth/tokens`.

An error is `application/problem+json` (RFC 9457): `title`, `status`, a `code` for scripts, and where they help
`detail`, `facts` and `next`, what to do. Taskcluster's services answer errors in Taskcluster's form, Marconi's in
Zaqar's, and `/v3` in Keystone's.
"""

#: What each address of the farm's own API does.
_API = {
    "/ping": "Who answers: `alive`, `version`, `state_id`, `uptime_s`",
    "POST /requests": "Ask for wheels: `requirements` (PEP 508), if wanted `abis`, `deps`, `again`; gives the `id`",
    "/requests/{number}": "A request: `state` (asked, planned, failed), `reason`, `detail`, and its `builds`",
    "/status": "The farm at this moment, as `buildyard status --json` prints it",
    "/packages/{name}/explain": "Why each build of a package is as it is",
    "/builds/{number}": "One build, with the result of its last run",
    "POST /builds/{number}/retry": "Queue a failed build again",
    "/builds/{number}/log": "Its log as `text/plain`, with ranges; `?follow=1&start=N` goes on until the run has ended",
    "/events": "What follows event `?after=N`, at most `limit`; `topic=build.#` is a binding; `wait=SECONDS` waits",
    "/builders": "Every builder that has said hello",
}

_INDEX = {
    "/simple": "To `/simple/`",
    "/simple/": "All projects: HTML or JSON as the client prefers (PEP 503, 691)",
    "/simple/{name}": "To `/simple/{name}/`, the name normalised",
    "/simple/{name}/": "A project's files",
    "/simple/{name}/{filename}": "A wheel, with ranges; with `.metadata` at its end, its METADATA (PEP 658)",
}

_WEB = {
    "/": "The overview",
    "/packages": "Packages; `?q=` searches",
    "/project/{name}": "A package",
    "/project/{name}/": "A package",
    "/project/{name}/json": "A package, as JSON",
    "/builds": "Builds; filters in the query",
    "/builds/{number}": "A build, with its log",
    "/builds/{number}/log": "Its log as `text/plain`",
    "/builders": "Builders",
    "/builders/{name}": "One builder",
    "/events": "Events",
    "/events/stream": "Events as they happen, as server-sent events; `Last-Event-ID` replays what was missed",
    "/request": "Ask for packages",
    "POST /request": "Ask for packages, from the form",
    "POST /builds/{number}/retry": "Queue a failed build again, from the form",
    "/static/{name}": "Styles and scripts",
    "/favicon.ico": "The icon",
}


def http_page(note: str) -> str:
    """Return the page of all addresses."""
    # Routes are made of rooms, which only their answers look at.
    nowhere = cast(Any, None)
    farm = _described(api.routes(nowhere), _API, strip=api.PREFIX)
    simple = _described(index.routes(nowhere), _INDEX)
    pages = _described((route for route in web.routes(nowhere) if not _is_twin(route)), _WEB)
    workers = [
        route for each in services.routes(nowhere, nowhere) if isinstance(each, ServiceRoutes) for route in each.routes
    ]
    listed = "\n".join(_service(prefix, said, workers) for prefix, said in _SERVICES.items())
    return (
        f"# HTTP\n\n{note}\n{_HEAD}\n## The farm: `{api.PREFIX}`\n\n{farm}\n## The index\n\n{simple}\n"
        f"## The pages\n\nEach page has a twin in JSON: by `Accept: application/json`, or with `.json` at its end.\n\n"
        f"{pages}\n{_TASKCLUSTER}\n{listed}\n{_marconi()}"
    )


_MARCONI_HEAD = """\
## Queues: `/v1`, `/v1.1`, `/v2`

The hub is a Marconi server (OpenStack's Zaqar): see [how to use it](../how-to/marconi-server.md), which also says what
Zaqar has and this server has not. Bodies are JSON; an error is `{"title", "description"}`. Addresses in answers are
relative to the host.

| header | |
|---|---|
| `Client-ID` | A program's UUID: its own messages are not shown to it. In v1 to post and to list messages alone |
| `X-Project-ID` | Whose queues are meant, where there is no token. Needed, save in v1 |
| `X-Auth-Token` | A token, whose project wins over `X-Project-ID` |
| `URL-Signature` | With `URL-Expires`, `URL-Methods`, `URL-Paths`, `X-Project-ID`: what `share` gave, not a token |

Every answer has an `x-openstack-request-id`. A store that cannot be reached is a 503.
"""

_IDENTITY = """\
## Tokens: `/v3`

Keystone's identity service, as far as a token needs it; errors are `{"error": {"code", "title", "message"}}`.

|  | address |  |
|---|---|---|
| GET | `/v3` | Which version this is |
| POST | `/v3/auth/tokens` | A token in `X-Subject-Token`, by `password`, `application_credential` or another `token` |
| GET, HEAD | `/v3/auth/tokens` | What the token in `X-Subject-Token` says, to the holder of `X-Auth-Token` |
| DELETE | `/v3/auth/tokens` | End it |
"""


def _marconi() -> str:
    newest = ADDRESSES["v2"]
    parts = [f"### v2\n\n{_table(('', 'address', ''), _operations(newest))}"]
    for version in ("v1.1", "v1"):
        own = ADDRESSES[version]
        gone = ", ".join(f"`{path}`" for path in newest if path not in own and not newest[path].absent)
        rows = _table(("", "address", ""), _operations(own, newest))
        parts.append(f"### {version}\n\nWhat differs from v2. There is no {gone}.\n\n{rows}")
    return "\n".join((_MARCONI_HEAD, *parts, _IDENTITY))


def _operations(resources: Mapping[str, Resource], known: Mapping[str, Resource] | None = None) -> Iterable[str]:
    """Yield a row for each operation that is not known already, in the words of its handler."""
    for path, resource in resources.items():
        before = (known or {}).get(path, Resource())
        if resource.absent and not before.absent:
            yield f"| any | `{path}` | 404: {resource.absent.rstrip('.')} |"
        for method, handler in resource.handlers.items():
            if before.handlers.get(method) is not handler:
                yield f"| {method} | `{path}` | {_said(handler)} |"
        for method in before.handlers:
            if method not in resource.handlers:
                yield f"| {method} | `{path}` | 405 |"


def _said(handler: Handler) -> str:
    first = (handler.__doc__ or "").strip().partition("\n")[0].rstrip(".").replace("``", "`")
    said = first.removeprefix("Answer with ")
    return said[:1].upper() + said[1:]


def _paths(routes: Iterable[BaseRoute], strip: str) -> Iterable[tuple[str, str]]:
    for route in routes:
        assert isinstance(route, Route)
        method = next(iter(sorted((route.methods or set()) - {"HEAD"})))
        yield method, route.path.removeprefix(strip).replace(":int", "").replace(":path", "")


def _described(routes: Iterable[BaseRoute], words: dict[str, str], *, strip: str = "") -> str:
    rows = []
    for method, path in _paths(routes, strip):
        key = path if method == "GET" else f"{method} {path}"
        rows.append(f"| {method} | `{path}` | {words[key]} |")
    return _table(("", "address", ""), rows)


def _service(prefix: str, said: str, routes: Iterable[Route]) -> str:
    own = [route for route in routes if route.path.startswith(f"{prefix}/")]
    rows = [f"| {method} | `{path}` | `{route.name}` |" for route in own for method, path in _paths([route], prefix)]
    title = f"For builders: `{prefix}`" if prefix == api.PREFIX else f"`{prefix}`"
    return f"## {title}\n\n{said}\n\n{_table(('', 'address', 'operation'), rows)}"


_TASKCLUSTER = """\
## Taskcluster's services

The services that follow are Taskcluster's: its clients drive them, and so does [ours](taskcluster.md). Each says in
`/references/SERVICE/v1/api.json` what it has, which is all that is served; `/references/manifest.json` lists these
documents, and the schemas that they name lie below `/schemas`. They need no credentials. Anything else below `/api` is
a 404 whose `message` says where to look. A `%2F` in a parameter is no slash of the address. What a call needs is a
matter of [scopes](../explanation/scopes.md).

Lists come in pages of at most 1000, or of `limit`; `continuationToken` of one page asks for the next.
"""

_SERVICES = {
    "/api/queue/v1": "Tasks: created, claimed by workers, resolved; and their artifacts.",
    "/api/object/v1": """\
What runs produced, by name. An upload sends its bytes inside `createUpload` (`dataInline`, up to 8 KiB) or to the
address that this gives (`putUrl`, good for 45 minutes); who repeats it with the same `uploadId` goes on, anybody else
gets a 409. One that is not finished in a day is given up. A download is an address (`getUrl`, good for two minutes), or
a redirect to it (`simple`). What has expired is forgotten, and its name is free again; its bytes stay on the disk.""",
    "/api/auth/v1": """\
Who may sign requests, and what they may do. Of Taskcluster's functions those are missing that give out credentials of
clouds, GitHub, Sentry and websocktunnel. A change counts at once in the hub that made it, and within
five seconds in other hubs of the same database. Roles may assume each other; only circles that pass on what a star
stands for are refused, as they would not end. Who changed a client, a role or a secret is kept for a year
(`getEntityHistory`, `listAuditHistory`).""",
    "/api/index/v1": """\
Tasks by names that people choose. A task that completes is put under `PATH` by its route `index.PATH`, in the
transaction that resolves it, with the `rank`, `expires` and `data` of its `extra.index`. A higher rank stays; of equal
ones the latest does.""",
    "/api/secrets/v1": """\
Small secrets by name, at most 1 MiB each, [sealed in the database](../explanation/scopes.md#secrets).""",
    api.PREFIX: "What Taskcluster's queue service lacks for builders, in its manner, signed.",
}


def _is_twin(route: BaseRoute) -> bool:
    return isinstance(route, Route) and route.path.endswith(".json")


def _table(head: Sequence[str], rows: Iterable[str]) -> str:
    return f"| {' | '.join(head)} |\n|{'---|' * len(head)}\n" + "\n".join(rows) + "\n"
