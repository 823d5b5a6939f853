"""As whom the farm speaks with a Taskcluster that keeps its tasks."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from buildyard.farm.settings import load
from buildyard.farm.settings_errors import BadSetting
from buildyard.farm.task_settings import NoCredentials, TasksSettings, remote_options
from buildyard.taskcluster.errors import TaskclusterFailure

ROOT = "https://tc.example.com"


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ROOT_URL", "CLIENT_ID", "ACCESS_TOKEN", "CERTIFICATE"):
        monkeypatch.delenv(f"TASKCLUSTER_{name}", raising=False)


def test_credentials_are_those_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKCLUSTER_CLIENT_ID", "another")
    given = {"clientId": "farm", "accessToken": "token"}
    path = tmp_path / "credentials.json"
    path.write_bytes(msgspec.json.encode(given))
    options = remote_options(TasksSettings(root_url=ROOT, credentials=str(path)))
    assert options == {"rootUrl": ROOT, "credentials": given}


def test_credentials_are_those_of_the_environment_and_its_root_url_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKCLUSTER_ROOT_URL", "http://127.0.0.1:8765")
    monkeypatch.setenv("TASKCLUSTER_CLIENT_ID", "farm")
    monkeypatch.setenv("TASKCLUSTER_ACCESS_TOKEN", "token")
    options = remote_options(TasksSettings(root_url=ROOT))
    assert options == {"rootUrl": ROOT, "credentials": {"clientId": "farm", "accessToken": "token"}}


def test_no_credentials_is_told_with_what_to_do() -> None:
    with pytest.raises(NoCredentials, match=r"tasks go to https://tc\.example\.com.* set TASKCLUSTER_CLIENT_ID"):
        remote_options(TasksSettings(root_url=ROOT))


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TaskclusterFailure, match=r"none\.json is no file of options"):
        remote_options(TasksSettings(root_url=ROOT, credentials=str(tmp_path / "none.json")))


@pytest.mark.parametrize("url", ["tc.example.com", "ftp://tc.example.com", "https://", "https://a b", "https://a?b"])
def test_root_url_that_is_none_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadSetting, match=r"tasks\.root_url cannot be"):
        load({}, {"BUILDYARD_TASKS_ROOT_URL": url}, tmp_path)


def test_table_of_the_settings_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "buildyard.toml").write_text('[tasks]\nroot_url = "https://tc.example.com/x"\npoll_s = 2\n')
    assert load({}, {}, tmp_path).settings.tasks == TasksSettings(root_url=f"{ROOT}/x", poll_s=2.0)
