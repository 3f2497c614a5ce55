"""Adaptation of PLDA and the network to labelled vectors of the target."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.small import small_model
from trfast.errors import ModelError, ParameterError
from trfast.scoring import Plda, TripletRanking
from trfast.scoring.adaptation import adapt_backend, adapt_network, adapt_plda
from trfast.scoring.backend import BACKENDS

SPEAKERS = np.repeat(np.arange(12), [1, 2, 3, 4] * 3)
RECORDINGS = np.concatenate([np.arange(n) for n in [1, 2, 3, 4] * 3])


@pytest.fixture(scope="module")
def vectors() -> npt.NDArray[np.float64]:
    rng = np.random.default_rng(5)
    return 2 * rng.normal(size=(12, 3))[SPEAKERS] + 0.3 * rng.normal(size=(len(SPEAKERS), 3))


def covariances(x: Any) -> tuple[Any, Any]:
    """Between and within speakers, pair by pair and speaker by speaker."""
    within, n_more = np.zeros((3, 3)), 0
    means = []
    for speaker in range(12):
        own = x[speaker == SPEAKERS]
        means.append(own.mean(axis=0))
        for row in own:
            within += np.outer(row - means[-1], row - means[-1])
        n_more += len(own) - 1
    within /= n_more
    grand = np.mean(means, axis=0)
    between = sum(np.outer(m - grand, m - grand) for m in means) / 11
    shares = [1 / np.sum(speaker == SPEAKERS) for speaker in range(12)]
    return between - within * np.mean(shares), within


@pytest.mark.parametrize("relevance", [0.0, 6.0, 1e9])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_plda_is_interpolated(vectors: Any, relevance: float, dtype: Any) -> None:
    plda = Plda.from_parameters([0.1, 0, 0], np.diag([3.0, 2, 1]), np.diag([1.0, 2, 3]))
    found = adapt_plda(
        plda,
        vectors.astype(dtype),
        [f"s{k}" for k in SPEAKERS],
        relevance_between=relevance,
        relevance_within=2 * relevance,
    )
    between, within = covariances(vectors)
    n_more = len(SPEAKERS) - 12
    a, b = 12 / (12 + relevance), n_more / (n_more + 2 * relevance)
    expected = (1 - a) * np.diag([9.0, 4, 1]) + a * between
    assert np.linalg.eigvalsh(expected).min() > 0
    np.testing.assert_allclose(found.factor_ @ found.factor_.T, expected, rtol=1e-4, atol=1e-4)
    expected = (1 - b) * np.diag([1.0, 2, 3]) + b * within
    np.testing.assert_allclose(found.within_, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(found.mean_, plda.mean_)
    np.testing.assert_array_equal(plda.within_, np.diag([1.0, 2, 3]))


def test_the_rank_stays(vectors: Any) -> None:
    plda = Plda(rank=2).fit(vectors, SPEAKERS)
    assert adapt_plda(plda, vectors, SPEAKERS).eigenvalues_.shape == (2,)


def test_the_network_goes_on_from_where_it_was(vectors: Any) -> None:
    x = vectors.astype(np.float32)
    network = TripletRanking(n_epochs=30, n_neighbors=20, input_scale=2.0).fit(x, SPEAKERS)
    before = network.transform(x)
    found = adapt_network(network, x, SPEAKERS, RECORDINGS)
    np.testing.assert_array_equal(network.transform(x), before)
    moved = np.abs(found.transform(x) - before).max()
    assert 0 < moved < 0.2
    again = adapt_network(network, x, SPEAKERS, RECORDINGS)
    np.testing.assert_array_equal(again.weights_, found.weights_)


@pytest.mark.parametrize("name", BACKENDS)
def test_only_plda_and_the_network_change(vectors: Any, name: str) -> None:
    backend = small_model().backends[name]
    found = adapt_backend(backend, vectors, SPEAKERS, RECORDINGS)
    assert (found is backend) == (name not in ("plda", "tr"))
    assert found.thresholds == backend.thresholds
    assert found.cohort is backend.cohort
    same = np.array_equal(found.project(vectors), backend.project(vectors))
    assert same == (name not in ("plda", "tr"))


def test_what_adapts_nothing(vectors: Any) -> None:
    plda = Plda.from_parameters([0, 0, 0], np.eye(3), np.eye(3))
    with pytest.raises(ModelError, match=r"12 vectors of 12 speaker\(s\) adapt nothing"):
        adapt_plda(plda, vectors[:12], np.arange(12))
    with pytest.raises(ModelError, match=r"12 vectors of 1 speaker\(s\) adapt nothing"):
        adapt_plda(plda, vectors[:12], np.zeros(12, int))
    with pytest.raises(ParameterError, match="must have 3 columns, got 2"):
        adapt_plda(plda, vectors[:, :2], SPEAKERS)
    with pytest.raises(ParameterError, match=r"y must be one a row, shape \(30,\), got \(3,\)"):
        adapt_plda(plda, vectors, SPEAKERS[:3])
    with pytest.raises(ParameterError, match="relevance_within must be 0 or more"):
        adapt_plda(plda, vectors, SPEAKERS, relevance_within=-1)
