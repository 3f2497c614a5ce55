"""The SQLite file of a collection: its tables, what goes in and comes out, its errors."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._checks import check_matrix
from trfast.annotation import Annotation
from trfast.collection.records import Failure, Origin
from trfast.diarization import Diarization
from trfast.errors import CollectionError
from trfast.linking import Links

_APPLICATION_ID = int.from_bytes(b"trfa")

_VERSION = 1

_SCHEMA = f"""
BEGIN;
CREATE TABLE recording (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    source TEXT,      -- absolute path; NULL: not from a file
    size INTEGER,     -- of the file or the samples, in bytes
    stamp INTEGER,    -- time of the file's last change in ns, or CRC-32 of the samples
    made_by TEXT,     -- hash of the diarizer and its options
    model TEXT,       -- content hash of the model
    duration REAL,    -- seconds
    dimension INTEGER,
    stages TEXT,      -- JSON: seconds by stage
    error TEXT,       -- NULL: diarized
    details TEXT
);
CREATE TABLE speaker (  -- local speakers, in order of appearance
    id INTEGER PRIMARY KEY,
    recording INTEGER NOT NULL REFERENCES recording ON DELETE CASCADE,
    local TEXT NOT NULL,
    speech REAL NOT NULL,
    vector BLOB NOT NULL,  -- little-endian float32
    name TEXT,             -- in the whole collection; NULL: not linked yet
    similarity REAL,       -- to the most similar local speaker of that name
    nearest INTEGER REFERENCES speaker ON DELETE SET NULL,
    UNIQUE (recording, local)
);
CREATE INDEX speaker_nearest ON speaker (nearest);
CREATE TABLE turn (
    speaker INTEGER NOT NULL REFERENCES speaker ON DELETE CASCADE,
    start REAL NOT NULL,
    end REAL NOT NULL
);
CREATE INDEX turn_speaker ON turn (speaker);
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_VERSION};
COMMIT;
"""


class Store:
    """Connection to the file; every error of SQLite comes out as CollectionError."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        with self._errors():
            self._db = sqlite3.connect(self.path, timeout=60, isolation_level="IMMEDIATE")
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        (application,), (version,), (n_tables,) = (
            self.rows(sql)[0]
            for sql in (
                "PRAGMA application_id",
                "PRAGMA user_version",
                "SELECT COUNT(*) FROM sqlite_master",
            )
        )
        if n_tables == 0:
            with self._errors():
                self._db.executescript(_SCHEMA)
        elif application != _APPLICATION_ID:
            raise CollectionError(
                f"{self.path} is an SQLite file, but no collection of trfast. Give another path."
            )
        elif version != _VERSION:
            raise CollectionError(
                f"{self.path} is a collection of version {version}; this trfast reads version"
                f" {_VERSION}. Use the trfast that made it, or start a new file."
            )
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            self.rows(f"PRAGMA {pragma}")

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """Return all rows of a query."""
        return list(self.each(sql, *values))

    def each(self, sql: str, *values: Any) -> Iterator[Any]:
        """Yield the rows of a query."""
        with self._errors():
            yield from self._db.execute(sql, values)

    def many(self, sql: str, values: Iterable[tuple[Any, ...]]) -> None:
        """Run one statement for each tuple of values."""
        with self._errors():
            self._db.executemany(sql, values)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that the block writes is kept, or nothing."""
        with self._errors(), self._db:
            yield

    def keep(self, diarization: Diarization, origin: Origin, made_by: str | None) -> None:
        """Write a diarization in place of what was here under its name."""
        vectors = check_matrix(diarization.vectors, "vectors")
        speakers, speech = diarization.speakers, diarization.speech_durations
        n_lost = len(set(diarization.annotation.speakers) - set(speakers))
        if not len(vectors) == len(speakers) == len(speech) or n_lost:
            raise CollectionError(
                f"the diarization of {diarization.recording!r} has {len(speakers)} speakers,"
                f" {len(vectors)} vectors, {len(speech)} speech durations, and {n_lost} speakers"
                " in its turns who are not among its speakers. These must agree."
            )
        with self.transaction():
            recording = self._replace(
                diarization.recording,
                origin,
                made_by=made_by,
                model=diarization.model_hash,
                duration=diarization.duration,
                dimension=vectors.shape[1],
                stages=json.dumps(dict(diarization.stage_seconds)),
            )
            ids = {
                name: self._insert(
                    "speaker",
                    recording=recording,
                    local=name,
                    speech=float(seconds),
                    vector=vector.astype("<f4").tobytes(),
                )
                for name, seconds, vector in zip(speakers, speech, vectors, strict=True)
            }
            self.many(
                "INSERT INTO turn (speaker, start, end) VALUES (?, ?, ?)",
                ((ids[turn.speaker], turn.start, turn.end) for turn in diarization.annotation),
            )

    def fail(self, recording: str, error: Exception, origin: Origin) -> Failure:
        """Write an error, unless a diarization of the recording is here; return it."""
        failure = Failure.of(recording, origin.source, error)
        with self.transaction():
            if not self.holds(recording):
                self._replace(recording, origin, error=failure.error, details=failure.details)
        return failure

    def holds(self, recording: str) -> bool:
        """Whether there is a diarization of that name."""
        found = self.rows("SELECT 1 FROM recording WHERE name = ? AND error IS NULL", recording)
        return bool(found)

    def diarization(self, recording: str) -> Diarization:
        """Read what `keep` wrote."""
        found = self.rows(
            "SELECT id, duration, model, dimension, stages, error FROM recording WHERE name = ?",
            recording,
        )
        if not found:
            raise CollectionError(f"{self.path} has no recording {recording!r}")
        ((recording_id, duration, model_hash, dimension, stages, error),) = found
        if error is not None:
            raise CollectionError(f"recording {recording!r} could not be diarized: {error}")
        speakers = self.rows(
            "SELECT local, speech, vector FROM speaker WHERE recording = ? ORDER BY id",
            recording_id,
        )
        vectors = np.frombuffer(b"".join(vector for _, _, vector in speakers), "<f4")
        return Diarization(
            annotation=self.annotation(recording, "local"),
            speakers=tuple(local for local, _, _ in speakers),
            vectors=vectors.reshape(len(speakers), dimension).astype(np.float32),
            speech_durations=np.array([seconds for _, seconds, _ in speakers], dtype=np.float64),
            duration=duration,
            model_hash=model_hash,
            stage_seconds=json.loads(stages),
        )

    def annotation(self, recording: str, column: str) -> Annotation:
        """Return the turns of a recording, with its speakers' `local` or collection `name`."""
        return Annotation(
            recording,
            self.rows(
                f"SELECT start, end, speaker.{column} FROM turn"
                " JOIN speaker ON speaker.id = turn.speaker"
                " JOIN recording ON recording.id = speaker.recording WHERE recording.name = ?",
                recording,
            ),
        )

    def local_speakers(
        self,
    ) -> tuple[list[int], list[str], list[float], npt.NDArray[np.float32]]:
        """Return id, recording, seconds of speech and vector of all, by recording name."""
        ((n, shortest, longest),) = self.rows(
            "SELECT COUNT(*), MIN(LENGTH(vector)), MAX(LENGTH(vector)) FROM speaker"
        )
        if shortest != longest:
            raise CollectionError(
                f"{self.path} holds vectors of {shortest // 4} to {longest // 4} dimensions, which"
                " cannot be compared. Diarize all with one model."
            )
        vectors = np.empty((n, longest // 4), np.float32)
        ids, recordings, speech = [], [], []
        for row, (speaker_id, recording, seconds, vector) in enumerate(
            self.each(
                "SELECT speaker.id, recording.name, speech, vector FROM speaker"
                " JOIN recording ON recording.id = speaker.recording"
                " ORDER BY recording.name, speaker.id"
            )
        ):
            ids.append(speaker_id)
            recordings.append(recording)
            speech.append(seconds)
            vectors[row] = np.frombuffer(vector, "<f4")
        return ids, recordings, speech, vectors

    def name_speakers(self, ids: list[int], links: Links) -> None:
        """Write the speaker of each local speaker, and why."""
        width = max(4, len(str(links.labels.max() + 1)))
        names = (f"speaker-{label + 1:0{width}}" for label in links.labels.tolist())
        reasons = (
            (similarity, ids[row]) if row >= 0 else (None, None)
            for row, similarity in zip(
                links.nearest.tolist(), links.similarities.tolist(), strict=True
            )
        )
        with self.transaction():
            self.many(
                "UPDATE speaker SET name = ?, similarity = ?, nearest = ? WHERE id = ?",
                (
                    (name, *reason, speaker)
                    for name, reason, speaker in zip(names, reasons, ids, strict=True)
                ),
            )

    def _replace(self, recording: str, origin: Origin, **values: Any) -> int:
        self.rows("DELETE FROM recording WHERE name = ?", recording)
        source, size, stamp = origin.source, origin.size, origin.stamp
        return self._insert(
            "recording", name=recording, source=source, size=size, stamp=stamp, **values
        )

    def _insert(self, table: str, **values: Any) -> int:
        columns, marks = ", ".join(values), ", ".join("?" * len(values))
        with self._errors():
            cursor = self._db.execute(
                f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(values.values())
            )
        return int(cursor.lastrowid or 0)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise CollectionError(
                f"{self.path}: cannot be used as a collection ({error}). It must be a file made by"
                " trfast, or a new one in a folder that exists and can be written."
            ) from error
