"""Whole builds of small packages that build: what comes out of the runner, and how it was made."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from buildyard.farm.builder.interpreters import Interpreter
from buildyard.farm.builder.log import Log
from buildyard.farm.builder.runner import BuildRunner
from buildyard.farm.builder.wheel import read_wheel
from buildyard.farm.wire import BuildPayload, FailureKind
from support.building import Order, payload_of, run, runner_config
from support.local_index import LocalIndex, Recipe, archive
from support.tiny_wheels import wheel_of

PURE = Recipe(name="plain")
COMPILED = Recipe(name="quick", extension="abi")


def test_pure_package_becomes_a_wheel(build):
    answer = build(PURE, check=True)
    assert answer.result.failure is None
    assert answer.result.outcome == "built"
    assert answer.result.wheel.filename == "plain-1.0-py3-none-any.whl"
    assert answer.result.wheel.tags == ("py3-none-any",)
    assert not answer.result.has_extension_sources


def test_wheel_that_is_returned_is_the_one_that_is_described(build):
    answer = build(PURE)
    assert read_wheel(Path(answer.wheel)).record == answer.result.wheel


def test_phases_are_recorded_in_order(build):
    answer = build(PURE, check=True)
    told = [(record.name, record.state) for record in answer.result.phases]
    assert told == [
        ("fetch", "done"),
        ("prepare", "done"),
        ("build", "done"),
        ("repair", "skipped"),
        ("check", "done"),
    ]
    assert answer.phases == ("fetch", "prepare", "build", "check")
    assert [record.started_s for record in answer.result.phases] == sorted(r.started_s for r in answer.result.phases)
    assert sum(record.elapsed_s for record in answer.result.phases) <= answer.result.elapsed_s
    assert answer.result.phases[3].note == "not asked for"


def test_extension_is_compiled_imported_and_told_of(build):
    answer = build(COMPILED, check=True)
    assert answer.result.failure is None
    assert answer.result.wheel.has_extensions
    assert answer.result.has_extension_sources
    assert "import quick works" in answer.log


def test_result_tells_what_it_took_and_where(build):
    answer = build(COMPILED)
    assert answer.result.cpu_s > 0.01
    assert answer.result.peak_memory_bytes > 1_000_000
    assert answer.result.builder == "tester"
    assert answer.result.interpreter.startswith("CPython 3.")
    assert answer.result.sandbox.startswith("bubblewrap")


def test_every_python_of_the_machine_builds_an_extension(interpreters: list[Interpreter], yard: Path):
    """Among them pyenv's, whose RUNPATH leads to their own prefix alone: elsewhere they would load another library."""
    for interpreter in interpreters:
        answer = run(Order(directory=str(yard), payload=payload_of(COMPILED, yard, abi=interpreter.abi)))
        assert answer.result.failure is None
        assert answer.result.wheel.tags == (f"{interpreter.abi}-{interpreter.abi}-{interpreter.platform}",)


def test_same_source_gives_the_same_bytes_in_any_slot(build):
    """The path of the source is in debugging information, and times are in the archive (reference, 3.5)."""
    source = COMPILED
    first, second = build(source, slot=0), build(source, slot=3)
    assert first.result.wheel.sha256 == second.result.wheel.sha256


def test_abi3_wheel_is_accepted(build):
    answer = build(Recipe(name="stable", extension="abi3"), check=True)
    assert answer.result.failure is None
    assert answer.result.wheel.tags[0].startswith("cp38-abi3-")


def test_log_names_phases_requirements_and_hash(build):
    answer = build(PURE, check=True)
    lines = answer.log.splitlines()
    assert lines[0] == "fetch"
    assert lines[2].startswith("sha256 ")
    assert lines[2].endswith("matches")
    assert any(line.startswith("build  offline, sandbox: bubblewrap") for line in lines)


_ASKING = """
import base64, hashlib, os, zipfile


def get_requires_for_build_wheel(config_settings=None):
    os.environ["LEFT"] = "by the other hook"
    os.chdir("/")
    return ["helper>=1"]


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    import helper

    assert "LEFT" not in os.environ, "hooks share a process"
    assert os.path.exists("pyproject.toml"), "hooks share a directory"
    print("built with helper", helper.__version__)
    name, info = "asking-1.0-py3-none-any.whl", "asking-1.0.dist-info"
    members = {
        "asking.py": "",
        info + "/METADATA": "Metadata-Version: 2.1\\nName: asking\\nVersion: 1.0\\n",
        info + "/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    rows = []
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        for member, text in members.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            rows.append(f"{member},sha256={digest},{len(text)}\\n")
            wheel.writestr(member, text)
        wheel.writestr(info + "/RECORD", "".join(rows) + info + "/RECORD,,\\n")
    return name
"""


