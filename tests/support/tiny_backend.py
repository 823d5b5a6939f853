"""The build backend that the tests' own source distributions carry with them (PEP 517, in-tree, `backend-path`).

Standard library only and for Python 3.8 on, so that a build needs nothing from any index.  It makes a wheel in a few
milliseconds, from what ``recipe.json`` beside it says (`local_index.Recipe`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

_RECIPE = json.loads(Path("recipe.json").read_text())


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):  # type: ignore[no-untyped-def]
    """Make the wheel, after what the recipe wants done before, and return its name."""
    exec(compile(_RECIPE["script"], "script", "exec"), {"__name__": "script"})
    members = {name: text.encode() for name, text in _RECIPE["modules"].items()}
    members.update(_extension())
    distribution = _RECIPE["wheel_name"].replace("-", "_")
    version = _RECIPE["wheel_version"]
    tag = _RECIPE["wheel_tag"] or _tag()
    info = f"{distribution}-{version}.dist-info"
    members[f"{info}/METADATA"] = _RECIPE["metadata"].encode()
    wheel = f"Wheel-Version: 1.0\nGenerator: tiny_backend\nRoot-Is-Purelib: {str(tag.endswith('none-any')).lower()}\n"
    members[f"{info}/WHEEL"] = f"{wheel}Tag: {tag}\n".encode()
    name = f"{distribution}-{version}-{tag}.whl"
    _write(Path(wheel_directory, name), members, f"{info}/RECORD")
    return name


def build_sdist(sdist_directory, config_settings=None):  # type: ignore[no-untyped-def]
    """Refuse: these sources are packed already."""
    raise RuntimeError("this source is packed already")


def _write(path, members, record):  # type: ignore[no-untyped-def]
    rows = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            rows.append(f"{name},sha256={digest},{len(data)}")
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), data)
        text = "\n".join([*rows, f"{record},,"]) + "\n"
        archive.writestr(zipfile.ZipInfo(record, (2020, 1, 1, 0, 0, 0)), text)


def _tag():  # type: ignore[no-untyped-def]
    kind = _RECIPE["extension"]
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    own = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    if kind in ("", "pure fall-back"):
        return "py3-none-any"
    return f"cp38-abi3-{platform}" if kind == "abi3" else f"{own}-{own}{sys.abiflags}-{platform}"


def _extension():  # type: ignore[no-untyped-def]
    """Compile the recipe's C source; with the kind ``pure fall-back`` go on without it where that fails."""
    kind, module = _RECIPE["extension"], _RECIPE["extension_module"]
    if not kind:
        return {}
    suffix = ".abi3.so" if kind == "abi3" else sysconfig.get_config_var("EXT_SUFFIX")
    made = Path("build", module + suffix)
    made.parent.mkdir(exist_ok=True)
    compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")
    limited = ["-DPy_LIMITED_API=0x03080000"] if kind == "abi3" else []
    include = sysconfig.get_path("include")
    command = [*compiler, "-shared", "-fPIC", "-O0", f"-I{include}", *limited, f"src/{module}.c", "-o", str(made)]
    print(shlex.join(command), flush=True)
    if subprocess.call(command) == 0:
        return {made.name: made.read_bytes()}
    if kind != "pure fall-back":
        raise SystemExit("error: the compiler failed")
    print("warning: building it in plain Python instead", flush=True)
    return {}
