"""Thresholds, calibrated scores and score normalization.

A trial is a score (it grows with likeness) and a label (true for a target trial, of one
speaker). A log-likelihood ratio is a score that says, as a natural logarithm, how many times
likelier it is among target trials than among others: its thresholds follow from the prior.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from scipy.special import logit
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_curve
from sklearn.utils.validation import check_is_fitted

from trfast._checks import (
    check_integer,
    check_matrix,
    check_probability,
    check_real,
    check_trials,
)
from trfast.errors import ModelError, ParameterError, ParameterTypeError
from trfast.scoring.cosine import cosine_similarity
from trfast.scoring.normalization import validated

FloatArray = npt.NDArray[Any]
Similarity = Callable[[FloatArray, FloatArray], FloatArray]

# Rows whose cohort scores are in memory at a time.
_BLOCK = 1024


class LogisticCalibration(BaseEstimator):  # type: ignore[misc]
    """Scores to log-likelihood ratios: ``slope_ * score + offset_``, by logistic regression [1]_.

    Slope and offset have the least mean cross-entropy over the trials, target trials weighing
    `prior` and the others ``1 - prior`` together, however many there are. There is no
    regularization.

    Parameters
    ----------
    prior : float
        Probability of a target trial, between 0 and 1, around which the fit is closest. With 0.5
        it has the least :func:`cllr` that slope and offset can reach.

    Attributes
    ----------
    slope_ : float
        Above 0.
    offset_ : float

    References
    ----------
    .. [1] N. Brummer, J. du Preez, "Application-Independent Evaluation of Speaker Detection",
       Computer Speech and Language 20, 2006.

    Examples
    --------
    Three in four target trials score 1, and one in four others:

    >>> calibration = LogisticCalibration(prior=0.5)
    >>> _ = calibration.fit([1, 1, 1, 0, 1, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0])
    >>> np.exp(calibration.transform([0, 1])).round(3)
    array([0.333, 3.   ])
    >>> round(calibration.threshold(prior=0.5), 3)
    0.5
    """

    def __init__(self, *, prior: float = 0.01) -> None:
        self.prior = prior

    def fit(self, scores: npt.ArrayLike, labels: npt.ArrayLike) -> Self:
        """Estimate slope and offset.

        Parameters
        ----------
        scores : array_like (n_trials,)
        labels : array_like (n_trials,) of bool
            True for target trials.

        Raises
        ------
        ParameterError
            If the trials are not as above, scores hold NaN, there are not both kinds of trials, or
            `prior` is out of range.
        ModelError
            If target trials do not score higher on average, or all of them score at least as high
            as every other trial: the steeper the better then, and no slope is best.
        """
        log_odds = _log_odds(self.prior)
        score, label = check_trials(scores, labels)
        targets, others = score[label], score[~label]
        if targets.mean() <= others.mean():
            raise ModelError(
                f"target trials score {targets.mean():.4g} on average, and others"
                f" {others.mean():.4g}: expected scores that grow with likeness"
            )
        if targets.min() >= others.max():
            raise ModelError(
                f"all {len(targets)} target trials score at least {targets.min():.4g} and all"
                f" {len(others)} others at most {others.max():.4g}, so no slope is too steep: give"
                " more trials, or take a threshold between the two"
            )
        mean, spread = score.mean(), score.std()
        weights = np.where(label, self.prior / len(targets), (1 - self.prior) / len(others))
        regression = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10)
        regression.fit((score[:, None] - mean) / spread, label, sample_weight=weights)
        self.slope_ = float(regression.coef_[0, 0] / spread)
        self.offset_ = float(regression.intercept_[0] - log_odds - self.slope_ * mean)
        return self

    def transform(self, scores: npt.ArrayLike) -> FloatArray:
        """Return the log-likelihood ratios of scores of any shape; NaN stays NaN."""
        check_is_fitted(self)
        return np.asarray(self.slope_ * check_real(scores, "scores") + self.offset_)

    def threshold(self, *, prior: float = 0.01) -> float:
        """Return the score from which accepting costs less than refusing (Bayes).

        Parameters
        ----------
        prior : float
            Probability of a target trial, between 0 and 1. Unequal costs fold into it: the odds
            times the cost of a miss over that of a false alarm.

        Raises
        ------
        ParameterError
            If `prior` is out of range.
        """
        check_is_fitted(self)
        return (-_log_odds(prior) - self.offset_) / self.slope_


def cllr(ratios: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Return the cost of log-likelihood ratios in bits, over all priors [1]_.

    0 is perfect; 1 is that of a system that does not listen and always says 0. A badly calibrated
    one may cost more.

    Parameters
    ----------
    ratios : array_like (n_trials,)
        Natural logarithms.
    labels : array_like (n_trials,) of bool
        True for target trials.

    Raises
    ------
    ParameterError
        If the trials are not as above, hold NaN or infinity, or are not of both kinds.

    References
    ----------
    .. [1] N. Brummer, J. du Preez, "Application-Independent Evaluation of Speaker Detection",
       Computer Speech and Language 20, 2006.

    Examples
    --------
    >>> cllr([0, 0, 0], [1, 0, 0])
    1.0
    """
    ratio, label = check_trials(ratios, labels)
    miss, false_alarm = np.logaddexp(0, -ratio[label]), np.logaddexp(0, ratio[~label])
    return float((miss.mean() + false_alarm.mean()) / np.log(4))


