from __future__ import annotations

import pytest
from sqlalchemy import Connection, insert, select

from buildyard.farm.events import outbox
from buildyard.farm.events.schemas import BuildPhase
from buildyard.farm.store.tables import builds, runs
from buildyard.farm.tasks import progress, service, sweep
from buildyard.farm.tasks.errors import RequestConflict, ResourceNotFound
from buildyard.taskcluster.slugid import slugId
from support.tasks import NOW, claim, make, running, topics


def build_of(connection: Connection, task_id: str) -> None:
    connection.execute(
        insert(builds).values(
            package="six",
            display="six",
            version="1.17.0",
            abi="cp312",
            platform="linux_x86_64",
            state="building",
            source="null",
            task_id=task_id,
            created=NOW,
        )
    )


def phase(connection: Connection) -> tuple[str | None, float | None, int]:
    name, started, size = connection.execute(select(runs.c.phase, runs.c.phase_started, runs.c.log_bytes)).one()
    return name, started, size


def test_a_phase_is_kept_with_its_beginning(connection: Connection) -> None:
    task_id = running(connection)
    progress.enter_phase(connection, NOW + 3, task_id, 0, "build", 2.5, 100)
    assert phase(connection) == ("build", NOW + 2.5, 100)


def test_a_phase_never_begins_in_the_future(connection: Connection) -> None:
    task_id = running(connection)
    progress.enter_phase(connection, NOW + 3, task_id, 0, "build", 99.0, 0)
    assert phase(connection)[1] == NOW + 3


def test_a_phase_of_a_build_is_told_to_the_world(connection: Connection) -> None:
    task_id = running(connection)
    build_of(connection, task_id)
    progress.enter_phase(connection, NOW, task_id, 0, "build", 0.0, 0)
    told = outbox.after(connection, 0)[-1].event
    assert isinstance(told, BuildPhase)
    assert (told.package, told.phase, told.builder, told.run_id) == ("six", "build", "yard-1", 0)


def test_a_repeated_phase_is_no_news(connection: Connection) -> None:
    task_id = running(connection)
    build_of(connection, task_id)
    progress.enter_phase(connection, NOW, task_id, 0, "fetch", 0.0, 0)
    progress.enter_phase(connection, NOW + 1, task_id, 0, "fetch", 0.0, 0)
    assert topics(connection).count("build.phase") == 1


def test_a_task_that_is_no_build_has_phases_without_news(connection: Connection) -> None:
    task_id = running(connection)
    progress.enter_phase(connection, NOW, task_id, 0, "fetch", 0.0, 0)
    assert "build.phase" not in topics(connection)


def test_a_worker_that_lost_its_claim_enters_no_phase(connection: Connection) -> None:
    task_id = running(connection)
    sweep.expire_claims(connection, NOW + 60)
    claim(connection, NOW + 60, "yard-2")
    with pytest.raises(RequestConflict, match="stop work on it"):
        progress.enter_phase(connection, NOW + 61, task_id, 0, "build", 0.0, 0)


def test_a_run_that_does_not_exist_is_not_found(connection: Connection) -> None:
    with pytest.raises(ResourceNotFound):
        progress.check_running(connection, running(connection), 1)


def test_a_run_is_resolved_when_it_has_ended(connection: Connection) -> None:
    task_id = make(connection)
    assert not progress.is_resolved(connection, task_id, 0)
    claim(connection)
    assert not progress.is_resolved(connection, task_id, 0)
    service.report_completed(connection, NOW, task_id, 0)
    assert progress.is_resolved(connection, task_id, 0)


def test_nothing_comes_of_an_unknown_run(connection: Connection) -> None:
    assert progress.is_resolved(connection, slugId(), 0)


def test_the_size_of_the_log_is_kept(connection: Connection) -> None:
    task_id = running(connection)
    progress.note_log_size(connection, task_id, 0, 4096)
    assert phase(connection)[2] == 4096
