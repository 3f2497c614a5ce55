"""Total variability, by the book: Dehak et al. 2011."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def posterior(zeroth: Array, first: Array, matrix: Array, ubm: Any) -> tuple[Array, Array]:
    """Mean (r,) and second moment (r, r) of w for one segment; `first` is not centred."""
    precision = np.eye(matrix.shape[2])
    for n, variance, block in zip(zeroth, ubm.variances_, matrix, strict=True):
        precision += n * block.T @ (block / variance[:, None])
    covariance = np.linalg.inv(precision)
    mean = covariance @ projected(zeroth, first, matrix, ubm)
    return mean, covariance + np.outer(mean, mean)


def projected(zeroth: Array, first: Array, matrix: Array, ubm: Any) -> Array:
    """T' S^-1 (F - N m), (r,), for one segment; `first` is not centred."""
    total = np.zeros(matrix.shape[2])
    for n, f, mean, variance, block in zip(
        zeroth, first, ubm.means_, ubm.variances_, matrix, strict=True
    ):
        total += block.T @ ((f - n * mean) / variance)
    return total


def em_step(zeroth: Array, first: Array, matrix: Array, ubm: Any) -> Array:
    """One EM iteration with minimum divergence."""
    centred = first - zeroth[:, :, None] * ubm.means_
    moments = [posterior(n, f, matrix, ubm) for n, f in zip(zeroth, first, strict=True)]
    new = np.empty_like(matrix)
    for k in range(len(matrix)):
        pairs = list(zip(zeroth, centred, moments, strict=True))
        system = np.sum([n[k] * second for n, _, (_, second) in pairs], axis=0)
        cross = np.sum([np.outer(f[k], mean) for _, f, (mean, _) in pairs], axis=0)
        new[k] = np.linalg.solve(system, cross.T).T
    second_moment = np.mean([second for _, second in moments], axis=0)
    return np.asarray(new @ np.linalg.cholesky(second_moment))
