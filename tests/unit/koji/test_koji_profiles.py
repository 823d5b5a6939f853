"""Profiles: which file wins, which defaults are taken, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildyard.koji import Connection
from buildyard.koji._profile_files import config_files, profile_of_page, read_profile
from buildyard.koji.errors import ConfigurationError, GenericError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".koji" / "config.d").mkdir(parents=True)
    return tmp_path


def write(path: Path, server: str, more: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"[mykoji]\nserver = https://{server}/kojihub\n{more}", "utf-8")


def test_the_later_of_the_official_clients_files_wins(tmp_path: Path) -> None:
    home, etc = tmp_path / "home", tmp_path / "etc"
    order = [
        etc / "koji.conf.d" / "a.conf",
        etc / "koji.conf.d" / "b.conf",
        etc / "koji.conf",
        home / ".koji" / "config.d" / "a.conf",
        home / ".koji" / "config.d" / "b.conf",
        home / ".koji" / "config",
    ]
    for number, path in enumerate(order):
        write(path, f"hub{number}.example")
        assert config_files(home, etc) == order[: number + 1]
        assert read_profile("mykoji", config_files(home, etc)).server == f"https://hub{number}.example/kojihub"


def test_options_of_one_profile_are_gathered_from_several_files(tmp_path: Path) -> None:
    first, second = tmp_path / "a.conf", tmp_path / "b.conf"
    write(first, "hub.example", "weburl = https://hub.example/koji\nmax_retries = 2\n")
    second.write_text("[mykoji]\nweburl = https://other.example/koji\n", "utf-8")
    profile = read_profile("mykoji", [first, second])
    assert (profile.server, profile.weburl, profile.max_retries) == (
        "https://hub.example/kojihub",
        "https://other.example/koji",
        2,
    )


def test_a_connection_is_made_by_the_name_of_a_profile(home: Path) -> None:
    write(home / ".koji" / "config.d" / "mykoji.conf", "hub.example")
    assert Connection("mykoji").profile.server == "https://hub.example/kojihub"


def test_certificates_at_their_usual_place_are_found(home: Path) -> None:
    write(home / ".koji" / "config", "hub.example")
    assert read_profile("mykoji").cert == ""
    (home / ".koji" / "client.crt").touch()
    assert read_profile("mykoji").cert == str(home / ".koji" / "client.crt")


def test_a_tilde_is_spelled_out(home: Path) -> None:
    write(home / ".koji" / "config", "hub.example", "serverca = ~/ca.pem\n")
    assert read_profile("mykoji").serverca == str(home / "ca.pem")


@pytest.mark.parametrize(
    "more",
    ["max_retries = many", "anon_retry = perhaps", "authtype = magic", "no_ssl_verify = false", "weburl = %(nothing)s"],
)
def test_options_that_make_no_sense_are_named(tmp_path: Path, more: str) -> None:
    write(tmp_path / "a.conf", "hub.example", more)
    with pytest.raises(ConfigurationError, match=more.partition(" ")[0]):
        read_profile("mykoji", [tmp_path / "a.conf"])


def test_a_missing_profile_tells_which_there_are(tmp_path: Path) -> None:
    write(tmp_path / "a.conf", "hub.example")
    with pytest.raises(ConfigurationError, match="there are: mykoji") as caught:
        read_profile("brew", [tmp_path / "a.conf"])
    assert isinstance(caught.value, (GenericError, ValueError))
    assert caught.value.code == 1021


def test_files_that_are_no_configuration_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("server = x\n", "utf-8")
    with pytest.raises(ConfigurationError, match=r"a\.conf"):
        read_profile("mykoji", [tmp_path / "a.conf"])


SITES = """
[one]
weburl = https://hub.example/koji
[stage]
weburl = https://hub.example/koji-stage/
"""


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://hub.example/koji/taskinfo?taskID=5", "one"),
        (" https://hub.example/koji\n", "one"),
        ("https://hub.example/koji-stage/taskinfo?taskID=5", "stage"),
        ("https://hub.example/kojix/taskinfo?taskID=5", None),
        ("", None),
    ],
)
def test_a_page_belongs_to_the_site_it_is_on(tmp_path: Path, url: str, name: str | None) -> None:
    """A site whose address is the beginning of another's does not get the other's pages."""
    (tmp_path / "a.conf").write_text(SITES, "utf-8")
    found = profile_of_page(url, [tmp_path / "a.conf"])
    assert (found.name if found else None) == name


def test_a_page_makes_a_connection(home: Path) -> None:
    (home / ".koji" / "config").write_text(SITES, "utf-8")
    koji = Connection.connect_from_web("https://hub.example/koji/buildinfo?buildID=1")
    assert koji is not None
    assert koji.profile.name == "one"
    assert Connection.connect_from_web("https://elsewhere.example/") is None
