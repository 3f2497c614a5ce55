"""What scores windows, from the units of the reference's speech; and how much a unit counts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from trfast._threads import blas_limit, map_in_threads
from trfast.annotation import Annotation
from trfast.audio import stream
from trfast.diarization.joining import join_units_at
from trfast.embedding import (
    BaumWelchStatistics,
    IvectorEmbedder,
    PieceEmbedder,
    ProjectedStatistics,
)
from trfast.errors import ModelError
from trfast.features import Fbank, MfccConfig, frame_hop, frames_in, timeline_mask
from trfast.scoring.normalization import LengthNorm, Whitening
from trfast.scoring.two_covariance import TwoCovariance
from trfast.scoring.windows import WindowConfig, WindowScoring, in_windows, windows
from trfast.segmentation import (
    SegmentationConfig,
    Units,
    units_between_changes,
    windows_around,
)
from trfast.speech import SpeechDetector
from trfast.speech.regions import closed
from trfast.training.config import EstimatorConfig
from trfast.training.variation import Arrays, full_precision, half_precision
from trfast.training.vectors import SpeakerVectors, reference_segments

FloatArray = npt.NDArray[Any]
Vectors = Callable[[ProjectedStatistics], FloatArray]

# A window is learned from if one voice has this share of it, and it is so long, in whole ones.
_PURITY, _LEAST_LENGTH = 0.9, 0.6
# Seconds up to which pauses are closed.
_CLOSED = 0.5
# Every other window: neighbours say the same.
_STEP = 2
# Scales and thresholds that are tried: neither determines the other, but along a ridge.
_THRESHOLDS = (-32.0, -24.0, -16.0, -8.0, 0.0, 8.0)
IVECTOR_GRID = tuple(product((0.55, 0.6, 0.65, 0.7, 0.75, 0.8), _THRESHOLDS))
NEURAL_GRID = tuple(product((0.2, 0.3, 0.4, 0.5, 0.6, 0.8), _THRESHOLDS))
# Units of the pieces in which recordings are judged as well, half a minute and one: what suits long
# ones alone takes short ones for one speaker. Shorter pieces say nothing.
_PIECES, _LEAST_PIECE = (40, 80), 20


@dataclass(frozen=True, eq=False)
class SpokenUnits:
    """The units of a recording's speech, and who speaks in each.

    Parameters
    ----------
    name : str
        Of the recording.
    units : Units
    statistics : ProjectedStatistics
        One row a unit.
    speakers : list of str
    spoken : ndarray (n_units, n_speakers)
        Frames in which each speaks alone.
    """

    name: str
    units: Units
    statistics: ProjectedStatistics
    speakers: list[str]
    spoken: FloatArray

    @property
    def lengths(self) -> FloatArray:
        """Frames of each unit."""
        return (self.units.bounds[:, 1] - self.units.bounds[:, 0]).astype(np.float64)


@dataclass(frozen=True, kw_only=True)
class UnitStatistics:
    """Counts the statistics of the units of one recording.

    Parameters
    ----------
    frames : mapping of str to ndarray
    reference : mapping of str to Annotation
    embedder : IvectorEmbedder
        Its UBM counts, its normalization comes before.
    mfcc : MfccConfig
    segmentation : SegmentationConfig
    unit : float
        Seconds.
    """

    frames: Mapping[str, FloatArray]
    reference: Mapping[str, Annotation]
    embedder: IvectorEmbedder
    mfcc: MfccConfig
    segmentation: SegmentationConfig
    unit: float

    def __call__(self, name: str) -> Arrays:
        """Return the arrays of a recording's file, as `read_units` reads it."""
        static = np.asarray(self.frames[name])
        units = _units_of(self.reference[name], static, self.unit, self.mfcc, self.segmentation)
        counted = self.embedder.statistics(static, units.bounds)
        return _arrays(units, counted.zeroth, counted.first)


def _units_of(
    annotation: Annotation,
    static: FloatArray,
    unit: float,
    mfcc: MfccConfig,
    segmentation: SegmentationConfig,
) -> Units:
    """Units of what is said."""
    spoken = timeline_mask(annotation.timeline().merged(), len(static), mfcc)
    # As a detector finds it, which does not know where one turn ends and another starts.
    regions = closed(spoken, 0.0, _CLOSED, frame_hop(mfcc))
    return units_between_changes(
        static, regions, duration=unit, config=segmentation, hop=frame_hop(mfcc)
    )


def _arrays(units: Units, counts: FloatArray, first: FloatArray) -> Arrays:
    return {**half_precision(counts, first), "bounds": units.bounds, "regions": units.regions}


def read_units(
    folder: Path,
    reference: Mapping[str, Annotation],
    mfcc: MfccConfig,
    project: Callable[[BaumWelchStatistics], ProjectedStatistics],
) -> Iterator[SpokenUnits]:
    """Yield the units of each recording, their statistics projected."""
    for name, annotation in reference.items():
        with np.load(folder / f"{name}.npz") as file:
            counted, units = full_precision(file), Units(file["bounds"], file["regions"])
        speakers, spoken = _spoken(annotation, units, mfcc)
        yield SpokenUnits(name, units, project(counted), speakers, spoken)


