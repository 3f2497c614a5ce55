"""LocalSpeakers: what a link reads of a collection's file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trfast.collection.connection import Connection
from trfast.collection.kinds import senseless
from trfast.errors import CollectionError
from trfast.linking import Known

_ALL = (
    "SELECT local_speaker.id, recording.name, speech, vector, speaker AS speaker_id"
    " FROM local_speaker JOIN recording ON recording.id = local_speaker.recording"
)


@dataclass(frozen=True, eq=False)
class LocalSpeakers:
    """The local speakers of all recordings at one moment, by recording name and appearance."""

    generation: int
    models: list[str]
    ids: list[int]
    recordings: list[str]
    speech: list[float]
    vectors: npt.NDArray[np.float32]
    before: npt.NDArray[np.int64]  # id of the speaker that each was; 0 for none
    known: Known
    how: str | None  # what compared them at the last link


def local_speakers(db: Connection, *, linked: bool = False) -> LocalSpeakers:
    """Return those of all recordings, or those who are linked; inside a transaction."""
    which = "speaker IS NOT NULL" if linked else "1"
    ((n, shortest, longest),) = db.rows(
        "SELECT COUNT(*), MIN(LENGTH(vector)), MAX(LENGTH(vector)) FROM local_speaker"
        f" WHERE {which}"
    )
    if shortest != longest:
        raise CollectionError(
            f"{db.path} holds vectors of {shortest // 4} to {longest // 4} dimensions,"
            " which cannot be compared. Diarize all with one model."
        )
    generation, how = db.row("SELECT generation, how FROM state")
    models = [
        model
        for (model,) in db.rows(
            "SELECT DISTINCT model FROM recording"
            " WHERE EXISTS (SELECT 1 FROM local_speaker WHERE recording = recording.id)"
        )
    ]
    sql = f"{_ALL} WHERE {which}"
    return _read(db, n, (longest or 0) // 4, generation, models, how, sql)


def new_speakers(db: Connection) -> tuple[LocalSpeakers, int] | None:
    """Return the local speakers that have come since the last link, and how many there are in
    all; None if that is not all that has changed, or nobody has come."""
    with db.reading():
        generation, linked, how = db.row("SELECT generation, linked, how FROM state")
        ((n_new, longest),) = db.rows(
            "SELECT COUNT(*), MAX(LENGTH(vector)) FROM local_speaker WHERE speaker IS NULL"
        )
        # Who went, or came for another one and has its speaker, counts in the generation only.
        if not n_new or generation - linked != n_new:
            return None
        ((n,),) = db.rows("SELECT COUNT(*) FROM local_speaker")
        models = db.rows(
            "SELECT DISTINCT model FROM recording WHERE id IN"
            " (SELECT recording FROM local_speaker WHERE speaker IS NULL)"
        )
        made_by = [model for (model,) in models]
        where = f"{_ALL} WHERE speaker IS NULL"
        return _read(db, n_new, longest // 4, generation, made_by, how, where), n


def with_speakers(
    db: Connection, new: LocalSpeakers, speakers: npt.NDArray[np.int64]
) -> LocalSpeakers:
    """Return new local speakers, and all of some speakers; not in order."""
    found = [new]
    with db.reading():
        for speaker in speakers.tolist():
            where = f"{_ALL} WHERE speaker = {speaker}"
            ((n,),) = db.rows("SELECT COUNT(*) FROM local_speaker WHERE speaker = ?", speaker)
            found.append(_read(db, n, new.vectors.shape[1], new.generation, [], new.how, where))
    return LocalSpeakers(
        new.generation,
        new.models,
        [number for some in found for number in some.ids],
        [recording for some in found for recording in some.recordings],
        [seconds for some in found for seconds in some.speech],
        np.concatenate([some.vectors for some in found]),
        np.concatenate([some.before for some in found]),
        new.known,
        new.how,
    )


def _read(
    db: Connection,
    n: int,
    dimension: int,
    generation: int,
    models: list[str],
    how: str | None,
    sql: str,
) -> LocalSpeakers:
    vectors = np.empty((n, dimension), np.float32)
    before = np.zeros(n, np.int64)
    ids, recordings, speech = [], [], []
    for row, (number, recording, seconds, vector, speaker) in enumerate(
        db.each(f"{sql} ORDER BY recording.name, local_speaker.id")
    ):
        if row == n or len(vector) != vectors.shape[1] * 4:
            break
        ids.append(number)
        recordings.append(recording)
        speech.append(seconds)
        vectors[row] = np.frombuffer(vector, "<f4")
        before[row] = speaker or 0
    if len(ids) != n:
        what = f"{n} local speakers are not all of a recording, with {dimension} numbers"
        raise senseless(db.path, what)
    known = _known(db, ids)
    return LocalSpeakers(generation, models, ids, recordings, speech, vectors, before, known, how)


def _known(db: Connection, ids: Sequence[int]) -> Known:
    """What corrections say of local speakers, of which the last one counts."""
    row_of = {number: row for row, number in enumerate(ids)}
    speakers = np.full(len(ids), -1, np.int64)
    refused: dict[tuple[int, int], None] = {}
    for local, speaker, same in db.rows(
        "SELECT local AS local_id, known.speaker AS id, same FROM known"
        " JOIN correction ON correction.id = known.correction WHERE undone IS NULL"
        " ORDER BY known.id"
    ):
        row = row_of.get(local)
        if row is None:
            continue
        if same:
            speakers[row] = speaker
            refused.pop((row, speaker), None)
        else:
            refused[row, speaker] = None
            if speakers[row] == speaker:
                speakers[row] = -1
    return Known(speakers, list(refused))
