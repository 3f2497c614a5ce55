"""The tables of a collection's file, and how files of earlier versions become ones of this."""

from __future__ import annotations

import hashlib

from trfast.audio.names import check_name, written
from trfast.collection.connection import Connection
from trfast.errors import CollectionError, ParameterError

_APPLICATION_ID = int.from_bytes(b"trfa")

_VERSION = 4

_VOICE = """
CREATE TABLE voice (  -- that a speaker is known by; it counts while its correction holds
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    correction INTEGER NOT NULL REFERENCES correction,
    speaker INTEGER NOT NULL REFERENCES speaker,
    source TEXT NOT NULL,  -- what it was made of
    speech REAL NOT NULL,
    model TEXT NOT NULL,   -- content hash
    vector BLOB NOT NULL   -- little-endian float32
)"""
_VOICE_SPEAKER = "CREATE INDEX voice_speaker ON voice (speaker)"
_VOICES = """
CREATE VIEW voices AS
SELECT COALESCE(speaker.name, printf('speaker-%04d', speaker.id)) AS speaker,
    voice.speaker AS speaker_id, voice.source, voice.speech, voice.model, correction.made
FROM voice JOIN speaker ON speaker.id = voice.speaker
JOIN correction ON correction.id = voice.correction WHERE correction.undone IS NULL
ORDER BY voice.id"""
_LINKS = """
CREATE VIEW links AS
SELECT recording.name AS recording, one.local, one.id AS local_speaker,
    COALESCE(speaker.name, printf('speaker-%04d', speaker.id)) AS speaker,
    (SELECT correction.kind FROM known JOIN correction ON correction.id = known.correction
        WHERE known.local = one.id AND known.same AND correction.undone IS NULL
        ORDER BY known.id DESC LIMIT 1) AS correction,
    one.similarity, there.name AS nearest_recording, other.local AS nearest_local,
    one.runner_up_similarity, yonder.name AS runner_up_recording, second.local AS runner_up_local,
    one.enrolled_similarity
FROM local_speaker AS one JOIN recording ON recording.id = one.recording
LEFT JOIN speaker ON speaker.id = one.speaker
LEFT JOIN local_speaker AS other ON other.id = one.nearest
LEFT JOIN recording AS there ON there.id = other.recording
LEFT JOIN local_speaker AS second ON second.id = one.runner_up
LEFT JOIN recording AS yonder ON yonder.id = second.recording"""
_DOUBTS = """
CREATE VIEW doubts AS
SELECT recording, local, speaker, speech, similarity, runner_up_similarity, threshold,
    MIN(ABS(COALESCE(similarity, 1e9) - threshold),
        ABS(COALESCE(runner_up_similarity, 1e9) - threshold)) AS distance
FROM (SELECT links.*, one.speech, json_extract(state.how, '$[3]') AS threshold
    FROM links JOIN local_speaker AS one ON one.id = links.local_speaker, state)
WHERE correction IS NULL AND COALESCE(similarity, runner_up_similarity) IS NOT NULL
ORDER BY distance"""

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
CREATE TABLE speaker (  -- of the whole collection; one who is found nowhere any more stays
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT UNIQUE       -- as somebody gave it; NULL: speaker-0001 by the id
)""",
    """
CREATE TABLE local_speaker (  -- in order of appearance
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    recording INTEGER NOT NULL REFERENCES recording ON DELETE CASCADE,
    local TEXT NOT NULL,
    speech REAL NOT NULL,
    vector BLOB NOT NULL,  -- little-endian float32
    speaker INTEGER REFERENCES speaker,  -- NULL: not linked yet
    similarity REAL,       -- to the most similar local speaker of that speaker
    nearest INTEGER REFERENCES local_speaker ON DELETE SET NULL,
    runner_up_similarity REAL,  -- to the most similar one of all others, from the threshold on
    runner_up INTEGER REFERENCES local_speaker ON DELETE SET NULL,
    enrolled_similarity REAL,  -- to the voice by which it has its speaker; NULL: not by a voice
    UNIQUE (recording, local)
)""",
    "CREATE INDEX local_speaker_nearest ON local_speaker (nearest)",
    "CREATE INDEX local_speaker_runner_up ON local_speaker (runner_up)",
    "CREATE INDEX local_speaker_speaker ON local_speaker (speaker)",
    """
CREATE TABLE turn (
    speaker INTEGER NOT NULL REFERENCES local_speaker ON DELETE CASCADE,
    start REAL NOT NULL,
    end REAL NOT NULL
)""",
    "CREATE INDEX turn_speaker ON turn (speaker)",
    """
CREATE TABLE correction (  -- what somebody put right
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,    -- rename, merge, split, confirm, reject, distinguish, enrol
    what TEXT NOT NULL,    -- in words
    who TEXT NOT NULL,
    made TEXT NOT NULL,    -- UTC, ISO 8601
    why TEXT NOT NULL,
    before TEXT NOT NULL,  -- JSON: what undoing puts back
    undone TEXT            -- UTC; NULL: it holds
)""",
    """
CREATE TABLE known (  -- what corrections say of local speakers; the last one counts
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    correction INTEGER NOT NULL REFERENCES correction,
    local INTEGER NOT NULL REFERENCES local_speaker ON DELETE CASCADE,
    speaker INTEGER NOT NULL REFERENCES speaker,
    same INTEGER NOT NULL  -- 1: is this speaker; 0: is not
)""",
    "CREATE INDEX known_local ON known (local)",
    _VOICE,
    _VOICE_SPEAKER,
    """
