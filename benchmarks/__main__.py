"""``python -m benchmarks [--quick] [--soak] [NAME ...]``: run the benchmarks and print their rows."""

from __future__ import annotations

import argparse
import importlib

from benchmarks.measure import conditions

NAMES = ("build", "idle", "koji", "messaging", "queue", "store", "taskcluster", "tasks")


def main() -> None:
    """Run the named benchmarks, or all of them."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES)}; all without any")
    parser.add_argument("--postgresql", metavar="URL", default="", help="an empty database to measure the store on too")
    parser.add_argument("--soak", action="store_true", help="of queue: a million messages through one hub")
    parser.add_argument("--quick", action="store_true", help="fewer runs, for a first look")
    arguments = parser.parse_args()
    conditions()
    for name in arguments.names or NAMES:
        print(f"\n== {name}")
        more = {"store": {"postgresql": arguments.postgresql}, "queue": {"soaks": arguments.soak}}.get(name, {})
        importlib.import_module(f"benchmarks.{name}").main(quick=arguments.quick, **more)


if __name__ == "__main__":
    main()
