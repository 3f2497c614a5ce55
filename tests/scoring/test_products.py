"""Products: the pairs that a full matrix of scores says, whatever the terms."""

from __future__ import annotations

import numpy as np
import pytest

from trfast.scoring import products
from trfast.scoring.products import Products


@pytest.mark.parametrize("as_bytes", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("threshold", [-30.0, 0.5, 60.0])
@pytest.mark.parametrize("n", [1, 33, 1400])
def test_pairs_equal_the_matrix(
    n: int, threshold: float, dtype: type, as_bytes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if as_bytes and not products._BYTES:
        pytest.skip("no fast products of bytes here")
    monkeypatch.setattr(products, "_BYTES", as_bytes)
    rng = np.random.default_rng(n)
    x = Products(
        (rng.normal(size=(n, 9)) * rng.lognormal(size=(n, 1))).astype(dtype),
        rng.normal(size=n),
        rng.uniform(0.5, 6, n),
        rng.normal(size=n),
    )
    groups = rng.integers(0, n, n)
    matrix = x.rows @ x.rows.T + x.own[:, None] + x.own
    matrix = matrix * (x.weights[:, None] + x.weights) - x.levels[:, None] - x.levels
    matrix[groups[:, None] == groups] = -np.inf
    found = np.full((n, n), -np.inf)

    def take(pairs: np.ndarray, scores: np.ndarray) -> float:
        found[tuple(pairs.T)] = scores
        return threshold

    x.sweep_above(threshold, take, groups=groups, n_threads=2)
    expected = np.where(np.triu(matrix >= threshold, 1), matrix, -np.inf)
    edge = np.abs(matrix - threshold) < 1e-3
    np.testing.assert_allclose(found[~edge], expected[~edge], rtol=1e-3, atol=1e-3)
