"""From frames to homogeneous segments: Gaussian divergence, then BIC.

Everything here counts in frames: features are (n_frames, n_features), regions and segments
are (k, 2) int64 bounds ``[first, last)`` that rise and do not overlap. Only
`SegmentationConfig` is in seconds.

Variances have a floor of `VARIANCE_FLOOR` times the variance of the same feature over all
frames at hand, and conditional variances (the pivots of a Cholesky factor) one of
`VARIANCE_FLOOR` after each feature was scaled to unit variance. So digital silence, constant
features and segments of fewer frames than features have finite determinants, and what is
not degenerate is not changed at all: both criteria do not depend on the scale of a feature.

References
----------
.. [1] C. Barras, X. Zhu, S. Meignier, J.-L. Gauvain, "Multistage speaker diarization of
   broadcast news", IEEE Transactions on Audio, Speech and Language Processing 14(5), 2006.
.. [2] S. S. Chen, P. S. Gopalakrishnan, "Speaker, environment and channel change detection
   and clustering via the Bayesian information criterion", DARPA workshop, 1998.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d

from trfast._checks import check_bounds, check_not_negative, check_positive
from trfast._ext import _segmentation, _union_find
from trfast._frames import Frames, checked_frames, in_chunks
from trfast.errors import ParameterError

Bounds = npt.NDArray[np.int64]

VARIANCE_FLOOR = 1e-4


@dataclass(frozen=True, kw_only=True)
class SegmentationConfig:
    """What a homogeneous segment is; times in seconds.

    Parameters
    ----------
    window : float
        Each of the two adjacent windows of the Gaussian divergence, and the least distance
        of two cuts.
    min_duration : float
        Least distance of a cut from the ends of its speech region, at most `window`.
    alpha : float
        Weight of the BIC penalty when neighbours are merged; more gives fewer segments.
    max_gap : float
        Neighbours are merged over a pause up to this long; 0 keeps segments inside their
        speech region.
    max_duration : float or None
        Longer segments are cut into equal parts; None cuts none.
    """

    window: float = 2.5
    min_duration: float = 1.0
    alpha: float = 2.0
    max_gap: float = 0.0
    max_duration: float | None = None

    def __post_init__(self) -> None:
        check_positive(self.window, "window")
        if not 0 < self.min_duration <= self.window:
            raise ParameterError(
                f"min_duration must be above 0 and at most the window ({self.window} s),"
                f" got {self.min_duration}"
            )
        if self.max_duration is not None:
            check_positive(self.max_duration, "max_duration")
        check_not_negative(self.alpha, "alpha")
        check_not_negative(self.max_gap, "max_gap")


def segment(
    features: Frames | npt.ArrayLike,
    regions: npt.ArrayLike,
    *,
    config: SegmentationConfig | None = None,
    hop: float = 0.01,
) -> Bounds:
    """Cut speech regions into segments of one speaker each.

    Parameters
    ----------
    features : array_like (n_frames, n_features)
        Static cepstra with energy, not normalized: the channel helps.
    regions : array_like (k, 2)
        Speech, frame bounds.
    config : SegmentationConfig, optional
    hop : float
        Seconds from frame to frame.

    Returns
    -------
    ndarray (m, 2), int64
        Frame bounds of the segments; with ``max_gap=0`` they cover the regions exactly.

    Raises
    ------
    ParameterError
        If bounds do not rise or lie outside the features, or features are not finite.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(2000, 4))
    >>> x[1000:] += 3
    >>> segment(x, [[0, 2000]], config=SegmentationConfig(window=2.0)).tolist()
    [[0, 1000], [1000, 2000]]
    """
    config = config or SegmentationConfig()
    check_positive(hop, "hop")
    window = max(2, round(config.window / hop))
    shortest = min(window, max(2, round(config.min_duration / hop)))
    segments = change_points(features, regions, window=window, min_length=shortest)
    segments = linear_bic(
        features, segments, alpha=config.alpha, max_gap=round(config.max_gap / hop)
    )
    if config.max_duration is not None:
        segments = _cut_long(segments, max(1, round(config.max_duration / hop)))
    return segments


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
    return _divergence(x[:], window, shortest, *column_moments(x, whole))


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
        curve = _divergence(x[first:last], window, shortest, mean, variance)
        cuts = [first, *(first + shortest + _peaks(curve, window)).tolist(), last]
        segments += pairwise(cuts)
    return np.array(segments, dtype=np.int64).reshape(-1, 2)


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
    if len(bounds) == 0:
        return bounds
    d = x.shape[1]
    merged = np.empty_like(bounds)
    n_merged = _segmentation.linear_bic(
        bounds,
        _moments(x, bounds),
        d,
        _penalty(d, alpha),
        max_gap,
        VARIANCE_FLOOR,
        np.zeros((1 + d + d * (d + 1) // 2, _segmentation.BLOCK)),
        np.empty(_segmentation.BLOCK * d * (d + 1) // 2),
        merged,
    )
    return merged[:n_merged].copy()


def bic_clustering(
    features: Frames | npt.ArrayLike, segments: npt.ArrayLike, *, alpha: float
) -> npt.NDArray[np.int64]:
    """Cluster segments bottom-up: the pair of lowest dBIC first, while it is below 0.

    The criterion is that of `linear_bic`, on full covariances. Takes memory for
    ``n_segments ** 2 / 2`` distances, float32.

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
    merges, _ = _bic_merges(features, segments, alpha)
    labels = np.empty(len(np.asarray(segments)), dtype=np.int64)
    parent = np.arange(len(labels))
    _union_find.unite(merges, parent)
    _union_find.number_components(parent, labels)
    return labels


