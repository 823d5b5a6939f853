"""Benchmarks against the peers.  They start the same real services as the tests do (`tests/support`)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
