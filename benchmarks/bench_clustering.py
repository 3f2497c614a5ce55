"""Components and complete linkage of 20,000 vectors of 200 dimensions, beside the peers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.cluster.hierarchy import fcluster
from scipy.cluster.hierarchy import linkage as scipy_linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components as scipy_components
from scipy.spatial.distance import squareform

from benchmarks._common import measure
from trfast.clustering import complete_linkage
from trfast.scoring import cosine, cosine_components

N, D, THRESHOLD = 20_000, 200, 0.45
BLOCK = 1_000  # rows that peers compare at a time

Array = npt.NDArray[Any]


@pytest.fixture(scope="module")
def vectors() -> Array:
    """Ten vectors a speaker."""
    rng = np.random.default_rng(0)
    speakers = np.repeat(rng.normal(size=(N // 10, D)), 10, axis=0)
    return (speakers + 0.8 * rng.normal(size=(N, D))).astype(np.float32)


def trfast(x: Array) -> int:
    return int(cosine_components(x, THRESHOLD, n_threads=1).max()) + 1


def numpy_blocks(x: Array) -> int:
    rows = x / np.linalg.norm(x, axis=1, keepdims=True)
    found = []
    for start in range(0, N, BLOCK):  # half of the square, as trfast does
        i, j = np.nonzero(rows[start : start + BLOCK] @ rows[start:].T >= THRESHOLD)
        found.append(np.stack([i, j]) + start)
    i, j = np.concatenate(found, axis=1)
    graph = coo_array((np.ones(len(i), dtype=bool), (i, j)), shape=(N, N))
    return int(scipy_components(graph, directed=False)[0])


def faiss(x: Array) -> int:
    peer = pytest.importorskip("faiss", reason="faiss is not installed: trfast[peers]")
    peer.omp_set_num_threads(1)
    rows = x / np.linalg.norm(x, axis=1, keepdims=True)
    found = []
    for start in range(0, N, BLOCK):  # half of the square, too
        index = peer.IndexFlatIP(D)
        index.add(rows[start:])
        limits, _, j = index.range_search(rows[start : start + BLOCK], THRESHOLD)
        i = np.repeat(np.arange(len(limits) - 1), np.diff(limits.astype(np.int64)))
        found.append(np.stack([i, j]) + start)
    i, j = np.concatenate(found, axis=1)
    graph = coo_array((np.ones(len(i), dtype=bool), (i, j)), shape=(N, N))
    return int(scipy_components(graph, directed=False)[0])


@pytest.mark.parametrize("system", [trfast, numpy_blocks, faiss], ids=lambda f: f.__name__)
def test_components(benchmark: Any, vectors: Array, system: Any) -> None:
    assert measure(benchmark, "components", system.__name__, system, vectors) == N // 10


def test_components_without_vnni(
    benchmark: Any, vectors: Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cosine, "_BYTES", False)
    assert measure(benchmark, "components", "trfast, SGEMM", trfast, vectors) == N // 10


def trfast_linkage(x: Array) -> int:
    return int(complete_linkage(x, threshold=THRESHOLD).max()) + 1


def distances(x: Array) -> Array:
    rows = x / np.linalg.norm(x, axis=1, keepdims=True)
    return squareform(1 - rows @ rows.T, checks=False).astype(np.float64)


def scipy_tree(x: Array) -> int:
    tree = scipy_linkage(distances(x), method="complete")
    return int(fcluster(tree, 1 - THRESHOLD, criterion="distance").max())


def fastcluster(x: Array) -> int:
    peer = pytest.importorskip("fastcluster", reason="fastcluster is not installed: trfast[peers]")
    tree = peer.linkage(distances(x), method="complete", preserve_input=False)
    return int(fcluster(tree, 1 - THRESHOLD, criterion="distance").max())


@pytest.mark.parametrize(
    ("name", "system"),
    [
        ("trfast", trfast_linkage),
        pytest.param("SciPy", scipy_tree, marks=pytest.mark.slow),
        pytest.param("fastcluster", fastcluster, marks=pytest.mark.slow),
    ],
)
def test_complete_linkage(benchmark: Any, vectors: Array, name: str, system: Any) -> None:
    assert measure(benchmark, "complete linkage", name, system, vectors) >= N // 10
