"""The hub: one process that keeps the queue, the tasks, the builds, the index and the pages, and serves them all.

`Hub.open` takes a state directory and puts the rooms together; `Hub.serve` listens and runs the loops until it is
told to stop.  What was in flight when an earlier hub died goes on from the tables: the loops look before they wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import getpass
import logging
import os
import re
import shutil
import socket
import time
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import uvicorn
from sqlalchemy import Connection
from starlette.applications import Starlette
from starlette.types import ASGIApp

from buildyard import __version__
from buildyard.errors import BuildyardError
from buildyard.farm import api
from buildyard.farm.access import Access
from buildyard.farm.builds import enqueue, finish, triggers
from buildyard.farm.builds.planner import Planner
from buildyard.farm.builds.service import BuildService
from buildyard.farm.bus_settings import BusSettings
from buildyard.farm.events import outbox, relays
from buildyard.farm.events.broker import Broker
from buildyard.farm.here import is_loopback
from buildyard.farm.index import publish
from buildyard.farm.index import serve as index
from buildyard.farm.joined import JoinedHttp
from buildyard.farm.loops import Loop
from buildyard.farm.queue import database as queue
from buildyard.farm.queue import http as marconi
from buildyard.farm.queue.http import revoked
from buildyard.farm.queue.sweeping import SWEEP_LIMIT
from buildyard.farm.sealing import Sealing, read_key
from buildyard.farm.services import http as services
from buildyard.farm.services.sweep import LIMIT as SERVICES_LIMIT
from buildyard.farm.services.sweep import sweep as sweep_services
from buildyard.farm.settings import Settings, masked
from buildyard.farm.settings_errors import BadSetting
from buildyard.farm.state import CredentialsFile, HubFile, StateDirectory
from buildyard.farm.store.base import Store
from buildyard.farm.store.connect import open_store
from buildyard.farm.store.errors import StoreBusy, StoreFull, StoreUnreachable
from buildyard.farm.store.objects import ObjectStore
from buildyard.farm.task_settings import TasksSettings, remote_options
from buildyard.farm.tasks import builders, exchanges, mirror, service, sweep, worker_records
from buildyard.farm.tasks.auth import LOOPBACK_SCOPES, Authenticator, open_authenticator
from buildyard.farm.tasks.clients import find_client, root_credentials
from buildyard.farm.tasks.extension import follow_log
from buildyard.farm.tasks.logs import LogStore
from buildyard.farm.tasks.resume import extend_claims
from buildyard.farm.tasks.rooms import TaskRooms, TaskSettings
from buildyard.farm.tasks.transitions import CHANNEL as TASKS
from buildyard.farm.web import app as web

if TYPE_CHECKING:
    from buildyard.farm.events.relay import Relay
    from buildyard.farm.tasks.remote import RemoteTasks

log = logging.getLogger(__name__)

#: How long open connections have to end by themselves once the hub stops; event streams and long polls end at once.
_GRACE_S = 1


#: What a builder is told to wait when the disk is full or the database away; its slot waits meanwhile.
_RETRY_AFTER_S = 5


class PortTaken(BuildyardError):
    """Something else listens there.  Stop it, or give another port (0 takes any that is free)."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"port {port} of {host} is taken")
        self.host = host
        self.port = port


class CannotListen(BuildyardError):
    """The machine has no such address to listen on, or may not use that port."""

    def __init__(self, host: str, port: int, why: str) -> None:
        super().__init__(f"cannot listen on {host} port {port}: {why}")
        self.host = host
        self.port = port


