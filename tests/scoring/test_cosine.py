"""Cosine: by hand, the twin, and SIDEKIT's answers."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.reference import clustering as clustering_reference
from tests.reference import cosine as reference
from trfast.errors import ParameterError
from trfast.scoring import cosine, cosine_components, cosine_similarity, edges_above

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


@pytest.fixture(params=["bytes", "floats"])
def codes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both kinds of bounds that rule pairs out, wherever bytes are slow, too."""
    monkeypatch.setattr(cosine, "_BYTES", request.param == "bytes")


@pytest.mark.usefixtures("instruction_set", "codes")
@pytest.mark.parametrize("dtype", DTYPES)
def test_edges_equal_twin(dtype: npt.DTypeLike) -> None:
    x = vectors(65, 6, dtype)
    pairs, similarities = edges_above(x, 0.5)
    assert [tuple(pair) for pair in pairs.tolist()] == reference.edges_above(x, 0.5)
    expected = reference.cosine_similarity(x, x)[pairs[:, 0], pairs[:, 1]]
    np.testing.assert_allclose(similarities, expected, rtol=4 * np.finfo(dtype).eps)
    assert similarities.dtype == dtype


def odd_rows(kind: str, d: int) -> npt.NDArray[np.float64]:
    """1,300 rows: three bands, the last one not full."""
    rng = np.random.default_rng(d)
    if kind == "speakers":
        x = vectors(1300, d)
    elif kind == "one large entry":
        x = rng.standard_cauchy(size=(1300, d)) * 10.0 ** rng.uniform(-38, 30, size=(1300, 1))
    else:
        x = np.eye(d)[rng.integers(0, d, size=1300)] * rng.choice([-1, 1], size=(1300, 1))
    return x.astype(np.float64)


@pytest.mark.usefixtures("instruction_set", "codes")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("d", [1, 30, 203])
@pytest.mark.parametrize("kind", ["speakers", "one large entry", "axes"])
def test_bound_rules_out_no_edge(kind: str, d: int, dtype: npt.DTypeLike) -> None:
    x = odd_rows(kind, d).astype(dtype)
    exact = x.astype(np.float64)
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    similarities = (exact @ exact.T).astype(dtype)
    for threshold in (-0.3, 0.1, 0.5, 0.9):
        expected = np.argwhere(np.triu(similarities >= similarities.dtype.type(threshold), 1))
        np.testing.assert_array_equal(edges_above(x, threshold)[0], expected)


@pytest.mark.usefixtures("codes")
@pytest.mark.parametrize("dtype", DTYPES)
def test_threads_change_nothing(dtype: npt.DTypeLike) -> None:
    x = vectors(3000, 20, dtype)
    for found, expected in zip(
        edges_above(x, 0.6, n_threads=2), edges_above(x, 0.6, n_threads=1), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.usefixtures("instruction_set", "codes")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize(
    ("n", "threshold"), [(1, 0.9), (50, 0.7), (900, 0.93), (900, 0.99), (520, -1.0)]
)
def test_components_equal_those_of_the_edges(
    dtype: npt.DTypeLike, n_threads: int, n: int, threshold: float
) -> None:
    x = vectors(n, 6, dtype)
    pairs, _ = edges_above(x, threshold)
    expected = clustering_reference.connected_components(pairs.tolist(), n)
    assert cosine_components(x, threshold, n_threads=n_threads).tolist() == expected


@pytest.mark.usefixtures("instruction_set")
def test_both_bounds_give_the_same_edges(monkeypatch: pytest.MonkeyPatch) -> None:
    x = vectors(2000, 200, np.float32)
    monkeypatch.setattr(cosine, "_BYTES", True)
    in_bytes = edges_above(x, 0.2)
    monkeypatch.setattr(cosine, "_BYTES", False)
    for found, expected in zip(edges_above(x, 0.2), in_bytes, strict=True):
        np.testing.assert_array_equal(found, expected)


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


@pytest.mark.parametrize("threshold", [np.nan, 2.0, -1.01])
def test_a_threshold_that_is_no_cosine(threshold: float) -> None:
    for function in (edges_above, cosine_components):
        with pytest.raises(ParameterError, match="threshold is a cosine similarity, -1 to 1, got"):
            function(np.eye(3), threshold)


def test_columns_must_agree() -> None:
    with pytest.raises(ParameterError, match="b must have 3 columns, got 2"):
        cosine_similarity(np.ones((2, 3)), np.ones((2, 2)))
