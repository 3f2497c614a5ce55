"""The estimators of the back-ends, from labelled vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._threads import blas_limit
from trfast.scoring.backend import Backend, Estimator, estimator_of, estimator_tensors
from trfast.scoring.normalization import Lda, Wccn, Whitening
from trfast.scoring.plda import Plda
from trfast.scoring.triplet import TripletRanking
from trfast.training.config import TrainingConfig
from trfast.training.vectors import SpeakerVectors

FloatArray = npt.NDArray[Any]


def fit_backends(
    vectors: SpeakerVectors, whitening: Whitening, config: TrainingConfig
) -> dict[str, Estimator | None]:
    """Fit the estimators of ``config.backends``.

    Parameters
    ----------
    vectors : SpeakerVectors
        Of at least 2 speakers, one of them in ``config.min_recordings`` recordings.
    whitening : Whitening
        Comes before them.
    config : TrainingConfig

    Returns
    -------
    dict of str to estimator
        By name, in the precision of the model file; None for the cosine.

    Raises
    ------
    ModelError
        If there are too few speakers, or too few vectors of each.
    """
    x = Backend(name="cosine", whitening=whitening).project(vectors.vectors)
    y = np.asarray(vectors.speakers)
    with blas_limit():
        fitted = {name: _fit(name, x, y, config) for name in config.backends}
    return {name: estimator_of(name, estimator_tensors(name, e)) for name, e in fitted.items()}


def _fit(name: str, x: FloatArray, y: FloatArray, config: TrainingConfig) -> Estimator | None:
    settings = config.backend
    most = max(1, min(x.shape[1], len(np.unique(y)) - 1))
    match name:
        case "wccn":
            return Wccn(shrinkage=settings.wccn_shrinkage).fit(x, y)
        case "lda":
            n_components = min(settings.lda_components, most)
            return Lda(n_components=n_components, shrinkage=settings.lda_shrinkage).fit(x, y)
        case "plda":
            rank = min(settings.plda_rank, most)
            return Plda(rank=rank, shrinkage=settings.plda_shrinkage).fit(x, y)
        case "tr":
            arguments = {
                "min_class_size": max(2, config.min_recordings),
                "random_state": config.seed,
                "initialization": _start(x, y, config),
            }
            return TripletRanking(**{**arguments, **settings.tr}).fit(x, y)
    return None


def _start(x: FloatArray, y: FloatArray, config: TrainingConfig) -> Any:
    """First weights of the triplet network: another back-end's projection, less its mean."""
    estimator = _fit(config.backend.tr_start, x, y, config)
    if estimator is None:
        return "random"
    unit = np.eye(x.shape[1], dtype=x.dtype)
    weights = estimator.transform(unit) - estimator.transform(0 * unit[:1])
    entering = x @ weights * config.backend.tr.get("input_scale", 1.0)
    return weights * (config.backend.tr_spread / np.sqrt(np.mean(entering**2)))
