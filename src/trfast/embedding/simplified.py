"""i-vectors of thousands of windows, cheaply: simplified extraction."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._checks import check_type
from trfast._estimators import check_is_fitted
from trfast._threads import blas_limit
from trfast.embedding.ivector import ProjectedStatistics, TotalVariability
from trfast.errors import ParameterError

FloatArray = npt.NDArray[Any]


class SimplifiedIvectors:
    """i-vectors without a matrix to invert for each [1]_.

    In the basis where the precision ``sum_c w_c T_c' S_c^-1 T_c`` of the UBM's average frame is
    diagonal, that of any segment is taken for diagonal. What comes out is rotated back.

    Parameters
    ----------
    total_variability : TotalVariability
        Fitted.

    References
    ----------
    .. [1] O. Glembek, L. Burget, P. Matejka, M. Karafiat, P. Kenny, "Simplification and
       optimization of i-vector extraction", ICASSP 2011.

    Examples
    --------
    >>> from trfast import load_model
    >>> total_variability = load_model().total_variability
    >>> counts = np.full((2, 256), 0.5, np.float32)
    >>> projected = np.random.default_rng(0).normal(size=(2, 200)).astype(np.float32)
    >>> SimplifiedIvectors(total_variability)(ProjectedStatistics(counts, projected)).shape
    (2, 200)
    """

    def __init__(self, total_variability: TotalVariability) -> None:
        check_type(total_variability, TotalVariability, "total_variability")
        check_is_fitted(total_variability, "matrix_")
        ubm = total_variability.ubm
        c, _, rank = total_variability.matrix_.shape
        average = np.zeros((rank, rank))
        self._precisions = np.empty((c, rank), np.float32)
        deviations = np.sqrt(ubm.variances_, dtype=np.float32)[:, :, None]
        with blas_limit():
            for k, matrix in enumerate(total_variability.matrix_):
                scaled = matrix / deviations[k]
                average += ubm.weights_[k] * (scaled.T @ scaled)
            self._rotation = np.linalg.eigh(average)[1].astype(np.float32)
            for k, matrix in enumerate(total_variability.matrix_):
                turned = matrix / deviations[k] @ self._rotation
                self._precisions[k] = np.square(turned).sum(axis=0)

    def __call__(self, statistics: ProjectedStatistics) -> npt.NDArray[np.float32]:
        """Return one i-vector a row of the statistics, (n, rank)."""
        shape = statistics.zeroth.shape[1], statistics.first.shape[1]
        if shape != self._precisions.shape:
            raise ParameterError(
                f"projected statistics of {shape[0]} Gaussians and rank {shape[1]} do not fit"
                f" total variability of {self._precisions.shape[0]} Gaussians and rank"
                f" {self._precisions.shape[1]}"
            )
        with blas_limit():
            turned = statistics.first @ self._rotation / (1 + statistics.zeroth @ self._precisions)
            return np.asarray(turned @ self._rotation.T, np.float32)
