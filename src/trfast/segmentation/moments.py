"""Means, variances and covariances of the frames of segments."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from trfast._ext import _moments
from trfast.features.frames import Frames, in_chunks

Bounds = npt.NDArray[np.int64]

VARIANCE_FLOOR = 1e-4


def column_moments(
    x: Frames, bounds: Bounds
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean and variance of each feature over the frames inside; a constant one gets variance 1."""
    mean, variance = np.zeros((2, x.shape[1]))
    count = max(1, int((bounds[:, 1] - bounds[:, 0]).sum()))
    for frames, inside, _ in _pieces(x, bounds):
        _moments.add_sums(frames, inside, mean)
    mean /= count
    for frames, inside, _ in _pieces(x, bounds):
        _moments.add_squares(frames, inside, mean, variance)
    variance /= count
    return mean, np.where(variance > 0, variance, 1.0)


def packed_moments(x: Frames, bounds: Bounds) -> npt.NDArray[np.float64]:
    """Count, sums and packed products of each segment, of features of mean 0 and variance 1."""
    d = x.shape[1]
    mean, variance = column_moments(x, bounds)
    moments = np.empty((len(bounds), 1 + d + d * (d + 1) // 2))
    scale = 1 / np.sqrt(variance)
    for frames, inside, rows in _pieces(x, bounds):
        _moments.moment_sums(frames, inside, mean, scale, moments[rows])
    return moments


def _pieces(x: Frames, bounds: Bounds) -> Iterator[tuple[npt.NDArray[np.floating], Bounds, slice]]:
    """Yield some minutes of frames at a time, the bounds inside them, and which these are."""
    for rows in in_chunks(bounds):
        first, last = bounds[rows][0, 0], bounds[rows][-1, 1]
        yield x[first:last], bounds[rows] - first, rows
