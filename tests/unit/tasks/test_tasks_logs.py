from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from buildyard.farm.store.errors import StoreFull
from buildyard.farm.tasks.errors import LogGap
from buildyard.farm.tasks.logs import LogStore, Mark

TASK = "QpRI7P9mSXeFhQZ9bMhH1g"


@pytest.fixture
def logs(tmp_path: Path) -> LogStore:
    return LogStore(tmp_path / "logs")


def test_pieces_are_put_one_after_another(logs: LogStore) -> None:
    assert logs.append(TASK, 0, 0, b"one\n", 0.0) == 4
    assert logs.append(TASK, 0, 4, b"two\n", 1.0) == 8
    assert logs.read(TASK, 0) == b"one\ntwo\n"


def test_a_repeated_piece_is_stored_once(logs: LogStore) -> None:
    logs.append(TASK, 0, 0, b"one\n", 0.0)
    assert logs.append(TASK, 0, 0, b"one\n", 0.5) == 4
    assert (logs.read(TASK, 0), len(logs.marks(TASK, 0))) == (b"one\n", 1)


def test_of_a_piece_that_overlaps_only_the_rest_is_stored(logs: LogStore) -> None:
    logs.append(TASK, 0, 0, b"one\n", 0.0)
    assert logs.append(TASK, 0, 2, b"e\ntwo\n", 1.0) == 8
    assert logs.read(TASK, 0) == b"one\ntwo\n"


def test_a_gap_is_refused_with_the_size_that_is_known(logs: LogStore) -> None:
    logs.append(TASK, 0, 0, b"one\n", 0.0)
    with pytest.raises(LogGap) as refused:
        logs.append(TASK, 0, 9, b"x", 1.0)
    assert (refused.value.known, refused.value.offset) == (4, 9)
    assert logs.size(TASK, 0) == 4


def test_runs_have_logs_of_their_own(logs: LogStore) -> None:
    logs.append(TASK, 0, 0, b"zero", 0.0)
    logs.append(TASK, 1, 0, b"one", 0.0)
    assert (logs.read(TASK, 0), logs.read(TASK, 1)) == (b"zero", b"one")


def test_a_run_without_a_log_reads_as_empty(logs: LogStore) -> None:
    assert (logs.size(TASK, 0), logs.read(TASK, 0), logs.marks(TASK, 0)) == (0, b"", [])


@pytest.mark.parametrize(
    ("start", "end", "expected"), [(0, 3, b"one"), (4, None, b"two"), (6, 99, b"o"), (99, None, b"")]
)
def test_a_part_is_read_as_far_as_it_exists(logs: LogStore, start: int, end: int | None, expected: bytes) -> None:
    logs.append(TASK, 0, 0, b"one\ntwo", 0.0)
    assert logs.read(TASK, 0, start, end) == expected


def test_marks_tell_when_bytes_came_and_phases_began(logs: LogStore) -> None:
    logs.append(TASK, 0, 0, b"fetching\n", 0.25)
    logs.mark(TASK, 0, 9, 1.5, "build")
    logs.append(TASK, 0, 9, b"cc\n", 2.0)
    assert logs.marks(TASK, 0) == [
        Mark(offset=0, at=0.25),
        Mark(offset=9, at=1.5, phase="build"),
        Mark(offset=9, at=2.0),
    ]


def test_a_repeated_phase_is_marked_once(logs: LogStore) -> None:
    for _ in range(2):
        logs.mark(TASK, 0, 0, 0.0, "fetch")
    assert len(logs.marks(TASK, 0)) == 1


def test_a_mark_that_a_crash_cut_short_is_left_out(logs: LogStore, tmp_path: Path) -> None:
    logs.append(TASK, 0, 0, b"x", 0.0)
    marks = tmp_path / "logs" / TASK / "0.marks"
    marks.write_text(marks.read_text() + "17 2.")
    assert logs.marks(TASK, 0) == [Mark(offset=0, at=0.0)]


@pytest.mark.parametrize("task_id", ["", "..", "a/b", "a\0", "x" * 65])
def test_what_is_no_task_id_reaches_no_file(logs: LogStore, task_id: str) -> None:
    with pytest.raises(ValueError, match="not a task id"):
        logs.read(task_id, 0)


def test_a_full_disk_is_told(logs: LogStore) -> None:
    logs.path(TASK, 0).parent.mkdir(parents=True)
    logs.path(TASK, 0).symlink_to("/dev/full")
    with pytest.raises(StoreFull):
        logs.append(TASK, 0, 0, b"one\n", 0.0)


def test_a_full_disk_loses_a_mark_and_no_byte(logs: LogStore) -> None:
    logs.path(TASK, 0).parent.mkdir(parents=True)
    logs.path(TASK, 0).with_suffix(".marks").symlink_to("/dev/full")
    assert logs.append(TASK, 0, 0, b"one\n", 0.0) == 4


# --- followers ---


async def never() -> bool:
    return False


async def collect(logs: LogStore, ended: Callable[[], Awaitable[bool]], start: int = 0) -> bytes:
    return b"".join([piece async for piece in logs.follow(TASK, 0, start, ended=ended)])


def test_a_follower_of_an_ended_run_gets_what_there_is(logs: LogStore) -> None:
    logs.append(TASK, 0, 0, b"one\ntwo\n", 0.0)

    async def ended() -> bool:
        return True

    assert asyncio.run(collect(logs, ended, start=4)) == b"two\n"


def test_a_follower_gets_bytes_as_they_come_until_the_run_ends(logs: LogStore) -> None:
    async def scenario() -> bytes:
        over = False

        async def ended() -> bool:
            return over

        following = asyncio.create_task(collect(logs, ended))
        for at in range(3):
            await asyncio.sleep(0)
            logs.append(TASK, 0, 2 * at, b"%d\n" % at, float(at))
        over = True
        logs.nudge(TASK, 0)
        return await asyncio.wait_for(following, 5)

    assert asyncio.run(scenario()) == b"0\n1\n2\n"


def test_a_follower_is_woken_from_another_thread(logs: LogStore) -> None:
    async def scenario() -> bytes:
        pieces = logs.follow(TASK, 0, ended=never)
        waiting = asyncio.ensure_future(anext(pieces))
        await asyncio.sleep(0.01)
        await asyncio.to_thread(logs.append, TASK, 0, 0, b"late", 0.0)
        piece = await asyncio.wait_for(waiting, 5)
        await pieces.aclose()
        return piece

    assert asyncio.run(scenario()) == b"late"


def test_nothing_written_before_the_end_is_left_out(logs: LogStore) -> None:
    """The last bytes may arrive between the follower's last look and the run's end."""

    async def ended() -> bool:
        logs.append(TASK, 0, 0, b"last words", 0.0)
        return True

    assert asyncio.run(collect(logs, ended)) == b"last words"


def test_a_follower_that_leaves_is_forgotten(logs: LogStore) -> None:
    async def scenario() -> None:
        logs.append(TASK, 0, 0, b"x", 0.0)
        pieces = logs.follow(TASK, 0, ended=never)
        await anext(pieces)
        await pieces.aclose()

    asyncio.run(scenario())
    assert not logs._followers
