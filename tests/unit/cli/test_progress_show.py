"""How progress is shown without a terminal, by a one-shot build and by a builder; a live table on a terminal."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path

import msgspec
import pytest

from buildyard.cli.answers import BuildAnswer, RequestAnswer
from buildyard.cli.builder_show import BuilderShow
from buildyard.cli.client import Farm, FarmCore
from buildyard.cli.follow import Stopped, followed, planned
from buildyard.cli.live import live_table
from buildyard.cli.oneshot import Builds, cache_directory
from buildyard.cli.screen import Screen
from buildyard.cli.show import ProgressShow
from buildyard.cli.trouble import ExitCode, Trouble
from buildyard.errors import ConnectFailed
from buildyard.faces.scripted import Answer, ScriptedTransport
from buildyard.faces.transport import Headers
from buildyard.farm.oneshot import Progress
from buildyard.farm.wire import BuildResult, Failure, FailureKind
from buildyard.retry import NO_RETRY

AT = 1768660229.0  # 2026-01-17T14:30:29Z


class Clock:
    """Time that moves when it is told to."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def plain() -> Screen:
    return Screen(io.StringIO(), io.StringIO(), {}, columns=80)


def told(screen: Screen) -> list[str]:
    return screen.stderr.getvalue().splitlines()  # type: ignore[attr-defined]


def build(number: int, state: str, **more: object) -> BuildAnswer:
    return BuildAnswer(id=number, package="six", version="1", abi="cp312", platform="linux_x86_64", state=state, **more)  # type: ignore[arg-type]


def test_a_build_that_ends_is_told_once() -> None:
    screen = plain()
    with ProgressShow(screen, clock=Clock(), now=lambda: AT) as show:
        show.update([build(1, "queued")])
        show.update([build(1, "building")])
        show.update([build(1, "built", elapsed_s=1.0)])
        show.update([build(1, "built", elapsed_s=1.0)])
        show.finish()
    assert told(screen) == [
        "2026-01-17T14:30:29Z built    six 1 cp312 linux_x86_64 1.0s",
        "2026-01-17T14:30:29Z done     1 built, 0 failed, 0s",
    ]


def test_what_had_ended_before_is_not_told() -> None:
    screen = plain()
    show = ProgressShow(screen, clock=Clock(), now=lambda: AT)
    show.begin([build(1, "built")])
    show.update([build(1, "built")])
    assert told(screen) == []


def test_a_line_a_minute_tells_that_the_program_is_alive() -> None:
    screen, clock = plain(), Clock()
    show = ProgressShow(screen, clock=clock, now=lambda: AT)
    for second in range(0, 150, 10):
        clock.time = float(second)
        show.update([build(1, "building")])
    assert told(screen) == ["2026-01-17T14:30:29Z progress 0 of 1 done, 1 building, 0 waiting"] * 2


def test_a_live_table_is_drawn_and_gone_at_the_end() -> None:
    screen = Screen(Terminal(), Terminal(), {"TERM": "xterm"}, columns=80)
    with live_table(screen, lambda height: [f"row of {height > 0}"], 10):
        screen.note("above it")
        time.sleep(0.25)
    assert screen.above is None
    drawn = screen.stderr.getvalue()  # type: ignore[attr-defined]
    assert "row of True" in drawn
    assert drawn.count("above it") == 1
    # The last thing that is done with the row is to erase its line.
    assert re.search(r"\x1b\[2K[^a-z]*\Z", drawn)


# --- follow ----------------------------------------------------------------------------------------------------------


def answer(value: object) -> Answer:
    return Answer(200, Headers(), [msgspec.json.encode(value)])


def farm(*script: object) -> Farm:
    return Farm(FarmCore(ScriptedTransport(*script), "http://127.0.0.1:1", retry=NO_RETRY))  # type: ignore[arg-type]


def request(state: str, *builds: str, **more: object) -> RequestAnswer:
    rows = tuple(build(number, one) for number, one in enumerate(builds))
    return RequestAnswer(id=77, state=state, builds=rows, **more)  # type: ignore[arg-type]


def at_once(_: float) -> bool:
    return False


def test_a_request_is_waited_for_until_it_is_planned() -> None:
    client = farm(answer(request("asked")), answer(request("asked")), answer(request("planned", "queued")))
    assert planned(client, 77, plain(), at_once).state == "planned"


def test_what_a_request_waits_for_is_told_once() -> None:
    screen = plain()
    waiting = answer(request("asked", reason="no builder is there yet"))
    planned(farm(waiting, waiting, answer(request("planned"))), 77, screen, at_once)
    assert told(screen) == ["! request 77 waits: no builder is there yet"]


def test_a_request_that_cannot_be_planned_is_refused_in_the_hubs_words() -> None:
    detail = {"code": "unknown_package", "package": "numpyy", "likely": ["numpy"]}
    client = farm(answer(request("failed", reason='no package is called "numpyy"', detail=detail)))
    with pytest.raises(Trouble) as caught:
        planned(client, 77, plain(), at_once)
    assert (caught.value.code, caught.value.exit_code) == ("unknown_package", ExitCode.WRONG_USE)
    assert caught.value.next == ("buildyard request numpy",)


