"""What pip's configuration means, and that it is pip's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from buildyard.farm.upstream.errors import BadUpstream
from buildyard.farm.upstream.locations import UpstreamIndex
from buildyard.farm.upstream.pipconfig import PipConfiguration, _flat, index_of, parse_listing, pip_index

DEFAULT = "https://default.example.org/simple"


def index(items: dict[str, str], **environment: str) -> UpstreamIndex:
    return index_of(PipConfiguration(items, DEFAULT), {"HOME": "/nowhere", "NETRC": "/nowhere/netrc", **environment})


def urls(index: UpstreamIndex) -> list[str]:
    return [place.url for place in index.indexes]


def test_without_configuration_pips_own_default_is_asked() -> None:
    found = index({})
    assert urls(found) == [DEFAULT]
    assert found.origin == "pip's built-in default"


def test_index_url_stands_before_extra_index_urls() -> None:
    found = index(
        {
            "global.extra-index-url": "https://b.example.org/s\nhttps://c.example.org/s",
            "global.index-url": "https://a.example.org/s",
        }
    )
    assert urls(found) == ["https://a.example.org/s", "https://b.example.org/s", "https://c.example.org/s"]


@pytest.mark.parametrize("name", ["index-url", "pypi-url"])
def test_environment_counts_before_files_and_command_before_global(name: str) -> None:
    items = {
        ":env:." + name: "https://env.example.org/s",
        "install.index-url": "https://install.example.org/s",
        "global.index-url": "https://global.example.org/s",
    }
    assert urls(index(items)) == ["https://env.example.org/s"]
    del items[":env:." + name]
    assert urls(index(items)) == ["https://install.example.org/s"]


def test_sections_of_other_commands_do_not_count() -> None:
    assert urls(index({"download.index-url": "https://other.example.org/s"})) == [DEFAULT]


def test_empty_values_are_passed_over() -> None:
    assert urls(index({":env:.index-url": "", "global.index-url": "https://a.example.org/s"})) == [
        "https://a.example.org/s"
    ]


def test_no_index_leaves_find_links_alone(tmp_path: Path) -> None:
    found = index({":env:.no-index": "1", "global.find-links": str(tmp_path)})
    assert found.indexes == ()
    assert [place.url for place in found.find_links] == [tmp_path.as_uri()]


@pytest.mark.parametrize("text", ["0", "no", "false"])
def test_no_index_can_be_said_to_be_off(text: str) -> None:
    assert urls(index({":env:.no-index": text})) == [DEFAULT]


def test_index_may_be_a_directory(tmp_path: Path) -> None:
    assert urls(index({"global.index-url": str(tmp_path)})) == [tmp_path.as_uri()]


def test_path_that_does_not_exist_is_ignored_and_said(tmp_path: Path) -> None:
    found = index({"global.find-links": f"{tmp_path / 'gone'} {tmp_path}"})
    assert len(found.find_links) == 1
    assert found.ignored == ("a location is neither a URL nor a path that exists",)


def test_plain_http_is_ignored_as_pip_ignores_it() -> None:
    found = index({"global.extra-index-url": "http://plain.example.org/simple"})
    assert urls(found) == [DEFAULT]
    assert "plain http" in found.ignored[0]
    assert "example" not in found.ignored[0]


@pytest.mark.parametrize("trusted", ["plain.example.org", "plain.example.org:8080"])
def test_plain_http_is_asked_where_its_host_is_trusted(trusted: str) -> None:
    found = index(
        {"global.index-url": "http://u:p@plain.example.org:8080/simple", "global.trusted-host": f"x {trusted}"}
    )
    assert urls(found) == ["http://plain.example.org:8080/simple"]


@pytest.mark.parametrize("host", ["localhost:1234", "127.0.0.1:80", "[::1]:80", "127.8.9.1"])
def test_plain_http_of_this_machine_is_asked(host: str) -> None:
    assert urls(index({"global.index-url": f"http://{host}/simple"})) == [f"http://{host}/simple"]


def test_connection_options_are_read() -> None:
    found = index(
        {
            "global.cert": "/ca.pem",
            "global.client-cert": "/me.pem",
            "global.proxy": "proxy.example.org:3128",
            ":env:.default-timeout": "180",
        }
    )
    assert (found.cert, found.client_cert, found.proxy, found.timeout_s) == (
        "/ca.pem",
        "/me.pem",
        "proxy.example.org:3128",
        180.0,
    )


def test_timeout_that_is_no_number_is_refused() -> None:
    with pytest.raises(BadUpstream, match="not a number"):
        index({"global.timeout": "soon"})


def test_address_that_is_no_url_is_refused_without_being_printed() -> None:
    with pytest.raises(BadUpstream) as caught:
        index({"global.index-url": "https://user:hush@[broken/simple"})
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_credential_is_kept_out_of_everything_printed() -> None:
    found = index({"global.index-url": "https://user:hu%2Fsh@a.example.org/s", "global.proxy": "http://u:pw@proxy:1"})
    printed = f"{found!r} {found} {found.indexes[0]!r} {found.uv()!r} {found.indexes[0].credential!r}"
    assert "hu" not in printed.replace("hub", "")
    assert "pw" not in printed
    assert found.indexes[0].with_credential() == "https://user:hu%2Fsh@a.example.org/s"


def test_origin_names_the_variable() -> None:
    assert index({":env:.index-url": "https://a.example.org/s"}).origin == "PIP_INDEX_URL"


def test_netrc_is_looked_for_where_pip_looks(tmp_path: Path) -> None:
    path = tmp_path / "netrc"
    path.write_text("machine a.example.org login mira password hush\n")
    assert index({}, NETRC=str(path)).netrc_path == str(path)


def test_listing_of_pip_config_is_read() -> None:
    text = ":env:.index-url='https://a.example.org/s'\nglobal.extra-index-url='a\\nb'\nnonsense\nglobal.x=[\n"
    assert parse_listing(text) == {":env:.index-url": "https://a.example.org/s", "global.extra-index-url": "a\nb"}


@pytest.fixture
def own_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose pip reads one file only."""
    for name in ("PIP_INDEX_URL", "PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX", "PIP_CERT"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "pip.conf"
    links = tmp_path / "links"
    links.mkdir()
    path.write_text(
        "[global]\nindex-url = https://conf.example.org/simple\nextra-index-url =\n  https://more.example.org/simple\n"
        f"find-links = {links}\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(path))
    return path


def test_pip_in_this_interpreter_is_asked(own_pip: Path) -> None:
    found = pip_index()
    assert urls(found)[0] == "https://conf.example.org/simple"
    assert "https://more.example.org/simple" in urls(found)
    assert found.origin == f"{own_pip}, global.index-url"


def test_pip_of_another_interpreter_is_asked_the_same(own_pip: Path) -> None:
    assert urls(pip_index(Path(sys.executable)))[0] == "https://conf.example.org/simple"


def test_environment_of_pip_is_read(own_pip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://env.example.org/simple")
    assert urls(pip_index())[0] == "https://env.example.org/simple"


def test_file_that_pip_cannot_read_is_named_and_not_quoted(own_pip: Path) -> None:
    own_pip.write_text("index-url = https://mira:hush@a.example.org/simple\n")
    with pytest.raises(BadUpstream, match=r"pip\.conf cannot be read") as caught:
        pip_index()
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_interpreter_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadUpstream, match="no pip"):
        pip_index(tmp_path / "python9")


def test_reading_the_module_does_not_import_pip() -> None:
    code = "import sys, buildyard.farm.upstream.pipconfig; sys.exit('pip._internal' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "items",
    [
        [("global.index-url", "https://index.example/simple"), (":env:.cert", "/ca.pem")],
        [
            ("/etc/pip.conf", {"global.index-url": "https://other.example/simple"}),
            ("/home/pip.conf", {"global.index-url": "https://index.example/simple"}),
            ("", {":env:.cert": "/ca.pem"}),
        ],
    ],
    ids=["an option each, until pip 25.1", "a file each, since pip 25.2"],
)
def test_options_are_read_from_every_pip(items: list[tuple[object, object]]) -> None:
    assert _flat(items) == {"global.index-url": "https://index.example/simple", ":env:.cert": "/ca.pem"}
