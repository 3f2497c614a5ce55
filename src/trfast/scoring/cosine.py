"""Cosine similarity: all of it, or only the pairs that reach a threshold.

The paper's threshold on scores, lambda = -0.55, is "similarity >= 0.55" here.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trfast._checks import check_matrix
from trfast._ext import _cosine, _union_find
from trfast._threads import blas_limit, effective_n_threads
from trfast.errors import ParameterError

# Rows in a tile of the blocked product: a tile and its rows stay in the L2 cache.
_BLOCK = 384


def cosine_similarity(a: npt.ArrayLike, b: npt.ArrayLike | None = None) -> npt.NDArray[np.floating]:
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
    left = unit_rows(a, "a")
    right = left if b is None else unit_rows(b, "b", n_columns=left.shape[1])
    return left @ right.T


def edges_above(
    vectors: npt.ArrayLike, threshold: float, *, block: int = _BLOCK
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.floating]]:
    """List the pairs of rows whose cosine reaches a threshold.

    Works on one tile of the product at a time: memory is that of the answer.

    Parameters
    ----------
    vectors : array_like (n, d)
    threshold : float
        Least cosine of a pair.
    block : int
        Rows and columns of a tile.

    Returns
    -------
    pairs : ndarray (m, 2), int64
        Pairs ``i < j``, sorted.
    similarities : ndarray (m,)
        Their cosines; float32, or float64 if the vectors are.

    Raises
    ------
    ParameterError
        If a row is zero, NaN or infinite.

    Examples
    --------
    >>> pairs, similarities = edges_above([[1, 0], [0, 1], [1, 1]], 0.5)
    >>> pairs.tolist(), similarities.round(2).tolist()
    ([[0, 2], [1, 2]], [0.7099999785423279, 0.7099999785423279])
    """
    rows = unit_rows(vectors, "vectors")
    if block < 1:
        raise ParameterError(f"block must be at least 1, got {block}")
    tile = np.empty((block, block), dtype=rows.dtype)
    tile_pairs = np.empty((tile.size, 2), dtype=np.int64)
    tile_similarities = np.empty(tile.size, dtype=rows.dtype)
    pairs, similarities = [tile_pairs[:0]], [tile_similarities[:0]]
    with blas_limit():
        for first_row in range(0, len(rows), block):
            band_pairs, band_similarities = [], []
            for first_column in range(first_row, len(rows), block):
                count = _cosine.edges_of_tile(
                    rows, first_row, first_column, threshold, tile, tile_pairs, tile_similarities
                )
                band_pairs.append(tile_pairs[:count].copy())
                band_similarities.append(tile_similarities[:count].copy())
            band = np.concatenate(band_pairs)
            order = np.argsort(band[:, 0], kind="stable")
            pairs.append(band[order])
            similarities.append(np.concatenate(band_similarities)[order])
    return np.concatenate(pairs), np.concatenate(similarities)


def cosine_components(
    vectors: npt.ArrayLike, threshold: float, *, n_threads: int | None = None
) -> npt.NDArray[np.int64]:
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
        If a row is zero, NaN or infinite.

    Examples
    --------
    >>> cosine_components([[1, 0], [0, 1], [2, 1], [-1, 0]], 0.8).tolist()
    [0, 1, 0, 2]
    """
    rows = unit_rows(vectors, "vectors")
    labels = np.empty(len(rows), dtype=np.int64)
    if len(rows) == 0:
        return labels
    threads = effective_n_threads(n_threads)
    parents = np.tile(np.arange(len(rows)), (threads, 1))
    tiles = np.empty((threads, _BLOCK, _BLOCK), dtype=rows.dtype)
    with blas_limit():
        _cosine.components(rows, threshold, tiles, parents)
    for parent in parents[1:]:
        _union_find.unite(np.stack([np.arange(len(rows)), parent], axis=1), parents[0])
    _union_find.number_components(parents[0], labels)
    return labels


def unit_rows(
    vectors: npt.ArrayLike, name: str, *, n_columns: int | None = None
) -> npt.NDArray[np.floating]:
    """Scale each row to length 1; a float64 array stays float64, all else becomes float32.

    Raises
    ------
    ParameterError
        If a row is zero, NaN or infinite.

    Examples
    --------
    >>> unit_rows([[3.0, 4.0]], "vectors").dtype
    dtype('float32')
    """
    dtype = np.float64 if getattr(vectors, "dtype", None) == np.float64 else np.float32
    rows = check_matrix(vectors, name, n_columns=n_columns, dtype=dtype)
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    if not norms.all():
        raise ParameterError(
            f"row {int(np.argmin(norms))} of {name} is zero and has no direction; leave it out"
        )
    unit: npt.NDArray[np.floating] = (rows / norms[:, None]).astype(dtype)
    return unit
