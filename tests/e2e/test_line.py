"""A small package along the whole line: asked for, planned, built, published, and installed by pip and uv."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from uv import find_uv_bin

from buildyard.cli.answers import BuildAnswer
from buildyard.farm.builder.interpreters import Interpreter
from support.farmyard import Yard, until, yard
from support.ledger import check
from support.local_index import LocalIndex, Recipe

#: The topics of a build's way, in order; DESIGN's line.
LINE = [
    "build.requested",
    "build.queued",
    "task.pending",
    "task.running",
    "build.started",
    *["build.phase"] * 5,
    "artifact.stored",
    "artifact.stored",
    "task.completed",
    "build.completed",
    "file.published",
]

pytestmark = pytest.mark.timeout(280)


@pytest.fixture(scope="module")
def farm(index: LocalIndex, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    with yard(tmp_path_factory.mktemp("yard") / "farm", index.url) as made:
        made.start_hub()
        made.start_builder()
        made.await_builder()
        yield made
        check(made)


def states(builds: Sequence[BuildAnswer]) -> dict[str, str]:
    return {one.abi: one.state for one in builds}


def installed(farm: Yard, python: Interpreter, package: str, place: Path, *, by: str) -> str:
    """Return what importing a package prints, installed from the farm into a fresh environment."""
    environment = place / f"{by}-{python.abi}"
    uv = find_uv_bin()
    index = ["--index-url", f"{farm.url}/simple/"]
    subprocess.run(
        [str(python.path), "-m", "venv", *(["--without-pip"] if by == "uv" else []), environment], check=True
    )
    inside = str(environment / "bin" / "python")
    command = {
        "pip": [inside, "-m", "pip", "install", "--quiet", "--no-cache-dir", *index, package],
        "uv": [uv, "pip", "install", "--quiet", "--no-config", "--no-cache", "--python", inside, *index, package],
    }[by]
    told = {"PATH": "/usr/bin:/bin", "HOME": str(place), "PIP_CONFIG_FILE": "/dev/null"}
    done = subprocess.run(command, env=told, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    shown = subprocess.run(
        [inside, "-c", f"import {package} as it; print(it.__version__ if hasattr(it, '__version__') else it.answer())"],
        capture_output=True,
        text=True,
        check=True,
    )
    return shown.stdout.strip()


def test_each_step_of_the_line_is_told_in_order(
    farm: Yard, index: LocalIndex, interpreters: Sequence[Interpreter]
) -> None:
    index.add(Recipe(name="along"))
    before = farm.farm.status().last_event
    (build,) = farm.built("along", abis=[interpreters[-1].abi])
    assert build.state == "built"
    until("the wheel is published", lambda: "file.published" in [one.topic for one in farm.events(before)])
    told = [one for one in farm.events(before) if not one.topic.startswith("builder.")]
    assert [one.topic for one in told] == LINE
    assert [one.body["phase"] for one in told if one.topic == "build.phase"] == [
        "fetch",
        "prepare",
        "build",
        "check",
        "upload",
    ]


def test_index_page_tells_of_the_wheel_in_html_and_json(
    farm: Yard, index: LocalIndex, interpreters: Sequence[Interpreter]
) -> None:
    index.add(Recipe(name="Listed-Thing", requires_python=">=3.8"))
    (build,) = farm.built("listed-thing", abis=[interpreters[-1].abi])
    page = "/simple/listed-thing/"
    listed = until("the page is there", lambda: _json_page(farm, page))
    (file,) = listed["files"]
    assert file["filename"] == build.filename == "listed_thing-1.0-py3-none-any.whl"
    wheel = farm.get(urljoin(page, file["url"]))
    assert sha256(wheel.data).hexdigest() == file["hashes"]["sha256"]
    metadata = farm.get(urljoin(page, file["url"]) + ".metadata")
    assert sha256(metadata.data).hexdigest() == file["core-metadata"]["sha256"]

    html = farm.get(page, accept="text/html")
    assert html.headers["content-type"].startswith("text/html")
    text = html.data.decode()
    assert f"{file['filename']}</a>" in text
    assert f"#sha256={file['hashes']['sha256']}" in text
    assert 'data-requires-python="&gt;=3.8"' in text
    assert 'href="listed-thing/"' in farm.get("/simple/", accept="text/html").data.decode()
    assert farm.get(page, accept="text/html").headers["etag"] == html.headers["etag"]


def _json_page(farm: Yard, page: str) -> Any:
    answer = farm.get(page, accept="application/vnd.pypi.simple.v1+json")
    return answer.json() if answer.status == 200 else None


def test_pure_wheel_is_built_once_and_serves_every_python(
    farm: Yard, index: LocalIndex, interpreters: Sequence[Interpreter], tmp_path: Path
) -> None:
    index.add(Recipe(name="plainly", version="2.1"))
    builds = farm.built("plainly")
    assert sorted(states(builds).values()) == ["built", *["covered"] * (len(builds) - 1)] or len(builds) == 1
    for python in interpreters[-3:]:
        assert installed(farm, python, "plainly", tmp_path, by="pip") == "2.1"
        assert installed(farm, python, "plainly", tmp_path, by="uv") == "2.1"


def test_extension_is_built_for_each_python_and_runs_there(
    farm: Yard, index: LocalIndex, interpreters: Sequence[Interpreter], tmp_path: Path
) -> None:
    index.add(Recipe(name="compiled", extension="abi"))
    wanted = [one.abi for one in interpreters[-3:]]
    builds = farm.built("compiled", abis=wanted)
    assert states(builds) == dict.fromkeys(wanted, "built")
    for python in interpreters[-3:]:
        assert installed(farm, python, "compiled", tmp_path, by="pip") == "42"


def test_abi3_wheel_serves_every_python_it_fits(
    farm: Yard, index: LocalIndex, interpreters: Sequence[Interpreter], tmp_path: Path
) -> None:
    index.add(Recipe(name="stable", extension="abi3"))
    builds = farm.built("stable")
    assert set(states(builds).values()) <= {"built", "covered"}
    built = [one for one in builds if one.state == "built"]
    assert all("-abi3-" in (one.filename or "") for one in built)
    for python in interpreters[-3:]:
        assert installed(farm, python, "stable", tmp_path, by="uv") == "42"


def test_python_that_is_too_old_is_left_out_with_the_reason(
    farm: Yard, index: LocalIndex, interpreters: Sequence[Interpreter]
) -> None:
    newest = interpreters[-1]
    minor = ".".join(newest.version.split(".")[:2])
    index.add(Recipe(name="modern", requires_python=f">={minor}"))
    builds = {one.abi: one for one in farm.built("modern")}
    assert builds[newest.abi].state == "built"
    left = builds[interpreters[0].abi]
    assert left.state == "not_wanted"
    assert left.reason.startswith(f"Requires-Python is >={minor}, this is 3.")


def test_silent_fall_back_to_pure_python_is_no_wheel_for_all(
    farm: Yard, index: LocalIndex, interpreters: Sequence[Interpreter]
) -> None:
    index.add(Recipe(name="fallen", extension="pure fall-back", c_source="#error no such luck\n"))
    builds = farm.built("fallen", abis=[one.abi for one in interpreters[-2:]])
    assert {one.kind for one in builds} == {"pure_fallback"}
    assert all("did not compile" in one.reason for one in builds)


def test_run_time_dependencies_come_along(
    farm: Yard, index: LocalIndex, interpreters: Sequence[Interpreter], tmp_path: Path
) -> None:
    index.add(Recipe(name="needed"), Recipe(name="needing", requires_dist=("needed>=1",)))
    builds = farm.built("needing", abis=[interpreters[-1].abi])
    assert {(one.package, one.state, one.top_level) for one in builds} == {
        ("needing", "built", True),
        ("needed", "built", False),
    }
    assert installed(farm, interpreters[-1], "needing", tmp_path, by="pip") == "1.0"


def test_index_that_is_a_directory_serves_as_upstream_too(
    index: LocalIndex, interpreters: Sequence[Interpreter], tmp_path: Path
) -> None:
    index.add(Recipe(name="on-disk"), Recipe(name="beside-it", requires_dist=("on-disk",)))
    with yard(tmp_path / "farm", index.file_url) as farm:
        farm.start_hub()
        farm.start_builder()
        farm.await_builder()
        builds = farm.built("beside-it", abis=[interpreters[-1].abi])
        assert {(one.package, one.state) for one in builds} == {("on-disk", "built"), ("beside-it", "built")}
        check(farm)


class RealYard(Yard):
    """A farm whose upstream is what pip is configured to use on this machine."""

    @property
    def environment(self) -> dict[str, str]:
        theirs = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name == "HOME"}
        ours = {name: value for name, value in super().environment.items() if not name.startswith("PIP_")}
        return ours | theirs


@pytest.mark.network
def test_real_packages_are_built_and_installed(interpreters: Sequence[Interpreter], tmp_path: Path) -> None:
    """Packages of PyPI, from request to import, pure and compiled."""
    farm = RealYard(tmp_path / "farm", "")
    try:
        farm.start_hub()
        farm.start_builder()
        farm.await_builder()
        wanted = [one.abi for one in interpreters[-3:]]
        # A build that the network fails is tried again by the farm itself.
        ended = farm.ended(farm.ask("six", "markupsafe", "blinker", abis=wanted), within=150)
        if ended.state == "failed" and "does not answer" in ended.reason:
            ended = farm.ended(farm.ask("six", "markupsafe", "blinker", abis=wanted), within=100)
        builds = ended.builds
        assert {one.state for one in builds} <= {"built", "covered"}, builds
        assert installed(farm, interpreters[-1], "markupsafe", tmp_path, by="pip").startswith(("2.", "3."))
        assert installed(farm, interpreters[-2], "six", tmp_path, by="uv").startswith("1.")
        check(farm)
    finally:
        farm.close()
