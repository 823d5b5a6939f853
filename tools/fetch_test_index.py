"""Fetch the files of the small index that end-to-end tests build from, and lay them out as PEP 503 wants it.

``tools/test_index.txt`` names each file with its sha256 and what it requires; they come from wherever pip is configured
to look.  The result is ``.cache/test-index``: a directory a project with its files and an ``index.html``, which pip and
uv read by a file address and any web server can serve.  What is there already, whole, is not fetched again.
"""

from __future__ import annotations

import hashlib
import html
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename

from buildyard.errors import BuildyardError
from buildyard.farm.upstream.errors import BadPage
from buildyard.farm.upstream.opening import open_upstream
from buildyard.farm.upstream.pipconfig import pip_index
from buildyard.farm.upstream.simple import Upstream

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "tools" / "test_index.txt"
INDEX = ROOT / ".cache" / "test-index"

_LARGEST = 20_000_000


class Pinned(NamedTuple):
    """A file of the index, as its list says."""

    digest: str  #: sha256, 64 hexadecimal digits
    name: str
    requires_python: str = ""  #: without spaces

    @property
    def project(self) -> str:
        """The project it belongs to, normalised (PEP 503)."""
        of = parse_wheel_filename if self.name.endswith(".whl") else parse_sdist_filename
        return canonicalize_name(of(self.name)[0])

    @property
    def path(self) -> Path:
        """Where it lies in the index."""
        return INDEX / self.project / self.name

    @property
    def is_whole(self) -> bool:
        """Tell whether it is there, with its sha256."""
        return self.path.is_file() and hashlib.sha256(self.path.read_bytes()).hexdigest() == self.digest


def pinned() -> list[Pinned]:
    """Return the files of the index."""
    lines = LIST.read_text().splitlines()
    return [Pinned(*line.split()) for line in lines if line and not line.startswith("#")]


def fetch(upstream: Upstream, files: Iterable[Pinned]) -> None:
    """Fetch these files.  Raises what `Upstream` raises, and `BadPage` for another file than was pinned."""
    for file in files:
        offered = {one.filename: one for one in upstream.page(file.project).files}
        if file.name not in offered:
            raise BadPage(f"{file.name} is not there any more")
        body = upstream.file(offered[file.name], max_bytes=_LARGEST)
        if hashlib.sha256(body).hexdigest() != file.digest:
            raise BadPage(f"{file.name} is another file than the one that was pinned")
        file.path.parent.mkdir(parents=True, exist_ok=True)
        partly = file.path.with_name(f"{file.name}.part")
        partly.write_bytes(body)
        partly.replace(file.path)


def write_pages(files: Sequence[Pinned]) -> None:
    """Write the root page and a page for each project."""
    projects = sorted({file.project for file in files})
    _page(INDEX, "Simple index", [f'<a href="{project}/">{project}</a>' for project in projects])
    for project in projects:
        _page(INDEX / project, project, [_anchor(file) for file in files if file.project == project])


def _anchor(file: Pinned) -> str:
    required = f' data-requires-python="{html.escape(file.requires_python)}"' if file.requires_python else ""
    return f'<a href="{html.escape(file.name)}#sha256={file.digest}"{required}>{html.escape(file.name)}</a>'


def _page(directory: Path, title: str, anchors: Iterable[str]) -> None:
    body = "<br>\n".join(anchors)
    (directory / "index.html").write_text(f"<!DOCTYPE html>\n<title>{title}</title>\n{body}\n")


def main() -> int:
    """Bring the index up to its list; return an exit code."""
    files = pinned()
    missing = [file for file in files if not file.is_whole]
    if missing:
        try:
            with open_upstream(pip_index()) as upstream:
                fetch(upstream, missing)
        except BuildyardError as error:
            print(f"error: the test index cannot be fetched\n  said    {error}", file=sys.stderr)
            return 1
    write_pages(files)
    print(f"✓ Test index {len(files)} files, {len(missing)} of them fetched")
    return 0


if __name__ == "__main__":
    sys.exit(main())
