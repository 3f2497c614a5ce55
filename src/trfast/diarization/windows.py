"""The units of one recording -> its speakers, by the evidence of the windows around them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from trfast.clustering import in_order_of_appearance
from trfast.diarization.stage_times import StageTimes
from trfast.embedding import ProjectedStatistics
from trfast.errors import ModelError
from trfast.evidence import agglomerate, sums_of_labels
from trfast.features import frame_hop, frames_in
from trfast.features.clock import HOP
from trfast.features.frames import Frames
from trfast.model import ModelBundle
from trfast.scoring.windows import WindowConfig, WindowScoring
from trfast.segmentation import (
    Units,
    longest_windows,
    viterbi_resegmentation,
    windows_around,
)

FloatArray = npt.NDArray[Any]
Bounds = npt.NDArray[np.int64]
Labels = npt.NDArray[np.int64]

# Units whose statistics are in memory at a time.
_BLOCK = 2048


def window_scoring_of(model: ModelBundle) -> WindowScoring:
    """Return what scores windows in the model.

    Raises
    ------
    ModelError
        If it has nothing of the kind.
    """
    if model.windows is None:
        raise ModelError("the model has nothing that scores windows: give a comparison")
    return model.windows


def speakers_of_units(
    model: ModelBundle, static: Frames, units: Units, *, clock: StageTimes
) -> Labels:
    """Find the speaker of each unit.

    Parameters
    ----------
    model : ModelBundle
        With windows.
    static : ndarray (n_frames, n_static)
    units : Units
    clock : StageTimes

    Returns
    -------
    ndarray (n,), int64
        Numbered in order of first appearance.
    """
    scoring = window_scoring_of(model)
    with clock("windows"):
        rows = rows_of_units(model, static, units)
    with clock("clustering"):
        durations = (units.bounds[:, 1] - units.bounds[:, 0]) * frame_hop(model.mfcc)
        return join_units(rows, durations, scoring.eigenvalues, scoring.config)


def rows_of_units(model: ModelBundle, static: Frames, units: Units) -> npt.NDArray[np.float32]:
    """Return what `WindowScoring.rows` does, without the statistics of all units in memory."""
    scoring = window_scoring_of(model)
    rows = np.empty((len(units), len(scoring.eigenvalues)), np.float32)
    for start in range(0, len(units), _BLOCK):
        stop = min(start + _BLOCK, len(units))
        near = slice(max(0, start - scoring.config.reach), stop + scoring.config.reach)
        statistics = model.unit_embedder.segment_statistics(static, units.bounds[near])
        found = scoring.rows(statistics, units.regions[near], model.window_ivectors)
        rows[start:stop] = found[start - near.start :][: stop - start]
    return rows


def embedded_units(model: ModelBundle, banks: Frames, units: Units) -> ProjectedStatistics:
    """Return the statistics of the windows around units, by a model with a neural embedding."""
    hop = frame_hop(model.mfcc)
    window = 0.0 if model.neural is None else model.neural.window
    around = windows_around(units, frames_in(window, hop))
    return model.neural_embedder.segment_statistics(banks, units.bounds, around, hop=hop)


def embedded_speakers(
    model: ModelBundle, banks: Frames, seconds: FloatArray, labels: Labels, *, most: float
) -> ProjectedStatistics:
    """Return the statistics of speakers from windows in the middle of their longest turns.

    Parameters
    ----------
    model : ModelBundle
        With a neural embedding.
    banks : ndarray (n_frames, 80)
    seconds : ndarray (n, 2)
        Bounds of segments.
    labels : ndarray (n,)
        Speaker of each.
    most : float
        Seconds of each speaker, about.

    Returns
    -------
    ProjectedStatistics
        One row a speaker.
    """
    window = 0.0 if model.neural is None else model.neural.window
    bounds = np.rint(seconds / HOP).astype(np.int64).clip(0, len(banks))
    bounds[:, 0] = np.minimum(bounds[:, 0], len(banks) - 1)  # banks end before the last segment
    n_frames, most_frames = frames_in(window, HOP), frames_in(most, HOP)
    windows, speakers = longest_windows(bounds, labels, n_frames, most=most_frames)
    return model.neural_embedder.cluster_statistics(banks, windows, speakers)


def joined_units(model: ModelBundle, units: Units, statistics: ProjectedStatistics) -> Labels:
    """Find the speaker of each unit by its statistics, as `embedded_units` gives them."""
    scoring = window_scoring_of(model)
    rows = scoring.rows(statistics, units.regions, model.neural_embedder.vectors)
    durations = (units.bounds[:, 1] - units.bounds[:, 0]) * frame_hop(model.mfcc)
    return join_units(rows, durations, scoring.eigenvalues, scoring.config)


def refined(
    model: ModelBundle, static: Frames, segments: Bounds, labels: Labels, *, clock: StageTimes
) -> tuple[Bounds, Labels]:
    """Move the borders between speakers to where their mixtures change; as for
    `viterbi_resegmentation`, with the same labels, of which some may be gone."""
    if labels.max(initial=0) == 0:
        return segments, labels
    config = window_scoring_of(model).config
    with clock("resegmentation"):
        return viterbi_resegmentation(
            static,
            segments,
            labels,
            n_gaussians=config.n_gaussians,
            penalty=config.penalty,
            local=True,
        )


def join_units(
    rows: FloatArray,
    durations: FloatArray,
    eigenvalues: FloatArray,
    config: WindowConfig,
    *,
    num_speakers: int | None = None,
) -> Labels:
    """Join the units of one recording.

    They are clustered twice, the second time less the mean of the speakers that the first time
    found: what all of a recording share, the channel, makes them similar. That mean is drawn to
    the training's, so that a recording of one speaker stays as it is.

    Parameters
    ----------
    rows : ndarray (n, d)
        As `WindowScoring.rows` gives them.
    durations : ndarray (n,)
        Seconds of each unit.
    eigenvalues : ndarray (d,)
    config : WindowConfig
    num_speakers : int, optional
        So many speakers, however little they say.

    Returns
    -------
    ndarray (n,), int64
        Speaker of each unit, numbered in order of first appearance.
    """
    if len(rows) < 2:
        return np.zeros(len(rows), np.int64)

    def joined(x: FloatArray) -> Labels:
        return agglomerate(
            x, durations, eigenvalues, threshold=config.threshold, n_clusters=num_speakers
        )

    means = _means(rows, durations, joined(rows))
    rows = rows - (means.sum(axis=0) / (len(means) + config.relevance)).astype(rows.dtype)
    labels = joined(rows)
    if num_speakers is not None:
        return labels
    return _without_short(rows, durations, eigenvalues, labels, config.min_speech)


def _without_short(
    rows: FloatArray,
    durations: FloatArray,
    eigenvalues: FloatArray,
    labels: Labels,
    min_speech: float,
) -> Labels:
    """Give the units of short speakers to the nearest long one, by posterior means."""
    seconds = np.bincount(labels, durations)
    long = seconds >= min_speech
    if long.all() or not long.any():
        return labels
    means = _means(rows, durations, labels)
    evidence = seconds[:, None] * eigenvalues
    voices = np.flatnonzero(long)
    expected = (means * evidence / (1 + evidence))[voices]
    joined = np.arange(len(long))
    for speaker in np.flatnonzero(~long):
        joined[speaker] = voices[np.square(means[speaker] - expected).sum(axis=1).argmin()]
    return in_order_of_appearance(joined[labels])


def _means(rows: FloatArray, durations: FloatArray, labels: Labels) -> FloatArray:
    """Mean row of each label, over its speech."""
    return sums_of_labels(rows, labels, durations) / np.bincount(labels, durations)[:, None]
