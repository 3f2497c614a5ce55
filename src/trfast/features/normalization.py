"""Deltas of frames, and their normalization by window or by segment."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._checks import check_integer, check_matrix, check_offsets
from trfast._ext import _normalization
from trfast.errors import ParameterError


def _checked_features(features: npt.ArrayLike) -> npt.NDArray[Any]:
    double = getattr(features, "dtype", None) == np.float64
    return check_matrix(features, "features", dtype=np.float64 if double else np.float32)


def deltas(features: npt.ArrayLike, *, width: int = 2) -> npt.NDArray[Any]:
    """Return the slope of each column: ``sum_k k (x[t+k] - x[t-k]) / (2 sum_k k^2)``.

    Beyond the ends the first and the last frame go on, so a constant has no slope anywhere.

    Parameters
    ----------
    features : array_like (n_frames, d)
        float32, or float64, which is kept.
    width : int
        Frames on each side.

    Returns
    -------
    ndarray (n_frames, d)

    Raises
    ------
    ParameterError
        If the features are not a finite matrix or `width` is below 1.

    References
    ----------
    The HTK Book, equation 5.16.

    Examples
    --------
    >>> deltas([[0.0], [1.0], [2.0], [3.0], [4.0]]).ravel()
    array([0.5, 0.8, 1. , 0.8, 0.5], dtype=float32)
    """
    x = _checked_features(features)
    out = np.empty_like(x)
    _fill_deltas(x, width, out)
    return out


def add_deltas(static: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return static features, their deltas and the deltas of these, side by side.

    Parameters
    ----------
    static : array_like (n_frames, d)
        float32, or float64, which is kept.

    Returns
    -------
    ndarray (n_frames, 3 d)

    Raises
    ------
    ParameterError
        If the features are not a finite matrix.

    Examples
    --------
    >>> add_deltas([[1.0, 2.0]])
    array([[1., 2., 0., 0., 0., 0.]], dtype=float32)
    """
    x = _checked_features(static)
    d = x.shape[1]
    out = np.empty((len(x), 3 * d), x.dtype)
    out[:, :d] = x
    _fill_deltas(x, 2, out[:, d : 2 * d])
    _fill_deltas(out[:, d : 2 * d], 2, out[:, 2 * d :])
    return out


def _fill_deltas(x: npt.NDArray[Any], width: int, out: npt.NDArray[Any]) -> None:
    check_integer(width, "width", least=1)
    if x.size:
        _normalization.deltas(x, width, out)


def sliding_normalization(
    features: npt.ArrayLike, *, window: int = 301, variance: bool = True
) -> npt.NDArray[Any]:
    """Return features less their mean over a window around each frame, over its deviation.

    Parameters
    ----------
    features : array_like (n_frames, d)
        float32, or float64, which is kept.
    window : int
        Frames, centred on each frame; cut off at the ends of the recording.
    variance : bool
        Divide by the standard deviation (of the population) too.

    Returns
    -------
    ndarray (n_frames, d)
        0 where a column is constant over the window.

    Raises
    ------
    ParameterError
        If the features are not a finite matrix or `window` is below 1.

    Examples
    --------
    >>> sliding_normalization([[1.0], [3.0], [3.0], [3.0]], window=3).ravel().round(3)
    array([-1.   ,  0.707,  0.   ,  0.   ], dtype=float32)
    """
    x = _checked_features(features)
    check_integer(window, "window", least=1)
    out = np.empty_like(x)
    if x.size:
        _normalization.sliding_normalization(x, window, variance, out)
    return out


def segment_normalization(
    features: npt.ArrayLike, offsets: npt.ArrayLike, *, variance: bool = True
) -> npt.NDArray[Any]:
    """Return features less the mean of their segment, over its deviation.

    Parameters
    ----------
    features : array_like (n_frames, d)
        Frames of all segments, one segment after the other; float32, or float64, which is
        kept.
    offsets : array_like (n_segments + 1,) of int
        Segment s is rows ``offsets[s]`` to ``offsets[s + 1]``; all rows belong to one.
    variance : bool
        Divide by the standard deviation (of the population) too.

    Returns
    -------
    ndarray (n_frames, d)
        0 where a column is constant over the segment.

    Raises
    ------
    ParameterError
        If the features are not a finite matrix or the offsets do not cover its rows.

    Examples
    --------
    >>> segment_normalization([[1.0], [3.0], [5.0]], [0, 2, 3]).ravel()
    array([-1.,  1.,  0.], dtype=float32)
    """
    x = _checked_features(features)
    bounds = check_offsets(offsets, len(x))
    if bounds[0] != 0 or bounds[-1] != len(x):
        raise ParameterError(
            f"offsets must go from 0 to {len(x)} (the rows), got {bounds[0]} to {bounds[-1]}"
        )
    out = np.empty_like(x)
    if x.size:
        _normalization.normalization(x, bounds, variance, out)
    return out
