"""Write the three faces of the Koji client from `koji_table`: ``python -m tools.koji_client``; ``--check`` looks."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tools.koji_table import METHODS, OBJECTS, PROPERTIES, Method, Operation

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / "src/buildyard/koji"


class Face(NamedTuple):
    """How a face calls the core."""

    module: str
    title: str
    define: str  #: ``def`` or ``async def``
    returns: str  #: what is made of the type of a result
    run: str  #: what is made of a coroutine
    base: str  #: of the connection
    core: str  #: the core of a connection
    imports: str
    typing_imports: str = ""


FACES = (
    Face(
        "_blocking_methods", "blocking", "def", "{}", "run_blocking({})", "BlockingFace[AsyncKoji]", "self._core",
        "from buildyard.faces.blocking import BlockingFace, run_blocking",
    ),
    Face(
        "_asyncio_methods", "asyncio", "async def", "{}", "await {}", "AsyncKoji", "self", "",
    ),
    Face(
        "_deferred_methods", "Twisted", "def", "Deferred[{}]", "as_deferred({})",
        "DeferredFace[AsyncKoji]", "self._core",
        "from buildyard.faces.deferred import DeferredFace, as_deferred",
        "if TYPE_CHECKING:\n    from twisted.internet.defer import Deferred\n",
    ),
)  # fmt: skip

HEAD = '''"""The methods and objects of the {title} face.  Written by `tools.koji_client` from `tools.koji_table`.

Names and arguments are the hub's own; `_core.AsyncKoji` tells what is raised.
"""

# ruff: noqa: N802, N803, E501

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

{imports}
from buildyard.koji import _estimating, _operations, build, channel, package, tag, target, task, user
from buildyard.koji._core import AsyncKoji
from buildyard.koji._kinds import Kinds
from buildyard.koji._given import Fields, Moment, Ref, given
from buildyard.koji._row import Row

{typing_imports}
'''


def written(face: Face) -> str:
    """Return the text of a face's module, before it is formatted."""
    objects = "\n\n".join(_object(face, name, operations) for name, operations in OBJECTS.items())
    methods = "\n".join(_method(face, method) for method in METHODS)
    kinds = ", ".join(f"{name.lower()}={name}" for name in OBJECTS)
    head = HEAD.format(title=face.title, imports=face.imports, typing_imports=face.typing_imports)
    doc = '    """Methods of a hub, by name and with types."""\n'
    return f"{head}\n{objects}\n\nKINDS = Kinds({kinds})\n\n\nclass Methods({face.base}):\n{doc}\n{methods}"


def _object(face: Face, name: str, operations: tuple[Operation, ...]) -> str:
    lines = [
        f"class {name}({name.lower()}.{name}):",
        f'    """See `buildyard.koji.{name.lower()}.{name}`."""',
        "",
        "    __slots__ = ()",
        "",
    ]
    return "\n".join([*lines, *(_operation(face, operation) for operation in operations), PROPERTIES.get(name, "")])


def _operation(face: Face, operation: Operation) -> str:
    _, arguments = _taken_apart(operation.signature)
    passed = ", ".join(
        ["self", *(f"**{argument.arg}" if kind == "**" else argument.arg for kind, argument, _ in arguments)]
    )
    return _function(
        face, operation.signature, operation.returns, _summary(operation.function), f"{operation.function}({passed})"
    )


def _summary(function: str) -> str:
    module, _, name = function.partition(".")
    tree = ast.parse((PLACE / f"{module}.py").read_text("utf-8"))
    found = next(node for node in tree.body if isinstance(node, ast.AsyncFunctionDef) and node.name == name)
    return (ast.get_docstring(found) or "").replace("\n", "\n        ")


def _method(face: Face, method: Method) -> str:
    name, arguments = _taken_apart(method.signature)
    plain = [
        f"*{argument.arg}" if kind == "*" else argument.arg for kind, argument, default in arguments if not default
    ]
    named = [f"{argument.arg}=({argument.arg}, {default})" for _, argument, default in arguments if default]
    parts = [f'"{name}"']
    if plain or named:
        parts.append(f"({', '.join(plain)}{',' if len(plain) == 1 else ''})")
    if named:
        parts.append(f"given({', '.join(named)})")
    return _function(face, method.signature, method.returns, method.summary, f"{face.core}.invoke({', '.join(parts)})")


def _function(face: Face, signature: str, returns: str, summary: str, call: str) -> str:
    head = signature.replace("(", "(self, ", 1).replace("(self, )", "(self)")
    result = face.returns.format(returns)
    return (
        f"    {face.define} {head} -> {result}:\n"
        f'        """{summary}{_ending(summary)}"""\n'
        f"        found: {result} = {face.run.format(call)}\n"
        f"        return found\n"
    )


def _ending(summary: str) -> str:
    return "\n        " if "\n" in summary else ""


def _taken_apart(signature: str) -> tuple[str, list[tuple[str, ast.arg, str]]]:
    """Return a signature's name, and of each parameter its stars, itself and its default."""
    function = ast.parse(f"def {signature}: pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    arguments = function.args
    missing = [""] * (len(arguments.args) - len(arguments.defaults))
    defaults = [*missing, *map(ast.unparse, arguments.defaults)]
    found = [("", argument, default) for argument, default in zip(arguments.args, defaults, strict=True)]
    found += [(stars, one, "") for stars, one in (("*", arguments.vararg), ("**", arguments.kwarg)) if one]
    return function.name, found


def formatted(text: str) -> str:
    """Return the text as ruff formats it, without imports that it does not use."""
    ruff = str(Path(sys.executable).parent / "ruff")
    name = "--stdin-filename=src/buildyard/koji/_methods.py"
    fixed = [ruff, "check", "-q", "--fix", "--select", "F401,I,UP", name, "-"]
    for command in (fixed, [ruff, "format", "-q", name, "-"]):
        text = subprocess.run(command, input=text, capture_output=True, text=True, check=False, cwd=ROOT).stdout
    return text


def modules() -> dict[Path, str]:
    """Return the text of each generated file."""
    return {PLACE / f"{face.module}.py": formatted(written(face)) for face in FACES}


def main() -> int:
    """Write the files, or with ``--check`` return 1 where they would change."""
    stale = [path for path, text in modules().items() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" in sys.argv:
        print("\n".join(f"{path.relative_to(ROOT)} is stale: python -m tools.koji_client" for path in stale))
        return 1 if stale else 0
    for path, text in modules().items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
