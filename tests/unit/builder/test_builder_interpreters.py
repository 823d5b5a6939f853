"""Which interpreters are taken, of those that are found."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from buildyard.farm.builder import interpreters as module
from buildyard.farm.builder.interpreters import Interpreter, Places, _one_for_each_abi


def python(version: str = "3.12.1", *, headers: bool = True, usable: bool = True, abi: str = "", where: str = "a"):
    numbers = version.split(".")
    return Interpreter(
        path=Path(f"/opt/{where}/bin/python"),
        prefix=Path(f"/opt/{where}"),
        base_prefix=Path(f"/opt/{where}"),
        version=version,
        implementation="pypy" if abi.startswith("pp") else "cpython",
        abi=abi or f"cp{numbers[0]}{numbers[1]}",
        platform="linux_x86_64",
        headers=Path("/opt/include") if headers else None,
        compiler=Path("/usr/bin/cc"),
        usable=usable,
    )


def test_newest_patch_release_is_taken():
    assert _one_for_each_abi([python("3.12.9"), python("3.12.10"), python("3.12.1")])[0].version == "3.12.10"


def test_one_with_headers_is_taken_before_a_newer_one_without():
    assert _one_for_each_abi([python("3.12.9", headers=False), python("3.12.1")])[0].version == "3.12.1"


def test_usable_one_is_taken_before_all_others():
    found = _one_for_each_abi([python("3.12.9", usable=False), python("3.12.1", headers=False)])
    assert found[0].version == "3.12.1"


def test_useless_one_is_told_where_there_is_no_other():
    assert [one.usable for one in _one_for_each_abi([python(usable=False)])] == [False]


def test_abis_are_in_numeric_order_cpython_first():
    found = [python("3.12.1"), python("3.9.1"), python("3.10.1"), python("3.9.1", abi="pp39")]
    found.append(python("3.13.1", abi="cp313t"))
    assert [one.abi for one in _one_for_each_abi(found)] == ["cp39", "cp310", "cp312", "cp313t", "pp39"]


def test_hub_is_told_what_it_needs_to_know():
    info = python(headers=False).to_info()
    assert (info.abi, info.version, info.implementation, info.usable, info.compiles) == (
        "cp312",
        "3.12.1",
        "cpython",
        True,
        False,
    )


@pytest.mark.parametrize(
    ("interpreter", "name"),
    [
        (python(), "CPython 3.12.1"),
        (python("3.9.18", abi="pp39"), "PyPy 3.9.18"),
        (python("3.13.0", abi="cp313t"), "CPython 3.13.0 free-threaded"),
    ],
)
def test_interpreter_has_a_name_for_people(interpreter, name):
    assert interpreter.name == name


def test_places_are_path_pyenv_and_the_usual_ones():
    places = Places.of({"PATH": "/a/bin:relative:/b/bin:/a/bin", "HOME": "/home/me"})
    assert places.directories == (Path("/a/bin"), Path("/b/bin"), Path("/usr/bin"), Path("/usr/local/bin"))
    assert places.roots == (Path("/home/me/.pyenv/versions"), Path("/opt/python"))


def test_pyenv_may_be_elsewhere():
    assert Places.of({"PYENV_ROOT": "/srv/pyenv", "HOME": "/home/me"}).roots[0] == Path("/srv/pyenv/versions")


@pytest.mark.parametrize(
    ("name", "is_python"),
    [
        ("python", True),
        ("python3", True),
        ("python3.13", True),
        ("python3.13t", True),
        ("pypy3.9", True),
        ("python2.7", True),
        ("python3-config", False),
        ("python3.13-intel64", False),
        ("ipython3", False),
        ("pythonw", False),
    ],
)
def test_programs_are_told_by_their_names(name, is_python):
    assert bool(module._NAMES.fullmatch(name)) is is_python


def test_what_an_interpreter_needs_to_see_is_each_directory_once():
    assert python().directories == (Path("/opt/a"), Path("/opt/include"))


def test_links_lead_to_one_program(tmp_path: Path):
    program = tmp_path / "real"
    program.write_text("")
    program.chmod(0o755)
    for name in ("python", "python3"):
        (tmp_path / name).symlink_to(program)
    (tmp_path / "python3.9").write_text("not executable")
    found = module._real([tmp_path / "python", tmp_path / "python3", tmp_path / "python3.9", tmp_path / "gone"])
    assert found == [Path(os.path.realpath(program))]