def _bic_merges(
    features: Frames | npt.ArrayLike, segments: npt.ArrayLike, alpha: float
) -> tuple[Bounds, npt.NDArray[np.float64]]:
    """Pairs that BIC clustering merges, in order, and their dBIC."""
    x = checked_frames(features, "features")
    bounds = check_bounds(segments, "segments", len(x))
    check_not_negative(alpha, "alpha")
    m, d = len(bounds), x.shape[1]
    merges = np.empty((max(m - 1, 0), 2), dtype=np.int64)
    distances = np.empty(len(merges))
    if m < 2:
        return merges, distances
    moments = np.pad(_moments(x, bounds), ((0, -m % _segmentation.BLOCK), (0, 0)), mode="edge")
    blocks = moments.reshape(-1, _segmentation.BLOCK, moments.shape[1]).transpose(0, 2, 1)
    n_merges = _segmentation.bic_hac(
        np.ascontiguousarray(blocks),
        d,
        _penalty(d, alpha),
        VARIANCE_FLOOR,
        np.empty(moments.shape[1]),
        np.empty(_segmentation.BLOCK * d * (d + 1) // 2),
        np.empty(m * (m - 1) // 2, dtype=np.float32),
        np.empty(m),
        np.ones(m, dtype=np.uint8),
        np.empty(m, dtype=np.int64),
        np.empty(m),
        merges,
        distances,
    )
    return merges[:n_merges], distances[:n_merges]


def _divergence(
    x: npt.NDArray[np.floating],
    window: int,
    shortest: int,
    mean: npt.NDArray[np.float64],
    variance: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    curve = np.empty(max(0, len(x) - 2 * shortest + 1))
    sums = np.empty((4, x.shape[1]))
    floor = VARIANCE_FLOOR * variance
    _segmentation.gaussian_divergence(x, window, shortest, mean.astype(x.dtype), floor, sums, curve)
    return curve


def _peaks(curve: npt.NDArray[np.float64], reach: int) -> npt.NDArray[np.int64]:
    """Inner entries that are the largest within `reach` on both sides, the first of equals."""
    if len(curve) == 0:
        return np.empty(0, dtype=np.int64)
    largest = maximum_filter1d(curve, 2 * reach + 1, mode="nearest")
    peaks: list[int] = []
    for i in np.flatnonzero((curve == largest) & (curve > 0)).tolist():
        if not peaks or i - peaks[-1] > reach:
            peaks.append(i)
    return np.array([i for i in peaks if 0 < i < len(curve) - 1], dtype=np.int64)


def _cut_long(segments: Bounds, longest: int) -> Bounds:
    """Cut segments of more than `longest` frames into equal parts."""
    parts = []
    for first, last in segments.tolist():
        n_parts = -(-(last - first) // longest)
        cuts = np.linspace(first, last, n_parts + 1).astype(np.int64)
        parts.append(np.stack([cuts[:-1], cuts[1:]], axis=1))
    return np.concatenate([np.empty((0, 2), dtype=np.int64), *parts])


def column_moments(
    x: Frames, bounds: Bounds
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean and variance of each feature over the frames inside; a constant one gets variance 1."""
    mean, variance = np.zeros((2, x.shape[1]))
    count = max(1, int((bounds[:, 1] - bounds[:, 0]).sum()))
    for frames, inside, _ in _pieces(x, bounds):
        _segmentation.add_sums(frames, inside, mean)
    mean /= count
    for frames, inside, _ in _pieces(x, bounds):
        _segmentation.add_squares(frames, inside, mean, variance)
    variance /= count
    return mean, np.where(variance > 0, variance, 1.0)


def _moments(x: Frames, bounds: Bounds) -> npt.NDArray[np.float64]:
    """Count, sums and packed products of each segment, of features of mean 0 and variance 1."""
    d = x.shape[1]
    mean, variance = column_moments(x, bounds)
    moments = np.empty((len(bounds), 1 + d + d * (d + 1) // 2))
    scale, row = 1 / np.sqrt(variance), np.empty(d)
    for frames, inside, rows in _pieces(x, bounds):
        _segmentation.moment_sums(frames, inside, mean, scale, row, moments[rows])
    return moments


def _pieces(x: Frames, bounds: Bounds) -> Iterator[tuple[npt.NDArray[np.floating], Bounds, slice]]:
    """Yield some minutes of frames at a time, the bounds inside them, and which these are."""
    for rows in in_chunks(bounds):
        first, last = bounds[rows][0, 0], bounds[rows][-1, 1]
        yield x[first:last], bounds[rows] - first, rows


def _penalty(d: int, alpha: float) -> float:
    return alpha * (d + d * (d + 1) / 2) / 2


def _check_window(window: int, min_length: int | None) -> int:
    if window < 2:
        raise ParameterError(f"window must be at least 2 frames, got {window}")
    shortest = window if min_length is None else min_length
    if not 2 <= shortest <= window:
        raise ParameterError(f"min_length must be from 2 to the window ({window}), got {shortest}")
    return shortest
