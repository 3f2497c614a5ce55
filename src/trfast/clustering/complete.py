"""Complete linkage."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from trfast._checks import check_number, check_vector
from trfast._ext import _linkage
from trfast.clustering.labels import Labels, all_pairs, check_pairs, numbered
from trfast.errors import ParameterError
from trfast.scoring.cosine import edges_above


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
    matrix = all_pairs(scores)
    pairs = np.argwhere(np.triu(matrix >= threshold, 1))
    return complete_linkage_of_edges(pairs, matrix[pairs[:, 0], pairs[:, 1]], len(matrix))


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
    edges = check_pairs(pairs, n)
    weights = check_vector(similarities, "similarities", len(edges), "a pair")
    rows, columns = edges.T
    graph = scipy.sparse.coo_array(
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
    return numbered(parent)
