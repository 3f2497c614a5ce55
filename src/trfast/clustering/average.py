"""Average linkage of a matrix of scores, of listed pairs, and of what no list of pairs holds."""

from __future__ import annotations

from collections.abc import Sequence, Set
from heapq import heapify, heappop, heappush

import numpy as np
import numpy.typing as npt
import scipy

from trfast._checks import check_groups, check_number, check_vector
from trfast.clustering.components import Forest
from trfast.clustering.labels import (
    Labels,
    all_pairs,
    check_pairs,
    in_order_of_appearance,
    numbered,
)
from trfast.clustering.rounds import average_linkage_in_rounds

# Less than any mean of similarities: what is never joined, whatever else speaks for it.
_NEVER = -1e12


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
    matrix = all_pairs(scores)
    n = len(matrix)
    if n < 2:
        return np.zeros(n, np.int64)
    if groups is not None:
        _, group = np.unique(check_groups(groups, "groups", n, "an item"), return_inverse=True)
        matrix = np.where(group[:, None] == group, _NEVER, matrix)
    # As distances, which must not be negative; squareform reads the upper triangle.
    highest = np.triu(matrix, 1).max()
    from scipy.cluster.hierarchy import fcluster, linkage  # slow to load
    from scipy.spatial.distance import squareform

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
    >>> from trfast.scoring import edges_above
    >>> x = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
    >>> pairs, similarities = edges_above(x, 0.4)
    >>> average_linkage_of_edges(pairs, similarities, x, x, threshold=0.4).tolist()
    [0, 0, 1]
    """
    check_number(threshold, "threshold")
    n = len(left)
    edges = check_pairs(pairs, n)
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
    joined: Labels | None = None,
    nearest: tuple[Labels, npt.NDArray[np.float32]] | None = None,
) -> Labels:
    """Average-linkage clustering as `average_linkage_of_edges`, where there are too many pairs to
    list: in rounds of matrix products, whose time goes with the square of the items.

    Parameters
    ----------
    left, right : ndarray (n, k)
        As there.
    groups : array_like (m,)
        Two items of one group never come into one cluster. Of more than n, the others are further
        groups of the items that they are joined with.
    threshold : float
    joined : ndarray (p, 2), int64, optional
        Pairs that are one from the start, whatever their groups.
    nearest : tuple of ndarray (n,), optional
        Of each item the nearest one of another group that reaches the threshold, or -1, and the
        score with it, where that is known and nothing is joined.

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
    n, n_groups = len(left), len(np.asarray(groups))
    numbers = np.unique(check_groups(groups, "groups", n_groups, "an item"), return_inverse=True)[1]
    group = numbers.astype(np.int64)
    item, sizes = np.arange(n), np.ones(n, np.float32)
    if joined is not None:
        item = Forest(group, joined).labels()
        sizes = np.bincount(item[:n]).astype(np.float32)
        add = scipy.sparse.csr_array((np.ones(n, left.dtype), (item[:n], np.arange(n))))
        left, right = add @ left, add @ right
    parent = average_linkage_in_rounds(left, right, sizes, item, group, threshold, nearest)
    return in_order_of_appearance(numbered(parent)[item[:n]])


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
    return numbered(parent)
