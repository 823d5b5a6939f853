"""Real packages of four kinds, from the index that pip is configured with, for the Pythons of this machine."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from buildyard.faces.blocking import run_blocking
from buildyard.farm.builder.disk import remove_tree
from buildyard.farm.builder.interpreters import Interpreter
from buildyard.farm.builder.log import Log
from buildyard.farm.builder.runner import BuildRunner
from buildyard.farm.upstream.opening import open_upstream
from buildyard.farm.upstream.pipconfig import pip_index
from buildyard.farm.upstream.releases import releases
from buildyard.farm.wire import BuildPayload, BuildResult, Source
from support.building import runner_config

pytestmark = pytest.mark.network


class Farm:
    """A runner on the real index."""

    def __init__(self, directory: Path) -> None:
        self.index = pip_index()
        self.directory = directory
        config = runner_config(directory, check=True)
        self.transport = config.transport
        environment = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "SSL_CERT_FILE")}
        self.runner = BuildRunner(replace(config, index=self.index, environment=environment))

    def build(self, package: str, version: str, interpreter: Interpreter) -> BuildResult:
        with open_upstream(self.index) as upstream:
            page = upstream.page(package)
        found = next(one for number, one in releases(page.name, page.files).items() if str(number) == version)
        assert found.sdist is not None
        assert found.sdist.sha256 is not None
        payload = BuildPayload(
            build_id=1,
            package=package,
            version=version,
            abi=interpreter.abi,
            platform=interpreter.platform,
            source=Source(filename=found.sdist.filename, url=found.sdist.url, sha256=found.sdist.sha256),
            source_date_epoch=1_700_000_000,
        )
        with Log(self.directory / "build.log", limit=20_000_000) as log:
            result, wheel = self.runner.run(
                payload, interpreter, slot=0, log=log, on_phase=lambda phase: None, stop=threading.Event()
            )
        if wheel is not None:
            wheel.unlink()
        return result


@pytest.fixture(scope="module")
def farm() -> Iterator[Farm]:
    directory = Path(tempfile.mkdtemp(prefix="buildyard-"))
    made = Farm(directory)
    yield made
    run_blocking(made.transport.close())
    remove_tree(directory)


def test_pure_package_of_setuptools(farm: Farm, python: Interpreter):
    result = farm.build("six", "1.17.0", python)
    assert result.failure is None
    assert result.wheel.tags == ("py2-none-any", "py3-none-any")


def test_pure_package_of_flit(farm: Farm, python: Interpreter):
    result = farm.build("blinker", "1.9.0", python)
    assert result.failure is None
    assert not result.has_extension_sources


def test_extension_for_every_python_that_it_allows(farm: Farm, interpreters: list[Interpreter]):
    """uv would build it for those that it excludes, too."""
    for interpreter in interpreters:
        result = farm.build("markupsafe", "3.0.2", interpreter)
        if interpreter.numbers < (3, 9):
            assert "it requires Python >=3.9" in result.failure.reason
        else:
            assert result.failure is None
            assert result.wheel.has_extensions


def test_cython_package(farm: Farm, python: Interpreter):
    result = farm.build("msgpack", "1.1.0", python)
    assert result.failure is None
    assert result.wheel.has_extensions
    assert result.has_extension_sources


def test_old_package_whose_backend_asks_for_wheel(farm: Farm, interpreters: list[Interpreter]):
    """setuptools of the oldest Pythons asks for ``wheel`` when it is asked (PEP 517)."""
    result = farm.build("markupsafe", "2.0.1", interpreters[0])
    assert result.failure is None
