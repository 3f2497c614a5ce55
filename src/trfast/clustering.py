"""From similarities to clusters: connected components, complete and average linkage.

A pair belongs together if its similarity reaches the threshold: ``similarity >= threshold``.
Clusters are numbered in order of first appearance.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from heapq import heapify, heappop, heappush

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import coo_array
from scipy.spatial.distance import squareform

from trfast._checks import (
    check_choice,
    check_groups,
    check_integer,
    check_integers,
    check_matrix,
    check_number,
    check_vector,
)
from trfast._ext import _linkage, _union_find
from trfast._names import CLUSTERINGS as CLUSTERINGS
from trfast._names import ClusteringName
from trfast._rounds import average_linkage_in_rounds
from trfast.errors import ParameterError
from trfast.scoring.cosine import edges_above

Labels = npt.NDArray[np.int64]

# As SciPy calls them.
_METHODS = {"cc": "single", "hac": "complete", "average": "average"}

# Less than any mean of similarities: what is never joined, whatever else speaks for it.
_NEVER = -1e12


def check_clustering(name: object) -> ClusteringName:
    """Return `name` if it is one of the clusterings.

    Raises
    ------
    ParameterError
        If it is not.
    """
    return check_choice(name, "clustering", CLUSTERINGS)


def connected_components(pairs: npt.ArrayLike, n: int) -> Labels:
    """Label the connected components of a graph.

    Parameters
    ----------
    pairs : array_like (m, 2)
        Edges between items ``0..n-1``.
    n : int
        Number of items.

    Returns
    -------
    ndarray (n,), int64
        Component of each item, numbered in order of first appearance.

    Raises
    ------
    ParameterError
        If a pair names an item outside ``0..n-1``.

    Examples
    --------
    >>> connected_components([[1, 3], [3, 4]], 5).tolist()
    [0, 1, 2, 1, 1]
    """
    edges = _check_pairs(pairs, n)
    parent = np.arange(n)
    _union_find.unite(edges, parent)
    return _numbered(parent)


def constrained_components(
    pairs: npt.ArrayLike, similarities: npt.ArrayLike, groups: npt.ArrayLike, n: int
) -> Labels:
    """Connected components that never hold two items of one group.

    Edges are taken in order of falling similarity, of equals the one that comes first as a
    pair (i, j). An edge joins the components of its two items unless both hold an item of
    the same group; then it is passed over. So two local speakers of one recording (the
    group) are never joined, not even by way of a third, and the order in which recordings
    arrived plays no part.

    Parameters
    ----------
    pairs : array_like (m, 2)
        Edges between items ``0..n-1``.
    similarities : array_like (m,)
        Of each edge.
    groups : array_like (n,)
        Group of each item: integers or names.
    n : int
        Number of items.

    Returns
    -------
    ndarray (n,), int64
        Component of each item, numbered in order of first appearance.

    Raises
    ------
    ParameterError
        If a pair names an item outside ``0..n-1``, or the sizes differ.

    Examples
    --------
    >>> pairs, similarities = [[0, 1], [1, 2], [2, 3]], [0.9, 0.8, 0.7]
    >>> constrained_components(pairs, similarities, ["a", "b", "a", "c"], 4).tolist()
    [0, 0, 1, 1]
    """
    edges = _check_pairs(pairs, n)
    weights = check_vector(similarities, "similarities", len(edges), "a pair")
    names, group = np.unique(check_groups(groups, "groups", n, "an item"), return_inverse=True)
    places = np.minimum(*edges.T) * n + np.maximum(*edges.T)
    parent = np.arange(n)
    _union_find.unite_apart(
        edges,
        np.lexsort((places, -weights)),
        group.astype(np.int64, copy=False),
        *members_of_groups(group, len(names)),
        parent,
    )
    return _numbered(parent)


def members_of_groups(groups: Labels, n_groups: int) -> tuple[Labels, Labels]:
    """Sort items by group: those of group g are ``members[first[g]:first[g + 1]]``.

    Returns
    -------
    first : ndarray (n_groups + 1,), int64
    members : ndarray (n,), int64

    Examples
    --------
    >>> members_of_groups(np.array([1, 0, 1]), 2)
    (array([0, 1, 3]), array([1, 0, 2]))
    """
    first = np.zeros(n_groups + 1, dtype=np.int64)
    np.cumsum(np.bincount(groups, minlength=n_groups), out=first[1:])
    return first, np.argsort(groups, kind="stable")


def complete_linkage(vectors: npt.ArrayLike, *, threshold: float) -> Labels:
    """Complete-linkage clustering of vectors by cosine, cut at a threshold.

    Exact: two clusters merge only if every pair across them reaches the threshold, so only
    the pairs that do are ever stored, never n x n.

    Parameters
    ----------
    vectors : array_like (n, d)
    threshold : float
        Least cosine of any two vectors of a cluster.

    Returns
    -------
    ndarray (n,), int64
        Cluster of each vector, numbered in order of first appearance.

    Raises
    ------
    ParameterError
        If a row is zero, NaN or infinite.

    Examples
    --------
    >>> complete_linkage([[1, 0], [4, 1], [0, 1], [1, 4]], threshold=0.9).tolist()
    [0, 0, 1, 1]
    """
    pairs, similarities = edges_above(vectors, threshold)
    return complete_linkage_of_edges(pairs, similarities, len(np.asarray(vectors)))


def complete_linkage_of_scores(scores: npt.ArrayLike, *, threshold: float) -> Labels:
    """Complete-linkage clustering by a matrix of scores, cut at a threshold.

    Parameters
    ----------
    scores : array_like (n, n)
        Symmetric; the upper triangle is read.
    threshold : float
        Least score of any two items of a cluster.

    Returns
    -------
    ndarray (n,), int64
        Cluster of each item, numbered in order of first appearance.

    Examples
    --------
    >>> complete_linkage_of_scores([[0, 5, 1], [5, 0, 4], [1, 4, 0]], threshold=2).tolist()
    [0, 0, 1]
    """
    check_number(threshold, "threshold")
    matrix = _all_pairs(scores)
    pairs = np.argwhere(np.triu(matrix >= threshold, 1))
    return complete_linkage_of_edges(pairs, matrix[pairs[:, 0], pairs[:, 1]], len(matrix))


def average_linkage_of_scores(
    scores: npt.ArrayLike, *, threshold: float, groups: npt.ArrayLike | None = None
) -> Labels:
    """Average-linkage clustering by a matrix of scores, cut at a threshold.

    Two clusters are joined for the mean score of all pairs across them, the highest first.

    Parameters
    ----------
    scores : array_like (n, n)
        Symmetric; the upper triangle is read.
    threshold : float
        Least mean score for which two clusters are joined.
    groups : array_like (n,), optional
        Two items of one group never come into one cluster.

    Returns
    -------
    ndarray (n,), int64
        Cluster of each item, numbered in order of first appearance.

    Raises
    ------
    ParameterError
        If the scores are not of all pairs, or the sizes differ.

    Examples
    --------
    >>> average_linkage_of_scores([[0, 5, 1], [5, 0, 4], [1, 4, 0]], threshold=2.5).tolist()
    [0, 0, 0]
    """
    check_number(threshold, "threshold")
    matrix = _all_pairs(scores)
    n = len(matrix)
    if n < 2:
        return np.zeros(n, np.int64)
    if groups is not None:
        _, group = np.unique(check_groups(groups, "groups", n, "an item"), return_inverse=True)
        matrix = np.where(group[:, None] == group, _NEVER, matrix)
    # As distances, which must not be negative; squareform reads the upper triangle.
    highest = np.triu(matrix, 1).max()
    tree = linkage(squareform(highest - matrix, checks=False), method="average")
    return in_order_of_appearance(
        fcluster(tree, highest - threshold, criterion="distance").astype(np.int64)
    )


def average_linkage_of_edges(
    pairs: npt.ArrayLike,
    similarities: npt.ArrayLike,
    left: npt.NDArray[np.floating],
    right: npt.NDArray[np.floating],
    *,
    threshold: float,
    groups: npt.ArrayLike | None = None,
) -> Labels:
    """Average-linkage clustering of items whose scores are products, cut at a threshold.

    The same clusters as `average_linkage_of_scores` finds: for two clusters whose mean score
    reaches the threshold, that of some parts does as well, down to a pair of items, so that only
    pairs of clusters above it are ever looked at; and their mean is the product of two sums. Time
    and memory go with the listed pairs, not with all.

    Parameters
    ----------
    pairs : array_like (m, 2)
        All pairs that reach the threshold, each once; items in other pairs only stay alone.
    similarities : array_like (m,)
        Of each pair.
    left, right : ndarray (n, k)
        The score of items i and j is ``left[i] @ right[j]``, and ``left[j] @ right[i]``.
    threshold : float
        Least mean score for which two clusters are joined.
    groups : array_like (n,), optional
        Two items of one group never come into one cluster.

    Returns
    -------
    ndarray (n,), int64
        Cluster of each item, numbered in order of first appearance.

    Raises
    ------
    ParameterError
        If a pair names an item outside ``0..n-1``, or the sizes differ.

    Examples
    --------
    >>> x = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
    >>> pairs, similarities = edges_above(x, 0.4)
    >>> average_linkage_of_edges(pairs, similarities, x, x, threshold=0.4).tolist()
    [0, 0, 1]
    """
    check_number(threshold, "threshold")
    n = len(left)
    edges = _check_pairs(pairs, n)
    weights = check_vector(similarities, "similarities", len(edges), "a pair")
    inside: list[set[int]] = [set() for _ in range(n)]
    if groups is not None:
        numbers = np.unique(check_groups(groups, "groups", n, "an item"), return_inverse=True)[1]
        inside = [{group} for group in numbers.tolist()]
    return average_linkage_of_items(
        edges, weights, left, right, np.ones(n), inside, threshold=threshold
    )


def average_linkage_of_factors(
    left: npt.NDArray[np.floating],
    right: npt.NDArray[np.floating],
    groups: npt.ArrayLike,
    *,
    threshold: float,
) -> Labels:
    """Average-linkage clustering as `average_linkage_of_edges`, where there are too many pairs to
    list: in rounds of matrix products, whose time goes with the square of the items.

    Parameters
    ----------
    left, right : ndarray (n, k)
        As there.
    groups : array_like (n,)
        Two items of one group never come into one cluster.
    threshold : float

    Returns
    -------
    ndarray (n,), int64
        Cluster of each item, numbered in order of first appearance; but for ties, the same.

    Examples
    --------
    >>> x = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
    >>> average_linkage_of_factors(x, x, [0, 1, 2], threshold=0.4).tolist()
    [0, 0, 1]
    """
    check_number(threshold, "threshold")
    n = len(left)
    numbers = np.unique(check_groups(groups, "groups", n, "an item"), return_inverse=True)[1]
    return _numbered(average_linkage_in_rounds(left, right, numbers.astype(np.int64), threshold))


def average_linkage_of_items(
    edges: npt.NDArray[np.int64],
    weights: npt.NDArray[np.floating],
    left: npt.NDArray[np.floating],
    right: npt.NDArray[np.floating],
    sizes: npt.NDArray[np.floating],
    groups: Sequence[Set[int]],
    *,
    threshold: float,
) -> Labels:
    """Average-linkage clustering as `average_linkage_of_edges`, of items that are clusters already.

    Parameters
    ----------
    edges : ndarray (m, 2), int64
        All pairs whose mean score reaches the threshold, each once.
    weights : ndarray (m,)
        That mean.
    left, right : ndarray (n, k)
        Sums of the rows of each item.
    sizes : ndarray (n,)
        How many rows.
    groups : sequence of sets of int, (n,)
        Of each item; what shares one never comes into one cluster.
    threshold : float

    Returns
    -------
    ndarray (n,), int64
        Cluster of each item, numbered in order of first appearance.

    Examples
    --------
    >>> x = np.array([[2.0, 0.0], [0.8, 0.6]])
    >>> edges, groups = np.array([[0, 1]]), [{1, 2}, {3}]
    >>> average_linkage_of_items(
    ...     edges, np.array([0.8]), x, x, np.array([2, 1]), groups, threshold=0.5
    ... ).tolist()
    [0, 0]
    """
    # A cluster is a new number, and the sums of its items' rows; each knows those near to it.
    n = len(left)
    rows = list(range(n))
    left, right = left.copy(), right.copy()
    counts, inside = np.array(sizes, np.float64), [set(own) for own in groups]
    near: dict[int, set[int]] = {}
    heap = []
    for (i, j), score in zip(edges.tolist(), weights.tolist(), strict=True):
        if inside[i].isdisjoint(inside[j]):
            near.setdefault(i, set()).add(j)
            near.setdefault(j, set()).add(i)
            heap.append((-score, min(i, j), max(i, j)))
    heapify(heap)
    parent = np.arange(n)
    while heap:
        _, i, j = heappop(heap)
        if i not in near or j not in near:  # joined with another one since
            continue
        new, (row, other) = len(rows), sorted((rows[i], rows[j]))
        rows.append(row)
        parent[other] = row
        left[row] += left[other]
        right[row] += right[other]
        counts[row] += counts[other]
        inside[row] |= inside[other]
        candidates = sorted((near[i] | near[j]) - {i, j})
        for old in (i, j):
            for k in near.pop(old):
                if k in near:
                    near[k].discard(old)
        near[new] = set()
        candidates = [k for k in candidates if inside[row].isdisjoint(inside[rows[k]])]
        if not candidates:
            continue
        places = np.array([rows[k] for k in candidates])
        means = right[places] @ left[row] / (counts[places] * counts[row])
        for k, mean in zip(candidates, means.tolist(), strict=True):
            if mean >= threshold:
                near[new].add(k)
                near[k].add(new)
                heappush(heap, (-mean, k, new))
    return _numbered(parent)


def merges_of_scores(scores: npt.ArrayLike, clustering: ClusteringName) -> npt.NDArray[np.int64]:
    """Join items, the most similar clusters first, until all are one.

    Parameters
    ----------
    scores : array_like (n, n)
        Symmetric; the upper triangle is read.
    clustering : {"cc", "hac", "average"}
        Two clusters are as similar as their most similar pair, their least similar pair, or all
        pairs in the mean.

    Returns
    -------
    ndarray (n - 1, 2), int64
        An item of each of the two clusters, merge by merge: the connected components of the first
        ``n - k`` are k clusters.

    Examples
    --------
    >>> merges = merges_of_scores([[0, 5, 1], [5, 0, 4], [1, 4, 0]], "average")
    >>> connected_components(merges[:1], 3).tolist()
    [0, 0, 1]
    """
    matrix = _all_pairs(scores)
    n = len(matrix)
    if n < 2:
        return np.empty((0, 2), np.int64)
    highest = np.triu(matrix, 1).max()
    distances = squareform(highest - matrix, checks=False)
    tree = linkage(distances, method=_METHODS[check_clustering(clustering)])
    item = list(range(n))  # one of each cluster
    merges = []
    for one, other in tree[:, :2].astype(np.int64).tolist():
        merges.append((item[one], item[other]))
        item.append(item[one])
    return np.array(merges, dtype=np.int64)


def complete_linkage_of_edges(pairs: npt.ArrayLike, similarities: npt.ArrayLike, n: int) -> Labels:
    """Complete-linkage clustering where only listed pairs may be in one cluster.

    Parameters
    ----------
    pairs : array_like (m, 2)
        All pairs that reach the threshold, each once.
    similarities : array_like (m,)
        Of each pair.
    n : int
        Number of items.

    Returns
    -------
    ndarray (n,), int64
        Cluster of each item, numbered in order of first appearance.

    Raises
    ------
    ParameterError
        If a pair names an item outside ``0..n-1`` or is there twice, a similarity is NaN or
        infinite, or the sizes differ.

    Examples
    --------
    >>> complete_linkage_of_edges([[0, 1], [1, 2]], [0.6, 0.7], 3).tolist()
    [0, 1, 1]
    """
    edges = _check_pairs(pairs, n)
    weights = check_vector(similarities, "similarities", len(edges), "a pair")
    rows, columns = edges.T
    graph = coo_array(
        (np.tile(weights, 2), (np.concatenate([rows, columns]), np.concatenate([columns, rows]))),
        shape=(n, n),
    ).tocsr()
    if graph.nnz < 2 * len(edges):
        raise ParameterError(
            f"pairs must list each pair of two items once, in one order; of {len(edges)} pairs,"
            f" {len(edges) - graph.nnz // 2} say what others do or name one item twice"
        )
    graph.sort_indices()
    first = graph.indptr.astype(np.int64)
    parent = np.arange(n)
    if len(edges):
        _linkage.complete_linkage(
            first[:-1].copy(),
            first[1:].copy(),
            graph.indices.astype(np.int64),
            graph.data.astype(np.float64, copy=False),
            parent,
        )
    return _numbered(parent)


def in_order_of_appearance(labels: Labels) -> Labels:
    """Renumber labels 0, 1, ... in order of first appearance.

    Examples
    --------
    >>> in_order_of_appearance(np.array([7, 2, 7, 5]))
    array([0, 1, 0, 2])
    """
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.asarray(rank[inverse])


def _numbered(parent: Labels) -> Labels:
    labels = np.empty_like(parent)
    _union_find.number_components(parent, labels)
    return labels


def _all_pairs(scores: npt.ArrayLike) -> npt.NDArray[np.float64]:
    matrix = check_matrix(scores, "scores", dtype=np.float64)
    if matrix.shape[0] != matrix.shape[1]:
        raise ParameterError(
            f"scores are of all pairs: {len(matrix)} rows must have {len(matrix)} columns, got"
            f" {matrix.shape[1]}"
        )
    return matrix


def _check_pairs(pairs: npt.ArrayLike, n: int) -> npt.NDArray[np.int64]:
    check_integer(n, "n", least=0)
    edges = check_integers(pairs, "pairs")
    if edges.size == 0:
        return edges.reshape(0, 2)
    if edges.ndim != 2 or edges.shape[1] != 2:
        raise ParameterError(f"pairs must have shape (m, 2), got {edges.shape}")
    if edges.min() < 0 or edges.max() >= n:
        raise ParameterError(
            f"pairs must name items 0 to {n - 1}, got {edges.min()} to {edges.max()}"
        )
    return edges
