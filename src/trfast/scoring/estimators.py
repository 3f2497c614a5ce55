"""The estimators of trfast's back-ends, and what of them a model file holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast.scoring.lda import Lda
from trfast.scoring.own import OwnEstimator
from trfast.scoring.plda import Plda
from trfast.scoring.triplet import TripletNetwork, TripletRanking
from trfast.scoring.wccn import Wccn

Estimator = Wccn | Lda | Plda | TripletRanking

ESTIMATORS: Mapping[str, type[Estimator]] = {
    "wccn": Wccn,
    "lda": Lda,
    "plda": Plda,
    "tr": TripletRanking,
}
# Learned attributes, less their last underscore; the rows of the first are the features.
_LEARNED = {
    "wccn": ("within", "matrix"),
    "lda": ("mean", "matrix", "eigenvalues"),
    "plda": ("mean", "factor", "within", "projection", "eigenvalues"),
    "tr": ("weights", "bias"),
}


def estimator_tensors(
    name: str, estimator: Estimator | OwnEstimator | None
) -> dict[str, npt.NDArray[Any]]:
    """Return what the estimator of a back-end has learned, as a model file holds it; nothing of
    one's own."""
    tensors = {
        f"{name}.{part}": getattr(estimator, f"{part}_").astype(np.float32)
        for part in _LEARNED.get(name, ())
    }
    if isinstance(estimator, TripletRanking):
        tensors["tr.weights"] *= np.float32(estimator.input_scale)
    return tensors


def estimator_of(name: str, tensors: Mapping[str, npt.NDArray[Any]]) -> Estimator | None:
    """Return the estimator of a back-end from a model file's arrays; None for the cosine."""
    if name not in ESTIMATORS:
        return None
    estimator = ESTIMATORS[name]()
    for part in _LEARNED[name]:
        setattr(estimator, f"{part}_", tensors[f"{name}.{part}"])
    estimator.n_features_in_ = len(tensors[f"{name}.{_LEARNED[name][0]}"])
    if isinstance(estimator, TripletRanking):
        weights = np.vstack([estimator.weights_, estimator.bias_])
        network = TripletNetwork(weights=weights, input_scale=1.0, rng=np.random.default_rng(0))
        estimator.networks_, estimator.history_ = [network], network.history
    return estimator
