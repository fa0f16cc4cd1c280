"""The book: rules, firings and webhooks in SQLite, so that a restart forgets none of them.

Everything is written by one thread, in batches, each in one transaction: what was committed stays,
whatever becomes of the process. A firing is kept until it is acknowledged, and said; what is not
marked as said is said again by the next server. Knows no rule's meaning.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from feed.logger import logger_of

FILE = "alerts.sqlite"
_APPLICATION = 0x46454544  # "FEED", by which a foreign file is known
_VERSION = 1
_SCHEMA = """
CREATE TABLE owners (owner TEXT PRIMARY KEY, identity BLOB NOT NULL);
CREATE TABLE rules (id TEXT PRIMARY KEY, owner TEXT NOT NULL, record BLOB NOT NULL);
CREATE TABLE firings (id TEXT PRIMARY KEY, word BLOB NOT NULL, said INTEGER NOT NULL);
CREATE TABLE deliveries (id TEXT PRIMARY KEY, rule TEXT NOT NULL, body BLOB NOT NULL,
    attempts INTEGER NOT NULL, until_ns INTEGER NOT NULL);
CREATE TABLE notes (name TEXT PRIMARY KEY, value BLOB NOT NULL);
"""
Result = TypeVar("Result")
Row = tuple[Any, ...]

log = logger_of("feed.alerts")


@dataclass(slots=True)
class Changes:
    """What one transaction changes.

    Attributes:
        statements: in order, each with its rows.
    """

    statements: list[tuple[str, list[Row]]] = field(default_factory=list)

    def put(self, table: str, *row: Any) -> None:  # noqa: ANN401 - what SQLite has
        """Write a row in place of the one with its key."""
        places = ",".join("?" * len(row))
        self._add(f"INSERT OR REPLACE INTO {table} VALUES ({places})", row)  # noqa: S608 - likewise

    def delete(self, table: str, key: str) -> None:
        """Delete the row of a key."""
        self._add(f"DELETE FROM {table} WHERE id = ?", (key,))  # noqa: S608 - a name of ours

    def _add(self, statement: str, row: Row) -> None:
        if self.statements and self.statements[-1][0] == statement:
            self.statements[-1][1].append(row)
        else:
            self.statements.append((statement, [row]))


class Book:
    """The database, and the thread that it is used from; made with the first rule."""

    def __init__(self, state: Path | None) -> None:
        """Read what is in the directory of a state; None: it is in memory.

        There is neither a file nor a thread before the first rule.

        A file that is damaged, or of something else, is set aside, and told in the log.
        """
        self._thread = ThreadPoolExecutor(1, "alerts")
        self._path = None if state is None else state / FILE
        self._base: sqlite3.Connection | None = None
        if self._path is not None and os.path.lexists(self._path):
            self._base = self._thread.submit(self._open).result()

    def rows(self, table: str) -> list[Row]:
        """Return all rows of a table, in the order in which they were first written."""
        if (base := self._base) is None:
            return []
        statement = f"SELECT * FROM {table} ORDER BY rowid"  # noqa: S608 - a name of ours
        return self._thread.submit(lambda: base.execute(statement).fetchall()).result()

    async def commit(self, changes: Changes) -> None:
        """Change all, or nothing; what it did is there for good once this returns.

        Raises:
            sqlite3.Error: the disk does not take it.
        """
        await self._run(lambda: self._commit(changes))

    async def close(self, changes: Changes) -> None:
        """Write what is last, and close."""
        try:
            await self.commit(changes)
        finally:
            if self._base is not None:
                await self._run(self._base.close)
            self._thread.shutdown()

    async def _run(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _commit(self, changes: Changes) -> None:
        if not changes.statements:
            return
        if self._base is None:
            self._base = self._open()
        with self._base:
            for statement, rows in changes.statements:
                self._base.executemany(statement, rows)

    def _open(self) -> sqlite3.Connection:
        if self._path is None:
            return _made(sqlite3.connect(":memory:"))
        try:
            return _opened(self._path)
        except (sqlite3.DatabaseError, OSError) as error:
            aside = _set_aside(self._path)
            log.error(  # noqa: TRY400 - its words say all
                "alerts_set_aside", path=str(self._path), aside=str(aside), why=str(error)
            )
            return _opened(self._path)


def _opened(path: Path) -> sqlite3.Connection:
    """Return the database in a file, which is made if there is none.

    Raises:
        sqlite3.DatabaseError: it is damaged, foreign, or of another version.
    """
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
    path.chmod(0o600)
    base = sqlite3.connect(path)
    try:
        if path.stat().st_size == 0:
            base.execute("PRAGMA journal_mode = WAL")
            return _made(base)
        _check(base)
    except sqlite3.Error:
        base.close()
        raise
    base.execute("PRAGMA synchronous = FULL")
    return base


def _check(base: sqlite3.Connection) -> None:
    (application,) = base.execute("PRAGMA application_id").fetchone()
    (version,) = base.execute("PRAGMA user_version").fetchone()
    if application != _APPLICATION:
        raise sqlite3.DatabaseError("it is no book of alerts")
    if version != _VERSION:
        words = f"its schema has version {version}; this server knows {_VERSION}"
        raise sqlite3.DatabaseError(words)
    (found,) = base.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(f"it is damaged: {found}")


def _made(base: sqlite3.Connection) -> sqlite3.Connection:
    """Return a new database with its tables."""
    base.execute("PRAGMA synchronous = FULL")
    base.executescript(
        f"BEGIN; {_SCHEMA} PRAGMA application_id = {_APPLICATION};"
        f"PRAGMA user_version = {_VERSION}; COMMIT;"
    )
    return base


def _set_aside(path: Path) -> Path:
    """Move a file, and what SQLite keeps beside it, out of the way."""
    number = 1
    while (aside := path.with_name(f"{path.name}.aside-{number}")).exists():
        number += 1
    for ending in ("", "-wal", "-shm"):
        beside = path.with_name(path.name + ending)
        if os.path.lexists(beside):
            beside.rename(aside.with_name(aside.name + ending))
    return aside
