"""What a collection takes: a diarization whose parts agree, with names that can be written."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trfast._checks import check_matrix, check_type
from trfast.audio import check_name
from trfast.diarization import Diarization, Job
from trfast.errors import CollectionError

_SLACK = 0.1  # seconds; decoders and transcripts do not agree on where a recording ends


def checked_vectors(diarization: Diarization) -> npt.NDArray[np.float32]:
    """Return the vectors of a diarization that can be kept.

    Raises
    ------
    CollectionError
        If its parts do not agree, or its times cannot be.
    ParameterError
        If a name cannot be written, or vectors are not finite.
    """
    check_name(diarization.recording)
    for speaker in diarization.speakers:
        check_name(speaker, "speaker")
    vectors = check_matrix(diarization.vectors, "vectors")
    speakers, speech = diarization.speakers, np.asarray(diarization.speech_durations, np.float64)
    n_lost = len(set(diarization.annotation.speakers) - set(speakers))
    if not len(vectors) == len(speakers) == len(speech) or n_lost:
        raise CollectionError(
            f"the diarization of {diarization.recording!r} has {len(speakers)} speakers,"
            f" {len(vectors)} vectors, {len(speech)} speech durations, and {n_lost} speakers"
            " in its turns who are not among its speakers. These must agree."
        )
    if len(set(speakers)) < len(speakers):
        raise CollectionError(
            f"the diarization of {diarization.recording!r} names two speakers alike:"
            f" {', '.join(speakers)}. Each must have a name of their own."
        )
    _check_times(diarization, speech)
    return vectors


def checked_voice(diarization: Diarization) -> npt.NDArray[np.float32]:
    """Return the vector of a diarization that has one speaker, (dimension,).

    Raises
    ------
    CollectionError, ParameterError
        As `checked_vectors`; or if it has none, or several.
    """
    check_type(diarization, Diarization, "voice", hint="give Diarizer(num_speakers=1)(file)")
    vectors = checked_vectors(diarization)
    if len(vectors) != 1:
        raise CollectionError(
            f"{diarization.recording} has {len(vectors)} speakers, expected one, whose voice is to"
            " be known" + (": in Python Diarizer(num_speakers=1)" if len(vectors) else "")
        )
    return np.asarray(vectors[0])


def checked_result(job: Job, found: Diarization) -> Diarization:
    """Return what a diarizer made of a job, if it can be kept as that.

    Raises
    ------
    CollectionError, ParameterError
        As `checked_vectors`; or if it has another name than the job.
    """
    if found.recording != job.name:
        raise CollectionError(
            f"the diarizer gave a recording {found.recording!r} for the job {job.name!r}, expected"
            " the same name: make its Annotation with job.name"
        )
    checked_vectors(found)
    return found


def _check_times(diarization: Diarization, speech: npt.NDArray[np.float64]) -> None:
    name, duration = diarization.recording, diarization.duration
    if not 0 <= duration < np.inf:
        raise CollectionError(
            f"the diarization of {name!r} has a duration of {duration} s, expected 0 or more"
        )
    wrong = np.flatnonzero(~((speech >= 0) & (speech <= duration + _SLACK)))
    if len(wrong):
        raise CollectionError(
            f"the diarization of {name!r} has {speech[wrong[0]]} s of speech of"
            f" {diarization.speakers[wrong[0]]}, expected 0 to {duration} s, its duration"
        )
    for turn in diarization.annotation:
        if turn.start < 0 or turn.end > duration + _SLACK:
            raise CollectionError(
                f"the diarization of {name!r} has a turn from {turn.start} to {turn.end} s,"
                f" expected 0 to {duration} s, its duration"
            )
