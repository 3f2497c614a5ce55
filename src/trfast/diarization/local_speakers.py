"""The segments of one recording -> clusters, by BIC -> its speakers, by a comparison."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast.clustering import connected_components, in_order_of_appearance
from trfast.clustering.labels import nested
from trfast.comparison import Comparison
from trfast.diarization.speaker_count import SpeakerCount
from trfast.diarization.stage_times import StageTimes
from trfast.features.frames import Frames
from trfast.segmentation import bic_clustering

FloatArray = npt.NDArray[Any]
Bounds = npt.NDArray[np.int64]
Labels = npt.NDArray[np.int64]


def bic_clusters(
    static: Frames, segments: Bounds, *, alpha: float, least: int, clock: StageTimes
) -> Labels:
    """Return the BIC cluster of each segment; each is its own if `alpha` is 0, or if there would be
    fewer clusters than the least number of speakers."""
    apart = np.arange(len(segments))
    if not alpha:
        return apart
    with clock("clustering"):
        clusters = bic_clustering(static, segments, alpha=alpha)
    return apart if clusters.max(initial=-1) + 1 < least else clusters


def local_speakers(
    comparison: Comparison,
    rows: FloatArray,
    durations: FloatArray,
    *,
    min_speech: float,
    speaker_count: SpeakerCount = SpeakerCount(),  # noqa: B008 (frozen)
) -> Labels:
    """Join the clusters of one recording; each speaker with less than `min_speech` seconds joins
    the one with enough who has the cluster most similar to one of theirs, if there is any.

    If that gives more or fewer speakers than there are, clusters are joined to the nearest number
    that there may be, whatever the threshold: of those who speak long enough, if there are as many.

    Parameters
    ----------
    comparison : Comparison
    rows : ndarray (n, k)
        Clusters, as ``comparison.backend.project`` gives them.
    durations : ndarray (n,)
        Seconds of each.
    min_speech : float
        Seconds.
    speaker_count : SpeakerCount
        How many speakers there are, of whom each has a cluster; short ones stay where there would
        be too few.

    Returns
    -------
    ndarray (n,), int64
        Speaker of each cluster, numbered in order of first appearance.
    """
    without_short = partial(
        _without_short, comparison, rows, durations, min_speech, speaker_count.least
    )
    labels = without_short(comparison.cluster(rows))
    n_found = int(labels.max(initial=-1)) + 1
    n_speakers = speaker_count.nearest(n_found)
    if n_speakers == n_found or not n_found:
        return labels
    merges = comparison.merges(rows)
    cuts = (
        connected_components(merges[: len(rows) - n], len(rows))
        for n in range(n_speakers, len(rows) + 1)
    )
    return without_short(first_of_enough(cuts, durations, min_speech, n_speakers))


def local_speakers_at(
    comparison: Comparison,
    rows: FloatArray,
    durations: FloatArray,
    thresholds: Sequence[float],
    *,
    min_speech: float,
) -> list[Labels]:
    """Join the clusters of one recording as `local_speakers` does, at each of some thresholds, in
    rising order, in place of the comparison's."""

    def cluster(threshold: float) -> tuple[bytes, Labels]:
        labels = replace(comparison, threshold=threshold).cluster(rows)
        return labels.tobytes(), labels

    known: dict[bytes, Labels] = {}
    every = nested(cluster, thresholds)
    for key, labels in every:
        if key not in known:
            known[key] = _without_short(comparison, rows, durations, min_speech, 1, labels)
    return [known[key] for key, _ in every]


def first_of_enough(
    cuts: Iterator[Labels], durations: FloatArray, min_speech: float, n_speakers: int
) -> Labels:
    """Return the first cut with so many speakers who speak long enough, or the first at all.

    Parameters
    ----------
    cuts : iterator of ndarray (n,), int64
        Labels, of `n_speakers` clusters and more.
    durations : ndarray (n,)
        Seconds of each item.
    min_speech : float
        Seconds.
    n_speakers : int
    """
    first = next(cuts)
    for labels in chain([first], cuts):
        if (np.bincount(labels, durations) >= min_speech).sum() == n_speakers:
            return labels
    return first


def who_stays(seconds: FloatArray, min_speech: float, least: int) -> npt.NDArray[np.bool_]:
    """Return which speakers are not to join others: those who speak long enough, or all if nobody
    does; and the longest ones, where fewer than `least` would stay.

    Parameters
    ----------
    seconds : ndarray (n,)
        Of each speaker.
    min_speech : float
        Seconds.
    least : int

    Examples
    --------
    >>> who_stays(np.array([1.0, 9.0, 2.0]), 4.0, 2).tolist()
    [False, True, True]
    """
    long = seconds >= min_speech
    if not long.any():
        return ~long
    if long.sum() < least:
        long[np.argsort(-seconds, kind="stable")[:least]] = True
    return long


def _without_short(
    comparison: Comparison,
    rows: FloatArray,
    durations: FloatArray,
    min_speech: float,
    least: int,
    labels: Labels,
) -> Labels:
    long = who_stays(np.bincount(labels, durations), min_speech, least)
    if long.all():
        return labels
    anchors = np.flatnonzero(long[labels])
    joined = labels.copy()
    for speaker in np.flatnonzero(~long):
        own = np.flatnonzero(labels == speaker)
        similarities = comparison.backend.similarity(rows[own], rows[anchors])
        joined[own] = labels[anchors[similarities.max(axis=0).argmax()]]
    return in_order_of_appearance(joined)
