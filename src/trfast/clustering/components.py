"""Connected components, and those that never hold two items of one group."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trfast._checks import check_groups, check_vector
from trfast._ext import _union_find
from trfast.clustering.labels import Labels, check_pairs, numbered


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
    edges = check_pairs(pairs, n)
    parent = np.arange(n)
    _union_find.unite(edges, parent)
    return numbered(parent)


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
    edges = check_pairs(pairs, n)
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
    return numbered(parent)


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
