"""Average linkage of local speakers of whom so many are alike that no list of pairs holds them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._threads import blas_limit
from trfast.clustering import average_linkage_of_factors
from trfast.errors import ParameterError
from trfast.scoring.backend import Scores

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[Any]

# Pairs that are listed at most, and that complete linkage can do with; rows that are asked how many
# are like them; scores in memory at a time.
MOST_PAIRS, MOST_COMPLETE = 2_000_000, 30_000_000
_ASKED, _AT_ONCE = 500, 10_000_000


def n_pairs_above(scores: Scores, threshold: float) -> int:
    """Estimate how many pairs reach a threshold, from some rows; 0 where they can be but few."""
    n = len(scores.rows)
    if n * (n - 1) // 2 <= MOST_PAIRS:
        return 0
    some = np.arange(0, n, -(-n // _ASKED))
    step, count = max(1, _AT_ONCE // len(some)), 0
    with blas_limit():
        for start in range(0, n, step):
            count += int((scores.between(some, slice(start, start + step)) >= threshold).sum())
    return (count - len(some)) * n // (2 * len(some))


def check_complete(n_pairs: int) -> None:
    """Raise an error if there are more pairs than complete linkage can do with."""
    if n_pairs > MOST_COMPLETE:
        raise ParameterError(
            f"about {n_pairs / 1e6:.0f} million pairs of local speakers reach the threshold;"
            f" complete linkage takes {MOST_COMPLETE / 1e6:.0f} million at most: take average"
            " linkage, or a higher threshold"
        )


def join_many(
    scores: Scores, groups: IntArray, threshold: float
) -> tuple[IntArray, IntArray, FloatArray]:
    """Join rows by average linkage.

    Parameters
    ----------
    scores : Scores
    groups : ndarray (n,), int64
        Recording of each row, from 0.
    threshold : float

    Returns
    -------
    labels : ndarray (n,), int64
    nearest : ndarray (n,), int64
        The most similar row of the same label and another group; -1 where there is none.
    similarities : ndarray (n,), float32
        Similarity to it; NaN where there is none.
    """
    n = len(scores.rows)
    with blas_limit():
        labels = average_linkage_of_factors(*scores.factors(), groups, threshold=threshold)
        nearest, best = np.full(n, -1, np.int64), np.full(n, np.nan, np.float32)
        order = np.argsort(labels, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1):
            if len(rows) < 2:
                continue
            step = max(1, _AT_ONCE // len(rows))
            for start in range(0, len(rows), step):
                own = rows[start : start + step]
                found = np.array(scores.between(own, rows), np.float32)
                found[own[:, None] == rows] = -np.inf
                place = found.argmax(axis=1)
                nearest[own], best[own] = rows[place], found[np.arange(len(own)), place]
    return labels, nearest, best
