"""Centring, whitening and length normalization of vectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeGuard

import numpy as np
import numpy.typing as npt

from trfast._checks import check_classes, check_finite, check_integer, check_share
from trfast._estimators import ColumnwiseTransformer, Estimator, NamedTransformer, check_is_fitted
from trfast.errors import ParameterError, ParameterTypeError

FloatArray = npt.NDArray[Any]


class CentredProjection(NamedTransformer):
    """What subtracts ``mean_`` and multiplies by ``matrix_``, once these are learned."""

    mean_: FloatArray
    matrix_: FloatArray

    def transform(self, X: npt.ArrayLike) -> FloatArray:
        """Return the projected vectors, (n_samples, n_components), of the type of `X`."""
        check_is_fitted(self)
        x = validated(self, X)
        return np.asarray((x - self.mean_) @ self.matrix_, dtype=x.dtype)

    @property
    def _n_features_out(self) -> int:
        return int(self.matrix_.shape[1])


class Whitening(CentredProjection):
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


class Centering(ColumnwiseTransformer):
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


class EigenFactorRadial(NamedTransformer):
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
            whitening = Whitening(shrinkage=self.shrinkage)
            # Arrays, whatever tables scikit-learn is told to give to the user.
            self.whitenings_.append(whitening.set_output(transform="default").fit(x))
            x = _at_unit_length(whitening.transform(x))
        return self

    def transform(self, X: npt.ArrayLike) -> FloatArray:
        """Return vectors of length 1, (n_samples, n_features), of the type of `X`."""
        check_is_fitted(self)
        x = validated(self, X)
        for whitening in self.whitenings_:
            x = _at_unit_length(whitening.transform(x))
        return np.asarray(x)

    @property
    def _n_features_out(self) -> int:
        return len(self.whitenings_[0].mean_)


class LengthNorm(ColumnwiseTransformer):
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
        return _at_unit_length(validated(self, X))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_features_in_")


def _at_unit_length(x: FloatArray) -> FloatArray:
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return np.asarray(x / np.where(length > 0, length, 1), dtype=x.dtype)


def shrunk(covariance: FloatArray, shrinkage: float) -> FloatArray:
    """Draw a covariance towards the identity times its mean variance."""
    check_share(shrinkage, "shrinkage")
    result = (1 - shrinkage) * covariance
    result.flat[:: len(result) + 1] += shrinkage * np.trace(covariance) / len(covariance)
    return result


def validated(estimator: Estimator, X: npt.ArrayLike, **options: Any) -> Any:
    """Check vectors by scikit-learn's rules; `options` are those of its ``validate_data``."""
    if _is_plain(X, options) and "feature_names_in_" not in vars(estimator):
        if options.get("reset"):
            estimator.n_features_in_ = X.shape[1]
        if X.shape[1] == vars(estimator).get("n_features_in_"):
            check_finite(X, "X")
            return X
    from sklearn.utils.validation import validate_data  # slow to load

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


def _is_plain(X: Any, options: Mapping[str, Any]) -> TypeGuard[FloatArray]:
    """Whether ``validate_data`` would return them as they are."""
    return (
        type(X) is np.ndarray
        and X.dtype in (np.float32, np.float64)
        and X.ndim == 2
        and X.shape[1] > 0
        and len(X) >= options.get("ensure_min_samples", 1)
        and options.keys() <= {"ensure_min_samples", "reset"}
    )
