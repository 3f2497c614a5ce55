"""Segmentation of one hour of 14 features, and Viterbi resegmentation of ten minutes.

S4D, measured on another machine: divergence 0.89 s, linear BIC 0.043 s, BIC-HAC of 550
segments 4.3 s, Viterbi 0.96 s.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from trfast.resegmentation import viterbi_resegmentation
from trfast.segmentation import bic_clustering, change_points, gaussian_divergence, linear_bic

N_FRAMES = 360_000
N_SEGMENTS = 550

Array = npt.NDArray[Any]


@pytest.fixture(scope="module")
def segments() -> Array:
    edges = np.linspace(0, N_FRAMES, N_SEGMENTS + 1).astype(np.int64)
    return np.stack([edges[:-1], edges[1:]], axis=1)


@pytest.fixture(scope="module")
def features(segments: Array) -> Array:
    """Frames of 18 speakers who take turns, one a segment."""
    rng = np.random.default_rng(0)
    means, scales = rng.normal(size=(18, 14)), rng.uniform(0.5, 2, size=(18, 14))
    speakers = np.repeat(np.arange(N_SEGMENTS) % 18, np.diff(segments, axis=1)[:, 0])
    noise = rng.standard_normal((N_FRAMES, 14), dtype=np.float32)
    return (means[speakers] + scales[speakers] * noise).astype(np.float32)


@pytest.mark.benchmark(group="segmentation: Gaussian divergence, 1 h")
def test_gaussian_divergence(benchmark: Any, features: Array) -> None:
    curve = benchmark(gaussian_divergence, features, window=250)
    assert len(curve) == N_FRAMES - 499


@pytest.mark.benchmark(group="segmentation: change points, 1 h")
def test_change_points(benchmark: Any, features: Array) -> None:
    cuts = benchmark(change_points, features, [[0, N_FRAMES]], window=250)
    assert len(cuts) >= N_SEGMENTS


@pytest.mark.benchmark(group="segmentation: linear BIC, 550 segments")
def test_linear_bic(benchmark: Any, features: Array, segments: Array) -> None:
    merged = benchmark(linear_bic, features, segments, alpha=2.0)
    assert len(merged) == N_SEGMENTS


@pytest.mark.benchmark(group="segmentation: BIC-HAC, 550 segments")
def test_bic_clustering(benchmark: Any, features: Array, segments: Array) -> None:
    labels = benchmark(bic_clustering, features, segments, alpha=2.0)
    assert labels.tolist() == [i % 18 for i in range(N_SEGMENTS)]


@pytest.mark.benchmark(group="segmentation: Viterbi, 10 min, 18 clusters of 8 Gaussians")
def test_viterbi(benchmark: Any, features: Array, segments: Array) -> None:
    ten_minutes = segments[segments[:, 1] <= 60_000]
    labels = np.arange(len(ten_minutes)) % 18
    found, _ = benchmark(viterbi_resegmentation, features, ten_minutes, labels)
    assert len(found) == len(ten_minutes)
