"""What mixtures share: linear form, statistics and M-step, against the NumPy twin."""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.reference import gmm as reference
from trfast._ext import _gmm
from trfast._mixture import linear_form, maximize, statistics
from trfast._threads import blas_limit

RNG = np.random.default_rng(11)
C, D = 6, 5
WEIGHTS = RNG.dirichlet(np.ones(C))
MEANS, VARIANCES = RNG.normal(size=(C, D)), RNG.uniform(0.3, 2, size=(C, D))
OFFSETS = np.array([0, 1, 300, 300, 990])


def frames(dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    return np.random.default_rng(12).normal(size=(1000, D)).astype(dtype)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-5)])
def test_linear_form_equals_the_twin(dtype: npt.DTypeLike, tolerance: float) -> None:
    x = frames(dtype)
    matrix, bias = linear_form(WEIGHTS, MEANS, VARIANCES, dtype)
    assert matrix.dtype == bias.dtype == dtype
    np.testing.assert_allclose(
        np.hstack([x, x**2]) @ matrix.T + bias,
        reference.log_joint(x, WEIGHTS, MEANS, VARIANCES),
        rtol=tolerance,
        atol=tolerance,
    )


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-5)])
@pytest.mark.parametrize("floor", [0.0, 0.02])
@pytest.mark.parametrize("order", [1, 2])
def test_statistics_equal_the_twin(
    order: int, floor: float, dtype: npt.DTypeLike, tolerance: float, n_threads: int
) -> None:
    x = frames(dtype)
    mixture = linear_form(WEIGHTS, MEANS, VARIANCES, dtype)
    with blas_limit():
        zeroth, sums, log_likelihood = statistics(
            x, OFFSETS, mixture, order=order, floor=floor, n_threads=n_threads
        )
    posterior, each = reference.posteriors(x, WEIGHTS, MEANS, VARIANCES)
    powers = np.hstack([x, x.astype(np.float64) ** 2])[:, : order * D]
    expected = reference.statistics(powers, OFFSETS, posterior, floor)
    assert zeroth.dtype == sums.dtype == np.float64
    np.testing.assert_allclose(zeroth, expected[0], rtol=tolerance, atol=300 * tolerance)
    np.testing.assert_allclose(sums, expected[1], rtol=tolerance, atol=600 * tolerance)
    segments = [each[a:b].sum() for a, b in pairwise(OFFSETS)]
    np.testing.assert_allclose(log_likelihood, segments, rtol=10 * tolerance)


def test_no_frames_count_nothing() -> None:
    mixture = linear_form(WEIGHTS, MEANS, VARIANCES, np.float32)
    zeroth, sums, log_likelihood = statistics(
        np.empty((0, D), np.float32), np.array([0, 0]), mixture, order=2
    )
    assert zeroth.shape == (1, C)
    assert sums.shape == (1, C, 2 * D)
    assert not zeroth.any()
    assert not sums.any()
    assert not log_likelihood.any()


def test_maximize_by_hand() -> None:
    # Two frames, 1 and 3, of the first Gaussian; six at 5 of the second; none of the third.
    weights, means, variances = maximize(
        np.array([2.0, 6.0, 0.0]), np.array([[4.0, 10.0], [30.0, 150.0], [0.0, 0.0]]), 0.5
    )
    np.testing.assert_allclose(weights, [0.25, 0.75, 0], atol=1e-6)
    np.testing.assert_allclose(means[:, 0], [2, 5, 0])
    np.testing.assert_allclose(variances[:, 0], [1, 0.5, 0.5])


def test_scratch_memory_that_no_machine_has() -> None:
    # 4 MB for each of two thousand million threads: more than there are addresses.
    x = np.zeros((1, 1000))
    mixture = linear_form(np.ones(1), x, np.ones_like(x), x.dtype)
    with pytest.raises(MemoryError, match="bytes of scratch memory"):
        _gmm.log_likelihoods(x, *mixture, np.empty(1), 2**31 - 1)
