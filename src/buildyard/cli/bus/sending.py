"""Publishing lines of messages: read, checked, confirmed; what `publish` and `replay` share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from msgspec.structs import replace

from buildyard.cli.bus.exits import unreadable_line
from buildyard.cli.bus.progress import Progress
from buildyard.cli.bus.reading import batches, opened
from buildyard.cli.trouble import Trouble
from buildyard.messaging import Message, loads
from buildyard.messaging._settings import settings_of
from buildyard.messaging.aio import Publisher
from buildyard.messaging.exceptions import SomeNotPublished, ValidationError


async def send(source: AsyncIterator[list[Message]], progress: Progress, *, as_they_are: bool = False) -> int:
    """Return how many messages the broker has confirmed: all of them.

    ``as_they_are`` leaves ``topic_prefix`` out.  Raises `SomeNotPublished`, and what ``source`` raises.
    """
    settings = settings_of()
    if as_they_are:
        settings = replace(settings, topic_prefix="")
    async with Publisher(settings=settings) as publisher:
        async for messages in source:
            try:
                progress.add(await publisher.publish_many(messages))
            except SomeNotPublished as error:
                progress.add(error.total - len(error.failures))
                raise
    return progress.done


async def messages_of(source: str) -> AsyncIterator[list[Message]]:
    """Yield the messages of a file, or of stdin for ``-``, some at a time.

    Those before a line that is none are yielded first; then `Trouble` is raised, which names the line.
    """
    number = 0
    with opened(source) as descriptor:
        where = "stdin" if source == "-" else source
        async for lines in batches(descriptor, where):
            messages, trouble = _parsed(lines, where, number)
            number += len(lines)
            if messages:
                yield messages
            if trouble is not None:
                raise trouble


def _parsed(lines: list[bytes], where: str, before: int) -> tuple[list[Message], Trouble | None]:
    messages: list[Message] = []
    for number, line in enumerate(lines, start=before + 1):
        try:
            messages += loads(line.decode())
        except UnicodeDecodeError as error:
            return messages, unreadable_line(where, number, ValidationError.of(error))
        except ValidationError as error:
            return messages, unreadable_line(where, number, error)
    return messages, None


def counted(trouble: Trouble, done: int) -> Trouble:
    """Return the trouble with how many were published before it."""
    facts = {**trouble.facts, "kept": f"{done:,} published and confirmed before"} if done else trouble.facts
    return Trouble(trouble.what, code=trouble.code, exit_code=trouble.exit_code, facts=facts, next=trouble.next)


Source = Callable[[], AsyncIterator[list[Message]]]
