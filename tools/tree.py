"""Check what no linter knows of: nothing in the tree names a package registry's host or a path of one machine.

The upstream index is whatever pip is configured with, so an address of one would be wrong wherever another is used.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: Hosts of registries, spelt so that this file does not hold them either.
_HOSTS = re.compile(
    r"py[p]i\.(?:org|python)|python[h]osted|np[m]js\.|[a-z]+\.debia[n]\.org|deb\.debia[n]|crate[s]\.io|rubygem[s]\.org",
    re.IGNORECASE,
)

#: Where this checkout lies, and what its owner keeps hidden at home.
_PATHS = re.compile(rf"{re.escape(str(ROOT))}/|{re.escape(str(Path.home()))}/\.")

#: As its authors wrote it.
_EXEMPT = ("LICENSE",)


def files() -> Iterator[Path]:
    """Yield every text file that is, or would be, in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if name and not name.startswith(_EXEMPT) and path.is_file():
            yield path


def faults(path: Path) -> Iterator[str]:
    """Yield a line for each thing in the file that should not be there."""
    try:
        yield from faults_of(path, path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        return


def faults_of(path: Path, text: str) -> Iterator[str]:
    """Yield a line for each thing in the text that should not be there."""
    for number, line in enumerate(text.splitlines(), start=1):
        for pattern, what in ((_HOSTS, "a registry's host"), (_PATHS, "a path of one machine")):
            if found := pattern.search(line):
                yield f"{path.relative_to(ROOT)}:{number}: {what}: {found[0]}"


def main() -> int:
    """Check the tree; return an exit code."""
    found = [fault for path in files() for fault in faults(path)]
    print("\n".join(found) or "nothing that should not be there")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
