"""Bad input of every kind: each package fails with a clear reason wherever one looks, and the one beside it is built.

All of them are asked for at once, of one farm with small limits.  `test_as_nobody` runs this as an ordinary user too.
"""

from __future__ import annotations

import html
import io
import os
import random
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from buildyard.cli.answers import RequestAnswer
from buildyard.farm.builder import proctree
from buildyard.farm.builder.interpreters import Interpreter
from support.farmyard import Process, Yard, bare_environment, yard
from support.ledger import check
from support.local_index import LocalIndex, Recipe, archive

ABI = f"cp{sys.version_info[0]}{sys.version_info[1]}"
LIMITS = {"wall_s": 25, "idle_s": 5, "processes": 64, "disk_bytes": 30_000_000}

pytestmark = pytest.mark.timeout(200)


class Case(NamedTuple):
    """A bad package: what is offered of it, and how its build fails."""

    recipe: Recipe
    kind: str
    reason: str  #: a pattern
    offer: Callable[[LocalIndex, Recipe], None] = LocalIndex.add
    deps: bool = True


def _script(name: str, script: str, kind: str, reason: str) -> Case:
    return Case(Recipe(name=name, script=script), kind, reason)


def _with_member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> Callable[[LocalIndex, Recipe], None]:
    """Offer a source distribution with one more member; ``{}`` in its name and target is where it must not write."""

    def offer(index: LocalIndex, recipe: Recipe) -> None:
        with tarfile.open(fileobj=io.BytesIO(recipe.sdist())) as tar:
            files = {member.name: _read(tar, member) for member in tar}
        member = tarfile.TarInfo(name.format(index.root.parent))
        member.type, member.linkname = kind, target.format(index.root.parent)
        index.add_file(recipe.name, recipe.filename, archive(files, [member]))

    return offer


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    assert file is not None
    return file.read()


def _of_another_hash(index: LocalIndex, recipe: Recipe) -> None:
    index.add_file(recipe.name, recipe.filename, recipe.sdist(), told_sha256="ab" * 32)


def _gone(index: LocalIndex, recipe: Recipe) -> None:
    index.add(recipe)
    (index.root / recipe.name / recipe.filename).unlink()


def _garbage(index: LocalIndex, recipe: Recipe) -> None:
    index.add_file(recipe.name, recipe.filename, b"this is no archive")


_FORK = "import os, time\nwhile True:\n    if os.fork() == 0: time.sleep(600)"
_PRINT_200_MB = "import sys\nfor _ in range(2_000_000): sys.stdout.write('x' * 99 + '\\n')"

CASES = (
    Case(Recipe(name="wrong-hash"), "hash_mismatch", "not the file that was asked for: its sha256", _of_another_hash),
    Case(Recipe(name="gone"), "source_missing", "upstream answers 404 for gone-1.0.tar.gz", _gone, deps=False),
    Case(Recipe(name="garbage"), "bad_source", "garbage-1.0.tar.gz cannot be unpacked", _garbage),
    Case(Recipe(name="dotdot"), "unsafe_source", "leads outside", _with_member("dotdot-1.0/../../escaped")),
    Case(Recipe(name="absolute"), "unsafe_source", "leads outside", _with_member("{}/escaped")),
    Case(
        Recipe(name="symlink"),
        "unsafe_source",
        "link that leads outside",
        _with_member("symlink-1.0/link", tarfile.SYMTYPE, "../../../../../../etc/passwd"),
    ),
    Case(
        Recipe(name="absolute-symlink"),
        "unsafe_source",
        "link that leads outside",
        _with_member("absolute_symlink-1.0/link", tarfile.SYMTYPE, "/etc/passwd"),
    ),
    Case(
        Recipe(name="hardlink"),
        "unsafe_source",
        "link that leads outside|link to a path outside",
        _with_member("hardlink-1.0/link", tarfile.LNKTYPE, "/etc/passwd"),
    ),
    Case(
        Recipe(name="device"),
        "unsafe_source",
        "neither a file, a directory nor a link",
        _with_member("device-1.0/disk", tarfile.BLKTYPE),
    ),
    _script("fails", "raise ValueError('no wheel today')", "build_error", "ValueError: no wheel today"),
    _script(
        "hangs", "import time; print('waits', flush=True); time.sleep(600)", "no_output", "printed nothing for 5 s"
    ),
    _script(
        "endless",
        "import time\nwhile True: print('still here', flush=True); time.sleep(0.5)",
        "timeout",
        "took longer than 25 s",
    ),
    _script("forks", _FORK, "too_many_processes", "limit of processes|64 processes and threads"),
    _script("forks-on", "import os\nwhile True: os.fork()", "too_many_processes", "processes"),
    _script(
        "fills", "f = open('big', 'wb')\nwhile True: f.write(bytes(1_000_000))", "disk_full", "File too large|30 MB"
    ),
    _script(
        "fills-much",
        "import time\nfor n in range(10_000): open(f'f{n}', 'wb').write(bytes(1_000_000)); time.sleep(0.02)",
        "disk_full",
        "filled more than 30 MB of disk",
    ),
    _script("prints", _PRINT_200_MB, "too_much_output", "printed more than 100 MB"),
    Case(Recipe(name="other-file-name", wheel_name="someone_else"), "bad_wheel|wrong_wheel", "someone_else"),
    Case(Recipe(name="other-metadata", metadata_name="someone-else"), "bad_wheel|wrong_wheel", "someone-else"),
    Case(
        Recipe(name="other-name", wheel_name="someone_else", metadata_name="someone-else"),
        "wrong_wheel",
        "someone-else, not of other-name",
    ),
    Case(
        Recipe(name="other-version", wheel_version="2.0", metadata_version="2.0"),
        "wrong_wheel",
        "is version 2.0, not 1.0",
    ),
    Case(Recipe(name="other-metadata-version", metadata_version="2.0"), "bad_wheel|wrong_wheel", "2.0"),
    Case(Recipe(name="other-tag", wheel_tag="cp27-cp27m-win32"), "wrong_wheel", f"does not install on {ABI}"),
    Case(
        Recipe(name="not-compiled", extension="abi", c_source="this is not C;\n"),
        "compile_error",
        "not_compiled.c:1:1: error",
    ),
)
REFUSED = {
    # Its requirements are read from its source, so that it is found out before anything is built.
    "gone-too": "the upstream index of pip's configuration does not answer: it answers 404 for gone_too-1.0.tar.gz",
    "nobody-has-this": 'no package is called "nobody-has-this"',
    "good==99": "no version of good matches ==99; the newest are 1.0",
}


