"""The files of the official client that say what profiles there are, read as that client reads them.

In this order, and the later file wins for each option (sections of one name are one section):

1. ``/etc/koji.conf.d/*.conf``, by name
2. ``/etc/koji.conf``
3. ``~/.koji/config.d/*.conf``, by name
4. ``~/.koji/config``

Files are UTF-8, ``%`` is doubled.  `read_profile` finds one by its name, `profile_of_page` by a page of its web site.
"""

from __future__ import annotations

import configparser
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast, get_args

from buildyard.koji._profiles import AuthType, Profile, complete
from buildyard.koji.errors import ConfigurationError

_BOOLEANS = {"anon_retry", "offline_retry"}
_NUMBERS = {"max_retries", "timeout", "auth_timeout", "offline_retry_interval"}


def config_files(home: Path | None = None, etc: Path | None = None) -> list[Path]:
    """Return the files that are there, the winning one last."""
    own, system = (home or Path.home()) / ".koji", etc or Path("/etc")
    places = [
        *sorted((system / "koji.conf.d").glob("*.conf")),
        system / "koji.conf",
        *sorted((own / "config.d").glob("*.conf")),
        own / "config",
    ]
    return [place for place in places if place.is_file()]


def read_profile(name: str, files: list[Path] | None = None) -> Profile:
    """Return the profile of that name.  Raises `ConfigurationError` where there is none, or it makes no sense."""
    parser = _read(config_files() if files is None else files)
    if not parser.has_section(name):
        known = ", ".join(sorted(parser.sections())) or "none"
        raise ConfigurationError(f"no configuration for profile name: {name} (there are: {known})")
    return _profile(name, parser)


def profile_of_page(url: str, files: list[Path] | None = None) -> Profile | None:
    """Return the profile whose web site has that page, or None; of several, the one with the longest ``weburl``."""
    parser = _read(config_files() if files is None else files)
    found = [name for name in parser.sections() if _has_page(_weburl(parser, name), url.strip())]
    return _profile(max(found, key=lambda name: len(_weburl(parser, name))), parser) if found else None


def _weburl(parser: configparser.ConfigParser, name: str) -> str:
    return _text(parser, name, "weburl") or ""


def _has_page(weburl: str, url: str) -> bool:
    # A site of /koji does not have the pages of /koji-stage.
    return bool(weburl) and f"{url}/".startswith(f"{weburl.rstrip('/')}/")


def _read(files: list[Path]) -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    for file in files:
        try:
            parser.read_string(file.read_text("utf-8"), str(file))
        except (configparser.Error, UnicodeDecodeError, OSError) as error:
            raise ConfigurationError(f"{file} cannot be read: {error}") from error
    return parser


def _text(parser: configparser.ConfigParser, name: str, option: str) -> str | None:
    try:
        return parser.get(name, option, fallback=None)
    except configparser.Error as error:
        raise ConfigurationError(f"[{name}] {option}: {error}") from error


def _profile(name: str, parser: configparser.ConfigParser) -> Profile:
    if parser.has_section(name) and _text(parser, name, "no_ssl_verify"):
        # The official client takes any text for true here, "false" too.
        raise ConfigurationError(f"[{name}] no_ssl_verify: name the hub's authorities in serverca instead")
    given = {
        field: _value(parser, name, field)
        for field in Profile.__struct_fields__
        if field != "name" and _text(parser, name, field) not in (None, "")
    }
    return complete(Profile(name=name, **given))


def _value(parser: configparser.ConfigParser, name: str, option: str) -> Any:
    readers: Mapping[str, Callable[[], object]] = {
        **dict.fromkeys(_BOOLEANS, lambda: parser.getboolean(name, option)),
        **dict.fromkeys(_NUMBERS, lambda: parser.getint(name, option)),
        "authtype": lambda: _authtype(parser.get(name, option)),
    }
    try:
        return readers.get(option, lambda: parser.get(name, option))()
    except (ValueError, configparser.Error) as error:
        raise ConfigurationError(f"[{name}] {option}: {error}") from error


def _authtype(text: str) -> AuthType:
    if text not in get_args(AuthType):
        raise ValueError(f"{text!r} is none of {', '.join(get_args(AuthType))}")
    return cast(AuthType, text)
