"""What diarization gives: turns and vectors; and, half-way, embedded segments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from trfast._pictures import card, timeline_picture
from trfast.annotation import Annotation, Turn
from trfast.embedding.ivector import ProjectedStatistics


@dataclass(frozen=True, kw_only=True, eq=False)
class Diarization:
    """Who speaks when in one recording, and a vector for each of its speakers.

    Parameters
    ----------
    annotation : Annotation
        Turns with the names of local speakers (``S1``, ``S2``, ... in order of appearance).
    speakers : tuple of str
        Local speakers, one a row of `vectors`.
    vectors : ndarray (n_speakers, dimension), float32
        i-vector of each local speaker, from all his speech, before any back-end.
    speech_durations : ndarray (n_speakers,), float64
        Seconds of speech of each local speaker.
    duration : float
        Seconds of audio.
    model_hash : str
        `ModelBundle.vectors_hash` of the model that made this.
    stage_seconds : mapping of str to float
        Seconds of CPU time, by stage.
    warnings : tuple of str
        What is suspicious about the sound, such as channels that cancel each other. A collection
        does not keep it.
    """

    annotation: Annotation
    speakers: tuple[str, ...]
    vectors: npt.NDArray[np.float32]
    speech_durations: npt.NDArray[np.float64]
    duration: float
    model_hash: str
    stage_seconds: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return (
            f"<Diarization of {self.recording!r}: {self.duration:.1f} s, {len(self.annotation)}"
            f" turns, {len(self.speakers)} speakers>"
        )

    def _repr_html_(self) -> str:
        spans = {
            name: [(s.start, s.end) for s in found]
            for name, found in self.annotation.timeline_by_speaker().items()
        }
        return card(repr(self), timeline_picture(spans, self.duration))

    @property
    def recording(self) -> str:
        """Name of the recording."""
        return self.annotation.recording


@dataclass(frozen=True, eq=False)
class EmbeddedSegments:
    """The segments of one recording, and the statistics of their clusters.

    Parameters
    ----------
    recording : str
    duration : float
        Seconds of audio.
    seconds : ndarray (n, 2), float64
        Start and end of each segment, rising.
    clusters : ndarray (n,), int64
        BIC cluster of each segment, numbered in order of appearance.
    statistics : ProjectedStatistics
        One row a BIC cluster.
    """

    recording: str
    duration: float
    seconds: npt.NDArray[np.float64]
    clusters: npt.NDArray[np.int64]
    statistics: ProjectedStatistics


def diarization_of(
    segments: EmbeddedSegments,
    labels: npt.NDArray[np.int64],
    vectors: npt.NDArray[np.float32],
    *,
    model_hash: str,
    stage_seconds: Mapping[str, float],
) -> Diarization:
    """Return segments as the turns of local speakers, by the speaker of each segment and the vector
    of each speaker; touching segments of one speaker become one turn."""
    speakers = tuple(f"S{k + 1}" for k in range(len(vectors)))
    turns: list[Turn] = []
    for (start, end), label in zip(segments.seconds.tolist(), labels.tolist(), strict=True):
        speaker = speakers[label]
        if turns and turns[-1].speaker == speaker and start <= turns[-1].end:
            start = turns.pop().start
        turns.append(Turn(start, end, speaker))
    durations = segments.seconds[:, 1] - segments.seconds[:, 0]
    return Diarization(
        annotation=Annotation(segments.recording, turns),
        speakers=speakers,
        vectors=vectors,
        speech_durations=np.bincount(labels, durations, len(speakers)).astype(np.float64),
        duration=segments.duration,
        model_hash=model_hash,
        stage_seconds=dict(stage_seconds),
    )
