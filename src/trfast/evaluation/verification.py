"""Verification error: is it the same speaker, yes or no?

What a trial is, and its errors at every threshold, :mod:`trfast.scoring.trials` says.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trfast._checks import check_matrix, check_positive, check_probability
from trfast.errors import ParameterError
from trfast.scoring.trials import det_points

FloatArray = npt.NDArray[np.float64]


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
        As in :func:`trfast.scoring.trials.det_points`.
    prior : float
        Probability of a target trial, between 0 and 1.
    cost_miss, cost_false_alarm : float
        Costs of the two errors, above 0.

    Raises
    ------
    ParameterError
        As in `det_points`, or if the prior or a cost is out of range.

    Examples
    --------
    >>> minimum_dcf([0.1, 0.4, 0.4, 0.9], [0, 0, 1, 1])
    0.5
    """
    check_probability(prior, "prior")
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
