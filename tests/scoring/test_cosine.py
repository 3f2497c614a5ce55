"""Cosine: by hand, the twin, and SIDEKIT's answers."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.reference import clustering as clustering_reference
from tests.reference import cosine as reference
from trfast.errors import ParameterError
from trfast.scoring import cosine_components, cosine_similarity, edges_above

DTYPES = [np.float32, np.float64]


def vectors(n: int, d: int, dtype: npt.DTypeLike = np.float64) -> npt.NDArray[np.floating]:
    rng = np.random.default_rng(n + d)
    return (np.repeat(rng.normal(size=(n // 4 + 1, d)), 4, axis=0)[:n] * 0.7
            + rng.normal(size=(n, d))).astype(dtype)  # fmt: skip


def test_similarity_by_hand() -> None:
    result = cosine_similarity([[3, 4], [-6, -8]], [[5, 0], [0, 2], [4, 3]])
    np.testing.assert_allclose(result, [[0.6, 0.8, 0.96], [-0.6, -0.8, -0.96]], rtol=1e-6)
    assert result.dtype == np.float32


@pytest.mark.parametrize("dtype", DTYPES)
def test_similarity_equals_twin(dtype: npt.DTypeLike) -> None:
    a, b = vectors(20, 7, dtype), vectors(30, 7, dtype)
    result = cosine_similarity(a, b)
    assert result.dtype == dtype
    np.testing.assert_allclose(result, reference.cosine_similarity(a, b), atol=1e-6)


def test_similarity_equals_sidekit(golden: Path) -> None:
    with np.load(golden / "g_scoring.npz") as file:
        np.testing.assert_allclose(cosine_similarity(file["X"]), file["cosine"], atol=5e-7)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("block", [1, 7, 32, 384])
def test_edges_equal_twin(dtype: npt.DTypeLike, block: int) -> None:
    x = vectors(65, 6, dtype)
    pairs, similarities = edges_above(x, 0.5, block=block)
    assert [tuple(pair) for pair in pairs.tolist()] == reference.edges_above(x, 0.5)
    expected = reference.cosine_similarity(x, x)[pairs[:, 0], pairs[:, 1]]
    np.testing.assert_allclose(similarities, expected, atol=1e-6)
    assert similarities.dtype == dtype


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize(("n", "threshold"), [(1, 0.9), (50, 0.7), (900, 0.93), (900, 0.99)])
def test_components_equal_those_of_the_edges(
    dtype: npt.DTypeLike, n_threads: int, n: int, threshold: float
) -> None:
    # 900 rows are more than two tiles.
    x = vectors(n, 6, dtype)
    pairs, _ = edges_above(x, threshold)
    expected = clustering_reference.connected_components(pairs.tolist(), n)
    assert cosine_components(x, threshold, n_threads=n_threads).tolist() == expected


def test_threshold_is_reached_by_equality() -> None:
    x = np.eye(3)
    assert edges_above(x, 0.0)[0].tolist() == [[0, 1], [0, 2], [1, 2]]
    assert cosine_components(x, 0.0).tolist() == [0, 0, 0]
    assert cosine_components(x, 1e-9).tolist() == [0, 1, 2]


def test_nothing_in_nothing_out() -> None:
    nothing = np.empty((0, 4))
    pairs, similarities = edges_above(nothing, 0.5)
    assert pairs.shape == (0, 2)
    assert similarities.shape == (0,)
    assert cosine_components(nothing, 0.5).shape == (0,)
    assert cosine_similarity(nothing).shape == (0, 0)


def test_zero_row_is_named() -> None:
    x = np.ones((5, 3))
    x[3] = 0
    for function in (
        lambda: cosine_similarity(x),
        lambda: edges_above(x, 0.5),
        lambda: cosine_components(x, 0.5),
    ):
        with pytest.raises(ParameterError, match=r"row 3 of (a|vectors) is zero"):
            function()


def test_columns_must_agree() -> None:
    with pytest.raises(ParameterError, match="b must have 3 columns, got 2"):
        cosine_similarity(np.ones((2, 3)), np.ones((2, 2)))
