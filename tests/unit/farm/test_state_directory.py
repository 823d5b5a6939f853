"""A state directory: one hub at a time, files that are whole, a secret that is kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from buildyard.farm.sealing import read_key
from buildyard.farm.state import SECRETS_KEY, CredentialsFile, HubFile, StateBusy, StateDirectory, StateUnusable

HUB = HubFile(root_url="http://127.0.0.1:8765", pid=4121, started=1.0, version="1")
CREDENTIALS = CredentialsFile(root_url="http://127.0.0.1:8765", client_id="local/mira", access_token="secret")


def test_second_hub_is_told_who_has_the_directory(tmp_path: Path) -> None:
    first, second = StateDirectory(tmp_path), StateDirectory(tmp_path)
    with first.locked():
        first.write_hub(HUB)
        with pytest.raises(StateBusy, match="by pid 4121, at http") as caught, second.locked():
            pass
    assert caught.value.hub == HUB


def test_directory_is_free_again_when_its_hub_has_ended(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path)
    with state.locked():
        state.write_hub(HUB)
    assert state.hub() is None
    with state.locked():
        pass


def test_directory_is_free_again_when_its_hub_was_killed(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from buildyard.farm.state import StateDirectory\n"
        "with StateDirectory(Path(sys.argv[1])).locked(): os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False).returncode == -9
    with StateDirectory(tmp_path).locked():
        pass


def test_credentials_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path)
    state.write_credentials(CREDENTIALS)
    assert (tmp_path / "credentials.json").stat().st_mode & 0o777 == 0o600
    assert state.credentials() == CREDENTIALS


def test_token_is_not_in_the_repr() -> None:
    assert "secret" not in repr(CREDENTIALS)


@pytest.mark.parametrize("text", ["", "{", '{"pid": "x"}', "\x00"])
def test_damaged_file_is_as_if_it_were_not_there(tmp_path: Path, text: str) -> None:
    (tmp_path / "hub.json").write_text(text)
    assert StateDirectory(tmp_path).hub() is None


def test_identity_is_made_once(tmp_path: Path) -> None:
    first = StateDirectory(tmp_path).identity()
    assert StateDirectory(tmp_path).identity() == first
    assert len(first) == 36


def test_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StateUnusable, match=r"file.* cannot be used: Not a directory"),
        StateDirectory(tmp_path / "file" / "state").locked(),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_key_of_secrets_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path)
    state.ensure_secrets_key()
    first = read_key(tmp_path / SECRETS_KEY)
    state.ensure_secrets_key()
    assert read_key(tmp_path / SECRETS_KEY) == first
    assert (tmp_path / SECRETS_KEY).stat().st_mode & 0o777 == 0o600
