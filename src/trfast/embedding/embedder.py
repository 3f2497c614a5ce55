"""The face of an embedder: segments of a recording -> statistics that add up -> one vector each."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from trfast.embedding.ivector import ProjectedStatistics
from trfast.features.frames import Frames

Bounds = npt.NDArray[np.int64]

Labels = npt.NDArray[np.int64]


class Embedder(Protocol):
    """What turns segments into vectors, by way of statistics that add up."""

    def cluster_statistics(
        self, static: Frames, segments: Bounds, clusters: Labels
    ) -> ProjectedStatistics:
        """Return one row a cluster: frames, (n, 2) frame bounds, (n,) cluster of each."""

    def vectors(self, statistics: ProjectedStatistics) -> npt.NDArray[np.float32]:
        """Return one vector a row, (n, dimension)."""
