"""Write the locks in requirements/: what `make up` and `make test` install, pinned and hashed.

No address is in them, so that pip's own configuration says where the files come from; uv resolves them from the same
places.  hatchling and editables are in farm.txt and dev.txt, as buildyard itself is installed from the checkout without
build isolation.  A peer-NAME.txt is a group of dependencies alone: a program of other people for the tests, which
``tests/support/peers.py`` gives an environment of its own.  Pins stay as they are where they still fit; ``--upgrade``
takes the newest.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from uv import find_uv_bin

from buildyard.farm.upstream.pipconfig import pip_index

ROOT = Path(__file__).resolve().parent.parent

#: What builds buildyard itself.
_BUILD = "hatchling\neditables\n"

_OPTIONS = (
    "--quiet",
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-header",
    "--no-annotate",
)

#: Our own needs and what builds us, as uv takes them.
_OURS = ("pyproject.toml", "-")

#: Each lock and what it is made of; the second holds all of the first, at the same versions.
LOCKS = {
    "requirements/farm.txt": ("--extra=farm", *_OURS),
    # Not the extra gssapi, which is built against a Kerberos that few machines have the headers of.
    "requirements/dev.txt": ("--extra=all", "--group=dev", "--constraints=requirements/farm.txt", *_OURS),
    "requirements/peer-fedora-messaging.txt": ("--group=pyproject.toml:fedora-messaging",),
    "requirements/peer-keystone.txt": ("--group=pyproject.toml:keystone",),
    # Its Kerberos is needed for nothing that is compared, and is as hard to build.
    "requirements/peer-koji.txt": ("--group=pyproject.toml:koji", "--no-emit-package=gssapi"),
    "requirements/peer-scriptworker.txt": ("--group=pyproject.toml:scriptworker",),
    "requirements/peer-taskcluster.txt": ("--group=pyproject.toml:taskcluster",),
    "requirements/peer-zaqar.txt": ("--group=pyproject.toml:zaqar",),
    "requirements/peer-zaqarclient.txt": ("--group=pyproject.toml:zaqarclient",),
}


def main(arguments: list[str]) -> int:
    """Write all locks; return an exit code."""
    settings = pip_index().uv()
    for output, contents in LOCKS.items():
        command = [find_uv_bin(), "pip", "compile", *settings.arguments, *_OPTIONS, *contents, *arguments]
        command += ["--output-file", output]
        done = subprocess.run(command, cwd=ROOT, input=_BUILD, text=True, env=settings.over(os.environ), check=False)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
