"""Back-ends that have learned elsewhere, drawn to vectors of the target."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._checks import check_groups, check_matrix, check_not_negative
from trfast.errors import ModelError
from trfast.scoring.backend import Backend
from trfast.scoring.estimators import estimator_of, estimator_tensors
from trfast.scoring.plda import Plda
from trfast.scoring.triplet import TripletRanking

FloatArray = npt.NDArray[Any]

# Speakers, and vectors beyond the first of each, that weigh as much as what was there before.
_RELEVANCE_BETWEEN, _RELEVANCE_WITHIN = 500.0, 1000.0
# Of the network, which goes on learning: few small steps.
_LEARNING: dict[str, Any] = {"n_epochs": 25, "refresh": 25, "learning_rate": 0.05, "margin": 0.2}


def adapt_plda(
    plda: Plda,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    relevance_between: float = _RELEVANCE_BETWEEN,
    relevance_within: float = _RELEVANCE_WITHIN,
) -> Plda:
    """Draw PLDA's covariances to those of labelled vectors of the target [1]_.

    The covariance between speakers becomes ``(1 - a) * before + a * target``, with
    ``a = n / (n + relevance_between)`` for n speakers; that within them likewise, n being the
    number of vectors beyond the first of each.

    Parameters
    ----------
    plda : Plda
        It is not changed.
    X : array_like (n_samples, n_features)
    y : array_like (n_samples,)
        Speakers, named or found.
    relevance_between, relevance_within : float
        At least 0; the larger, the less the target counts.

    Returns
    -------
    Plda

    Raises
    ------
    ParameterError
        If `X` or `y` is not as above.
    ModelError
        If nobody has two vectors, or all vectors are of one speaker.

    References
    ----------
    .. [1] G. Le Lan, S. Meignier, D. Charlet, A. Larcher, "First investigations on self trained
       speaker diarization", Odyssey 2016.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> speakers = np.repeat(np.arange(50), 4)
    >>> x = rng.normal(size=(50, 2))[speakers] + 0.5 * rng.normal(size=(200, 2))
    >>> before = Plda.from_parameters(np.zeros(2), np.eye(2), np.eye(2))
    >>> after = adapt_plda(before, x, speakers, relevance_within=0)
    >>> np.diag(after.within_).round(1)
    array([0.3, 0.3])
    """
    check_not_negative(relevance_between, "relevance_between")
    check_not_negative(relevance_within, "relevance_within")
    x = check_matrix(X, "X", n_columns=len(plda.mean_), dtype=np.float64)
    labels = np.unique(check_groups(y, "y", len(x), "a row"), return_inverse=True)[1]
    sizes = np.bincount(labels)
    n_more = len(x) - len(sizes)
    if n_more < 1 or len(sizes) < 2:
        raise ModelError(
            f"{len(x)} vectors of {len(sizes)} speaker(s) adapt nothing: give at least 2 speakers,"
            " one of them with 2 vectors"
        )
    means = np.zeros((len(sizes), x.shape[1]))
    np.add.at(means, labels, x / sizes[labels, None])
    rest = x - means[labels]
    within = rest.T @ rest / n_more
    # The means vary by what is within speakers, too.
    between = np.cov(means, rowvar=False) - within * np.mean(1 / sizes)
    a = len(sizes) / (len(sizes) + relevance_between)
    b = n_more / (n_more + relevance_within)
    mixed = (1 - a) * plda.factor_ @ plda.factor_.T + a * between
    values, directions = np.linalg.eigh((mixed + mixed.T) / 2)
    rank = plda.factor_.shape[1]
    factor = directions[:, -rank:] * np.sqrt(values[-rank:].clip(0))
    return Plda.from_parameters(plda.mean_, factor, (1 - b) * plda.within_ + b * within)


def adapt_network(
    network: TripletRanking, X: npt.ArrayLike, y: npt.ArrayLike, groups: npt.ArrayLike
) -> TripletRanking:
    """Let the triplet network go on learning, from labelled vectors of the target.

    Parameters
    ----------
    network : TripletRanking
        It is not changed.
    X : array_like (n_samples, n_features)
    y, groups : array_like (n_samples,)
        Speakers, named or found, and recordings.

    Returns
    -------
    TripletRanking

    Raises
    ------
    ParameterError
        If the arguments are not as above.
    ModelError
        If nobody is in two recordings.
    """
    x = check_matrix(X, "X", dtype=np.float32)
    start = np.vstack([network.weights_, network.bias_]).astype(np.float32)
    start[:-1] /= network.input_scale
    own = TripletRanking(
        initialization=start, input_scale=network.input_scale, min_class_size=2, **_LEARNING
    )
    return own.fit(x, check_groups(y, "y", len(x), "a row"), groups=groups)


def adapt_backend(
    backend: Backend, X: npt.ArrayLike, y: npt.ArrayLike, groups: npt.ArrayLike
) -> Backend:
    """Adapt the estimator of a back-end, if it is PLDA or the network; others stay.

    Parameters
    ----------
    backend : Backend
        It is not changed; whitening, thresholds and cohort stay.
    X : array_like (n_samples, rank)
        Vectors, before whitening.
    y, groups : array_like (n_samples,)
        Speakers, named or found, and recordings.

    Raises
    ------
    ParameterError, ModelError
        As `adapt_plda` and `adapt_network`.
    """
    rows = Backend(name="cosine", whitening=backend.whitening).project(X)
    if isinstance(backend.estimator, Plda):
        adapted: Plda | TripletRanking = adapt_plda(backend.estimator, rows, y)
    elif isinstance(backend.estimator, TripletRanking):
        adapted = adapt_network(backend.estimator, rows, y, groups)
    else:
        return backend
    # As the model file holds it, so that the model gives the same before and after.
    tensors = estimator_tensors(backend.name, adapted)
    return replace(backend, estimator=estimator_of(backend.name, tensors))
