"""What somebody asks for, and what it means on an interpreter."""

from __future__ import annotations

import platform
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import default_environment

from buildyard.farm.builds.requirements import (
    BadRequirement,
    allows,
    applies,
    marker_environment,
    normalised,
    parse_requirement,
)
from buildyard.farm.builds.resolve import host_platform


def test_requirement_is_read_with_extras_and_marker() -> None:
    found = parse_requirement('Flask[async]>=2; python_version >= "3.9"')
    assert (normalised(found), found.extras, str(found.specifier)) == ("flask", {"async"}, ">=2")


@pytest.mark.parametrize("text", ["", "  ", "../demo", "demo >< 1", "demo[", "-r file", "demo ; python", "a b"])
def test_text_that_is_no_requirement_is_told(text: str) -> None:
    with pytest.raises(BadRequirement) as caught:
        parse_requirement(text)
    assert caught.value.text == text


def test_address_is_refused_without_being_printed() -> None:
    with pytest.raises(BadRequirement, match="names an address") as caught:
        parse_requirement("demo @ https://user:hush@h.example.org/demo-1.0.tar.gz")
    assert "hush" not in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_a_requirement_or_a_bad_one(text: str) -> None:
    try:
        found = parse_requirement(text)
    except BadRequirement:
        return
    assert found.url is None
    assert normalised(found)


def test_environment_is_what_packaging_sees_on_this_interpreter() -> None:
    """On CPython and Linux; what differs from machine to machine is left empty."""
    threads = "" if getattr(sys, "_is_gil_enabled", lambda: True)() else "t"
    abi = f"cp{sys.version_info[0]}{sys.version_info[1]}{threads}"
    ours = marker_environment(abi, platform.python_version(), host_platform())
    theirs = {**default_environment()}
    for key, value in ours.items():
        assert value == theirs[key] or key in ("platform_release", "platform_version")  # type: ignore[literal-required]


def test_environment_of_pypy_says_so() -> None:
    environment = marker_environment("pp39", "3.9.16", "linux_aarch64")
    assert applies(parse_requirement('x; platform_python_implementation == "PyPy"'), environment)
    assert applies(parse_requirement('x; platform_machine == "aarch64" and python_version < "3.10"'), environment)


def test_marker_of_an_extra_does_not_apply_by_itself() -> None:
    environment = marker_environment("cp312", "3.12.1", "linux_x86_64")
    assert not applies(parse_requirement('x; extra == "fast"'), environment)


@pytest.mark.parametrize(
    ("requires_python", "version", "allowed"),
    [
        (None, "3.12.1", True),
        ("", "3.12.1", True),
        (">=3.10", "3.9.18", False),
        (">=3.9.5", "3.9.18", True),
        (">=3.9.5", "3.9.2", False),
        ("!=3.0.*,>=2.7", "3.12.1", True),
        (">=3.14", "3.14.0rc1", True),
        ("<3.14", "3.14.0rc1", False),
        (">=3.14", "3.14.0a1+", True),
        ("not a specifier", "3.12.1", True),
    ],
)
def test_requires_python_is_judged_as_pip_does(requires_python: str | None, version: str, allowed: bool) -> None:
    assert allows(requires_python, version) is allowed


def test_version_that_no_interpreter_has_is_a_fault_of_the_caller() -> None:
    with pytest.raises(ValueError, match="interpreter"):
        allows(">=3", "twelve")
