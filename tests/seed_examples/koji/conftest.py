"""What the examples need: a hub over TLS that believes our certificate, and a profile of its name in the usual place.

An example differs from the published one in its import line, in the name of its profile, and in that the login, which
was printed without its connection, has one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.koji_hub import Hub
from support.koji_tls import encrypted
from support.reactor import running_reactor

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            # Twisted hands its own certificates to pyOpenSSL, which will not take them for ever.
            item.add_marker(pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning"))


@pytest.fixture(scope="session")
def reactor() -> Iterator[Any]:
    with running_reactor() as reactor:
        yield reactor


@pytest.fixture(scope="session")
def run(reactor: Any) -> Callable[[Callable[[Any], Any]], Any]:
    """Run an example in the reactor, as ``react`` would."""
    from twisted.internet import threads

    return lambda example: threads.blockingCallFromThread(reactor, example, reactor)


@pytest.fixture(scope="session")
def hub() -> Hub:
    return Hub(
        rows={
            "getUser": lambda number: {"id": number, "name": "kdreyer"},
            "getTaskInfo": lambda number, request: {"id": number, "method": "createImage", "request": []},
            "getTag": lambda number: {"id": number, "name": "foo-build"},
        }
    )


@pytest.fixture(autouse=True)
def home(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """``~/.koji/config.d`` with the profiles that the examples name."""
    (tmp_path / ".koji" / "config.d").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    with encrypted(hub, tmp_path) as profile:
        lines = [f"{name} = {getattr(profile, name)}" for name in ("server", "weburl", "authtype", "cert", "serverca")]
        text = "".join("\n".join([f"[{name}]", *lines, ""]) for name in ("brew", "mykoji"))
        (tmp_path / ".koji" / "config.d" / "hubs.conf").write_text(text, "utf-8")
        yield
