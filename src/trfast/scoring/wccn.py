"""Within-class covariance normalization."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from trfast._estimators import NamedTransformer, check_is_fitted
from trfast.scoring.classes import class_statistics, needs_labels, regular_within
from trfast.scoring.normalization import validated

if TYPE_CHECKING:
    from sklearn.utils import Tags

FloatArray = npt.NDArray[Any]


class Wccn(NamedTransformer):
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

    @property
    def _n_features_out(self) -> int:
        return int(self.matrix_.shape[1])

    def __sklearn_tags__(self) -> Tags:
        return needs_labels(super().__sklearn_tags__())
