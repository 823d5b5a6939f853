"""`buildyard build`: wheels into a directory, without a hub; and what the command line itself says."""

from __future__ import annotations

import json

import pytest

from support.yard import Yard


def test_wheels_land_in_the_directory_and_the_report_says_so(yard: Yard) -> None:
    told = yard.run("build", "needy", "-o", "out")
    assert told.returncode == 0, told.stderr
    assert sorted(path.name for path in (yard.directory / "out").glob("*.whl")) == [
        "needy-1.0-py3-none-any.whl",
        "tidy-1.0-py3-none-any.whl",
    ]
    assert told.stdout.splitlines()[-1].startswith("✓ 2 built, 0 failed, ")
    assert told.stdout.splitlines()[-1].endswith(" · wheels in out/")


def test_without_dependencies_only_what_was_named_is_built(yard: Yard) -> None:
    yard.run("build", "needy", "-o", "out", "--no-deps")
    assert [path.name for path in (yard.directory / "out").glob("*.whl")] == ["needy-1.0-py3-none-any.whl"]


def test_progress_is_a_line_an_event_on_stderr(yard: Yard) -> None:
    told = yard.run("build", "tidy", "-o", "out")
    built, done = told.stderr.splitlines()
    assert " built    tidy 1.0 cp3" in built
    assert " done     1 built, 0 failed, " in done


def test_what_is_there_is_not_built_again(yard: Yard) -> None:
    yard.run("build", "tidy", "-o", "out")
    told = yard.run("build", "tidy", "-o", "out", "--json")
    assert json.loads(told.stdout)["counts"] == {"built": 0, "failed": 0}


def test_a_failure_is_told_with_reason_and_log_and_exit_code_1(yard: Yard) -> None:
    told = yard.run("build", "broken", "tidy", "-o", "out")
    assert told.returncode == 1
    assert "✗ broken  1.0" in told.stdout
    assert "broken.c:3:10: fatal error: Python.h: No such file" in told.stdout
    last = told.stdout.splitlines()[-1]
    assert last.startswith("✗ 1 built, 1 failed, ")
    log = yard.directory / last.rpartition(" · log ")[2]
    assert "fatal error" in log.read_text()


def test_a_script_gets_one_object(yard: Yard) -> None:
    told = yard.run("build", "broken", "-o", "out", "--json")
    report = json.loads(told.stdout)
    (build,) = [one for one in report["builds"] if one["package"] == "broken"]
    assert (told.returncode, report["schema"], build["state"], build["phase"]) == (1, 1, "failed", "build")


def test_a_failed_log_is_folded_for_github(yard: Yard) -> None:
    told = yard.run("build", "broken", "-o", "out", environment={"GITHUB_ACTIONS": "true"})
    assert "::group::broken 1.0 cp3" in told.stderr
    assert "::endgroup::" in told.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "what"),
    [
        (("build", "tidyy", "-o", "out"), 2, 'no package is called "tidyy"'),
        (("build", "tidy>99", "-o", "out"), 2, "no version of tidy matches >99"),
        (("build", "tidy", "-o", "out", "--python", "3.99"), 2, "no interpreter is 3.99"),
        (("build", "-o", "out"), 2, "missing argument 'REQUIREMENT'"),
        (("build", "tidy", "--nonsense"), 2, "no such option: --nonsense"),
        (("buidl",), 2, "no such command 'buidl'"),
        (("up", "--port", "70000"), 2, "invalid value for '--port'"),
    ],
)
def test_wrong_use_says_what_is_wrong_and_what_to_do(
    yard: Yard, arguments: tuple[str, ...], code: int, what: str
) -> None:
    told = yard.run(*arguments)
    assert told.returncode == code, told.stderr
    assert told.stderr.startswith(f"error: {what}")
    assert "Traceback" not in told.stderr


def test_an_index_that_does_not_answer_is_exit_code_3(yard: Yard) -> None:
    told = yard.run("build", "tidy", environment={"PIP_INDEX_URL": "http://127.0.0.1:9/simple"})
    assert told.returncode == 3, told.stderr
    assert told.stderr.startswith("error: the upstream index of pip's configuration does not answer")


def test_a_bad_setting_is_refused_with_its_origin(yard: Yard) -> None:
    told = yard.run("up", environment={"BUILDYARD_PORT": "eighty"})
    assert told.returncode == 2
    assert told.stderr == (
        "error: port cannot be that\n  found   eighty\n  where   BUILDYARD_PORT\n  wanted  int, got str\n"
    )


def test_config_show_tells_each_value_with_its_origin_and_what_it_does_not_know(yard: Yard) -> None:
    (yard.directory / "buildyard.toml").write_text("port = 9000\nslot = 2\n")
    told = yard.run("config", "show", environment={"BUILDYARD_HOST": "::1"})
    rows = {line.split()[0]: line.split()[1:] for line in told.stdout.splitlines()}
    assert rows["port"] == ["9000", "buildyard.toml:1"]
    assert rows["host"] == ["::1", "BUILDYARD_HOST"]
    assert rows["upstream"][:2] == ["(pip's)", "PIP_INDEX_URL"]
    assert told.stderr == '! buildyard.toml:2  unknown key "slot"; did you mean "slots"?\n'


def test_config_show_for_a_script_hides_passwords(yard: Yard) -> None:
    told = yard.run("config", "show", "--json", environment={"BUILDYARD_DATABASE": "postgresql://y:secret@db/y"})
    assert json.loads(told.stdout)["settings"]["database"]["value"] == "postgresql://y:********@db/y"
