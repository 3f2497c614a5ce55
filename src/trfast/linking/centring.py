"""Centring: what the speakers of a collection share is taken off their vectors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trfast.clustering import in_order_of_appearance
from trfast.comparison import Comparison

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]

# Speakers that weigh as much as the training's mean against that of the collection.
_RELEVANCE = 30


def centred(vectors: FloatArray, labels: IntArray, comparison: Comparison) -> FloatArray:
    """Return vectors less the mean of the speakers that labels say, as `link_centred` does."""
    return np.asarray(vectors - mean_of_speakers(vectors, labels, comparison))


def mean_of_speakers(x: FloatArray, labels: IntArray, comparison: Comparison) -> FloatArray:
    """The mean of the speakers against that of the training."""
    labels = in_order_of_appearance(labels)
    counts = np.bincount(labels)
    means = np.zeros((len(counts), x.shape[1]))
    np.add.at(means, labels, x / counts[labels, None])
    whitening = comparison.backend.whitening
    prior = 0.0 if whitening is None else whitening.mean_
    total = (means - prior).sum(axis=0)
    return np.asarray(total / (len(means) + _RELEVANCE), np.float32)
