"""Components and complete linkage of 20,000 vectors of 200 dimensions, beside the peers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components as scipy_components

from trfast._threads import blas_limit
from trfast.clustering import complete_linkage, constrained_components
from trfast.scoring import cosine_components, edges_above

N, D, THRESHOLD = 20_000, 200, 0.45

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
    for start in range(0, N, 1000):
        i, j = np.nonzero(rows[start : start + 1000] @ rows.T >= THRESHOLD)
        found.append(np.stack([i + start, j]))
    i, j = np.concatenate(found, axis=1)
    graph = coo_array((np.ones(len(i), dtype=bool), (i, j)), shape=(N, N))
    return int(scipy_components(graph, directed=False)[0])


def faiss(x: Array) -> int:
    peer = pytest.importorskip("faiss", reason="faiss is not installed")
    peer.omp_set_num_threads(1)
    rows = x / np.linalg.norm(x, axis=1, keepdims=True)
    index = peer.IndexFlatIP(D)
    index.add(rows)
    limits, _, j = index.range_search(rows, THRESHOLD)
    i = np.repeat(np.arange(N), np.diff(limits.astype(np.int64)))
    graph = coo_array((np.ones(len(i), dtype=bool), (i, j)), shape=(N, N))
    return int(scipy_components(graph, directed=False)[0])


@pytest.mark.parametrize("system", [trfast, numpy_blocks, faiss], ids=lambda f: f.__name__)
@pytest.mark.benchmark(group="clustering: cosine, threshold, components, 20k x 200")
def test_components(benchmark: Any, vectors: Array, system: Any) -> None:
    with blas_limit():
        n_components = benchmark.pedantic(system, (vectors,), rounds=3, warmup_rounds=1)
    assert n_components == N // 10


def product(x: Array) -> Array:
    """What the upper triangle of the product alone would cost, at the pace of large blocks."""
    n_rows = N // 4
    return x[:n_rows] @ x[: N // 2].T


@pytest.mark.benchmark(group="clustering: the bound, a quarter of 20k x 200 SGEMM")
def test_product(benchmark: Any, vectors: Array) -> None:
    with blas_limit():
        result = benchmark.pedantic(product, (vectors,), rounds=3, warmup_rounds=1)
    assert result.size * 4 == N * N // 2


def trfast_linkage(x: Array) -> int:
    return int(complete_linkage(x, threshold=THRESHOLD).max()) + 1


def fastcluster(x: Array) -> int:
    peer = pytest.importorskip("fastcluster", reason="fastcluster is not installed")
    from scipy.cluster.hierarchy import fcluster
    from scipy.spatial.distance import pdist

    tree = peer.linkage(pdist(x, "cosine"), method="complete", preserve_input=False)
    return int(fcluster(tree, 1 - THRESHOLD, criterion="distance").max())


@pytest.mark.parametrize("system", [trfast_linkage, fastcluster], ids=lambda f: f.__name__)
@pytest.mark.benchmark(group="clustering: complete linkage at a threshold, 20k x 200")
def test_complete_linkage(benchmark: Any, vectors: Array, system: Any) -> None:
    with blas_limit():
        n_clusters = benchmark.pedantic(system, (vectors,), rounds=3, warmup_rounds=1)
    assert n_clusters >= N // 10


@pytest.mark.benchmark(group="clustering: components that keep recordings apart, 20k")
def test_constrained_components(benchmark: Any, vectors: Array) -> None:
    pairs, similarities = edges_above(vectors, THRESHOLD)
    recordings = np.arange(N) % 1000
    labels = benchmark(constrained_components, pairs, similarities, recordings, N)
    assert len(set(zip(labels.tolist(), recordings.tolist(), strict=True))) == N
