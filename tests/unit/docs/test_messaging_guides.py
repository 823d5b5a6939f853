"""The programs and files of messaging's how-tos do what their pages say."""

from __future__ import annotations

import configparser
import importlib.util
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer

from buildyard.cli.app import application
from buildyard.messaging import Drop, Message, config

GUIDES = Path(__file__).resolve().parents[3] / "docs" / "how-to"


def files_of(page: str) -> dict[str, str]:
    """Return the files that a page shows, by the names in their first lines."""
    text = (GUIDES / page).read_text("utf-8")
    return {found[1]: found[0] for found in re.findall(r"```\w+\n(# (\S+)\n.*?)```", text, re.DOTALL)}


def laid_out(page: str, directory: Path) -> None:
    for name, text in files_of(page).items():
        (directory / Path(name).name).write_text(text)


def outcome_of_tests(directory: Path) -> str:
    """Run the tests of a directory; return what pytest said last."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(directory), directory]
    env = {**os.environ, "PYTHONPATH": str(directory)}
    done = subprocess.run(command, cwd=directory, env=env, capture_output=True, text=True, timeout=50, check=False)
    return done.stdout.strip().splitlines()[-1]


def installed(directory: Path) -> None:
    """Do what installing the page's package does: its entry points are known."""
    project = tomllib.loads((directory / "pyproject.toml").read_text())["project"]
    info = directory / f"foundry_messages-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = "\n".join(
        f"[{group}]\n" + "\n".join(f"{name} = {value}" for name, value in points.items())
        for group, points in project["entry-points"].items()
    )
    (info / "entry_points.txt").write_text(groups)
    (directory / "pyproject.toml").unlink()  # pytest would take it for its own settings


def test_package_of_schemas_passes_its_tests(tmp_path: Path) -> None:
    laid_out("message-schemas.md", tmp_path)
    installed(tmp_path)
    assert outcome_of_tests(tmp_path).startswith("2 passed")


def test_tests_of_programs_pass(tmp_path: Path) -> None:
    laid_out("test-messages.md", tmp_path)
    assert outcome_of_tests(tmp_path).startswith("3 passed")


@pytest.fixture
def service(tmp_path: Path) -> Path:
    laid_out("consumer-service.md", tmp_path)
    return tmp_path


def test_configuration_of_the_service_is_one(service: Path) -> None:
    loaded = config.load(service / "watcher.toml")
    assert list(loaded["queues"]) == ["watcher"]
    assert loaded["monitoring"] == {"address": "127.0.0.1", "port": 9115}
    assert loaded["log_config"]["root"]["level"] == "INFO"


def test_callback_of_the_service_drops_what_it_cannot_use(service: Path) -> None:
    spec = importlib.util.spec_from_file_location("watcher", service / "watcher.py")
    assert spec is not None
    assert spec.loader is not None
    watcher: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(watcher)
    watcher.on_message(Message({"package": "six"}, topic="example.x"))
    with pytest.raises(Drop):
        watcher.on_message(Message({}, topic="example.x"))


def test_unit_starts_a_command_that_there_is(service: Path) -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[method-assign, assignment]
    unit.read(service / "watcher.service")
    _, program, *words = shlex.split(unit["Service"]["ExecStart"])
    assert (program, unit["Service"]["Type"]) == ("buildyard", "notify")
    group: Any = typer.main.get_command(application())
    for name in words[:2]:
        group = group.commands[name]
    group.make_context("consume", words[2:])
