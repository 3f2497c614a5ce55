"""Centring: what the speakers of a collection share is taken off their vectors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trfast.scoring.backend import Backend

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]

# Speakers that weigh as much as the training's mean against that of the collection.
_RELEVANCE = 30
# Local speakers that are added at a time.
_BLOCK = 20_000


def centred(vectors: FloatArray, labels: IntArray, backend: Backend) -> FloatArray:
    """Return vectors less the mean of the speakers that labels say, as `link_centred` does."""
    return np.asarray(vectors - shift_of_speakers(vectors, labels, backend))


def shift_of_speakers(x: FloatArray, labels: IntArray, backend: Backend) -> FloatArray:
    """Return what `link_centred` takes off the vectors: the mean of the speakers, drawn to that of
    the training."""
    _, label, counts = np.unique(labels, return_inverse=True, return_counts=True)
    weights = 1 / counts[label]
    whitening = backend.whitening
    total = np.zeros(x.shape[1])
    for start in range(0, len(x), _BLOCK):
        rows = slice(start, start + _BLOCK)
        total += weights[rows] @ x[rows].astype(np.float64)
    if whitening is not None:
        total -= len(counts) * whitening.mean_
    return np.asarray(total / (len(counts) + _RELEVANCE), np.float32)