@dataclass
class Hub:
    """A hub, open and listening, not yet serving."""

    settings: Settings
    state: StateDirectory
    store: Store
    objects: ObjectStore
    logs: LogStore
    authenticator: Authenticator
    sealing: Sealing
    builds: BuildService
    planner: Planner
    remote: RemoteTasks | None  #: the Taskcluster that the builds' tasks run on, where it is not this hub
    credentials: CredentialsFile
    listener: socket.socket
    shutdown: asyncio.Event
    clock: Callable[[], float] = time.time
    relay: Relay | None = None  #: None without a bus
    _server: _Server | None = field(default=None, repr=False)
    _was_away: bool = field(default=False, repr=False)  #: nothing could be written, so nobody could renew a claim

    @property
    def bus(self) -> BusSettings:
        """The bus, with its address."""
        return self.settings.bus.reached(self.state.identity())

    @property
    def root_url(self) -> str:
        """Where it listens, as clients say it."""
        return self.credentials.root_url

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, settings: Settings, clock: Callable[[], float] = time.time) -> AsyncIterator[Self]:
        """Open the state directory and the port.

        Raises `StateBusy`, `StateUnusable`, `PortTaken`, `CannotListen`, `NoCredentials`, and the store's errors.
        """
        state = StateDirectory(settings.state)
        async with AsyncExitStack() as stack:
            stack.enter_context(state.locked())
            listener = stack.enter_context(_listening(settings.host, settings.port))
            store = await open_store(
                settings.database_url, synchronous=settings.synchronous, options=_options(settings)
            )
            stack.push_async_callback(store.close)
            anonymous = LOOPBACK_SCOPES if is_loopback(settings.host) else ()
            authenticator = await open_authenticator(store, clock=clock, anonymous=anonymous)
            if not settings.secrets_key:
                state.ensure_secrets_key()
            objects = ObjectStore(settings.objects_dir)
            planner = Planner(store, settings, clock)
            stack.push_async_callback(planner.close)
            logs = LogStore(settings.logs_dir)
            remote = await stack.enter_async_context(_remote(settings.tasks, store, objects, logs, clock))
            hub = cls(
                settings=settings,
                state=state,
                store=store,
                objects=objects,
                logs=logs,
                authenticator=authenticator,
                sealing=Sealing(read_key(settings.secrets_key_path)),
                builds=BuildService(store, objects, clock, settings.limits, mirror if remote else service),
                remote=remote,
                planner=planner,
                credentials=await _credentials(store, clock(), _root_url(settings.host, listener)),
                listener=listener,
                shutdown=asyncio.Event(),
                clock=clock,
            )
            state.write_credentials(hub.credentials)
            if settings.bus.is_there:
                if settings.bus.listen:
                    await _let_in(hub.bus, stack)
                hub.relay = await _relay(hub)
                stack.push_async_callback(hub.relay.close)
            yield hub

    async def serve(self, on_ready: Callable[[Self], None] | None = None) -> None:
        """Serve until `stop`."""
        await self._resume()
        config = uvicorn.Config(
            self.application(),
            http=JoinedHttp,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=_GRACE_S,
            timeout_keep_alive=30,
            server_header=False,
        )
        self._server = _Server(config)
        loops = [asyncio.create_task(loop.run(self.store, self.clock), name=loop.name) for loop in self.loops()]
        if self.settings.trigger:
            loops.append(asyncio.create_task(self._follow_triggers(), name="triggers"))
        if self.settings.tasks.pulse and self.remote is not None:
            loops.append(asyncio.create_task(_listen(self.store, self.settings.tasks.pulse), name="pulse"))
        serving = asyncio.create_task(self._server.serve(sockets=[self.listener]))
        try:
            await _first(self._server.ready.wait(), serving)
            self._tell()
            if on_ready is not None:
                on_ready(self)
            await serving
        finally:
            self.shutdown.set()
            for task in loops:
                task.cancel()
            await asyncio.gather(*loops, return_exceptions=True)

    def stop(self) -> None:
        """Let `serve` end: long polls and event streams are answered, connections closed."""
        self.shutdown.set()
        if self._server is not None:
            self._server.should_exit = True

    def application(self) -> ASGIApp:
        """Return everything the hub serves, behind its door."""
        is_local = is_loopback(self.settings.host)
        tasks_rooms = TaskRooms(
            store=self.store,
            objects=self.objects,
            logs=self.logs,
            auth=self.authenticator,
            clock=self.clock,
            shutdown=self.shutdown,
            settings=TaskSettings(
                claim_timeout_s=self.settings.claim_timeout_s,
                long_poll_s=self.settings.long_poll_s,
                retry_after_s=_RETRY_AFTER_S,
            ),
            is_paused=self.paused,
        )
        api_rooms = api.ApiRooms(
            store=self.store,
            builds=self.builds,
            broker=Broker(self.store, self.shutdown),
            logs=self.logs,
            follow=partial(follow_log, tasks_rooms),
            version=__version__,
            state_id=self.state.identity(),
            disk=self.disk,
            disk_floor=self.settings.disk_floor_bytes,
            clock=self.clock,
        )
        index_rooms = index.IndexRooms(store=self.store, objects=self.objects)
        web_rooms = web.WebRooms(
            store=self.store,
            logs=self.logs,
            clock=self.clock,
            shutdown=self.shutdown,
            name=self.root_url.partition("://")[2],
            version=__version__,
            disk=self.disk,
            disk_floor=self.settings.disk_floor_bytes,
            requests_service=self.builds,
        )
        marconi_rooms = marconi.MarconiRooms(
            store=self.store,
            find_client=find_client,
            key=self.authenticator.key("marconi"),
            is_local=is_local,
            clock=self.clock,
            settings=self.settings.marconi,
        )
        routes = [
            *api.routes(api_rooms),
            *services.routes(tasks_rooms, self.sealing),
            *index.routes(index_rooms),
            *web.routes(web_rooms),
        ]
        application = Starlette(routes=routes, exception_handlers=web.exception_handlers(web_rooms))
        return marconi.in_front_of(Access(application, self.authenticator, is_local), marconi_rooms)

    def loops(self) -> Sequence[Loop]:
        """Return what the hub does by itself."""
        away = self.remote
        return [
            *([Loop("remote", (mirror.CHANNEL,), away.look, away.next_due)] if away else []),
            Loop("plan", (enqueue.REQUESTS, builders.CHANNEL), self.planner.look, self.planner.next_due),
            Loop("settle", (TASKS,), self.builds.settle),
            Loop("dispatch", (enqueue.WANTED,), self.builds.dispatch, self.builds.next_due),
            Loop("publish", (finish.PAGES,), self._publish),
            # What is made now is due in seconds at the soonest.
            Loop("timers", (TASKS, builders.CHANNEL), self._sweep, self._next_due, gap_s=0.5),
            Loop("queues", (), self._sweep_queues, self._in_a_minute),
            *([Loop("relay", (outbox.CHANNEL,), self.relay.look, self.relay.next_due)] if self.relay else []),
        ]

    def disk(self) -> tuple[int, int]:
        """Return free and total bytes where the state lies."""
        usage = shutil.disk_usage(self.settings.state)
        return usage.free, usage.total

    def paused(self) -> bool:
        """Tell whether building is paused because the disk is nearly full."""
        return self.disk()[0] < self.settings.disk_floor_bytes

    async def _follow_triggers(self) -> None:
        # What the bus needs is imported where there is one.
        from buildyard.farm.builds.triggered import follow_triggers

        await follow_triggers(self.store, self.bus, self.settings.trigger, self.clock)

    async def _resume(self) -> None:
        """Give builders that worked while no hub ran the time to say so."""
        now, until = self.clock(), self.clock() + self.settings.claim_timeout_s
        await self.store.write(lambda connection: extend_claims(connection, until))
        await self.store.write(lambda connection: sweep.repost(connection, now))
        if self.remote is None:
            await self.store.write(lambda connection: enqueue.take_back(connection, now))

    async def _publish(self) -> int:
        now = self.clock()
        return len(await self.store.write(lambda connection: publish.publish(connection, now)))

    async def _sweep(self) -> int:
        now, until = self.clock(), self.clock() + self.settings.claim_timeout_s

        def body(connection: Connection) -> int:
            if self._was_away:
                extend_claims(connection, until)
            ended = sweep.expire_claims(connection, now) + sweep.expire_deadlines(connection, now)
            return ended + len(builders.expire(connection, now))

        try:
            ended = await self.store.write(body)
        except (StoreBusy, StoreFull, StoreUnreachable):
            self._was_away = True
            raise
        self._was_away = False
        return ended

    async def _next_due(self) -> float | None:
        def body(connection: Connection) -> float | None:
            dues = (sweep.next_due(connection), builders.next_silent(connection))
            return min((due for due in dues if due is not None), default=None)

        return await self.store.read(body)

    async def _sweep_queues(self) -> int:
        """Delete what has expired in queues, services and records; there may be more than one sweep takes."""
        now = self.clock()
        await self.store.write(lambda connection: revoked.forget(connection, now))
        await self.store.write(lambda connection: triggers.forget(connection, now))
        await self.store.write(lambda connection: worker_records.forget(connection, now))
        swept = await self.store.write(lambda connection: queue.sweep(connection, now))
        services_swept = await self.store.write(lambda connection: sweep_services(connection, now))
        return swept.expired // SWEEP_LIMIT + services_swept // SERVICES_LIMIT

    async def _in_a_minute(self) -> float:
        return self.clock() + 60

    def _tell(self) -> None:
        hub = HubFile(root_url=self.root_url, pid=os.getpid(), started=self.clock(), version=__version__)
        self.state.write_hub(hub)


