"""``buildyard bus record``: keep messages in a file, as lines that `publish`, `replay` and fedora-messaging read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from buildyard.cli.bus.options import AppName, Config, Exchange, Limit, QueueName, RoutingKeys, Url
from buildyard.cli.options import Json
from buildyard.cli.screen import Screen
from buildyard.cli.trouble import ExitCode

if TYPE_CHECKING:
    from buildyard.cli.bus.progress import Progress
    from buildyard.cli.bus.recording import Recording

EXAMPLES = (
    "buildyard bus record builds.jsonl --routing-key 'org.example.buildyard.#'",
    "buildyard bus record sample.jsonl --limit 100",
    "buildyard bus record - --limit 10 | jq .topic",
    "buildyard bus record all.jsonl --config service.toml --queue-name 5a2c1c5e-8f1d-4f4e-9d0f-0d7c5d0e6a11",
)

_File = Annotated[
    str, typer.Argument(metavar="FILE", help="Messages are added at its end; - for stdout.", show_default=False)
]


def record(
    screen: Screen,
    file: _File,
    *,
    limit: Limit = None,
    routing_key: RoutingKeys = None,
    queue_name: QueueName = None,
    exchange: Exchange = None,
    app_name: AppName = "recorder",
    config: Config = None,
    url: Url = None,
    json: Json = False,
) -> int:
    """Keep messages in a file.

    Until Ctrl-C, or as many as --limit says.  A message is acknowledged once it is in the file.  Without --config they
    come from a queue of the broker's own, which ends with this command.

    """
    from buildyard.cli.bus.progress import Progress
    from buildyard.cli.bus.recording import Recording
    from buildyard.cli.bus.session import configure, invalid_told, places, run, told, watched
    from buildyard.messaging.config import conf

    configure(config, url, app_name)
    # It is the service's own port; a recording of the same configuration may run beside it.
    conf["monitoring"] = {}
    bindings, queues = places(routing_key, queue_name, exchange)
    where = "stdout" if file == "-" else file
    code = ExitCode.DONE
    with Recording.open(file, screen) as recording, Progress(screen, "Recording", limit=limit) as progress:
        try:
            with watched(screen), invalid_told(screen), told():
                run(_record(recording, progress, limit, bindings, queues))
        except KeyboardInterrupt:
            # Without a limit it has no end but this one.
            code = ExitCode.DONE if limit is None else ExitCode.INTERRUPTED
    progress.finish(f"{progress.done:,} recorded in {where}")
    if json and file != "-":
        screen.json({"recorded": progress.done, "file": file})
    return code


async def _record(
    recording: Recording, progress: Progress, limit: int | None, bindings: list[dict[str, Any]], queues: dict[str, Any]
) -> None:
    from buildyard.messaging import HaltConsumer, Message, aio

    async def keep(message: Message) -> None:
        if limit is not None and progress.done >= limit:
            raise HaltConsumer(requeue=True)  # of another queue, while the last one was on its way
        recording.write(message)
        progress.add()
        if progress.done == limit:
            raise HaltConsumer

    try:
        await aio.consume(keep, bindings, queues)
    except HaltConsumer:
        pass
