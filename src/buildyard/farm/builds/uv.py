"""Running ``uv pip compile``: its arguments, its end, and what it says, as values and typed errors.

`resolve` decides what is asked; here is how.  uv is told everything by arguments and environment, reads no file of the
user's, and runs no code of a package: a build backend's interpreter cannot start (`_confined`), so that uv fails by
naming the package instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from buildyard.errors import BuildyardError
from buildyard.farm.builds.requirements import applies
from buildyard.farm.upstream.errors import UpstreamUnreachable
from buildyard.farm.upstream.sdists import Declared

#: How much of uv's explanation is kept.
_EXPLANATION = 600

_NEEDS_CODE = re.compile(
    r"[Ff]ailed to (?:download and )?(?:build|prepare)[^`\n]{0,40}`(?P<name>[\w.-]+)==(?P<version>[^`\s]+)`"
)
_NETWORK = re.compile(
    r"failed to fetch|error sending request|request failed|could not connect|timed out|dns error", re.I
)
#: An index that answers, and refuses: the same question has the same answer (but for 408 and 429).
_REFUSED = re.compile(
    r"HTTP status client error \((?P<status>4(?!08|29)\d\d)[^)]*\) for url "
    r"\([^)]*?(?P<file>[^/)]*)/?\)"
)
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.I)
_DRAWING = re.compile(r"[│├╰─▶×]")
_MARKERS = re.compile(r"\{[^{}]*\}| for split \(markers: [^)]*\)")


class ResolveError(BuildyardError):
    """Dependencies could not be resolved."""


class Unsatisfiable(ResolveError):
    """No set of versions satisfies all requirements.  ``explanation`` is uv's, without addresses."""

    def __init__(self, explanation: str) -> None:
        super().__init__(explanation)
        self.explanation = explanation


class ResolverTimeout(ResolveError):
    """uv took longer than it may; it was stopped.  Try again, or ask for fewer packages at once."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"resolving took more than {seconds:g} s, and was stopped")
        self.seconds = seconds


class ResolverFailed(ResolveError):
    """uv is not there, or ended with an error of its own."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"uv could not resolve: {reason}")
        self.reason = reason


class NeedsCode(ResolverFailed):
    """Only a package's own code would tell what it requires, and that is not run here."""

    def __init__(self, package: str, version: str) -> None:
        super().__init__(f"only the code of {package} {version} would tell what it requires, and that is not run")
        self.package = package
        self.version = version


class Question(Struct, frozen=True, kw_only=True):
    """One call of ``uv pip compile``."""

    requirements: tuple[str, ...]  #: lines of a requirements file
    python_version: str  #: full, ``3.12.1``: ``3.12`` means 3.12.0 to uv, which a ``Requires-Python`` may exclude
    is_universal: bool = False  #: for an interpreter unlike ours; the answer's markers tell what is for it
    deps: bool = True
    from_source: tuple[str, ...] = ()  #: of these only versions with a source distribution count


def arguments(uv: Path, question: Question, cache_dir: Path) -> list[str]:
    """Return the command that asks uv; requirements go to its standard input."""
    command = [str(uv), "pip", "compile", "-", "--no-header", "--no-annotate", "--no-progress", "--color", "never"]
    command += ["--cache-dir", str(cache_dir), "--python", sys.executable, "--python-version", question.python_version]
    # Without isolation uv fetches no build requirements before it finds that it cannot run the backend.
    command += ["--no-build-isolation"]
    # Of a universal answer only the oldest Python counts, which is the one we ask for.
    command += ["--universal", "--fork-strategy", "fewest"] if question.is_universal else []
    command += [] if question.deps else ["--no-deps"]
    return command + [part for name in question.from_source for part in ("--no-binary", name)]


def _confined(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for uv, in which no interpreter that it starts for a build backend can run anything.

    Python without its standard library stops before it reads a line of code.  uv asks interpreters about themselves in
    isolated mode, where PYTHONHOME does not count.  An index that is down is tried twice: somebody waits.
    """
    return {**environment, "PYTHONHOME": os.devnull, "UV_HTTP_RETRIES": "1"}


async def ask(command: list[str], text: str, environment: Mapping[str, str], timeout: float) -> tuple[int, str, str]:
    """Return uv's exit code, output and messages.  It is killed with its children on time-out and cancellation.

    Raises `ResolverTimeout`, `ResolverFailed`.
    """
    process = await _start(command, _confined(environment))
    try:
        async with asyncio.timeout(timeout):
            output, messages = await process.communicate(text.encode())
    except TimeoutError:
        raise ResolverTimeout(timeout) from None
    finally:
        if process.returncode is None:
            await _kill(process)
    return process.returncode or 0, output.decode("utf-8", "replace"), messages.decode("utf-8", "replace")


async def _start(command: list[str], environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, start_new_session=True
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        # A process that is just being started must not be forgotten.
        await _kill(await starting)
        raise
    except OSError as error:
        raise ResolverFailed(f"it cannot be started: {error.strerror}") from error


async def _kill(process: asyncio.subprocess.Process) -> None:
    """End the process and all it started, and return when its pipes are closed."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await asyncio.shield(process.communicate())


def versions(output: str, environment: dict[str, str]) -> dict[str, str]:
    """Return name (normalised) to version of what ``uv pip compile`` printed, as far as it is for this environment."""
    found: dict[str, str] = {}
    for line in output.splitlines():
        try:
            requirement = Requirement(line.strip())
        except InvalidRequirement:
            continue
        pins = [one.version for one in requirement.specifier if one.operator == "=="]
        if pins and applies(requirement, environment):
            found[canonicalize_name(requirement.name)] = pins[0]
    return found


def failure(messages: str) -> BuildyardError:
    """Return the error that uv's messages stand for."""
    needs = _NEEDS_CODE.search(messages)
    if needs is not None:
        return NeedsCode(canonicalize_name(needs["name"]), needs["version"])
    if "No solution found" in messages:
        return Unsatisfiable(explanation(messages))
    refused = _REFUSED.search(messages)
    if refused is not None:
        return UpstreamUnreachable(f"it answers {refused['status']} for {refused['file']}", may_pass=False)
    if _NETWORK.search(messages):
        return UpstreamUnreachable("uv could not fetch what it needs")
    return ResolverFailed(explanation(messages) or "it says nothing")


def explanation(messages: str) -> str:
    """Return uv's explanation as one sentence or two, without drawing, hints and addresses."""
    kept: list[str] = []
    for line in messages.splitlines():
        plain = _DRAWING.sub(" ", line).strip()
        if plain.startswith(("hint:", "warning:")):
            break
        kept.append(plain.removeprefix("error:").removeprefix("cause:").strip())
    text = _ADDRESS.sub("(address)", _MARKERS.sub("", " ".join(" ".join(kept).split())))
    told = text.partition("resolving dependencies")[2].lstrip(": ") or text
    return told if len(told) <= _EXPLANATION else told[: _EXPLANATION - 2].rpartition(" ")[0] + " …"


def dependency_metadata(known: Mapping[tuple[str, str], Declared]) -> str:
    """Return the uv.toml that tells what uv must not ask a build backend for: name and version to what they require."""
    entries: list[str] = []
    for (name, version), declared in known.items():
        required = ", ".join(json.dumps(text) for text in declared.requires_dist)
        named = f"name = {json.dumps(name)}\nversion = {json.dumps(version)}\n"
        entries.append(f"[[dependency-metadata]]\n{named}requires-dist = [{required}]\n")
    return "\n".join(entries)
