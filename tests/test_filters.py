"""Running means and extremes are those of SciPy, to the last bit."""

import numpy as np
import pytest
from scipy.ndimage import maximum_filter1d, minimum_filter1d, uniform_filter1d

from trfast._filters import running_max, running_mean, running_min

SIZES = [1, 2, 3, 13, 125, 251, 300]


@pytest.mark.parametrize("n", [1, 2, 5, 100, 3377])
@pytest.mark.parametrize("size", SIZES)
def test_extremes(n: int, size: int) -> None:
    x = np.random.default_rng(n).normal(size=n).astype(np.float32)
    np.testing.assert_array_equal(running_max(x, size), maximum_filter1d(x, size))
    np.testing.assert_array_equal(running_min(x, size), minimum_filter1d(x, size))
    nearest = maximum_filter1d(x, size, mode="nearest")
    np.testing.assert_array_equal(running_max(x, size, edges="edge"), nearest)


@pytest.mark.parametrize("n", [1, 2, 5, 100, 3377])
@pytest.mark.parametrize("size", SIZES)
def test_means(n: int, size: int) -> None:
    x = np.random.default_rng(n).normal(size=(n, 4)) * 1e3
    np.testing.assert_array_equal(running_mean(x, size), uniform_filter1d(x, size, axis=0))
    part = x[:, 1:3]
    np.testing.assert_array_equal(running_mean(part, size), uniform_filter1d(part, size, axis=0))
