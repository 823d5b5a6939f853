"""SQLAlchemy engines for SQLite as the store wants it: write-ahead log, real transactions, patience."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.pool import NullPool

#: How careful a commit is: `FULL` survives a loss of power, `NORMAL` the death of the process.
Synchronous = Literal["NORMAL", "FULL"]

#: How long one waits for another process that writes, in seconds.
BUSY_TIMEOUT: Final = 10.0

#: The write-ahead log is cut back to this when it was larger, in bytes.
_LOG_LIMIT: Final = 64 << 20

#: It goes into the database when it has so many pages of 4 KiB; each commit that is larger than one page adds several.
_CHECKPOINT_PAGES: Final = 4_000


def engine(
    path: Path | str,
    *,
    synchronous: Synchronous = "NORMAL",
    readers: int = 0,
    foreign_keys: bool = True,
    begins: bool = True,
    options: Mapping[str, object] = MappingProxyType({}),
) -> Engine:
    """Return an engine whose transactions are SQLite's own: `BEGIN IMMEDIATE`, or snapshots that cannot write.

    With ``readers`` the engine is for that many reading connections; without, every connection is for one writer.
    Unless the engine ``begins`` transactions, its user does so (`sqlite_transactions`), and is patient to write.
    ``options`` are what bodies find among their connection's execution options.
    """
    pool: dict[str, Any] = {"pool_size": readers, "max_overflow": 0} if readers else {"poolclass": NullPool}
    made = create_engine(
        URL.create("sqlite", database=str(path)),
        execution_options=dict(options),
        # None: the driver never begins or commits of its own accord, so savepoints and schema changes work.
        connect_args={
            "isolation_level": None,
            "check_same_thread": False,
            "timeout": BUSY_TIMEOUT if begins or readers else 0,
        },
        **pool,
    )
    pragmas = [f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}", f"PRAGMA synchronous = {synchronous}"]
    if readers:
        pragmas.append("PRAGMA query_only = ON")
    else:
        pragmas += ["PRAGMA journal_mode = WAL", f"PRAGMA journal_size_limit = {_LOG_LIMIT}"]
        pragmas.append(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    _listen(made, pragmas)
    if begins:
        begin = "BEGIN" if readers else "BEGIN IMMEDIATE"
        event.listen(made, "begin", lambda connection: connection.exec_driver_sql(begin))
    return made


def _listen(made: Engine, pragmas: list[str]) -> None:
    @event.listens_for(made, "connect")
    def _set_up(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in pragmas:
            execute_patiently(connection, pragma)


def execute_patiently(connection: sqlite3.Connection, sql: str) -> None:
    """Execute what may have to wait for another process.

    To change the journal's mode SQLite does not wait for others, whatever its time-out is; and the writer has none.
    """
    end = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            connection.execute(sql)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return
