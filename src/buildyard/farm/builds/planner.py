"""The hub's planner: takes each request that was asked and writes what it comes to.

One loop body, `look`, plans one request at a time.  A request waits while no builder is known, and is tried again while
upstream does not answer; one that cannot be planned at all fails with its reason.  The network is asked outside any
transaction, and the transaction at the end is all or nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select, update

from buildyard.errors import BuildyardError
from buildyard.farm.abi import sorted_abis
from buildyard.farm.builds import enqueue, views
from buildyard.farm.builds.decisions import UnknownVersion
from buildyard.farm.builds.plan import Existing
from buildyard.farm.builds.planning import Asked, RequestPlanner
from buildyard.farm.builds.requirements import BadRequirement
from buildyard.farm.builds.resolve import Resolver
from buildyard.farm.builds.uv import ResolverFailed, ResolverTimeout
from buildyard.farm.events.outbox import record
from buildyard.farm.events.schemas import RequestFailed
from buildyard.farm.settings import Settings
from buildyard.farm.store.base import Store
from buildyard.farm.store.errors import StoreError
from buildyard.farm.store.tables import builds, files, requests
from buildyard.farm.upstream.errors import UnknownPackage, UpstreamError, UpstreamUnreachable
from buildyard.farm.upstream.opening import open_client
from buildyard.farm.upstream.pipconfig import pip_index
from buildyard.farm.upstream.sdists import requirements_of
from buildyard.farm.wire import InterpreterInfo

log = logging.getLogger(__name__)

NO_BUILDERS = "waits for a builder; none has said hello yet"

#: Seconds before upstream is asked again, and how often before the request fails.
_BACK_OFF_S = (2.0, 10.0, 60.0, 300.0)
_NO_BUILDERS_PAUSE_S = 300.0


class NoSuchInterpreter(BuildyardError):
    """No builder has the interpreter that was asked for.  Ask for one of ``there``, or start a builder that has it."""

    def __init__(self, asked: Sequence[str], there: Sequence[str]) -> None:
        super().__init__(f"no builder has {' or '.join(asked)}; there are {', '.join(there)}")
        self.asked = tuple(asked)
        self.there = tuple(there)


#: What asking again does not mend: the request fails, with the reason.
_REFUSALS = (BadRequirement, NoSuchInterpreter, UpstreamError, UnknownVersion, ResolverFailed, ResolverTimeout)


class Planner:
    """Plans what people ask for, one request after the other."""

    def __init__(self, store: Store, settings: Settings, clock: Callable[[], float]) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._planning: RequestPlanner | None = None
        self._close: Callable[[], Any] | None = None

    async def look(self) -> int:
        """Plan the oldest request whose time has come; return 0 where there is none."""
        now = self._clock()
        row = await self._store.read(lambda connection: _next(connection, now))
        if row is None:
            return 0
        known = await self._store.read(views.known_interpreters)
        if not any(known.values()):
            await self._postpone(row, NO_BUILDERS, _NO_BUILDERS_PAUSE_S)
            return 1
        try:
            await self._plan(row, _wanted(row, known))
        except UpstreamUnreachable as error:
            await self._again(row, error)
        except _REFUSALS as error:
            await self._fail(row, error)
        except StoreError:
            raise
        except Exception as error:
            # A fault of ours must not keep the requests behind this one waiting.
            log.exception("request.fault", extra={"request": row.id})
            await self._again(row, UpstreamUnreachable(f"planning it broke: {error}"))
        return 1

    async def next_due(self) -> float | None:
        """Return when a request is tried again, or None."""
        earliest = select(requests.c.try_at).where(requests.c.state == "asked").order_by(requests.c.try_at).limit(1)
        return await self._store.read(lambda connection: connection.execute(earliest).scalar())

    async def close(self) -> None:
        """Close the connections to upstream."""
        if self._close is not None:
            await self._close()

    async def _plan(self, row: Row[Any], interpreters: dict[str, Sequence[InterpreterInfo]]) -> None:
        requirements = msgspec.json.decode(row.requirements, type=list[str])
        asked = Asked(requirements=requirements, interpreters=interpreters, deps=row.deps)
        planned = await self._planner().plan(asked)
        now = self._clock()
        await self._store.write(lambda connection: enqueue.enqueue(connection, now, row.id, planned, again=row.again))
        log.info("request.planned", extra={"request": row.id, "builds": len(planned)})

    def _planner(self) -> RequestPlanner:
        """Return the planner, made when it is first needed: upstream is whatever pip says then."""
        if self._planning is None:
            index = pip_index()
            client = open_client(index, self._settings.cache_dir / "pages")
            resolver = Resolver(
                index, cache_dir=self._settings.uv_cache_dir, read_sdist=partial(requirements_of, client)
            )
            self._planning = RequestPlanner(client, resolver, self._existing)
            self._close = client.close
        return self._planning

    async def _existing(self, package: str) -> list[Existing]:
        return await self._store.read(lambda connection: _existing(connection, package))

    async def _again(self, row: Row[Any], error: UpstreamUnreachable) -> None:
        if row.attempts >= len(_BACK_OFF_S) or not error.may_pass:
            await self._fail(row, error)
            return
        await self._postpone(row, str(error), error.retry_after or _BACK_OFF_S[row.attempts])

    async def _postpone(self, row: Row[Any], reason: str, seconds: float) -> None:
        values = {
            "reason": reason,
            "attempts": row.attempts + (reason != NO_BUILDERS),
            "try_at": self._clock() + seconds,
        }
        change = update(requests).where(requests.c.id == row.id, requests.c.state == "asked").values(values)
        await self._store.write(lambda connection: connection.execute(change))

    async def _fail(self, row: Row[Any], error: BuildyardError) -> None:
        now = self._clock()
        await self._store.write(lambda connection: _fail(connection, now, row, error))
        log.info("request.failed", extra={"request": row.id, "why": str(error)})


def _next(connection: Connection, now: float) -> Row[Any] | None:
    """Return the oldest request to plan; one that waits for a builder is due as soon as one is known."""
    due = requests.c.try_at <= now
    if any(views.known_interpreters(connection).values()):
        due |= requests.c.reason == NO_BUILDERS
    asked = select(requests).where(requests.c.state == "asked", due)
    return connection.execute(asked.order_by(requests.c.id).limit(1)).first()


def _wanted(row: Row[Any], known: dict[str, dict[str, InterpreterInfo]]) -> dict[str, Sequence[InterpreterInfo]]:
    """Return the interpreters this request is for, by platform: those it names, or all that builders have."""
    named = msgspec.json.decode(row.abis, type=list[str])
    there = sorted_abis({abi for by_abi in known.values() for abi in by_abi})
    if missing := [abi for abi in named if abi not in there]:
        raise NoSuchInterpreter(missing, there)
    wanted = set(named or there)
    return {platform: [one for abi, one in by_abi.items() if abi in wanted] for platform, by_abi in known.items()}


def _existing(connection: Connection, package: str) -> list[Existing]:
    query = select(files, builds.c.abi).outerjoin(builds, builds.c.id == files.c.build_id)
    rows = connection.execute(query.where(files.c.package == package)).all()
    return [
        Existing(
            filename=row.filename,
            version=row.version,
            tags=tuple(msgspec.json.decode(row.tags, type=list[str])),
            only_abi=None if row.trusted_none or not _is_none(row.filename) else row.abi,
        )
        for row in rows
    ]


def _is_none(filename: str) -> bool:
    return filename.removesuffix(".whl").split("-")[-2] == "none"


def _fail(connection: Connection, now: float, row: Row[Any], error: BuildyardError) -> None:
    facts: dict[str, object] = {"code": _code(error)}
    if isinstance(error, UnknownPackage):
        facts |= {"package": error.package, "likely": list(error.likely)}
    if isinstance(error, UnknownVersion):
        facts |= {"package": error.package, "specifier": error.specifier, "newest": list(error.newest)}
    values = {"state": "failed", "reason": str(error), "detail": msgspec.json.encode(facts).decode(), "planned": now}
    changed = connection.execute(
        update(requests).where(requests.c.id == row.id, requests.c.state == "asked").values(values)
    ).rowcount
    if changed:
        asked = tuple(msgspec.json.decode(row.requirements, type=list[str]))
        record(connection, now, [RequestFailed(request_id=row.id, requirements=asked, reason=str(error))])


def _code(error: BuildyardError) -> str:
    """Return the error's word for scripts: ``unknown_package`` of `UnknownPackage`."""
    name = type(error).__name__
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
