"""Labelled i-vectors, from the reference."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast.annotation import Annotation, Timeline
from trfast.embedding import Embedder
from trfast.features import MfccConfig, timeline_to_frames
from trfast.training.labelled import LabelledCollection, single_speaker_turns

FloatArray = npt.NDArray[Any]

# Of all speakers, and in number.
_MOST_STRANGERS, _LEAST_STRANGERS = 0.3, 20


@dataclass(frozen=True, eq=False)
class SpeakerVectors:
    """i-vectors of speakers in recordings, from the reference.

    Parameters
    ----------
    vectors : ndarray (n, rank), float32
    speakers, recordings : tuple of str
        Of each row.
    speeds : tuple of float
        Of each row: how many times as fast the speech was played; empty: 1 for all.
    """

    vectors: npt.NDArray[np.float32]
    speakers: tuple[str, ...]
    recordings: tuple[str, ...]
    speeds: tuple[float, ...] = ()

    @property
    def classes(self) -> list[str]:
        """What back-ends tell apart: speakers, and each at another speed as another."""
        pairs = zip(self.speakers, self.speeds or [1.0] * len(self.speakers), strict=True)
        return [speaker if speed == 1 else f"{speaker} x {speed:g}" for speaker, speed in pairs]

    def only(self, rows: Sequence[bool]) -> SpeakerVectors:
        """Return the rows that are true."""
        return SpeakerVectors(
            self.vectors[np.asarray(rows, dtype=bool)],
            tuple(compress(self.speakers, rows)),
            tuple(compress(self.recordings, rows)),
            tuple(compress(self.speeds, rows)),
        )


def strangers(collection: LabelledCollection, n: int, seed: int) -> frozenset[str]:
    """Choose speakers whom supervised back-ends do not hear: at most `n`, and of three in ten,
    those of one recording first, else by chance; none if fewer than 20 could be spared."""
    speakers = collection.speaker_recordings()
    order = [str(name) for name in np.random.default_rng(seed).permutation(sorted(speakers))]
    order.sort(key=lambda name: len(speakers[name]) > 1)
    n = min(n, int(_MOST_STRANGERS * len(order)))
    return frozenset(order[:n] if n >= _LEAST_STRANGERS else ())


def training_vectors(
    vectors: SpeakerVectors,
    collection: LabelledCollection,
    min_seconds: float,
    *,
    without: Collection[str] = (),
) -> SpeakerVectors:
    """Return what supervised back-ends learn from: those of speakers in recordings
    where they speak for `min_seconds`, but for some speakers."""
    found = collection.speaker_recordings(min_seconds=min_seconds)
    enough = {name: own for name, own in found.items() if name not in without}
    pairs = zip(vectors.speakers, vectors.recordings, strict=True)
    return vectors.only([recording in enough.get(speaker, ()) for speaker, recording in pairs])


def reference_vectors(
    frames: Mapping[str, FloatArray],
    reference: Mapping[str, Annotation],
    embedder: Embedder,
    mfcc: MfccConfig,
) -> SpeakerVectors:
    """Return one vector for each speaker in each recording, from the statistics of all their
    speech there (overlapped speech left out); `frames` are those that the embedder takes."""
    vectors: list[npt.NDArray[np.float32]] = []
    speakers: list[str] = []
    recordings: list[str] = []
    for name, annotation in reference.items():
        segments, names = reference_segments(annotation, len(frames[name]), mfcc)
        local, clusters = np.unique(np.array(names, dtype=str), return_inverse=True)
        statistics = embedder.cluster_statistics(frames[name], segments, clusters)
        vectors.append(embedder.vectors(statistics))
        speakers += local.tolist()
        recordings += [name] * len(local)
    rows = np.concatenate(vectors) if vectors else np.empty((0, 0), np.float32)
    return SpeakerVectors(rows, tuple(speakers), tuple(recordings))


def reference_segments(
    annotation: Annotation, n_frames: int, mfcc: MfccConfig
) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return the frame bounds where one speaker speaks alone, and the name of each."""
    turns = single_speaker_turns(annotation)
    segments, speakers = [np.empty((0, 2), np.int64)], []
    for start, end, speaker in turns:
        found = timeline_to_frames(Timeline([(start, end)]), n_frames, mfcc)
        segments.append(found)
        speakers += [speaker] * len(found)
    return np.concatenate(segments), speakers
