"""The estimators of the back-ends, from labelled vectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from trfast._names import BackendName
from trfast._threads import blas_limit
from trfast.scoring.backend import Backend
from trfast.scoring.estimators import Estimator, estimator_of, estimator_tensors
from trfast.scoring.lda import Lda
from trfast.scoring.normalization import Whitening
from trfast.scoring.own import OwnEstimator
from trfast.scoring.plda import Plda
from trfast.scoring.triplet import TripletRanking
from trfast.scoring.wccn import Wccn
from trfast.training.config import EstimatorConfig, TrainingConfig
from trfast.training.vectors import SpeakerVectors

FloatArray = npt.NDArray[Any]

# The most that one output of the triplet network holds of a constant.
_SATURATED = 0.9


def fit_backends(
    vectors: SpeakerVectors, whitening: Whitening, config: TrainingConfig
) -> dict[BackendName, Estimator | None]:
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
    classes, recordings = np.asarray(vectors.classes), np.asarray(vectors.recordings)
    with blas_limit():
        # For itself, and for the start of the triplet network.
        uses = {"plda", "tr"} if config.estimators.tr_start == "plda" else {"plda"}
        plda = _plda(x, classes, config) if uses & set(config.backends) else None
        fitted = {
            name: _fit(name, x, classes, recordings, plda, config) for name in config.backends
        }
    return {name: estimator_of(name, estimator_tensors(name, e)) for name, e in fitted.items()}


def fit_own(
    own: Mapping[str, OwnEstimator], vectors: SpeakerVectors, whitening: Whitening
) -> dict[str, OwnEstimator]:
    """Fit copies of estimators of one's own, those that learn, on what `fit_backends` takes."""
    x = Backend(name="cosine", whitening=whitening).project(vectors.vectors)
    classes, found = np.asarray(vectors.classes), {}
    for name, estimator in own.items():
        Backend(name=name, whitening=whitening, estimator=estimator)  # which checks it
        found[name] = estimator
        if hasattr(estimator, "fit"):
            copy: Any = clone(estimator, safe=False)
            copy.fit(x, classes)
            found[name] = copy
    return found


def _fit(
    name: str,
    x: FloatArray,
    y: FloatArray,
    recordings: FloatArray,
    plda: Plda | None,
    config: TrainingConfig,
) -> Estimator | None:
    settings = config.estimators
    most = max(1, min(x.shape[1], len(np.unique(y)) - 1))
    match name:
        case "wccn":
            return Wccn(shrinkage=settings.wccn_shrinkage).fit(x, y)
        case "lda":
            n_components = min(settings.lda_components, most)
            return Lda(n_components=n_components, shrinkage=settings.lda_shrinkage).fit(x, y)
        case "plda":
            return plda
        case "tr":
            start = plda if settings.tr_start == "plda" else None
            return triplet_ranking(x, start, config).fit(x, y, groups=recordings)
    return None


def triplet_ranking(x: FloatArray, start: Plda | None, config: TrainingConfig) -> TripletRanking:
    """Return the triplet network of a training, with its start, not fitted yet.

    Parameters
    ----------
    x : ndarray (n, n_features)
        Training vectors, whitened and of unit length.
    start : Plda or None
        Trained on them, for the network to start from; None: a random start.
    config : TrainingConfig
    """
    arguments: dict[str, Any] = {
        "min_class_size": max(2, config.min_recordings),
        "random_state": config.seed,
    }
    if start is not None:
        arguments["initialization"] = triplet_start(start, x, config.estimators)
    return TripletRanking(**{**arguments, **config.estimators.tr})


def _plda(x: FloatArray, y: FloatArray, config: TrainingConfig) -> Plda:
    rank = max(1, min(config.estimators.plda_rank, x.shape[1], len(np.unique(y)) - 1))
    return Plda(rank=rank, shrinkage=config.estimators.plda_shrinkage).fit(x, y)


def triplet_start(plda: Plda, x: FloatArray, settings: EstimatorConfig) -> FloatArray:
    """Return first weights of the triplet network, the bias in the last row, from PLDA.

    Outputs are the posterior means of what the speaker adds to a vector, where the covariance
    within speakers is the identity: their distances are most of PLDA's log-likelihood ratio. A
    constant output beside them turns distances into cosines.

    Parameters
    ----------
    plda : Plda
    x : ndarray (n, n_features)
        Training vectors.
    settings : EstimatorConfig

    Returns
    -------
    ndarray (n_features + 1, n_components)
    """
    projection = plda.projection_ * (plda.eigenvalues_ / (1 + plda.eigenvalues_))
    active = np.vstack([projection, -plda.mean_ @ projection])
    outputs = x @ active[:-1] + active[-1]
    active *= settings.tr_spread / np.sqrt(np.mean(outputs**2))
    constant = settings.tr_constant * settings.tr_spread * np.sqrt(active.shape[1])
    n_constant = int(np.ceil((constant / _SATURATED) ** 2))
    start = np.hstack([active, np.zeros((len(active), n_constant))])
    if n_constant:
        start[-1, active.shape[1] :] = np.arctanh(constant / np.sqrt(n_constant))
    start[:-1] /= settings.tr.get("input_scale", 1.0)
    return start
