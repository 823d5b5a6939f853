"""What `up` tells of builders, interpreters and how to install; which builds it need not wait for."""

from __future__ import annotations

import pytest

from buildyard.cli.answers import BuildAnswer, BuilderAnswer, Interpreter
from buildyard.cli.story import builder_lines, install_line, is_over, python_words, sandbox_words
from buildyard.cli.working import worker_id

HEADERS = "its headers are missing"
BUILDER = BuilderAnswer(
    name="yard-1",
    state="working",
    slots=2,
    sandbox="bubblewrap, own uid a slot",
    interpreters=(
        Interpreter(abi="cp39"),
        Interpreter(abi="cp311"),
        Interpreter(abi="cp313t", usable=False, reason=HEADERS),
    ),
)
URL = "http://127.0.0.1:8765"


def test_a_new_farm_tells_of_its_builder_and_its_pythons() -> None:
    assert list(builder_lines([BUILDER], URL, is_new=True)) == [
        ("Builder", "2 slots · bubblewrap, own uid a slot"),
        ("Pythons", f"cp39 cp311 · not used: cp313t, {HEADERS}"),
    ]


def test_a_farm_that_is_known_tells_in_one_line() -> None:
    assert list(builder_lines([BUILDER], URL, is_new=False)) == [("Hub", f"{URL} · 1 builder, 2 slots, 2 Pythons")]


def test_several_builders_are_counted_together() -> None:
    told = dict(builder_lines([BUILDER, BUILDER], URL, is_new=True))
    assert told["Builder"].startswith("2 builders, 4 slots")


def test_a_new_farm_without_builders_has_nothing_to_tell_of_them() -> None:
    assert list(builder_lines([], URL, is_new=True)) == []


def test_an_interpreter_that_compiles_nothing_is_for_pure_packages() -> None:
    found = [Interpreter(abi="cp39"), Interpreter(abi="cp311", compiles=False)]
    assert python_words(found) == ["cp39", "pure packages only: cp311"]


def test_interpreters_are_left_out_with_their_reasons() -> None:
    found = [Interpreter(abi=abi, usable=False, reason=HEADERS) for abi in ("cp38", "cp39")]
    assert python_words(found) == ["none", f"not used: cp38 cp39, {HEADERS}"]


@pytest.mark.parametrize(("told", "words"), [("none", "no sandbox"), ("", "no sandbox"), ("bubblewrap", "bubblewrap")])
def test_what_confines_builds_is_told(told: str, words: str) -> None:
    assert sandbox_words(told) == words


def test_the_install_line_of_an_open_hub_works_as_it_is() -> None:
    line = install_line(URL, ["six", "msgpack"], is_open=True)
    assert line == f"pip install --index-url {URL}/simple/ six msgpack"


def test_the_install_line_of_a_hub_that_asks_who_you_are_says_where_the_credential_goes() -> None:
    line = install_line("http://192.0.2.1:8765", [], is_open=False)
    assert line == (
        "pip install --index-url http://CLIENT_ID:TOKEN@192.0.2.1:8765/simple/ --trusted-host 192.0.2.1 PACKAGE"
    )


@pytest.mark.parametrize(("state", "over"), [("built", True), ("will_retry", True), ("queued", False)])
def test_up_does_not_wait_for_what_is_tried_again_later(state: str, over: bool) -> None:
    assert is_over(BuildAnswer(package="six", abi="cp39", state=state)) is over


@pytest.mark.parametrize(
    ("label", "name"),
    [("yard-1", "yard-1"), ("host.example.org", "host-example-org"), ("é" * 50, "-" * 38), ("", "builder")],
)
def test_a_builders_name_is_one_that_taskcluster_allows(label: str, name: str) -> None:
    assert worker_id(label) == name
