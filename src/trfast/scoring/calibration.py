"""Thresholds, and calibrated scores.

A trial is a score (it grows with likeness) and a label (true for a target trial, of one
speaker). A log-likelihood ratio is a score that says, as a natural logarithm, how many times
likelier it is among target trials than among others: its thresholds follow from the prior.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import scipy

from trfast._checks import check_integer, check_probability, check_real, check_trials
from trfast._estimators import Estimator, check_is_fitted
from trfast.errors import ModelError
from trfast.scoring.trials import det_points

FloatArray = npt.NDArray[Any]


class LogisticCalibration(Estimator):
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
        from sklearn.linear_model import LogisticRegression  # slow to load

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
    thresholds, miss, false_alarm = det_points(scores, labels)
    cost = prior * miss + (1 - prior) * false_alarm
    # Of thresholds that cost the same, the highest.
    return float(thresholds[::-1][np.argmin(cost[::-1])])


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


def _log_odds(prior: float) -> float:
    return float(scipy.special.logit(check_probability(prior, "prior")))
