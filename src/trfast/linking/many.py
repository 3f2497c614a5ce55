"""Linking of local speakers of whom so many are alike that no list of pairs holds them."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._ext import _union_find
from trfast._threads import blas_limit
from trfast.clustering import Forest, average_linkage_of_factors, unite_in_bands
from trfast.errors import ParameterError
from trfast.linking.known import Known, marks_and_ties
from trfast.scoring.scores import Scores

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[Any]

# Pairs that are listed where there is another way, and where there is none; rows that are asked how
# many are like them; scores in memory at a time.
MOST_PAIRS, MOST_LISTED = 500_000, 30_000_000
# Pairs of a band, and pairs of which the most similar are looked for.
_BAND, _MOST_COMPARED = 2_000_000, 5_000_000
# Rows, and share of all pairs, from which on all products are quicker than what the bound says.
_FEW, _DENSE = 20_000, 0.005
_ASKED, _AT_ONCE = 500, 10_000_000


def n_pairs_above(scores: Scores, threshold: float, groups: IntArray | None) -> int:
    """Estimate how many pairs reach a threshold, those of one group left out, from some rows; 0
    where they can be but few."""
    n = len(scores.rows)
    if n * (n - 1) // 2 <= MOST_PAIRS:
        return 0
    groups = np.arange(n) if groups is None else groups
    some = np.arange(0, n, -(-n // _ASKED))
    step, count = max(1, _AT_ONCE // len(some)), 0
    with blas_limit():
        for start in range(0, n, step):
            block = slice(start, start + step)
            enough = scores.between(some, block) >= threshold
            count += int((enough & (groups[some, None] != groups[block])).sum())
    return count * n // (2 * len(some))


def check_listed(n_pairs: int, what: str, instead: str) -> None:
    """Raise an error if there are more pairs than can be listed."""
    if n_pairs > MOST_LISTED:
        raise ParameterError(
            f"about {n_pairs / 1e6:.0f} million pairs of local speakers reach the threshold;"
            f" {what} takes {MOST_LISTED / 1e6:.0f} million at most: {instead}, or a higher"
            " threshold"
        )


def join_many(
    scores: Scores,
    groups: IntArray,
    known: Known | None,
    *,
    n_pairs: int,
    constrain: bool,
    clustering: str,
    threshold: float,
    reasons: bool,
) -> tuple[IntArray, IntArray, FloatArray, IntArray, FloatArray]:
    """Join rows by connected components or average linkage.

    Parameters
    ----------
    scores : Scores
    groups : ndarray (n,), int64
        Recording of each row, from 0.
    known : Known, optional
    n_pairs : int
        How many reach the threshold, about.
    constrain : bool
        Whether two of one recording are kept apart.
    clustering : {"cc", "average"}
    threshold : float
    reasons : bool
        Whether to look for the most similar ones, which is done among 5 million pairs at most.

    Returns
    -------
    labels, nearest, similarities, runners_up, runner_up_similarities
        As in `trfast.linking.Links`; labels are numbered anyhow.
    """
    n = len(scores.rows)
    marks, ties = marks_and_ties(groups if constrain else None, known, n)
    apart = groups if constrain and known is None else None
    sweep = partial(scores.sweep_above, groups=apart, n_threads=None)
    if clustering == "cc":
        forest = Forest(marks, ties)
        unite_in_bands(forest, sweep, threshold, most=_BAND)
        labels = forest.labels()[:n]
    else:
        nearest = None
        if known is None and n > _FEW and n_pairs < _DENSE * n**2 / 2:
            others = _MostSimilar(np.arange(n), marks)
            sweep(threshold, others.take)
            row, score = others.found[1]
            nearest = row, np.where(row >= 0, score, -np.inf).astype(np.float32)
        with blas_limit():
            labels = average_linkage_of_factors(
                *scores.factors(),
                marks,
                threshold=threshold,
                joined=None if known is None else ties,
                nearest=nearest,
            )
    most_similar = _MostSimilar(labels, groups)
    if reasons and n_pairs <= _MOST_COMPARED:
        sweep(threshold, most_similar.take)
    return labels, *most_similar.found[0], *most_similar.found[1]


class _MostSimilar:
    """The most similar row of the same label and of others, of the pairs that a sweep hands on."""

    def __init__(self, labels: IntArray, groups: IntArray) -> None:
        self._labels, self._groups, self._lock = labels, groups, threading.Lock()
        n = len(labels)
        self.found = [(np.full(n, -1), np.full(n, np.nan, np.float32)) for _ in range(2)]

    def take(self, pairs: IntArray, similarities: FloatArray) -> float:
        values = np.asarray(similarities, np.float32)
        with self._lock:
            for same, found in zip((True, False), self.found, strict=True):
                _union_find.nearest(pairs, values, self._labels, self._groups, same, *found)
        return -np.inf
