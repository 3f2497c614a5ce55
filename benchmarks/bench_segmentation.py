"""Segmentation of one hour of 14 features, Viterbi resegmentation of ten minutes; beside S4D."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks._common import OURS, Sidekit, measure
from trfast.segmentation import bic_clustering, change_points, linear_bic
from trfast.segmentation.resegmentation import viterbi_resegmentation

N_FRAMES = 360_000
N_SEGMENTS = 550

Array = npt.NDArray[Any]

S4D = """
import sys
import numpy
from s4d.clustering.hac_bic import HAC_BIC
from s4d.diar import Diar
from s4d.segmentation import bic_linear, div_gauss
from s4d.viterbi import Viterbi

features = numpy.load(sys.argv[1] + "/features.npy")
segments = numpy.load(sys.argv[1] + "/segments.npy")

def table(segments, clusters):
    found = Diar()
    for (start, stop), cluster in zip(segments.tolist(), clusters):
        found.append(show="show", start=start, stop=stop, cluster=f"S{cluster}")
    return found

apart = table(segments, range(len(segments)))
start = segments[segments[:, 1] <= 60_000]
turns = table(start, numpy.arange(len(start)) % 18)
whole = table(numpy.array([[0, start[-1, 1]]]), [0])

def divergence():
    div_gauss(features, "show", win=250)

def linear_bic():
    bic_linear(features, apart, 2.0)

def bic_hac():
    HAC_BIC(features, apart, alpha=2.0).perform()

def viterbi():
    model = Viterbi(features[: start[-1, 1]], turns, exit_penalties=[-250])
    model.train()
    model.emission()
    model.decode(whole)
"""


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


@pytest.fixture(scope="module")
def s4d(
    features: Array, segments: Array, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sidekit]:
    folder = tmp_path_factory.mktemp("s4d")
    np.save(folder / "features.npy", features)
    np.save(folder / "segments.npy", segments)
    with Sidekit(S4D, folder) as process:
        yield process


def test_change_points(benchmark: Any, features: Array) -> None:
    find = partial(change_points, window=250)
    cuts = measure(benchmark, "divergence", OURS, find, features, [[0, N_FRAMES]])
    assert len(cuts) >= N_SEGMENTS


def test_linear_bic(benchmark: Any, features: Array, segments: Array) -> None:
    merge = partial(linear_bic, alpha=2.0)
    merged = measure(benchmark, "linear BIC", OURS, merge, features, segments)
    assert len(merged) == N_SEGMENTS


def test_bic_clustering(benchmark: Any, features: Array, segments: Array) -> None:
    cluster = partial(bic_clustering, alpha=2.0)
    labels = measure(benchmark, "BIC-HAC", OURS, cluster, features, segments)
    assert labels.tolist() == [i % 18 for i in range(N_SEGMENTS)]


def test_viterbi(benchmark: Any, features: Array, segments: Array) -> None:
    ten_minutes = segments[segments[:, 1] <= 60_000]
    labels = np.arange(len(ten_minutes)) % 18
    found, _ = measure(
        benchmark, "Viterbi", OURS, viterbi_resegmentation, features, ten_minutes, labels
    )
    assert len(found) == len(ten_minutes)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "function"),
    [
        ("divergence", "divergence"),
        ("linear BIC", "linear_bic"),
        ("BIC-HAC", "bic_hac"),
        ("Viterbi", "viterbi"),
    ],
)
def test_s4d(benchmark: Any, s4d: Sidekit, stage: str, function: str) -> None:
    measure(benchmark, stage, "S4D", s4d, function)