def best_threshold(scores: npt.ArrayLike, labels: npt.ArrayLike, *, prior: float = 0.01) -> float:
    """Return the threshold of least detection cost on labelled trials.

    Parameters
    ----------
    scores : array_like (n_trials,)
    labels : array_like (n_trials,) of bool
        True for target trials.
    prior : float
        Probability of a target trial, between 0 and 1; see `LogisticCalibration.threshold` for
        unequal costs.

    Returns
    -------
    float
        The least score to accept; infinity where it is best to refuse all.

    Raises
    ------
    ParameterError
        If the trials are not as above, hold NaN or infinity, or are not of both kinds; or `prior`
        is out of range.

    Examples
    --------
    >>> best_threshold([0.1, 0.4, 0.6, 0.9], [0, 1, 0, 1], prior=0.6)
    0.4
    """
    _log_odds(prior)
    score, label = check_trials(scores, labels)
    false_alarm, hit, thresholds = roc_curve(label, score)
    return float(thresholds[np.argmin(prior * (1 - hit) + (1 - prior) * false_alarm)])


class ScoreHistogram(NamedTuple):
    """How many trials score how much.

    Parameters
    ----------
    edges : ndarray (bins + 1,)
        Of the bins, equally wide; the last one holds its upper edge too.
    targets, others : ndarray (bins,), int64
        Trials in each bin.
    """

    edges: npt.NDArray[np.float64]
    targets: npt.NDArray[np.int64]
    others: npt.NDArray[np.int64]


def score_histogram(
    scores: npt.ArrayLike, labels: npt.ArrayLike, *, bins: int = 50
) -> ScoreHistogram:
    """Count target and other trials by score, in the same bins from the least to the highest.

    Parameters
    ----------
    scores : array_like (n_trials,)
    labels : array_like (n_trials,) of bool
        True for target trials.
    bins : int

    Raises
    ------
    ParameterError
        If the trials are not as above, hold NaN or infinity, or are not of both kinds; or `bins`
        is below 1.

    Examples
    --------
    >>> histogram = score_histogram([0.0, 0.4, 0.6, 1.0], [0, 0, 1, 1], bins=2)
    >>> histogram.edges, histogram.targets, histogram.others
    (array([0. , 0.5, 1. ]), array([0, 2]), array([2, 0]))
    """
    check_integer(bins, "bins", least=1)
    score, label = check_trials(scores, labels)
    edges = np.histogram_bin_edges(score, bins)
    targets, others = (np.histogram(score[kind], edges)[0] for kind in (label, ~label))
    return ScoreHistogram(edges, targets, others)


