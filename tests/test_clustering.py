"""Clustering: by hand, the twins, SciPy, and S4D's partitions."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from tests.reference import clustering as reference
from trfast._ext import _union_find
from trfast.clustering import (
    Forest,
    average_linkage_of_edges,
    average_linkage_of_factors,
    average_linkage_of_scores,
    complete_linkage,
    complete_linkage_of_edges,
    complete_linkage_of_scores,
    connected_components,
    constrained_components,
    merges_of_scores,
    unite_in_bands,
)
from trfast.errors import ParameterError
from trfast.scoring import cosine_components, cosine_similarity, edges_above
from trfast.scoring.cosine import sweep_above

N = 12
PAIRS = st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)), max_size=30)


def partition(labels: npt.ArrayLike) -> list[int]:
    """Labels in order of first appearance."""
    names: dict[Any, int] = {}
    return [names.setdefault(label, len(names)) for label in np.asarray(labels).tolist()]


@pytest.fixture(scope="module")
def scores(golden: Path) -> dict[str, npt.NDArray[Any]]:
    with np.load(golden / "g_scoring.npz") as file:
        return dict(file)


# Connected components


def test_components_by_hand() -> None:
    assert connected_components([[4, 2], [5, 0], [2, 5]], 6).tolist() == [0, 1, 0, 2, 0, 0]


def test_components_without_edges() -> None:
    assert connected_components(np.empty((0, 2)), 3).tolist() == [0, 1, 2]
    assert connected_components([], 0).shape == (0,)


@settings(deadline=None)
@given(pairs=PAIRS)
def test_components_equal_twin(pairs: list[tuple[int, int]]) -> None:
    assert connected_components(pairs, N).tolist() == reference.connected_components(pairs, N)


@pytest.mark.parametrize("threshold", ["0.3", "0.45"])
def test_components_equal_s4d(scores: dict[str, npt.NDArray[Any]], threshold: str) -> None:
    expected = partition(scores[f"cc_cos_{threshold}"])
    pairs, _ = edges_above(scores["X"], float(threshold))
    assert connected_components(pairs, 300).tolist() == expected
    assert cosine_components(scores["X"], float(threshold)).tolist() == expected


@settings(deadline=None)
@given(
    pairs=st.lists(
        st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)).filter(
            lambda pair: pair[0] != pair[1]
        ),
        min_size=1,
        max_size=30,
    ),
    labels=st.lists(st.integers(0, 2), min_size=N, max_size=N),
    groups=st.lists(st.integers(0, 2), min_size=N, max_size=N),
    same=st.booleans(),
    data=st.data(),
)
def test_nearest_equals_twin(
    pairs: list[tuple[int, int]],
    labels: list[int],
    groups: list[int],
    same: bool,
    data: st.DataObject,
) -> None:
    values = data.draw(
        st.lists(st.integers(-2, 2).map(float), min_size=len(pairs), max_size=len(pairs))
    )
    nearest, best = np.full(N, -1), np.full(N, np.nan, np.float32)
    weights = np.array(values, np.float32)
    _union_find.nearest(
        np.array(pairs), weights, np.array(labels), np.array(groups), same, nearest, best
    )
    twin = reference.nearest(pairs, values, labels, groups, same=same)
    items, similarities = zip(*twin, strict=True)
    assert nearest.tolist() == list(items)
    np.testing.assert_array_equal(best, similarities)


@pytest.mark.parametrize("seed", range(30))
def test_rounds_join_what_average_linkage_joins(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(1, 50)), int(rng.integers(2, 12))
    x = rng.normal(size=(6, k))[rng.integers(0, 6, n)] + 0.6 * rng.normal(size=(n, k))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    groups = rng.integers(0, max(1, n // 3), n)
    for threshold in (-0.1, 0.4, 0.8):
        found = average_linkage_of_factors(x, x, groups, threshold=threshold)
        assert found.tolist() == reference.average_linkage(x @ x.T, threshold, groups.tolist())


def test_rounds_of_equal_scores_come_to_an_end() -> None:
    x = np.ones((40, 3), np.float32) / np.float32(3**0.5)
    assert not average_linkage_of_factors(x, x, range(40), threshold=0.5).any()
    one = average_linkage_of_factors(x, x, np.zeros(40, int), threshold=0.5)
    assert one.tolist() == list(range(40))
    pairs = average_linkage_of_factors(x, x, np.arange(40) // 2, threshold=0.5)
    assert sorted(np.bincount(pairs).tolist()) == [20, 20]


# Components that keep the items of a group apart


def test_constraint_by_hand() -> None:
    # 0 and 2 are of one group. The stronger link 1-2 wins; 0 stays alone.
    pairs = [[0, 1], [1, 2], [2, 3]]
    labels = constrained_components(pairs, [0.8, 0.9, 0.7], ["a", "b", "a", "c"], 4)
    assert labels.tolist() == [0, 1, 1, 1]


def test_equal_similarities_are_taken_in_order_of_the_pairs() -> None:
    pairs = [[2, 1], [1, 0]]
    assert constrained_components(pairs, [0.9, 0.9], [7, 8, 7], 3).tolist() == [0, 0, 1]


@settings(max_examples=200, deadline=None)
@given(
    pairs=PAIRS,
    groups=st.lists(st.integers(0, 5), min_size=N, max_size=N),
    seed=st.integers(0, 1000),
)
def test_constrained_components_equal_twin(
    pairs: list[tuple[int, int]], groups: list[int], seed: int
) -> None:
    rank = np.random.default_rng(seed).permutation(len(pairs))
    labels = constrained_components(pairs, -rank, groups, N)
    falling = [pairs[i] for i in np.argsort(rank)]
    assert labels.tolist() == reference.constrained_components(falling, groups)
    for label in set(labels.tolist()):
        members = [g for g, own in zip(groups, labels, strict=True) if own == label]
        assert len(members) == len(set(members))


@pytest.mark.parametrize("n_groups", [3, 40, 150, 290])
def test_large_constrained_components_equal_twin(n_groups: int) -> None:
    rng = np.random.default_rng(n_groups)
    groups = rng.integers(0, n_groups, size=300).tolist()
    pairs = [(int(i), int(j)) for i, j in rng.integers(0, 300, size=(3000, 2))]
    labels = constrained_components(pairs, -np.arange(3000), groups, 300)
    assert labels.tolist() == reference.constrained_components(pairs, groups)


@settings(max_examples=200, deadline=None)
@given(
    pairs=PAIRS,
    groups=st.lists(st.integers(0, 5), min_size=12, max_size=12),
    joined=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=4),
)
def test_who_may_still_be_joined_equals_twin(
    pairs: list[tuple[int, int]], groups: list[int], joined: list[tuple[int, int]]
) -> None:
    forest = Forest(np.array(groups), np.array(joined, np.int64).reshape(-1, 2))
    together = reference.connected_components(joined, 12)
    assert forest.labels().tolist() == together
    edges = np.array(pairs, np.int64).reshape(-1, 2)
    assert forest.may_unite(edges).tolist() == reference.may_unite(pairs, together, groups)


@pytest.mark.parametrize("most", [1, 7, 100, 10_000])
@pytest.mark.parametrize("digits", [0, 5])  # 0: many are alike
@pytest.mark.parametrize("seed", range(8))
def test_bands_join_what_a_list_of_all_pairs_joins(seed: int, digits: int, most: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 150))
    x = rng.normal(size=(n, 4)) + 2 * rng.normal(size=(5, 4))[rng.integers(0, 5, n)]
    x = (x.round(digits) + 0.1).astype(np.float32)
    groups = rng.integers(0, rng.integers(1, 50), n)
    forest = Forest(groups)
    sweep = partial(sweep_above, x, groups=groups, n_threads=2)
    unite_in_bands(forest, sweep, 0.3, most=most)
    expected = constrained_components(*edges_above(x, 0.3), groups, n)
    assert forest.labels().tolist() == expected.tolist()


def test_groups_of_one_item_constrain_nothing() -> None:
    rng = np.random.default_rng(0)
    pairs = rng.integers(0, 50, size=(40, 2))
    free = connected_components(pairs, 50)
    assert constrained_components(pairs, rng.random(40), range(50), 50).tolist() == free.tolist()


# Complete linkage


def test_complete_linkage_by_hand() -> None:
    # 0-1 merge first; 2 reaches 1 but not 0, so it stays apart.
    scores = [[1, 0.9, 0.4], [0.9, 1, 0.8], [0.4, 0.8, 1]]
    assert complete_linkage_of_scores(scores, threshold=0.5).tolist() == [0, 0, 1]
    assert complete_linkage_of_scores(scores, threshold=0.4).tolist() == [0, 0, 0]


@pytest.mark.parametrize("n", [2, 9, 25])
@pytest.mark.parametrize("threshold", [-1.0, -0.2, 0.3, 0.8])
def test_complete_linkage_equals_twin(n: int, threshold: float) -> None:
    scores = np.random.default_rng(n).uniform(-1, 1, size=(n, n))
    scores = (scores + scores.T) / 2
    labels = complete_linkage_of_scores(scores, threshold=threshold)
    assert labels.tolist() == reference.complete_linkage(scores, threshold)


@pytest.mark.parametrize("threshold", [-0.9, -0.2, 0.0, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("d", [3, 20])
def test_complete_linkage_equals_scipy_on_the_whole(threshold: float, d: int) -> None:
    x = np.random.default_rng(d).normal(size=(400, d))
    distances = 1 - cosine_similarity(x)
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances, checks=False), method="complete")
    expected = partition(fcluster(tree, 1 - threshold, criterion="distance"))
    assert complete_linkage(x, threshold=threshold).tolist() == expected


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("threshold", ["0.3", "0.45"])
def test_complete_linkage_equals_s4d(
    scores: dict[str, npt.NDArray[Any]], threshold: str, dtype: npt.DTypeLike
) -> None:
    # S4D cuts with a strict comparison, we do not: no pair of these lies at the threshold.
    labels = complete_linkage(scores["X"].astype(dtype), threshold=float(threshold))
    assert labels.tolist() == partition(scores[f"hac_cos_{threshold}"])


@pytest.mark.parametrize("threshold", ["0.0", "10.0"])
def test_complete_linkage_of_plda_equals_s4d(
    scores: dict[str, npt.NDArray[Any]], threshold: str
) -> None:
    labels = complete_linkage_of_scores(scores["plda_scores"], threshold=float(threshold))
    assert labels.tolist() == partition(scores[f"hac_plda_{threshold}"])


def test_equal_similarities_end() -> None:
    everything = [(i, j) for i in range(30) for j in range(i)]
    assert complete_linkage_of_edges(everything, np.ones(435), 30).tolist() == [0] * 30


# Messages


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: connected_components([[0, 3]], 3), "items 0 to 2, got 0 to 3"),
        (lambda: connected_components([[-1, 0]], 3), "got -1 to 0"),
        (lambda: connected_components([0, 1], 3), r"shape \(m, 2\)"),
        (lambda: constrained_components([[0, 1]], [1, 2], [0, 1], 2), r"one a pair, shape \(1,\)"),
        (lambda: constrained_components([[0, 1]], [1], [0], 2), r"one an item, shape \(2,\)"),
        (lambda: complete_linkage_of_edges([[0, 1]], [], 2), "one a pair"),
        (lambda: complete_linkage_of_scores(np.ones((2, 3)), threshold=0), "2 columns, got 3"),
    ],
)
def test_wrong_arguments_are_named(call: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        call()


# Average linkage


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("apart", [False, True])
def test_average_linkage_is_that_of_the_twin(seed: int, apart: bool) -> None:
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(14, 14))
    scores, groups = half + half.T, rng.integers(0, 5, 14)
    found = average_linkage_of_scores(scores, threshold=0.4, groups=groups if apart else None)
    own = groups.tolist() if apart else list(range(14))
    assert found.tolist() == reference.average_linkage(scores, 0.4, own)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("threshold", [-0.2, 0.1, 0.4])
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("seed", [0, 1])
def test_average_linkage_of_edges_equals_that_of_all_scores(
    seed: int, apart: bool, threshold: float, dtype: type
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(20, 4)).repeat(6, axis=0) + 0.7 * rng.normal(size=(120, 4))
    left: Any = np.hstack([x, rng.normal(size=(120, 1)), np.ones((120, 1))]).astype(dtype)
    right = left[:, [0, 1, 2, 3, 5, 4]]
    scores = (left @ right.T).astype(np.float64)
    groups = rng.integers(0, 30, 120) if apart else None
    pairs = np.argwhere(np.triu(scores >= threshold, 1))
    pairs = rng.permuted(pairs[rng.permutation(len(pairs))], axis=1)
    found = average_linkage_of_edges(
        pairs, scores[tuple(pairs.T)], left, right, threshold=threshold, groups=groups
    )
    expected = average_linkage_of_scores(scores, threshold=threshold, groups=groups)
    assert found.tolist() == expected.tolist()
    assert 1 < found.max() < 119


def test_average_linkage_of_edges_of_nothing() -> None:
    none = np.empty((0, 2))
    assert average_linkage_of_edges([], [], none, none, threshold=0.0).tolist() == []
    one = np.ones((1, 2))
    assert average_linkage_of_edges([], [], one, one, threshold=0.0).tolist() == [0]
    with pytest.raises(ParameterError, match="pairs must name items 0 to 0"):
        average_linkage_of_edges([[0, 1]], [1.0], one, one, threshold=0.0)


def test_average_linkage_of_nothing_and_one() -> None:
    assert average_linkage_of_scores(np.empty((0, 0)), threshold=0.0).tolist() == []
    assert average_linkage_of_scores([[1.0]], threshold=2.0).tolist() == [0]


def test_average_linkage_is_of_all_pairs() -> None:
    with pytest.raises(ParameterError, match="2 rows must have 2 columns, got 3"):
        average_linkage_of_scores(np.ones((2, 3)), threshold=0.0)


# Merges


@pytest.mark.parametrize("clustering", ["cc", "hac", "average"])
def test_merges_are_those_of_every_threshold(clustering: str) -> None:
    x = np.random.default_rng(0).normal(size=(40, 3))
    scores = cosine_similarity(x)
    merges = merges_of_scores(scores, clustering)
    for threshold in (-0.5, 0.0, 0.3, 0.7, 0.95):
        pairs, similarities = edges_above(x, threshold)
        if clustering == "cc":
            expected = connected_components(pairs, 40)
        elif clustering == "hac":
            expected = complete_linkage_of_edges(pairs, similarities, 40)
        else:
            expected = average_linkage_of_scores(scores, threshold=threshold)
        n = len(set(expected.tolist()))
        assert connected_components(merges[: 40 - n], 40).tolist() == expected.tolist()


@pytest.mark.parametrize("clustering", ["cc", "hac", "average"])
def test_merges_of_equals_give_each_number_of_clusters(clustering: str) -> None:
    merges = merges_of_scores(np.ones((6, 6)), clustering)
    for n in range(1, 7):
        assert len(set(connected_components(merges[: 6 - n], 6).tolist())) == n


def test_merges_of_one_and_none() -> None:
    for n in (0, 1):
        assert merges_of_scores(np.ones((n, n)), "cc").shape == (0, 2)
    with pytest.raises(ParameterError, match="one of cc, hac, average, got 'ward'"):
        merges_of_scores(np.ones((3, 3)), "ward")
