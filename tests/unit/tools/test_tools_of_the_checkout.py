"""The checkout's own tools: how tiers of tests are judged, and what may not be in the tree."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))
from tools import fetch_test_index, tiers, tree  # noqa: E402

NETWORK = "UpstreamUnreachable: the upstream index of pip's configuration does not answer"


def report(tmp_path: Path, *failures: str, passed: int = 1) -> Path:
    cases = "".join("<testcase/>" for _ in range(passed))
    cases += "".join(f"<testcase><failure>{text}</failure></testcase>" for text in failures)
    counts = f'tests="{passed + len(failures)}" failures="{len(failures)}" errors="0" skipped="0"'
    path = tmp_path / "report.xml"
    path.write_text(f"<testsuites><testsuite {counts}>{cases}</testsuite></testsuites>")
    return path


def test_a_report_is_counted(tmp_path: Path) -> None:
    counts, _ = tiers.read_report(report(tmp_path, "assert 1 == 2", passed=3))
    assert counts == Counter(passed=3, failed=1)


def test_a_failure_that_was_expected_is_no_skip(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    kinds = ("pytest.xfail", "pytest.skip")
    cases = "<testcase/>" + "".join(f'<testcase><skipped type="{kind}"/></testcase>' for kind in kinds)
    path.write_text(
        f'<testsuites><testsuite tests="3" failures="0" errors="0" skipped="2">{cases}</testsuite></testsuites>'
    )
    assert tiers.read_report(path)[0] == Counter(passed=1, xfailed=1, skipped=1)


@pytest.mark.parametrize(
    ("failures", "is_only_network"),
    [((NETWORK,), True), ((NETWORK, "assert 1 == 2"), False), (("assert 1 == 2",), False), ((), False)],
)
def test_only_failures_of_the_network_deserve_a_second_chance(
    tmp_path: Path, failures: tuple[str, ...], is_only_network: bool
) -> None:
    assert tiers.read_report(report(tmp_path, *failures))[1] is is_only_network


def test_a_tier_that_wrote_no_report_has_no_counts(tmp_path: Path) -> None:
    assert tiers.read_report(tmp_path / "none.xml") == (Counter(), False)


def test_all_tiers_together_fit_into_half_an_hour() -> None:
    assert sum(tier.budget_s for tier in tiers.TIERS) <= 30 * 60


def test_every_folder_of_tests_belongs_to_a_tier() -> None:
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.rglob("test_*.py"))}
    assert folders <= {folder for tier in tiers.TIERS for folder in tier.folders}


def test_a_command_that_takes_too_long_is_ended_with_all_it_started() -> None:
    program = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    code, is_late = tiers.bounded([sys.executable, "-c", program], 0.5)
    assert (code, is_late) == (1, True)


@pytest.mark.parametrize("line", ["https://py" + "pi.org/simple", "files.python" + "hosted.org", "deb.deb" + "ian.org"])
def test_a_registrys_host_is_found_with_its_line(tmp_path: Path, line: str) -> None:
    path = tree.ROOT / "a" / "b"
    assert [fault.partition(": ")[0] for fault in tree.faults_of(path, f"fine\n{line}\n")] == ["a/b:2"]


def test_words_that_only_look_like_a_host_are_fine() -> None:
    text = "PyPI, pypiserver, Debian, python.org/dev/peps"
    assert list(tree.faults_of(tree.ROOT / "x", text)) == []


def test_every_file_of_the_test_index_is_pinned_and_named_as_its_project_is() -> None:
    pinned = fetch_test_index.pinned()
    assert all(len(file.digest) == 64 for file in pinned)
    assert {"six", "markupsafe", "msgpack", "blinker"} <= {file.project for file in pinned}
