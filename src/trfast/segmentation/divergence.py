"""Change points: the peaks of the Gaussian divergence."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from trfast._checks import check_bounds, check_integer
from trfast._ext import _divergence
from trfast._filters import running_max
from trfast.errors import ParameterError
from trfast.features.frames import Frames, checked_frames
from trfast.segmentation.moments import VARIANCE_FLOOR, Bounds, column_moments


def gaussian_divergence(
    features: npt.ArrayLike, *, window: int, min_length: int | None = None
) -> npt.NDArray[np.float64]:
    r"""Divergence between the windows left and right of each frame.

    With diagonal Gaussians of means :math:`m` and standard deviations :math:`s` (divisor
    ``window - 1``), :math:`\sum_d (m_{1d} - m_{2d})^2 / (s_{1d} s_{2d})`. Near the ends the
    windows shrink, and the value is scaled by :math:`2 n_1 n_2 / (n_1 + n_2)` over `window`,
    so that means of few frames are not taken for a change.

    Parameters
    ----------
    features : array_like (n_frames, n_features)
    window : int
        Frames in each of the two windows, at least 2.
    min_length : int, optional
        Frames that a window keeps at the ends, at least 2. Default: `window`.

    Returns
    -------
    ndarray (n_frames - 2 * min_length + 1,), float64
        Entry i compares up to `window` frames before ``i + min_length`` with up to `window`
        frames from there on; empty if there are fewer than ``2 * min_length`` frames.

    Examples
    --------
    >>> x = np.array([[0.0], [2.0], [4.0], [6.0]])
    >>> gaussian_divergence(x, window=2).round(6).tolist()
    [8.0]
    """
    x = checked_frames(features, "features")
    shortest = _check_window(window, min_length)
    whole = np.array([[0, len(x)]], dtype=np.int64)
    return _curve(x[:], window, shortest, *column_moments(x, whole))


def change_points(
    features: Frames | npt.ArrayLike,
    regions: npt.ArrayLike,
    *,
    window: int,
    min_length: int | None = None,
) -> Bounds:
    """Cut each speech region at the peaks of the Gaussian divergence inside it.

    A peak is the largest value within one window on both sides (the first of equals),
    above 0, and not at an end of the curve. So cuts are more than `window` frames apart and
    more than `min_length` from the ends of their region.

    Parameters
    ----------
    features : array_like (n_frames, n_features)
    regions : array_like (k, 2)
        Frame bounds.
    window, min_length : int
        As in `gaussian_divergence`.

    Returns
    -------
    ndarray (m, 2), int64
        Frame bounds of the segments; together they cover the regions.

    Examples
    --------
    >>> x = np.repeat([0.0, 1.0, 5.0], 50)[:, None] + np.tile([[0.1], [-0.1]], (75, 1))
    >>> change_points(x, [[0, 150]], window=20).tolist()
    [[0, 50], [50, 100], [100, 150]]
    """
    x = checked_frames(features, "features")
    bounds = check_bounds(regions, "regions", len(x))
    shortest = _check_window(window, min_length)
    mean, variance = column_moments(x, bounds)
    segments: list[tuple[int, int]] = []
    for first, last in bounds.tolist():
        curve = _curve(x[first:last], window, shortest, mean, variance)
        cuts = [first, *(first + shortest + _peaks(curve, window)).tolist(), last]
        segments += pairwise(cuts)
    return np.array(segments, dtype=np.int64).reshape(-1, 2)


def _curve(
    x: npt.NDArray[np.floating],
    window: int,
    shortest: int,
    mean: npt.NDArray[np.float64],
    variance: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    curve = np.empty(max(0, len(x) - 2 * shortest + 1))
    floor = VARIANCE_FLOOR * variance
    _divergence.gaussian_divergence(x, window, shortest, mean.astype(x.dtype), floor, curve)
    return curve


def _peaks(curve: npt.NDArray[np.float64], reach: int) -> npt.NDArray[np.int64]:
    """Inner entries that are the largest within `reach` on both sides, the first of equals."""
    if len(curve) == 0:
        return np.empty(0, dtype=np.int64)
    largest = running_max(curve, 2 * reach + 1, edges="edge")
    peaks: list[int] = []
    for i in np.flatnonzero((curve == largest) & (curve > 0)).tolist():
        if not peaks or i - peaks[-1] > reach:
            peaks.append(i)
    return np.array([i for i in peaks if 0 < i < len(curve) - 1], dtype=np.int64)


def _check_window(window: int, min_length: int | None) -> int:
    check_integer(window, "window", least=2)
    shortest = window if min_length is None else check_integer(min_length, "min_length", least=2)
    if not 2 <= shortest <= window:
        raise ParameterError(f"min_length must be from 2 to the window ({window}), got {shortest}")
    return shortest
