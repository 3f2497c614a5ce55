"""Backend: the same as its parts, and as matrices of all pairs."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.pipeline import make_pipeline

from tests.reference import plda as reference
from tests.small import small_model
from trfast.errors import ModelError, ParameterError
from trfast.scoring import (
    Lda,
    LengthNorm,
    Plda,
    TripletRanking,
    Wccn,
    Whitening,
    backend,
    normalize_scores,
    products,
)
from trfast.scoring.backend import BACKENDS, Backend
from trfast.scoring.estimators import estimator_of, estimator_tensors

SPEAKERS = np.repeat(np.arange(15), 4)


@pytest.fixture(scope="module")
def backends() -> dict[str, Backend]:
    return dict(small_model().backends)


@pytest.fixture(scope="module")
def vectors() -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(3)
    found = 2 * rng.normal(size=(15, 3))[SPEAKERS] + rng.normal(size=(60, 3))
    return found.astype(np.float32)


@pytest.mark.parametrize(
    ("name", "estimator"),
    [
        ("wccn", Wccn(shrinkage=0.1)),
        ("lda", Lda(n_components=2)),
        ("tr", TripletRanking(n_epochs=2, n_neighbors=5)),
    ],
)
def test_projection_equals_a_pipeline(
    vectors: npt.NDArray[np.float32], name: str, estimator: Any
) -> None:
    pipeline = make_pipeline(Whitening(), LengthNorm(), estimator, LengthNorm())
    expected = pipeline.fit_transform(vectors, SPEAKERS)
    parts = Backend(name=name, whitening=pipeline[0], estimator=pipeline[2])
    found = parts.project(vectors)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(parts.similarity(found), found @ found.T, atol=1e-6)
    np.testing.assert_allclose(parts.similarity(found[:2], found), (found @ found.T)[:2], atol=1e-6)


def test_projection_of_the_cosine_by_hand(
    backends: dict[str, Backend], vectors: npt.NDArray[np.float32]
) -> None:
    whitening = backends["cosine"].whitening
    assert whitening is not None
    white = (vectors - whitening.mean_) @ whitening.matrix_
    expected = white / np.linalg.norm(white, axis=1, keepdims=True)
    np.testing.assert_allclose(backends["cosine"].project(vectors), expected, rtol=1e-5)


def test_similarity_of_plda_equals_dense_gaussians(
    backends: dict[str, Backend], vectors: npt.NDArray[np.float32]
) -> None:
    plda = backends["plda"].estimator
    assert isinstance(plda, Plda)
    unit = backends["cosine"].project(vectors)
    found = backends["plda"].similarity(backends["plda"].project(vectors))
    np.testing.assert_allclose(found, plda.similarity(unit), rtol=1e-5, atol=1e-5)
    between = plda.factor_ @ plda.factor_.T
    expected = [
        reference.log_likelihood_ratio([a], [b], plda.mean_, between, plda.within_)
        for a in unit[:3]
        for b in unit[:3]
    ]
    np.testing.assert_allclose(found[:3, :3].ravel(), expected, atol=2e-4)


@pytest.mark.parametrize("block", [7, 1024])
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("name", BACKENDS)
def test_edges_equal_the_matrix(
    backends: dict[str, Backend],
    vectors: npt.NDArray[np.float32],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    n_threads: int,
    block: int,
) -> None:
    monkeypatch.setattr(products, "_PAIRS", block)
    rows = backends[name].project(vectors)
    matrix = backends[name].similarity(rows)
    threshold = float(np.quantile(matrix[np.triu_indices(60, 1)], 0.8)) - 1e-4
    pairs, similarities = backends[name].edges_above(rows, threshold, n_threads=n_threads)
    np.testing.assert_array_equal(pairs, np.argwhere(np.triu(matrix >= threshold, 1)))
    assert similarities.dtype == np.float32
    np.testing.assert_allclose(similarities, matrix[tuple(pairs.T)], rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("block", [7, 1024])
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("name", BACKENDS)
def test_normalized_edges_equal_the_matrix(
    backends: dict[str, Backend],
    vectors: npt.NDArray[np.float32],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    n_threads: int,
    block: int,
) -> None:
    monkeypatch.setattr(products, "_PAIRS", block)
    own = replace(backends[name])  # which has normalized nothing yet
    monkeypatch.setattr(backend, "_N_TOP", 10)
    rows = own.project(vectors)
    assert own.cohort is not None
    with_cohort = own.similarity(rows, own.project(own.cohort))
    matrix = normalize_scores(own.similarity(rows), with_cohort, n_top=10)
    pairs, scores = own.edges_above(rows, 0.5, normalized=True, n_threads=n_threads)
    np.testing.assert_array_equal(pairs, np.argwhere(np.triu(matrix >= 0.5, 1)))
    np.testing.assert_allclose(scores, matrix[tuple(pairs.T)], rtol=1e-2, atol=5e-3)


def test_without_a_cohort_nothing_is_normalized(
    backends: dict[str, Backend], vectors: npt.NDArray[np.float32]
) -> None:
    alone = replace(backends["plda"], cohort=None)
    with pytest.raises(ModelError, match="'plda' has no cohort to normalize similarities by"):
        alone.edges_above(alone.project(vectors), 1.0, normalized=True)
    with pytest.raises(ParameterError, match="a normalized score, any finite number, got inf"):
        backends["tr"].check_threshold(np.inf, normalized=True)
    assert backends["tr"].check_threshold(4, normalized=True) == 4


def test_memory_is_that_of_blocks(backends: dict[str, Backend]) -> None:
    plda, n = backends["plda"], 8000
    rows = plda.project(np.random.default_rng(0).normal(size=(n, 3)))
    plda.edges_above(rows[:9], 0.0)  # what is loaded once
    tracemalloc.start()
    pairs, _ = plda.edges_above(rows, 1e9)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(pairs) == 0
    assert peak < 4 * n**2 / 8


@pytest.mark.parametrize("name", BACKENDS)
def test_nothing_to_compare(backends: dict[str, Backend], name: str) -> None:
    rows = backends[name].project(np.empty((0, 3)))
    assert rows.shape == (0, backends[name].project(np.ones((1, 3))).shape[1])
    assert [part.shape[0] for part in backends[name].edges_above(rows, 0.5)] == [0, 0]


def test_the_input_scale_enters_the_weights(vectors: npt.NDArray[np.float32]) -> None:
    network = TripletRanking(n_epochs=2, n_neighbors=5, input_scale=3.0).fit(vectors, SPEAKERS)
    loaded = estimator_of("tr", estimator_tensors("tr", network))
    assert isinstance(loaded, TripletRanking)
    np.testing.assert_allclose(
        loaded.transform(vectors), network.transform(vectors), rtol=1e-5, atol=1e-6
    )


def test_thresholds(backends: dict[str, Backend]) -> None:
    assert backends["plda"].check_threshold(-20) == -20
    assert backends["tr"].check_threshold(0.5) == 0.5
    for name, threshold, message in (
        ("plda", np.nan, "any finite number, got nan"),
        ("plda", np.inf, "any finite number, got inf"),
        ("lda", np.nan, "a cosine similarity, -1 to 1, got nan"),
        ("cosine", -20, "a cosine similarity, -1 to 1, got -20"),
    ):
        with pytest.raises(ParameterError, match=message):
            backends[name].edges_above(np.eye(3), threshold)


def test_parts_that_make_no_back_end(backends: dict[str, Backend]) -> None:
    white: Any = backends["cosine"].whitening
    with pytest.raises(ParameterError, match="one of cosine, wccn, lda, plda, tr, got 'neural'"):
        Backend(name="neural", whitening=white)
    with pytest.raises(ParameterError, match="of back-end 'plda' must be Plda, got Lda"):
        Backend(name="plda", whitening=white, estimator=Lda())
    with pytest.raises(ParameterError, match="of back-end 'cosine' must be NoneType, got Lda"):
        Backend(name="cosine", whitening=white, estimator=Lda())
    with pytest.raises(ParameterError, match="vectors must have 3 columns, got 2"):
        backends["cosine"].project(np.ones((4, 2)))
    with pytest.raises(ParameterError, match="a must have 2 columns, got 3"):
        backends["plda"].similarity(np.eye(3))
