"""Publishing: a window of messages that wait for the broker's confirmation, over connections that come and go.

`Publisher` connects when there is something to publish.  What was not confirmed when a connection ends is published
again on the next one, with the same id, until its time is up; so a message may be there twice, and an acknowledged one
is never lost.  `_sending` is what the faces call.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import Any

from pamqp import commands

from buildyard.messaging._amqp.events import ChannelClosed, Confirmed, Returned
from buildyard.messaging._deadlines import Deadlines
from buildyard.messaging._link import ChannelFailed, Link
from buildyard.messaging._runtime import Runtime, fail, settle
from buildyard.messaging._session import Source, States, may_pass, pause
from buildyard.messaging._wire import Outgoing
from buildyard.messaging.exceptions import (
    ConnectionException,
    ExchangeMissing,
    PublishException,
    PublishForbidden,
    PublishReturned,
    PublishTimeout,
    ValidationError,
)

log = logging.getLogger(__name__)

#: So many messages may be unconfirmed.
WINDOW = 1000


class _Item:
    """One message on its way."""

    __slots__ = ("exchange", "future", "is_mandatory", "outgoing", "returned")

    def __init__(self, outgoing: Outgoing, exchange: str, is_mandatory: bool, future: Any) -> None:
        self.outgoing = outgoing
        self.exchange = exchange
        self.is_mandatory = is_mandatory
        self.future = future
        self.returned: str | None = None  #: why no queue took it


class Publisher:
    """Publishes over one connection and one channel at a time."""

    def __init__(self, source: Source, runtime: Runtime, *, sender: object, window: int = WINDOW) -> None:
        self.states = States(sender)
        self._source = source
        self._runtime = runtime
        self._window = window
        self._deadlines = Deadlines(runtime, self._time_out)
        self._waiting: deque[_Item] = deque()
        self._unconfirmed: dict[int, _Item] = {}
        self._link: Link | None = None
        self._channel: int | None = None
        self._broken: Any = None  #: a future that comes when the channel has ended
        self._is_running = False
        self._is_closed = False
        self._alone = 0  #: so many messages are sent one by one, to find which of them the broker objects to

    def submit(self, outgoing: Outgoing, exchange: str, *, timeout: float | None, mandatory: bool = False) -> Any:
        """Return a future that comes when the broker has confirmed the message.

        It fails with `PublishReturned`, `PublishForbidden`, `ExchangeMissing`, `PublishTimeout`, `ConnectionException`,
        `MessageTooLarge` or `ValidationError`.
        """
        item = _Item(outgoing, exchange, mandatory, self._runtime.future())
        if self._is_closed:
            fail(item.future, ConnectionException(reason="the publisher is closed"))
            return item.future
        if timeout is not None:
            self._deadlines.add(item.future, timeout)
        self._waiting.append(item)
        self._pump()
        if not self._is_running:
            self._is_running = True
            self._runtime.spawn(self._run())
        return item.future

    async def close(self) -> Link | None:
        """Let go of the connection, and return it; what is not confirmed fails."""
        self._is_closed = True
        self._deadlines.close()
        self._fail_all(ConnectionException(reason="the publisher was closed"))
        link, self._link = self._link, None
        if link is not None:
            if self._channel is not None:
                await link.close_channel(self._channel)
            self._source.release(link)
            settle(self._broken)
        self.states("closed")
        return link

    def _time_out(self, future: Any, seconds: float) -> None:
        blocked = "; the broker blocks publishers" if self.states.state == "blocked" else ""
        fail(future, PublishTimeout(f"not confirmed within {seconds:g} s{blocked}"))

    # --- connections ------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            await self._serve()
        except ConnectionException as error:
            self._fail_all(error)
        except Exception as error:
            log.exception("The publisher failed")
            self._fail_all(PublishException(str(error)))
        finally:
            self._is_running = False

    async def _serve(self) -> None:
        link = await self._source.first(self.states)
        failures = 0
        while True:
            served = await self._use(link)
            self.states("closed" if self._is_closed else "disconnected")
            failures = 0 if served else failures + 1
            found = None
            while found is None:
                if not self._has_work():
                    return
                await pause(self._runtime, failures)
                found = await self._again()
                failures += 1
            link = found

    def _has_work(self) -> bool:
        while self._waiting and self._waiting[0].future.done():
            self._waiting.popleft()
        return bool(self._waiting) and not self._is_closed

    async def _again(self) -> Link | None:
        try:
            return await self._source.again(self.states)
        except ConnectionException as error:
            if not may_pass(error):
                raise
            log.warning("Connecting again failed: %s", error)
            return None

    async def _use(self, link: Link) -> bool:
        """Publish over a link until it ends; tell whether anything could be."""
        self._link = link
        link.on_end.append(self._on_link_end)
        served = False
        while not link.is_over and not self._is_closed:
            self._broken = self._runtime.future()
            try:
                channel = await link.channel(self)
                await link.call(channel, commands.Confirm.Select())
            except (ChannelFailed, ConnectionException) as error:
                log.warning("No channel to publish on: %s", error)
                self._source.release(link)
                break
            served = True
            self._channel = channel
            self._pump()
            await self._broken
        self._link = None
        return served

    def _on_link_end(self, error: ConnectionException) -> None:
        self._channel = None
        self._back_to_waiting()
        settle(self._broken)

    def _back_to_waiting(self) -> None:
        left, self._unconfirmed = self._unconfirmed, {}
        self._waiting.extendleft(reversed([item for item in left.values() if not item.future.done()]))

    def _fail_all(self, error: Exception) -> None:
        self._back_to_waiting()
        while self._waiting:
            fail(self._waiting.popleft().future, error)

    # --- messages ---------------------------------------------------------------------------------

    def _pump(self) -> None:
        if self._channel is None or self._link is None:
            return
        window = 1 if self._alone else self._window
        was_idle = not self._unconfirmed
        while self._waiting and len(self._unconfirmed) < window:
            item = self._waiting.popleft()
            if not item.future.done():
                self._publish(self._link, self._channel, item)
        # One message alone need not wait for the end of the turn; many are joined.
        if was_idle:
            self._link.flush()
        else:
            self._link.flush_soon()

    def _publish(self, link: Link, channel: int, item: _Item) -> None:
        outgoing = item.outgoing
        try:
            tag = link.core.publish(
                channel,
                item.exchange,
                outgoing.routing_key,
                outgoing.properties,
                outgoing.body,
                mandatory=item.is_mandatory,
            )
        except ValueError as error:
            fail(item.future, ValidationError.of(error))
        except PublishException as error:
            fail(item.future, error)
        else:
            self._unconfirmed[tag] = item

    def on_event(self, event: Any) -> None:
        """Take what the broker says of our messages."""
        match event:
            case Confirmed():
                self._on_confirmed(event)
            case Returned():
                if event.tag in self._unconfirmed:
                    self._unconfirmed[event.tag].returned = f"{event.code} {event.reason}"
            case ChannelClosed():
                self._on_channel_closed(event)

    def _on_confirmed(self, event: Confirmed) -> None:
        for tag in event.tags:
            item = self._unconfirmed.pop(tag, None)
            if item is None:
                continue  # it was given up
            if self._alone:
                self._alone -= 1
            if not event.is_taken:
                fail(item.future, PublishReturned("the broker refused the message"))
            elif item.returned is not None:
                fail(item.future, PublishReturned(item.returned))
            else:
                settle(item.future)
        if self._waiting:
            self._pump()

    def _on_channel_closed(self, event: ChannelClosed) -> None:
        self._channel = None
        items = list(self._unconfirmed.values())
        guilty = [item for item in items if _names(event, item)] or (items if len(items) == 1 else [])
        error = _ERRORS.get(event.code, PublishException)
        for item in guilty:
            fail(item.future, error(event.reason))
        self._alone = max(0, self._alone - len(guilty))
        if not guilty:
            # Nothing says which message it was, so they go one by one until it is found.
            self._alone = len(items)
        self._back_to_waiting()
        settle(self._broken)


_ERRORS: dict[int, type[PublishException]] = {403: PublishForbidden, 404: ExchangeMissing}


def _names(event: ChannelClosed, item: _Item) -> bool:
    """Tell whether the broker's reason speaks of where this message was going."""
    if event.code not in _ERRORS or f"exchange '{item.exchange}'" not in event.reason:
        return False
    return "to topic '" not in event.reason or f"to topic '{item.outgoing.routing_key}'" in event.reason