async def run_hub(settings: Settings, on_ready: Callable[[Hub], None] | None = None) -> None:
    """Run a hub until its `stop` is called (``on_ready`` is given it), or this is cancelled."""
    async with Hub.open(settings) as hub:
        await hub.serve(on_ready)


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers (the program around the hub has its own), and telling when it serves."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets=sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


def _options(settings: Settings) -> dict[str, object]:
    """Return what transactions know of the settings."""
    has_bus = settings.bus.is_there
    return {outbox.BUS: has_bus, outbox.TASKCLUSTER: has_bus and settings.bus.taskcluster}


async def _let_in(bus: BusSettings, stack: AsyncExitStack) -> None:
    """Let AMQP clients of this machine in to the broker inside the hub.  Raises `PortTaken`."""
    from buildyard.messaging.broker import Broker, serve

    host, _, port = bus.listen.rpartition(":")
    serving = serve(Broker.named(bus.url.removeprefix("memory://")), host.strip("[]"), int(port))
    try:
        server = await stack.enter_async_context(serving)
    except OSError as error:
        raise PortTaken(host, int(port)) from error
    log.info("bus.listens", extra={"url": server.url})


async def _relay(hub: Hub) -> Relay:
    from buildyard.farm.events.relay import Relay
    from buildyard.messaging.exceptions import ConfigurationException

    identity = uuid.uuid4()
    await hub.store.write(lambda connection: relays.begin(connection, identity))
    beside = exchanges.EXCHANGES if hub.settings.bus.taskcluster else ()
    try:
        return Relay(hub.store, hub.bus, beside, hub.state.identity(), hub.clock)
    except ConfigurationException as error:
        found, wanted = masked(hub.settings.bus.url), "an address as in amqp://USER:PASSWORD@HOST:PORT/VHOST"
        raise BadSetting(key="bus.url", found=found, wanted=wanted, origin="the settings") from error


