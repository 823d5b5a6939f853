"""The long poll of claimWork: woken at once, ended by time, shutdown or a client that goes."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from buildyard.farm.tasks import service
from buildyard.farm.tasks.rooms import TaskSettings
from buildyard.taskcluster._hawk import payload_hash
from buildyard.taskcluster.slugid import slugId
from support.hub import Answer, Hub, authorization, running_hub
from support.tasks import OTHER_POOL, POOL, definition

API = "/api/queue/v1"
CLAIM = f"{API}/claim-work/{POOL.replace('/', '%2F')}"
WORKER = {"workerGroup": "here", "workerId": "yard-1"}


@pytest.fixture
def patient(tmp_path: Path) -> Iterator[Hub]:
    """A hub whose long polls take twenty seconds, as by default."""
    with running_hub(tmp_path) as hub:
        yield hub


def create(hub: Hub, **changes: Any) -> str:
    task_id = slugId()
    hub.write(lambda connection, now: service.create(connection, now, task_id, definition(now, **changes)))
    return task_id


def counts(hub: Hub) -> tuple[int, int]:
    return hub.write(lambda connection, _: service.counts(connection, POOL))


def poll(hub: Hub) -> Answer:
    return hub.call("POST", CLAIM, WORKER, sign=hub.builder)


def open_poll(hub: Hub) -> socket.socket:
    """Send the request of a poll and return its connection, the answer unread."""
    body = json.dumps(WORKER).encode()
    header = authorization("POST", hub.url + CLAIM, hub.builder, time.time(), payload_hash("application/json", body))
    lines = [
        f"POST {CLAIM} HTTP/1.1",
        f"Host: 127.0.0.1:{hub.port}",
        f"Authorization: {header}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    connection = socket.create_connection(("127.0.0.1", hub.port), timeout=10)
    connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
    return connection


def test_a_poll_without_work_ends_when_its_time_is_up(hub: Hub) -> None:
    began = time.monotonic()
    assert poll(hub).json == {"tasks": []}
    assert 0.3 <= time.monotonic() - began < 2


def test_a_poll_is_woken_by_a_new_task(patient: Hub) -> None:
    with ThreadPoolExecutor(1) as pool:
        polling = pool.submit(poll, patient)
        time.sleep(0.3)
        assert not polling.done()
        began = time.monotonic()
        task_id = create(patient)
        answer = polling.result(5)
    assert time.monotonic() - began < 1
    assert [one["status"]["taskId"] for one in answer.json["tasks"]] == [task_id]


def test_a_poll_is_woken_by_the_retry_of_an_expired_claim(patient: Hub) -> None:
    from buildyard.farm.tasks import sweep

    create(patient)
    poll(patient)
    with ThreadPoolExecutor(1) as pool:
        polling = pool.submit(poll, patient)
        time.sleep(0.2)
        patient.offset = 61.0
        patient.write(sweep.expire_claims)
        assert [one["runId"] for one in polling.result(5).json["tasks"]] == [1]


def test_a_poll_sleeps_while_other_pools_are_busy(patient: Hub) -> None:
    with ThreadPoolExecutor(1) as pool:
        polling = pool.submit(poll, patient)
        time.sleep(0.2)
        create(patient, taskQueueId=OTHER_POOL)
        time.sleep(0.2)
        assert not polling.done()
        create(patient)
        assert len(polling.result(5).json["tasks"]) == 1


def test_a_client_that_has_gone_claims_nothing(patient: Hub) -> None:
    open_poll(patient).close()
    time.sleep(0.2)
    create(patient)
    time.sleep(0.3)
    assert counts(patient) == (1, 0)


def test_a_client_that_goes_while_it_waits_claims_nothing(patient: Hub) -> None:
    connection = open_poll(patient)
    time.sleep(0.3)
    connection.close()
    time.sleep(0.2)
    create(patient)
    time.sleep(0.3)
    assert counts(patient) == (1, 0)


def test_a_client_that_goes_while_its_claim_is_written_claims_nothing(
    patient: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst moment: the transaction is under way when the connection ends."""
    inside, go_on = threading.Event(), threading.Event()
    claim_each = service.claim_each

    def slow(*args: Any) -> Any:
        claimed = claim_each(*args)
        if any(claimed):
            inside.set()
            go_on.wait(5)
        return claimed

    monkeypatch.setattr(service, "claim_each", slow)
    create(patient)
    connection = open_poll(patient)
    assert inside.wait(5)
    connection.close()
    time.sleep(0.2)
    go_on.set()
    time.sleep(0.3)
    assert counts(patient) == (1, 0)


def test_polls_end_at_once_when_the_hub_stops(tmp_path: Path) -> None:
    with running_hub(tmp_path) as hub, ThreadPoolExecutor(1) as pool:
        polling = pool.submit(poll, hub)
        time.sleep(0.3)
        began = time.monotonic()
        hub.stop()
        assert polling.result(5).json == {"tasks": []}
        assert time.monotonic() - began < 2


def test_waiting_polls_cost_nothing(patient: Hub) -> None:
    connections = [open_poll(patient) for _ in range(20)]
    time.sleep(1)
    before = time.process_time()
    time.sleep(1)
    assert time.process_time() - before < 0.1
    for connection in connections:
        connection.close()


def test_two_polls_share_two_tasks(patient: Hub) -> None:
    with ThreadPoolExecutor(2) as pool:
        polls = [pool.submit(poll, patient) for _ in range(2)]
        time.sleep(0.3)
        made = {create(patient), create(patient)}
        answers = [one.result(5).json["tasks"] for one in polls]
    assert [len(tasks) for tasks in answers] == [1, 1]
    assert {tasks[0]["status"]["taskId"] for tasks in answers} == made


def test_a_poll_lasts_as_long_as_the_setting_says(tmp_path: Path) -> None:
    with running_hub(tmp_path, settings=TaskSettings(long_poll_s=1.0)) as hub:
        began = time.monotonic()
        poll(hub)
        assert 1.0 <= time.monotonic() - began < 3


def test_a_paused_hub_gives_nothing_out(hub: Hub) -> None:
    create(hub)
    hub.rooms.is_paused = lambda: True
    assert poll(hub).json == {"tasks": []}
    assert counts(hub) == (1, 0)
