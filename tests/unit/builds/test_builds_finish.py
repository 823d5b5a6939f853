"""How builds end: state, file, siblings, and what is tried again."""

import pytest
from sqlalchemy import select

from buildyard.farm.builds import finish
from buildyard.farm.store.tables import dirty_pages, files
from buildyard.farm.store.tables import tasks as tasks_table
from buildyard.farm.tasks import service as tasks
from buildyard.farm.tasks.sweep import expire_claims
from buildyard.farm.wire import FailureKind
from support.farm_rows import (
    NOW,
    built,
    claim,
    complete,
    fail,
    failed,
    farm,
    request,
    row_of,
    settle,
    state_of,
    topics,
    wanted,
    wheel,
)

PURE = "py3-none-any"


def test_a_claimed_build_is_building() -> None:
    with farm() as connection:
        request(connection, wanted())
        claim(connection)
        assert row_of(connection)["builder"] == "yard-1"
        assert state_of(connection) == "building"


def test_a_build_whose_claim_expired_is_queued_again() -> None:
    with farm() as connection:
        request(connection, wanted())
        claim(connection)
        expire_claims(connection, NOW + 3600)
        finish.follow(connection, NOW + 3600)
        assert state_of(connection) == "queued"


def test_a_wheel_becomes_a_file_and_its_page_is_rendered_anew() -> None:
    with farm() as connection:
        request(connection, wanted())
        complete(connection, wheel())
        assert state_of(connection) == "built"
        assert connection.execute(select(files.c.filename)).scalars().all() == [wheel().filename]
        assert connection.execute(select(dirty_pages.c.package)).scalars().all() == ["wrapt"]
        assert topics(connection)[-1] == "build.completed"


def test_settling_twice_changes_nothing() -> None:
    with farm() as connection:
        request(connection, wanted())
        task_id, run_id = claim(connection)
        tasks.report_completed(connection, NOW, task_id, run_id)
        (end,) = finish.ended(connection)
        outcome = finish.Outcome(result=built(wheel()), wheel=wheel())
        assert [finish.finish(connection, NOW, end, outcome) for _ in range(2)] == [True, False]


@pytest.mark.parametrize(
    "record",
    [
        wheel(package="other"),
        wheel(version="9.9"),
        wheel("cp311-cp311-linux_x86_64"),
        wheel("cp312-cp312-linux_aarch64"),
    ],
    ids=["name", "version", "abi", "platform"],
)
def test_a_wheel_that_is_not_the_one_asked_for_is_refused(record: object) -> None:
    with farm() as connection:
        request(connection, wanted())
        complete(connection, record)  # type: ignore[arg-type]
        assert row_of(connection)["kind"] == FailureKind.WRONG_WHEEL
        assert connection.execute(select(files)).all() == []


def test_a_trusted_none_wheel_covers_the_builds_that_waited() -> None:
    with farm() as connection:
        request(connection, wanted(abi="cp313"), wanted(waits_for="cp313"))
        complete(connection, wheel(PURE), abi="cp313", trusted=True)
        assert row_of(connection, "cp312")["covered_by"] == wheel(PURE).filename
        assert state_of(connection, "cp312") == "covered"


def test_an_untrusted_none_wheel_lets_the_others_be_built() -> None:
    with farm() as connection:
        request(connection, wanted(abi="cp313"), wanted(waits_for="cp313"))
        complete(connection, wheel(PURE), abi="cp313", trusted=False)
        assert state_of(connection, "cp312") == "queued"
        assert row_of(connection, "cp312")["waits_for"] is None


def test_an_abi3_wheel_covers_every_interpreter_it_fits_and_no_other() -> None:
    with farm() as connection:
        others = [wanted(abi=abi, waits_for="cp312") for abi in ("cp39", "cp313", "cp313t", "cp38")]
        request(connection, wanted(), *others)
        complete(connection, wheel("cp39-abi3-linux_x86_64"))
        states = {abi: state_of(connection, abi) for abi in ("cp38", "cp39", "cp313", "cp313t")}
        assert states == {"cp38": "queued", "cp39": "covered", "cp313": "covered", "cp313t": "queued"}


def test_a_task_that_is_no_longer_needed_is_cancelled() -> None:
    with farm() as connection:
        request(connection, wanted(), wanted(abi="cp313"))
        complete(connection, wheel("cp39-abi3-linux_x86_64"))
        states = set(connection.execute(select(tasks_table.c.state)).scalars())
        assert states == {"completed", "exception"}
        assert state_of(connection, "cp313") == "covered"


def test_the_others_are_tried_when_the_first_fails() -> None:
    with farm() as connection:
        request(connection, wanted(abi="cp313"), wanted(waits_for="cp313"))
        fail(connection, failed(), abi="cp313")
        claim(connection)
        assert state_of(connection, "cp312") == "building"


def test_a_published_file_never_changes() -> None:
    with farm() as connection:
        request(connection, wanted(abi="cp313"), wanted())
        complete(connection, wheel(PURE), abi="cp313")
        complete(connection, wheel(PURE).__class__(**{**_fields(wheel(PURE)), "sha256": "2" * 64}))
        assert connection.execute(select(files.c.sha256)).scalars().all() == ["1" * 64]
        assert state_of(connection, "cp312") == "covered"


def test_a_failure_says_why_in_the_row_and_in_the_event() -> None:
    with farm() as connection:
        request(connection, wanted())
        fail(connection, failed(reason="no Python.h"))
        row = row_of(connection)
        assert (row["state"], row["kind"], row["reason"], row["final"]) == (
            "failed",
            FailureKind.COMPILE_ERROR,
            "no Python.h",
            True,
        )
        assert topics(connection)[-1] == "build.failed"


def test_a_passing_failure_is_tried_again_later_and_later_and_then_final() -> None:
    with farm() as connection:
        request(connection, wanted())
        now, waits = NOW, []
        for _ in range(4):
            fail(connection, failed(FailureKind.NETWORK), now=now)
            row = row_of(connection)
            waits.append(row["try_at"] and float(str(row["try_at"])) - now)
            now = float(str(row["try_at"] or now)) + 1
            from buildyard.farm.builds.enqueue import requeue_due

            requeue_due(connection, now)
        assert waits == [60.0, 300.0, 1800.0, None]
        assert state_of(connection) == "failed"


def test_a_build_without_a_result_is_tried_again() -> None:
    with farm() as connection:
        request(connection, wanted())
        task_id, run_id = claim(connection)
        tasks.report_completed(connection, NOW, task_id, run_id)
        settle(connection, None)
        assert row_of(connection)["kind"] == FailureKind.INTERNAL
        assert state_of(connection) == "will_retry"


def _fields(record: object) -> dict[str, object]:
    import msgspec

    return msgspec.structs.asdict(record)  # type: ignore[arg-type]
