"""Linear discriminant analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import scipy

from trfast._checks import check_integer
from trfast.errors import ParameterError
from trfast.scoring.classes import class_statistics, needs_labels, regular_within
from trfast.scoring.normalization import CentredProjection

if TYPE_CHECKING:
    from sklearn.utils import Tags

FloatArray = npt.NDArray[Any]


class Lda(CentredProjection):
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

    def __sklearn_tags__(self) -> Tags:
        return needs_labels(super().__sklearn_tags__())
