"""The check phase on wheels that are not what they should be, made by real builds."""

from __future__ import annotations

import msgspec
import pytest

from buildyard.farm.wire import FailureKind, Source
from support.local_index import Recipe, archive


def test_wheel_of_another_name_is_refused(build):
    answer = build(Recipe(name="victim", wheel_name="other", metadata_name="other"))
    assert answer.result.failure.kind is FailureKind.WRONG_WHEEL
    assert answer.result.failure.reason == "other-1.0-py3-none-any.whl is of other, not of victim"
    assert answer.result.wheel is None
    assert answer.wheel is None


def test_wheel_of_another_version_is_refused(build):
    answer = build(Recipe(name="victim", wheel_version="2.0", metadata_version="2.0"))
    assert answer.result.failure.reason == "victim-2.0-py3-none-any.whl is version 2.0, not 1.0"


def test_wheel_for_another_machine_is_refused(build):
    answer = build(Recipe(name="victim", wheel_tag="cp312-cp312-win_amd64"))
    assert answer.result.failure.kind is FailureKind.WRONG_WHEEL
    assert "does not install on cp3" in answer.result.failure.reason


def test_wheel_whose_metadata_disagrees_with_its_name_is_refused(build):
    answer = build(Recipe(name="victim", metadata_name="somebody-else"))
    assert answer.result.failure.kind is FailureKind.BAD_WHEEL


def test_module_that_does_not_import_fails_the_check(build):
    answer = build(Recipe(name="victim", modules={"victim.py": "import this_is_nowhere\n"}), check=True)
    assert answer.result.failure.kind is FailureKind.CHECK_FAILED
    assert answer.result.failure.reason == (
        "import victim fails: ModuleNotFoundError: No module named 'this_is_nowhere'"
    )
    assert answer.result.failure.phase == "check"


def test_syntax_of_another_python_fails_the_check(build):
    answer = build(Recipe(name="victim", modules={"victim.py": "print 'hello'\n"}), check=True)
    assert answer.result.failure.reason.startswith("import victim fails: SyntaxError")


def test_missing_module_of_a_declared_dependency_is_fine(build):
    recipe = Recipe(name="victim", modules={"victim.py": "import yaml\n"}, requires_dist=("PyYAML>=5",))
    assert build(recipe, check=True).result.failure is None


def test_missing_module_of_an_extra_is_fine(build):
    recipe = Recipe(
        name="victim", modules={"victimd.py": "import aiohttp\n"}, requires_dist=('aiohttp ; extra == "d"',)
    )
    assert build(recipe, check=True).result.failure is None


def test_unlike_name_of_a_dependency_that_cannot_be_had_settles_nothing(build):
    """The module may be the dependency's; without the index it cannot be told, and a good wheel is not thrown away."""
    recipe = Recipe(name="victim", modules={"victim.py": "import frobnicate\n"}, requires_dist=("acme-tools",))
    answer = build(recipe, check=True)
    assert answer.result.failure is None
    assert "it cannot be told whose fault this is" in answer.log


def test_module_that_kills_python_fails_the_check(build):
    answer = build(Recipe(name="victim", modules={"victim.py": "import os; os.kill(os.getpid(), 11)\n"}), check=True)
    failure = answer.result.failure
    assert failure.reason == "import victim ends Python with signal 11"
    assert answer.log.splitlines()[failure.log_line - 1] == "import victim"


def test_module_that_hangs_ends_at_the_idle_limit(build):
    from buildyard.farm.wire import Limits

    recipe = Recipe(name="victim", modules={"victim.py": "import time; time.sleep(600)\n"})
    answer = build(recipe, check=True, limits=Limits(idle_s=2))
    assert answer.result.failure.kind is FailureKind.NO_OUTPUT
    assert answer.result.failure.phase == "check"


def test_modules_are_imported_without_the_network_and_the_machine(build):
    code = "import os, socket\nassert not os.path.exists('/var')\nassert os.getcwd() == '/tmp'\n"
    assert build(Recipe(name="victim", modules={"victim.py": code}), check=True).result.failure is None


def test_tests_and_stubs_are_not_imported(build):
    modules = {"victim.py": "", "tests/__init__.py": "raise SystemExit", "victim-stubs/__init__.pyi": ""}
    assert build(Recipe(name="victim", modules=modules), check=True).result.failure is None