async def _first(ready: Coroutine[Any, Any, object], serving: asyncio.Task[None]) -> None:
    waiting = asyncio.ensure_future(ready)
    await asyncio.wait([waiting, serving], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


async def _credentials(store: Store, now: float, root_url: str) -> CredentialsFile:
    root = await store.write(lambda connection: root_credentials(connection, now, _operator()))
    return CredentialsFile(root_url=root_url, client_id=root.client_id, access_token=root.access_token)


@contextlib.asynccontextmanager
async def _remote(
    settings: TasksSettings, store: Store, objects: ObjectStore, logs: LogStore, clock: Callable[[], float]
) -> AsyncIterator[RemoteTasks | None]:
    if not settings.root_url:
        yield None
        return
    options = remote_options(settings)
    # A client of its own, which a hub that keeps its tasks itself need not load.
    from buildyard.faces.connecting import environment_proxy
    from buildyard.faces.http import AsyncioTransport
    from buildyard.farm.tasks.remote import RemoteTasks
    from buildyard.taskcluster.aio import Queue

    transport = AsyncioTransport(proxy=environment_proxy)
    try:
        yield RemoteTasks(store, objects, logs, clock, Queue(options, transport), settings.poll_s)
    finally:
        await transport.close()


async def _listen(store: Store, url: str) -> None:
    from buildyard.farm.tasks.listening import listen  # with a client of its own, as `_remote`

    await listen(store, url)


def _operator() -> str:
    """Return the client id of whoever runs the hub, ``local/mira``."""
    return "local/" + re.sub(r"[^A-Za-z0-9@.+_-]", "_", getpass.getuser())


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Its protocol is said, for asyncio sends what is small at once only on sockets that are TCP's by their own word.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(512)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortTaken(host, port) from error
            raise CannotListen(host, port, error.strerror or str(error)) from error
        listener.setblocking(False)
        yield listener


def _root_url(host: str, listener: socket.socket) -> str:
    port = listener.getsockname()[1]
    # Who listens on every address is reached on loopback from its own machine.
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{name}:{port}"
