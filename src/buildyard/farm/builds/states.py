"""The states of a build, as data: what may happen to it, and what it is then.

`MOVES` is the whole law; `service` asks it before it writes, and the docs draw their picture from it.  The words are
those of pages, terminal and JSON alike.
"""

from __future__ import annotations

from enum import StrEnum

from buildyard.errors import BuildyardError


class State(StrEnum):
    """What a build is."""

    QUEUED = "queued"  #: wanted; waits for a builder, or for the build that goes first
    BUILDING = "building"  #: a builder holds its task
    BUILT = "built"  #: it gave a wheel
    WILL_RETRY = "will_retry"  #: it failed for a passing reason and is tried again at ``try_at``
    BLOCKED = "blocked"  #: it waits for something a person must do
    FAILED = "failed"  #: it failed, and fails again until its source or its environment changes
    COVERED = "covered"  #: another wheel serves this interpreter
    LEFT_TO_UPSTREAM = "left_to_upstream"  #: upstream has a wheel and no source
    SKIPPED = "skipped"  #: a person said so
    NOT_WANTED = "not_wanted"  #: a rule says so, ``Requires-Python`` for one


class Move(StrEnum):
    """What may happen to a build."""

    CLAIM = "claim"  #: a builder claimed its task
    GIVE_BACK = "give_back"  #: its claim expired or its builder stopped; the task has another run
    COMPLETE = "complete"  #: it gave a wheel that matches it
    FAIL = "fail"  #: it failed for good
    POSTPONE = "postpone"  #: it failed for a passing reason
    REQUEUE = "requeue"  #: its time to try again has come
    COVER = "cover"  #: another wheel turned out to serve it
    RETRY = "retry"  #: a person asked for it again


_ACTIVE = (State.QUEUED, State.BUILDING)

#: (state, move) -> state.  What is absent cannot happen.
MOVES: dict[tuple[State, Move], State] = {
    (State.QUEUED, Move.CLAIM): State.BUILDING,
    (State.BUILDING, Move.GIVE_BACK): State.QUEUED,
    (State.WILL_RETRY, Move.REQUEUE): State.QUEUED,
    (State.QUEUED, Move.COVER): State.COVERED,
    (State.BUILDING, Move.COVER): State.COVERED,
    (State.WILL_RETRY, Move.COVER): State.COVERED,
    # A short run may be claimed and resolved between two looks, so a queued build can end too.
    **{(state, Move.COMPLETE): State.BUILT for state in _ACTIVE},
    **{(state, Move.FAIL): State.FAILED for state in _ACTIVE},
    **{(state, Move.POSTPONE): State.WILL_RETRY for state in _ACTIVE},
    **{
        (state, Move.RETRY): State.QUEUED
        for state in (State.FAILED, State.WILL_RETRY, State.BLOCKED, State.SKIPPED, State.NOT_WANTED)
    },
}

#: States in which nothing more happens by itself.
SETTLED = frozenset(
    {
        State.BUILT,
        State.BLOCKED,
        State.FAILED,
        State.COVERED,
        State.LEFT_TO_UPSTREAM,
        State.SKIPPED,
        State.NOT_WANTED,
    }
)


class ImpossibleMove(BuildyardError):
    """A build in this state cannot do that; look at it again, since somebody else has moved it."""

    def __init__(self, state: State, move: Move) -> None:
        super().__init__(f"a build that is {state.replace('_', ' ')} cannot {move.replace('_', ' ')}")
        self.state = state
        self.move = move


def after(state: State, move: Move) -> State:
    """Return the state that follows.  Raises `ImpossibleMove` where the table has none."""
    try:
        return MOVES[state, move]
    except KeyError:
        raise ImpossibleMove(state, move) from None
