"""Call a build backend's hooks (PEP 517), inside the sandbox.  A program of its own, standard library only.

Its text is given to the build's own interpreter, CPython or PyPy from 3.7 on, as ``-c TEXT JSON``; the JSON holds
``backend`` and ``path``, the entries of ``backend-path`` made absolute.  It reads lines ``{"hook": ..., "kwargs":
{...}}`` from the socket that BUILDYARD_CONTROL names and answers each with a line: ``{"value": ...}``, ``{"missing":
true}`` or ``{"error": ...}``, with the ``signal`` that ended the hook.  The backend is imported once; each hook runs in
a process of its own, forked after that, so that hooks may change directory, environment and the like (PEP 517, "Build
environment") without paying twice.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import socket
import sys
import traceback

MYPY = False  # importing typing would cost more than all of this
if MYPY:
    from typing import Any, NoReturn


def _main() -> None:
    control = socket.socket(fileno=int(os.environ.pop("BUILDYARD_CONTROL")))
    control.set_inheritable(False)
    order = json.loads(sys.argv[1])
    # What -c puts first is the source directory, which must not be importable (PEP 517).
    del sys.path[0]
    sys.argv[1:] = []
    backend, trouble = _load(order["backend"], order["path"])
    for line in control.makefile("rb"):
        question = json.loads(line.decode())
        answer = {"error": trouble} if trouble else _ask(backend, question["hook"], question["kwargs"])
        control.sendall(json.dumps(answer).encode() + b"\n")
    # Nothing more is asked; what backends would do at exit is of no use, and takes time.
    os._exit(0)


def _load(name: str, path: list[str]) -> tuple[Any, str]:
    """Return the backend and what is wrong with it."""
    sys.path[:0] = path
    module_name, _, attributes = name.partition(":")
    try:
        module = importlib.import_module(module_name)
        if path and not _is_below(module, path):
            return None, f"the backend {module_name} is not in its backend-path"
        backend = module
        for attribute in filter(None, attributes.split(".")):
            backend = getattr(backend, attribute)
    except BaseException as error:  # whatever a backend raises is its own
        traceback.print_exc()
        return None, f"the backend {name} cannot be imported: {_described(error)}"
    return backend, ""


def _is_below(module: Any, path: list[str]) -> bool:
    where = os.path.realpath(getattr(module, "__file__", None) or next(iter(module.__path__)))
    return any(where.startswith(os.path.realpath(entry) + os.sep) for entry in path)


def _ask(backend: Any, name: str, kwargs: dict[str, Any]) -> Any:
    hook = getattr(backend, name, None)
    if hook is None:
        return {"missing": True}
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        os.close(ours)
        _call(hook, kwargs, theirs)
    os.close(theirs)
    answer, status = _answer_of(child, ours)
    os.close(ours)
    if answer:
        return json.loads(answer.decode())
    if os.WIFSIGNALED(status):
        return {"error": f"{name} was ended by signal {os.WTERMSIG(status)}", "signal": os.WTERMSIG(status)}
    return {"error": f"{name} ended with exit code {os.WEXITSTATUS(status)}"}


def _call(hook: Any, kwargs: dict[str, Any], theirs: int) -> NoReturn:
    """Call the hook in its own process, which ends here."""
    try:
        data = json.dumps({"value": hook(**kwargs)})
    except SystemExit as error:
        if isinstance(error.code, str):
            sys.stderr.write(error.code + "\n")
        data = json.dumps({"error": error.code if isinstance(error.code, str) else f"exit code {error.code}"})
    except BaseException as error:  # whatever a backend raises is its own
        traceback.print_exc()
        data = json.dumps({"error": _described(error)})
    with os.fdopen(theirs, "wb") as pipe:
        pipe.write(data.encode() + b"\n")
    sys.exit(0)


def _answer_of(child: int, ours: int) -> tuple[bytes, int]:
    """Return what the hook's process wrote, nothing where it is not whole, and its status."""
    answer = b""
    status = None
    while not answer.endswith(b"\n"):
        if select.select([ours], [], [], 0.1 if status is None else 0)[0]:
            data = os.read(ours, 65536)
            if not data:
                break
            answer += data
        elif status is not None:
            # It is gone, and only a process that it left behind still holds the pipe.
            break
        else:
            pid, ended = os.waitpid(child, os.WNOHANG)
            status = ended if pid else None
    if status is None:
        status = os.waitpid(child, 0)[1]
    return (answer if answer.endswith(b"\n") else b""), status


def _described(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()[-1]


_main()
