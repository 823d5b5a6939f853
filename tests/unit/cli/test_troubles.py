"""Errors in their one form: what, facts, next; the exit code of each kind of error."""

from __future__ import annotations

import io
import json
from pathlib import Path

import msgspec
import pytest

from buildyard.cli.causes import shown_path, trouble_of
from buildyard.cli.command import ended
from buildyard.cli.palette import Palette
from buildyard.cli.screen import Screen
from buildyard.cli.trouble import ExitCode, Trouble
from buildyard.errors import BuildyardError, ConnectFailed, TimedOut, WireError, remote_error
from buildyard.farm.settings_errors import BadSetting, BadSettingsFile
from buildyard.farm.state import HubFile, StateBusy, StateUnusable

URL = "http://127.0.0.1:8765/api/farm/v1/status"
NUMPYY = Trouble(
    'no package is called "numpyy"',
    code="unknown_package",
    exit_code=ExitCode.WRONG_USE,
    facts={"asked": "the upstream index of pip's configuration, 404", "likely": "numpy"},
    next=["buildyard request numpy"],
)


def screen(verbosity: int = 0) -> Screen:
    return Screen(io.StringIO(), io.StringIO(), {}, columns=80, verbosity=verbosity)


def problem(status: int, **told: object) -> Exception:
    body = {"type": "about:blank", "status": status, **told}
    return remote_error(status, "", method="GET", url=URL, body=msgspec.json.encode(body))


def test_an_error_says_what_then_facts_then_what_to_do_next() -> None:
    assert NUMPYY.lines(Palette()) == [
        'error: no package is called "numpyy"',
        "  asked   the upstream index of pip's configuration, 404",
        "  likely  numpy",
        "  next    buildyard request numpy",
    ]


def test_several_ways_out_are_joined_by_or() -> None:
    trouble = Trouble("port 8765 is taken", code="port_taken", next=["open http://127.0.0.1:8765/", "buildyard up"])
    assert trouble.lines(Palette())[1:] == ["  next    open http://127.0.0.1:8765/, or", "          buildyard up"]


def test_a_fact_that_is_not_known_has_no_line() -> None:
    assert Trouble("x", code="x", facts={"by": ""}).lines(Palette()) == ["error: x"]


def test_the_json_of_an_error_has_the_same_content() -> None:
    assert NUMPYY.body() == {
        "error": {
            "code": "unknown_package",
            "what": 'no package is called "numpyy"',
            "facts": {"asked": "the upstream index of pip's configuration, 404", "likely": "numpy"},
            "next": ["buildyard request numpy"],
        }
    }


@pytest.mark.parametrize(
    ("error", "exit_code", "code"),
    [
        (NUMPYY, ExitCode.WRONG_USE, "unknown_package"),
        (
            BadSetting(key="port", found="x", wanted="Expected `int`", origin="--port"),
            ExitCode.WRONG_USE,
            "bad_setting",
        ),
        (BadSettingsFile("buildyard.toml", "no"), ExitCode.WRONG_USE, "bad_settings_file"),
        (StateBusy(Path("x"), None), ExitCode.FAILED, "state_busy"),
        (StateUnusable(Path("x"), "no"), ExitCode.FAILED, "state_unusable"),
        (ConnectFailed("connection refused", method="GET", url=URL), ExitCode.UNREACHABLE, "unreachable"),
        (TimedOut("read", 30, method="GET", url=URL), ExitCode.UNREACHABLE, "unreachable"),
        (WireError("no JSON", data=b"<html>", method="GET", url=URL), ExitCode.UNREACHABLE, "not_a_hub"),
        (problem(401, title="who are you", code="unsigned"), ExitCode.NOT_ALLOWED, "unsigned"),
        (problem(403, title="needs a scope", code="scope_missing"), ExitCode.NOT_ALLOWED, "scope_missing"),
        (problem(404, title="there is no build 9", code="unknown_build"), ExitCode.WRONG_USE, "unknown_build"),
        (problem(400, title="no", code="bad_request"), ExitCode.WRONG_USE, "bad_request"),
        (problem(503, title="the database does not answer", code="store"), ExitCode.UNREACHABLE, "store"),
        (PermissionError(13, "Permission denied", "/x"), ExitCode.FAILED, "os_error"),
        (BuildyardError("something else"), ExitCode.FAILED, "buildyard_error"),
    ],
)
def test_every_kind_of_error_has_its_exit_code(error: Exception, exit_code: ExitCode, code: str) -> None:
    trouble = trouble_of(error)
    assert (trouble.exit_code, trouble.code) == (exit_code, code)


