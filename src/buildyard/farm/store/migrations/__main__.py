"""Write the next step: `python -m buildyard.farm.store.migrations "add a colour to queues"`.

Compares the tables that the steps give with those of `tables.py`, and writes the difference into a new file of
`versions/` for its author to read, mend and name in `HEAD`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from buildyard.farm.store import migrations
from buildyard.farm.store.sqlite_engine import engine


def write_step(message: str, folder: Path = migrations.FOLDER) -> Path:
    """Return the new file."""
    from alembic import command
    from alembic.script import Script

    number = 1 + len(list((folder / "versions").glob("[0-9]*.py")))
    memory = engine(":memory:")
    try:
        with memory.connect() as connection, connection.begin():
            migrations.run_steps(connection, folder=folder)
            config = migrations.alembic_config(connection, folder)
            script = command.revision(config, message, autogenerate=True, rev_id=f"{number:04}")
    finally:
        memory.dispose()
    assert isinstance(script, Script)
    return Path(script.path)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(write_step(sys.argv[1]))  # noqa: T201  # its result, for its author
