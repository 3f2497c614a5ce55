"""Centring, whitening and length normalization of vectors."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from trfast.errors import ParameterError

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
        if not 0 <= self.shrinkage <= 1:
            raise ParameterError(f"shrinkage must lie in 0 to 1, got {self.shrinkage}")
        x = validate_data(self, X, dtype=(np.float64, np.float32), ensure_min_samples=2)
        self.mean_ = x.mean(axis=0, dtype=np.float64)
        covariance = np.cov(x.T.astype(np.float64), ddof=1).reshape(2 * x.shape[1:])
        scale = np.trace(covariance) / len(covariance) or 1.0
        covariance = (1 - self.shrinkage) * covariance
        covariance.flat[:: len(covariance) + 1] += self.shrinkage * scale
        values, directions = np.linalg.eigh(covariance)
        # Directions without any variance (fewer vectors than dimensions) stay as they are.
        values = np.where(values > 1e-10 * scale, values, scale)
        self.matrix_ = (directions / np.sqrt(values)) @ directions.T
        return self

    def transform(self, X: npt.ArrayLike) -> FloatArray:
        """Return the whitened vectors, (n_samples, n_features), of the type of `X`."""
        check_is_fitted(self)
        x = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        return np.asarray((x - self.mean_) @ self.matrix_, dtype=x.dtype)


class LengthNorm(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Scale each vector to length 1; a zero vector stays zero.

    Examples
    --------
    >>> LengthNorm().fit_transform([[3.0, 4.0]])
    array([[0.6, 0.8]])
    """

    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:  # noqa: ARG002
        """Only look at the number of columns."""
        validate_data(self, X)
        return self

    def transform(self, X: npt.ArrayLike) -> FloatArray:
        """Return the vectors at unit length, (n_samples, n_features)."""
        check_is_fitted(self)
        x = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        length = np.linalg.norm(x, axis=1, keepdims=True)
        return np.asarray(x / np.where(length > 0, length, 1), dtype=x.dtype)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_features_in_")
