"""Voices: what is heard of one speaker, and those that are enrolled in a collection's file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trfast.collection.kinds import senseless
from trfast.collection.records import Voice
from trfast.collection.store import Store
from trfast.diarization import Diarization, Job
from trfast.errors import CollectionError
from trfast.execution import DiarizesOne
from trfast.linking import Voices

# Share of speech that others have in what is enrolled as one voice, from where on it is told.
_OTHERS = 0.2


def hear_voice(job: Job, diarizer: DiarizesOne, speaker: str) -> tuple[Diarization, list[str]]:
    """Return all that is said in a recording as the voice of one speaker, and what is suspicious
    about it. One pass is enough where one speaker is found."""
    voice = found = diarizer(job)
    if len(found.speakers) != 1:
        voice = diarizer(replace(job, num_speakers=1, min_speakers=None, max_speakers=None))
    warnings = [f"{job.name}: {warning}" for warning in voice.warnings]
    speech = found.speech_durations
    if speech.sum() - speech.max(initial=0.0) >= _OTHERS * speech.sum():
        warnings.append(
            f"{job.name}: {len(speech)} speakers seem to speak there: say where {speaker}"
            " does, with --speech, in Python Job(speech=...)"
        )
    return voice, warnings


def voices_of(store: Store) -> list[Voice]:
    """Return the voices that are enrolled, in the order in which they were."""
    return [
        Voice(*row)
        for row in store.db.rows("SELECT speaker, source, speech, model, made FROM voices")
    ]


def known_voices(store: Store, model_hash: str, margin: float | None) -> Voices | None:
    """Return the voices that are enrolled, to be compared by a model; None if there are none.

    Raises
    ------
    CollectionError
        If another model made some of them.
    """
    rows = store.db.rows(
        "SELECT speaker AS speaker_id, vector, source, model FROM voice"
        " JOIN correction ON correction.id = voice.correction WHERE undone IS NULL"
        " ORDER BY voice.id"
    )
    others = [source for _, _, source, model in rows if model != model_hash]
    if others:
        raise CollectionError(
            f"{store.path} has {len(others)} voices, such as {others[0]}, that another model made"
            f" than its recordings ({model_hash:.12}), and they cannot be compared: undo what"
            " enrolled them, and enrol them with that model"
        )
    if not rows:
        return None
    if len({len(vector) for _, vector, _, _ in rows}) > 1 or None in [row[0] for row in rows]:
        raise senseless(store.path, "voices are not all of a speaker, with vectors equally long")
    vectors = np.stack([np.frombuffer(vector, "<f4") for _, vector, _, _ in rows])
    return Voices(vectors, [speaker for speaker, *_ in rows], margin)
