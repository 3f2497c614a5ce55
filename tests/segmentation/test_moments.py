"""Moments of the frames of segments, against NumPy's mean, variance and covariance."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from trfast.segmentation.moments import column_moments, packed_moments

BOUNDS = np.array([[0, 100], [130, 131], [131, 300]])


def frames(dtype: npt.DTypeLike, d: int = 4) -> npt.NDArray[Any]:
    rng = np.random.default_rng(0)
    return (50 + rng.uniform(0.5, 3, size=d) * rng.normal(size=(320, d))).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_mean_and_variance_of_what_is_inside(dtype: npt.DTypeLike) -> None:
    x = frames(dtype)
    inside = np.concatenate([x[a:b] for a, b in BOUNDS]).astype(np.float64)
    mean, variance = column_moments(x, BOUNDS)
    np.testing.assert_allclose(mean, inside.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(variance, inside.var(axis=0), rtol=1e-12)


def test_a_constant_column_has_variance_1() -> None:
    mean, variance = column_moments(np.full((10, 2), 7.0), np.array([[0, 10]]))
    assert mean.tolist() == [7, 7]
    assert variance.tolist() == [1, 1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("d", [1, 4])
def test_count_sums_and_products_of_each_segment(dtype: npt.DTypeLike, d: int) -> None:
    x = frames(dtype, d)
    moments = packed_moments(x, BOUNDS)
    inside = np.concatenate([x[a:b] for a, b in BOUNDS]).astype(np.float64)
    scaled = (x - inside.mean(axis=0)) / inside.std(axis=0)
    for (first, last), row in zip(BOUNDS, moments, strict=True):
        segment = scaled[first:last]
        products = (segment.T @ segment)[np.tril_indices(d)]
        expected = np.concatenate([[len(segment)], segment.sum(axis=0), products])
        np.testing.assert_allclose(row, expected, rtol=1e-10, atol=1e-10)
