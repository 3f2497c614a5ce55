"""Units of one recording -> its speakers, by the evidence of the windows around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast.clustering import in_order_of_appearance
from trfast.diarization.local_speakers import who_stays
from trfast.diarization.speaker_count import SpeakerCount
from trfast.evidence import agglomerate, partitions, sums_of_labels
from trfast.scoring.windows import WindowConfig

FloatArray = npt.NDArray[Any]
Labels = npt.NDArray[np.int64]


def join_units(
    rows: FloatArray,
    durations: FloatArray,
    eigenvalues: FloatArray,
    config: WindowConfig,
    *,
    speaker_count: SpeakerCount = SpeakerCount(),  # noqa: B008 (frozen)
) -> Labels:
    """Join the units of one recording.

    They are clustered twice, the second time less the mean of the speakers that the first time
    found: what all of a recording share, the channel, makes them similar. That mean is drawn to
    the training's, so that a recording of one speaker stays as it is.

    If that gives more or fewer speakers than there are, joining goes on to the nearest number that
    there may be, or ends there, both times. Nobody is short then.

    Parameters
    ----------
    rows : ndarray (n, d)
        As `WindowScoring.rows` gives them.
    durations : ndarray (n,)
        Seconds of each unit.
    eigenvalues : ndarray (d,)
    config : WindowConfig
    speaker_count : SpeakerCount
        How many speakers there are; short ones stay where there would be too few.

    Returns
    -------
    ndarray (n,), int64
        Speaker of each unit, numbered in order of first appearance.

    Raises
    ------
    ParameterError
        If there are fewer units than speakers.
    """
    if len(rows) == 0:
        return np.zeros(0, np.int64)
    least = speaker_count.least
    (labels,) = join_units_at(rows, durations, eigenvalues, config, [config.threshold], least=least)
    n_found = int(labels.max()) + 1
    n = speaker_count.nearest(n_found)
    if n == n_found:
        return labels

    def joined(x: FloatArray) -> Labels:
        return agglomerate(x, durations, eigenvalues, threshold=config.threshold, n_clusters=n)

    x = _without_shared(rows, durations, joined(rows), config.relevance)
    return _without_short(x, durations, eigenvalues, joined(x), config.min_speech, n)


def join_units_at(
    rows: FloatArray,
    durations: FloatArray,
    eigenvalues: FloatArray,
    config: WindowConfig,
    thresholds: Sequence[float],
    *,
    least: int = 1,
) -> list[Labels]:
    """Join the units of one recording as `join_units` does, at least one, at each of some
    thresholds in place of that of `config`; `least` speakers stay, however short."""
    alike: dict[bytes, list[int]] = {}
    first = partitions(rows, durations, eigenvalues, thresholds)
    for k, labels in enumerate(first):
        alike.setdefault(labels.tobytes(), []).append(k)
    found: list[Labels] = [*first]
    for places in alike.values():
        x = _without_shared(rows, durations, first[places[0]], config.relevance)
        second = partitions(x, durations, eigenvalues, [thresholds[k] for k in places])
        for k, labels in zip(places, second, strict=True):
            found[k] = _without_short(x, durations, eigenvalues, labels, config.min_speech, least)
    return found


def _without_shared(
    rows: FloatArray, durations: FloatArray, labels: Labels, relevance: float
) -> FloatArray:
    """Take the mean of the speakers from the rows."""
    means = _means(rows, durations, labels)
    shared: FloatArray = means.sum(axis=0) / (len(means) + relevance)
    found: FloatArray = rows - shared.astype(rows.dtype)
    return found


def join_parts(
    rows: FloatArray,
    durations: FloatArray,
    parts: Labels,
    eigenvalues: FloatArray,
    config: WindowConfig,
) -> Labels:
    """Join the units of each part of a recording by themselves, as `join_units`.

    Parameters
    ----------
    rows, durations, eigenvalues, config
        As for `join_units`.
    parts : ndarray (n,), int64
        Part of each unit, rising.
    """
    labels = np.zeros(len(rows), np.int64)
    n_found = 0
    for part in np.unique(parts):
        own = parts == part
        labels[own] = n_found + join_units(rows[own], durations[own], eigenvalues, config)
        n_found = int(labels[own].max()) + 1
    return labels


def _without_short(
    rows: FloatArray,
    durations: FloatArray,
    eigenvalues: FloatArray,
    labels: Labels,
    min_speech: float,
    least: int,
) -> Labels:
    """Give the units of short speakers to the nearest long one, by posterior means."""
    seconds = np.bincount(labels, durations)
    long = who_stays(seconds, min_speech, least)
    if long.all():
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
