"""``buildyard request``: ask a hub for wheels."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from buildyard.cli.options import Hub, Json, NoDeps, Python, Requirements, State, abis_of
from buildyard.cli.screen import Screen
from buildyard.cli.trouble import ExitCode, Trouble

if TYPE_CHECKING:
    from buildyard.cli.answers import RequestAnswer
    from buildyard.cli.client import Farm

EXAMPLES = (
    "buildyard request markupsafe msgpack",
    "buildyard request numpy 'wrapt<2' --wait",
    "buildyard request numpy --python 3.12 3.13 --no-deps",
)

_WaitFor = Annotated[bool, typer.Option("--wait", help="Stay until all of it has ended; exit 1 if a build failed.")]
_Timeout = Annotated[
    float | None,
    typer.Option("--timeout", metavar="SECONDS", min=0, help="Wait no longer; exit 124.", show_default=False),
]
_Again = Annotated[bool, typer.Option("--again", help="Try once more what failed.")]


def request(
    screen: Screen,
    names: Requirements,
    *,
    wait: _WaitFor = False,
    timeout: _Timeout = None,
    python: Python = None,
    no_deps: NoDeps = False,
    again: _Again = False,
    state: State = None,
    hub: Hub = None,
    json: Json = False,
) -> int:
    """Ask a hub for wheels of these packages."""
    from buildyard.cli.follow import Stopped, planned
    from buildyard.cli.hubs import find_hub

    deadline = _Deadline(timeout)
    with find_hub(hub, state).connect() as farm:
        number = farm.ask(names, abis=abis_of(python), deps=not no_deps, again=again)
        screen.step(f"request {number}")
        try:
            asked = planned(farm, number, screen, deadline)
            if not wait:
                return _told(screen, farm.raw(f"/requests/{number}"), asked, state, hub, json=json)
            return _waited(screen, farm, asked, deadline, json=json)
        except Stopped:
            raise Trouble(
                f"request {number} has not ended after {timeout:g} s",
                code="timed_out",
                exit_code=ExitCode.TIMED_OUT,
                facts={"kept": "it goes on at the hub"},
                next=[_follow(number, state, hub)],
            ) from None
        except KeyboardInterrupt:
            screen.note(f"request {number} goes on at the hub. Follow it: {_follow(number, state, hub)}")
            raise


class _Deadline:
    """Waits for a while, and tells when the time is up."""

    def __init__(self, timeout: float | None) -> None:
        self._end = None if timeout is None else time.monotonic() + timeout

    def __call__(self, seconds: float) -> bool:
        left = seconds if self._end is None else self._end - time.monotonic()
        time.sleep(max(min(seconds, left), 0.0))
        return self._end is not None and time.monotonic() >= self._end


def _told(screen: Screen, raw: bytes, asked: RequestAnswer, state: Path | None, hub: str | None, *, json: bool) -> int:
    from buildyard.cli.report import plan_lines

    if json:
        screen.result(raw.decode())
        return ExitCode.DONE
    for line in plan_lines(asked.builds, screen.out):
        screen.result(line)
    if not all(build.is_settled for build in asked.builds):
        screen.result(f"Follow it: {_follow(asked.id, state, hub)}")
    return ExitCode.DONE


def _waited(screen: Screen, farm: Farm, asked: RequestAnswer, deadline: _Deadline, *, json: bool) -> int:
    from buildyard.cli.follow import followed
    from buildyard.cli.progress import tally_of, view_of
    from buildyard.cli.report import final_lines, plan_lines, summary_line
    from buildyard.cli.show import ProgressShow

    if not json:
        for line in plan_lines(asked.builds, screen.err):
            screen.note(line)
    slots = sum(builder.slots for builder in farm.builders() if builder.state == "working")
    with ProgressShow(screen, slots=slots) as show:
        ended = followed(farm, asked, show, screen, wait=deadline)
        show.finish()
    tally = tally_of(ended.builds)
    if json:
        screen.result(farm.raw(f"/requests/{ended.id}").decode())
    else:
        for line in final_lines(view_of(ended.builds), screen.out):
            screen.result(line)
        screen.result(summary_line(tally, screen.out, elapsed_s=show.elapsed_s))
    return ExitCode.DONE if tally.is_good else ExitCode.FAILED


def _follow(number: int, state: Path | None, hub: str | None) -> str:
    where = f" --hub {hub}" if hub else f" --state {state}" if state else ""
    return f"buildyard watch --request {number}{where}"