class SNorm(BaseEstimator):  # type: ignore[misc]
    """Symmetric score normalization with a cohort of other speakers [1]_.

    A score is expressed in standard deviations above the mean of what each of its two vectors
    scores with the cohort, and the two are averaged. With `n_top`, only the most similar cohort
    vectors of each count: adaptive S-norm (S-norm 1 of [2]_).

    Parameters
    ----------
    similarity : callable
        From rows (n, n_features) and (m, n_features) to scores (n, m).
    n_top : int, optional
        Cohort scores of each vector that count, at least 2, the highest ones; all if there are
        fewer. None counts all.

    Attributes
    ----------
    cohort_ : ndarray (n_cohort, n_features)

    References
    ----------
    .. [1] P. Kenny, "Bayesian Speaker Verification with Heavy-Tailed Priors", Odyssey 2010.
    .. [2] P. Matejka et al., "Analysis of Score Normalization in Multilingual Speaker
       Recognition", Interspeech 2017.

    Examples
    --------
    >>> cohort = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]]
    >>> SNorm(n_top=None).fit(cohort).score([[1.0, 0.0]], [[2.0, 0.0], [0.0, 3.0]]).round(3)
    array([[1.414, 0.   ]])
    """

    def __init__(
        self, *, similarity: Similarity = cosine_similarity, n_top: int | None = 200
    ) -> None:
        self.similarity = similarity
        self.n_top = n_top

    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:  # noqa: ARG002
        """Take the cohort: vectors (n_cohort, n_features) of speakers who are in no trial.

        Best one vector a speaker: otherwise the most frequent ones fill the places of `n_top`.

        Raises
        ------
        ParameterError
            If `X` is not as above or has fewer than 2 rows.
        """
        self.cohort_ = validated(self, X, reset=True, ensure_min_samples=2)
        return self

    def score(self, a: npt.ArrayLike, b: npt.ArrayLike | None = None) -> FloatArray:
        """Normalized scores of each row of `a` with each of `b`.

        Parameters
        ----------
        a : array_like (n, n_features)
        b : array_like (m, n_features), optional
            Default: `a`.

        Returns
        -------
        ndarray (n, m)
            Of the type that `similarity` gives.

        Raises
        ------
        ParameterError
            If the columns are not ``n_features``, a number is NaN or infinite, `n_top` is below
            2, or a row scores the same with all of the cohort that counts.
        """
        check_is_fitted(self)
        if not callable(self.similarity):
            raise ParameterTypeError(
                f"similarity must be a function of two matrices, got {self.similarity!r}"
            )
        left = validated(self, a)
        right = left if b is None else validated(self, b)
        of_left = self._cohort_statistics(left)
        of_right = of_left if b is None else self._cohort_statistics(right)
        return _normalized(self.similarity(left, right), of_left, of_right)

    def _cohort_statistics(self, rows: FloatArray) -> FloatArray:
        blocks = (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))
        scores = (self.similarity(block, self.cohort_) for block in blocks)
        return np.concatenate([_top_statistics(block, self.n_top) for block in scores], axis=1)


def normalize_scores(
    scores: npt.ArrayLike,
    cohort_a: npt.ArrayLike,
    cohort_b: npt.ArrayLike | None = None,
    *,
    n_top: int | None = 200,
) -> FloatArray:
    """Symmetric score normalization of scores that are there already; see `SNorm`.

    Parameters
    ----------
    scores : array_like (n, m)
    cohort_a : array_like (n, n_cohort)
        Scores of each row with the cohort.
    cohort_b : array_like (m, n_cohort), optional
        Scores of each column with the cohort. Default: `cohort_a`.
    n_top : int, optional
        As in `SNorm`.

    Returns
    -------
    ndarray (n, m), float64

    Raises
    ------
    ParameterError
        If the shapes do not fit, a number is NaN or infinite, `n_top` is below 2, or the cohort
        scores of a row that count are all the same.

    Examples
    --------
    >>> normalize_scores([[3.0, 2.0]], [[-1.0, 1.0]], [[0.0, 2.0], [1.0, 3.0]], n_top=None)
    array([[2.5, 1. ]])
    """
    left = check_matrix(cohort_a, "cohort_a", dtype=np.float64)
    right = left if cohort_b is None else check_matrix(cohort_b, "cohort_b", dtype=np.float64)
    score = check_matrix(scores, "scores", n_columns=len(right), dtype=np.float64)
    if len(score) != len(left):
        raise ParameterError(f"scores have {len(score)} rows, but cohort_a has {len(left)}")
    return _normalized(score, _top_statistics(left, n_top), _top_statistics(right, n_top))


def _normalized(scores: FloatArray, of_rows: FloatArray, of_columns: FloatArray) -> FloatArray:
    mean_a, deviation_a = of_rows.astype(scores.dtype)[:, :, None]
    mean_b, deviation_b = of_columns.astype(scores.dtype)
    return np.asarray(((scores - mean_a) / deviation_a + (scores - mean_b) / deviation_b) / 2)


def _top_statistics(scores: FloatArray, n_top: int | None) -> FloatArray:
    """Mean and standard deviation of the highest scores of each row, (2, n)."""
    n_cohort = scores.shape[1]
    if n_top is not None and check_integer(n_top, "n_top") < 2:
        raise ParameterError(f"n_top must be at least 2, got {n_top}; n_top=None counts all")
    first = 0 if n_top is None else max(0, n_cohort - n_top)
    top = np.partition(scores, first, axis=1)[:, first:]
    mean, deviation = top.mean(axis=1, dtype=np.float64), top.std(axis=1, dtype=np.float64)
    same = np.flatnonzero(deviation <= 8 * np.finfo(scores.dtype).eps * np.abs(top).max(axis=1))
    if len(same):
        raise ParameterError(
            f"row {same[0]} scores {mean[same[0]]:.4g} with all {top.shape[1]} cohort vectors that"
            " count: give a cohort of different speakers"
        )
    return np.stack([mean, deviation])


def _log_odds(prior: float) -> float:
    return float(logit(check_probability(prior, "prior")))
