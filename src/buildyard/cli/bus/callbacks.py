"""The callback that options or the configuration name, found and watched."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from buildyard.cli.bus.exits import BusExit
from buildyard.cli.trouble import Trouble
from buildyard.messaging import Message
from buildyard.messaging._consuming import is_async, usable

_NAME_IT = "name it: --callback MODULE:OBJECT, or --callback-file PATH:OBJECT"


def callback_of(name: str | None, file: str | None, configured: object) -> Callable[[Message], Any]:
    """Return what is called with each message: of a file, else of a module, else what the configuration names.

    Raises `Trouble` where it is not there, cannot be imported, or cannot be called.
    """
    spec = file or name or configured
    if not isinstance(spec, str) or not spec:
        raise _trouble("there is no callback", "to look on only: buildyard bus tail")
    place, colon, attribute = spec.rpartition(":")
    if not (place and colon and attribute):
        raise _trouble(f'"{spec}" names no callback', found="MODULE:OBJECT is wanted")
    module = _module_of_file(place) if file else _module(place)
    return _called(_attribute(module, attribute, spec), spec)


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise _unimportable(name, error) from error


def _module_of_file(path: str) -> ModuleType:
    if not Path(path).is_file():
        raise _trouble(f"there is no file {path}")
    name = Path(path).stem
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise _trouble(f"{path} is no module of Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(name, module)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise _unimportable(path, error) from error
    return module


def _attribute(module: ModuleType, path: str, spec: str) -> Any:
    found: Any = module
    for name in path.split("."):
        if not hasattr(found, name):
            has = ", ".join(sorted(one for one, value in vars(module).items() if callable(value) and one[0] != "_"))
            raise _trouble(f"{spec} is not there", found=f"{module.__name__} has {has or 'nothing to call'}")
        found = getattr(found, name)
    return found


def _called(callback: Any, spec: str) -> Callable[[Message], Any]:
    try:
        return usable(callback)
    except ValueError as error:
        raise _trouble(f"{spec} cannot be called", found=str(error)) from error
    except Exception as error:
        # A class is made here, and its constructor may do anything.
        raise _unimportable(spec, error) from error


class Witness:
    """Keeps what a callback raised, to tell it from what went wrong elsewhere."""

    def __init__(self, callback: Callable[[Message], Any]) -> None:
        self.raised: Exception | None = None
        self.call = self._async(callback) if is_async(callback) else self._plain(callback)

    def _plain(self, callback: Callable[[Message], Any]) -> Callable[[Message], Any]:
        def call(message: Message) -> None:
            try:
                callback(message)
            except Exception as error:
                self.raised = error
                raise

        return call

    def _async(self, callback: Callable[[Message], Any]) -> Callable[[Message], Any]:
        async def call(message: Message) -> None:
            try:
                await callback(message)
            except Exception as error:
                self.raised = error
                raise

        return call


def raised_trouble(error: Exception, spec: str) -> Trouble:
    """Return what to tell of a callback that raised what is none of `Nack`, `Drop` and `HaltConsumer`."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return Trouble(
        f"the callback {spec} failed",
        code="callback_failed",
        exit_code=BusExit.CALLBACK_RAISED,
        facts={
            "found": "".join(traceback.format_exception_only(error)).strip(),
            "where": where,
            "kept": "its message went back to the queue; what was handled before is acknowledged",
        },
        next=["mend it, or let it raise Drop for such messages; -vv shows the whole traceback"],
    )


def _unimportable(name: str, error: Exception) -> Trouble:
    return _trouble(f"{name} cannot be imported", found="".join(traceback.format_exception_only(error)).strip())


def _trouble(what: str, *following: str, found: str = "") -> Trouble:
    return Trouble(
        what, code="no_callback", exit_code=BusExit.FAILED, facts={"found": found}, next=[_NAME_IT, *following]
    )
