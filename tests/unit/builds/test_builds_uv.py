"""How uv is asked, and what its answers mean."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildyard.farm.builds.requirements import marker_environment
from buildyard.farm.builds.uv import (
    NeedsCode,
    Question,
    ResolverFailed,
    Unsatisfiable,
    arguments,
    dependency_metadata,
    explanation,
    failure,
    versions,
)
from buildyard.farm.upstream.errors import UpstreamUnreachable
from buildyard.farm.upstream.sdists import Declared

CP312 = marker_environment("cp312", "3.12.1", "linux_x86_64")

CONFLICT = """\
error: No solution found when resolving dependencies
  cause: Because flask>=3.1.3 depends on werkzeug>=3.1.0 and you require flask==3.1.3, we can conclude that you require
         werkzeug>=3.1.0.
         And because you require werkzeug<3, we can conclude that your requirements are unsatisfiable.

hint: `werkzeug` was found on https://user:hush@index.example.org/simple, but not at the requested version
"""

OLDER_CONFLICT = """\
Using CPython 3.12.1
  × No solution found when resolving dependencies:
  ╰─▶ Because there is no version of six==99 and you require six==99, we can
      conclude that your requirements are unsatisfiable.
"""

MARKED = """\
error: No solution found when resolving dependencies for split (markers: python_full_version >= '3.9.16')
  cause: Because there are no versions of six{python_full_version <= '3.9.16' and os_name == 'posix'} and you require
         six, we stop.
"""

NEEDS_CODE = """\
error: Failed to build `docopt==0.6.2`
  cause: The build backend returned an error
  cause: Call to `setuptools.build_meta:__legacy__.prepare_metadata_for_build_wheel` failed (exit status: 1)
"""

SILENT_INDEX = """\
error: Request failed after 3 retries in 5.5s
  cause: Failed to fetch: `http://127.0.0.1:9/simple/markupsafe/`
  cause: tcp connect error
"""


def question(**fields: object) -> Question:
    return Question(requirements=("six",), python_version="3.12.1", **fields)  # type: ignore[arg-type]


def command(**fields: object) -> list[str]:
    return arguments(Path("/bin/uv"), question(**fields), Path("/cache"))


def test_uv_is_asked_for_a_full_python_version_on_our_own_interpreter() -> None:
    asked = command()
    assert asked[asked.index("--python-version") + 1] == "3.12.1"
    assert asked[asked.index("--python") + 1] == sys.executable


def test_names_asked_for_count_only_versions_with_a_source() -> None:
    asked = command(from_source=("six", "numpy"))
    assert [asked[at + 1] for at, part in enumerate(asked) if part == "--no-binary"] == ["six", "numpy"]


def test_dependencies_can_be_left_out() -> None:
    assert "--no-deps" in command(deps=False)
    assert "--no-deps" not in command()


def test_for_another_kind_of_interpreter_the_oldest_python_of_a_universal_answer_counts() -> None:
    asked = command(is_universal=True)
    assert asked[asked.index("--fork-strategy") + 1] == "fewest"
    assert "--universal" not in command()


def test_versions_are_read_by_normalised_name() -> None:
    assert versions("Flask==3.1.3\nzope.interface==6.0\n\n# note\n", CP312) == {
        "flask": "3.1.3",
        "zope-interface": "6.0",
    }


def test_version_for_other_interpreters_is_passed_over() -> None:
    output = "numpy==2.0.2 ; python_full_version < '3.10'\nnumpy==2.5.5 ; python_full_version >= '3.12'\n"
    assert versions(output, CP312) == {"numpy": "2.5.5"}


@given(st.text(max_size=80))
def test_any_output_gives_names_and_versions(output: str) -> None:
    assert all(name and version for name, version in versions(output, CP312).items())


def test_conflict_is_explained_without_drawing_hints_and_addresses() -> None:
    error = failure(CONFLICT)
    assert isinstance(error, Unsatisfiable)
    assert error.explanation.startswith("Because flask>=3.1.3 depends on werkzeug>=3.1.0 and you require")
    assert error.explanation.endswith("we can conclude that your requirements are unsatisfiable.")
    assert "hush" not in error.explanation


def test_older_form_of_a_conflict_is_understood() -> None:
    error = failure(OLDER_CONFLICT)
    assert str(error) == (
        "Because there is no version of six==99 and you require six==99, we can conclude that your requirements are"
        " unsatisfiable."
    )


def test_markers_of_ours_are_left_out_of_an_explanation() -> None:
    assert explanation(MARKED) == "Because there are no versions of six and you require six, we stop."


def test_explanation_is_cut_at_a_word() -> None:
    told = explanation("No solution found when resolving dependencies\n" + "word " * 400)
    assert len(told) <= 600
    assert told.endswith("word …")


@pytest.mark.parametrize(
    "messages",
    [NEEDS_CODE, "error: Failed to download and build `docopt==0.6.2`\n", "  × Failed to build `Docopt==0.6.2`\n"],
)
def test_package_whose_code_would_be_run_is_named(messages: str) -> None:
    error = failure(messages)
    assert isinstance(error, NeedsCode)
    assert (error.package, error.version) == ("docopt", "0.6.2")


def test_index_that_does_not_answer_may_answer_later() -> None:
    error = failure(SILENT_INDEX)
    assert isinstance(error, UpstreamUnreachable)
    assert error.may_pass
    assert "127.0.0.1" not in str(error)


@pytest.mark.parametrize(("messages", "told"), [("error: out of cheese", "out of cheese"), ("", "it says nothing")])
def test_other_failures_are_the_resolvers_own(messages: str, told: str) -> None:
    error = failure(messages)
    assert isinstance(error, ResolverFailed)
    assert error.reason == told


@given(st.text(max_size=200))
def test_any_messages_give_a_typed_error(messages: str) -> None:
    assert isinstance(failure(messages), (Unsatisfiable, ResolverFailed, UpstreamUnreachable))


def test_what_uv_must_not_ask_for_is_written_as_toml() -> None:
    known = {
        ("docopt", "0.6.2"): Declared(),
        ("odd", "1"): Declared(requires_dist=('six ; extra == "x"', "ü\\n")),
    }
    first, second = tomllib.loads(dependency_metadata(known))["dependency-metadata"]
    assert first == {"name": "docopt", "version": "0.6.2", "requires-dist": []}
    assert second["requires-dist"] == ['six ; extra == "x"', "ü\\n"]


def test_nothing_known_is_no_file() -> None:
    assert dependency_metadata({}) == ""
