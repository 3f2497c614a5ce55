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

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trfast._checks import check_not_negative, check_positive, check_type
from trfast.errors import ParameterError
from trfast.features.clock import HOP, frames_in
from trfast.features.frames import Frames
from trfast.segmentation.bic import linear_bic
from trfast.segmentation.divergence import change_points
from trfast.segmentation.moments import Bounds


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
        if not check_positive(self.min_duration, "min_duration") <= self.window:
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
    hop: float = HOP,
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
        Seconds from frame to frame, as `trfast.features.frame_hop` gives them.

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
    if config is None:
        config = SegmentationConfig()
    check_type(config, SegmentationConfig, "config")
    check_positive(hop, "hop")
    window = max(2, frames_in(config.window, hop))
    shortest = min(window, max(2, frames_in(config.min_duration, hop)))
    segments = change_points(features, regions, window=window, min_length=shortest)
    segments = linear_bic(
        features, segments, alpha=config.alpha, max_gap=frames_in(config.max_gap, hop)
    )
    if config.max_duration is not None:
        segments = _cut_long(segments, max(1, frames_in(config.max_duration, hop)))
    return segments


def _cut_long(segments: Bounds, longest: int) -> Bounds:
    """Cut segments of more than `longest` frames into equal parts."""
    parts = []
    for first, last in segments.tolist():
        n_parts = -(-(last - first) // longest)
        cuts = np.linspace(first, last, n_parts + 1).astype(np.int64)
        parts.append(np.stack([cuts[:-1], cuts[1:]], axis=1))
    return np.concatenate([np.empty((0, 2), dtype=np.int64), *parts])
