"""A random walk through the life of tasks, held against a model that knows nothing of rows and messages."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, RuleBasedStateMachine, initialize, invariant, multiple, rule
from sqlalchemy import delete

from buildyard.farm.store.tables import messages
from buildyard.farm.tasks import group_ends, groups, priorities, service, sweep
from buildyard.farm.tasks.definition import PRIORITIES
from buildyard.farm.tasks.errors import RequestConflict, ResourceNotFound
from buildyard.farm.tasks.lifecycle import REPORTED_EXCEPTIONS
from buildyard.farm.tasks.rows import load_one
from buildyard.farm.tasks.times import to_json
from support.stores import memory_connection
from support.tasks import NOW, POOL, make

WORKERS = ("yard-1", "yard-2")
DEADLINE = 3600.0
CLAIM = 60.0


OPEN = ("unscheduled", "pending", "running")


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
    group: str
    left: int = 5
    retries: int = 5
    priority: int = 0
    requires: str = "all-completed"
    waits_for: set[str] = field(default_factory=set)  #: dependencies that are not satisfied
    runs: list[Held] = field(default_factory=list)
    was_resolved: bool = False

    @property
    def last(self) -> Held:
        return self.runs[-1]

    @property
    def state(self) -> str:
        return self.runs[-1].state if self.runs else "unscheduled"


class Walk(RuleBasedStateMachine):
    """Workers, schedulers and time do what they like; the farm must stay what the model is."""

    tasks = Bundle("tasks")

    @initialize(target=tasks)
    def open(self) -> MultipleResults[str]:
        self.context = memory_connection()
        self.connection = self.context.__enter__()
        self.now = NOW
        self.model: dict[str, Model] = {}
        self.sealed: set[str] = set()
        return multiple(*(self.create_alone(2) for _ in range(2)))

    def teardown(self) -> None:
        self.context.__exit__(None, None, None)

    # --- the model's own law ---

    def end(self, task_id: str, state: str, *, retry: bool = False) -> None:
        """End the last run; another may follow, and if none does, others may be released."""
        model = self.model[task_id]
        if not model.runs:
            model.runs.append(Held())
        model.last.state = state
        if retry and model.left > 0 and self.now < model.deadline:
            model.left -= 1
            model.runs.append(Held())
            return
        model.was_resolved = True
        self.release(task_id, state)

    def release(self, required: str, state: str) -> None:
        for model in self.model.values():
            if required in model.waits_for and (state == "completed" or model.requires == "all-resolved"):
                model.waits_for.discard(required)
                if not model.waits_for and not model.runs and self.now < model.deadline:
                    model.runs.append(Held())

    def is_late(self, task_id: str) -> bool:
        return self.now >= self.model[task_id].deadline

    # --- schedulers ---

    @rule(target=tasks, retries=st.integers(0, 3))
    def create_alone(self, retries: int) -> str:
        task_id = make(self.connection, self.now, retries=retries)
        self.model[task_id] = Model(
            deadline=self.now + DEADLINE, left=retries, retries=retries, group=task_id, runs=[Held()]
        )
        return task_id

    @rule(
        target=tasks,
        one=tasks,
        other=tasks,
        requires=st.sampled_from(["all-completed", "all-resolved"]),
        minutes=st.sampled_from([30, 60]),
    )
    def create_dependent(self, one: str, other: str, requires: str, minutes: int) -> str:
        required, deadline = sorted({one, other}), self.now + minutes * 60
        given = {"dependencies": required, "requires": requires, "deadline": to_json(deadline)}
        task_id = make(self.connection, self.now, **given)
        unmet = {name for name in required if not self.satisfies(name, requires)}
        runs = [] if unmet else [Held()]
        self.model[task_id] = Model(deadline=deadline, group=task_id, requires=requires, waits_for=unmet, runs=runs)
        return task_id

    def satisfies(self, name: str, requires: str) -> bool:
        state = self.model[name].state
        return state == "completed" or (requires == "all-resolved" and state not in OPEN)

    @rule(target=tasks, leader=tasks)
    def join(self, leader: str) -> str:
        group = self.model[leader].group
        if group in self.sealed:
            with pytest.raises(RequestConflict):
                make(self.connection, self.now, taskGroupId=group)
            return leader
        task_id = make(self.connection, self.now, taskGroupId=group)
        self.model[task_id] = Model(deadline=self.now + DEADLINE, group=group, runs=[Held()])
        return task_id

    @rule(task_id=tasks)
    def schedule(self, task_id: str) -> None:
        if self.is_late(task_id):
            with pytest.raises(RequestConflict):
                service.schedule(self.connection, self.now, task_id)
            return
        service.schedule(self.connection, self.now, task_id)
        if not self.model[task_id].runs:
            self.model[task_id].runs.append(Held())

    @rule(task_id=tasks)
    def cancel(self, task_id: str) -> None:
        if self.is_late(task_id):
            with pytest.raises(RequestConflict):
                service.cancel(self.connection, self.now, task_id)
            return
        service.cancel(self.connection, self.now, task_id)
        if self.model[task_id].state in OPEN:
            self.end(task_id, "canceled")

    @rule(task_id=tasks)
    def cancel_group(self, task_id: str) -> None:
        group = self.model[task_id].group
        groups.seal(self.connection, self.now, group)
        self.sealed.add(group)
        members = sorted(name for name, model in self.model.items() if model.group == group)
        due = [name for name in members if self.model[name].state in OPEN and not self.is_late(name)]
        assert group_ends.cancel(self.connection, self.now, group) == (len(members), due)
        # All of them end first, and then whoever waited is released.
        for name in due:
            if not self.model[name].runs:
                self.model[name].runs.append(Held())
            self.model[name].last.state = "canceled"
        for name in due:
            self.end(name, "canceled")

    @rule(task_id=tasks, priority=st.integers(0, 6))
    def change_priority(self, task_id: str, priority: int) -> None:
        if self.is_late(task_id):
            with pytest.raises(RequestConflict):
                priorities.change(self.connection, self.now, task_id, priority)
            return
        priorities.change(self.connection, self.now, task_id, priority)
        self.model[task_id].priority = priority

    @rule(task_id=tasks, priority=st.integers(0, 6))
    def change_group_priority(self, task_id: str, priority: int) -> None:
        group = self.model[task_id].group
        priorities.change_group(self.connection, self.now, group, priority)
        for name, model in self.model.items():
            if model.group == group and not model.was_resolved and not self.is_late(name):
                model.priority = priority

    @rule(task_id=tasks)
    def rerun(self, task_id: str) -> None:
        model = self.model[task_id]
        is_open = model.state in ("pending", "running")
        if self.is_late(task_id) or (len(model.runs) >= 50 and not is_open):
            with pytest.raises(RequestConflict):
                service.rerun(self.connection, self.now, task_id)
            return
        service.rerun(self.connection, self.now, task_id)
        if not is_open:
            model.left = min(model.retries, 49 - len(model.runs))
            model.runs.append(Held())

    # --- workers ---

    @rule(worker=st.sampled_from(WORKERS), limit=st.integers(1, 3))
    def claim(self, worker: str, limit: int) -> None:
        claimable = [
            model.priority
            for task_id, model in self.model.items()
            if model.state == "pending" and not self.is_late(task_id)
        ]
        claimed = service.claim(self.connection, self.now, [POOL], "here", worker, limit, CLAIM)
        expected = sorted(claimable, reverse=True)[:limit]
        assert [self.model[one.task_id].priority for one in claimed] == expected
        for one in claimed:
            model = self.model[one.task_id]
            assert (model.state, one.run_id) == ("pending", len(model.runs) - 1)
            model.runs[-1] = Held("running", worker, self.now + CLAIM)

    @rule(task_id=tasks, back=st.integers(0, 2))
    def reclaim(self, task_id: str, back: int) -> None:
        model, run_id = self.model[task_id], self._run(task_id, back)
        if not model.runs:
            with pytest.raises(ResourceNotFound):
                service.reclaim(self.connection, self.now, task_id, run_id, CLAIM)
        elif model.runs[run_id].state == "running" and not self.is_late(task_id):
            service.reclaim(self.connection, self.now, task_id, run_id, CLAIM)
            model.runs[run_id].until = self.now + CLAIM
        else:
            with pytest.raises(RequestConflict):
                service.reclaim(self.connection, self.now, task_id, run_id, CLAIM)

    @rule(task_id=tasks, back=st.integers(0, 2), outcome=st.sampled_from(["completed", "failed", *REPORTED_EXCEPTIONS]))
    def report(self, task_id: str, back: int, outcome: str) -> None:
        model, run_id = self.model[task_id], self._run(task_id, back)
        if not model.runs:
            return
        state = model.runs[run_id].state
        if state == "running":
            self._report(task_id, run_id, outcome)
            self.end(task_id, outcome, retry=outcome in ("worker-shutdown", "intermittent-task"))
        elif state == outcome:
            self._report(task_id, run_id, outcome)
        else:
            with pytest.raises(RequestConflict):
                self._report(task_id, run_id, outcome)

    @rule(outcome=st.sampled_from(["completed", "completed", "failed", "worker-shutdown"]))
    def work_off(self, outcome: str) -> None:
        """A worker takes all there is and ends it."""
        for worker in WORKERS:
            self.claim(worker, 32)
        for task_id in [task_id for task_id, model in self.model.items() if model.state == "running"]:
            self.report(task_id, 0, outcome)

    def _report(self, task_id: str, run_id: int, outcome: str) -> None:
        if outcome == "completed":
            service.report_completed(self.connection, self.now, task_id, run_id)
        elif outcome == "failed":
            service.report_failed(self.connection, self.now, task_id, run_id)
        else:
            service.report_exception(self.connection, self.now, task_id, run_id, outcome)

    def _run(self, task_id: str, back: int) -> int:
        return max(0, len(self.model[task_id].runs) - 1 - back)

    # --- time, and what goes wrong ---

    @rule(seconds=st.sampled_from([1.0, 30.0, 61.0, 1800.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        sweep.expire_claims(self.connection, self.now)
        for task_id, model in list(self.model.items()):
            if model.state == "running" and model.last.until <= self.now and not self.is_late(task_id):
                self.end(task_id, "claim-expired", retry=True)
        sweep.expire_deadlines(self.connection, self.now)
        late = [task_id for task_id, model in self.model.items() if model.state in OPEN and self.is_late(task_id)]
        for task_id in late:
            if not self.model[task_id].runs:
                self.model[task_id].runs.append(Held())
            self.model[task_id].last.state = "deadline-exceeded"
        for task_id in late:
            self.end(task_id, "deadline-exceeded")

    @rule()
    def messages_are_lost(self) -> None:
        self.connection.execute(delete(messages))
        waiting = [name for name, model in self.model.items() if model.state == "pending" and not self.is_late(name)]
        assert sweep.repost(self.connection, self.now) == len(waiting)

    # --- what always holds ---

    @invariant()
    def the_farm_is_what_the_model_is(self) -> None:
        for task_id, model in getattr(self, "model", {}).items():
            status = service.status(self.connection, task_id)
            assert [run.get("reasonResolved", run["state"]) for run in status["runs"]] == [r.state for r in model.runs]
            assert status["retriesLeft"] == model.left
            assert status["priority"] == PRIORITIES[model.priority]
            assert status["state"] == (status["runs"][-1]["state"] if status["runs"] else "unscheduled")

    @invariant()
    def only_a_last_run_is_open_and_its_worker_is_known(self) -> None:
        for task_id, model in getattr(self, "model", {}).items():
            runs = service.status(self.connection, task_id)["runs"]
            assert all(run["state"] in ("completed", "failed", "exception") for run in runs[:-1])
            if model.state == "running":
                assert runs[-1]["workerId"] == model.last.worker

    @invariant()
    def a_task_counts_what_it_waits_for(self) -> None:
        for task_id, model in getattr(self, "model", {}).items():
            task = load_one(self.connection, task_id)
            assert (task.unmet, task.ever_resolved) == (len(model.waits_for), model.was_resolved)

    @invariant()
    def what_is_due_is_never_in_the_past(self) -> None:
        if hasattr(self, "model"):
            due = sweep.next_due(self.connection)
            assert due is None or due > self.now


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)


def test_every_waiting_run_is_found_in_the_end() -> None:
    """Whatever messages said, a claimer that asks long enough holds every run that waits."""
    with memory_connection() as connection:
        made = {make(connection, NOW) for _ in range(5)}
        connection.execute(delete(messages).where(messages.c.id % 2 == 0))
        sweep.repost(connection, NOW)
        claimed = service.claim(connection, NOW, [POOL], "here", "yard-1", 32)
        assert {one.task_id for one in claimed} == made
