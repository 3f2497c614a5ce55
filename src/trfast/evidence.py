"""Sums of windows -> clusters, by what they say of being one speaker.

In the two-covariance model a window is its speaker plus noise. In the basis where the noise has
unit covariance and that of the speakers is diagonal, with eigenvalues v, the log-likelihood that n
windows with the sum f are of one speaker is, less what does not depend on how they are shared
out, a sum over the dimensions [1]_::

    l(n, f) = sum_d (v_d f_d^2 / (1 + n v_d) - log(1 + n v_d)) / 2

So two clusters are joined for the gain ``l(a + b) - l(a) - l(b)``, whose natural zero no score of
two vectors has: it knows how much each has been heard.

References
----------
.. [1] N. Brummer, E. de Villiers, "The speaker partitioning problem", Odyssey 2010.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._checks import check_integer, check_matrix, check_number, check_vector
from trfast._ext import _evidence, _union_find
from trfast.clustering import in_order_of_appearance
from trfast.errors import ParameterError

FloatArray = npt.NDArray[Any]
Labels = npt.NDArray[np.int64]

# Neighbours that are joined among themselves first, where there are more, and the gain from which
# they are one speaker whatever the others say.
_BLOCK, _SURE = 512, 20.0
# Clusters that are compared at a time, each with each: 32 MB of gains.
_MOST = 4096
# Rows that are added up at a time.
_ROWS = 4096
# Dimensions that the kernel takes at a time.
_STEP = 4


def agglomerate(
    windows: npt.ArrayLike,
    counts: npt.ArrayLike,
    eigenvalues: npt.ArrayLike,
    *,
    threshold: float = 0.0,
    n_clusters: int | None = None,
) -> Labels:
    """Cluster windows bottom-up, the pair of the greatest gain in evidence first.

    Of more than 512 windows, neighbours are joined first where that gains 20 or more, block by
    block: time and memory grow with the windows, not with their square.

    Parameters
    ----------
    windows : array_like (n, d)
        In the basis where the noise has unit covariance and that of the speakers is diagonal, as
        `trfast.scoring.TwoCovariance` gives them.
    counts : array_like (n,)
        For how many independent windows each stands, above 0.
    eigenvalues : array_like (d,)
        Covariance of the speakers, at least 0.
    threshold : float
        Least gain in log-likelihood for which two clusters are joined.
    n_clusters : int, optional
        So many clusters, whatever they gain.

    Returns
    -------
    ndarray (n,), int64
        Cluster of each window, numbered in order of first appearance.

    Raises
    ------
    ParameterError
        If the sizes do not fit, a count or an eigenvalue is too low, or there are fewer windows
        than clusters are wanted.

    Examples
    --------
    >>> windows = [[4.0, 0.0], [5.0, 1.0], [-4.0, 0.0], [4.0, -1.0]]
    >>> agglomerate(windows, np.ones(4), [9.0, 1.0]).tolist()
    [0, 0, 1, 0]
    >>> agglomerate(windows, np.ones(4), [9.0, 1.0], n_clusters=1).tolist()
    [0, 0, 0, 0]
    """
    x, weights, v = _checked(windows, counts, eigenvalues)
    n = len(x)
    check_number(threshold, "threshold")
    if n_clusters is not None and check_integer(n_clusters, "n_clusters", least=1) > n:
        raise ParameterError(f"n_clusters must be at most the {n} windows, got {n_clusters}")
    labels = np.arange(n)
    # What the rows of x count in its sums: the windows of a day are not in memory twice.
    factors: FloatArray | None = weights

    def in_blocks(least: float, *, strided: bool) -> None:
        nonlocal labels, x, factors, weights
        found = _in_blocks(x, factors, weights, v, least, n_clusters or 1, strided=strided)
        labels = found[labels]
        x = sums_of_labels(x, found, factors).astype(x.dtype)
        factors = None
        weights = np.bincount(found, weights).astype(weights.dtype)

    if n > _BLOCK:
        in_blocks(max(threshold, _SURE), strided=False)
    strided, n_before = True, len(x) + 1
    # Those that no neighbour joins meet others.
    while _MOST < len(x) < n_before:
        n_before = len(x)
        in_blocks(threshold, strided=strided)
        strided = not strided
    if len(x) <= _MOST or n_clusters is not None:
        least = threshold if n_clusters is None else -np.inf
        sums = x if factors is None else x * factors[:, None]
        labels = _agglomerated(sums, weights, v, least, n_clusters or 1)[labels]
    return in_order_of_appearance(labels)


def partitions(
    windows: npt.ArrayLike,
    counts: npt.ArrayLike,
    eigenvalues: npt.ArrayLike,
    thresholds: Sequence[float],
) -> list[Labels]:
    """Cluster windows as `agglomerate` does at each of some thresholds, most of them at once: up to
    512 windows are joined down to the lowest, and the others end earlier on the same way.

    Parameters
    ----------
    windows, counts, eigenvalues
        As for `agglomerate`.
    thresholds : sequence of float
        Least gains in log-likelihood.

    Returns
    -------
    list of ndarray (n,), int64
        Clusters at each threshold.

    Raises
    ------
    ParameterError
        As `agglomerate` does.

    Examples
    --------
    >>> windows = [[4.0, 0.0], [5.0, 1.0], [-4.0, 0.0], [4.0, -1.0]]
    >>> [found.tolist() for found in partitions(windows, np.ones(4), [9.0, 1.0], [0.0, -99.0])]
    [[0, 0, 1, 0], [0, 0, 0, 0]]
    """
    x, weights, v = _checked(windows, counts, eigenvalues)
    for threshold in thresholds:
        check_number(threshold, "threshold")
    if len(x) > _BLOCK:
        return [agglomerate(x, weights, v, threshold=threshold) for threshold in thresholds]
    least = min(thresholds, default=np.inf)
    merges, gains = _merges(x * weights[:, None], weights, v, least, 1)
    ends = [np.append(np.flatnonzero(~(gains >= least)), len(gains))[0] for least in thresholds]
    return [in_order_of_appearance(_united(merges[:end], len(x))) for end in ends]


def _checked(
    windows: npt.ArrayLike, counts: npt.ArrayLike, eigenvalues: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    x = check_matrix(windows, "windows")
    weights = check_vector(counts, "counts", len(x), "a window", least=0).astype(np.float32)
    if len(x) and not weights.min() > 0:
        raise ParameterError(f"counts must be above 0, got {weights.min():g}")
    v = check_vector(eigenvalues, "eigenvalues", x.shape[1], "a column of windows", least=0)
    return x, weights, v


def _in_blocks(
    x: FloatArray,
    factors: FloatArray | None,
    counts: FloatArray,
    eigenvalues: FloatArray,
    threshold: float,
    n_clusters: int,
    *,
    strided: bool,
) -> Labels:
    """Cluster neighbours, or every so manieth, by themselves."""
    n_blocks = -(-len(x) // _BLOCK)
    block = np.arange(len(x)) % n_blocks if strided else np.arange(len(x)) // _BLOCK
    labels = np.empty(len(x), np.int64)
    n_found = 0
    for k in range(n_blocks):
        rows = np.flatnonzero(block == k)
        sums = x[rows] if factors is None else x[rows] * factors[rows, None]
        found = _agglomerated(sums, counts[rows], eigenvalues, threshold, n_clusters)
        labels[rows] = n_found + found
        n_found += int(found.max()) + 1
    return in_order_of_appearance(labels)


def _agglomerated(
    sums: FloatArray, counts: FloatArray, eigenvalues: FloatArray, least: float, n_clusters: int
) -> Labels:
    merges, _ = _merges(sums, counts, eigenvalues, least, n_clusters)
    return _united(merges, len(sums))


def _united(merges: npt.NDArray[np.int64], n: int) -> Labels:
    parent, labels = np.arange(n), np.empty(n, np.int64)
    _union_find.unite(merges, parent)
    _union_find.number_components(parent, labels)
    return labels


def _merges(
    sums: FloatArray, counts: FloatArray, eigenvalues: FloatArray, least: float, n_clusters: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Pairs that are joined, in order, and their gains."""
    n, d = sums.shape
    merges, gains = np.empty((max(n - 1, 0), 2), np.int64), np.empty(max(n - 1, 0))
    if n < 2:
        return merges, gains
    # Side by side in blocks; what is padding is zero, and gains nothing.
    n_blocks, n_columns = -(-n // _evidence.BLOCK), -(-d // _STEP) * _STEP
    padded = _padded(sums, n_blocks * _evidence.BLOCK, n_columns)
    blocks = padded.reshape(n_blocks, _evidence.BLOCK, n_columns).transpose(0, 2, 1)
    n_merges = _evidence.agglomerate(
        _padded(counts, n_blocks * _evidence.BLOCK).reshape(n_blocks, _evidence.BLOCK),
        np.ascontiguousarray(blocks),
        _padded(eigenvalues.astype(sums.dtype), n_columns),
        n,
        least,
        n_clusters,
        merges,
        gains,
    )
    return merges[:n_merges], gains[:n_merges]


def _padded(values: FloatArray, *shape: int) -> FloatArray:
    """With zeros behind; np.pad takes several times as long."""
    found = np.zeros(shape, values.dtype)
    found[tuple(map(slice, values.shape))] = values
    return found


def sums_of_labels(
    values: FloatArray, labels: Labels, weights: FloatArray | None = None
) -> npt.NDArray[np.float64]:
    """Add up the rows of each label.

    Parameters
    ----------
    values : ndarray (n, d)
    labels : ndarray (n,), int64
        Numbers from 0.
    weights : ndarray (n,), optional
        Of the rows; default: 1.
    """
    total = np.zeros((int(labels.max(initial=-1)) + 1, values.shape[1]))
    for start in range(0, len(values), _ROWS):
        rows = start + np.argsort(labels[start : start + _ROWS], kind="stable")
        found, starts = np.unique(labels[rows], return_index=True)
        some = values[rows] if weights is None else values[rows] * weights[rows, None]
        total[found] += np.add.reduceat(some, starts, dtype=np.float64)
    return total