def fit_windows(
    recordings: Sequence[SpokenUnits],
    vectors_of: Vectors,
    config: WindowConfig,
    estimators: EstimatorConfig,
    *,
    without: Collection[str] = (),
) -> WindowScoring:
    """Learn what of a window is its speaker, in each length.

    Parameters
    ----------
    recordings : sequence of SpokenUnits
    vectors_of : callable
        Makes vectors of the statistics of windows.
    config : WindowConfig
    estimators : EstimatorConfig
    without : collection of str
        Speakers left out.

    Raises
    ------
    ModelError
        If there are too few windows.
    """
    whitenings, models = [], []
    for length in config.lengths:
        vectors, speakers, names = _labelled(recordings, vectors_of, config, length, without)
        if len(vectors) < 2:
            raise ModelError(f"{len(vectors)} windows of one speaker each, expected at least 2")
        with blas_limit():
            whitening = Whitening(shrinkage=estimators.window_whitening).fit(vectors)
            model = TwoCovariance(
                n_components=min(estimators.window_components, vectors.shape[1]),
                shrinkage=estimators.window_shrinkage,
            ).fit(LengthNorm().fit_transform(whitening.transform(vectors)), speakers, names)
        whitenings.append(_single(whitening, "mean_", "matrix_"))
        models.append(_single(model, "mean_", "matrix_", "eigenvalues_"))
    return WindowScoring(config=config, whitenings=whitenings, models=models)


@dataclass(frozen=True, eq=False)
class EmbeddedUnits:
    """Counts the statistics of the units of one recording, as a network embeds them.

    Parameters
    ----------
    files : mapping of str to Path
        Audio.
    frames : mapping of str to ndarray
        Static frames.
    reference : mapping of str to Annotation
    network : PieceEmbedder
    detector : SpeechDetector or None
        What finds speech; None: the reference says.
    window, unit : float
        Seconds.
    mfcc, segmentation
        Settings.
    """

    files: Mapping[str, Path]
    frames: Mapping[str, FloatArray]
    reference: Mapping[str, Annotation]
    network: PieceEmbedder
    detector: SpeechDetector | None
    window: float
    unit: float
    mfcc: MfccConfig
    segmentation: SegmentationConfig

    def __call__(self, name: str) -> Arrays:
        """Return the arrays of a recording's file, as `read_units` reads it."""
        static, hop = np.asarray(self.frames[name]), frame_hop(self.mfcc)
        if self.detector is None:
            units = _units_of(self.reference[name], static, self.unit, self.mfcc, self.segmentation)
        else:
            regions = self.detector.detect(static)
            units = units_between_changes(
                static, regions, duration=self.unit, config=self.segmentation, hop=hop
            )
        banks = Fbank().extract(stream(self.files[name]))
        around = windows_around(units, frames_in(self.window, hop))
        counted = self.network.segment_statistics(banks, units.bounds, around, hop=hop)
        return _arrays(units, counted.zeroth, counted.first[:, None])


def speaker_vectors(
    recordings: Sequence[SpokenUnits], vectors_of: Vectors, *, without: Collection[str] = ()
) -> SpeakerVectors:
    """Return the vector of each speaker in each recording, from units of one voice."""
    vectors, speakers, names = [], [], []
    for recording in recordings:
        shares = recording.spoken / np.maximum(recording.lengths[:, None], 1)
        for k, speaker in enumerate(recording.speakers):
            own = np.flatnonzero(shares[:, k] >= _PURITY)
            if speaker in without or not len(own):
                continue
            labels = np.zeros(len(own), np.int64)
            rows = ProjectedStatistics(
                recording.statistics.zeroth[own], recording.statistics.first[own]
            )
            vectors.append(vectors_of(rows.grouped(labels, 1))[0])
            speakers.append(speaker)
            names.append(recording.name)
    return SpeakerVectors(
        np.array(vectors, np.float32), tuple(speakers), tuple(names), (1.0,) * len(names)
    )


@dataclass(frozen=True, eq=False)
class WindowFold:
    """What scores windows, and the speakers, unheard by it, on whom it is judged."""

    scoring: WindowScoring
    vectors_of: Vectors
    recordings: Sequence[SpokenUnits]
    speakers: Collection[str]


def tune_windows(
    folds: Sequence[WindowFold],
    hop: float,
    *,
    grid: Sequence[tuple[float, float]] = IVECTOR_GRID,
    n_threads: int | None = 1,
) -> tuple[WindowConfig, float]:
    """Choose scale and threshold together, those of the least confusion of the folds' speakers, in
    whole recordings and in pieces of half a minute and of a minute.

    Parameters
    ----------
    folds : sequence of WindowFold
    hop : float
        Seconds a frame.
    grid : sequence of (float, float)
        Scales and thresholds that are tried.
    n_threads : int, optional
        The result does not depend on it.

    Returns
    -------
    config : WindowConfig
    confused : float
        Share of the speakers' speech that goes to another label than theirs, in whole recordings.
    """
    items = [(fold, recording) for fold in folds for recording in fold.recordings]
    counts = map_in_threads(lambda item: _counts(*item, grid, hop), items, n_threads)
    total = np.sum(counts, axis=0)
    shares = total[1:] / np.maximum(total[0], 1)
    best = int(shares.mean(axis=1).argmin())
    scale, threshold = grid[best]
    config = replace(folds[0].scoring.config, scale=scale, threshold=threshold)
    return config, float(shares[best, 0])


