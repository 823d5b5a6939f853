"""How long builds usually take: the median of a package's last builds, or else of its platform's.

Reads `builds` and what their results say of the phases.  `status` measures running builds against it and estimates
when a pool is clear; the build page draws its phases in these proportions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from statistics import median
from typing import Any, Literal

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, func, select, union_all

from buildyard.farm.store.tables import builds
from buildyard.farm.wire import PHASES, PhaseRecord

#: "Usually" is the median of this many durations.
USUAL_OF = 10

#: Shares of a build's time by phase where nothing was built yet: mostly it compiles.
DEFAULT_SHARES = (0.05, 0.1, 0.65, 0.04, 0.11, 0.05)

_NEVER_LESS = 0.02

#: A package (normalised) on a platform.
Pair = tuple[str, str]


class Usual(Struct, frozen=True, kw_only=True):
    """What is usual for one package on one platform."""

    seconds: float  #: the median duration
    shares: tuple[float, ...] = DEFAULT_SHARES  #: of `wire.PHASES`, in order, 1 in all
    of: Literal["package", "pool"] = "package"  #: whose builds it was learnt from


class _Went(Struct, frozen=True, kw_only=True):
    """The part of a `wire.BuildResult` that matters here."""

    phases: tuple[PhaseRecord, ...] = ()


def usual(connection: Connection, pairs: Iterable[Pair]) -> dict[Pair, Usual]:
    """Return what is usual for each pair, from its own last builds or else its platform's; absent where both lack.

    Two statements, however many pairs there are.
    """
    wanted = set(pairs)
    known = of_packages(connection, wanted)
    pools = of_pools(connection, {platform for _, platform in wanted - known.keys()})
    return known | {pair: pools[pair[1]] for pair in wanted - known.keys() if pair[1] in pools}


def of_packages(connection: Connection, pairs: Collection[Pair]) -> dict[Pair, Usual]:
    """Return what is usual for the pairs that were ever built."""
    if not pairs:
        return {}
    nth = func.row_number().over(partition_by=[builds.c.package, builds.c.platform], order_by=builds.c.finished.desc())
    recent = (
        select(builds.c.package, builds.c.platform, builds.c.started, builds.c.finished, builds.c.result)
        .add_columns(nth.label("nth"))
        .where(builds.c.package.in_(sorted({package for package, _ in pairs})))
        .where(builds.c.state == "built", builds.c.started.is_not(None))
        .subquery()
    )
    samples: dict[Pair, list[Row[Any]]] = {}
    for row in connection.execute(select(recent).where(recent.c.nth <= USUAL_OF)):
        samples.setdefault((row.package, row.platform), []).append(row)
    return {pair: _learnt(rows, "package") for pair, rows in samples.items() if pair in pairs}


def of_pools(connection: Connection, platforms: Collection[str]) -> dict[str, Usual]:
    """Return what is usual on each platform where something was ever built."""
    if not platforms:
        return {}
    newest = [
        select(builds.c.platform, builds.c.started, builds.c.finished, builds.c.result)
        .where(builds.c.state == "built", builds.c.platform == platform, builds.c.started.is_not(None))
        .order_by(builds.c.id.desc())
        .limit(USUAL_OF)
        .subquery()
        for platform in sorted(platforms)
    ]
    samples: dict[str, list[Row[Any]]] = {}
    for row in connection.execute(union_all(*(select(one) for one in newest))):
        samples.setdefault(row.platform, []).append(row)
    return {platform: _learnt(rows, "pool") for platform, rows in samples.items()}


def _learnt(rows: Sequence[Row[Any]], of: Literal["package", "pool"]) -> Usual:
    durations = [row.finished - row.started for row in rows]
    phases = [msgspec.json.decode(row.result, type=_Went).phases for row in rows if row.result]
    return Usual(seconds=median(durations), shares=_shares([one for one in phases if one]), of=of)


def _shares(went: Sequence[Sequence[PhaseRecord]]) -> tuple[float, ...]:
    """Return each phase's median share, none so small that it could not be seen."""
    if not went:
        return DEFAULT_SHARES
    taken: list[dict[str, float]] = [{phase.name: phase.elapsed_s for phase in one} for one in went]
    middles = [median(one.get(name, 0.0) for one in taken) for name in PHASES]
    whole = sum(middles)
    if whole <= 0:
        return DEFAULT_SHARES
    floored = [max(middle / whole, _NEVER_LESS) for middle in middles]
    return tuple(share / sum(floored) for share in floored)
