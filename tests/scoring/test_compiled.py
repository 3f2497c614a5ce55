"""CompiledScore: what a function of the user's says, at the pace of compiled code."""

from __future__ import annotations

import pickle
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from trfast import Comparison, Diarizer, Job, Waveform, link, load_model
from trfast.errors import MissingExtraError, ParameterError, ParameterTypeError
from trfast.evaluation import equal_error_rate, verification_trials_of_scores
from trfast.scoring import Backend, CompiledScore, edges_above

Array = npt.NDArray[Any]


def dot(a: Array, b: Array) -> float:
    total = 0.0
    for k in range(len(a)):
        total += a[k] * b[k]
    return total


def nearness(a: Array, b: Array) -> float:
    total = 0.0
    for k in range(len(a)):
        total += abs(a[k] - b[k])
    return -total


def one_sided(a: Array, b: Array) -> float:
    return float(a[0] - 2 * b[0])


def beyond(a: Array, b: Array) -> float:
    return float(a[9] * b[9])


def text(a: Array, b: Array) -> str:
    return str(len(a) + len(b))


def unknown_to_numba(a: Array, b: Array) -> float:
    return float(sum(getattr(x, "real") for x in [*a, *b]))  # noqa: B009


def divided(a: Array, b: Array) -> float:
    return float(1.0 / (a[0] + b[0]))


@pytest.fixture
def numba() -> Any:
    return pytest.importorskip("numba", reason="Numba is not installed: trfast[numba]")


@pytest.fixture
def rows() -> Array:
    rng = np.random.default_rng(0)
    found = np.repeat(rng.normal(size=(30, 7)), 5, axis=0) + 0.3 * rng.normal(size=(150, 7))
    unit: Array = found / np.linalg.norm(found, axis=1, keepdims=True)
    return unit.astype(np.float32)


@pytest.mark.usefixtures("numba")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", [dot, nearness])
def test_scores_are_what_the_function_says(
    rows: Array, dtype: Any, function: Callable[[Array, Array], float]
) -> None:
    x = rows.astype(dtype)
    found = CompiledScore(function).similarity(x[:20], x)
    assert found.dtype == dtype
    expected = [[function(a, b) for b in x.astype(float)] for a in x[:20].astype(float)]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("numba")
