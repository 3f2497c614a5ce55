"""Deltas and normalization of frames."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import savgol_filter

from tests.reference import mfcc as reference
from trfast.errors import ParameterError
from trfast.features import (
    add_deltas,
    deltas,
    segment_normalization,
    sliding_normalization,
)

Array = npt.NDArray[Any]

DTYPES = [(np.float64, 1e-11), (np.float32, 2e-5)]


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
@pytest.mark.parametrize("width", [1, 2, 5])
@pytest.mark.parametrize("n", [1, 3, 50])
def test_deltas_equal_the_twin(
    dtype: type[np.floating], tolerance: float, width: int, n: int
) -> None:
    x = np.random.default_rng(2).normal(10, 3, size=(n, 7)).astype(dtype)
    slopes = deltas(x, width=width)
    assert slopes.dtype == dtype
    np.testing.assert_allclose(slopes, reference.deltas(x, width), atol=tolerance)


@pytest.mark.parametrize("width", [1, 2, 4])
def test_deltas_are_the_slope_of_a_least_squares_line(width: int) -> None:
    """SIDEKIT's deltas are another filter, [-.25 -.5 -.25 0 .25 .5 .25]: SciPy instead."""
    x = np.random.default_rng(3).normal(size=(40, 3))
    expected = savgol_filter(x, 2 * width + 1, 1, deriv=1, axis=0, mode="nearest")
    np.testing.assert_allclose(deltas(x, width=width), expected, atol=1e-12)


def test_deltas_of_a_ramp_by_hand() -> None:
    ramp = np.arange(6.0)[:, None] * [3.0, -1.0]
    # First row: (1 * (x1 - x0) + 2 * (x2 - x0)) / 10 = half the slope; second: 0.8 of it.
    share = np.array([0.5, 0.8, 1, 1, 0.8, 0.5])[:, None]
    np.testing.assert_allclose(deltas(ramp), share * [3.0, -1.0], atol=1e-15)


def test_a_constant_has_no_deltas() -> None:
    static = np.full((5, 2), 3.7, np.float32)
    np.testing.assert_array_equal(add_deltas(static), np.hstack([static, np.zeros((5, 4))]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_add_deltas_puts_static_delta_and_delta_of_delta_side_by_side(
    dtype: type[np.floating],
) -> None:
    static = np.random.default_rng(4).normal(size=(30, 5)).astype(dtype)
    expected = np.hstack([static, deltas(static), deltas(deltas(static))])
    np.testing.assert_array_equal(add_deltas(static), expected)


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
@pytest.mark.parametrize("variance", [True, False])
@pytest.mark.parametrize("window", [2, 5, 300, 301, 5000])
@pytest.mark.usefixtures("instruction_set")
def test_sliding_normalization_equals_the_twin(
    dtype: type[np.floating], tolerance: float, variance: bool, window: int
) -> None:
    x = np.random.default_rng(5).normal(4, 2, size=(1500, 3)).astype(dtype)
    normalized = sliding_normalization(x, window=window, variance=variance)
    assert normalized.dtype == dtype
    expected = reference.sliding_normalization(x, window, variance)
    np.testing.assert_allclose(normalized, expected, atol=tolerance)


def test_sliding_normalization_does_not_drift() -> None:
    """A mean a million times the deviation, and bursts that have left the window."""
    x = np.random.default_rng(6).normal(1e6, 1, size=(3000, 2))
    x[::100] += 1e4
    np.testing.assert_allclose(
        sliding_normalization(x, window=51),
        reference.sliding_normalization(x, 51, variance=True),
        atol=1e-7,
    )


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
@pytest.mark.parametrize("variance", [True, False])
@pytest.mark.usefixtures("instruction_set")
def test_normalization_equals_the_twin(
    dtype: type[np.floating], tolerance: float, variance: bool
) -> None:
    x = np.random.default_rng(7).normal(-4, 2, size=(500, 4)).astype(dtype)
    x[100:130, 1] = 7
    offsets = np.array([0, 100, 130, 130, 131, 500])
    normalized = segment_normalization(x, offsets, variance=variance)
    assert normalized.dtype == dtype
    expected = reference.normalization(x, offsets, variance)
    np.testing.assert_allclose(normalized, expected, atol=tolerance)


def test_normalizations_equal_sidekit(golden: Path) -> None:
    """SIDEKIT's sliding deviation is that of a sample (n - 1), and its windows at the ends are
    whole ones, not cut off: the interior is compared, with the factor."""
    data = np.load(golden / "a_mfcc.npz")
    x = np.column_stack([data["log_energy"], data["cep"]])
    whole = [0, len(x)]
    np.testing.assert_allclose(segment_normalization(x, whole), data["cmvn"], atol=1e-5)
    np.testing.assert_allclose(
        segment_normalization(x, whole, variance=False), data["cms"], atol=2e-5
    )
    inside = slice(150, -150)
    np.testing.assert_allclose(
        sliding_normalization(x, window=301)[inside] * np.sqrt(300 / 301),
        data["cmvn_sliding301"][inside],
        atol=1e-5,
    )


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 1000),
    gain=st.floats(0.01, 100),
    shift=st.floats(-100, 100),
    window=st.integers(2, 40),
)
def test_normalization_forgets_gain_and_shift(
    seed: int, gain: float, shift: float, window: int
) -> None:
    x = np.random.default_rng(seed).normal(size=(30, 2))
    y = gain * x + shift
    np.testing.assert_allclose(
        sliding_normalization(y, window=window), sliding_normalization(x, window=window), atol=1e-6
    )
    np.testing.assert_allclose(
        segment_normalization(y, [0, 10, 30]), segment_normalization(x, [0, 10, 30]), atol=1e-6
    )


@pytest.mark.usefixtures("instruction_set")
def test_a_constant_column_is_normalized_to_zero() -> None:
    x = np.random.default_rng(8).normal(size=(400, 2)).astype(np.float32)
    x[100:, 1] = 0.1
    assert (sliding_normalization(x, window=31)[116:, 1] == 0).all()
    assert (segment_normalization(x, [0, 100, 400])[100:, 1] == 0).all()


NO_FRAMES: list[Callable[[Array], Array]] = [
    deltas,
    add_deltas,
    sliding_normalization,
    lambda x: segment_normalization(x, [0, 0]),
]


@pytest.mark.parametrize("function", NO_FRAMES)
def test_no_frames_give_no_frames(function: Callable[[Array], Array]) -> None:
    assert len(function(np.empty((0, 20), np.float32))) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: deltas([[1.0]], width=0), "width"),
        (lambda: deltas([1.0]), "2-D"),
        (lambda: add_deltas([[np.nan]]), "NaN"),
        (lambda: sliding_normalization([[1.0]], window=0), "window"),
        (lambda: segment_normalization([[1.0]], [0]), "offsets must go from 0 to 1"),
        (lambda: segment_normalization([[1.0], [2.0]], [1, 2]), "offsets must go from 0 to 2"),
    ],
)
def test_arguments_are_checked(call: Callable[[], Array], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        call()
