"""Simplified extraction beside the exact one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.small import mixture
from trfast.embedding import ProjectedStatistics, SimplifiedIvectors, TotalVariability
from trfast.errors import ParameterError


def model(*, diagonal: bool) -> TotalVariability:
    """Rank 3 on 4 Gaussians; if `diagonal`, each column of T moves features of its own."""
    rng = np.random.default_rng(0)
    total_variability = TotalVariability(ubm=mixture(4, 6, rng), rank=3, n_threads=1)
    matrix = rng.normal(size=(4, 6, 3))
    if diagonal:
        matrix *= np.repeat(np.eye(3), 2, axis=0)
    total_variability.matrix_ = matrix.astype(np.float32)
    return total_variability


def statistics(n: int = 5) -> ProjectedStatistics:
    rng = np.random.default_rng(1)
    return ProjectedStatistics(
        rng.uniform(0, 20, size=(n, 4)).astype(np.float32),
        rng.normal(size=(n, 3)).astype(np.float32),
    )


def test_exact_where_precisions_are_diagonal_in_one_basis() -> None:
    total_variability = model(diagonal=True)
    expected = total_variability.transform(statistics())
    found = SimplifiedIvectors(total_variability)(statistics())
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_exact_for_the_average_frame() -> None:
    total_variability = model(diagonal=False)
    counts = np.outer([3.0, 70.0], total_variability.ubm.weights_).astype(np.float32)
    given = ProjectedStatistics(counts, statistics(2).first)
    found = SimplifiedIvectors(total_variability)(given)
    np.testing.assert_allclose(found, total_variability.transform(given), atol=1e-5)


def test_statistics_of_another_model_are_refused() -> None:
    with pytest.raises(ParameterError, match="3 Gaussians and rank 3 do not fit"):
        SimplifiedIvectors(model(diagonal=True))(
            ProjectedStatistics(np.ones((1, 3), np.float32), np.ones((1, 3), np.float32))
        )
