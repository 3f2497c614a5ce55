"""Centring, whitening and length normalization of vectors; WCCN and LDA."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import scipy.linalg
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from trfast._checks import check_classes, check_finite, check_integer, check_share
from trfast.errors import ModelError, ParameterError, ParameterTypeError

FloatArray = npt.NDArray[Any]


class Whitening(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Subtract the mean, and rotate and scale to unit covariance.

    Parameters
    ----------
    shrinkage : float
        In 0..1, how far the covariance is drawn to a multiple of the identity first:
        0 whitens fully, 1 only centres (and scales all columns alike).

    Attributes
    ----------
    mean_ : ndarray (n_features,)
    matrix_ : ndarray (n_features, n_features)
        Symmetric; rows are transformed as ``(x - mean_) @ matrix_``.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(500, 3)) * [1, 2, 3] + 5
    >>> np.cov(Whitening().fit_transform(x).T).round(6) + 0.0
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 1.]])
    """

    def __init__(self, *, shrinkage: float = 0.0) -> None:
        self.shrinkage = shrinkage

    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:  # noqa: ARG002
        """Estimate mean and covariance from vectors, (n_samples, n_features)."""
        x = validated(self, X, ensure_min_samples=2, reset=True)
        self.mean_ = x.mean(axis=0, dtype=np.float64)
        covariance = np.cov(x.T.astype(np.float64), ddof=1).reshape(2 * x.shape[1:])
        scale = np.trace(covariance) / len(covariance) or 1.0
        values, directions = np.linalg.eigh(shrunk(covariance, self.shrinkage))
        # Directions without any variance (fewer vectors than dimensions) stay as they are.
        values = np.where(values > 1e-10 * scale, values, scale)
        self.matrix_ = (directions / np.sqrt(values)) @ directions.T
        return self

    def transform(self, X: npt.ArrayLike) -> FloatArray:
        """Return the whitened vectors, (n_samples, n_features), of the type of `X`."""
        check_is_fitted(self)
        x = validated(self, X)
        return np.asarray((x - self.mean_) @ self.matrix_, dtype=x.dtype)


