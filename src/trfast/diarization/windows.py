"""A recording -> its speakers, by windows: of i-vectors, or of a neural embedding."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast.clustering import in_order_of_appearance
from trfast.diarization.joining import join_parts, join_units
from trfast.diarization.speaker_count import SpeakerCount
from trfast.diarization.stage_times import StageTimes
from trfast.embedding import ProjectedStatistics
from trfast.errors import ModelError
from trfast.features import frame_hop, frames_in
from trfast.features.clock import HOP
from trfast.features.frames import Frames
from trfast.model import ModelBundle
from trfast.scoring.windows import WindowScoring
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


def speakers_by_windows(
    model: ModelBundle,
    static: Frames,
    units: Units,
    *,
    recording: str,
    speaker_count: SpeakerCount,
    n_parts: int,
    move: bool,
    clock: StageTimes,
) -> tuple[Bounds, Labels]:
    """Find the speakers of a recording by the i-vectors of windows.

    Parameters
    ----------
    model : ModelBundle
        With windows.
    static : ndarray (n_frames, n_static)
    units : Units
    recording : str
        Its name, for errors.
    speaker_count : SpeakerCount
    n_parts : int
        Parts of one length that the recording is taken apart into; no speaker is in two of them.
        There may be more speakers then than asked for, but not fewer.
    move : bool
        Whether the borders between speakers may move.
    clock : StageTimes

    Returns
    -------
    segments : ndarray (n, 2), int64
        In frames.
    speakers : ndarray (n,), int64
        Of each, numbered in order of first appearance.

    Raises
    ------
    ParameterError
        If there are fewer units than speakers.
    """
    speaker_count.check(len(units), "unit", recording)
    with clock("windows"):
        rows = rows_of_units(model, static, units, clock)
    with clock("clustering"):
        parts = units.bounds[:, 0] * n_parts // max(len(static), 1)
        labels = _joined(model, units, rows, speaker_count, parts)
    if not move:
        return units.bounds, labels
    least = speaker_count.least
    bounds, labels = refined(model, static, units.bounds, labels, least=least, clock=clock)
    return bounds, in_order_of_appearance(labels)


def rows_of_units(
    model: ModelBundle, static: Frames, units: Units, clock: StageTimes
) -> npt.NDArray[np.float32]:
    """Return what `WindowScoring.rows` does, without the statistics of all units in memory."""
    scoring = window_scoring_of(model)
    rows = np.empty((len(units), len(scoring.eigenvalues)), np.float32)
    for start in range(0, len(units), _BLOCK):
        stop = min(start + _BLOCK, len(units))
        near = slice(max(0, start - scoring.config.reach), stop + scoring.config.reach)
        statistics = model.unit_embedder.segment_statistics(static, units.bounds[near])
        found = scoring.rows(statistics, units.regions[near], model.window_ivectors)
        rows[start:stop] = found[start - near.start :][: stop - start]
        clock.passed("windows", stop / len(units))
    return rows


def embedded_units(
    model: ModelBundle, banks: Frames, units: Units, clock: StageTimes
) -> ProjectedStatistics:
    """Return the statistics of the windows around units, by a model with a neural embedding."""
    hop = frame_hop(model.mfcc)
    window = 0.0 if model.neural is None else model.neural.window
    around = windows_around(units, frames_in(window, hop))
    passed = partial(clock.passed, "network")
    return model.neural_embedder.segment_statistics(
        banks, units.bounds, around, hop=hop, passed=passed
    )


def embedded_speakers(
    model: ModelBundle,
    banks: Frames,
    seconds: FloatArray,
    labels: Labels,
    *,
    most: float,
    clock: StageTimes,
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
    clock : StageTimes

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
    passed = partial(clock.passed, "network")
    return model.neural_embedder.cluster_statistics(banks, windows, speakers, passed=passed)


def speakers_by_embedding(
    model: ModelBundle,
    static: Frames,
    units: Units,
    statistics: ProjectedStatistics,
    *,
    recording: str,
    speaker_count: SpeakerCount,
    clock: StageTimes,
) -> tuple[Bounds, Labels, ProjectedStatistics]:
    """Return segments, the speaker of each, and the statistics of speakers, from those of units as
    `embedded_units` gives them."""
    speaker_count.check(len(units), "unit", recording)
    scoring = window_scoring_of(model)
    with clock("clustering"):
        rows = scoring.rows(statistics, units.regions, model.neural_embedder.vectors)
        labels = _joined(model, units, rows, speaker_count)
    least = speaker_count.least
    bounds, found = refined(model, static, units.bounds, labels, least=least, clock=clock)
    grouped = statistics.grouped(labels, int(labels.max(initial=-1)) + 1)
    # Who has no segment left after that is gone.
    speakers = in_order_of_appearance(found)
    there = found[np.unique(speakers, return_index=True)[1]]
    return bounds, speakers, ProjectedStatistics(grouped.zeroth[there], grouped.first[there])


def _joined(
    model: ModelBundle,
    units: Units,
    rows: FloatArray,
    speaker_count: SpeakerCount,
    parts: Labels | None = None,
) -> Labels:
    """Join units, those of each part by themselves where there are several."""
    scoring = window_scoring_of(model)
    durations = (units.bounds[:, 1] - units.bounds[:, 0]) * frame_hop(model.mfcc)
    if parts is not None and parts.any():
        labels = join_parts(rows, durations, parts, scoring.eigenvalues, scoring.config)
        if labels.max() + 1 >= speaker_count.least:
            return labels
    return join_units(
        rows, durations, scoring.eigenvalues, scoring.config, speaker_count=speaker_count
    )


def refined(
    model: ModelBundle,
    static: Frames,
    segments: Bounds,
    labels: Labels,
    *,
    least: int = 0,
    clock: StageTimes,
) -> tuple[Bounds, Labels]:
    """Move the borders between speakers to where their mixtures change; as for
    `viterbi_resegmentation`, with the same labels, of which some may be gone, but `least` stay."""
    if labels.max(initial=0) == 0:
        return segments, labels
    config = window_scoring_of(model).config
    with clock("resegmentation"):
        bounds, found = viterbi_resegmentation(
            static,
            segments,
            labels,
            n_gaussians=config.n_gaussians,
            penalty=config.penalty,
            local=True,
        )
    if len(np.unique(found)) >= least:
        return bounds, found
    return _with_the_lost(segments, labels, bounds, found)


def _with_the_lost(
    segments: Bounds, labels: Labels, bounds: Bounds, found: Labels
) -> tuple[Bounds, Labels]:
    """Leave runs of touching segments as they were where somebody spoke who is gone now. Nobody
    else goes by that: who speaks in a run now spoke in it before."""
    breaks = np.flatnonzero(segments[1:, 0] != segments[:-1, 1]) + 1
    starts = segments[np.append(0, breaks), 0]
    run, run_now = (starts.searchsorted(x[:, 0], side="right") for x in (segments, bounds))
    spoiled = run[~np.isin(labels, found)]
    old, new = np.isin(run, spoiled), ~np.isin(run_now, spoiled)
    both = np.concatenate([segments[old], bounds[new]])
    order = np.argsort(both[:, 0])
    return both[order], np.concatenate([labels[old], found[new]])[order]
