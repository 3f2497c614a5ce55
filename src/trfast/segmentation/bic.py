"""BIC: neighbours that are one segment, and segments that are one cluster."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trfast._checks import check_bounds, check_integer, check_not_negative
from trfast._ext import _bic, _union_find
from trfast.features.frames import Frames, checked_frames
from trfast.segmentation.moments import VARIANCE_FLOOR, Bounds, packed_moments

Labels = npt.NDArray[np.int64]
Moments = npt.NDArray[np.float64]

# Segments that are clustered among themselves first, where there are more than are compared each
# with each: 32 MB of distances.
_BLOCK, _MOST = 512, 4096


def linear_bic(
    features: Frames | npt.ArrayLike, segments: npt.ArrayLike, *, alpha: float, max_gap: int = 0
) -> Bounds:
    r"""Merge neighbouring segments from left to right while that lowers the BIC.

    For segments of :math:`n_1` and :math:`n_2` frames with full covariances, and
    :math:`n = n_1 + n_2`, :math:`\Delta BIC = \frac{n}{2} \log|S| - \frac{n_1}{2} \log|S_1|
    - \frac{n_2}{2} \log|S_2| - \alpha P`, :math:`P = \frac12 (d + \frac{d (d + 1)}{2}) \log n`.

    Parameters
    ----------
    features : array_like (n_frames, n_features)
    segments : array_like (m, 2)
        Frame bounds.
    alpha : float
        Weight of the penalty, 0 or more.
    max_gap : int
        Segments with at most so many frames between them are neighbours; a merged segment
        covers the gap, its statistics do not. After a longer gap the comparison starts anew.

    Returns
    -------
    ndarray (k, 2), int64
        Frame bounds of the merged segments.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(300, 3))
    >>> x[200:] *= 3
    >>> linear_bic(x, [[0, 100], [100, 200], [200, 300]], alpha=1.0).tolist()
    [[0, 200], [200, 300]]
    """
    x = checked_frames(features, "features")
    bounds = check_bounds(segments, "segments", len(x))
    check_not_negative(alpha, "alpha")
    check_integer(max_gap, "max_gap", least=0)
    if len(bounds) == 0:
        return bounds
    d = x.shape[1]
    merged = np.empty_like(bounds)
    n_merged = _bic.linear_bic(
        bounds,
        packed_moments(x, bounds),
        d,
        _penalty(d, alpha),
        max_gap,
        VARIANCE_FLOOR,
        merged,
    )
    return merged[:n_merged].copy()


def bic_clustering(
    features: Frames | npt.ArrayLike, segments: npt.ArrayLike, *, alpha: float
) -> npt.NDArray[np.int64]:
    """Cluster segments bottom-up: the pair of lowest dBIC first, while it is below 0.

    The criterion is that of `linear_bic`, on full covariances. Of more than 4,096 segments, about
    nine hours, neighbours are clustered first, then every so manieth, in blocks of 512, until so
    few are left: time and memory grow with the segments, not with their square.

    Parameters
    ----------
    features : array_like (n_frames, n_features)
    segments : array_like (m, 2)
        Frame bounds.
    alpha : float
        Weight of the penalty, 0 or more.

    Returns
    -------
    ndarray (m,), int64
        Cluster of each segment, numbered in order of first appearance.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(300, 3))
    >>> x[100:200] *= 3
    >>> bic_clustering(x, [[0, 100], [100, 200], [200, 300]], alpha=1.0).tolist()
    [0, 1, 0]
    """
    moments, d = _checked_moments(features, segments, alpha)
    penalty = _penalty(d, alpha)
    labels = np.arange(len(moments))
    strided, n_before = False, len(moments) + 1
    while _MOST < len(moments) < n_before:
        n_before = len(moments)
        found = _in_blocks(moments, d, penalty, strided=strided)
        labels = found[labels]
        moments = _sums(moments, found)
        strided = not strided
    if len(moments) <= _MOST:
        labels = _clustered(moments, d, penalty)[labels]
    return labels


def _in_blocks(moments: Moments, d: int, penalty: float, *, strided: bool) -> Labels:
    """Cluster neighbours, or every so manieth, by themselves; numbered as in `bic_clustering`."""
    n_blocks = -(-len(moments) // _BLOCK)
    block = np.arange(len(moments))
    block = block % n_blocks if strided else block // _BLOCK
    labels = np.empty(len(moments), np.int64)
    n_found = 0
    for k in range(n_blocks):
        rows = np.flatnonzero(block == k)
        found = _clustered(moments[rows], d, penalty)
        labels[rows] = n_found + found
        n_found += int(found.max()) + 1
    first, inverse = np.unique(labels, return_index=True, return_inverse=True)[1:]
    return np.argsort(np.argsort(first))[inverse]


def _sums(moments: Moments, labels: Labels) -> Moments:
    """Add up the moments of each label."""
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(labels.max() + 1))
    return np.add.reduceat(moments[order], starts)


def _clustered(moments: Moments, d: int, penalty: float) -> Labels:
    merges, _ = _merges(moments, d, penalty)
    labels = np.empty(len(moments), dtype=np.int64)
    parent = np.arange(len(labels))
    _union_find.unite(merges, parent)
    _union_find.number_components(parent, labels)
    return labels


def _bic_merges(
    features: Frames | npt.ArrayLike, segments: npt.ArrayLike, alpha: float
) -> tuple[Bounds, npt.NDArray[np.float64]]:
    """Pairs that BIC clustering merges, in order, and their dBIC."""
    moments, d = _checked_moments(features, segments, alpha)
    return _merges(moments, d, _penalty(d, alpha))


def _checked_moments(
    features: Frames | npt.ArrayLike, segments: npt.ArrayLike, alpha: float
) -> tuple[Moments, int]:
    """Moments of each segment, and how many features there are."""
    x = checked_frames(features, "features")
    bounds = check_bounds(segments, "segments", len(x))
    check_not_negative(alpha, "alpha")
    return packed_moments(x, bounds), x.shape[1]


def _merges(moments: Moments, d: int, penalty: float) -> tuple[Bounds, npt.NDArray[np.float64]]:
    m = len(moments)
    merges = np.empty((max(m - 1, 0), 2), dtype=np.int64)
    distances = np.empty(len(merges))
    if m < 2:
        return merges, distances
    padded = np.pad(moments, ((0, -m % _bic.BLOCK), (0, 0)), mode="edge")
    blocks = padded.reshape(-1, _bic.BLOCK, moments.shape[1]).transpose(0, 2, 1)
    n_merges = _bic.bic_hac(
        np.ascontiguousarray(blocks), d, penalty, VARIANCE_FLOOR, merges, distances
    )
    return merges[:n_merges], distances[:n_merges]


def _penalty(d: int, alpha: float) -> float:
    return alpha * (d + d * (d + 1) / 2) / 2
