"""The farm's settings: one frozen `Settings`, built once in a program's `main` and passed down.

`load` takes what the flags said, the environment and the working directory, and gives the settings together with each
value's origin and a note for every key it did not know.  Later sources win: defaults, ``buildyard.toml`` of the working
directory, ``buildyard.toml`` of the state directory, ``BUILDYARD_*`` variables, flags.  No other module of the farm
reads the environment.  `settings_file` next door reads the TOML; `state` knows what lies in the state directory.
"""

from __future__ import annotations

import difflib
import os
import re
import socket
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from buildyard.farm.bus_settings import BusSettings, Trigger
from buildyard.farm.here import is_loopback
from buildyard.farm.marconi_settings import MarconiSettings
from buildyard.farm.settings_errors import BadSetting
from buildyard.farm.settings_file import FileValue, read_settings_file
from buildyard.farm.state import SECRETS_KEY
from buildyard.farm.task_settings import TasksSettings
from buildyard.farm.wire import Limits

FILE_NAME = "buildyard.toml"
PREFIX = "BUILDYARD_"

_Port = Annotated[int, Meta(ge=0, le=65535)]
_Count = Annotated[int, Meta(ge=0)]
_Seconds = Annotated[float, Meta(gt=0)]
_Version = Annotated[str, Meta(pattern=r"^3\.\d+$")]
#: Every limit is at least 1: a build without any time, memory or output is no build.
_Limit = Annotated[int, Meta(ge=1)]
_Database = Annotated[str, Meta(pattern=r"^$|^sqlite:///.+|^postgresql://.+")]


class Settings(Struct, frozen=True, kw_only=True):
    """Everything about a hub or a builder that can be set, with a working default each."""

    state: Path = Path(".buildyard")  #: the directory that keeps it all: database, wheels, logs, caches, credentials
    host: str = "127.0.0.1"  #: the address the hub listens on; any but a loopback one demands credentials of everybody
    port: _Port = 8765  #: the port the hub listens on; 0 takes any that is free
    database: _Database = ""  #: `sqlite:///PATH` or `postgresql://USER@HOST:PORT/NAME`; empty: `yard.sqlite` in `state`
    synchronous: Literal["NORMAL", "FULL"] = "NORMAL"  #: SQLite's; FULL keeps what was acknowledged through power loss
    slots: _Count = 0  #: how many builds a builder runs at one time; 0: as many as there are cores
    builder_name: str = ""  #: what a builder calls itself; empty: the host's name
    claim_timeout_s: Annotated[int, Meta(ge=1)] = 60  #: a builder silent for so long loses its build to another
    long_poll_s: _Seconds = 20.0  #: how long the hub keeps a builder waiting before it answers that there is no work
    limits: Limits = Limits()  #: what one build may use
    minimum_python: _Version = "3.8"  #: older interpreters are left out, unless a request names them
    interpreters: tuple[Path, ...] = ()  #: interpreters to use beside those that are found
    check: bool = True  #: install each wheel in a fresh environment and import it before it is published
    slot_uid_base: Annotated[int, Meta(ge=1000)] = 64000  #: as root, slot N builds as this user number plus N
    disk_floor_bytes: _Count = 2_000_000_000  #: building pauses while the state directory's disk has less than this
    secrets_key: str = ""  #: the file with the key that secrets are sealed with; empty: `secrets.key` in `state`
    marconi: MarconiSettings = MarconiSettings()  #: the bounds of the Marconi server
    bus: BusSettings = BusSettings()  #: the message bus
    trigger: tuple[Trigger, ...] = ()  #: rules by which bus messages make requests, a table `[[trigger]]` each
    tasks: TasksSettings = TasksSettings()  #: where the tasks of builds run
    uv_cache: str = ""  #: where uv keeps what it downloads; empty: `cache/uv` in `state`

    @property
    def database_url(self) -> str:
        """The database, written out."""
        return self.database or f"sqlite:///{self.state / 'yard.sqlite'}"

    @property
    def secrets_key_path(self) -> Path:
        """The file with the key that secrets are sealed with, written out."""
        return Path(self.secrets_key) if self.secrets_key else self.state / SECRETS_KEY

    @property
    def uv_cache_dir(self) -> Path:
        """Where uv keeps what it downloads."""
        return Path(self.uv_cache) if self.uv_cache else self.cache_dir / "uv"

    @property
    def slot_count(self) -> int:
        """How many builds a builder runs at one time, written out."""
        return self.slots or len(os.sched_getaffinity(0))

    @property
    def builder_label(self) -> str:
        """What a builder calls itself, written out."""
        return self.builder_name or socket.gethostname()

    @property
    def objects_dir(self) -> Path:
        """Where wheels and artifacts lie, by their sha256."""
        return self.state / "objects"

    @property
    def logs_dir(self) -> Path:
        """Where the logs of builds lie."""
        return self.state / "logs"

    @property
    def cache_dir(self) -> Path:
        """Where lies what can be had again."""
        return self.state / "cache"