@pytest.mark.parametrize("tile", [7, 150, 512])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_edges_are_those_of_the_matrix(
    rows: Array, tile: int, n_threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trfast.scoring.compiled._TILE", tile)
    score = CompiledScore(nearness)
    matrix = score.similarity(rows)
    threshold = float(np.quantile(matrix, 0.8))
    pairs, similarities = score.edges_above(rows, threshold, n_threads=n_threads)
    np.testing.assert_array_equal(pairs, np.argwhere(np.triu(matrix >= threshold, 1)))
    np.testing.assert_array_equal(similarities, matrix[tuple(pairs.T)])


@pytest.mark.usefixtures("numba")
def test_a_dot_of_unit_rows_is_the_cosine(rows: Array) -> None:
    pairs, similarities = CompiledScore(dot).edges_above(rows, 0.5)
    expected, cosines = edges_above(rows, 0.5)
    np.testing.assert_array_equal(pairs, expected)
    np.testing.assert_allclose(similarities, cosines, rtol=1e-5)


@pytest.mark.usefixtures("numba")
def test_memory_is_that_of_the_answer() -> None:
    n = 6000
    x = np.random.default_rng(0).normal(size=(n, 3)).astype(np.float32)
    score = CompiledScore(nearness)
    score.edges_above(x[:9], 0.0)
    tracemalloc.start()
    pairs, _ = score.edges_above(x, 1.0, n_threads=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(pairs) == 0
    assert peak < 4 * n**2 / 8


@pytest.mark.usefixtures("numba")
@pytest.mark.parametrize("clustering", ["cc", "hac", "average"])
def test_it_links_and_clusters_as_the_cosine_does(rows: Array, clustering: Any) -> None:
    own = Backend(name="dot", estimator=CompiledScore(dot))
    found = Comparison(backend=own, threshold=0.6, clustering=clustering)
    cosine = Comparison(threshold=0.6, clustering=clustering)
    assert found.cluster(own.project(rows)).tolist() == cosine.cluster(rows).tolist()
    recordings = [str(k) for k in range(len(rows))]
    linked = link(own.project(rows), recordings, found)
    expected = link(rows, recordings, cosine)
    assert linked.labels.tolist() == expected.labels.tolist()
    np.testing.assert_allclose(linked.similarities, expected.similarities, rtol=1e-5)


@pytest.mark.usefixtures("numba")
def test_it_diarizes_and_is_verified() -> None:
    model = load_model()
    backend = Backend(name="dot", whitening=model.whitening, estimator=CompiledScore(dot))
    comparison = Comparison(backend=backend, threshold=0.5)
    noise = np.random.default_rng(0).normal(scale=0.1, size=48_000).astype(np.float32)
    diarizer = Diarizer(comparison=comparison)
    assert diarizer(Job("noise", Waveform(noise, 16_000))).recording == "noise"
    other = Backend(name="dot", whitening=model.whitening, estimator=CompiledScore(nearness))
    changed = Diarizer(comparison=Comparison(backend=other, threshold=0.5))
    assert diarizer.fingerprint != changed.fingerprint
    vectors = np.random.default_rng(0).normal(size=(2, 200)).repeat(3, axis=0)
    scores = backend.similarity(backend.project(vectors))
    error = equal_error_rate(*verification_trials_of_scores(scores, list("aaabbb")))
    assert error == 0


@pytest.mark.usefixtures("numba")
@pytest.mark.parametrize(
    ("function", "message"),
    [
        (one_sided, "one_sided gives .* for two vectors, and .* when the other comes first"),
        (beyond, r"beyond fails for two vectors of shape \(7,\).* \(IndexError: index 9"),
        (text, "Numba cannot compile text, expected a function of two vectors"),
        (unknown_to_numba, "Numba cannot compile unknown_to_numba.* under numba.njit"),
    ],
)
def test_what_is_no_score(rows: Array, function: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        CompiledScore(function).edges_above(rows, 0.0)


@pytest.mark.usefixtures("numba")
def test_scores_must_be_finite() -> None:
    x = np.array([[1.0], [2.0], [-2.0]])
    with pytest.raises(ParameterError, match="divided gives inf for rows 1 and 2"):
        CompiledScore(divided).edges_above(x, 0.0)
    with pytest.raises(ParameterError, match="divided gives inf for rows 1 and 2"):
        CompiledScore(divided).similarity(x)


def test_what_is_no_function() -> None:
    for wrong in (max, "cosine", None):
        with pytest.raises(ParameterTypeError, match="function must be a function of two vectors"):
            CompiledScore(wrong)  # type: ignore[arg-type]


def test_nothing_to_score() -> None:
    pairs, similarities = CompiledScore(dot).edges_above(np.empty((0, 4)), 0.5)
    assert (pairs.shape, similarities.shape) == ((0, 2), (0,))
    assert CompiledScore(dot).similarity(np.empty((0, 4)), np.ones((3, 4))).shape == (0, 3)


def test_without_numba(rows: Array, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba.core.errors", None)
    monkeypatch.delitem(sys.modules, "trfast.scoring._numba", raising=False)
    with pytest.raises(MissingExtraError, match=r"\(dot\) needs Numba: pip install"):
        CompiledScore(dot).similarity(rows)


def test_fingerprint_and_pickle() -> None:
    score = CompiledScore(dot)
    assert (
        score.fingerprint == CompiledScore(dot).fingerprint != CompiledScore(nearness).fingerprint
    )
    again = pickle.loads(pickle.dumps(score))
    assert again.function is dot
    assert repr(again) == "CompiledScore(dot)"


@pytest.mark.usefixtures("numba")
def test_a_function_that_is_compiled_already(rows: Array, numba: Any) -> None:
    found = CompiledScore(numba.njit(dot)).similarity(rows)
    np.testing.assert_array_equal(found, CompiledScore(dot).similarity(rows))
