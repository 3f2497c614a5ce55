"""The clusters of one recording -> its speakers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from trfast.clustering import in_order_of_appearance
from trfast.comparison import Comparison

FloatArray = npt.NDArray[Any]


def local_speakers(
    comparison: Comparison, rows: FloatArray, durations: FloatArray, *, min_speech: float
) -> npt.NDArray[np.int64]:
    """Join the clusters of one recording; each speaker with less than `min_speech` seconds joins
    the one with enough who has the cluster most similar to one of theirs, if there is any.

    Parameters
    ----------
    comparison : Comparison
    rows : ndarray (n, k)
        Clusters, as ``comparison.backend.project`` gives them.
    durations : ndarray (n,)
        Seconds of each.
    min_speech : float
        Seconds.

    Returns
    -------
    ndarray (n,), int64
        Speaker of each cluster, numbered in order of first appearance.
    """
    labels = comparison.cluster(rows)
    long = np.bincount(labels, durations) >= min_speech
    short = np.flatnonzero(~long)
    if len(short) in (0, len(long)):
        return labels
    anchors = np.flatnonzero(long[labels])
    joined = labels.copy()
    for speaker in short:
        own = np.flatnonzero(labels == speaker)
        similarities = comparison.backend.similarity(rows[own], rows[anchors])
        joined[own] = labels[anchors[similarities.max(axis=0).argmax()]]
    return in_order_of_appearance(joined)
