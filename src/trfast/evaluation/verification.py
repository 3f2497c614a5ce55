"""Verification error: is it the same speaker, yes or no?

A trial is a score (it grows with likeness) and a label (true for a target trial, of one
speaker). At a threshold, a trial is accepted if its score is at least the threshold. Equal
scores are accepted or refused together: their order never matters.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trfast._checks import check_matrix, check_positive, check_trials
from trfast.errors import ParameterError

FloatArray = npt.NDArray[np.float64]


def det_points(
    scores: npt.ArrayLike, labels: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the points of the DET curve: every pair of error rates a threshold can give.

    Parameters
    ----------
    scores : array-like (n_trials,)
        Finite; higher means more alike.
    labels : array-like (n_trials,) of bool
        True for target trials.

    Returns
    -------
    thresholds : ndarray (n_points,), float64
        The different scores in rising order, then infinity.
    miss : ndarray (n_points,), float64
        Share of target trials below the threshold: rises from 0 to 1.
    false_alarm : ndarray (n_points,), float64
        Share of non-target trials at or above the threshold: falls from 1 to 0.

    Raises
    ------
    ParameterError
        If the shapes differ, a score is not finite, or one kind of trial is missing.

    Examples
    --------
    >>> thresholds, miss, false_alarm = det_points([0.1, 0.4, 0.4, 0.9], [0, 0, 1, 1])
    >>> thresholds
    array([0.1, 0.4, 0.9, inf])
    >>> miss
    array([0. , 0. , 0.5, 1. ])
    >>> false_alarm
    array([1. , 0.5, 0. , 0. ])
    """
    score, label = check_trials(scores, labels)
    targets, others = np.sort(score[label]), np.sort(score[~label])
    thresholds = np.append(np.unique(score), np.inf)
    miss = np.searchsorted(targets, thresholds) / len(targets)
    false_alarm = (len(others) - np.searchsorted(others, thresholds)) / len(others)
    return thresholds, miss, false_alarm


def equal_error_rate(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Return the rate at which misses and false alarms are equally frequent, as a fraction.

    Where no threshold makes them equal, the two neighbouring points of the DET curve are
    joined by a straight line (in linear rates; no convex hull is taken).

    Parameters
    ----------
    scores, labels
        As in :func:`det_points`.

    Examples
    --------
    >>> equal_error_rate([0.1, 0.4, 0.4, 0.9], [0, 0, 1, 1])
    0.25
    """
    _, miss, false_alarm = det_points(scores, labels)
    difference = miss - false_alarm
    k = int(np.argmax(difference >= 0))
    before, after = difference[k - 1], difference[k]
    share = before / (before - after)
    return float(miss[k - 1] + share * (miss[k] - miss[k - 1]))


def minimum_dcf(
    scores: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    prior: float = 0.01,
    cost_miss: float = 1.0,
    cost_false_alarm: float = 1.0,
) -> float:
    """Return the least detection cost over all thresholds, normalized.

    The cost ``prior * cost_miss * miss + (1 - prior) * cost_false_alarm * false_alarm`` is
    divided by that of the better of two systems that do not listen, one that refuses all
    trials and one that accepts all: 1 is no better than not listening.

    Parameters
    ----------
    scores, labels
        As in :func:`det_points`.
    prior : float
        Probability of a target trial, between 0 and 1.
    cost_miss, cost_false_alarm : float
        Costs of the two errors, above 0.

    Raises
    ------
    ParameterError
        As in :func:`det_points`, or if the prior or a cost is out of range.

    Examples
    --------
    >>> minimum_dcf([0.1, 0.4, 0.4, 0.9], [0, 0, 1, 1])
    0.5
    """
    if not 0 < prior < 1:
        raise ParameterError(f"prior must lie between 0 and 1, got {prior}")
    miss_weight = prior * check_positive(cost_miss, "cost_miss")
    false_alarm_weight = (1 - prior) * check_positive(cost_false_alarm, "cost_false_alarm")
    _, miss, false_alarm = det_points(scores, labels)
    cost = (miss_weight * miss + false_alarm_weight * false_alarm).min()
    return float(cost / min(miss_weight, false_alarm_weight))


def verification_trials(
    vectors: npt.ArrayLike, speakers: Sequence[str]
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Make a trial of every pair of vectors, scored by their cosine.

    Parameters
    ----------
    vectors : array-like (n, dimension)
        One vector a row, not zero.
    speakers : sequence of str (n,)
        Who speaks in each.

    Returns
    -------
    scores : ndarray (n * (n - 1) / 2,), float64
        Cosines of the pairs (i, j), i < j: (0, 1), (0, 2), ...
    labels : ndarray (n * (n - 1) / 2,), bool
        True where both are the same speaker.

    Raises
    ------
    ParameterError
        If a vector is zero or not finite, or there is not one speaker a row.

    Examples
    --------
    >>> verification_trials([[1, 0], [2, 0], [0, 3]], ["ann", "ann", "ben"])
    (array([1., 0., 0.]), array([ True, False, False]))
    """
    rows = check_matrix(vectors, "vectors", dtype=np.float64)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    if not norms.all():
        raise ParameterError(f"vectors hold a zero vector in row {int(norms.argmin())}")
    rows = rows / norms
    return verification_trials_of_scores(rows @ rows.T, speakers)


def verification_trials_of_scores(
    scores: npt.ArrayLike, speakers: Sequence[str]
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Make a trial of every pair in a matrix of scores, such as `Backend.similarity` gives.

    Parameters
    ----------
    scores : array-like (n, n)
        Symmetric; what lies above the diagonal is read.
    speakers : sequence of str (n,)
        Who speaks in each.

    Returns
    -------
    scores, labels
        As in :func:`verification_trials`.

    Raises
    ------
    ParameterError
        If a score is not finite, the matrix is not square, or there is not one speaker a row.

    Examples
    --------
    >>> verification_trials_of_scores([[9, 7, -3], [7, 9, 1], [-3, 1, 9]], ["ann", "ann", "ben"])
    (array([ 7., -3.,  1.]), array([ True, False, False]))
    """
    n = len(speakers)
    matrix = check_matrix(scores, "scores", dtype=np.float64)
    if matrix.shape != (n, n):
        raise ParameterError(f"scores of shape {matrix.shape}, but {n} speakers: expected {n, n}")
    _, number = np.unique(np.asarray(speakers), return_inverse=True)
    upper = np.triu(np.ones((n, n), bool), k=1)
    return matrix[upper], (number[:, None] == number)[upper]
