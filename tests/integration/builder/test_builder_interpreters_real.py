"""The interpreters of this machine, found and remembered."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from buildyard.farm.builder.interpreters import Interpreter, Places, find_interpreters
from support.needs import missing


def test_at_least_three_cpythons_are_found(interpreters: list[Interpreter]):
    if len([one for one in interpreters if one.implementation == "cpython"]) < 3:
        missing("there are fewer than three CPythons here")


def test_each_is_what_it_says(interpreters: list[Interpreter]):
    for interpreter in interpreters:
        code = "import sys; print(sys.version_info[0], sys.version_info[1], sys.version_info[2])"
        done = subprocess.run([interpreter.path, "-I", "-c", code], capture_output=True, text=True, check=True)
        assert tuple(map(int, done.stdout.split())) == interpreter.numbers
        assert not interpreter.path.is_symlink()
        assert (interpreter.headers / "Python.h").is_file()


def test_none_is_a_virtual_environments(interpreters: list[Interpreter], tmp_path: Path):
    """A virtual environment leads to what it was made from, also where it holds a copy."""
    subprocess.run([sys.executable, "-m", "venv", "--copies", "--without-pip", tmp_path / "venv"], check=True)
    (found,) = find_interpreters([tmp_path / "venv"], places=Places())
    assert not found.path.is_relative_to(tmp_path)
    assert found.prefix == found.base_prefix.resolve()
    assert f"cp{sys.version_info[0]}{sys.version_info[1]}" == found.abi


def test_shims_are_not_taken(tmp_path: Path):
    shims = tmp_path / "shims"
    shims.mkdir()
    shim = shims / "python3.12"
    shim.write_text('#!/bin/sh\nexec python3.12 "$@"\n')
    shim.chmod(0o755)
    assert find_interpreters(places=Places(directories=(shims,))) == []


def test_interpreter_that_does_not_start_is_told_with_its_reason(tmp_path: Path):
    broken = tmp_path / "python3.9"
    broken.write_bytes(b"\x7fELF and then nothing")
    broken.chmod(0o755)
    (found,) = find_interpreters([broken], places=Places())
    assert (found.abi, found.usable) == ("cp39", False)
    assert found.reason.startswith("it does not start")


def test_older_ones_are_left_out_unless_asked_for(interpreters: list[Interpreter]):
    newest = interpreters[-1]
    above = (newest.numbers[0], newest.numbers[1] + 1)
    assert find_interpreters([newest.path], places=Places(), minimum=above) == []
    assert find_interpreters([newest.path], places=Places(), minimum=newest.numbers[:2])


def test_second_start_is_fast(tmp_path: Path):
    cache = tmp_path / "interpreters.json"
    first = find_interpreters(cache=cache)
    times = []
    for _ in range(5):
        began = time.perf_counter()
        assert find_interpreters(cache=cache) == first
        times.append(time.perf_counter() - began)
    assert min(times) < 0.02


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 0, "answers": {}}', "\xff"])
def test_memory_that_cannot_be_read_is_made_anew(tmp_path: Path, text: str):
    cache = tmp_path / "interpreters.json"
    cache.write_text(text)
    assert find_interpreters([Path(sys.executable)], places=Places(), cache=cache)
    assert cache.read_text().startswith('{"format":1')


def test_interpreter_that_was_replaced_is_asked_again(tmp_path: Path):
    cache = tmp_path / "interpreters.json"
    program = tmp_path / "python3.9"
    program.write_bytes(b"\x7fELF one")
    program.chmod(0o755)
    assert find_interpreters([program], places=Places(), cache=cache)[0].abi == "cp39"
    program.write_bytes(b"#!/bin/sh\n")
    assert find_interpreters([program], places=Places(), cache=cache) == []


def test_headers_are_looked_for_each_time(tmp_path: Path, interpreters: list[Interpreter]):
    """They may be installed later, beside the same program."""
    import msgspec

    cache = tmp_path / "interpreters.json"
    (found,) = find_interpreters([interpreters[-1].path], places=Places(), cache=cache)
    moved = cache.read_bytes().replace(str(found.headers).encode(), b"/nonexistent/include")
    cache.write_bytes(moved)
    (without,) = find_interpreters([interpreters[-1].path], places=Places(), cache=cache)
    assert msgspec.json.decode(moved)
    assert without.usable
    assert not without.compiles
    assert "its headers are missing" in without.reason
