"""Connected components, and those that never hold two items of one group."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._checks import check_groups, check_vector
from trfast._ext import _union_find
from trfast.clustering.labels import Labels, check_pairs, numbered

Take = Callable[[Labels, npt.NDArray[Any]], float]
Sweep = Callable[[float, Take], None]


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
    group = np.unique(check_groups(groups, "groups", n, "an item"), return_inverse=True)[1]
    forest = Forest(group.astype(np.int64, copy=False))
    forest.unite(edges, weights)
    return forest.labels()


class Forest:
    """Components that never hold two items of one group, as far as they are joined.

    Parameters
    ----------
    groups : ndarray (n,), int64
        From 0, of each item.
    joined : ndarray (m, 2), int64
        Pairs that are one from the start, whatever their groups.

    Examples
    --------
    >>> forest = Forest(np.array([0, 1, 0]))
    >>> forest.unite(np.array([[0, 1], [1, 2]]), np.array([0.8, 0.9]))
    >>> forest.labels().tolist(), forest.may_unite(np.array([[0, 1]])).tolist()
    ([0, 1, 1], [False])
    """

    def __init__(self, groups: Labels, joined: Labels | None = None) -> None:
        n = len(groups)
        self._groups = (groups, *members_of_groups(groups, int(groups.max(initial=-1)) + 1))
        self.parent = np.arange(n)
        if joined is not None:
            _union_find.unite(joined, self.parent)
        self._rings = (np.empty(n, np.int64), np.empty(n, np.int64))
        _union_find.rings(self.parent, *self._rings)

    def unite(self, pairs: Labels, similarities: npt.NDArray[Any]) -> None:
        """Join what pairs say, the most similar first, of equals the first as a pair (i, j)."""
        places = np.minimum(*pairs.T) * len(self.parent) + np.maximum(*pairs.T)
        order = np.lexsort((places, -similarities))
        _union_find.unite_apart(pairs, order, *self._groups, self.parent, *self._rings)
        _union_find.rings(self.parent, *self._rings)

    def labels(self) -> Labels:
        """Component of each item, (n,), numbered in order of first appearance."""
        return numbered(self.parent)

    def may_unite(self, pairs: Labels) -> npt.NDArray[np.bool_]:
        """Say which pairs `unite` would join next, (m,)."""
        may = np.empty(len(pairs), np.uint8)
        _union_find.may_unite(pairs, *self._groups, self.parent, *self._rings, may)
        return may.view(np.bool_)


def unite_in_bands(forest: Forest, sweep: Sweep, threshold: float, *, most: int) -> None:
    """Join all pairs that reach a threshold, as `Forest.unite` does, where they are too many to
    list: the most similar of those that may still be joined, then the next, and so on.

    What is joined, and what shares a group, is so for ever: each time, fewer pairs are left.

    Parameters
    ----------
    forest : Forest
    sweep : callable
        Called with a least similarity and a function; hands on all pairs of at least this one, as
        `trfast.scoring.cosine.sweep_above`.
    threshold : float
    most : int
        Pairs that are listed at a time, or twice as many.

    Examples
    --------
    >>> from functools import partial
    >>> from trfast.scoring.cosine import sweep_above
    >>> forest = Forest(np.arange(4))
    >>> x = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0], [-1.0, 0.0]])
    >>> unite_in_bands(forest, partial(sweep_above, x), 0.5, most=1)
    >>> forest.labels().tolist()
    [0, 0, 0, 1]
    """
    whole = False
    while not whole:
        band = _Band(forest, threshold, most)
        sweep(threshold, band.take)
        whole = band.is_whole
        forest.unite(*band.pairs())


class _Band:
    """The most similar of the pairs that may be joined; of equals the first as a pair."""

    def __init__(self, forest: Forest, least: float, most: int) -> None:
        self._forest, self._most = forest, most
        self._lock = threading.Lock()
        self._found: list[tuple[Labels, npt.NDArray[Any]]] = []
        self._n = 0
        # Of the last pair that is wanted.
        self._least, self._last = least, np.iinfo(np.int64).max
        self.is_whole = True  # none was let go

    def take(self, pairs: Labels, similarities: npt.NDArray[Any]) -> float:
        enough = np.flatnonzero(similarities >= self._least)
        pairs, similarities = pairs[enough], similarities[enough]
        may = np.flatnonzero(self._forest.may_unite(pairs))
        places = pairs[may] @ np.array([len(self._forest.parent), 1])
        with self._lock:
            self._found.append((places, similarities[may]))
            self._n += len(may)
            if self._n > 2 * self._most:
                self._cut()
            return self._least

    def _cut(self) -> None:
        places, similarities = self._all()
        order = np.lexsort((places, -similarities))[: self._most]
        self._found, self._n = [(places[order], similarities[order])], len(order)
        self._least, self._last = float(similarities[order[-1]]), int(places[order[-1]])
        self.is_whole = False

    def _all(self) -> tuple[Labels, npt.NDArray[Any]]:
        """What was found, less what came between a cut and the end of a band of the sweep."""
        if not self._found:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        places, similarities = (np.concatenate(parts) for parts in zip(*self._found, strict=True))
        wanted = (similarities > self._least) | (
            (similarities == self._least) & (places <= self._last)
        )
        return places[wanted], similarities[wanted]

    def pairs(self) -> tuple[Labels, npt.NDArray[Any]]:
        """The pairs, and their similarities."""
        places, similarities = self._all()
        return np.stack(np.divmod(places, len(self._forest.parent)), axis=1), similarities


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