def test_a_hub_that_does_not_answer_is_named_with_its_address() -> None:
    trouble = trouble_of(ConnectFailed("connection refused", method="GET", url=URL))
    assert trouble.what == "the hub at http://127.0.0.1:8765 does not answer"
    assert trouble.next == ("is it running? start it with: buildyard up",)


def test_the_words_of_the_hub_are_kept() -> None:
    answer = problem(404, title="no", code="x", detail="more", facts={"likely": "numpy"}, next="buildyard status")
    trouble = trouble_of(answer)
    assert (trouble.what, trouble.facts) == ("no", {"said": "more", "likely": "numpy"})
    assert trouble.next == ("buildyard status",)


def test_an_answer_that_is_no_problem_is_told_by_its_status() -> None:
    trouble = trouble_of(remote_error(404, "", method="GET", url=URL, body=b"<html>"))
    assert (trouble.what, trouble.facts) == ("the hub answered 404", {"asked": f"GET {URL}"})


def test_a_missing_scope_is_named() -> None:
    wanted = "This request requires credentials that satisfy the following:\n\n```\nfarm:builder:vm\n```"
    trouble = trouble_of(problem(403, title="Forbidden", code="InsufficientScopes", detail=wanted))
    assert (trouble.exit_code, trouble.facts["missing"]) == (ExitCode.NOT_ALLOWED, "farm:builder:vm")


def test_a_busy_state_directory_tells_who_has_it() -> None:
    hub = HubFile(root_url="http://127.0.0.1:8765", pid=4121, started=0, version="1")
    trouble = trouble_of(StateBusy(Path.cwd() / ".buildyard", hub))
    assert trouble.what == "the state directory .buildyard is in use"
    assert trouble.facts == {"by": "pid 4121, at http://127.0.0.1:8765/"}
    assert trouble.next[0] == "open http://127.0.0.1:8765/"


def test_a_fault_of_ours_says_so_and_keeps_its_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    trouble = trouble_of(KeyError("oops"))
    assert (trouble.what, trouble.exit_code) == ("this is a fault of buildyard", ExitCode.FAILED)
    assert "KeyError: 'oops'" in Path(trouble.facts["report"]).read_text()


def test_a_body_that_ends_well_is_zero() -> None:
    assert ended(screen(), lambda: None, as_json=False) == 0


def test_an_error_is_told_on_stderr_without_a_traceback() -> None:
    shown = screen()

    def body() -> int:
        raise NUMPYY

    assert ended(shown, body, as_json=False) == ExitCode.WRONG_USE
    assert shown.stdout.getvalue() == ""  # type: ignore[attr-defined]
    assert shown.stderr.getvalue().startswith("error: no package")  # type: ignore[attr-defined]


def test_an_error_with_json_is_one_object_on_stdout_and_nothing_else() -> None:
    shown = screen()

    def body() -> int:
        raise NUMPYY

    assert ended(shown, body, as_json=True) == ExitCode.WRONG_USE
    assert json.loads(shown.stdout.getvalue()) == NUMPYY.body()  # type: ignore[attr-defined]
    assert shown.stderr.getvalue() == ""  # type: ignore[attr-defined]


def test_a_traceback_is_shown_to_whoever_wants_everything() -> None:
    shown = screen(verbosity=2)

    def body() -> int:
        raise NUMPYY

    ended(shown, body, as_json=False)
    assert "Traceback" in shown.stderr.getvalue()  # type: ignore[attr-defined]


def test_an_interrupted_command_ends_with_130() -> None:
    def body() -> int:
        raise KeyboardInterrupt

    assert ended(screen(), body, as_json=False) == ExitCode.INTERRUPTED


def test_paths_below_the_working_directory_are_shown_as_one_would_type_them(tmp_path: Path) -> None:
    assert shown_path(Path.cwd() / "wheels/logs") == "wheels/logs"
    assert shown_path(tmp_path) == str(tmp_path)
