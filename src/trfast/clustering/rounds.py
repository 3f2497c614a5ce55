"""Average linkage of many items in rounds of matrix products: no pair is ever listed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from trfast._threads import map_in_threads

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[Any]

# Scores in memory at a time.
_AT_ONCE = 20_000_000


def average_linkage_in_rounds(
    left: npt.NDArray[np.floating],
    right: npt.NDArray[np.floating],
    sizes: FloatArray,
    cluster: IntArray,
    groups: IntArray,
    threshold: float,
    start: tuple[IntArray, FloatArray] | None = None,
) -> IntArray:
    """Join what average linkage joins, by the mean score of all pairs, cut at a threshold.

    No cluster is more like a joined pair than like one of the two, nor may it join the pair where
    it may not join one of them. So two clusters that are each other's nearest stay so whatever else
    is joined, and each round joins all such pairs at once: the clusters are those of joining one
    pair after the other, the best first [1]_. After a round, only those look for their nearest
    again that have lost it. What is below the threshold to all is out.

    Parameters
    ----------
    left, right : ndarray (n, k)
        Sums of the rows of each cluster there is: the score of two rows is ``left @ right`` of one
        and the other, and of the other and the one.
    sizes : ndarray (n,), float32
        How many rows.
    cluster, groups : ndarray (m,), int64
        Each cluster has some groups, 0 to ``n_groups - 1``, and none comes into one with another of
        its groups: each line says one group of a cluster.
    threshold : float
    start : tuple of ndarray (n,), optional
        Of each cluster the nearest one that shares no group, or -1, and the mean score with it,
        where that is known.

    Returns
    -------
    ndarray (n,), int64
        The first of those that each is joined with: a forest of `_union_find`.

    References
    ----------
    .. [1] F. Murtagh, P. Contreras, "Algorithms for hierarchical clustering: an overview", WIREs
       Data Mining and Knowledge Discovery 2, 2012.

    Examples
    --------
    >>> x = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0], [1.0, 0.0]])
    >>> own, groups = np.arange(4), np.array([0, 1, 2, 0])
    >>> average_linkage_in_rounds(x, x, np.ones(4, np.float32), own, groups, 0.5).tolist()
    [0, 0, 2, 3]
    """
    n, n_groups = len(left), int(groups.max(initial=-1)) + 1
    parent = np.arange(n)
    # The clusters there are: which of the first stands for each, sums of rows, and how many. A
    # cluster of -1 is out.
    item, sums = np.arange(n), (left, right)
    todo = np.arange(n)
    nearest, best = np.full(n, -1), np.full(n, -np.inf, np.float32)
    if start is not None:
        todo, nearest, best = todo[:0], *start
    again = n > 0
    while again:
        member = cluster >= 0
        inside = scipy.sparse.csr_array(
            (np.ones(member.sum(), np.int8), (cluster[member], groups[member])),
            shape=(len(item), n_groups),
        )
        if len(todo):
            nearest[todo], best[todo] = _nearest(*sums, sizes, inside, todo)
        kept = best >= threshold
        item, sums, sizes = item[kept], (sums[0][kept], sums[1][kept]), sizes[kept]
        place = np.append(np.where(kept, np.cumsum(kept) - 1, -1), -1)
        nearest, best, cluster = place[nearest[kept]], best[kept], place[cluster]
        if not len(item):
            break
        first, second = _mutual(nearest, best)
        parent[item[second]] = item[first]
        for rows in sums:
            rows[first] += rows[second]
        sizes[first] += sizes[second]
        # The second one of each pair goes.
        into = np.arange(len(item))
        into[second] = first
        stays = np.ones(len(item), bool)
        stays[second] = False
        lost = np.zeros(len(item) + 1, bool)
        lost[first] = lost[second] = lost[-1] = True
        searching = lost[nearest] | lost[:-1]
        place = np.append(np.cumsum(stays) - 1, -1)
        cluster = np.where(cluster >= 0, place[into[cluster]], -1)
        todo = np.flatnonzero(searching[stays])
        nearest, best = place[nearest[stays]], best[stays]
        item, sums, sizes = item[stays], (sums[0][stays], sums[1][stays]), sizes[stays]
        again = len(todo) > 0
    return parent


def _nearest(
    left: FloatArray, right: FloatArray, sizes: FloatArray, inside: Any, todo: IntArray
) -> tuple[IntArray, FloatArray]:
    """Return the nearest cluster that shares no group, and the mean score with it."""
    n = len(sizes)
    means = (right / sizes[:, None]).T
    nearest, best = np.empty(len(todo), np.int64), np.empty(len(todo), np.float32)
    step = max(1, _AT_ONCE // max(n, 1))

    def search(start: int) -> None:
        rows = todo[start : start + step]
        scores = (left[rows] / sizes[rows, None]) @ means
        shared = (inside[rows] @ inside.T).tocoo()
        scores[shared.row, shared.col] = -np.inf
        scores[np.arange(len(rows)), rows] = -np.inf
        nearest[start : start + step] = scores.argmax(axis=1)
        best[start : start + step] = scores.max(axis=1)

    map_in_threads(search, range(0, len(todo), step), None)
    return nearest, best


def _mutual(nearest: IntArray, best: FloatArray) -> tuple[IntArray, IntArray]:
    """Return the pairs that are each other's nearest, the lower number first."""
    numbers = np.arange(len(nearest))
    first = np.flatnonzero((nearest[nearest] == numbers) & (numbers < nearest) & (nearest >= 0))
    if len(first):
        return first, nearest[first]
    # Equal scores, or rounding, may send the nearest round in a circle: the best pair of all then.
    there = np.where(nearest >= 0, best, -np.inf)
    one = int(there.argmax())
    pair = sorted((one, int(nearest[one]))) if nearest[one] >= 0 else []
    return np.array(pair[:1], np.int64), np.array(pair[1:], np.int64)
