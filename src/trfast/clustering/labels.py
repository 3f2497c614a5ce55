"""What clusterings share: their names, labels, and the checks of what they are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from trfast._checks import check_choice, check_integer, check_integers, check_matrix
from trfast._ext import _union_find
from trfast._names import CLUSTERINGS as CLUSTERINGS
from trfast._names import ClusteringName
from trfast.errors import ParameterError

Labels = npt.NDArray[np.int64]
S = TypeVar("S")
T = TypeVar("T")


def check_clustering(name: object) -> ClusteringName:
    """Return `name` if it is one of the clusterings.

    Raises
    ------
    ParameterError
        If it is not.
    """
    return check_choice(name, "clustering", CLUSTERINGS)


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


def nested(find: Callable[[S], tuple[bytes, T]], items: Sequence[S]) -> list[tuple[bytes, T]]:
    """Return what is found for each of some items, such as thresholds in rising order.

    What is apart stays apart at a higher threshold, so those between two that find the same are
    not asked; the bytes tell one result from another.

    Examples
    --------
    >>> asked = []
    >>> def find(threshold):
    ...     asked.append(threshold)
    ...     return bytes([threshold // 10]), threshold // 10
    >>> [found for _, found in nested(find, range(0, 20, 2))]
    [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    >>> sorted(asked)
    [0, 8, 10, 12, 18]
    """
    found: dict[int, tuple[bytes, T]] = {}

    def at(k: int) -> tuple[bytes, T]:
        if k not in found:
            found[k] = find(items[k])
        return found[k]

    spans = [(0, len(items) - 1)] if len(items) else []
    while spans:
        first, last = spans.pop()
        if at(first)[0] == at(last)[0]:
            found.update(dict.fromkeys(range(first, last), found[first]))
        elif last - first > 1:
            spans += [(first, (first + last) // 2), ((first + last) // 2, last)]
    return [found[k] for k in range(len(items))]


def numbered(parent: Labels) -> Labels:
    labels = np.empty_like(parent)
    _union_find.number_components(parent, labels)
    return labels


def all_pairs(scores: npt.ArrayLike) -> npt.NDArray[np.float64]:
    matrix = check_matrix(scores, "scores", dtype=np.float64)
    if matrix.shape[0] != matrix.shape[1]:
        raise ParameterError(
            f"scores are of all pairs: {len(matrix)} rows must have {len(matrix)} columns, got"
            f" {matrix.shape[1]}"
        )
    return matrix


def check_pairs(pairs: npt.ArrayLike, n: int) -> npt.NDArray[np.int64]:
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
