"""A farm as its user meets it: `up`, and every command that looks at it or asks it for something."""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from support.yard import Program, Yard


@pytest.fixture(scope="module")
def farm(make_yard: Callable[[], Yard]) -> Iterator[tuple[Yard, Program]]:
    """A farm that has built a package that needs another, and runs."""
    yard = make_yard()
    with yard.up("needy") as program:
        yield yard, program


def test_up_tells_where_it_is_what_it_builds_with_and_how_to_install(farm: tuple[Yard, Program]) -> None:
    _, program = farm
    told = program.output
    assert re.search(r"buildyard \S+ · new state in \.buildyard\n", told)
    assert re.search(r"✓ Hub       http://127\.0\.0\.1:\d+ · SQLite, local files\n", told)
    assert re.search(r"✓ Builder   \d+ slots? · ", told)
    assert re.search(r"✓ Pythons   .*cp311", told)
    assert "✓ Asked for needy · 2 builds" in told
    assert re.search(r"^✓ 2 built, 0 failed, ", told, re.MULTILINE)
    assert f"Dashboard   {program.url}/\n" in told


def test_the_printed_install_line_installs(farm: tuple[Yard, Program]) -> None:
    yard, program = farm
    line = program.wait_for(r"Install     pip (install --index-url \S+ needy)\n")[1]
    target = yard.directory / "target"
    subprocess.run(
        [sys.executable, "-m", "pip", *line.split(), "--target", target, "--no-cache-dir", "--quiet"],
        env=yard.environment,
        cwd=yard.directory,
        check=True,
    )
    assert (target / "needy.py").exists()
    assert (target / "tidy.py").exists(), "what it needs comes from the farm too"


def test_status_is_a_sentence_and_tables(farm: tuple[Yard, Program]) -> None:
    told = farm[0].run("status")
    assert (told.returncode, told.stderr) == (0, "")
    assert re.search(r"^linux \w+ +\d of \d", told.stdout, re.MULTILINE)


def test_status_for_a_script_is_one_object(farm: tuple[Yard, Program]) -> None:
    status = json.loads(farm[0].run("status", "--json").stdout)
    assert (status["schema"], status["wheels"]["files"]) == (1, 2)


def test_a_hub_is_found_by_its_address_too(farm: tuple[Yard, Program], yard: Yard) -> None:
    assert yard.run("status", "--hub", farm[1].url).returncode == 0


def test_explain_tells_what_was_built(farm: tuple[Yard, Program]) -> None:
    told = farm[0].run("explain", "needy").stdout
    assert told.startswith("needy 1.0")
    assert f"  linux {platform.machine()}\n    ✓ built" in told


def test_explain_of_what_nobody_asked_for_is_wrong_use(farm: tuple[Yard, Program]) -> None:
    told = farm[0].run("explain", "nothing")
    assert told.returncode == 2
    assert told.stderr.startswith("error: ")


def test_asking_for_what_is_there_builds_nothing(farm: tuple[Yard, Program]) -> None:
    told = farm[0].run("request", "tidy", "--wait")
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[-1].startswith("✓ 1 built, 0 failed")


def test_a_build_that_fails_is_told_with_its_reason_and_exit_code_1(farm: tuple[Yard, Program]) -> None:
    yard = farm[0]
    told = yard.run("request", "broken", "--wait")
    assert told.returncode == 1
    assert "✗ broken" in told.stdout
    assert "broken.c:3:10: fatal error: Python.h" in told.stdout
    (number,) = {build["id"] for build in json.loads(yard.run("request", "broken", "--json").stdout)["builds"]}
    assert "fatal error" in yard.run("logs", str(number)).stdout
    assert yard.run("logs", str(number), "--follow").returncode == 1


def test_asking_does_not_wait_unless_told_to(farm: tuple[Yard, Program]) -> None:
    told = farm[0].run("request", "tidy==0.9")
    assert told.returncode == 0
    number = re.search(r"Follow it: buildyard watch --request (\d+)", told.stdout)
    assert number is not None
    watched = farm[0].run("watch", "--request", number[1])
    assert watched.returncode == 0, watched.stderr
    assert re.search(r"Z built    tidy 0\.9 ", watched.stdout)
    assert re.search(r"Z published tidy-0\.9-", watched.stdout)


def test_events_for_a_script_are_an_object_a_line(farm: tuple[Yard, Program]) -> None:
    request = json.loads(farm[0].run("request", "tidy", "--json").stdout)["id"]
    lines = farm[0].run("watch", "--request", str(request), "--json").stdout.splitlines()
    assert json.loads(lines[0])["topic"] == "build.requested"


def test_what_no_interpreter_may_use_is_left_out_with_the_reason(farm: tuple[Yard, Program]) -> None:
    told = farm[0].run("request", "modern")
    assert told.returncode == 0
    assert re.search(r"not wanted, .*3\.99", told.stdout)


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ("tidyy", 'no package is called "tidyy"'),
        ("tidy>99", "no version of tidy matches >99"),
        ("tidy>>9", '"tidy>>9" is not a requirement'),
    ],
)
def test_what_cannot_be_asked_for_is_refused_with_exit_code_2(
    farm: tuple[Yard, Program], asked: str, what: str
) -> None:
    told = farm[0].run("request", asked)
    assert told.returncode == 2
    assert told.stderr.startswith(f"error: {what}\n")


def test_a_refusal_for_a_script_is_one_object_on_stdout(farm: tuple[Yard, Program]) -> None:
    told = farm[0].run("request", "tidy>99", "--json")
    assert (told.returncode, told.stderr) == (2, "")
    assert json.loads(told.stdout)["error"]["code"] == "unknown_version"


def test_credentials_are_lines_for_a_shell(farm: tuple[Yard, Program]) -> None:
    yard, program = farm
    lines = yard.run("credentials", "--export").stdout.splitlines()
    assert lines[0] == f"export TASKCLUSTER_ROOT_URL='{program.url}'"
    assert [line.partition("=")[0] for line in lines[1:]] == [
        "export TASKCLUSTER_CLIENT_ID",
        "export TASKCLUSTER_ACCESS_TOKEN",
    ]


def test_the_secret_is_only_exported_when_asked_for(farm: tuple[Yard, Program]) -> None:
    token = farm[0].run("credentials", "--export").stdout.splitlines()[2].partition("=")[2].strip("'")
    assert token
    assert token not in farm[0].run("credentials").stdout


def test_a_second_farm_on_the_same_state_directory_says_who_has_it(farm: tuple[Yard, Program]) -> None:
    yard, program = farm
    told = yard.run("up", "--port", "0", "--no-demo")
    assert told.returncode == 1
    assert told.stderr == (
        "error: the state directory .buildyard is in use\n"
        f"  by      pid {program.process.pid}, at {program.url}/\n"
        f"  next    open {program.url}/, or\n"
        "          buildyard up --state OTHER --port 0\n"
    )


def test_a_second_farm_on_the_same_port_says_who_has_it(farm: tuple[Yard, Program]) -> None:
    yard, program = farm
    port = program.url.rpartition(":")[2]
    told = yard.run("up", "--port", port, "--state", "other", "--no-demo")
    assert told.returncode == 1
    assert told.stderr == (
        f"error: port {port} is taken\n"
        f"  by      buildyard up, pid {program.process.pid}, state .buildyard\n"
        f"  next    open {program.url}/, or\n"
        "          buildyard up --port 0\n"
    )


def test_the_dashboard_is_there(farm: tuple[Yard, Program]) -> None:
    with urllib.request.urlopen(f"{farm[1].url}/", timeout=10) as answer:
        assert answer.status == 200
