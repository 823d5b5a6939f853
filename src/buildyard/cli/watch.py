"""``buildyard watch``: events as they happen, from any number on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from buildyard.cli.options import Hub, Json, State
from buildyard.cli.screen import Screen
from buildyard.cli.trouble import ExitCode

if TYPE_CHECKING:
    from buildyard.cli.answers import EventAnswer
    from buildyard.cli.client import Farm
    from buildyard.cli.palette import Palette

EXAMPLES = ("buildyard watch", "buildyard watch --request 77", "buildyard watch --after 0 --json | jq .summary")

_Request = Annotated[
    int | None,
    typer.Option(
        "--request", metavar="N", min=1, help="Only this request, from its beginning to its end.", show_default=False
    ),
]
_After = Annotated[
    int | None,
    typer.Option(
        "--after", metavar="N", min=0, help="What follows event N; 0 for all; else from now on.", show_default=False
    ),
]

#: Seconds the hub may keep us waiting for the next event.
_WAIT_S = 20.0
_PAUSES_S = (1.0, 2.0, 5.0)

#: Topics for those who look after the queue, and one that the first phase tells as well; ``-v`` and ``--json`` show
#: them too.
_INNER = ("task.", "artifact.", "build.started")

#: Sign and word of a topic.
_MARKS = {
    "build.requested": ("queued", "asked"),
    "request.failed": ("failed", "refused"),
    "build.queued": ("queued", "queued"),
    "build.started": ("building", "begun"),
    "build.phase": ("building", "phase"),
    "build.completed": ("built", "built"),
    "file.published": ("built", "published"),
    "builder.seen": ("built", "builder"),
    "builder.lost": ("silent", "lost"),
}


def watch(
    screen: Screen,
    *,
    request: _Request = None,
    after: _After = None,
    state: State = None,
    hub: Hub = None,
    json: Json = False,
) -> int:
    """Follow what happens: builds, wheels, builders."""
    from buildyard.cli.hubs import find_hub

    with find_hub(hub, state).connect() as farm:
        if request is not None:
            return _request(screen, farm, request, after, json=json)
        start = farm.status().last_event if after is None else after
        # It has no end but this one.
        with suppress(KeyboardInterrupt):
            for event in _events(screen, farm, start):
                _tell(screen, event, json=json)
    return ExitCode.DONE


def _request(screen: Screen, farm: Farm, number: int, after: int | None, *, json: bool) -> int:
    """Tell what concerns a request until all of it has ended; exit 1 where a build failed."""
    from buildyard.cli.follow import refusal_of
    from buildyard.cli.progress import tally_of

    asked = farm.request(number)
    builds = {build.id for build in asked.builds}
    # An earlier request may have begun the same builds; what happened to them then is not of this one.
    is_begun = after is not None
    for event in _events(screen, farm, after or 0, stop=lambda: _is_over(farm, number)):
        is_own = event.body.get("request_id") == number
        is_begun = is_begun or is_own
        if is_begun and (is_own or event.body.get("build_id") in builds):
            _tell(screen, event, json=json)
        if event.topic in ("build.requested", "build.queued", "build.skipped"):
            builds = {build.id for build in farm.request(number).builds}
    asked = farm.request(number)
    if asked.state == "failed":
        raise refusal_of(asked)
    return ExitCode.DONE if tally_of(asked.builds).is_good else ExitCode.FAILED


def _is_over(farm: Farm, number: int) -> bool:
    asked = farm.request(number)
    return asked.state == "failed" or (asked.state == "planned" and all(build.is_settled for build in asked.builds))


def _events(
    screen: Screen, farm: Farm, after: int, *, stop: Callable[[], bool] = lambda: False
) -> Iterator[EventAnswer]:
    """Yield the events that follow a number, as they happen; end when ``stop`` held before the last look."""
    from buildyard.errors import ServerFault, TransportError

    tries, seen_at = 0, time.time()
    while True:
        try:
            is_last = stop()
            page = farm.events(after, wait=0.0 if is_last else _WAIT_S)
        except (TransportError, ServerFault):
            if tries == 0:
                screen.warn(f"the hub is silent, data up to {_clock(seen_at)}; trying again")
            time.sleep(_PAUSES_S[min(tries, len(_PAUSES_S) - 1)])
            tries += 1
            continue
        if tries:
            screen.note(f"{screen.err.mark('done')} connected again, {len(page.events)} events replayed")
        tries, seen_at, after = 0, time.time(), page.last
        yield from page.events
        if is_last and not page.events:
            return


def _tell(screen: Screen, event: EventAnswer, *, json: bool) -> None:
    if json:
        screen.json(event)
    elif screen.verbosity >= 1 or not event.topic.startswith(_INNER):
        screen.result(event_line(event, screen.out, is_terminal=screen.stdout.isatty()))


def event_line(event: EventAnswer, palette: Palette, *, is_terminal: bool) -> str:
    """Return an event as one line: with its sign for a person, with its word and whole time for a log."""
    from buildyard.cli.report import plain_line

    state, word = _MARKS.get(event.topic, ("", event.topic.rpartition(".")[2]))
    if event.topic == "build.failed":
        state, word = ("failed", "failed") if event.body.get("final") else ("will_retry", "retry")
    elif event.topic == "build.skipped":
        state, word = str(event.body.get("state", "")), "skipped"
    if not is_terminal:
        return plain_line(event.at, word, event.summary)
    glyph = palette.glyph(state) if state else " "
    return f"{_clock(event.at)}  {glyph} {event.summary}"


def _clock(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S}"
