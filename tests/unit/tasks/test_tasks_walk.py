"""A random walk through the life of tasks, held against a model that knows nothing of rows and messages."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import delete

from buildyard.farm.store.tables import messages
from buildyard.farm.tasks import service, sweep
from buildyard.farm.tasks.errors import RequestConflict
from buildyard.farm.tasks.lifecycle import REPORTED_EXCEPTIONS
from support.stores import memory_connection
from support.tasks import NOW, POOL, make

WORKERS = ("yard-1", "yard-2")
DEADLINE = 3600.0
CLAIM = 60.0


@dataclass
class Held:
    """One run as the model sees it."""

    state: str = "pending"
    worker: str = ""
    until: float = 0.0


@dataclass
class Model:
    """One task as the model sees it."""

    deadline: float
    left: int
    retries: int
    runs: list[Held] = field(default_factory=lambda: [Held()])

    @property
    def last(self) -> Held:
        return self.runs[-1]

    def end(self, state: str, *, retry: bool, now: float) -> None:
        self.last.state = state
        if retry and self.left > 0 and now < self.deadline:
            self.left -= 1
            self.runs.append(Held())


class Walk(RuleBasedStateMachine):
    """Workers and time do what they like; the farm must stay what the model is."""

    tasks = Bundle("tasks")

    @initialize()
    def open(self) -> None:
        self.context = memory_connection()
        self.connection = self.context.__enter__()
        self.now = NOW
        self.model: dict[str, Model] = {}

    def teardown(self) -> None:
        self.context.__exit__(None, None, None)

    @rule(target=tasks, retries=st.integers(0, 3))
    def create(self, retries: int) -> str:
        task_id = make(self.connection, self.now, retries=retries)
        self.model[task_id] = Model(self.now + DEADLINE, retries, retries)
        return task_id

    @rule(worker=st.sampled_from(WORKERS), limit=st.integers(1, 3))
    def claim(self, worker: str, limit: int) -> None:
        claimable = {
            task_id
            for task_id, model in self.model.items()
            if model.last.state == "pending" and self.now < model.deadline
        }
        claimed = service.claim(self.connection, self.now, [POOL], "here", worker, limit, CLAIM)
        assert len(claimed) <= limit
        for one in claimed:
            assert one.task_id in claimable
            model = self.model[one.task_id]
            assert one.run_id == len(model.runs) - 1
            model.runs[-1] = Held("running", worker, self.now + CLAIM)

    @rule(task_id=tasks, back=st.integers(0, 2))
    def reclaim(self, task_id: str, back: int) -> None:
        model, run_id = self.model[task_id], self._run(task_id, back)
        if model.runs[run_id].state == "running" and self.now < model.deadline:
            service.reclaim(self.connection, self.now, task_id, run_id, CLAIM)
            model.runs[run_id].until = self.now + CLAIM
        else:
            with pytest.raises(RequestConflict):
                service.reclaim(self.connection, self.now, task_id, run_id, CLAIM)

    @rule(task_id=tasks, back=st.integers(0, 2), outcome=st.sampled_from(["completed", "failed", *REPORTED_EXCEPTIONS]))
    def report(self, task_id: str, back: int, outcome: str) -> None:
        model, run_id = self.model[task_id], self._run(task_id, back)
        state = model.runs[run_id].state
        if state == "running":
            self._report(task_id, run_id, outcome)
            model.end(outcome, retry=outcome in ("worker-shutdown", "intermittent-task"), now=self.now)
        elif state == outcome:
            self._report(task_id, run_id, outcome)
        else:
            with pytest.raises(RequestConflict):
                self._report(task_id, run_id, outcome)

    def _report(self, task_id: str, run_id: int, outcome: str) -> None:
        if outcome == "completed":
            service.report_completed(self.connection, self.now, task_id, run_id)
        elif outcome == "failed":
            service.report_failed(self.connection, self.now, task_id, run_id)
        else:
            service.report_exception(self.connection, self.now, task_id, run_id, outcome)

    def _run(self, task_id: str, back: int) -> int:
        return max(0, len(self.model[task_id].runs) - 1 - back)

    @rule(task_id=tasks)
    def cancel(self, task_id: str) -> None:
        model = self.model[task_id]
        if self.now >= model.deadline:
            with pytest.raises(RequestConflict):
                service.cancel(self.connection, self.now, task_id)
            return
        service.cancel(self.connection, self.now, task_id)
        if model.last.state in ("pending", "running"):
            model.end("canceled", retry=False, now=self.now)

    @rule(task_id=tasks)
    def rerun(self, task_id: str) -> None:
        model = self.model[task_id]
        if self.now >= model.deadline or (len(model.runs) >= 50 and model.last.state not in ("pending", "running")):
            with pytest.raises(RequestConflict):
                service.rerun(self.connection, self.now, task_id)
            return
        service.rerun(self.connection, self.now, task_id)
        if model.last.state not in ("pending", "running"):
            model.left = min(model.retries, 49 - len(model.runs))
            model.runs.append(Held())

    @rule(seconds=st.sampled_from([1.0, 30.0, 61.0, 1800.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        sweep.expire_claims(self.connection, self.now)
        sweep.expire_deadlines(self.connection, self.now)
        for model in self.model.values():
            if model.last.state in ("pending", "running") and self.now >= model.deadline:
                model.end("deadline-exceeded", retry=False, now=self.now)
            elif model.last.state == "running" and model.last.until <= self.now:
                model.end("claim-expired", retry=True, now=self.now)

    @rule()
    def messages_are_lost(self) -> None:
        self.connection.execute(delete(messages))
        waiting = [m for m in self.model.values() if m.last.state == "pending" and self.now < m.deadline]
        assert sweep.repost(self.connection, self.now) == len(waiting)

    @invariant()
    def the_farm_is_what_the_model_is(self) -> None:
        for task_id, model in getattr(self, "model", {}).items():
            status = service.status(self.connection, task_id)
            assert [run.get("reasonResolved", run["state"]) for run in status["runs"]] == [r.state for r in model.runs]
            assert status["retriesLeft"] == model.left
            assert status["state"] == status["runs"][-1]["state"]

    @invariant()
    def only_a_last_run_is_open_and_its_worker_is_known(self) -> None:
        for task_id, model in getattr(self, "model", {}).items():
            runs = service.status(self.connection, task_id)["runs"]
            assert all(run["state"] in ("completed", "failed", "exception") for run in runs[:-1])
            if model.last.state == "running":
                assert runs[-1]["workerId"] == model.last.worker

    @invariant()
    def what_is_due_is_never_in_the_past(self) -> None:
        if hasattr(self, "model"):
            due = sweep.next_due(self.connection)
            assert due is None or due > self.now


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


def test_every_waiting_run_is_found_in_the_end() -> None:
    """Whatever messages said, a claimer that asks long enough holds every run that waits."""
    with memory_connection() as connection:
        made = {make(connection, NOW) for _ in range(5)}
        connection.execute(delete(messages).where(messages.c.id % 2 == 0))
        sweep.repost(connection, NOW)
        claimed = service.claim(connection, NOW, [POOL], "here", "yard-1", 32)
        assert {one.task_id for one in claimed} == made
