"""What a step works with: a client's package, one of its faces, and the deployment that the environment names.

A step is a coroutine function that awaits `Use.ask` alone.  In the blocking face nothing there suspends, so the step
runs to its end at once and outside of any loop; in the other asyncio runs it.
"""

import asyncio
import importlib
import inspect
import io
import re
import secrets
import traceback
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta

#: Every step by its name, in the order of the modules that have them.
STEPS = {}

_SLUG = re.compile(r"[A-Za-z0-9_-]{8}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
_NUMBERED = re.compile(r"use-[0-9a-f]{8}")
#: Values that are others each time, by their keys.
_SECRET = frozenset({"accessToken", "certificate", "url", "putUrl", "uptime", "clientId", "continuationToken"})


def step(function):
    """Note a step under its name."""
    STEPS[function.__name__] = function
    return function


def outcome(function, use):
    """Return what a step gave, or the end of what it raised."""
    try:
        return {"gave": shape(use.run(function))}
    except Exception:
        return {"raised": traceback.format_exc()[-1500:]}


def shape(value):
    """Return a value with every id, moment and secret replaced by what it is."""
    if isinstance(value, dict):
        return {shape(key): f"<{key}>" if key in _SECRET else shape(item) for key, item in sorted(value.items())}
    if isinstance(value, list | tuple):
        return [shape(item) for item in value]
    if isinstance(value, str):
        return _MOMENT.sub("<moment>", _SLUG.sub("<slug>", _NUMBERED.sub("<use>", value)))
    return value


class Use:
    """One step's use of a client.  ``id`` keeps it apart from all others on the same hub."""

    def __init__(self, package, face):
        self.taskcluster = importlib.import_module(package)
        self.is_async = face == "aio"
        self._home = f"{package}.aio" if self.is_async else package
        self._face = importlib.import_module(self._home)
        self._clients = []
        self.id = f"use-{secrets.token_hex(4)}"
        self.pool = f"prov/{self.id}"
        self.options = self.taskcluster.optionsFromEnvironment({"maxRetries": 0})
        self.root_url = self.options["rootUrl"]

    def run(self, function):
        """Return what the step gave."""
        if self.is_async:
            return asyncio.run(self._to_its_end(function))
        whole = self._to_its_end(function)
        try:
            whole.send(None)
        except StopIteration as stop:
            return stop.value
        raise AssertionError("a blocking client suspended")

    async def _to_its_end(self, function):
        try:
            return await function(self)
        finally:
            for client in self._clients:
                if hasattr(client, "close"):
                    await self.ask(client.close())

    async def ask(self, answer):
        """Return what a call gave, in either face."""
        return await answer if inspect.isawaitable(answer) else answer

    async def refused(self, call, *arguments, **named):
        """Return the status and the code with which a call is refused."""
        errors = (self.taskcluster.TaskclusterRestFailure, self.taskcluster.TaskclusterAuthFailure)
        error = await self.raised(errors, call, *arguments, **named)
        return [error.status_code, error.body["code"] if isinstance(error.body, dict) else error.code]

    async def raised(self, errors, call, *arguments, **named):
        """Return the error that a call, or what was called already, raises."""
        try:
            answer = await self.ask(call(*arguments, **named) if callable(call) else call)
        except errors as error:
            return error
        raise AssertionError(f"it was allowed: {answer}")

    def service(self, name, credentials=None, **more):
        """Return a client of this service, as the operator unless other credentials are given."""
        signed = self.options if credentials is None else {"rootUrl": self.root_url, "credentials": credentials}
        return self.closed_later(getattr(self._face, name)({**signed, "maxRetries": 0, **more}))

    def closed_later(self, client):
        """Return the client, which is closed at the end of the step."""
        self._clients.append(client)
        return client

    def module(self, name):
        """Return the face's module of this name, upload or download."""
        return importlib.import_module(f"{self._home}.{name}")

    def definition(self, **changes):
        """Return what createTask takes."""
        now = datetime.now(UTC)
        metadata = {"name": "use", "description": "d", "owner": "a@example.com", "source": "https://example.com/"}
        return {
            "taskQueueId": self.pool,
            "created": self.taskcluster.stringDate(now),
            "deadline": self.taskcluster.stringDate(now + timedelta(hours=1)),
            "expires": self.taskcluster.stringDate(now + timedelta(days=2)),
            "payload": {"command": ["true"]},
            "metadata": metadata,
            **changes,
        }

    async def created(self, **changes):
        """Create a task and return its id."""
        task_id = self.taskcluster.slugId()
        await self.ask(self.service("Queue").createTask(task_id, self.definition(**changes)))
        return task_id

    async def claimed(self, **changes):
        """Create a task and claim it; return its id and the queue as its worker sees it."""
        task_id = await self.created(**changes)
        wanted = {"workerGroup": "here", "workerId": self.id}
        answer = await self.ask(self.service("Queue").claimWork(changes.get("taskQueueId", self.pool), wanted))
        (claim,) = answer["tasks"]
        assert claim["status"]["taskId"] == task_id
        return task_id, self.service("Queue", claim["credentials"])

    async def resolved(self, **changes):
        """Create a task and complete it; return its id."""
        task_id, worker = await self.claimed(**changes)
        await self.ask(worker.reportCompleted(task_id, 0))
        return task_id

    def later(self, offset="1 hour"):
        """Return a moment to come as text."""
        return self.taskcluster.fromNowJSON(offset)

    def factory_of_readers(self, data):
        """Return a reader factory of the face's kind."""
        return self._factory(lambda: (_AsyncFile if self.is_async else _File)(io.BytesIO(data)))

    def factory_of_writers(self, kept):
        """Return a writer factory of the face's kind; what is written ends up in ``kept``."""

        def make():
            kept.clear()
            return (_AsyncWriter if self.is_async else _Writer)(kept)

        return self._factory(make)

    def _factory(self, make):
        async def make_later():
            return make()

        return make_later if self.is_async else make


def fetch(url, **headers):
    """Return status and content of an address, as anybody gets it."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


class _File:
    def __init__(self, file):
        self.file = file

    def read(self, max_size=-1):
        return self.file.read(max_size)


class _AsyncFile(_File):
    async def read(self, max_size=-1):
        return self.file.read(max_size)


class _Writer:
    def __init__(self, kept):
        self.kept = kept

    def write(self, data):
        self.kept.extend(data)


class _AsyncWriter(_Writer):
    async def write(self, data):
        self.kept.extend(data)
