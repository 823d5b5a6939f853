"""What a source says about its own build, and what is refused of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildyard.farm.builder.failures import PhaseFailed
from buildyard.farm.builder.project import Project, python_mismatch, read_project
from buildyard.farm.wire import FailureKind


@pytest.fixture
def source(tmp_path: Path):
    """Write a source of these files and read it."""

    def reads(**files: str) -> Project:
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return read_project(tmp_path)

    return reads


def refused(read, **files: str) -> PhaseFailed:
    with pytest.raises(PhaseFailed) as caught:
        read(**files)
    return caught.value


def test_source_without_a_project_file_is_built_by_setuptools(source):
    project = source(setup_py="")
    assert project.backend == "setuptools.build_meta:__legacy__"
    assert project.requires == ("setuptools>=40.8.0",)


def test_project_file_without_build_system_changes_nothing(source):
    project = source(pyproject_toml="[project]\nname = 'x'\n")
    assert project.backend == "setuptools.build_meta:__legacy__"
    assert project.requires == ("setuptools>=40.8.0",)


def test_build_system_without_a_backend_is_legacy(source):
    project = source(pyproject_toml="[build-system]\nrequires = ['setuptools', 'wheel']\n")
    assert project.backend == "setuptools.build_meta:__legacy__"
    assert project.requires == ("setuptools", "wheel")


def test_backend_and_its_path_are_read(source):
    text = "[build-system]\nrequires = []\nbuild-backend = 'my.backend:obj.attr'\nbackend-path = ['.', 'tools/']\n"
    project = source(pyproject_toml=text)
    assert project.backend == "my.backend:obj.attr"
    assert project.backend_path == (".", "tools")


def test_python_of_the_project_file_is_read(source):
    project = source(pyproject_toml="[project]\nrequires-python = '>=3.9'\n")
    assert project.requires_python == (">=3.9",)


def test_python_of_the_metadata_comes_first(tmp_path):
    (tmp_path / "PKG-INFO").write_text(
        "Metadata-Version: 2.1\nName: x\nRequires-Python: >=3.10\n\nRequires-Python: no\n"
    )
    (tmp_path / "setup.py").touch()
    assert read_project(tmp_path).requires_python == (">=3.10",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not toml", "pyproject.toml is not TOML"),
        ("build-system = 3", "build-system is not a table"),
        ("[build-system]\n", "build-system has no requires"),
        ("[build-system]\nrequires = 'setuptools'\n", "requires is not a list of strings"),
        ("[build-system]\nrequires = [1]\n", "requires is not a list of strings"),
        ("[build-system]\nrequires = []\nbuild-backend = 'a b'\n", "build-backend does not name an object"),
        ("[build-system]\nrequires = []\nbuild-backend = 3\n", "build-backend does not name an object"),
        ("[build-system]\nrequires = []\nbackend-path = ['..']\n", "backend-path '..' is outside"),
        ("[build-system]\nrequires = []\nbackend-path = ['/usr']\n", "backend-path '/usr' is outside"),
        ("[build-system]\nrequires = []\nbackend-path = ['a/../../b']\n", "is outside of the source"),
    ],
)
def test_project_file_that_cannot_be_meant_is_a_bad_source(source, text, words):
    failure = refused(source, pyproject_toml=text)
    assert failure.kind is FailureKind.BAD_SOURCE
    assert words in failure.reason


def test_backend_path_through_a_link_is_refused(tmp_path):
    (tmp_path / "out").symlink_to("/usr")
    (tmp_path / "pyproject.toml").write_text("[build-system]\nrequires = []\nbackend-path = ['out']\n")
    with pytest.raises(PhaseFailed, match="outside of the source"):
        read_project(tmp_path)


def test_nothing_to_build_is_a_bad_source(source):
    failure = refused(source, README_md="hello")
    assert failure.reason == "it holds neither pyproject.toml nor setup.py"


def test_project_file_that_is_no_file_is_a_bad_source(tmp_path):
    (tmp_path / "pyproject.toml").mkdir()
    with pytest.raises(PhaseFailed) as caught:
        read_project(tmp_path)
    assert caught.value.kind is FailureKind.BAD_SOURCE


def test_huge_project_file_is_not_read(source):
    assert "sensible size" in refused(source, pyproject_toml="#" * 5_000_000).reason


@pytest.mark.parametrize(
    "requirement",
    ["--index-url=https://example.invalid", "-e .", "../local", "a b", "", "setuptools; nonsense", "\u2028x"],
)
def test_requirement_that_is_none_is_refused(source, requirement):
    failure = refused(source, pyproject_toml=f"[build-system]\nrequires = [{requirement!r}]\n")
    assert failure.kind is FailureKind.BUILD_REQUIRES
    assert "is not valid" in failure.reason


@pytest.mark.parametrize(
    "url", ["https://example.invalid/x.whl", "file:///etc/passwd", "git+https://example.invalid/x"]
)
def test_requirement_with_an_address_is_refused(source, url):
    failure = refused(source, pyproject_toml=f"[build-system]\nrequires = ['x @ {url}']\n")
    assert failure.reason == "its build requirement x names an address; only the index is used"


def test_hundreds_of_requirements_are_refused(source):
    failure = refused(source, pyproject_toml=f"[build-system]\nrequires = {['x'] * 201}\n")
    assert failure.kind is FailureKind.BUILD_REQUIRES


@pytest.mark.parametrize(
    "name", ["src/pkg/_fast.c", "pkg/a.CPP", "pkg/a.pyx", "rust/src/lib.rs", "pkg/solve.f90", "a.cc", "kernels/x.cu"]
)
def test_extension_sources_are_seen(tmp_path, name):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).touch()
    (tmp_path / "setup.py").touch()
    assert read_project(tmp_path).has_extension_sources


@pytest.mark.parametrize(
    "name", ["tests/data/x.c", "docs/example.cpp", "examples/demo.rs", "pkg/x.h", "pkg/x.py", "Test/x.c", "x.css"]
)
def test_sources_aside_are_none_of_the_package(tmp_path, name):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).touch()
    (tmp_path / "setup.py").touch()
    assert not read_project(tmp_path).has_extension_sources


@pytest.mark.parametrize(
    ("told", "version", "excluding"),
    [
        ([">=3.9"], "3.8.18", ">=3.9"),
        ([">=3.9"], "3.9.0", None),
        ([">=3.8", "<3.12"], "3.12.1", "<3.12"),
        (["!=3.12.1"], "3.12.1", "!=3.12.1"),
        (["at least three"], "3.8.18", None),
        ([], "3.8.18", None),
    ],
)
def test_python_that_is_left_out_is_told(told, version, excluding):
    assert python_mismatch(told, version) == excluding
