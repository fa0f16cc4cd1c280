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

from feed.errors import InvalidParameter
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
        is_everything: they fill an empty book.
    """

    statements: list[tuple[str, list[Row]]] = field(default_factory=list)
    is_everything: bool = False

    def put(self, table: str, *row: Any) -> None:  # noqa: ANN401 - what SQLite has
        """Write a row in place of the one with its key."""
        places = ",".join("?" * len(row))
        self._add(f"INSERT OR REPLACE INTO {table} VALUES ({places})", row)  # noqa: S608 - likewise

    def delete(self, table: str, key: str) -> None:
        """Delete the row of a key."""
        self._add(f"DELETE FROM {table} WHERE id = ?", (key,))  # noqa: S608 - a name of ours

    def replace_rule(self, key: str, record: bytes) -> None:
        """Write a rule anew, unless it was deleted."""
        self._add("UPDATE rules SET record = ? WHERE id = ?", (record, key))

    def join(self, others: "Changes") -> "Changes":
        """Change what others change too, behind all so far."""
        for statement, rows in others.statements:
            for row in rows:
                self._add(statement, row)
        return self

    def _add(self, statement: str, row: Row) -> None:
        if self.statements and self.statements[-1][0] == statement:
            self.statements[-1][1].append(row)
        else:
            self.statements.append((statement, [row]))


class Book:
    """The database, and the thread that it is used from; made with the first rule.

    Attributes:
        is_gone: its file was deleted or replaced; a commit of everything makes a new one, others
            are refused until then.
    """

    def __init__(self, state: Path | None) -> None:
        """Read what is in the directory of a state; None: it is in memory.

        There is neither a file nor a thread before the first rule.

        A file that is damaged, or of something else, is set aside, and told in the log.

        Raises:
            InvalidParameter: it cannot be used, for now: it is locked, or the disk is full.
        """
        self.is_gone = False
        self._thread = ThreadPoolExecutor(1, "alerts")
        self._path = None if state is None else state / FILE
        self._base: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None  # device and number of the file that is open
        if self._path is not None and os.path.lexists(self._path):
            try:
                self._base = self._thread.submit(self._open).result()
            except (sqlite3.Error, OSError) as error:
                self._thread.shutdown()
                accepted = f"a directory whose {FILE} can be used ({error})"
                raise InvalidParameter("--state", str(state), accepted) from None

    def rows(self, table: str) -> list[Row]:
        """Return all rows of a table, in the order in which they were first written."""
        if (base := self._base) is None:
            return []
        statement = f"SELECT * FROM {table} ORDER BY rowid"  # noqa: S608 - a name of ours
        return self._thread.submit(lambda: base.execute(statement).fetchall()).result()

    async def commit(self, changes: Changes) -> None:
        """Change all, or nothing; what it did is there for good once this returns.

        Raises:
            sqlite3.Error: the disk does not take it, or the file is gone.
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
        if not changes.statements and self._base is None:
            return  # no rule was ever made
        if self.is_gone and not changes.is_everything:  # asked for before this was known
            raise sqlite3.OperationalError(f"{self._path} was deleted or replaced")
        if self._base is None:
            try:
                self._base = self._open()
            except OSError as error:
                raise sqlite3.OperationalError(str(error)) from None
        self._check_place(self._base)
        with self._base:
            for statement, rows in changes.statements:
                self._base.executemany(statement, rows)
        self.is_gone = False

    def _check_place(self, base: sqlite3.Connection) -> None:
        """See that the file is where the next server looks for it: SQLite itself does not.

        Raises:
            sqlite3.OperationalError: it is not.
        """
        if self._path is None or _identity_of(self._path) == self._file:
            return
        base.close()
        self._base, self.is_gone = None, True
        if os.path.lexists(self._path):  # what is there now is older than what is known
            _set_aside(self._path)
        raise sqlite3.OperationalError(f"{self._path} was deleted or replaced")

    def _open(self) -> sqlite3.Connection:
        if self._path is None:
            return _made(sqlite3.connect(":memory:"))
        try:
            base = _opened(self._path)
        except sqlite3.OperationalError:  # it is locked, or the disk is full: it is as good as ever
            raise
        except sqlite3.DatabaseError as error:
            aside = _set_aside(self._path)
            log.error(  # noqa: TRY400 - its words say all
                "alerts_set_aside", path=str(self._path), aside=str(aside), why=str(error)
            )
            base = _opened(self._path)
        self._file = _identity_of(self._path)
        return base


def _opened(path: Path) -> sqlite3.Connection:
    """Return the database in a file, which is made if there is none.

    Raises:
        sqlite3.DatabaseError: it is damaged, foreign, or of another version.
    """
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
    path.chmod(0o600)
    base = sqlite3.connect(path)
    try:
        if _is_empty(base):
            base.execute("PRAGMA journal_mode = WAL")
            return _made(base)
        _check(base)
    except sqlite3.Error:
        base.close()
        raise
    base.execute("PRAGMA synchronous = FULL")
    return base


def _is_empty(base: sqlite3.Connection) -> bool:
    """Tell whether nothing was ever made in it, or not to the end."""
    (tables,) = base.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    (application,) = base.execute("PRAGMA application_id").fetchone()
    return not tables and not application


def _identity_of(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from others of its name; None: there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


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
