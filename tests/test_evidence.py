"""Agglomeration by evidence: the kernel beside its twin, and what users see."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.reference import evidence as twin
from trfast import evidence
from trfast.errors import ParameterError
from trfast.evidence import _merges, agglomerate, partitions, sums_of_labels

Array = npt.NDArray[Any]

# What joins the nearest first sorts noise into clusters: with full counts, it would be evidence.
FEW = 0.3


def windows(
    n: int, d: int, n_speakers: int, spread: float = 1.0
) -> tuple[Array, Array, Array, Array]:
    """Windows of speakers drawn by the model, their counts, the eigenvalues, who speaks."""
    rng = np.random.default_rng(0)
    v = np.sort(rng.gamma(2, spread, d))[::-1]
    speakers = rng.normal(size=(n_speakers, d)) * np.sqrt(v)
    labels = rng.integers(0, n_speakers, n)
    x = speakers[labels] + rng.normal(size=(n, d))
    return x, rng.uniform(0.2, 1.0, n), v, labels


def same(labels: Array, others: Array) -> bool:
    """Whether two partitions are one."""
    return bool(((labels[:, None] == labels) == (others[:, None] == others)).all())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n", "d"), [(2, 1), (33, 7), (60, 40)])
@pytest.mark.usefixtures("instruction_set")
def test_kernel_joins_as_its_twin(n: int, d: int, dtype: Any) -> None:
    x, counts, v, _ = windows(n, d, 4)
    sums = (x * counts[:, None]).astype(dtype)
    merges, gains = _merges(sums, counts.astype(dtype), v, -np.inf, 1)
    expected = twin.merges(sums, counts.astype(dtype), v, -np.inf, 1)
    assert merges.tolist() == [[i, j] for i, j, _ in expected]
    np.testing.assert_allclose(gains, [gain for _, _, gain in expected], rtol=1e-4, atol=1e-3)


def test_gain_is_a_ratio_of_likelihoods() -> None:
    x, _, v, _ = windows(5, 3, 1)
    own = twin.log_likelihood(5, x.sum(axis=0), v)
    alone = sum(twin.log_likelihood(1, row, v) for row in x)
    by_density = twin.marginal(x, v) - sum(twin.marginal(row[None], v) for row in x)
    assert own - alone == pytest.approx(by_density)


def test_large_counts_neither_overflow_nor_vanish() -> None:
    v = np.full(200, 50.0)
    sums = np.full((2, 200), 1e6, np.float32)
    _, gains = _merges(sums, np.full(2, 1e6, np.float32), v, -np.inf, 1)
    (expected,) = twin.merges(sums, np.full(2, 1e6), v, -np.inf, 1)
    assert gains[0] == pytest.approx(expected[2], rel=1e-2)


@pytest.mark.parametrize("n", [300, 2500])
def test_speakers_are_found_in_one_block_or_several(n: int) -> None:
    x, _, v, labels = windows(n, 30, 5, spread=10.0)
    assert same(agglomerate(x, np.full(n, FEW), v), labels)


def test_one_speaker_stays_one() -> None:
    x, _, v, _ = windows(400, 30, 1)
    assert set(agglomerate(x, np.full(400, FEW), v)) == {0}


@pytest.mark.parametrize("n", [40, 2100])
@pytest.mark.parametrize("n_clusters", [1, 3, 9])
def test_number_of_clusters_is_what_was_asked_for(n: int, n_clusters: int) -> None:
    x, counts, v, _ = windows(n, 12, 4)
    found = agglomerate(x, counts, v, n_clusters=n_clusters)
    assert np.unique(found).tolist() == list(range(n_clusters))


def test_threshold_is_a_gain() -> None:
    x, counts, v, _ = windows(50, 5, 4)
    gains = [gain for _, _, gain in twin.merges(x * counts[:, None], counts, v, 3.0, 1)]
    found = agglomerate(x, counts, v, threshold=3.0)
    assert found.max() + 1 == 50 - len(gains)


@pytest.mark.parametrize("n", [1, 60, 700])
def test_thresholds_at_once_give_what_each_gives(n: int) -> None:
    x, counts, v, _ = windows(n, 5, 4)
    thresholds = [3.0, -20.0, 0.0, 40.0]
    found = partitions(x, counts, v, thresholds)
    each = [agglomerate(x, counts, v, threshold=threshold) for threshold in thresholds]
    assert [labels.tolist() for labels in found] == [labels.tolist() for labels in each]
    assert n == 1 or len({int(labels.max()) for labels in found}) > 2
    assert partitions(x, counts, v, []) == []


@pytest.mark.parametrize("n_speakers", [4, 90])
def test_blocks_end_with_what_all_pairs_give(
    monkeypatch: pytest.MonkeyPatch, n_speakers: int
) -> None:
    x, _, v, labels = windows(300, 40, n_speakers, spread=20.0)
    monkeypatch.setattr(evidence, "_BLOCK", 32)
    monkeypatch.setattr(evidence, "_MOST", 128)
    assert same(agglomerate(x, np.ones(300), v), labels)


def test_strangers_who_are_too_many_stay_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "_BLOCK", 8)
    monkeypatch.setattr(evidence, "_MOST", 16)
    x = 5 * np.random.default_rng(0).normal(size=(50, 40))
    assert len(np.unique(agglomerate(x, np.ones(50), np.full(40, 30.0)))) == 50


def test_windows_are_not_in_memory_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "_ROWS", 512)
    x, counts, v, _ = windows(20_000, 100, 5)
    x = x.astype(np.float32)
    tracemalloc.start()
    agglomerate(x, counts, v)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < x.nbytes / 2


@pytest.mark.parametrize("rows", [2, 4096])
def test_sums_of_labels(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "_ROWS", rows)
    values = np.array([[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]], np.float32)
    labels = np.array([0, 3, 0, 1, 3])
    assert sums_of_labels(values, labels).tolist() == [[6, 8], [7, 8], [0, 0], [12, 14]]
    weighted = sums_of_labels(values, labels, np.array([2.0, 1.0, 0.0, 1.0, 1.0]))
    assert weighted.tolist() == [[2, 4], [7, 8], [0, 0], [12, 14]]


def test_no_windows() -> None:
    assert agglomerate(np.empty((0, 3)), [], np.ones(3)).tolist() == []
    assert agglomerate(np.ones((1, 3)), [1.0], np.ones(3)).tolist() == [0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"counts": [1.0]}, "counts must be one a window"),
        ({"counts": [1.0, 0.0]}, "counts must be above 0, got 0"),
        ({"eigenvalues": [1.0]}, "eigenvalues must be one a column"),
        ({"eigenvalues": [1.0, -1.0]}, "eigenvalues hold"),
        ({"n_clusters": 3}, "n_clusters must be at most the 2 windows, got 3"),
        ({"n_clusters": 0}, "n_clusters must be at least 1"),
        ({"threshold": float("nan")}, "threshold must be"),
    ],
)
def test_wrong_arguments(change: dict[str, Any], message: str) -> None:
    given = {"windows": np.eye(2), "counts": [1.0, 1.0], "eigenvalues": [1.0, 1.0]}
    with pytest.raises(ParameterError, match=message):
        agglomerate(**{**given, **change})