class Outcome:
    """The farm when all of it is over."""

    def __init__(self, farm: Yard, index: LocalIndex, builder: Process, uid_base: int) -> None:
        self.farm, self.index, self.builder, self.uid_base = farm, index, builder, uid_base
        index.add(Recipe(name="good"))
        for case in CASES:
            case.offer(index, case.recipe)
        _gone(index, Recipe(name="gone-too"))
        asked = {case.recipe.name: farm.ask(case.recipe.name, abis=[ABI], deps=case.deps) for case in CASES}
        asked |= {name: farm.ask(name, abis=[ABI]) for name in ("good", *REFUSED)}
        self.requests = {name: farm.ended(number, within=120) for name, number in asked.items()}
        self.status = farm.farm.status()
        self.failures = self.page("/builds?state=failed")
        self.told = farm.command("status").stdout

    def page(self, path: str) -> str:
        """Return a page's text as a reader sees it."""
        answer = self.farm.get(path, accept="text/html")
        assert answer.status == 200, path
        return html.unescape(answer.data.decode())


@pytest.fixture(scope="module")
def outcome(index: LocalIndex, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    uid_base = random.randrange(100_000, 200_000)  # nobody else's builds run as these
    limits = {f"limits.{name}": value for name, value in LIMITS.items()}
    root = tmp_path_factory.mktemp("yard") / "farm"
    with yard(root, index.url, slot_uid_base=uid_base, **limits) as farm:
        farm.start_hub()
        builder = farm.start_builder()
        farm.await_builder()
        yield Outcome(farm, index, builder, uid_base)


@pytest.mark.parametrize("case", CASES, ids=[case.recipe.name for case in CASES])
class TestBadPackage:
    def test_fails_for_good_with_a_clear_reason(self, outcome: Outcome, case: Case) -> None:
        (build,) = outcome.requests[case.recipe.name].builds
        assert build.state == "failed", build
        assert re.fullmatch(case.kind, build.kind), build
        assert re.search(case.reason, build.reason), build

    def test_status_names_package_and_reason(self, outcome: Outcome, case: Case) -> None:
        (build,) = outcome.requests[case.recipe.name].builds
        (row,) = [one for one in outcome.status.needs_a_look if build.id in one.builds]
        assert (row.reason, row.kind, row.final) == (build.reason, build.kind, True)
        assert build.reason[1:] in outcome.failures
        (line,) = [line for line in outcome.told.splitlines() if build.reason in line]
        # What has failed in the same way is one line, and named by the newest.
        assert re.search(rf"\b{row.package}\b", line.replace(build.reason, "")), line

    def test_explain_says_why(self, outcome: Outcome, case: Case) -> None:
        (build,) = outcome.requests[case.recipe.name].builds
        (version,) = outcome.farm.farm.explain(case.recipe.name).versions
        (line,) = version.platforms[0].lines
        assert (line.state, line.abis) == ("failed", (ABI,))
        assert build.reason in line.text

    def test_log_says_why_where_it_is_told_to(self, outcome: Outcome, case: Case) -> None:
        facts = outcome.farm.facts(outcome.requests[case.recipe.name].builds[0].id)
        lines = outcome.farm.log(facts["id"]).splitlines()
        line = lines[facts["log_line"] - 1]
        assert line.strip()
        assert line.strip() in facts["reason"]

    def test_pages_say_why(self, outcome: Outcome, case: Case) -> None:
        (build,) = outcome.requests[case.recipe.name].builds
        assert build.reason in outcome.page(f"/builds/{build.id}")
        assert build.reason in outcome.page(f"/project/{case.recipe.name}/")
        for twin in (f"/builds/{build.id}.json", f"/project/{case.recipe.name}/json"):
            assert build.reason in str(outcome.farm.get(twin).json())

    def test_nothing_of_it_is_published(self, outcome: Outcome, case: Case) -> None:
        for name in (case.recipe.name, "someone-else"):
            assert outcome.farm.get(f"/simple/{name}/").status == 404


@pytest.mark.parametrize("asked", REFUSED)
class TestRequestThatCannotBePlanned:
    def test_fails_with_a_clear_reason(self, outcome: Outcome, asked: str) -> None:
        request = outcome.requests[asked]
        assert (request.state, request.builds) == ("failed", ())
        assert request.reason == REFUSED[asked]

    def test_status_names_it(self, outcome: Outcome, asked: str) -> None:
        (row,) = [one for one in outcome.status.needs_a_look if one.request == outcome.requests[asked].id]
        assert row.reason == REFUSED[asked]
        assert REFUSED[asked][1:] in outcome.page(f"/builds?request={row.request}")
        assert any(REFUSED[asked] in line and asked in line for line in outcome.told.splitlines())

    def test_explain_says_why(self, outcome: Outcome, asked: str) -> None:
        answer = outcome.farm.get(f"/api/farm/v1/packages/{asked.partition('=')[0]}/explain")
        assert REFUSED[asked] in str(answer.json())
        told = outcome.farm.command("explain", asked.partition("=")[0])
        assert REFUSED[asked] in told.stdout + told.stderr

    def test_log_of_events_says_why(self, outcome: Outcome, asked: str) -> None:
        (event,) = [
            one
            for one in outcome.farm.events()
            if one.topic == "request.failed" and one.body["request_id"] == outcome.requests[asked].id
        ]
        assert event.body["reason"] == REFUSED[asked]

    def test_command_says_why_by_its_exit_code_too(self, outcome: Outcome, asked: str) -> None:
        told = outcome.farm.command("request", asked, "--wait")
        assert told.returncode == (3 if asked == "gone-too" else 2)
        assert REFUSED[asked].partition(";")[0] in told.stderr


def test_good_package_beside_them_is_built_and_installs(outcome: Outcome, tmp_path: Path) -> None:
    request: RequestAnswer = outcome.requests["good"]
    assert [build.state for build in request.builds] == ["built"]
    url = f"{outcome.farm.url}/simple/"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--target",
        str(tmp_path / "there"),
        "--index-url",
        url,
        "good",
    ]
    subprocess.run(pip, env=bare_environment(tmp_path, url), check=True, timeout=60)
    assert (tmp_path / "there" / "good.py").exists()