CREATE TABLE state (  -- one row
    generation INTEGER NOT NULL,  -- grows whenever local speakers come, go or are named
    linked INTEGER NOT NULL,      -- the generation that the names are of
    how TEXT                      -- what compared them, at the last link
)""",
    "INSERT INTO state VALUES (0, 0, NULL)",
    # Here, so that nothing that writes can forget it.
    """
CREATE TRIGGER local_speaker_came AFTER INSERT ON local_speaker
BEGIN UPDATE state SET generation = generation + 1; END""",
    """
CREATE TRIGGER local_speaker_went AFTER DELETE ON local_speaker
BEGIN UPDATE state SET generation = generation + 1; END""",
    # For readers, in any program that reads SQLite.
    """
CREATE VIEW speakers AS
SELECT speaker.id, COALESCE(speaker.name, printf('speaker-%04d', speaker.id)) AS name,
    COUNT(DISTINCT local_speaker.recording) AS recordings, TOTAL(local_speaker.speech) AS speech
FROM speaker JOIN local_speaker ON local_speaker.speaker = speaker.id GROUP BY speaker.id""",
    """
CREATE VIEW turns AS
SELECT recording.name AS recording, turn.start, turn.end,
    COALESCE(speaker.name, printf('speaker-%04d', speaker.id)) AS speaker,
    local_speaker.speaker AS speaker_id, local_speaker.local
FROM turn JOIN local_speaker ON local_speaker.id = turn.speaker
JOIN recording ON recording.id = local_speaker.recording
LEFT JOIN speaker ON speaker.id = local_speaker.speaker""",
    _VOICES,
    _LINKS,
    _DOUBTS,
)

# Versions 1 and 2 had one table of speakers, the local ones, with the name in the collection.
_OLD_TABLES = ("turn", "speaker", "recording")
_FROM_EARLIER = (
    "DROP INDEX speaker_nearest",
    "DROP INDEX turn_speaker",
    *(f"ALTER TABLE {table} RENAME TO old_{table}" for table in _OLD_TABLES),
    *_TABLES,
    "INSERT INTO recording SELECT * FROM old_recording",
    "INSERT INTO speaker (id) SELECT DISTINCT CAST(substr(name, 9) AS INTEGER) FROM old_speaker"
    " WHERE name IS NOT NULL",
    "INSERT INTO local_speaker"
    " (id, recording, local, speech, vector, speaker, similarity, nearest)"
    " SELECT id, recording, local, speech, vector, CAST(substr(name, 9) AS INTEGER), similarity,"
    " nearest FROM old_speaker",
    "INSERT INTO turn SELECT * FROM old_turn",
    *(f"DROP TABLE old_{table}" for table in _OLD_TABLES),
)
_FROM_3 = (
    "ALTER TABLE local_speaker ADD COLUMN enrolled_similarity REAL",
    "DROP VIEW links",
    _VOICE,
    _VOICE_SPEAKER,
    _VOICES,
    _LINKS,
    _DOUBTS,
)
# Of version 1: if all have a name and nobody is gone whom a name may have come from.
_WAS_LINKED = {
    1: "SELECT NOT EXISTS (SELECT 1 FROM speaker"
    " WHERE name IS NULL OR (nearest IS NULL) != (similarity IS NULL))",
    2: "SELECT generation = linked FROM state",
}


def prepare(db: Connection) -> None:
    """Make the tables of a new file; bring those of an earlier version to this one.

    Raises
    ------
    CollectionError
        If the file is another database, or a collection of a later version.
    """
    with db.reading():  # of one moment: another process may be making the file
        version = _version(db)
    if version != _VERSION:
        with db.writing():  # alone: another process may be at it too
            version = _version(db)
            if version in _WAS_LINKED:
                _from_earlier(db, version)
            elif version == 3:
                _run(db, _FROM_3)
            elif version == 0:
                _run(db, _TABLES)
    db.write_ahead()
    # secure_delete: what is deleted of people is gone, and not left in free pages.
    for pragma in ("synchronous = NORMAL", "foreign_keys = ON", "secure_delete = ON"):
        db.rows(f"PRAGMA {pragma}")


def check(db: Connection) -> None:
    """Check that a file that is opened to read has the tables of this version.

    Raises
    ------
    CollectionError
        If it has not.
    """
    with db.reading():
        version = _version(db)
    if version == 0:
        raise CollectionError(f"{db.path} is empty, and no collection. Give another path.")
    if version != _VERSION:
        raise CollectionError(
            f"{db.path} is a collection of version {version}, which becomes one of version"
            f" {_VERSION} when it is opened to write: do so once, or with a copy of it, by trfast"
            " link, in Python without read_only=True."
        )


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
    if version not in (*_WAS_LINKED, 3, _VERSION):
        raise CollectionError(
            f"{db.path} is a collection of version {version}; this trfast reads version"
            f" 1 to {_VERSION}. Use the trfast that made it, or start a new file."
        )
    return int(version)


def _from_earlier(db: Connection, version: int) -> None:
    ((linked,),) = db.rows(_WAS_LINKED[version])
    if version == 2:
        db.rows("DROP TABLE state")
        for trigger in ("speaker_came", "speaker_went"):
            db.rows(f"DROP TRIGGER {trigger}")
    _run(db, _FROM_EARLIER)
    if version == 1:
        _mend_names(db)
    if linked:
        db.rows("UPDATE state SET linked = generation")


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
