"""Neural embeddings: filter banks of speech -> vectors, by a network in an ONNX file."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._checks import check_matrix
from trfast._onnx import Network, described
from trfast.embedding.pieces import LEAST_FRAMES, N_BANDS, PieceEmbedder
from trfast.errors import ModelError

FloatArray = npt.NDArray[Any]

# Pieces of one length that go through the network together.
_BATCH = 16


class OnnxEmbedder(PieceEmbedder):
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
    What comes out adds up as `PieceEmbedder` says.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._network = Network(path, "a neural embedding")
        self.path: Path = self._network.path
        self.file_hash = self._network.file_hash
        _check(self._network)

    def __getstate__(self) -> Path:
        return self.path

    def __setstate__(self, path: Path) -> None:
        self.__init__(path)  # type: ignore[misc]

    def __repr__(self) -> str:
        return f"<OnnxEmbedder {self.path.name} {self.file_hash:.12}: {self.dimension} dimensions>"

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

    def _run(self, batch: FloatArray) -> FloatArray:
        (vectors,) = self._network.run(batch, n_outputs=1)
        return np.asarray(vectors, np.float32)


def _centred(piece: FloatArray) -> FloatArray:
    """Less the mean over the piece, and repeated to the least length."""
    centred = piece - piece.mean(axis=0)
    if len(centred) >= LEAST_FRAMES:
        return np.asarray(centred)
    return np.resize(centred, (LEAST_FRAMES, centred.shape[1]))


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
