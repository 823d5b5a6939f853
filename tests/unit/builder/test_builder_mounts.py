"""What a confined build sees, as bubblewrap's arguments."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildyard.farm.builder.mounts import Mounts, system_mounts, write_made_up_files
from buildyard.farm.builder.rlimits import bounded
from buildyard.farm.builder.view import View, variables
from buildyard.farm.wire import Limits


def test_every_parent_is_made_passable_first(tmp_path: Path):
    """Bubblewrap makes missing parents with mode 0700 (reference, 3.6)."""
    shown = tmp_path / "a" / "b"
    shown.mkdir(parents=True)
    arguments = Mounts().read_only(shown).arguments
    made = [arguments[index + 1] for index, word in enumerate(arguments) if word == "--dir"]
    assert made == [str(parent) for parent in reversed(shown.parents) if parent != Path("/")]
    assert arguments.count("0755") == len(made)
    assert arguments[-3:] == ["--ro-bind", str(shown), str(shown)]


def test_what_is_shown_already_is_not_shown_twice(tmp_path: Path):
    inner = tmp_path / "inner"
    inner.mkdir()
    mounts = Mounts().read_only(tmp_path)
    before = list(mounts.arguments)
    assert mounts.read_only(inner).arguments == before


def test_what_is_not_there_is_left_out(tmp_path: Path):
    assert Mounts().read_only(tmp_path / "nothing").arguments == []


def test_copies_go_their_own_ways(tmp_path: Path):
    first = Mounts()
    first.copy().read_only(tmp_path)
    assert first.arguments == []


def test_system_is_an_allow_list(tmp_path: Path):
    write_made_up_files(tmp_path / "etc", 64000)
    arguments = system_mounts((), tmp_path / "etc", 1000).arguments
    shown = [arguments[index + 2] for index, word in enumerate(arguments) if word == "--ro-bind"]
    assert "/usr" in shown
    for hidden in ("/", "/root", "/home", "/var", "/run", "/etc", "/etc/shadow", "/etc/ssl", "/etc/ssh", "/sys"):
        assert hidden not in shown


def test_memory_is_of_bounded_size(tmp_path: Path):
    arguments = system_mounts((), tmp_path, 12_345).arguments
    for index, word in enumerate(arguments):
        if word == "--tmpfs":
            assert arguments[index - 2] == "--size"


def test_users_of_the_machine_are_not_named(tmp_path: Path):
    write_made_up_files(tmp_path, 64007)
    assert (tmp_path / "passwd").read_text().splitlines()[1].startswith("build:x:64007:64007:")
    assert (tmp_path / "passwd").stat().st_mode & 0o777 == 0o644


def test_limits_are_put_around_the_command():
    vector = bounded("/usr/bin/prlimit", Limits(cpu_s=7, processes=9, disk_bytes=11), ["true", "--as=1"])
    assert vector[0] == "/usr/bin/prlimit"
    assert {"--cpu=7:12", "--nproc=9:9", "--fsize=11:11", "--core=0:0"} <= set(vector)
    assert vector[-3:] == ["--", "true", "--as=1"]


@pytest.mark.parametrize("inside", [True, False])
def test_variables_name_what_is_seen(inside: bool):
    view = View(source=Path("/w/s"), environment=Path("/w/e"), scratch=Path("/w/t"))
    seen = view.inside() if inside else view
    found = variables(seen, Path("/home/x"), epoch=1_700_000_000, jobs=3)
    assert found["PATH"].split(":")[0] == ("/tmp/e/bin" if inside else "/w/e/bin")
    assert found["SOURCE_DATE_EPOCH"] == "1700000000"
    assert found["MAX_JOBS"] == "3"
    assert found["TMPDIR"] == ("/tmp" if inside else "/w/t")


def test_directories_of_a_build_are_always_at_the_same_place():
    view = View(source=Path("/w/s"), output=Path("/w/o"), environment=Path("/w/e")).inside()
    assert (view.source, view.output, view.environment) == (Path("/tmp/b"), Path("/tmp/o"), Path("/tmp/e"))


def test_what_is_not_shown_is_nowhere_inside():
    assert View().inside().source is None


def test_time_before_zip_files_is_moved_to_their_first(tmp_path: Path):
    assert variables(View(), tmp_path, epoch=0, jobs=1)["SOURCE_DATE_EPOCH"] == "315532800"
