"""Merges whatever the threshold, until all are one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trfast._names import ClusteringName
from trfast.clustering.labels import all_pairs, check_clustering

# As SciPy calls them.
_METHODS = {"cc": "single", "hac": "complete", "average": "average"}


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
    >>> from trfast.clustering import connected_components
    >>> merges = merges_of_scores([[0, 5, 1], [5, 0, 4], [1, 4, 0]], "average")
    >>> connected_components(merges[:1], 3).tolist()
    [0, 0, 1]
    """
    matrix = all_pairs(scores)
    n = len(matrix)
    if n < 2:
        return np.empty((0, 2), np.int64)
    from scipy.cluster.hierarchy import linkage  # slow to load
    from scipy.spatial.distance import squareform

    highest = np.triu(matrix, 1).max()
    distances = squareform(highest - matrix, checks=False)
    tree = linkage(distances, method=_METHODS[check_clustering(clustering)])
    item = list(range(n))  # one of each cluster
    merges = []
    for one, other in tree[:, :2].astype(np.int64).tolist():
        merges.append((item[one], item[other]))
        item.append(item[one])
    return np.array(merges, dtype=np.int64)
