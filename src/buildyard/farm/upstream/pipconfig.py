"""Where this machine takes packages from: pip's own configuration, read by pip itself.

`pip_index` gives an `UpstreamIndex` from all that pip reads (its files, ``PIP_*``, its built-in default) as
``pip install`` would see it.  pip is imported when that is called, and not before: it costs about 60 ms beside an
HTTP client that is there already.  `index_of` is the pure part.  No address of an index is written here.
"""

from __future__ import annotations

import ast
import configparser
import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from buildyard.farm.upstream.errors import BadUpstream
from buildyard.farm.upstream.locations import PIP_TIMEOUT_S, Location, UpstreamIndex, is_secure

#: The command whose section counts beside ``[global]``.
_SECTION = "install"

#: Spellings of one option (pip: cli/cmdoptions.py).
_ALIASES = {"pypi-url": "index-url", "default-timeout": "timeout"}

_TRUE = frozenset({"y", "yes", "t", "true", "on", "1"})

_ASK_DEFAULT = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"


class PipConfiguration(NamedTuple):
    """What pip read, before it is given a meaning."""

    items: Mapping[str, str]  #: ``global.index-url`` or ``:env:.index-url`` to its text
    default_index: str  #: pip's built-in one
    origins: Mapping[str, str] = {}  #: of the keys above, where known


def pip_index(python: Path | None = None) -> UpstreamIndex:
    """Return where pip takes packages from.

    It is the pip of this interpreter, or that of ``python``; where this interpreter has none, that of any ``python3``
    on the path.  Raises `BadUpstream` where there is no pip, or where pip's files cannot be read.
    """
    if python is not None:
        return index_of(_ask_command(python))
    try:
        return index_of(_read_here())
    except ImportError:
        return index_of(_ask_command(Path("python3")))


def _read_here() -> PipConfiguration:
    from pip._internal.configuration import Configuration
    from pip._internal.exceptions import ConfigurationError
    from pip._internal.models.index import PyPI

    configuration = Configuration(isolated=False)
    files = [str(name) for _, names in configuration.iter_config_files() for name in names]
    try:
        configuration.load()
    except ConfigurationError:
        # pip's message quotes the broken line, which may hold a password.
        raise BadUpstream(f"{_first_broken(files)} cannot be read") from None
    items = _flat(configuration.items())
    return PipConfiguration(items, str(PyPI.simple_url), _origins(items, files))


def _flat(items: Iterable[tuple[object, object]]) -> dict[str, str]:
    """Return options by their keys.

    Since pip 25.2 each item is a file with its options, the ones that win last; before, it was an option.
    """
    found: dict[str, str] = {}
    for key, value in items:
        options = value.items() if isinstance(value, dict) else [(key, value)]
        found |= {str(name): str(one) for name, one in options}
    return found


def _sections(name: str) -> configparser.RawConfigParser | None:
    """Return a configuration file as pip reads it, or None for one that is broken."""
    parser = configparser.RawConfigParser()
    try:
        parser.read(name)
    except (configparser.Error, UnicodeDecodeError):
        return None
    return parser


def _first_broken(files: Iterable[str]) -> str:
    return next((name for name in files if _sections(name) is None), "one of its files")


def _origins(items: Mapping[str, str], files: Iterable[str]) -> dict[str, str]:
    """Return for each key of a file the file that pip took it from: the last that has this value."""
    found: dict[str, str] = {}
    for name in files:
        for section, options in (_sections(name) or {}).items():
            for option, value in options.items():
                key = f"{section}.{option.lower().replace('_', '-').removeprefix('--')}"
                if items.get(key) == value:
                    found[key] = f"{name}, {key}"
    return found


def _ask_command(python: Path) -> PipConfiguration:
    listed = _run([str(python), "-m", "pip", "config", "list"])
    return PipConfiguration(parse_listing(listed), _run([str(python), "-c", _ASK_DEFAULT]).strip())


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.SubprocessError) as error:
        raise BadUpstream(f"{Path(command[0]).name} has no pip that answers") from error
    return done.stdout