def _counts(
    fold: WindowFold,
    recording: SpokenUnits,
    grid: Sequence[tuple[float, float]],
    hop: float,
) -> FloatArray:
    """Frames of the fold's speakers, in the first row, and those confused by each setting, in the
    whole recording and in pieces of each size, (1 + n_settings, 1 + n_sizes)."""
    counts = np.zeros((1 + len(grid), 1 + len(_PIECES)))
    own = np.isin(recording.speakers, list(fold.speakers))
    if not recording.spoken[:, own].any():
        return counts
    durations, config = recording.lengths * hop, fold.scoring.config
    # Rows grow with the root of the scale, eigenvalues with the scale itself.
    plain = replace(fold.scoring, config=replace(config, scale=1.0))
    rows = plain.rows(recording.statistics, recording.units.regions, fold.vectors_of)
    n = len(rows)
    scales: dict[float, list[int]] = {}
    for i, (scale, _) in enumerate(grid):
        scales.setdefault(scale, []).append(i)
    for k, size in enumerate((n, *_PIECES)):
        for start in range(0, n, size):
            piece = slice(start, start + size)
            spoken = recording.spoken[piece]
            if size < n and len(spoken) < _LEAST_PIECE:
                continue
            counts[0, k] += spoken[:, own].sum()
            for scale, places in scales.items():
                found = join_units_at(
                    rows[piece] * np.float32(np.sqrt(scale)),
                    durations[piece],
                    plain.eigenvalues * np.float32(scale),
                    config,
                    [grid[i][1] for i in places],
                )
                for i, labels in zip(places, found, strict=True):
                    counts[1 + i, k] += _confused(spoken, labels, own)
    return counts


def _confused(spoken: FloatArray, labels: npt.NDArray[np.int64], own: FloatArray) -> float:
    """Frames of the `own` speakers outside the labels that stand for them, one to one."""
    shared = np.zeros((spoken.shape[1], int(labels.max()) + 1))
    np.add.at(shared.T, labels, spoken)
    right = np.zeros(len(shared))
    rows, columns = linear_sum_assignment(-shared)
    right[rows] = shared[rows, columns]
    return float((shared.sum(axis=1) - right)[own].sum())


def _labelled(
    recordings: Sequence[SpokenUnits],
    vectors_of: Vectors,
    config: WindowConfig,
    length: float,
    without: Collection[str],
) -> tuple[FloatArray, list[str], list[str]]:
    """Vectors of windows that one voice has for itself, its speaker, and the recording."""
    weights = config.weights(length)
    vectors, speakers, names = [], [], []
    for recording in recordings:
        regions = recording.units.regions
        lengths = in_windows(recording.lengths[:, None], regions, weights)
        shares = in_windows(recording.spoken, regions, weights) / lengths
        whole = weights.sum() * np.median(recording.lengths) if len(lengths) else 0.0
        chosen = (shares.max(axis=1, initial=0) >= _PURITY) & (
            lengths[:, 0] >= _LEAST_LENGTH * whole
        )
        chosen[1::_STEP] = False
        rows = np.flatnonzero(chosen)
        rows = rows[
            ~np.isin(np.array(recording.speakers)[shares[rows].argmax(axis=1)], list(without))
        ]
        vectors.append(vectors_of(windows(recording.statistics, regions, weights))[rows])
        speakers += [recording.speakers[k] for k in shares[rows].argmax(axis=1)]
        names += [recording.name] * len(rows)
    return np.concatenate(vectors), speakers, names


def _spoken(annotation: Annotation, units: Units, mfcc: MfccConfig) -> tuple[list[str], FloatArray]:
    """Speakers, and the frames of each unit in which each of them speaks alone."""
    n_frames = int(units.bounds[:, 1].max(initial=0))
    segments, names = reference_segments(annotation, n_frames, mfcc)
    speakers, who = np.unique(np.array(names, dtype=str), return_inverse=True)
    unit = np.full(n_frames, -1, np.int64)
    for k, (first, last) in enumerate(units.bounds.tolist()):
        unit[first:last] = k
    spoken = np.zeros((len(units), len(speakers)), np.float32)
    for (first, last), speaker in zip(segments.tolist(), who.tolist(), strict=True):
        inside = unit[first:last]
        np.add.at(spoken[:, speaker], inside[inside >= 0], 1)
    return speakers.tolist(), spoken


def _single(estimator: Any, *learned: str) -> Any:
    """In single precision, as a model file holds it."""
    for name in learned:
        setattr(estimator, name, getattr(estimator, name).astype(np.float32))
    return estimator
