"""Running means and extremes: those of `scipy.ndimage`, to the last bit, which takes as long to
load as all of trfast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[Any]
Edges = Literal["symmetric", "edge"]


def running_max(x: FloatArray, size: int, *, edges: Edges = "symmetric") -> FloatArray:
    """Return the greatest of `size` values around each, (n,): of an even size, one more before it.

    Examples
    --------
    >>> running_max(np.array([3, 1, 2, 1, 0]), 3).tolist()
    [3, 3, 2, 2, 1]
    """
    return _extremes(x, size, edges, np.maximum)


def running_min(x: FloatArray, size: int, *, edges: Edges = "symmetric") -> FloatArray:
    """Return the least of `size` values around each, as `running_max` does."""
    return _extremes(x, size, edges, np.minimum)


def running_mean(x: FloatArray, size: int) -> FloatArray:
    """Return the mean of `size` rows around each, (n, k) float64.

    Examples
    --------
    >>> running_mean(np.array([[3.0], [0.0], [6.0]]), 3).ravel().tolist()
    [2.0, 3.0, 4.0]
    """
    near = _padded(x, size, "symmetric")
    total = np.empty_like(x)
    # What comes in and what goes out, one after the other, as a running sum is.
    total[0] = np.add.accumulate(near[:size], axis=0)[-1]
    np.subtract(near[size:], near[: len(x) - 1], out=total[1:])
    np.add.accumulate(total, axis=0, out=total)
    return np.divide(total, size, out=total)


def _extremes(
    x: FloatArray, size: int, edges: Edges, extreme: Callable[..., FloatArray]
) -> FloatArray:
    found, width = _padded(x, size, edges), 1
    while 2 * width <= size:
        found, width = extreme(found[:-width], found[width:]), 2 * width
    rest = size - width
    return extreme(found[: len(found) - rest], found[rest:])


def _padded(x: FloatArray, size: int, edges: Edges) -> FloatArray:
    sides = (size // 2, size - 1 - size // 2)
    return np.pad(x, (sides, *((0, 0),) * (x.ndim - 1)), mode=edges)
