"""Windows: sums of units, and rows whose likelihoods add up over lengths."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.reference import evidence as twin
from trfast.embedding import ProjectedStatistics
from trfast.errors import ParameterError
from trfast.scoring import TwoCovariance, Whitening, WindowConfig, WindowScoring
from trfast.scoring.windows import in_windows, windows

Array = npt.NDArray[Any]


def test_windows_end_with_their_region() -> None:
    values = np.arange(1.0, 7.0)[:, None]
    regions = np.array([0, 0, 0, 1, 1, 2])
    found = in_windows(values, regions, np.array([0.5, 1.0, 1.0, 1.0, 0.5]))
    assert found[:, 0].tolist() == [4.5, 6, 5.5, 9, 9, 6]


@pytest.mark.parametrize(
    ("length", "expected"),
    [(0.2, [1]), (0.75, [1]), (1.5, [0.5, 1, 0.5]), (2.25, [1, 1, 1]), (3.0, [0.5, 1, 1, 1, 0.5])],
)
def test_weights_add_up_to_the_window(length: float, expected: list[float]) -> None:
    weights = WindowConfig().weights(length)
    kept = weights[weights > 0]
    assert kept.tolist() == expected
    assert weights.sum() * 0.75 == pytest.approx(max(length, 0.75))


class Plain:
    """In place of i-vectors: what was counted, over how much."""

    def __call__(self, statistics: ProjectedStatistics) -> Array:
        return statistics.first / statistics.zeroth


def scoring(scale: float = 0.5) -> WindowScoring:
    rng = np.random.default_rng(0)
    speakers = np.repeat(np.arange(30), 10)
    whitenings, models = [], []
    for _ in range(2):
        x = 2 * rng.normal(size=(30, 4))[speakers] + rng.normal(size=(300, 4))
        whitenings.append(Whitening().fit(x))
        unit = whitenings[-1].transform(x)
        unit /= np.linalg.norm(unit, axis=1, keepdims=True)
        models.append(TwoCovariance(n_components=3).fit(unit, speakers))
    return WindowScoring(config=WindowConfig(scale=scale), whitenings=whitenings, models=models)


def test_likelihood_of_a_unit_is_that_of_its_windows_so_many_times() -> None:
    rng = np.random.default_rng(1)
    statistics = ProjectedStatistics(np.full((4, 1), 75.0), rng.normal(size=(4, 4)))
    regions, model = np.zeros(4, np.int64), scoring()
    rows = model.rows(statistics, regions, Plain())
    seconds = 0.75
    found = twin.log_likelihood(seconds, seconds * rows[1], model.eigenvalues)
    expected = 0.0
    for length, whitening, covariances in zip(
        (1.5, 3.0), model.whitenings, model.models, strict=True
    ):
        window = windows(statistics, regions, model.config.weights(length))
        x = whitening.transform(window.first / window.zeroth)[1]
        x = covariances.transform((x / np.linalg.norm(x))[None])[0]
        count = 0.5 * seconds / length
        expected += twin.log_likelihood(count, count * x, covariances.eigenvalues_)
    assert found == pytest.approx(expected, rel=1e-5)


def test_no_units() -> None:
    nothing = ProjectedStatistics(np.empty((0, 1), np.float32), np.empty((0, 4), np.float32))
    rows = scoring().rows(nothing, np.empty(0, np.int64), Plain())
    assert rows.shape == (0, 6)


@pytest.mark.parametrize(
    "change",
    [
        {"unit": 0.0},
        {"lengths": ()},
        {"lengths": (1.5, -1.0)},
        {"scale": float("nan")},
        {"threshold": float("inf")},
        {"relevance": -1.0},
        {"min_speech": -0.1},
        {"n_gaussians": 0},
        {"penalty": -1.0},
    ],
)
def test_wrong_settings(change: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=next(iter(change)) + "|lengths"):
        WindowConfig(**change)
