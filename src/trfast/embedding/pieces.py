"""Embedders that see pieces of filter banks: what all share, and those of one's own."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from trfast._checks import check_matrix
from trfast.embedding.ivector import ProjectedStatistics
from trfast.errors import ParameterError, ParameterTypeError
from trfast.features.clock import HOP
from trfast.features.frames import Frames

FloatArray = npt.NDArray[Any]

Bounds = npt.NDArray[np.int64]
Labels = npt.NDArray[np.int64]

N_BANDS = 80
LEAST_FRAMES = 30
"""Frames that a network needs at least; what is shorter is repeated."""

# Segments whose filter banks are in memory at a time.
_CHUNK = 512
_TINY = np.finfo(np.float32).tiny


@runtime_checkable
class Embedding(Protocol):
    """An embedding of one's own, as `trfast.training.train` and `trfast.load_model` take it.

    Picklable, if recordings are to go over processes.
    """

    @property
    def fingerprint(self) -> str:
        """A text that changes where its vectors would: by it a model knows its embedding."""

    def __call__(self, pieces: Sequence[npt.NDArray[np.float32]], /) -> npt.ArrayLike:
        """Return a vector for each piece of speech, (n, dimension).

        A piece is an array (n_frames, 80), one frame or more: Kaldi's log filter banks, 100 frames
        a second, as `trfast.features.Fbank` makes them; no mean is taken off. The vector of a piece
        must not depend on the others.
        """


class PieceEmbedder(ABC):
    """Pieces of filter banks -> vectors.

    What comes out adds up as statistics do: seconds, and seconds times the vector of length 1.
    The vector of several segments is the direction of the sum.
    """

    path: str | os.PathLike[str]
    """Its file, or what errors call it."""
    file_hash: str
    """Tells it from others."""

    @abstractmethod
    def __call__(self, pieces: Sequence[npt.ArrayLike]) -> npt.NDArray[np.float32]:
        """Return the vectors of pieces of speech, filter banks (n_frames, 80)."""

    def _vectors(
        self, pieces: Sequence[npt.ArrayLike], done: Callable[[int], None]
    ) -> npt.NDArray[np.float32]:
        """Tell how many are done, as far as that is known."""
        found = self(pieces)
        done(len(pieces))
        return found

    @cached_property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self([np.zeros((LEAST_FRAMES, N_BANDS), np.float32)]).shape[1])

    def segment_statistics(
        self,
        fbank: Frames,
        segments: Bounds,
        around: Bounds | None = None,
        *,
        hop: float = HOP,
        passed: Callable[[float], None] | None = None,
    ) -> ProjectedStatistics:
        """Return what adds up to the vectors of sums of segments.

        Parameters
        ----------
        fbank : ndarray (n_frames, 80), float32
            Filter banks of the recording; an array, or what gives one for a slice of rows.
        segments : ndarray (n, 2), int64
            Frame bounds.
        around : ndarray (n, 2), int64, optional
            What is embedded for each; default: the segment itself.
        hop : float
            Seconds from frame to frame.
        passed : callable, optional
            Called, while it goes on, with how much is done, 0 to 1.

        Returns
        -------
        ProjectedStatistics
            Seconds of each segment, (n, 1), and these times its vector of length 1,
            (n, dimension).
        """
        bounds = segments if around is None else around
        seconds = ((segments[:, 1:] - segments[:, :1]) * hop).astype(np.float32)
        first = np.empty((len(segments), self.dimension), np.float32)
        for start in range(0, len(segments), _CHUNK):
            rows = slice(start, start + _CHUNK)

            def done(n: int, start: int = start) -> None:
                if passed is not None:
                    passed((start + n) / len(segments))

            first[rows] = self._vectors([fbank[a:b] for a, b in bounds[rows].tolist()], done)
        first /= np.linalg.norm(first, axis=1, keepdims=True).clip(_TINY)
        return ProjectedStatistics(seconds, first * seconds)

    def cluster_statistics(
        self,
        fbank: Frames,
        segments: Bounds,
        clusters: Labels,
        *,
        passed: Callable[[float], None] | None = None,
    ) -> ProjectedStatistics:
        """Return what the vector of each cluster of segments depends on."""
        statistics = self.segment_statistics(fbank, segments, passed=passed)
        return statistics.grouped(clusters, int(np.max(clusters, initial=-1)) + 1)

    def vectors(self, statistics: ProjectedStatistics) -> npt.NDArray[np.float32]:
        """Return the mean vectors, of length 1, (n, dimension)."""
        first = statistics.first
        lengths = np.linalg.norm(first, axis=1, keepdims=True).clip(_TINY)
        found: npt.NDArray[np.float32] = (first / lengths).astype(np.float32, copy=False)
        return found


class OwnEmbedder(PieceEmbedder):
    """Puts an embedding of one's own into the face of `PieceEmbedder`.

    Parameters
    ----------
    embedding : Embedding

    Raises
    ------
    ParameterTypeError
        If it is none.
    """

    def __init__(self, embedding: Embedding) -> None:
        if not isinstance(embedding, Embedding):
            raise ParameterTypeError(
                f"an embedding of your own must be callable and have a fingerprint, got"
                f" {type(embedding).__name__}"
            )
        self.embedding = embedding
        self.path, self.file_hash = type(embedding).__name__, str(embedding.fingerprint)

    def __repr__(self) -> str:
        return f"<OwnEmbedder {self.path} {self.file_hash:.12}>"

    def __call__(self, pieces: Sequence[npt.ArrayLike]) -> npt.NDArray[np.float32]:
        """Return the vectors, checked."""
        ready = [check_matrix(p, "pieces", n_columns=N_BANDS, min_rows=1) for p in pieces]
        if not ready:
            return np.empty((0, self.dimension), np.float32)
        found = check_matrix(self.embedding(ready), f"vectors of {self.path}")
        if len(found) != len(ready):
            raise ParameterError(f"{self.path} gives {len(found)} vectors for {len(ready)} pieces")
        return found


def piece_embedder(part: PieceEmbedder | Embedding) -> PieceEmbedder:
    """Return one of trfast's as it is, and one of one's own in its face."""
    return part if isinstance(part, PieceEmbedder) else OwnEmbedder(part)
