"""Cosine similarity: all of it, or only the pairs that reach a threshold.

The paper's threshold on scores, lambda = -0.55, is "similarity >= 0.55" here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from trfast._checks import check_cosine, check_matrix
from trfast._ext import _cosine, _union_find
from trfast._threads import blas_limit, effective_n_threads, map_in_threads
from trfast.errors import ParameterError

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.int64]
Take = Callable[[IntArray, FloatArray], float]

ALL = slice(None)  # bands of rows
_TILE = _cosine.WIDTH * _cosine.HEIGHT

# Bytes bound products at four times the pace of float32; sums of more would pass 32 bits.
_BYTES = _cosine.HAS_INT8
_MOST_BYTES = 1 << 16

# Rows that are encoded at a time: they stay in the cache.
_BLOCK = 1024


def cosine_similarity(a: npt.ArrayLike, b: npt.ArrayLike | None = None) -> FloatArray:
    """Cosine of each row of `a` with each row of `b`.

    Parameters
    ----------
    a : array_like (n, d)
    b : array_like (m, d), optional
        Default: `a`.

    Returns
    -------
    ndarray (n, m)
        float32, or float64 if both are float64.

    Raises
    ------
    ParameterError
        If a row is zero, NaN or infinite, or the columns differ.

    Examples
    --------
    >>> cosine_similarity([[1, 0], [3, 4]], [[0, 2]]).round(3).tolist()
    [[0.0], [0.800000011920929]]
    """
    left = _unit_rows(a, "a")
    right = left if b is None else _unit_rows(b, "b", n_columns=left.shape[1])
    return left @ right.T


def edges_above(
    vectors: npt.ArrayLike,
    threshold: float,
    *,
    groups: IntArray | None = None,
    n_threads: int | None = None,
) -> tuple[IntArray, FloatArray]:
    """List the pairs of rows whose cosine reaches a threshold.

    Memory is that of the answer. An upper bound rules out all but few pairs; the cosines of
    the others are sums in double precision.

    Parameters
    ----------
    vectors : array_like (n, d)
    threshold : float
        Least cosine of a pair.
    groups : ndarray (n,), int64, optional
        Pairs of one group are left out.
    n_threads : int, optional
        Default: all cores this process may use. The result does not depend on it.

    Returns
    -------
    pairs : ndarray (m, 2), int64
        Pairs ``i < j``, sorted.
    similarities : ndarray (m,)
        Their cosines; float32, or float64 if the vectors are.

    Raises
    ------
    ParameterError
        If `threshold` is not in -1 to 1, or a row is zero, NaN or infinite.

    Examples
    --------
    >>> pairs, similarities = edges_above([[1, 0], [0, 1], [1, 1]], 0.5)
    >>> pairs.tolist(), similarities.round(2).tolist()
    ([[0, 2], [1, 2]], [0.7099999785423279, 0.7099999785423279])
    """
    check_cosine(threshold, "threshold")
    rows, norms = _rows(vectors, "vectors")
    bound = _bound(rows, norms, threshold)

    def edges_of_band(band: int) -> tuple[IntArray, FloatArray]:
        found = [
            (pairs.copy(), similarities.copy())
            for pairs, similarities in _each_of_band(rows, norms, bound, threshold, groups, band)
        ]
        pairs = np.concatenate([pairs for pairs, _ in found])
        order = np.argsort(pairs[:, 0], kind="stable")
        return pairs[order], np.concatenate([values for _, values in found])[order]

    bands = range(0, len(rows), _cosine.WIDTH)
    with blas_limit():
        edges = deque(map_in_threads(edges_of_band, bands, n_threads))
    # Each band is let go as it is copied, or the answer would be in memory twice.
    n_edges = sum(len(values) for _, values in edges)
    pairs, similarities = np.empty((n_edges, 2), dtype=np.int64), np.empty(n_edges, rows.dtype)
    start = 0
    while edges:
        band_pairs, band_similarities = edges.popleft()
        place = slice(start, start := start + len(band_pairs))
        pairs[place], similarities[place] = band_pairs, band_similarities
    return pairs, similarities


def sweep_above(
    vectors: npt.ArrayLike,
    threshold: float,
    take: Take,
    *,
    groups: IntArray | None = None,
    bands: slice = ALL,
    n_threads: int | None = None,
) -> None:
    """Hand on the pairs of rows whose cosine reaches a threshold, where no list may hold them all.

    Parameters
    ----------
    vectors : array_like (n, d)
    threshold : float
        Least cosine of a pair.
    take : callable
        Called with pairs ``i < j`` in no order, an array (m, 2) of int64, and their cosines, as
        `edges_above` gives them; both are written over afterwards. Returns the least cosine that is
        wanted from now on: it may rise. Threads call it side by side.
    groups : ndarray (n,), int64, optional
        Pairs of one group are left out.
    bands : slice
        Of the bands of rows, those to take; each is compared with itself and all rows after it.
    n_threads : int, optional
        Default: all cores this process may use.

    Raises
    ------
    ParameterError
        As `edges_above`.

    Examples
    --------
    >>> found = []
    >>> def take(pairs, similarities):
    ...     found.extend(pairs.tolist())
    ...     return 0.5
    >>> sweep_above([[1, 0], [0, 1], [1, 1]], 0.5, take)
    >>> found
    [[0, 2], [1, 2]]
    """
    check_cosine(threshold, "threshold")
    rows, norms = _rows(vectors, "vectors")
    bound, wanted = _bound(rows, norms, threshold), [threshold]

    def sweep_band(band: int) -> None:
        least = max(wanted)
        higher = bound.raised(least - threshold)
        for pairs, similarities in _each_of_band(rows, norms, higher, least, groups, band):
            if len(pairs):
                wanted[0] = take(pairs, similarities)

    with blas_limit():
        map_in_threads(sweep_band, range(0, len(rows), _cosine.WIDTH)[bands], n_threads)


def _each_of_band(
    rows: FloatArray,
    norms: npt.NDArray[np.float64],
    bound: _Bound,
    threshold: float,
    groups: IntArray | None,
    band: int,
) -> Iterator[tuple[IntArray, FloatArray]]:
    """Yield the pairs of the rows from `band` on with those from there on, in arrays that are
    written over."""
    pairs = np.empty((2 * _TILE, 2), dtype=np.int64)
    similarities = np.empty(len(pairs), dtype=rows.dtype)
    groups = np.empty(0, np.int64) if groups is None else groups
    first = band
    while first < len(rows):
        count, first = _cosine.edges_of_band(
            rows, norms, threshold, *bound, groups, band, first, pairs, similarities
        )
        yield pairs[:count], similarities[:count]


def cosine_components(
    vectors: npt.ArrayLike, threshold: float, *, n_threads: int | None = None
) -> IntArray:
    """Connected components of the rows whose cosine reaches a threshold.

    The same as `edges_above` and `trfast.clustering.connected_components`, without the list
    of pairs: the product, the scan and the union-find are one kernel.

    Parameters
    ----------
    vectors : array_like (n, d)
    threshold : float
        Least cosine of a pair.
    n_threads : int, optional
        Default: all cores this process may use. The result does not depend on it.

    Returns
    -------
    ndarray (n,), int64
        Component of each row, numbered in order of first appearance.

    Raises
    ------
    ParameterError
        If `threshold` is not in -1 to 1, or a row is zero, NaN or infinite.

    Examples
    --------
    >>> cosine_components([[1, 0], [0, 1], [2, 1], [-1, 0]], 0.8).tolist()
    [0, 1, 0, 2]
    """
    return _components(vectors, threshold, effective_n_threads(n_threads))[0]


def _components(vectors: npt.ArrayLike, threshold: float, n_threads: int) -> tuple[IntArray, int]:
    """Return the labels, and how many cosines were computed in full."""
    check_cosine(threshold, "threshold")
    rows, norms = _rows(vectors, "vectors")
    labels = np.empty(len(rows), dtype=np.int64)
    if len(rows) == 0:
        return labels, 0
    bound = _bound(rows, norms, threshold)
    parent = np.arange(len(rows))
    with blas_limit():
        n_cosines = _cosine.components(rows, norms, threshold, *bound, parent, n_threads)
    _union_find.number_components(parent, labels)
    return labels, n_cosines


class _Bound(NamedTuple):
    """Codes of rows, padded with zeros to a multiple of 32 rows.

    Rows i and j can only reach the threshold if ``codes[i] @ codes[j] * scales[i] >= least[j]``.
    """

    codes: npt.NDArray[Any]
    offsets: npt.NDArray[np.int32]
    least: npt.NDArray[np.float32]
    scales: npt.NDArray[np.float32]

    def raised(self, by: float) -> _Bound:
        """The bound of a threshold that is higher by so much, less what rounding may add."""
        if by <= 0:
            return self
        with np.errstate(divide="ignore"):  # of the padding, where it stays infinite
            rise = np.float32(by - 4 * np.finfo(np.float32).eps) / self.scales
        return self._replace(least=self.least + np.maximum(rise, 0))


def _bound(rows: FloatArray, norms: npt.NDArray[np.float64], threshold: float) -> _Bound:
    """Encode the rows: as bytes where the processor multiplies those fast, or as float32.

    A unit vector x becomes codes x' with an error e, and the product of two of them is at most
    ``x' @ y' + |e_x| + (1 + |e_x|) |e_y|``. Rounding adds less than d + 50 units in the last
    place of 1.
    """
    n, d = rows.shape
    if _BYTES and d <= _MOST_BYTES:
        codes = np.zeros((-(-n // 32) * 32, -(-d // 4) * 4), dtype=np.int8)
    else:
        codes = np.zeros((-(-n // 32) * 32, d), dtype=np.float32)
    scales = np.zeros(len(codes), dtype=np.float32)
    largest_error = 0.0
    for start in range(0, n, _BLOCK):
        block = slice(start, min(start + _BLOCK, n))
        unit = (rows[block] / norms[block, None]).astype(np.float32)
        if codes.dtype == np.float32:
            codes[block], scales[block] = unit, 1
            continue
        scales[block] = np.abs(unit).max(axis=1) / 127
        code = np.rint(unit / scales[block, None])
        codes[block, :d] = code
        errors = np.linalg.norm(unit - code * scales[block, None], axis=1)
        largest_error = max(largest_error, float(errors.max()))
    slack = 2 * largest_error + largest_error**2 + (d + 50) * np.finfo(np.float32).eps
    least = np.full(len(codes), np.inf, dtype=np.float32)
    least[:n] = (threshold - slack) / scales[:n]
    return _Bound(codes, -128 * codes.sum(axis=1, dtype=np.int32), least, scales)


def _rows(
    vectors: npt.ArrayLike, name: str, *, n_columns: int | None = None
) -> tuple[FloatArray, npt.NDArray[np.float64]]:
    """Return the rows and their lengths; float64 stays, all else becomes float32."""
    dtype = np.float64 if getattr(vectors, "dtype", None) == np.float64 else np.float32
    rows = check_matrix(vectors, name, n_columns=n_columns, dtype=dtype, summed_in=np.float64)
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    if not norms.all():
        raise ParameterError(
            f"row {int(np.argmin(norms))} of {name} is zero and has no direction; leave it out"
        )
    return rows, norms


def _unit_rows(vectors: npt.ArrayLike, name: str, *, n_columns: int | None = None) -> FloatArray:
    rows, norms = _rows(vectors, name, n_columns=n_columns)
    return (rows / norms[:, None]).astype(rows.dtype)
