"""A connection to an SQLite file: any thread, whole transactions, and errors that say what is."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from trfast._checks import check_path
from trfast.errors import CollectionError

_PATIENCE = 60  # seconds to wait while another process writes

_ADVICE = {
    sqlite3.SQLITE_BUSY: "Another program is writing to it: wait until that is done.",
    sqlite3.SQLITE_FULL: "The disk is full: make room, and go on with the same call.",
    sqlite3.SQLITE_READONLY: "The file or its folder cannot be written: make both writable, or copy"
    " the file to where you may write.",
    sqlite3.SQLITE_IOERR: "The disk cannot be read or written: see whether it is full, failing or"
    " gone.",
    sqlite3.SQLITE_CORRUPT: "The file is damaged: put back a copy, or start a new one.",
    sqlite3.SQLITE_NOTADB: "It is no file that trfast made: give another path.",
    sqlite3.SQLITE_CANTOPEN: "It must be a file, or a new one in a folder that exists, and may be"
    " read and written.",
}
_ADVICE[sqlite3.SQLITE_LOCKED] = _ADVICE[sqlite3.SQLITE_BUSY]
_ADVICE[sqlite3.SQLITE_PERM] = _ADVICE[sqlite3.SQLITE_READONLY]


class Connection:
    """Connection to the file; every error of SQLite comes out as CollectionError.

    Threads may share it: they take turns.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(check_path(path, "path of a collection"))
        self._lock = threading.RLock()
        self._closed = False
        with self._errors():
            # isolation_level=None: transactions begin where they are said to, not at a first write.
            self._db = sqlite3.connect(
                self.path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """Return all rows of a query."""
        with self._lock, self._errors():
            return self._db.execute(sql, values).fetchall()

    def each(self, sql: str, *values: Any) -> Iterator[Any]:
        """Yield the rows of a query; inside `reading`."""
        with self._errors():
            yield from self._db.execute(sql, values)

    def many(self, sql: str, values: Iterable[tuple[Any, ...]]) -> None:
        """Run one statement for each tuple of values."""
        with self._lock, self._errors():
            self._db.executemany(sql, values)

    def insert(self, table: str, **values: Any) -> int:
        """Insert a row, and return its id."""
        columns, marks = ", ".join(values), ", ".join("?" * len(values))
        what = f"({columns}) VALUES ({marks})" if values else "DEFAULT VALUES"
        with self._lock, self._errors():
            cursor = self._db.execute(f"INSERT INTO {table} {what}", tuple(values.values()))
            return int(cursor.lastrowid or 0)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """All that the block reads is of one moment."""
        with self._transaction("DEFERRED"):
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Nobody else writes meanwhile; all that the block writes is kept, or nothing."""
        with self._transaction("IMMEDIATE"):
            yield

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[None]:
        with self._lock:
            try:
                self.rows(f"BEGIN {kind}")
                yield
                self.rows("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # SQLite itself ends one when the disk is full
                    self.rows("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file."""
        with self._lock, self._errors():
            self._closed = True
            self._db.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if self._closed:
                raise CollectionError(f"{self.path} was closed: open it again") from error
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            advice = _ADVICE.get(code, "It must be a file made by trfast, or a new one.")
            raise CollectionError(
                f"{self.path}: cannot be used as a collection ({error}). {advice}"
            ) from error
        except UnicodeEncodeError as error:
            raise CollectionError(
                f"{self.path} takes only valid Unicode, found {error.object!r}"
            ) from error
