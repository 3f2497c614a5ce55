"""A connection to an SQLite file: any thread, whole transactions, and errors that say what is."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from trfast._checks import check_path
from trfast.collection.kinds import check_rows, senseless
from trfast.errors import CollectionError

_PATIENCE = 60  # seconds to wait while another process writes
_BLOCK = 1024  # rows that are read at a time
_GLANCE = 0.1  # seconds after which one who waits to be alone hears of Ctrl+C

_ADVICE = {
    sqlite3.SQLITE_BUSY: "Another program is writing to it: wait until that is done.",
    sqlite3.SQLITE_FULL: "The disk is full: make room, and go on with the same call.",
    sqlite3.SQLITE_READONLY: "The file or its folder cannot be written: make both writable, or copy"
    " the file to where you may write.",
    sqlite3.SQLITE_IOERR: "The disk cannot be read or written: see whether it or a quota is"
    " full, or the disk failing or gone.",
    sqlite3.SQLITE_CORRUPT: "The file is damaged: put back a copy, or start a new one.",
    sqlite3.SQLITE_NOTADB: "It is no file that trfast made: give another path.",
    sqlite3.SQLITE_CANTOPEN: "It must be a file, or a new one in a folder that exists, and may be"
    " read and written.",
}
_ADVICE[sqlite3.SQLITE_LOCKED] = _ADVICE[sqlite3.SQLITE_BUSY]
_ADVICE[sqlite3.SQLITE_PERM] = _ADVICE[sqlite3.SQLITE_READONLY]
# What SQLite says where it cannot make the files beside that it reads with.
_NO_FILES_BESIDE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)


class Connection:
    """Connection to the file; every error of SQLite comes out as CollectionError.

    Threads may share it: they take turns.
    """

    def __init__(self, path: str | os.PathLike[str], *, read_only: bool = False) -> None:
        self.path = os.fspath(check_path(path, "path of a collection"))
        self.read_only = read_only
        self._lock = threading.RLock()
        self._alone = threading.Lock()
        self._closed = False
        with self._errors():
            self._db = self._to_read() if read_only else _connect(self.path)

    def _to_read(self) -> sqlite3.Connection:
        """Open the file to read, on media too on which nothing can be written."""
        if not os.path.isfile(self.path):
            raise CollectionError(f"{self.path}: no such file to read")
        uri, log = Path(self.path).absolute().as_uri(), f"{self.path}-wal"
        # Not mode=ro, which leaves files behind: it cannot clear away those that SQLite reads with.
        db = _connect(f"{uri}?mode=rw", uri=True)
        try:
            db.execute("PRAGMA query_only = 1")
            db.execute("SELECT 1 FROM sqlite_master")
        except sqlite3.OperationalError as error:
            db.close()
            if error.sqlite_errorcode & 0xFF not in _NO_FILES_BESIDE:
                raise
            if os.path.isfile(log) and os.path.getsize(log):
                raise CollectionError(
                    f"{self.path}: what was written last is in {log}, which cannot be read where"
                    " nothing can be written. Copy both files to where you may write."
                ) from error
            return _connect(f"{uri}?immutable=1", uri=True)  # nobody writes to such media
        except BaseException:
            db.close()
            raise
        return db

    def write_ahead(self) -> None:
        """Let nobody who reads wait for one who writes."""
        stop = time.monotonic() + _PATIENCE
        # Unlike others, this change does not wait by itself.
        while not self._done(self._db, "PRAGMA journal_mode = WAL"):
            if time.monotonic() > stop:
                raise CollectionError(
                    f"{self.path} is in use by another program: wait until that is done"
                )
            time.sleep(_GLANCE / 10)

    def check_writable(self) -> None:
        """Raise an error if the file was opened to read only."""
        if self.read_only:
            raise CollectionError(
                f"{self.path} was opened to read, and cannot be changed so: open it to write, in"
                " Python without read_only=True"
            )

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """Return all rows of a query, checked as `check_rows` does."""
        with self._lock, self._errors():
            cursor = self._db.execute(sql, values)
            return self._checked(cursor, cursor.fetchall())

    def row(self, sql: str, *values: Any) -> Any:
        """Return the row of a query that has one."""
        found = self.rows(sql, *values)
        if len(found) != 1:
            raise senseless(self.path, f"{len(found)} rows where there is one ({sql:.60})")
        return found[0]

    def each(self, sql: str, *values: Any) -> Iterator[Any]:
        """Yield the rows of a query; inside `reading`."""
        with self._errors():
            cursor = self._db.execute(sql, values)
            while rows := cursor.fetchmany(_BLOCK):
                yield from self._checked(cursor, rows)

    def _checked(self, cursor: sqlite3.Cursor, rows: list[Any]) -> list[Any]:
        if rows:
            check_rows(self.path, [column for column, *_ in cursor.description], rows)
        return rows

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
        self.check_writable()
        with self._transaction("IMMEDIATE"):
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Others who want to be alone wait, in any process; who reads or writes does not.

        The lock is one of SQLite's, of an empty file beside: it ends with the process that has it.
        """
        name = self.path if self.path == ":memory:" else f"{self.path}-linking"
        with self._alone:
            with self._errors():
                lock = _connect(name, timeout=_GLANCE)
            with closing(lock):
                while not self._done(lock, "BEGIN EXCLUSIVE"):
                    pass
                yield

    def _done(self, db: sqlite3.Connection, sql: str) -> bool:
        """Run a statement, or return False if another connection stands in its way."""
        with self._errors():
            try:
                db.execute(sql)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                return False
        return True

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[None]:
        with self._lock:
            try:
                self.rows(f"BEGIN {kind}")
                yield
                self.rows("COMMIT")
            except BaseException:
                if (
                    not self._closed and self._db.in_transaction
                ):  # SQLite itself ends one when the disk is full
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
        except UnicodeDecodeError as error:  # in SQLite's own message
            raise CollectionError(
                f"{self.path}: cannot be used as a collection. {_ADVICE[sqlite3.SQLITE_CORRUPT]}"
            ) from error
        except MemoryError as error:  # a damaged file may ask for any amount
            raise CollectionError(
                f"{self.path}: reading it takes more memory than there is. Make memory free; if"
                " there is enough, the file is damaged: put back a copy."
            ) from error
        except UnicodeEncodeError as error:
            raise CollectionError(
                f"{self.path} takes only valid Unicode, found {error.object!r}"
            ) from error


def _connect(name: str, *, timeout: float | None = None, uri: bool = False) -> sqlite3.Connection:
    return sqlite3.connect(
        name,
        timeout=_PATIENCE if timeout is None else timeout,
        isolation_level=None,  # transactions begin where they are said to, not at a first write
        check_same_thread=False,
        uri=uri,
    )