class Centering(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Subtract the mean.

    Attributes
    ----------
    mean_ : ndarray (n_features,)

    Examples
    --------
    >>> Centering().fit_transform([[1.0, 2.0], [3.0, 2.0]])
    array([[-1.,  0.],
           [ 1.,  0.]])
    """

    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:  # noqa: ARG002
        """Estimate the mean of vectors, (n_samples, n_features)."""
        x = validated(self, X, reset=True)
        self.mean_ = x.mean(axis=0, dtype=np.float64)
        return self

    def transform(self, X: npt.ArrayLike) -> FloatArray:
        """Return the centred vectors, (n_samples, n_features), of the type of `X`."""
        check_is_fitted(self)
        x = validated(self, X)
        return np.asarray(x - self.mean_, dtype=x.dtype)


class EigenFactorRadial(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Whitening and length normalization, one after the other, several times (EFR) [1]_.

    Parameters
    ----------
    n_iterations : int
    shrinkage : float
        See `Whitening`.

    Attributes
    ----------
    whitenings_ : list of Whitening
        One an iteration.

    References
    ----------
    .. [1] P.-M. Bousquet, D. Matrouf, J.-F. Bonastre, "Intersession Compensation and Scoring
       Methods in the i-vectors Space for Speaker Recognition", Interspeech 2011.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(500, 3)) * [1, 2, 3] + 5
    >>> EigenFactorRadial().fit_transform(x).mean(axis=0).round(2) + 0.0
    array([0., 0., 0.])
    """

    def __init__(self, *, n_iterations: int = 2, shrinkage: float = 0.0) -> None:
        self.n_iterations = n_iterations
        self.shrinkage = shrinkage

    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:  # noqa: ARG002
        """Estimate the whitenings from vectors, (n_samples, n_features)."""
        check_integer(self.n_iterations, "n_iterations", least=1)
        x = validated(self, X, ensure_min_samples=2, reset=True)
        self.whitenings_: list[Whitening] = []
        for _ in range(self.n_iterations):
            self.whitenings_.append(Whitening(shrinkage=self.shrinkage).fit(x))
            x = LengthNorm().fit_transform(self.whitenings_[-1].transform(x))
        return self

    def transform(self, X: npt.ArrayLike) -> FloatArray:
        """Return vectors of length 1, (n_samples, n_features), of the type of `X`."""
        check_is_fitted(self)
        x = validated(self, X)
        for whitening in self.whitenings_:
            x = LengthNorm().fit_transform(whitening.transform(x))
        return np.asarray(x)


class LengthNorm(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Scale each vector to length 1; a zero vector stays zero.

    Examples
    --------
    >>> LengthNorm().fit_transform([[3.0, 4.0]])
    array([[0.6, 0.8]])
    """

    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:  # noqa: ARG002
        """Only look at the number of columns."""
        validated(self, X, reset=True)
        return self

    def transform(self, X: npt.ArrayLike) -> FloatArray:
        """Return the vectors at unit length, (n_samples, n_features)."""
        check_is_fitted(self)
        x = validated(self, X)
        length = np.linalg.norm(x, axis=1, keepdims=True)
        return np.asarray(x / np.where(length > 0, length, 1), dtype=x.dtype)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_features_in_")


class Wccn(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Within-class covariance normalization [1]_.

    Rows are transformed as ``x @ matrix_``; they are not centred. The cosine of what comes out
    is the score.

    Parameters
    ----------
    shrinkage : float
        In 0..1, how far the within-class covariance is drawn to a multiple of the identity.
        With some hundred classes, 0 does worse than no normalization at all.

    Attributes
    ----------
    within_ : ndarray (n_features, n_features)
        Within-class covariance, over the number of vectors, as measured (not shrunk).
    matrix_ : ndarray (n_features, n_features)
        Lower Cholesky factor of the inverse of the shrunk one.

    References
    ----------
    .. [1] A. Hatch, S. Kajarekar, A. Stolcke, "Within-Class Covariance Normalization for
       SVM-based Speaker Recognition", Interspeech 2006.

    Examples
    --------
    >>> x = [[4.0, 0.0], [4.0, 2.0], [0.0, 0.0], [2.0, 0.0], [1.0, 3.0], [1.0, 3.0]]
    >>> Wccn().fit(x, ["ann", "ann", "bob", "bob", "eve", "eve"]).within_.round(3)
    array([[0.333, 0.   ],
           [0.   , 0.333]])
    """

    def __init__(self, *, shrinkage: float = 0.0) -> None:
        self.shrinkage = shrinkage

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Estimate the within-class covariance.

        Parameters
        ----------
        X : array_like (n_samples, n_features)
        y : array_like (n_samples,)
            Classes.

        Raises
        ------
        ParameterError
            If `X` or `y` is not as above, or there are fewer than 2 classes.
        ModelError
            If each class has one vector only, or the covariance is singular.
        """
        statistics = class_statistics(self, X, y)
        self.within_ = statistics.within
        inverse = np.linalg.inv(regular_within(statistics, self.shrinkage))
        self.matrix_ = np.linalg.cholesky((inverse + inverse.T) / 2)
        return self

    def transform(self, X: npt.ArrayLike) -> FloatArray:
        """Return the normalized vectors, (n_samples, n_features), of the type of `X`."""
        check_is_fitted(self)
        x = validated(self, X)
        return np.asarray(x @ self.matrix_, dtype=x.dtype)

    def __sklearn_tags__(self) -> Tags:
        return needs_labels(super().__sklearn_tags__())


class Lda(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Linear discriminant analysis: the directions that tell classes apart best.

    They solve ``B v = lambda W v``, B and W being the covariances between and within classes [1]_.

    Parameters
    ----------
    n_components : int, optional
        Directions to keep. Default: as many as there can be, the lesser of ``n_features`` and
        ``n_classes - 1``.
    shrinkage : float
        In 0..1, how far the within-class covariance is drawn to a multiple of the identity.

    Attributes
    ----------
    mean_ : ndarray (n_features,)
    matrix_ : ndarray (n_features, n_components)
        Rows are transformed as ``(x - mean_) @ matrix_``, which have the identity as (shrunk)
        within-class covariance.
    eigenvalues_ : ndarray (n_components,)
        Variance between classes over that within, in each direction; falling.

    References
    ----------
    .. [1] K. Fukunaga, "Introduction to Statistical Pattern Recognition", 2nd ed., Academic
       Press, 1990, chapter 10.

    Examples
    --------
    >>> x = [[4.0, 0.0], [4.0, 2.0], [0.0, 0.0], [2.0, 0.0], [1.0, 3.0], [1.0, 3.0]]
    >>> lda = Lda(n_components=1).fit(x, ["ann", "ann", "bob", "bob", "eve", "eve"])
    >>> lda.transform(x).shape, lda.eigenvalues_.round(2)
    ((6, 1), array([6.54]))
    """

    def __init__(self, *, n_components: int | None = None, shrinkage: float = 0.0) -> None:
        self.n_components = n_components
        self.shrinkage = shrinkage

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Find the directions.

        Parameters
        ----------
        X : array_like (n_samples, n_features)
        y : array_like (n_samples,)
            Classes.

        Raises
        ------
        ParameterError
            If `X` or `y` is not as above, there are fewer than 2 classes, or too few for
            `n_components`.
        ModelError
            If each class has one vector only, or the covariance is singular.
        """
        statistics = class_statistics(self, X, y)
        n_classes, d = statistics.sums.shape
        most = min(d, n_classes - 1)
        n_components = most
        if self.n_components is not None:
            n_components = check_integer(self.n_components, "n_components")
        if not 1 <= n_components <= most:
            raise ParameterError(
                f"n_components must lie in 1 to {most} for {n_classes} classes and"
                f" n_features = {d}, got {n_components}"
            )
        within = regular_within(statistics, self.shrinkage)
        values, directions = scipy.linalg.eigh(
            statistics.between, within, subset_by_index=(d - n_components, d - 1)
        )
        self.mean_ = statistics.mean
        self.matrix_ = np.ascontiguousarray(directions[:, ::-1])
        self.eigenvalues_ = values[::-1].copy()
        return self

    def transform(self, X: npt.ArrayLike) -> FloatArray:
        """Return the projected vectors, (n_samples, n_components), of the type of `X`."""
        check_is_fitted(self)
        x = validated(self, X)
        return np.asarray((x - self.mean_) @ self.matrix_, dtype=x.dtype)

    def __sklearn_tags__(self) -> Tags:
        return needs_labels(super().__sklearn_tags__())


class ClassStatistics(NamedTuple):
    """Sums over labelled vectors, in double precision, about their mean.

    ``mean`` (d,), ``counts`` (n_classes,), ``sums`` (n_classes, d), ``scatter`` (d, d): of the
    vectors, their number in each class, their sums by class, their outer products' sum.
    """

    mean: FloatArray
    counts: FloatArray
    sums: FloatArray
    scatter: FloatArray

    @property
    def between(self) -> FloatArray:
        """Covariance of the class means, weighted by count, (d, d)."""
        half = self.sums / np.sqrt(self.counts)[:, None]
        return np.asarray(half.T @ half / self.counts.sum())

    @property
    def within(self) -> FloatArray:
        """Covariance about the class means, (d, d)."""
        return np.asarray(self.scatter / self.counts.sum() - self.between)


def class_statistics(
    estimator: BaseEstimator, X: npt.ArrayLike, y: npt.ArrayLike
) -> ClassStatistics:
    """Check the training data of `estimator`, and sum them up by class."""
    x, labels = validated(estimator, X, y=y, reset=True, ensure_min_samples=2)
    _, classes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if len(counts) < 2:
        raise ParameterError(
            f"{len(x)} vectors of {len(counts)} class cannot train"
            f" {type(estimator).__name__}: give at least 2 classes"
        )
    if counts.max() == 1:
        raise ModelError(
            f"each of the {len(counts)} classes has one vector: give classes of 2 or more,"
            " what lies within a class cannot be learned otherwise"
        )
    mean = x.mean(axis=0, dtype=np.float64)
    centred = x - mean
    order = np.argsort(classes, kind="stable")
    sums = np.add.reduceat(centred[order], np.cumsum(counts) - counts)
    return ClassStatistics(mean, counts.astype(np.float64), sums, centred.T @ centred)


def regular_within(statistics: ClassStatistics, shrinkage: float) -> FloatArray:
    """Return the shrunk within-class covariance; an error if it has no inverse."""
    within = shrunk(statistics.within, shrinkage)
    # In units of each column's own spread, so that columns of unlike scale are not singular.
    total = np.diag(statistics.scatter) / statistics.counts.sum()
    spread = np.sqrt(np.maximum(np.diag(within), total))
    spread[spread == 0] = 1
    values = np.linalg.eigvalsh(within / np.outer(spread, spread))
    if values[0] <= 1e-10:
        raise ModelError(
            f"the within-class covariance of {statistics.counts.sum():.0f} vectors in"
            f" {len(statistics.counts)} classes has rank {np.count_nonzero(values > 1e-10)} of"
            f" {len(within)}: give more vectors, or a shrinkage above {shrinkage}"
        )
    return within


def shrunk(covariance: FloatArray, shrinkage: float) -> FloatArray:
    """Draw a covariance towards the identity times its mean variance."""
    check_share(shrinkage, "shrinkage")
    result = (1 - shrinkage) * covariance
    result.flat[:: len(result) + 1] += shrinkage * np.trace(covariance) / len(covariance)
    return result


def validated(estimator: BaseEstimator, X: npt.ArrayLike, **options: Any) -> Any:
    """Check vectors by scikit-learn's rules; `options` are those of its ``validate_data``."""
    types = (np.float64, np.float32)
    options = {"dtype": types, "reset": False, "ensure_all_finite": False} | options
    try:
        checked = validate_data(estimator, X, **options)
    except TypeError as error:
        raise ParameterTypeError(str(error)) from error
    except ValueError as error:
        raise ParameterError(str(error)) from error
    check_finite(checked[0] if "y" in options else checked, "X")
    if "y" in options:
        check_classes(checked[1], "y")
    return checked


def needs_labels(tags: Tags) -> Tags:
    """Tell scikit-learn that `fit` takes labels."""
    tags.target_tags.required = True
    return tags