def test_silent_fall_back_to_plain_python_is_a_failure(build):
    """Such a wheel would serve every Python for ever (reference, 3.4)."""
    answer = build(Recipe(name="victim", extension="pure fall-back", c_source="#error not today\n"))
    failure = answer.result.failure
    assert failure.kind is FailureKind.PURE_FALLBACK
    assert answer.log.splitlines()[failure.log_line - 1].startswith("src/_victim.c:1:2: error: ")
    assert answer.result.has_extension_sources


def test_plain_wheel_of_a_source_with_optional_extensions_is_fine_where_nothing_failed(build):
    answer = build(Recipe(name="victim", extension="pure fall-back"))
    assert answer.result.failure is None


def test_python_that_the_source_excludes_is_refused_before_anything_is_built(build):
    """uv would build it: it ignores Requires-Python (reference, 3.4)."""
    answer = build(Recipe(name="victim", requires_python="<3"))
    failure = answer.result.failure
    assert failure.kind is FailureKind.BUILD_REQUIRES
    assert failure.reason.startswith("it requires Python <3, and this is CPython 3.")
    assert failure.phase == "prepare"
    assert answer.phases == ("fetch", "prepare")


def test_python_that_upstream_excludes_is_refused(build):
    def change(payload):
        return msgspec.structs.replace(payload, requires_python=">=4")

    assert build(Recipe(name="victim"), change=change).result.failure.reason.startswith("it requires Python >=4")


def test_source_with_another_hash_is_refused(build):
    def change(payload):
        return msgspec.structs.replace(payload, source=msgspec.structs.replace(payload.source, sha256="0" * 64))

    answer = build(Recipe(name="victim"), change=change)
    assert answer.result.failure.kind is FailureKind.HASH_MISMATCH
    assert answer.result.failure.phase == "fetch"


def test_source_that_is_gone_is_missing(build):
    def change(payload):
        source = Source(filename="victim-1.0.tar.gz", url="file:///nonexistent/victim-1.0.tar.gz", sha256="0" * 64)
        return msgspec.structs.replace(payload, source=source)

    assert build(Recipe(name="victim"), change=change).result.failure.kind is FailureKind.SOURCE_MISSING


def test_archive_that_leads_outside_is_refused_and_writes_nothing(build, yard):
    answer = build(archive({"victim-1.0/setup.py": b"", "victim-1.0/../../../../escaped": b"gotcha"}))
    assert answer.result.failure.kind is FailureKind.UNSAFE_SOURCE
    assert answer.result.failure.reason == (
        "the archive's member 'victim-1.0/../../../../escaped' is refused: its path leads outside"
    )
    assert not list(yard.rglob("escaped"))


@pytest.mark.parametrize(
    ("requires", "words"),
    [
        ("['no-such-thing']", "its build requirements cannot be had"),
        ("['evil @ https://example.invalid/evil-1.0.tar.gz']", "names an address; only the index is used"),
        ("['--index-url=https://example.invalid/']", "is not valid"),
        ("['-r/etc/passwd']", "is not valid"),
    ],
)
def test_build_requirements_that_cannot_be_had_say_so(build, requires: str, words: str):
    project = f"[build-system]\nrequires = {requires}\nbuild-backend = 'nothing'\n".encode()
    answer = build(archive({"victim-1.0/pyproject.toml": project}))
    assert answer.result.failure.kind is FailureKind.BUILD_REQUIRES
    assert words in answer.result.failure.reason


def test_backend_that_is_not_there_says_so(build):
    project = b"[build-system]\nrequires = []\nbuild-backend = 'no.such.backend'\n"
    answer = build(archive({"victim-1.0/pyproject.toml": project}))
    assert answer.result.failure.kind is FailureKind.BUILD_ERROR
    assert "No module named 'no'" in answer.result.failure.reason


def test_source_directory_is_not_importable_without_backend_path(build):
    """PEP 517: frontends must not put the source onto the path."""
    project = b"[build-system]\nrequires = []\nbuild-backend = 'backend'\n"
    answer = build(archive({"victim-1.0/pyproject.toml": project, "victim-1.0/backend.py": b""}))
    assert "No module named 'backend'" in answer.result.failure.reason


def test_requirements_that_the_backend_asks_for_are_fetched_outside(build):
    project = b"[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
    backend = b"def get_requires_for_build_wheel(config_settings=None):\n    return ['no-such-thing']\n"
    answer = build(archive({"victim-1.0/pyproject.toml": project, "victim-1.0/backend.py": backend}))
    assert answer.result.failure.kind is FailureKind.BUILD_REQUIRES
    assert "the backend asks for no-such-thing" in answer.log
