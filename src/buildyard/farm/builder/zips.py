"""Open a zip file that anybody may have made: sources as ``.zip``, and every wheel.

`zipfile` reads the whole list of members into memory before anything can be asked; this looks first at how long it is.
"""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from pathlib import Path

#: What `zipfile` raises for a file that is damaged, or made to be read wrongly; also `OSError` with EINVAL.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,  # UnicodeDecodeError is one
    LookupError,
    ArithmeticError,
    RuntimeError,  # NotImplementedError and RecursionError are such
)

#: The most that the list of members may take; that of a wheel with 100,000 members is about 15 MB.
_LONGEST_DIRECTORY = 64_000_000
_END = b"PK\x05\x06"
_END_SIZE = 22
_LONGEST_COMMENT = 65_535


def open_zip(path: Path) -> zipfile.ZipFile:
    """Return the zip file, opened; nothing of a member was read.  Raises `zipfile.BadZipFile`, `OSError`."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _END_SIZE - _LONGEST_COMMENT))
        tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + _END_SIZE:
        raise zipfile.BadZipFile("it has no list of members")
    # APPNOTE.TXT 4.3.16: the length of the central directory; all ones where only ZIP64 can say it.
    (length,) = struct.unpack_from("<L", tail, at + 12)
    if length > _LONGEST_DIRECTORY:
        raise zipfile.BadZipFile("its list of members is too long to make sense")
    return zipfile.ZipFile(path)


def mode_of(info: zipfile.ZipInfo) -> int:
    """Return a member's mode, kind included, as its maker's system had it; 0 where it had none."""
    return info.external_attr >> 16


def is_link(info: zipfile.ZipInfo) -> bool:
    """Tell whether a member is a symbolic link."""
    return stat.S_ISLNK(mode_of(info))


def is_encrypted(info: zipfile.ZipInfo) -> bool:
    """Tell whether a member needs a password."""
    return bool(info.flag_bits & 0x1)
