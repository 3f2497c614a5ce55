"""Linking of local speakers, and components that keep the recordings' speakers apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks._common import measure
from benchmarks.linking_million import local_speakers
from trfast.clustering import constrained_components
from trfast.comparison import Comparison
from trfast.linking import link

Array = npt.NDArray[Any]
Edges = tuple[Array, Array, Array, int]


@pytest.mark.slow
def test_link(benchmark: Any) -> None:
    vectors, n_speakers = local_speakers(100_000)
    recordings = [f"show-{row // 8:05}" for row in range(len(vectors))]
    links = measure(
        benchmark, "link", "trfast", lambda: link(vectors, recordings, Comparison(threshold=0.475))
    )
    assert links.labels.max() + 1 == pytest.approx(n_speakers, rel=0.05)


def crowd(n: int) -> Edges:
    """One speaker in n recordings, in each with another one who resembles him."""
    rng = np.random.default_rng(0)
    row = np.arange(n)
    chain = np.stack([row[:-1], row[1:]], axis=1)
    across = np.stack([rng.integers(0, n, 40 * n), rng.integers(n, 2 * n, 40 * n)], axis=1)
    similarities = np.repeat([0.9, 0.5], [len(chain), len(across)])
    return np.concatenate([chain, across]), similarities, np.tile(row, 2), 2 * n


def look_alikes(n: int) -> Edges:
    """Two speakers, each in n recordings, of which they share one."""
    pairs = np.stack(np.triu_indices(2 * n, 1), axis=1)
    similarities = np.where((pairs < n).all(axis=1) | (pairs >= n).all(axis=1), 0.9, 0.5)
    recordings = np.arange(2 * n)
    recordings[-1] = recordings[n - 1]
    return pairs, similarities, recordings, 2 * n


@pytest.mark.parametrize(
    ("case", "size", "n_components"), [(crowd, 20_000, 20_001), (look_alikes, 1_000, 2)]
)
def test_constrained_components(benchmark: Any, case: Any, size: int, n_components: int) -> None:
    stage = f"components that keep recordings apart: {case.__name__}"
    labels = measure(benchmark, stage, "trfast", constrained_components, *case(size))
    assert labels.max() + 1 == n_components
