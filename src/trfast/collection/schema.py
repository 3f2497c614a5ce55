"""The tables of a collection's file, and how files of earlier versions become ones of this."""

from __future__ import annotations

import hashlib

from trfast.audio.names import check_name, written
from trfast.collection.connection import Connection
from trfast.errors import CollectionError, ParameterError

_APPLICATION_ID = int.from_bytes(b"trfa")

_VERSION = 2

# Ids are never used again: a row that came later is never taken for one that is gone.
_TABLES = (
    """
CREATE TABLE recording (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    source TEXT,      -- absolute path, a BLOB if it is not UTF-8; NULL: not from a file
    size INTEGER,     -- of the file or the samples, in bytes
    stamp INTEGER,    -- time of the file's last change in ns, or a hash of the samples
    made_by TEXT,     -- hash of the diarizer and its options
    model TEXT,       -- content hash of the model
    duration REAL,    -- seconds
    dimension INTEGER,
    stages TEXT,      -- JSON: seconds by stage
    error TEXT,       -- NULL: diarized
    details TEXT
)""",
    """
CREATE TABLE speaker (  -- local speakers, in order of appearance
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    recording INTEGER NOT NULL REFERENCES recording ON DELETE CASCADE,
    local TEXT NOT NULL,
    speech REAL NOT NULL,
    vector BLOB NOT NULL,  -- little-endian float32
    name TEXT,             -- in the whole collection; NULL: not linked yet
    similarity REAL,       -- to the most similar local speaker of that name
    nearest INTEGER REFERENCES speaker ON DELETE SET NULL,
    UNIQUE (recording, local)
)""",
    "CREATE INDEX speaker_nearest ON speaker (nearest)",
    """
CREATE TABLE turn (
    speaker INTEGER NOT NULL REFERENCES speaker ON DELETE CASCADE,
    start REAL NOT NULL,
    end REAL NOT NULL
)""",
    "CREATE INDEX turn_speaker ON turn (speaker)",
    """
CREATE TABLE state (  -- one row
    generation INTEGER NOT NULL,  -- grows whenever local speakers come or go
    linked INTEGER NOT NULL       -- the generation that the names are of
)""",
    "INSERT INTO state VALUES (0, 0)",
    # Here, so that nothing that writes can forget it.
    """
CREATE TRIGGER speaker_came AFTER INSERT ON speaker
BEGIN UPDATE state SET generation = generation + 1; END""",
    """
CREATE TRIGGER speaker_went AFTER DELETE ON speaker
BEGIN UPDATE state SET generation = generation + 1; END""",
)

_FROM_1 = (
    "DROP INDEX speaker_nearest",
    "DROP INDEX turn_speaker",
    *(f"ALTER TABLE {table} RENAME TO old_{table}" for table in ("turn", "speaker", "recording")),
    *_TABLES,
    *(
        f"INSERT INTO {table} SELECT * FROM old_{table}"
        for table in ("recording", "speaker", "turn")
    ),
    *(f"DROP TABLE old_{table}" for table in ("turn", "speaker", "recording")),
    # Linked, if all have a name and nobody is gone whom a name may have come from.
    "UPDATE state SET linked = generation WHERE NOT EXISTS (SELECT 1 FROM speaker"
    " WHERE name IS NULL OR (nearest IS NULL) != (similarity IS NULL))",
)


def prepare(db: Connection) -> None:
    """Make the tables of a new file; bring those of an earlier version to this one.

    Raises
    ------
    CollectionError
        If the file is another database, or a collection of a later version.
    """
    if _version(db) != _VERSION:
        with db.writing():  # alone: another process may be at it too
            version = _version(db)
            if version == 1:
                _run(db, _FROM_1)
                _mend_names(db)
            elif version == 0:
                _run(db, _TABLES)
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
        db.rows(f"PRAGMA {pragma}")


def _version(db: Connection) -> int:
    """Return the version of the file, 0 for a new one."""
    (application,), (version,), (n_tables,) = (
        db.rows(sql)[0]
        for sql in (
            "PRAGMA application_id",
            "PRAGMA user_version",
            "SELECT COUNT(*) FROM sqlite_master",
        )
    )
    if n_tables == 0:
        return 0
    if application != _APPLICATION_ID:
        raise CollectionError(
            f"{db.path} is an SQLite file, but no collection of trfast. Give another path."
        )
    if version not in (1, _VERSION):
        raise CollectionError(
            f"{db.path} is a collection of version {version}; this trfast reads version"
            f" 1 to {_VERSION}. Use the trfast that made it, or start a new file."
        )
    return int(version)


def _run(db: Connection, statements: tuple[str, ...]) -> None:
    for sql in statements:
        db.rows(sql)
    db.rows(f"PRAGMA application_id = {_APPLICATION_ID}")
    db.rows(f"PRAGMA user_version = {_VERSION}")


def _mend_names(db: Connection) -> None:
    """Version 1 took names that cannot be written; they stood in the way of all output."""
    for number, name in db.rows("SELECT id, name FROM recording"):
        try:
            check_name(name)
        except ParameterError:
            new = written(name) or "recording"
            if db.rows("SELECT 1 FROM recording WHERE name = ?", new):
                new += "~" + hashlib.sha256(name.encode()).hexdigest()[:8]
            db.rows("UPDATE recording SET name = ? WHERE id = ?", new, number)
