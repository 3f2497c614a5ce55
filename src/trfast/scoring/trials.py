"""The errors of trials at every threshold: DET curve, and equal error rate.

A trial is a score (it grows with likeness) and a label (true for a target trial, of one
speaker). At a threshold, a trial is accepted if its score is at least the threshold. Equal
scores are accepted or refused together: their order never matters.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trfast._checks import check_trials

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
