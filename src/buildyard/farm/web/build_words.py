"""The sentences of a build's page: how it is, and what follows from that.

Pure, from `Facts` to text.
"""

from __future__ import annotations

from msgspec import Struct

from buildyard.farm.builds.words import (
    ago,
    clock_time,
    duration,
    estimate,
    kind_words,
    ordinal,
    platform_words,
    sentence,
    stopped,
    usual,
)
from buildyard.farm.web.build_facts import Facts

#: How a failure's kind is said before its reason, where the word alone would not read.
_KINDS = {
    "internal": "A fault of the farm itself",
    "stopped": "Stopped",
    "too_much_output": "Printed too much",
    "bad_wheel": "The wheel is damaged",
    "wrong_wheel": "This is another wheel",
    "check_failed": "The wheel does not work",
    "build_error": "The build backend said no",
    "build_requires": "Build requirements are missing",
    "pure_fallback": "Built without its extensions",
}

#: Failures that another builder or another day may not have.
_PASSING = frozenset({"network", "stopped", "no_interpreter", "internal"})


class Banner(Struct, frozen=True, kw_only=True):
    """Why a build is not built, in a box."""

    tone: str  #: ``bad`` or ``warn``
    what: str
    next: str


def headline(facts: Facts, now: float) -> str:
    """Return how the build is, by whom and since when."""
    told = [_state(facts, now), _asked(facts), _attempt(facts)]
    return " ".join(filter(None, told))


def banner(facts: Facts) -> Banner | None:
    """Return the box of a build that failed or is tried again, None for any other."""
    build = facts.build
    if build.state not in ("failed", "will_retry", "blocked"):
        return None
    kind = _KINDS.get(build.kind, sentence(kind_words(build.kind)))
    what = stopped(f"{kind}: {build.reason}" if kind else sentence(build.reason))
    return Banner(tone="bad" if build.state == "failed" else "warn", what=what, next=_follows(facts))


def _follows(facts: Facts) -> str:
    build = facts.build
    told = [stopped(sentence(build.next))] if build.next else []
    if build.state == "will_retry":
        told.append("This passes by itself as a rule, so it is tried again without anybody’s help.")
    elif build.state == "blocked":
        told.append("It goes on by itself once that is mended.")
    elif build.kind in _PASSING:
        told.append("It was tried several times, and is not tried again until somebody asks for it.")
    elif build.next:
        told.append("Then retry it: it is not tried again by itself.")
    else:
        told.append("It fails the same way on every builder, so it is not tried again until somebody asks for it.")
    return " ".join(told)


def _state(facts: Facts, now: float) -> str:
    build = facts.build
    state = build.state
    if state == "queued":
        return _waiting(facts)
    if state == "building":
        return _building(facts)
    if state in ("built", "failed"):
        return _ended(facts, now)
    if state == "will_retry":
        when = f"at {clock_time(facts.try_at)} UTC" if facts.try_at else "soon"
        return f"Will be tried again {when}."
    if state == "covered":
        return f"Covered by another wheel{_when(facts, now)}."
    words = {"left_to_upstream": "Left to upstream", "skipped": "Skipped", "not_wanted": "Not wanted"}
    return stopped(f"{words.get(state, sentence(state))}{': ' + build.reason if build.reason else ''}")


def _waiting(facts: Facts) -> str:
    if facts.waits_for is not None:
        return "Waits for another Python of this version: its wheel may serve this one too."
    place = sentence(ordinal(facts.position or 1))
    pool = platform_words(facts.build.platform)
    soon = f", starts in about {estimate(facts.starts_in_s)}" if facts.starts_in_s is not None else ""
    return f"{place} in pool {pool}{soon}."


def _building(facts: Facts) -> str:
    build = facts.build
    told = f"Building for {duration(build.elapsed_s or 0)} on {build.builder}"
    if facts.usual is None or facts.usual.of != "package":
        return f"{told}, first build of this package."
    return f"{told}, usually {usual(facts.usual.seconds)}."


def _ended(facts: Facts, now: float) -> str:
    build = facts.build
    verb = "Built in" if build.state == "built" else "Failed after"
    took = build.result.elapsed_s if build.result and build.result.elapsed_s else build.elapsed_s
    told = f"{verb} {duration(took, precise=True)}" if took is not None else verb.split()[0]
    return f"{told}{' on ' + build.builder if build.builder else ''}{_when(facts, now)}."


def _when(facts: Facts, now: float) -> str:
    return f", {ago(now - facts.finished)}" if facts.finished is not None else ""


def _asked(facts: Facts) -> str:
    if facts.asked is None:
        return ""
    if not facts.asked.top_level:
        return f"Needed by request {facts.asked.id}."
    return f"Asked for by {facts.asked.by}."


def _attempt(facts: Facts) -> str:
    number = max(facts.build.tries, 1) + (facts.build.run_id or 0)
    lost = [run for run in facts.runs[:-1] if run.reason]
    if number < 2:
        return ""
    why = {"claim-expired": "its builder went silent", "worker-shutdown": "its builder was stopped"}
    before = f": {why.get(lost[-1].reason, lost[-1].reason)} at the last one" if lost else ""
    return f"{sentence(ordinal(number))} try{before}."
