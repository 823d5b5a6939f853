"""What the values of shared options mean."""

from __future__ import annotations

import pytest

from buildyard.cli.options import abi_of, abis_of, spread_pythons
from buildyard.cli.trouble import Trouble


@pytest.mark.parametrize(
    ("text", "abi"),
    [
        ("3.12", "cp312"),
        ("3.9", "cp39"),
        ("3.13t", "cp313t"),
        ("pypy3.9", "pp39"),
        ("cp312", "cp312"),
        ("cp313t", "cp313t"),
        ("pp39", "pp39"),
    ],
)
def test_a_python_is_meant_by_its_version_or_its_abi(text: str, abi: str) -> None:
    assert abi_of(text) == abi


@pytest.mark.parametrize("text", ["312", "python3.12", "3", "3.12.1", "jython", "cp"])
def test_what_is_no_version_of_python_is_refused(text: str) -> None:
    with pytest.raises(Trouble, match="no version of Python"):
        abi_of(text)


def test_pythons_come_once_and_in_numeric_order() -> None:
    assert abis_of(["3.12", "3.9,cp310", "cp312"]) == ("cp39", "cp310", "cp312")


def test_no_python_given_means_all() -> None:
    assert abis_of(None) == ()


@pytest.mark.parametrize(
    ("given", "spread"),
    [
        (["build", "x", "--python", "3.9", "3.11"], ["build", "x", "--python", "3.9", "--python", "3.11"]),
        (["--python", "3.9", "numpy"], ["--python", "3.9", "numpy"]),
        (["--python=3.9", "3.11", "-o", "w"], ["--python=3.9", "--python", "3.11", "-o", "w"]),
        (["--python", "3.9", "pp39", "cp313t"], ["--python", "3.9", "--python", "pp39", "--python", "cp313t"]),
        (["--python"], ["--python"]),
        (["numpy", "3.9"], ["numpy", "3.9"]),
    ],
)
def test_several_versions_may_follow_one_option(given: list[str], spread: list[str]) -> None:
    assert spread_pythons(given) == spread