class UnknownKey(Struct, frozen=True, kw_only=True):
    """A key that means nothing here, so that a misspelt setting does not go unnoticed."""

    where: str  #: ``buildyard.toml:9`` or ``environment``
    key: str
    suggestion: str | None = None

    def __str__(self) -> str:
        hint = f'; did you mean "{self.suggestion}"?' if self.suggestion else ""
        return f'{self.where}  unknown key "{self.key}"{hint}'


class Loaded(Struct, frozen=True, kw_only=True):
    """Settings, and where they come from."""

    settings: Settings
    origins: Mapping[str, str]  #: of every key of `KEYS`: ``default``, ``--port``, ``buildyard.toml:4``
    unknown: tuple[UnknownKey, ...] = ()

    def value(self, name: str) -> object:
        """Return what a key is set to, written out where its default depends on others."""
        written_out = {
            "database": self.settings.database_url,
            "slots": self.settings.slot_count,
            "builder_name": self.settings.builder_label,
            "uv_cache": self.settings.uv_cache_dir,
            "secrets_key": self.settings.secrets_key_path,
        }
        group, _, field = name.rpartition(".")
        return written_out.get(name, getattr(getattr(self.settings, group) if group else self.settings, field))


class Key(Struct, frozen=True, kw_only=True):
    """One thing that can be set."""

    name: str  #: dotted, as in ``buildyard.toml``: ``limits.wall_s``
    type: Any  #: what msgspec is to make of a value
    default: object

    @property
    def variable(self) -> str:
        """``BUILDYARD_LIMITS_WALL_S`` of ``limits.wall_s``."""
        return PREFIX + self.name.upper().replace(".", "_")


def _keys_of(kind: type[Struct], prefix: str = "") -> Iterator[Key]:
    for field in msgspec.structs.fields(kind):
        if isinstance(field.default, Struct):
            yield from _keys_of(type(field.default), f"{field.name}.")
        else:
            kind_of_value = _Limit if kind is Limits else field.type
            yield Key(name=prefix + field.name, type=kind_of_value, default=field.default)


#: Everything that can be set, by its dotted name, in the order of the reference page.
KEYS: Mapping[str, Key] = {key.name: key for key in _keys_of(Settings)}


