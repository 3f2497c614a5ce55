"""What goes into the file of a collection, and comes out: recordings, their speakers and turns."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from itertools import groupby
from typing import Any

import numpy as np

from trfast.annotation import Annotation, Timeline, Turn
from trfast.collection.connection import Connection
from trfast.collection.handover import Handover
from trfast.collection.intake import checked_vectors
from trfast.collection.kinds import parsed, senseless
from trfast.collection.local_speakers import LocalSpeakers, local_speakers
from trfast.collection.records import Failure, Link, Origin, Recording, Speaker
from trfast.collection.schema import check, prepare
from trfast.diarization import Diarization
from trfast.errors import CollectionError

NAME_OF = "COALESCE(name, printf('speaker-%04d', id))"  # of a row of the table speaker


class Store:
    """The file, as recordings and speakers."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        read_only: bool = False,
        as_last_linked: bool = False,
    ) -> None:
        self.db = Connection(path, read_only=read_only)
        self.path = self.db.path
        self._as_last_linked = as_last_linked
        try:
            (check if read_only else prepare)(self.db)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    def keep(
        self, diarization: Diarization, origin: Origin, made_by: str | None, *, replace: bool
    ) -> None:
        """Write a diarization, in place of what was here under its name if `replace`."""
        vectors = checked_vectors(diarization)
        with self.db.writing():
            if not replace and self.holds(diarization.recording):
                raise CollectionError(
                    f"{self.path} has a recording {diarization.recording!r} already; remove it"
                    " first, or give this one another name"
                )
            handover = Handover(self.db, diarization.recording)
            recording = self._replace(
                diarization.recording,
                origin,
                made_by=made_by,
                model=diarization.model_hash,
                duration=float(diarization.duration),
                dimension=vectors.shape[1],
                stages=json.dumps(dict(diarization.stage_seconds)),
            )
            ids = {
                name: self.db.insert(
                    "local_speaker",
                    recording=recording,
                    local=name,
                    speech=float(seconds),
                    vector=vector.astype("<f4").tobytes(),
                )
                for name, seconds, vector in zip(
                    diarization.speakers, diarization.speech_durations, vectors, strict=True
                )
            }
            self.db.many(
                "INSERT INTO turn (speaker, start, end) VALUES (?, ?, ?)",
                (
                    (ids[turn.speaker], float(turn.start), float(turn.end))
                    for turn in diarization.annotation
                ),
            )
            handover.give()

    def fail(self, recording: str, error: Exception, origin: Origin) -> Failure:
        """Write an error, unless a diarization of the recording is here; return it."""
        failure = Failure.of(recording, origin.source, error)
        with self.db.writing():
            if not self.holds(recording):
                self._replace(recording, origin, error=failure.error, details=failure.details)
        return failure

    def remove(self, recordings: Sequence[str]) -> None:
        """Delete recordings, with their speakers and turns: all, or none."""
        with self.db.writing():
            numbers = [(self._recording(name),) for name in recordings]
            self.db.many("DELETE FROM recording WHERE id = ?", numbers)
            # Means of speakers hold vectors of what is gone; the next link that needs them makes
            # them anew.
            for table in ("summary", "summary_block"):
                if self.db.rows("SELECT 1 FROM sqlite_master WHERE name = ?", table):
                    self.db.rows(f"DELETE FROM {table}")

    def rename(self, old: str, new: str) -> None:
        """Give a recording another name."""
        with self.db.writing():
            number = self._recording(old)
            if self.db.rows("SELECT 1 FROM recording WHERE name = ? AND id != ?", new, number):
                raise CollectionError(
                    f"{self.path} has a recording {new!r} already: give another name"
                )
            self.db.rows("UPDATE recording SET name = ? WHERE id = ?", new, number)

    def _recording(self, name: str) -> int:
        found = self.db.rows("SELECT id FROM recording WHERE name = ?", name)
        if not found:
            raise CollectionError(f"{self.path} has no recording {name!r}")
        return int(found[0][0])

    def sources(self) -> dict[str, str | None]:
        """Return the file of each recording, diarized or failed."""
        rows = self.db.rows("SELECT name, source FROM recording")
        return {name: _path(source) for name, source in rows}

    def marks_of_change(self) -> dict[str, tuple[int | None, int | None, str | None]]:
        """Return size, stamp and maker of each diarized recording."""
        rows = self.db.rows("SELECT name, size, stamp, made_by FROM recording WHERE error IS NULL")
        return {name: (size, stamp, made_by) for name, size, stamp, made_by in rows}

    def models(self) -> list[tuple[str, list[str]]]:
        """Return each model, and the recordings with speakers that it made, the most first."""
        made: dict[str, list[str]] = {}
        for model, name in self.db.rows(
            "SELECT DISTINCT model, recording.name FROM recording"
            " JOIN local_speaker ON local_speaker.recording = recording.id ORDER BY recording.name"
        ):
            made.setdefault(model, []).append(name)
        return sorted(made.items(), key=lambda entry: -len(entry[1]))

    def made_by_others(self, model: str) -> list[tuple[str, str]]:
        """Return the recordings with speakers that another model made, by name, with that model."""
        return self.db.rows(
            "SELECT name, model FROM recording WHERE model != ?"
            " AND EXISTS (SELECT 1 FROM local_speaker WHERE recording = recording.id)"
            " ORDER BY name",
            model,
        )

    def totals(self) -> tuple[int, float, int]:
        """Return the diarized recordings, their seconds, and the recordings that failed."""
        n, seconds, failed = self.db.row(
            "SELECT COUNT(*) FILTER (WHERE error IS NULL), TOTAL(duration) AS duration,"
            " COUNT(*) FILTER (WHERE error IS NOT NULL) FROM recording"
        )
        return n, seconds, failed

    def recordings(self) -> list[Recording]:
        """Return the diarized recordings, by name."""
        return self._recordings("error IS NULL")

    def recording(self, name: str) -> Recording:
        """Return one diarized recording."""
        with self.db.reading():
            (found,) = self._recordings("recording.id = ?", self._diarized(name))
        return found

    def recordings_of(self, speaker: str) -> list[Recording]:
        """Return the recordings in which a speaker is, by name."""
        with self._linked():
            return self._recordings(
                "error IS NULL AND recording.id IN"
                " (SELECT recording FROM local_speaker WHERE speaker = ?)",
                self.speaker(speaker),
            )

    def _recordings(self, which: str, *values: int) -> list[Recording]:
        return [
            Recording(name, _path(source), *others)
            for name, source, *others in self.db.rows(
                "SELECT recording.name, source, duration, COUNT(local_speaker.id),"
                " TOTAL(speech) AS speech, model FROM recording LEFT JOIN local_speaker"
                f" ON local_speaker.recording = recording.id WHERE {which}"
                " GROUP BY recording.id ORDER BY recording.name",
                *values,
            )
        ]

    def failures(self) -> list[Failure]:
        """Return the recordings that could not be diarized, by name."""
        return [
            Failure(name, _path(source), *others)
            for name, source, *others in self.db.rows(
                "SELECT name, source, error, details FROM recording"
                " WHERE error IS NOT NULL ORDER BY name"
            )
        ]

    def diarization(self, recording: str) -> Diarization:
        """Read what `keep` wrote."""
        with self.db.reading():
            number = self._diarized(recording)
            duration, model_hash, dimension, stages = self.db.row(
                "SELECT duration, model, dimension, stages FROM recording WHERE id = ?", number
            )
            speakers = self.db.rows(
                "SELECT local, speech, vector FROM local_speaker WHERE recording = ? ORDER BY id",
                number,
            )
            turns = self.db.rows(
                "SELECT start, end, local FROM turn"
                " JOIN local_speaker ON local_speaker.id = turn.speaker"
                " WHERE local_speaker.recording = ?",
                number,
            )
        vectors = np.frombuffer(b"".join(vector for _, _, vector in speakers), "<f4")
        fits = isinstance(dimension, int) and 0 <= dimension < 2**31
        if not fits or len(vectors) != len(speakers) * dimension:
            what = f"{recording} has {len(speakers)} vectors of {len(vectors)} numbers in all"
            raise senseless(self.path, f"{what}, expected {dimension!r:.80} in each")
        return Diarization(
            annotation=Annotation(recording, turns),
            speakers=tuple(local for local, _, _ in speakers),
            vectors=vectors.reshape(len(speakers), dimension).astype(np.float32),
            speech_durations=np.array([seconds for _, seconds, _ in speakers], dtype=np.float64),
            duration=duration,
            model_hash=model_hash,
            stage_seconds=parsed(self.path, stages, dict, "stages"),
        )

    def _diarized(self, recording: str) -> int:
        number = self._recording(recording)
        (error,) = self.db.row("SELECT error FROM recording WHERE id = ?", number)
        if error is not None:
            raise CollectionError(f"recording {recording!r} could not be diarized: {error}")
        return number

    def annotation(self, recording: str) -> Annotation:
        """Return the turns of a recording, with the names of the collection."""
        with self._linked():
            self._diarized(recording)
            turns = self.db.rows(
                "SELECT start, end, speaker FROM turns"
                " WHERE recording = ? AND speaker_id IS NOT NULL",
                recording,
            )
        return Annotation(recording, turns)

    def turns_of(self, speaker: str) -> dict[str, Timeline]:
        """Return when a speaker speaks, by recording."""
        with self._linked():
            rows = self.db.rows(
                "SELECT recording, start, end FROM turns WHERE speaker_id = ? ORDER BY recording",
                self.speaker(speaker),
            )
        return {
            recording: Timeline((start, end) for _, start, end in turns)
            for recording, turns in groupby(rows, key=lambda row: row[0])
        }

    def speaker(self, name: str) -> int:
        """Return the id of the speaker of a name."""
        found = self.db.rows(
            "SELECT id FROM speaker WHERE (name = ? OR id = CAST(substr(?, 9) AS INTEGER))"
            f" AND {NAME_OF} = ?"
            " AND (EXISTS (SELECT 1 FROM local_speaker WHERE speaker = speaker.id)"
            " OR EXISTS (SELECT 1 FROM voice JOIN correction ON correction.id = correction"
            " WHERE voice.speaker = speaker.id AND undone IS NULL))",
            name,
            name,
            name,
        )
        if not found:
            there = [row[0] for row in self.db.rows("SELECT name FROM speakers")]
            near = get_close_matches(name, there, 1)
            hint = f"; is {near[0]!r} meant?" if near else ""
            raise CollectionError(f"{self.path} has no speaker {name!r}{hint}")
        return int(found[0][0])

    def local_speakers(self) -> LocalSpeakers:
        """Return who speaks in all recordings, to be linked."""
        with self.db.reading():
            return local_speakers(self.db)

    def linked_by(self) -> str | None:
        """Return what compared local speakers at the last link, as `name_speakers` was told."""
        (how,) = self.db.row("SELECT how FROM state")
        return None if how is None else str(how)

    def linked_speakers(self) -> tuple[LocalSpeakers, list[str], list[str]]:
        """Return the local speakers, their local names, and those of the collection, when all are
        linked."""
        with self.db.reading():
            self.check_linked()
            local = local_speakers(self.db, linked=True)
            rows = self.db.rows("SELECT local_speaker, local, speaker FROM links")
        names = {number: (name, speaker) for number, name, speaker in rows}
        return local, [names[k][0] for k in local.ids], [names[k][1] for k in local.ids]

    def links(self, speaker: str | None, recording: str | None) -> list[Link]:
        """Return why each local speaker has its name, of all or of a speaker or a recording."""
        which, values = ["speaker IS NOT NULL"], []
        with self._linked():
            if speaker is not None:
                which.append("speaker = ?")
                values.append(self.speaker(speaker))
            if recording is not None:
                which.append("recording = ?")
                values.append(self._diarized(recording))
            rows = self.db.rows(
                "SELECT recording, local, speaker, similarity, nearest_recording, nearest_local,"
                " correction, runner_up_similarity, runner_up_recording, runner_up_local,"
                " enrolled_similarity"
                " FROM links WHERE local_speaker IN"
                f" (SELECT id FROM local_speaker WHERE {' AND '.join(which)})"
                " ORDER BY recording, local_speaker",
                *values,
            )
        return [
            Link(name, local, who, score, _pair(a, b), correction, second, _pair(c, d), by_voice)
            for name, local, who, score, a, b, correction, second, c, d, by_voice in rows
        ]

    def speakers(self) -> list[Speaker]:
        """Return the speakers of the collection, by id."""
        with self._linked():
            rows = self.db.rows("SELECT name, recordings, speech, id FROM speakers ORDER BY id")
        return [Speaker(*row) for row in rows]

    def annotations(self) -> Iterator[Annotation]:
        """Yield the turns of each recording, with the names of the collection."""
        with self._linked():
            rows = self.db.rows(
                "SELECT recording.name, start AS first, end AS last, turns.speaker FROM recording"
                " LEFT JOIN turns"
                " ON turns.recording = recording.name AND speaker_id IS NOT NULL"
                " WHERE error IS NULL ORDER BY recording.name"
            )
        for recording, turns in groupby(rows, key=lambda row: row[0]):
            # A recording without turns has one row without times.
            yield Annotation(recording, [Turn(*turn) for _, *turn in turns if turn[0] is not None])

    @contextmanager
    def _linked(self) -> Iterator[None]:
        """All that the block reads is of one moment, at which all speakers have their names."""
        with self.db.reading():
            self.check_linked()
            yield

    def check_linked(self) -> None:
        """Raise an error unless all speakers have their names, or those of the last link are asked
        for; inside a transaction."""
        if self._as_last_linked or self.is_linked():
            return
        (n_new,) = self.db.row(
            "SELECT COUNT(DISTINCT recording) FROM local_speaker WHERE speaker IS NULL"
        )
        what = (
            f"{n_new} recordings of {self.path} are not linked yet"
            if n_new
            else f"recordings of {self.path} were removed since the last link"
        )
        raise CollectionError(f"{what}: link them first, by trfast link, in Python link()")

    def is_linked(self) -> bool:
        """Whether all speakers have their names."""
        (found,) = self.db.row(
            "SELECT generation = linked OR NOT EXISTS (SELECT 1 FROM local_speaker) FROM state"
        )
        return bool(found)

    def holds(self, recording: str) -> bool:
        """Whether there is a diarization of that name."""
        found = self.db.rows("SELECT 1 FROM recording WHERE name = ? AND error IS NULL", recording)
        return bool(found)

    def _replace(self, recording: str, origin: Origin, **values: Any) -> int:
        self.db.rows("DELETE FROM recording WHERE name = ?", recording)
        return self.db.insert(
            "recording",
            name=recording,
            source=None if origin.source is None else _column(origin.source),
            size=origin.size,
            stamp=origin.stamp,
            **values,
        )


def _column(path: str) -> str | bytes:
    try:
        path.encode()
    except UnicodeEncodeError:
        return os.fsencode(path)
    return path


def _path(column: str | bytes | None) -> str | None:
    return os.fsdecode(column) if isinstance(column, bytes) else column


def _pair(recording: str | None, local: str) -> tuple[str, str] | None:
    return None if recording is None else (recording, local)
