"""Neural embeddings: filter banks of speech -> vectors, by a network in an ONNX file."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._checks import check_matrix
from trfast._onnx import Network, described
from trfast.embedding.ivector import ProjectedStatistics
from trfast.errors import ModelError
from trfast.features.clock import HOP
from trfast.features.frames import Frames

FloatArray = npt.NDArray[Any]

Bounds = npt.NDArray[np.int64]
Labels = npt.NDArray[np.int64]

N_BANDS = 80
# Pieces of one length that go through the network together.
_BATCH = 16
# Frames that a network needs at least; what is shorter is repeated.
_LEAST_FRAMES = 30
# Segments whose filter banks are in memory at a time.
_CHUNK = 512
_TINY = np.finfo(np.float32).tiny


class OnnxEmbedder:
    """A speaker embedding in an ONNX file, such as CAM++ or those of WeSpeaker.

    Its input is Kaldi's 80 log filter banks (`Fbank`), less their mean over the piece, shape
    (batch, frames, 80); its output one vector a piece. What they are called is read from the
    file. One thread computes, and the result does not depend on what else is in a batch beyond
    rounding. Picklable: another process opens the file again.

    Parameters
    ----------
    path : path
        ONNX file; users bring it, none comes with the package.

    Raises
    ------
    MissingExtraError
        If onnxruntime is missing (``pip install "trfast[neural]"``).
    ModelError
        If the file cannot be read, is no ONNX model, or takes or gives something else.

    Notes
    -----
    What comes out adds up as statistics do: seconds, and seconds times the vector of length 1.
    The vector of several segments is the direction of the sum.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._network = Network(path, "a neural embedding")
        self.path, self.file_hash = self._network.path, self._network.file_hash
        _check(self._network)

    def __getstate__(self) -> Path:
        return self.path

    def __setstate__(self, path: Path) -> None:
        self.__init__(path)  # type: ignore[misc]

    def __repr__(self) -> str:
        return f"<OnnxEmbedder {self.path.name} {self.file_hash:.12}: {self.dimension} dimensions>"

    @cached_property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._run(np.zeros((1, _LEAST_FRAMES, N_BANDS), np.float32)).shape[1])

    def __call__(self, pieces: Sequence[npt.ArrayLike]) -> npt.NDArray[np.float32]:
        """Return the vectors of pieces of speech, as the network gives them.

        Parameters
        ----------
        pieces : sequence of array_like (n_frames, 80)
            Filter banks.

        Returns
        -------
        ndarray (n_pieces, dimension), float32

        Raises
        ------
        ParameterError
            If a piece is empty, or of another shape.
        ModelError
            If the network gives NaN or infinity.
        """
        return self._vectors(pieces, lambda _: None)

    def _vectors(
        self, pieces: Sequence[npt.ArrayLike], done: Callable[[int], None]
    ) -> npt.NDArray[np.float32]:
        """Tells how many are done."""
        ready = [_centred(check_matrix(p, "pieces", n_columns=N_BANDS, min_rows=1)) for p in pieces]
        lengths = np.array([len(piece) for piece in ready], np.int64)
        if not ready:
            return np.empty((0, self.dimension), np.float32)
        found: FloatArray = np.empty((0, 0), np.float32)
        n_done = 0
        for length in np.unique(lengths):
            rows = np.flatnonzero(lengths == length)
            for start in range(0, len(rows), _BATCH):
                own = rows[start : start + _BATCH]
                vectors = self._run(np.stack([ready[k] for k in own]))
                if not found.size:
                    found = np.empty((len(ready), vectors.shape[1]), np.float32)
                found[own] = vectors
                n_done += len(own)
                done(n_done)
        return found

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

    def _run(self, batch: FloatArray) -> FloatArray:
        (vectors,) = self._network.run(batch, n_outputs=1)
        return np.asarray(vectors, np.float32)


def _centred(piece: FloatArray) -> FloatArray:
    """Less the mean over the piece, and repeated to the least length."""
    centred = piece - piece.mean(axis=0)
    if len(centred) >= _LEAST_FRAMES:
        return np.asarray(centred)
    return np.resize(centred, (_LEAST_FRAMES, centred.shape[1]))


def _check(network: Network) -> None:
    """Refuse a network that takes or gives something else."""
    path, takes, gives = network.path, network.takes, network.gives
    good = len(takes) == 1 and takes[0].is_float(rank=3)
    width = takes[0].shape[2] if good else None
    if not good or (isinstance(width, int) and width != N_BANDS):
        raise ModelError(
            f"{path}: takes {described(takes)}; expected one input of float32, (batch, frames,"
            f" {N_BANDS}): filter banks. Networks that take samples are not supported"
        )
    if not gives[0].is_float(rank=2):
        raise ModelError(
            f"{path}: gives {described(gives)}; expected vectors of float32 first, (batch,"
            " dimension)"
        )
