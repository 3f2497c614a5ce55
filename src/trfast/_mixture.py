"""What mixtures of diagonal Gaussians share, and their EM: the UBM, and models of clusters."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from trfast._ext import _gmm

FloatArray = npt.NDArray[Any]

# Frames that a Gaussian counts as having at least, or it would have no mean.
_LEAST_COUNT = 1e-6


class LinearForm(NamedTuple):
    """Matrix (c, 2 d) and bias (c,): log(weight * density) of x is ``matrix @ [x, x^2] + bias``."""

    matrix: FloatArray
    bias: FloatArray


def linear_form(
    weights: FloatArray, means: FloatArray, variances: FloatArray, dtype: npt.DTypeLike
) -> LinearForm:
    """Return the linear form of a mixture."""
    precision = 1 / variances
    matrix = np.concatenate([means * precision, -precision / 2], axis=1)
    bias = np.log(weights) - 0.5 * (
        means.shape[1] * np.log(2 * np.pi)
        + np.log(variances).sum(axis=1)
        + (means**2 * precision).sum(axis=1)
    )
    return LinearForm(matrix.astype(dtype), bias.astype(dtype))


def statistics(
    x: FloatArray,
    offsets: npt.NDArray[np.int64],
    mixture: LinearForm,
    *,
    order: int,
    floor: float = 0.0,
    dtype: npt.DTypeLike = np.float64,
    n_threads: int = 1,
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.float64]]:
    """Sum the statistics of segments; BLAS should be held to one thread.

    Parameters
    ----------
    x : ndarray (n_frames, d)
        Of the type of `mixture`.
    offsets : ndarray (n_segments + 1,)
    mixture : LinearForm
    order : int
        1, or 2 for sums of squares too.
    floor : float
        Posteriors under it are left out.
    dtype : dtype
        Of the statistics.
    n_threads : int
        The result does not depend on it.

    Returns
    -------
    zeroth : ndarray (n_segments, c)
    sums : ndarray (n_segments, c, order * d)
    log_likelihood : ndarray (n_segments,)
    """
    n_segments, c = len(offsets) - 1, len(mixture.bias)
    make = np.empty if len(x) and n_segments else np.zeros
    zeroth = make((n_segments, c), dtype=dtype)
    sums = make((n_segments, c, order * x.shape[1]), dtype=dtype)
    log_likelihood = make(n_segments)
    if len(x) and n_segments:
        n_threads = min(n_threads, n_segments)
        _gmm.statistics(x, offsets, *mixture, floor, zeroth, sums, log_likelihood, n_threads)
    return zeroth, sums, log_likelihood


def maximize(
    zeroth: FloatArray, sums: FloatArray, variance_floor: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the weights, means and variances of the highest likelihood: the M-step.

    Parameters
    ----------
    zeroth : ndarray (c,)
    sums : ndarray (c, 2 d)
        Of the frames, then of their squares.
    variance_floor : float or ndarray (d,)
    """
    d = sums.shape[1] // 2
    counts = np.maximum(zeroth, _LEAST_COUNT)
    means = sums[:, :d] / counts[:, None]
    variances = np.maximum(sums[:, d:] / counts[:, None] - means**2, variance_floor)
    return counts / counts.sum(), means, variances
