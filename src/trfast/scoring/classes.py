"""What supervised back-ends learn from: sums over labelled vectors, by class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from trfast._estimators import Estimator
from trfast.errors import ModelError, ParameterError
from trfast.scoring.normalization import shrunk, validated

if TYPE_CHECKING:
    from sklearn.utils import Tags

FloatArray = npt.NDArray[Any]


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


def class_statistics(estimator: Estimator, X: npt.ArrayLike, y: npt.ArrayLike) -> ClassStatistics:
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


def needs_labels(tags: Tags) -> Tags:
    """Tell scikit-learn that `fit` takes labels."""
    tags.target_tags.required = True
    return tags
