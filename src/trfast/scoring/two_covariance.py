"""The two-covariance model: what differs between the speakers of a recording, and within one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import scipy

from trfast._checks import check_groups, check_integer, check_share
from trfast.errors import ModelError, ParameterError
from trfast.scoring.classes import class_statistics, needs_labels, regular_within
from trfast.scoring.normalization import CentredProjection

if TYPE_CHECKING:
    from sklearn.utils import Tags

FloatArray = npt.NDArray[Any]

# Least variance between speakers, in units of that within.
_LEAST = 1e-6


class TwoCovariance(CentredProjection):
    """A vector is its speaker, plus noise: two Gaussians, whose covariances are moments [1]_.

    Within a recording, the speakers share the channel. With `groups` the covariance between
    speakers is about the mean of each recording's, so that it holds what tells them apart there;
    over all recordings it would hold the channels too, and strangers would look alike.

    Parameters
    ----------
    n_components : int, optional
        Directions to keep, those of most variance between speakers; default: all.
    shrinkage : float
        In 0..1, how far the covariance within is drawn to a multiple of the identity.

    Attributes
    ----------
    mean_ : ndarray (n_features,)
    matrix_ : ndarray (n_features, n_components)
        ``(x - mean_) @ matrix_`` has the identity for its covariance within speakers, and a
        diagonal one between them.
    eigenvalues_ : ndarray (n_components,)
        That between speakers, falling.

    References
    ----------
    .. [1] N. Brummer, E. de Villiers, "The speaker partitioning problem", Odyssey 2010.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> speakers = np.repeat(np.arange(60), 20)
    >>> x = 3 * rng.normal(size=(60, 2))[speakers] + rng.normal(size=(1200, 2))
    >>> model = TwoCovariance().fit(x, speakers)
    >>> bool(abs(model.eigenvalues_ - 9).max() < 3)
    True
    """

    def __init__(self, *, n_components: int | None = None, shrinkage: float = 0.0) -> None:
        self.n_components = n_components
        self.shrinkage = shrinkage

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike, groups: npt.ArrayLike | None = None) -> Self:
        """Estimate the covariances.

        Parameters
        ----------
        X : array_like (n_samples, n_features)
        y : array_like (n_samples,)
            Speakers.
        groups : array_like (n_samples,), optional
            Recordings. A speaker in two of them is two classes.

        Raises
        ------
        ModelError
            If no recording has two speakers, or the covariance within is singular.
        ParameterError
            If the arguments do not fit.
        """
        check_share(self.shrinkage, "shrinkage")
        labels = np.unique(np.asarray(y), return_inverse=True)[1].reshape(-1)
        n = len(labels)
        where = np.zeros(n, np.int64)
        if groups is not None:
            given = check_groups(groups, "groups", n, "a sample")
            where = np.unique(given, return_inverse=True)[1].reshape(-1)
        classes = where * (labels.max(initial=0) + 1) + labels
        statistics = class_statistics(self, X, classes)
        # Unbiased: the mean of each class is taken from its vectors.
        counts, n_classes = statistics.counts, len(statistics.counts)
        within = regular_within(statistics, self.shrinkage)
        within *= counts.sum() / max(counts.sum() - n_classes, 1)
        means = statistics.sums / counts[:, None]
        recordings = where[np.unique(classes, return_index=True)[1]]
        n_speakers = np.bincount(recordings)
        centre = np.zeros((len(n_speakers), means.shape[1]))
        np.add.at(centre, recordings, means)
        apart = means - (centre / np.maximum(n_speakers, 1)[:, None])[recordings]
        freedom = n_classes - np.count_nonzero(n_speakers)
        if freedom < 1:
            raise ModelError(
                "no recording has two speakers, so what lies between them cannot be learned"
            )
        between = apart.T @ apart / freedom - within * np.mean(1 / counts)
        d = len(within)
        kept = d if self.n_components is None else check_integer(self.n_components, "n_components")
        if not 1 <= kept <= d:
            raise ParameterError(f"n_components must lie in 1 to {d}, got {kept}")
        values, directions = scipy.linalg.eigh(between, within, subset_by_index=(d - kept, d - 1))
        self.mean_ = statistics.mean
        self.matrix_ = np.ascontiguousarray(directions[:, ::-1])
        self.eigenvalues_ = np.maximum(values[::-1], _LEAST)
        return self

    def __sklearn_tags__(self) -> Tags:
        return needs_labels(super().__sklearn_tags__())