def parse_listing(text: str) -> dict[str, str]:
    """Return the keys and values of what ``pip config list`` prints: ``global.index-url='...'``, one a line."""
    items: dict[str, str] = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        try:
            literal = ast.literal_eval(value.strip())
        except (ValueError, SyntaxError):
            continue
        if equals:
            items[key.strip()] = str(literal)
    return items


def index_of(configuration: PipConfiguration, environment: Mapping[str, str] = os.environ) -> UpstreamIndex:
    """Return what this configuration means to ``pip install``.  Raises `BadUpstream` for what pip would refuse."""
    options, keys = _options(configuration.items)
    trusted = tuple(options.get("trusted-host", "").split())
    ignored: list[str] = []
    no_index = options.get("no-index", "").lower() in _TRUE
    main = options.get("index-url", configuration.default_index)
    urls = [] if no_index else [main, *options.get("extra-index-url", "").split()]
    return UpstreamIndex(
        indexes=_locations(urls, trusted, ignored),
        find_links=_locations(options.get("find-links", "").split(), trusted, ignored),
        trusted_hosts=trusted,
        cert=options.get("cert"),
        client_cert=options.get("client-cert"),
        proxy=options.get("proxy"),
        timeout_s=_timeout(options.get("timeout")),
        origin=_origin(keys.get("index-url"), configuration.origins),
        netrc_path=_netrc_path(environment),
        ignored=tuple(ignored),
    )


def _options(items: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the value of each option, and the key that it comes from.

    pip lets a command's section override ``[global]`` and the environment both, and passes over empty values
    (pip: cli/parser.py, `ConfigOptionParser`).
    """
    options: dict[str, str] = {}
    keys: dict[str, str] = {}
    for section in ("global", _SECTION, ":env:"):
        for key, value in items.items():
            where, _, name = key.rpartition(".")
            if where == section and value:
                option = _ALIASES.get(name, name)
                options[option], keys[option] = value, key
    return options, keys


def _origin(key: str | None, origins: Mapping[str, str]) -> str:
    if key is None:
        return "pip's built-in default"
    if key.startswith(":env:."):
        return "PIP_" + key.removeprefix(":env:.").upper().replace("-", "_")
    return origins.get(key, f"pip's configuration, {key}")


def _locations(urls: Iterable[str], trusted: tuple[str, ...], ignored: list[str]) -> tuple[Location, ...]:
    """Return the locations that pip would ask, each once; note in ``ignored`` why it passes over the others."""
    found: dict[str, Location] = {}
    for text in urls:
        place = _location(text)
        if place is None:
            ignored.append("a location is neither a URL nor a path that exists")
        elif not is_secure(place.url, trusted):
            ignored.append("a location is plain http, and its host is not among trusted-host")
        else:
            found.setdefault(place.url, place)
    return tuple(found.values())


def _location(text: str) -> Location | None:
    try:
        url = _as_url(text)
        return Location.parse(url) if url is not None else None
    except ValueError:
        # The cause would print the address.
        raise BadUpstream("an index address is no URL") from None


def _as_url(text: str) -> str | None:
    if urlsplit(text).scheme.lower() in ("http", "https", "file"):
        return text
    path = Path(text).expanduser()
    return path.absolute().as_uri() if path.exists() else None


def _timeout(text: str | None) -> float:
    try:
        seconds = float(text) if text else PIP_TIMEOUT_S
    except ValueError:
        raise BadUpstream(f"timeout is {text!r}, not a number of seconds") from None
    return seconds if 0 < seconds < float("inf") else PIP_TIMEOUT_S


def _netrc_path(environment: Mapping[str, str]) -> str | None:
    named = environment.get("NETRC")
    path = Path(named).expanduser() if named else Path.home() / ".netrc"
    return str(path) if path.is_file() else None
