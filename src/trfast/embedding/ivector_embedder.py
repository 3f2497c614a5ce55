"""i-vectors: segments of a recording -> Baum-Welch statistics -> one i-vector a speaker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._checks import check_bounds, check_choice, check_places, check_positive, check_type
from trfast._names import SCOPES, NormalizationScope
from trfast.embedding.gmm import BaumWelchStatistics, DiagonalGmm
from trfast.embedding.ivector import ProjectedStatistics, TotalVariability
from trfast.features import add_deltas, segment_normalization, sliding_normalization
from trfast.features.clock import HOP, frames_in
from trfast.features.frames import Frames, in_chunks

FloatArray = npt.NDArray[Any]

Bounds = npt.NDArray[np.int64]

Labels = npt.NDArray[np.int64]

# Frames that delta-delta looks at on each side.
_DELTA_REACH = 4

# Segments whose statistics are in memory at a time (16 MB of 256 Gaussians).
_SEGMENTS = 256


@dataclass(frozen=True, kw_only=True)
class NormalizationConfig:
    """How the 60 columns that i-vectors are made of are normalized.

    Parameters
    ----------
    scope : {"segment", "sliding"}
        Mean and variance over each segment, or over a window around each frame.
    window : float
        Length of that window in seconds.
    """

    scope: NormalizationScope = "segment"
    window: float = 3.0

    def __post_init__(self) -> None:
        check_choice(self.scope, "scope", SCOPES)
        check_positive(self.window, "window")


@dataclass(frozen=True, kw_only=True, eq=False)
class IvectorEmbedder:
    """Static frames -> cepstra with deltas, normalized -> statistics -> i-vectors.

    Parameters
    ----------
    ubm : DiagonalGmm
    total_variability : TotalVariability
    normalization : NormalizationConfig
    hop : float
        Seconds from frame to frame, as `trfast.features.frame_hop` gives them.
    """

    ubm: DiagonalGmm
    total_variability: TotalVariability
    normalization: NormalizationConfig
    hop: float = HOP

    def __post_init__(self) -> None:
        check_type(self.normalization, NormalizationConfig, "normalization")
        check_positive(self.hop, "hop")

    def cluster_statistics(
        self, static: Frames, segments: Bounds, clusters: Labels
    ) -> ProjectedStatistics:
        """Return what the i-vector of each cluster depends on; memory grows with the clusters only.

        Parameters
        ----------
        static, segments
            As in `segment_frames`.
        clusters : ndarray (n_segments,), int64
            Cluster of each segment, numbers from 0.
        """
        n_clusters = int(np.max(clusters, initial=-1)) + 1
        clusters = check_places(clusters, "clusters", len(segments), "a segment", n_clusters)
        zeroth = np.zeros((n_clusters, len(self.ubm.means_)))
        first = np.zeros((n_clusters, self.total_variability.rank))
        start = 0
        for part in self._statistics(static, segments):
            projected = self.total_variability.project(part)
            rows = clusters[start : start + len(part)]
            np.add.at(zeroth, rows, projected.zeroth)
            np.add.at(first, rows, projected.first)
            start += len(part)
        return ProjectedStatistics(zeroth.astype(np.float32), first.astype(np.float32))

    def segment_statistics(self, static: Frames, segments: Bounds) -> ProjectedStatistics:
        """Return what the i-vector of each segment depends on, and of sums of segments."""
        c, rank = len(self.ubm.means_), self.total_variability.rank
        zeroth, first = [np.empty((0, c), np.float32)], [np.empty((0, rank), np.float32)]
        for part in self._statistics(static, segments):
            projected = self.total_variability.project(part)
            zeroth.append(projected.zeroth.astype(np.float32))
            first.append(projected.first.astype(np.float32))
        return ProjectedStatistics(np.concatenate(zeroth), np.concatenate(first))

    def vectors(self, statistics: ProjectedStatistics) -> npt.NDArray[np.float32]:
        """Return the i-vectors, (n, rank)."""
        return self.total_variability.transform(statistics)

    def statistics(self, static: Frames, segments: Bounds) -> BaumWelchStatistics:
        """Return the Baum-Welch statistics of the segments."""
        return self._joined(self._statistics(static, segments))

    def _statistics(self, static: Frames, segments: Bounds) -> Iterator[BaumWelchStatistics]:
        for frames, offsets in segment_frames(static, segments, self.normalization, self.hop):
            for start in range(0, len(offsets) - 1, _SEGMENTS):
                some = offsets[start : start + _SEGMENTS + 1]
                yield self.ubm.statistics(frames[some[0] : some[-1]], some - some[0])

    def _joined(self, parts: Iterable[BaumWelchStatistics]) -> BaumWelchStatistics:
        c, d = self.ubm.means_.shape
        none = BaumWelchStatistics(np.empty((0, c), np.float32), np.empty((0, c, d), np.float32))
        parts = [none, *parts]
        return BaumWelchStatistics(
            np.concatenate([part.zeroth for part in parts]),
            np.concatenate([part.first for part in parts]),
        )


def segment_frames(
    static: Frames, segments: Bounds, config: NormalizationConfig, hop: float = 0.01
) -> Iterator[tuple[FloatArray, Bounds]]:
    """Yield the normalized cepstra, deltas and delta-deltas of the segments, some at a time.

    Parameters
    ----------
    static : ndarray (n_frames, n_static), float32
        All of the recording; an array, or what gives one for a slice of rows.
    segments : ndarray (n_segments, 2), int64
        Frame bounds, not empty, starts rising; they may overlap.
    config : NormalizationConfig
    hop : float
        Seconds from frame to frame, as `trfast.features.frame_hop` gives them.

    Yields
    ------
    frames : ndarray (n, 3 n_static), float32
        The frames of some consecutive segments, one after the other.
    offsets : ndarray (n_segments + 1,), int64
        Where each segment starts in them.

    Raises
    ------
    ParameterError
        If a segment is empty or lies outside the frames, or if starts do not rise.
    """
    check_type(config, NormalizationConfig, "config")
    check_positive(hop, "hop")
    segments = check_bounds(segments, "segments", len(static), apart=False)
    window = 2 * frames_in(config.window / 2, hop) + 1
    reach = _DELTA_REACH + (window // 2 if config.scope == "sliding" else 0)
    for rows in in_chunks(segments):
        chunk = segments[rows]
        low = max(0, int(chunk[0, 0]) - reach)
        columns = add_deltas(static[low : int(chunk[:, 1].max()) + reach])
        if config.scope == "sliding":
            columns = sliding_normalization(columns, window=window)
        offsets = np.concatenate([[0], np.cumsum(chunk[:, 1] - chunk[:, 0])])
        frames = np.concatenate([columns[a - low : b - low] for a, b in chunk])
        if config.scope == "segment":
            frames = segment_normalization(frames, offsets)
        yield frames, offsets
