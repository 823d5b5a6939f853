"""Wheels of one module, made on the spot, for indexes of the tests' own."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile


def wheel_of(name: str, version: str, code: str = "") -> tuple[str, bytes]:
    """Return file name and bytes of a pure wheel whose module has the package's name."""
    info = f"{name}-{version}.dist-info"
    members = {
        f"{name}.py": f"__version__ = {version!r}\n{code}",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{member},{_digest(text)},{len(text)}" for member, text in members.items()]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for member, text in {**members, f"{info}/RECORD": "\n".join([*rows, f"{info}/RECORD,,"]) + "\n"}.items():
            file.writestr(zipfile.ZipInfo(member, (2020, 1, 1, 0, 0, 0)), text)
    return f"{name}-{version}-py3-none-any.whl", packed.getvalue()


def _digest(text: str) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