def asking(requires: str) -> bytes:
    """Return a source whose backend asks for more than its project file does."""
    project = f"[build-system]\nrequires = [{requires}]\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
    return archive({"asking-1.0/pyproject.toml": project.encode(), "asking-1.0/backend.py": _ASKING.encode()})


def as_asking(payload: BuildPayload) -> BuildPayload:
    return msgspec.structs.replace(payload, package="asking")


@pytest.fixture
def local_index(yard: Path) -> LocalIndex:
    """An index with one wheel, ``helper`` 1.5."""
    index = LocalIndex(yard / "index")
    index.add_file("helper", *wheel_of("helper", "1.5"))
    for path in (index.root, *index.root.rglob("*")):
        path.chmod(0o755)
    return index


def test_requirement_that_the_backend_asks_for_is_there_when_it_builds(build, local_index):
    """It is installed outside of the sandbox; each hook has a process of its own (PEP 517)."""
    answer = build(asking(""), change=as_asking, index=local_index.file_url + "/")
    assert answer.result.failure is None
    assert "the backend asks for helper>=1" in answer.log
    assert "built with helper 1.5" in answer.log
    assert any(line.startswith("+ helper==1.5  RECORD sha256:") for line in answer.log.splitlines())


def test_requirement_that_is_there_already_is_not_installed_again(build, local_index):
    answer = build(asking("'helper'"), change=as_asking, index=local_index.file_url + "/")
    assert answer.result.failure is None
    assert "the backend asks for" not in answer.log
    assert answer.result.phases[1].note == "1 package"


def test_slots_build_side_by_side(yard: Path):
    """Each with its own rooms, all with the same cache."""
    payload = payload_of(COMPILED, yard)
    with ThreadPoolExecutor(3) as threads:
        orders = [Order(directory=str(yard), payload=payload, slot=slot) for slot in range(3)]
        answers = list(threads.map(run, orders))
    assert [answer.result.failure for answer in answers] == [None] * 3
    assert len({answer.wheel for answer in answers}) == 3
    assert len({answer.result.wheel.sha256 for answer in answers}) == 1


def test_what_a_killed_builder_left_in_a_slot_is_in_nobodys_way(build, yard: Path):
    left = yard / "builder" / "slot0" / "unpacked" / "old"
    left.mkdir(parents=True)
    for path in (yard / "builder", *(yard / "builder").rglob("*")):
        path.chmod(0o777)
        os.chown(path, yard.stat().st_uid, yard.stat().st_gid)
    assert build(PURE).result.failure is None


def test_interpreter_that_is_gone_is_told(yard: Path, python: Interpreter):
    gone = replace(python, path=Path("/nonexistent/python"))
    runner = BuildRunner(runner_config(yard))
    payload = msgspec.structs.replace(payload_of(PURE, yard), abi=gone.abi, platform=gone.platform)
    with Log(yard / "log", limit=10_000) as log:
        result, wheel = runner.run(payload, gone, slot=0, log=log, on_phase=lambda phase: None, stop=threading.Event())
    assert result.failure.kind is FailureKind.NO_INTERPRETER
    assert wheel is None


def test_full_disk_of_the_builder_is_told_and_not_the_packages_fault(yard: Path, python: Interpreter):
    runner = BuildRunner(replace(runner_config(yard), disk_floor_bytes=10**18))
    payload = msgspec.structs.replace(payload_of(PURE, yard), abi=python.abi, platform=python.platform)
    with Log(yard / "log", limit=10_000) as log:
        result, _ = runner.run(payload, python, slot=0, log=log, on_phase=lambda phase: None, stop=threading.Event())
    assert result.failure.kind is FailureKind.DISK_FULL
    assert result.failure.next == "make room on the builder's disk"


@pytest.mark.root
def test_each_slot_is_a_user_of_its_own(yard: Path):
    if os.geteuid() != 0:
        pytest.skip("only root can be others")
    script = "import os; print('I am', os.getresuid(), os.getresgid())"
    logs = [
        run(Order(directory=str(yard), payload=payload_of(Recipe(name="whoami", script=script), yard), slot=slot)).log
        for slot in (0, 5)
    ]
    assert "I am (64000, 64000, 64000) (64000, 64000, 64000)" in logs[0].splitlines()
    assert "I am (64005, 64005, 64005) (64005, 64005, 64005)" in logs[1].splitlines()