def load(
    flags: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Loaded:
    """Return the settings of a program that was started in this directory with these flags.

    ``flags`` maps keys to values; a value of None was not given.  ``environment`` and ``directory`` are the process's
    own unless given.  Raises `BadSetting` for a value that cannot be meant, `BadSettingsFile` for a file that is not
    TOML or cannot be read.
    """
    environment = os.environ if environment is None else environment
    directory = (directory or Path.cwd()).absolute()
    outer = read_settings_file(directory / FILE_NAME, FILE_NAME)
    given = [*_from_environment(environment), *_from_flags(flags or {})]
    state = directory / _state_of([*outer, *given])
    inner = [] if state == directory else read_settings_file(state / FILE_NAME, _shown(state / FILE_NAME, directory))
    # A state directory cannot say that it is another one.
    idle = tuple(UnknownKey(where=value.origin, key=value.key) for value in inner if value.key == "state")
    meant = [value for value in inner if value.key != "state"]
    return _settled([*outer, *meant, *given], state, idle)


def masked(value: object) -> str:
    """Return a value as it may be shown: a password inside an address is not."""
    text = ", ".join(str(part) for part in value) if isinstance(value, tuple) else str(value)
    return re.sub(r"(?<=://)([^/@:]*):[^/@]*@", r"\1:********@", text)


def _settled(values: Iterable[FileValue], state: Path, idle: tuple[UnknownKey, ...]) -> Loaded:
    chosen: dict[str, object] = {}
    origins = dict.fromkeys(KEYS, "default")
    unknown = list(idle)
    for value in values:
        key = KEYS.get(value.key)
        if key is None:
            unknown.append(_unknown(value))
            continue
        chosen[key.name] = _converted(key, value)
        origins[key.name] = value.origin
    chosen["state"] = state
    settings = _built(chosen)
    _check_bus(settings.bus, origins["bus.listen"])
    _check_triggers(settings, origins["trigger"])
    return Loaded(settings=settings, origins=origins, unknown=tuple(unknown))


def _check_bus(bus: BusSettings, origin: str) -> None:
    wanted = ""
    if bus.listen and not is_loopback(bus.listen.rpartition(":")[0]):
        wanted = "an address of this machine alone, as 127.0.0.1:5672: what is sent there is not encrypted"
    elif bus.listen and bus.url and not bus.url.startswith("memory://"):
        wanted = "nothing beside a bus.url: it is for the broker inside the hub"
    if wanted:
        raise BadSetting(key="bus.listen", found=bus.listen, wanted=wanted, origin=origin)


def _check_triggers(settings: Settings, origin: str) -> None:
    names = Counter(trigger.name for trigger in settings.trigger)
    twice = [name for name, count in names.items() if count > 1]
    wanted = "" if settings.bus.is_there or not names else "it listens to a bus, so bus.url or bus.listen is needed"
    if twice:
        wanted = f"{twice[0]} is the name of two of them"
    if wanted:
        raise BadSetting(key="trigger", found=masked(settings.trigger), wanted=wanted, origin=origin)


def _built(chosen: Mapping[str, object]) -> Settings:
    own: dict[str, Any] = {name: value for name, value in chosen.items() if "." not in name}
    return Settings(
        **own,
        limits=Limits(**_group(chosen, "limits")),
        marconi=MarconiSettings(**_group(chosen, "marconi")),
        bus=BusSettings(**_group(chosen, "bus")),
        tasks=TasksSettings(**_group(chosen, "tasks")),
    )


def _group(chosen: Mapping[str, object], name: str) -> dict[str, Any]:
    """Return what was chosen of one table."""
    return {key.removeprefix(f"{name}."): value for key, value in chosen.items() if key.startswith(f"{name}.")}


def _converted(key: Key, value: FileValue) -> object:
    try:
        return msgspec.convert(value.value, key.type, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise BadSetting(key=value.key, found=masked(value.value), wanted=str(error), origin=value.origin) from error


def _path(kind: type, value: object) -> Path:
    if kind is Path and isinstance(value, str) and value:
        return Path(value).expanduser()
    raise msgspec.ValidationError("Expected a path")


def _from_environment(environment: Mapping[str, str]) -> Iterator[FileValue]:
    named = {key.variable: key for key in KEYS.values()}
    for variable, text in sorted(environment.items()):
        if not variable.startswith(PREFIX) or not text:
            continue
        key = named.get(variable)
        if key is None:
            yield FileValue(key=variable, value=text, origin="environment")
        else:
            yield FileValue(key=key.name, value=_from_text(key.name, text), origin=variable)


def _from_text(name: str, text: str) -> object:
    """Return what a variable says: of what is no text, paths as in PATH, and rules as JSON."""
    if name == "interpreters":
        return tuple(filter(None, text.split(os.pathsep)))
    if name == "trigger":
        with suppress(msgspec.DecodeError):
            return msgspec.json.decode(text)
    return text


def _from_flags(flags: Mapping[str, object]) -> Iterator[FileValue]:
    for name, value in flags.items():
        if value is not None:
            shown = str(value) if isinstance(value, Path) else value
            yield FileValue(key=name, value=shown, origin=f"--{name.replace('_', '-')}")


def _state_of(values: Iterable[FileValue]) -> Path:
    state = KEYS["state"]
    chosen: object = state.default
    for value in values:
        if value.key == state.name:
            chosen = _converted(state, value)
    assert isinstance(chosen, Path)
    return chosen


def _unknown(value: FileValue) -> UnknownKey:
    from_environment = value.origin == "environment"
    known = [key.variable if from_environment else key.name for key in KEYS.values()]
    close = difflib.get_close_matches(value.key, known, n=1)
    return UnknownKey(where=value.origin, key=value.key, suggestion=close[0] if close else None)


def _shown(path: Path, directory: Path) -> str:
    return str(path.relative_to(directory)) if path.is_relative_to(directory) else str(path)
