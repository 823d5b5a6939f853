"""The status is what the tables say, in a fixed number of statements."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import Connection

from buildyard.farm.builds.status import Status, status
from buildyard.farm.builds.status_values import Bus
from buildyard.farm.events import outbox, relays
from buildyard.farm.events.schemas import BuilderLost

ROOM = (492_000_000_000, 930_000_000_000)


def test_an_empty_farm_has_a_status(connection: Connection, now: float) -> None:
    found = status(connection, now)
    assert (found.counts.building, found.pools, found.asked_ever) == (0, (), False)


def test_json_has_the_documented_shape(connection: Connection, rows: Any, now: float) -> None:
    rows.builder()
    rows.run(rows.build("numpy"), phase="build", phase_started=now - 8)
    rows.failed("cffi")
    told = msgspec.json.decode(msgspec.json.encode(status(connection, now, disk=ROOM)))
    assert told["schema"] == 1
    assert told["at"] == "2026-01-17T14:26:40Z"
    assert told["counts"]["building"] == 1
    assert told["disk"] == {"free_bytes": ROOM[0], "total_bytes": ROOM[1], "floor_bytes": 0}
    assert told["building"][0]["try"] == 1
    assert told["needs_a_look"][0]["class"] == "compile_error"
    assert told["pools"][0]["name"] == "linux-x86_64"


def test_json_decodes_into_the_same_status(connection: Connection, rows: Any, now: float) -> None:
    rows.run(rows.build())
    found = status(connection, now, disk=ROOM)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Status) == found


def test_a_bus_that_is_away_is_told_with_what_waits_for_it(connection: Connection, now: float) -> None:
    relays.begin(connection, UUID(int=7))
    outbox.record(connection, now - 60, [BuilderLost(builder="yard-1", reason="said goodbye")])
    relays.note_trouble(connection, now - 30, "refused")
    assert status(connection, now).bus is None
    with_bus = connection.execution_options(**{outbox.BUS: True})
    assert status(with_bus, now).bus == Bus(waiting=1, oldest_s=60.0, trouble="refused", trouble_s=30.0)


def test_a_build_runs_when_its_run_says_so(connection: Connection, rows: Any, now: float) -> None:
    rows.run(rows.build(), began=31.0, phase="build", phase_started=now - 20)
    (build,) = status(connection, now).building
    assert (build.elapsed_s, build.phase, build.phase_elapsed_s, build.builder) == (31.0, "build", 20.0, "yard-1")


def test_a_build_whose_run_was_given_back_waits(connection: Connection, rows: Any, now: float) -> None:
    rows.run(rows.build(), state="pending", started=None)
    found = status(connection, now)
    assert (found.counts.building, found.counts.queued) == (0, 1)


def test_the_oldest_run_comes_first(connection: Connection, rows: Any, now: float) -> None:
    rows.run(rows.build("young"), began=5)
    rows.run(rows.build("old"), began=500)
    assert [build.package for build in status(connection, now).building] == ["old", "young"]


def test_usual_is_the_median_of_the_packages_own_builds(connection: Connection, rows: Any, now: float) -> None:
    for nth, took in enumerate((10, 20, 90)):
        rows.built("numpy", version=f"1.{nth}", took=took)
    rows.built("other", took=4000)
    rows.run(rows.build("numpy", version="2"))
    (build,) = status(connection, now).building
    assert (build.usual_s, build.usual_of) == (20, "package")


def test_usual_is_the_pools_where_a_package_was_never_built(connection: Connection, rows: Any, now: float) -> None:
    rows.built("other", took=40)
    rows.run(rows.build("numpy"))
    (build,) = status(connection, now).building
    assert (build.usual_s, build.usual_of) == (40, "pool")


def test_usual_does_not_cross_platforms(connection: Connection, rows: Any, now: float) -> None:
    rows.built("numpy", took=40, platform="linux_riscv64")
    rows.run(rows.build("numpy"))
    (build,) = status(connection, now).building
    assert build.usual_s is None


def test_usual_counts_the_last_ten(connection: Connection, rows: Any, now: float) -> None:
    for nth in range(15):
        rows.built("numpy", version=f"1.{nth}", took=100 if nth < 5 else 10, ago=1000 - nth)
    rows.run(rows.build("numpy", version="2"))
    assert status(connection, now).building[0].usual_s == 10


@pytest.mark.parametrize(("began", "slower"), [(20, False), (24, False), (40, True)])
def test_a_build_clearly_beyond_its_usual_time_is_slower(
    connection: Connection, rows: Any, now: float, began: float, slower: bool
) -> None:
    rows.built("numpy", took=20)
    rows.run(rows.build("numpy", version="2"), began=began)
    assert status(connection, now).building[0].slower is slower


def test_queued_builds_are_counted_by_reason(connection: Connection, rows: Any, now: float) -> None:
    for nth, priority in enumerate((6, 4, 3, 2, 1, 0)):
        rows.build(f"p{nth}", priority=priority)
    (pool,) = status(connection, now).pools
    assert msgspec.to_builtins(pool.queued) == {"asked_for": 2, "needed": 1, "new": 1, "backfill": 2}


def test_a_pool_knows_since_when_the_oldest_waits(connection: Connection, rows: Any, now: float) -> None:
    rows.build("old", created=now - 900)
    rows.build("new", created=now - 5)
    assert status(connection, now).pools[0].oldest_s == 900


def test_a_pool_is_clear_after_its_builds_on_its_slots(connection: Connection, rows: Any, now: float) -> None:
    rows.builder(slots=2)
    rows.built("done", took=30)
    for nth in range(4):
        rows.build(f"p{nth}")
    assert status(connection, now).pools[0].clear_in_s == 60


def test_nobody_knows_when_a_pool_without_builders_is_clear(connection: Connection, rows: Any, now: float) -> None:
    rows.built("done", took=30)
    rows.build("p")
    assert status(connection, now).pools[0].clear_in_s is None


def test_a_pool_with_builders_and_no_work_is_there(connection: Connection, rows: Any, now: float) -> None:
    rows.builder(slots=4, platform="linux_aarch64")
    (pool,) = status(connection, now).pools
    assert (pool.name, pool.slots, pool.busy, pool.oldest_s, pool.clear_in_s) == ("linux-aarch64", 4, 0, None, None)


def test_a_builder_that_does_not_call_is_silent(connection: Connection, rows: Any, now: float) -> None:
    rows.builder("quiet", seen=now - 240)
    found = status(connection, now)
    assert found.builders[0].state == "silent"
    assert found.needs_a_look[0].reason == "quiet has been silent for 4 minutes; its builds go back to the queue"


def test_slots_of_a_silent_builder_do_not_count(connection: Connection, rows: Any, now: float) -> None:
    rows.builder("quiet", seen=now - 240)
    rows.build("p")
    assert status(connection, now).pools[0].slots == 0


def test_a_builder_that_said_goodbye_needs_no_look(connection: Connection, rows: Any, now: float) -> None:
    rows.builder("gone", seen=now - 900, left=now - 900)
    found = status(connection, now)
    assert (found.builders[0].state, found.needs_a_look) == ("gone", ())


def test_failures_of_one_cause_are_one_row(connection: Connection, rows: Any, now: float) -> None:
    for abi in ("cp313", "cp39", "cp310"):
        rows.failed("cffi", abi)
    (cause,) = status(connection, now).needs_a_look
    assert (cause.abis, cause.packages, len(cause.builds)) == (("cp39", "cp310", "cp313"), 1, 3)


def test_failures_of_several_packages_may_have_one_cause(connection: Connection, rows: Any, now: float) -> None:
    rows.failed("cffi", ago=50)
    rows.failed("lxml", ago=10)
    (cause,) = status(connection, now).needs_a_look
    assert (cause.package, cause.packages) == ("lxml", 2)


def test_what_is_tried_again_needs_no_look(connection: Connection, rows: Any, now: float) -> None:
    rows.build(state="will_retry", kind="network", reason="upstream closed the connection", try_at=now + 60)
    found = status(connection, now)
    assert (found.counts.will_retry, found.needs_a_look) == (1, ())


def test_a_request_that_could_not_be_planned_needs_a_look(connection: Connection, rows: Any, now: float) -> None:
    detail = '{"code":"unknown_package","next":"buildyard request numpy"}'
    number = rows.request("numpyy", state="failed", reason='no package is called "numpyy"', detail=detail)
    (cause,) = status(connection, now).needs_a_look
    assert (cause.request, cause.kind, cause.next) == (number, "unknown_package", "buildyard request numpy")


def test_the_last_day_is_counted_by_hour(connection: Connection, rows: Any, now: float) -> None:
    rows.built("now", ago=1)
    rows.built("before", ago=7200)
    rows.built("long ago", ago=90_000)
    found = status(connection, now)
    assert found.last_24h.built == 2
    assert [(nth, hour.built) for nth, hour in enumerate(found.hours) if hour.built] == [(21, 1), (23, 1)]


def test_an_hour_knows_its_main_cause_of_failure(connection: Connection, rows: Any, now: float) -> None:
    for nth in range(3):
        rows.failed(f"p{nth}", kind="network", ago=1)
    rows.failed("other", ago=1)
    assert (status(connection, now).hours[-1].failed, status(connection, now).hours[-1].cause) == (4, "network")


def test_the_number_of_statements_does_not_grow_with_the_farm(
    connection: Connection, rows: Any, now: float, statements: list[str]
) -> None:
    rows.builder()
    rows.run(rows.build("numpy"))
    rows.failed("cffi")
    statements.clear()
    status(connection, now)
    few = len(statements)
    for nth in range(20):
        rows.builder(f"b{nth}", platform=f"linux_m{nth}")
        rows.run(rows.build(f"r{nth}", platform=f"linux_m{nth}"), builder=f"b{nth}")
        rows.built(f"d{nth}", platform=f"linux_m{nth}")
        rows.failed(f"f{nth}", reason=f"because {nth}")
    statements.clear()
    status(connection, now)
    assert len(statements) == few <= 16