def test_nothing_is_lost_or_half_done(outcome: Outcome) -> None:
    check(outcome.farm)


def test_nothing_was_written_outside(outcome: Outcome) -> None:
    assert not [path for path in outcome.index.root.parent.rglob("escaped*") if "index" not in path.parts]
    assert not list(outcome.farm.state.rglob("escaped*"))


def test_no_process_of_a_build_is_left(outcome: Outcome) -> None:
    assert proctree.tree(outcome.builder.pid).pids == [outcome.builder.pid]
    slots = {outcome.uid_base, outcome.uid_base + 1}
    assert not [pid for pid in Path("/proc").glob("[0-9]*") if _uid(pid) in slots]


def test_no_room_of_a_build_is_left(outcome: Outcome) -> None:
    assert not list((outcome.farm.state / "builders" / "one").glob("slot*"))


def _uid(process: Path) -> int | None:
    try:
        return process.stat().st_uid
    except OSError:
        return None


def test_builder_offers_every_python_that_is_here(outcome: Outcome, interpreters: Sequence[Interpreter]) -> None:
    (builder,) = outcome.farm.farm.builders()
    offered = {one.abi for one in builder.interpreters if one.usable and one.compiles}
    assert offered >= {one.abi for one in interpreters}
    assert len(offered) >= 3


def test_builder_is_confined_and_an_ordinary_users_has_no_own_uids(outcome: Outcome) -> None:
    (builder,) = outcome.farm.farm.builders()
    expected = "bubblewrap, own uid a slot" if os.geteuid() == 0 else "bubblewrap"
    assert builder.sandbox == expected