def test_an_unknown_version_names_the_newest() -> None:
    detail = {"code": "unknown_version", "package": "six", "specifier": ">99", "newest": ["1.17.0", "1.16.0"]}
    client = farm(answer(request("failed", reason="no version of six matches >99; the newest are", detail=detail)))
    with pytest.raises(Trouble) as caught:
        planned(client, 77, plain(), at_once)
    assert caught.value.what == "no version of six matches >99"
    assert caught.value.facts == {"newest": "1.17.0, 1.16.0"}
    assert caught.value.next == ("buildyard request six==1.17.0",)


def test_an_index_that_is_silent_is_unreachable() -> None:
    client = farm(answer(request("failed", reason="silent", detail={"code": "upstream_unreachable"})))
    with pytest.raises(Trouble) as caught:
        planned(client, 77, plain(), at_once)
    assert caught.value.exit_code == ExitCode.UNREACHABLE


def test_a_request_is_followed_until_all_of_it_has_ended() -> None:
    screen = plain()
    client = farm(answer(request("planned", "building", "queued")), answer(request("planned", "built", "failed")))
    with ProgressShow(screen, now=lambda: AT) as show:
        ended = followed(client, request("planned", "queued", "queued"), show, screen, wait=at_once)
    assert [one.state for one in ended.builds] == ["built", "failed"]


def test_a_hub_that_goes_away_is_waited_for_and_told_once() -> None:
    screen = plain()
    away = ConnectFailed("connection refused", method="GET", url="http://127.0.0.1:1")
    client = farm(away, away, answer(request("planned", "built")))
    with ProgressShow(screen, now=lambda: AT) as show:
        followed(client, request("planned", "queued"), show, screen, wait=at_once)
    assert told(screen)[:2] == ["! the hub is silent (connection refused); trying again", "✓ connected again"]


def test_whoever_follows_can_be_stopped() -> None:
    screen = plain()
    with ProgressShow(screen) as show, pytest.raises(Stopped):
        followed(farm(), request("planned", "queued"), show, screen, wait=lambda _: True)


# --- one-shot --------------------------------------------------------------------------------------------------------


def happened(kind: str, abi: str = "cp312", **more: object) -> Progress:
    return Progress(kind=kind, package="six", version="1", abi=abi, **more)  # type: ignore[arg-type]


def test_what_happens_to_a_build_moves_it_on() -> None:
    known = Builds()
    states = [
        known.take(one)[0].state
        for one in (happened("planned"), happened("building"), happened("phase", phase="check"), happened("built"))
    ]
    assert states == ["queued", "building", "building", "built"]


def test_a_build_keeps_its_number_and_its_phase() -> None:
    known = Builds()
    known.take(happened("planned", "cp39"))
    known.take(happened("phase", phase="build"))
    (_, second) = known.take(happened("failed", reason="no", log=Path("w/logs/six.log")))
    assert (second.id, second.phase, second.log) == (2, "build", "w/logs/six.log")


def test_a_build_takes_as_long_as_all_of_its_phases() -> None:
    clock = Clock()
    known = Builds(clock)
    known.take(happened("building"))
    clock.time = 3.0
    (one,) = known.take(happened("phase", phase="check"))
    assert one.elapsed_s == 3.0


def test_a_covered_build_names_the_wheel_that_covers_it() -> None:
    (one,) = Builds().take(happened("covered", filename="six-1-py3-none-any.whl"))
    assert (one.covered_by, one.filename) == ("six-1-py3-none-any.whl", None)


def test_the_cache_of_one_shot_builds_is_where_the_desktop_wants_it(tmp_path: Path) -> None:
    assert cache_directory({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "buildyard"
    assert cache_directory({"XDG_CACHE_HOME": "relative"}) == Path.home() / ".cache/buildyard"


# --- builder ---------------------------------------------------------------------------------------------------------


def builder_show(screen: Screen, clock: Clock) -> BuilderShow:
    return BuilderShow(screen, slots=3, clock=clock, now=lambda: AT)


def test_a_builder_tells_what_it_built_and_how_long_that_took() -> None:
    screen, clock = plain(), Clock()
    show = builder_show(screen, clock)
    show.started(0, "cffi 1.17.1 cp312")
    clock.time = 26.04
    show.ended(0, "cffi 1.17.1 cp312", BuildResult(outcome="built"))
    assert told(screen) == ["2026-01-17T14:30:29Z built    cffi 1.17.1 cp312 26.0s"]


def test_a_builder_tells_why_a_build_failed_in_one_line() -> None:
    screen = plain()
    show = builder_show(screen, Clock())
    failure = Failure(kind=FailureKind.COMPILE_ERROR, reason="Python.h: no\nmore", phase="build")
    show.started(0, "cffi 1 cp312")
    show.ended(0, "cffi 1 cp312", BuildResult(outcome="failed", failure=failure))
    assert told(screen) == ["2026-01-17T14:30:29Z failed   cffi 1 cp312  build: Python.h: no 0.0s"]


def test_a_builder_tells_what_goes_back_to_the_queue() -> None:
    screen = plain()
    show = builder_show(screen, Clock())
    show.started(1, "cffi 1 cp312")
    show.ended(1, "cffi 1 cp312", None)
    assert told(screen) == ["2026-01-17T14:30:29Z given    cffi 1 cp312 goes back to the queue 0.0s"]


def test_a_builders_table_has_a_row_for_each_slot_at_work_and_counts_the_free_ones() -> None:
    show = builder_show(plain(), Clock())
    show.started(0, "cffi 1.17.1 cp312")
    show.phase(0, "build")
    assert show.lines(20) == ["● cffi 1.17.1 cp312  build" + "0.0 s".rjust(54), "○ 2 slots free"]
