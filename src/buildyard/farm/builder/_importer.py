"""Import modules, inside the sandbox, and tell how it went.  A program of its own, standard library only.

Its text is given to the build's own interpreter, CPython or PyPy from 3.7 on, as ``-c TEXT``.  It reads one line, a
JSON list of module names, from the socket that BUILDYARD_CONTROL names, and answers with one line: an object for each
that could not be imported, with ``module``, ``error`` and, where it says so, the module that is ``missing``.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import sys
import traceback


def _main() -> None:
    control = socket.socket(fileno=int(os.environ.pop("BUILDYARD_CONTROL")))
    # What -c puts first is the directory it runs in.
    del sys.path[0]
    failed = []
    for name in json.loads(control.makefile("rb").readline().decode()):
        # The last of these lines names the module that ends the process.
        sys.stdout.write(f"import {name}\n")
        sys.stdout.flush()
        try:
            importlib.import_module(name)
        except BaseException as error:  # a module may raise anything, SystemExit too
            traceback.print_exc()
            missing = error.name if isinstance(error, ModuleNotFoundError) else None
            described = "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()[-1]
            failed.append({"module": name, "error": described, "missing": missing})
    control.sendall(json.dumps(failed).encode() + b"\n")
    os._exit(0)


_main()
