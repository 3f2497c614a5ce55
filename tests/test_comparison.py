"""Comparison: the clusters of all back-ends, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from tests.small import small_model
from trfast._names import ClusteringName
from trfast.clustering import (
    average_linkage_of_scores,
    connected_components,
    in_order_of_appearance,
)
from trfast.comparison import Comparison, across_recordings
from trfast.errors import ParameterError
from trfast.scoring import cosine_similarity
from trfast.scoring.backend import BACKENDS, Backend


@pytest.fixture(scope="module")
def backends() -> dict[str, Backend]:
    return dict(small_model().backends)


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("quantile", [0.5, 0.9, 0.99])
def test_clusters_equal_those_of_the_matrix(
    backends: dict[str, Backend], name: str, quantile: float
) -> None:
    rng = np.random.default_rng(3)
    backend = backends[name]
    vectors = 2 * rng.normal(size=(15, 3)).repeat(4, axis=0) + rng.normal(size=(60, 3))
    rows = backend.project(vectors)
    matrix = backend.similarity(rows).astype(np.float64)
    threshold = float(np.quantile(matrix[np.triu_indices(60, 1)], quantile)) - 1e-4
    found = Comparison(backend=backend, threshold=threshold).cluster(rows)
    expected = connected_components(np.argwhere(np.triu(matrix >= threshold, 1)), 60)
    assert found.tolist() == expected.tolist()
    distances = matrix.max() - matrix
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances, checks=False), method="complete")
    expected = fcluster(tree, matrix.max() - threshold, criterion="distance")
    found = Comparison(backend=backend, threshold=threshold, clustering="hac").cluster(rows)
    assert found.tolist() == in_order_of_appearance(expected).tolist()


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("clustering", ["cc", "hac", "average"])
def test_merges_end_where_the_threshold_would(
    backends: dict[str, Backend], name: str, clustering: ClusteringName
) -> None:
    backend = backends[name]
    rng = np.random.default_rng(3)
    rows = backend.project(2 * rng.normal(size=(6, 3)).repeat(4, axis=0) + rng.normal(size=(24, 3)))
    threshold = float(np.quantile(backend.similarity(rows)[np.triu_indices(24, 1)], 0.8))
    comparison = Comparison(backend=backend, threshold=threshold, clustering=clustering)
    expected = comparison.cluster(rows)
    merges = comparison.merges(rows)[: 24 - len(set(expected.tolist()))]
    assert connected_components(merges, 24).tolist() == expected.tolist()


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("clustering", ["cc", "hac", "average"])
def test_nothing_to_compare(
    backends: dict[str, Backend], name: str, clustering: ClusteringName
) -> None:
    comparison = Comparison(backend=backends[name], threshold=0.5, clustering=clustering)
    rows = backends[name].project(np.empty((0, 3)))
    assert comparison.cluster(rows).shape == (0,)
    assert [part.shape[0] for part in comparison.edges(rows)] == [0, 0]


def test_vectors_as_they_are_are_compared_by_their_cosine() -> None:
    rows = np.array([[3.0, 0.0], [0.8, 0.6], [0.0, 2.0]], np.float32)
    pairs, similarities = Comparison(threshold=0.7).edges(rows)
    assert pairs.tolist() == [[0, 1]]
    np.testing.assert_allclose(similarities, [0.8])


def test_what_cannot_be(backends: dict[str, Backend]) -> None:
    with pytest.raises(ParameterError, match="one of cc, hac, average, got 'kmeans'"):
        Comparison(threshold=0.5, clustering="kmeans")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="a cosine similarity, -1 to 1, got -20"):
        Comparison(threshold=-20)
    with pytest.raises(ParameterError, match="any finite number, got inf"):
        Comparison(threshold=np.inf, backend=backends["plda"])


@pytest.mark.parametrize("threshold", [-0.2, 0.1, 0.5])
def test_average_linkage_looks_at_edges_only(threshold: float) -> None:
    rows = np.random.default_rng(3).normal(size=(60, 3)).astype(np.float32)
    found = Comparison(threshold=threshold, clustering="average").cluster(rows)
    expected = average_linkage_of_scores(cosine_similarity(rows), threshold=threshold)
    assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("name", BACKENDS)
def test_average_linkage_across_recordings_is_normalized(
    backends: dict[str, Backend], name: str
) -> None:
    vectors = np.random.default_rng(3).normal(size=(60, 3))
    backend = backends[name]
    rows = backend.project(vectors)
    comparison = across_recordings(backend, "average", 1.0)
    assert comparison.normalized
    scores = backend.norm.normalized_similarity(rows)
    expected = average_linkage_of_scores(scores, threshold=1.0)
    assert comparison.cluster(rows).tolist() == expected.tolist()
    assert 1 < expected.max() < 59
    assert not across_recordings(backend, "hac", 0.5).normalized
    assert not across_recordings(replace(backend, cohort=None), "average", 0.5).normalized
