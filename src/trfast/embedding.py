"""Embedders: segments of a recording -> one vector each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from trfast.errors import ParameterError
from trfast.features import add_deltas, normalization, sliding_normalization
from trfast.gmm import BaumWelchStatistics, DiagonalGmm
from trfast.ivector import TotalVariability

FloatArray = npt.NDArray[Any]
Bounds = npt.NDArray[np.int64]

# Frames whose 60 columns are in memory at a time (5 minutes, 7 MB).
_CHUNK = 30_000
# Frames that delta-delta looks at on each side.
_DELTA_REACH = 4


class Embedder(Protocol):
    """What turns segments into vectors."""

    def __call__(self, static: FloatArray, segments: Bounds) -> npt.NDArray[np.float32]:
        """Return one vector a segment: static frames, (n, 2) frame bounds -> (n, dimension)."""


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

    scope: str = "segment"
    window: float = 3.0

    def __post_init__(self) -> None:
        if self.scope not in ("segment", "sliding"):
            raise ParameterError(f"scope must be 'segment' or 'sliding', got {self.scope!r}")


@dataclass(frozen=True, kw_only=True, eq=False)
class IvectorEmbedder:
    """Static frames -> cepstra with deltas, normalized -> statistics -> i-vectors.

    Parameters
    ----------
    ubm : DiagonalGmm
    total_variability : TotalVariability
    normalization : NormalizationConfig
    hop : float
        Seconds from frame to frame.
    """

    ubm: DiagonalGmm
    total_variability: TotalVariability
    normalization: NormalizationConfig
    hop: float = 0.01

    def __call__(self, static: FloatArray, segments: Bounds) -> npt.NDArray[np.float32]:
        """Return one i-vector a segment, (n_segments, rank); memory does not grow with length."""
        rank = self.total_variability.rank
        vectors = [np.empty((0, rank), dtype=np.float32)]
        for frames, offsets in segment_frames(static, segments, self.normalization, self.hop):
            vectors.append(self.total_variability.transform(self.ubm.statistics(frames, offsets)))
        return np.concatenate(vectors)

    def statistics(self, static: FloatArray, segments: Bounds) -> BaumWelchStatistics:
        """Return the Baum-Welch statistics of the segments."""
        parts = [
            self.ubm.statistics(frames, offsets)
            for frames, offsets in segment_frames(static, segments, self.normalization, self.hop)
        ]
        c, d = self.ubm.means_.shape
        zeroth = [np.empty((0, c), np.float32), *(part.zeroth for part in parts)]
        first = [np.empty((0, c, d), np.float32), *(part.first for part in parts)]
        return BaumWelchStatistics(np.concatenate(zeroth), np.concatenate(first))


def segment_frames(
    static: FloatArray, segments: Bounds, config: NormalizationConfig, hop: float = 0.01
) -> Iterator[tuple[FloatArray, Bounds]]:
    """Yield the normalized cepstra, deltas and delta-deltas of the segments, some at a time.

    Parameters
    ----------
    static : ndarray (n_frames, n_static), float32
        All of the recording.
    segments : ndarray (n_segments, 2), int64
        Frame bounds, starts rising.
    config : NormalizationConfig
    hop : float
        Seconds from frame to frame.

    Yields
    ------
    frames : ndarray (n, 3 n_static), float32
        The frames of some consecutive segments, one after the other.
    offsets : ndarray (n_segments + 1,), int64
        Where each segment starts in them.
    """
    window = 2 * round(config.window / hop / 2) + 1
    reach = _DELTA_REACH + (window // 2 if config.scope == "sliding" else 0)
    start = 0
    while start < len(segments):
        first = int(segments[start, 0])
        stop = start + max(1, int(np.searchsorted(segments[start:, 1], first + _CHUNK)))
        chunk = segments[start:stop]
        low = max(0, first - reach)
        columns = add_deltas(static[low : int(chunk[:, 1].max()) + reach])
        if config.scope == "sliding":
            columns = sliding_normalization(columns, window=window)
        offsets = np.concatenate([[0], np.cumsum(chunk[:, 1] - chunk[:, 0])])
        frames = np.concatenate([columns[a - low : b - low] for a, b in chunk])
        if config.scope == "segment":
            frames = normalization(frames, offsets)
        yield frames, offsets
        start = stop
