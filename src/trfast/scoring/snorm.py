"""Score normalization with a cohort."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from trfast._checks import check_integer, check_matrix
from trfast._estimators import Estimator, check_is_fitted
from trfast.errors import ParameterError, ParameterTypeError
from trfast.scoring.cosine import cosine_similarity
from trfast.scoring.normalization import validated

FloatArray = npt.NDArray[Any]
Similarity = Callable[[FloatArray, FloatArray], FloatArray]

# Rows whose cohort scores are in memory at a time.
_BLOCK = 1024


class SNorm(Estimator):
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
    >>> norm = SNorm(n_top=None).fit(cohort)
    >>> norm.normalized_similarity([[1.0, 0.0]], [[2.0, 0.0], [0.0, 3.0]]).round(3)
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

    def normalized_similarity(self, a: npt.ArrayLike, b: npt.ArrayLike | None = None) -> FloatArray:
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
        of_left = self.statistics(left)
        of_right = of_left if b is None else self.statistics(right)
        return normalized(self.similarity(left, right), of_left, of_right)

    def statistics(self, rows: npt.ArrayLike) -> FloatArray:
        """Mean and standard deviation of the scores of each row with the cohort, (2, n), float64;
        what `normalized` takes for blocks of scores."""
        x = validated(self, rows)
        blocks = (x[start : start + _BLOCK] for start in range(0, len(x), _BLOCK))
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
    return normalized(score, _top_statistics(left, n_top), _top_statistics(right, n_top))


def normalized(scores: FloatArray, of_rows: FloatArray, of_columns: FloatArray) -> FloatArray:
    """Scores (n, m) normalized by the statistics (2, n), (2, m) of rows and columns."""
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
