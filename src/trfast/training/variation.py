"""Varied copies of the reference's speech, as Baum-Welch statistics in files."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._files import replacing
from trfast.annotation import Annotation
from trfast.audio import SAMPLE_RATE, load
from trfast.embedding import IvectorEmbedder
from trfast.embedding.gmm import BaumWelchStatistics
from trfast.features import Mfcc, MfccConfig
from trfast.training.augmentation import AugmentationConfig, Samples, at_speed, varied
from trfast.training.labelled import LabelledCollection, single_speaker_turns

FloatArray = npt.NDArray[Any]
Arrays = dict[str, Any]

_LEAST_NOISE = 0.5
# Of a Gaussian, for its mean to be kept.
_LEAST_COUNT = 1e-3
# Bytes of statistics that stay in memory from one iteration to the next.
_MOST_KEPT = 1 << 28


def noises_of(
    collection: LabelledCollection,
    seconds: float,
    seed: int,
    *,
    least: float = _LEAST_NOISE,
    margin: float = 0.0,
) -> list[Samples]:
    """Return stretches in which nobody speaks, of recordings in a random order.

    They last `least` seconds or longer, `margin` seconds away from speech.
    """
    found: list[Samples] = []
    for name in np.random.default_rng(seed).permutation(list(collection.audio)).tolist():
        if sum(map(len, found)) >= seconds * SAMPLE_RATE:
            break
        samples, speech = load(collection.audio[name]), collection.reference[name].timeline()
        edges = [0.0, *(t for s in speech.merged() for t in (s.start, s.end)), np.inf]
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            last = len(samples) if end == np.inf else round(end * SAMPLE_RATE)
            edge = round(margin * SAMPLE_RATE)
            stretch = samples[round(start * SAMPLE_RATE) + edge : max(0, last - edge)]
            if len(stretch) >= least * SAMPLE_RATE and stretch.any():
                found.append(stretch.copy())
    return found


@dataclass(frozen=True, kw_only=True)
class Variation:
    """Makes the statistics of the varied speech of one recording.

    Parameters
    ----------
    collection : LabelledCollection
    embedder : IvectorEmbedder
        Its UBM counts.
    mfcc : MfccConfig
    augmentation : AugmentationConfig
    noises : list of ndarray
    seed : int
    """

    collection: LabelledCollection
    embedder: IvectorEmbedder
    mfcc: MfccConfig
    augmentation: AugmentationConfig
    noises: list[Samples]
    seed: int

    def __call__(self, name: str) -> Arrays:
        """Return the arrays of a recording's file, as `StoredStatistics` reads it."""
        rows = list(self._rows(name))
        speakers, speeds, zeroth, first = zip(*rows, strict=True) if rows else ((), (), (), ())
        shape = (len(rows), *self.embedder.ubm.means_.shape)
        counts = np.reshape(zeroth, shape[:2]).astype(np.float32)
        return {
            **half_precision(counts, np.reshape(first, shape)),
            "speakers": np.array(speakers, dtype=str),
            "speeds": np.array(speeds, dtype=np.float64),
        }

    def _rows(self, name: str) -> Iterator[tuple[str, float, FloatArray, FloatArray]]:
        """Yield speaker, speed and statistics of all they say there, as it is and varied; if it is
        varied, at their own speed of a random half of their turns, too."""
        rng = np.random.default_rng([self.seed, *name.encode()])
        n_copies = self.augmentation.n_copies
        turns = _turns(load(self.collection.audio[name]), self.collection.reference[name])
        for speaker, pieces in turns.items():
            for speed in (1.0, *self.augmentation.speeds):
                played = pieces if speed == 1 else [at_speed(piece, speed) for piece in pieces]
                for copy in range(n_copies + 1):
                    found = self._of_pieces(self._varied(played, rng) if copy else played)
                    if len(found):
                        yield speaker, speed, found.zeroth.sum(axis=0), found.first.sum(axis=0)
                    if n_copies and len(found) > 1 and speed == 1:
                        half = rng.permutation(len(found))[: len(found) // 2]
                        zeroth, first = found.zeroth[half], found.first[half]
                        yield speaker, speed, zeroth.sum(axis=0), first.sum(axis=0)

    def _varied(self, pieces: Sequence[Samples], rng: np.random.Generator) -> list[Samples]:
        bounds = np.cumsum([len(piece) for piece in pieces])[:-1]
        return list(np.split(varied(np.concatenate(pieces), self.noises, rng), bounds))

    def _of_pieces(self, pieces: Sequence[Samples]) -> BaumWelchStatistics:
        mfcc = Mfcc(self.mfcc)
        frames = [found for piece in pieces if len(found := mfcc.extract([piece]))]
        edges = np.cumsum([0, *map(len, frames)])
        static = np.concatenate([np.empty((0, 1 + self.mfcc.n_cepstra), np.float32), *frames])
        return self.embedder.statistics(static, np.column_stack([edges[:-1], edges[1:]]))


class StoredStatistics(Sequence[BaumWelchStatistics]):
    """Statistics of recordings, read from their files one recording at a time; the first 256 MB
    stay in memory.

    Parameters
    ----------
    folder : Path
    names : sequence of str
        Recordings.
    without : collection of str
        Speakers left out.
    plain : bool
        Only the speech at its own speed.
    """

    def __init__(
        self,
        folder: Path,
        names: Sequence[str],
        *,
        without: Collection[str] = (),
        plain: bool = False,
    ) -> None:
        self._folder = folder
        self._names = names
        self._without = list(without)
        self._plain = plain
        self._kept: dict[str, BaumWelchStatistics] = {}
        self._room = _MOST_KEPT

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, index: Any) -> Any:
        name = self._names[index]
        if name in self._kept:
            return self._kept[name]
        found = self.read(name)[0]
        if (size := found.zeroth.nbytes + found.first.nbytes) <= self._room:
            self._kept[name] = found
            self._room -= size
        return found

    def read(self, name: str) -> tuple[BaumWelchStatistics, list[str], FloatArray]:
        """Return statistics, and the speaker and the speed of each row."""
        with np.load(self._folder / f"{name}.npz") as file:
            kept = ~np.isin(file["speakers"], self._without)
            if self._plain:
                kept &= file["speeds"] == 1
            return (
                full_precision(file, kept),
                file["speakers"][kept].tolist(),
                file["speeds"][kept],
            )


def write_statistics(path: Path, arrays: Arrays) -> None:
    """Write the file of a recording."""
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **arrays)


def half_precision(counts: FloatArray, first: FloatArray) -> Arrays:
    """Return the arrays that a file of statistics holds: first-order ones as means, whose half
    precision is far finer than what the frames say of them."""
    means = first / np.maximum(counts, _LEAST_COUNT)[:, :, None]
    return {"counts": counts, "means": means.astype(np.float16)}


def full_precision(
    file: Mapping[str, FloatArray], rows: slice | npt.NDArray[np.bool_] = slice(None)
) -> BaumWelchStatistics:
    """Return the statistics of a file with what `half_precision` gives."""
    counts = file["counts"][rows]
    return BaumWelchStatistics(
        counts, file["means"][rows] * np.maximum(counts, _LEAST_COUNT)[:, :, None]
    )


def _turns(samples: Samples, annotation: Annotation) -> Mapping[str, list[Samples]]:
    """Samples of the stretches in which each speaker speaks alone."""
    found: dict[str, list[Samples]] = {}
    for start, end, speaker in single_speaker_turns(annotation):
        piece = samples[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
        if len(piece):
            found.setdefault(speaker, []).append(piece)
    return found
