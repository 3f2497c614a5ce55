"""Pairs of rows that reach a threshold, where a score is a product and terms of either row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._ext import _cosine
from trfast._threads import blas_limit, map_in_threads
from trfast.scoring.cosine import ALL, Take

FloatArray = npt.NDArray[Any]
IntArray = npt.NDArray[np.int64]

# Bytes bound products at four times the pace of float32; sums of more would pass 32 bits.
_BYTES, _MOST_BYTES = _cosine.HAS_INT8, 1 << 16
# Rows that are encoded, and pairs that are scored, at a time.
_ROWS, _PAIRS = 1024, 20_000
# Where one pair of so many is looked at, products of all are quicker.
_DENSE = 100
_TILE = _cosine.WIDTH * _cosine.HEIGHT


@dataclass(frozen=True, eq=False)
class Products:
    """Rows i and j score ``(rows[i] @ rows[j] + own[i] + own[j]) * (weights[i] + weights[j]) -
    levels[i] - levels[j]``.

    Parameters
    ----------
    rows : ndarray (n, d)
        float32 or float64.
    own : ndarray (n,)
    weights : ndarray (n,)
        Above 0.
    levels : ndarray (n,)
    """

    rows: FloatArray
    own: FloatArray
    weights: FloatArray
    levels: FloatArray

    def scores(self, pairs: IntArray, products: FloatArray | None = None) -> FloatArray:
        """Score of each pair, (m,), of the type of the rows; `products` of the rows, if known."""
        i, j = pairs.T
        if products is None:
            products = np.empty(len(pairs), self.rows.dtype)
            for start in range(0, len(pairs), _PAIRS):
                some = slice(start, start + _PAIRS)
                np.einsum("ij,ij->i", self.rows[i[some]], self.rows[j[some]], out=products[some])
        found = (products + self.own[i] + self.own[j]) * (self.weights[i] + self.weights[j])
        return np.asarray(found - self.levels[i] - self.levels[j], self.rows.dtype)

    def sweep_above(
        self,
        threshold: float,
        take: Take,
        *,
        groups: IntArray | None = None,
        bands: slice = ALL,
        n_threads: int | None = None,
    ) -> None:
        """Hand on the pairs of at least this score; see `trfast.scoring.cosine.sweep_above`.

        An upper bound rules out all but few pairs: of bands of rows whose terms are alike.

        Examples
        --------
        >>> x, one = np.eye(3, 2), np.ones(3)
        >>> found = []
        >>> def take(pairs, scores):
        ...     found.extend(zip(pairs.tolist(), scores.tolist()))
        ...     return 0.5
        >>> Products(x, own=0.25 * one, weights=0.5 * one, levels=0 * one).sweep_above(0.5, take)
        >>> sorted(found)
        [([0, 1], 0.5), ([0, 2], 0.5), ([1, 2], 0.5)]
        """
        n = len(self.rows)
        if n == 0:
            return
        centred = self._centred()
        order = centred._order(threshold)
        bound, wanted = _Bound(centred, order), [threshold]

        def sweep_band(band: int) -> None:
            pairs, first = np.empty((2 * _TILE, 2), np.int64), band
            least = bound.least(max(wanted), band)
            rows = order[band : band + _cosine.WIDTH]
            while first < n:
                start = first
                count, first = _cosine.candidates_of_band(
                    bound.codes, bound.offsets, least, bound.scales, n, band, first, pairs
                )
                if groups is not None:
                    kept = groups[order[pairs[:count, 0]]] != groups[order[pairs[:count, 1]]]
                    count = int(kept.sum())
                    pairs[:count] = pairs[: len(kept)][kept]
                i, j = order[pairs[:count]].T
                products = None
                if _DENSE * count > len(rows) * (first - start):
                    block = self.rows[rows] @ self.rows[order[start:first]].T
                    products = block[pairs[:count, 0] - band, pairs[:count, 1] - start]
                near = np.column_stack([np.minimum(i, j), np.maximum(i, j)])
                scores = self.scores(near, products)
                enough = scores >= max(wanted)
                if enough.any():
                    wanted[0] = take(near[enough], scores[enough])

        with blas_limit():
            map_in_threads(sweep_band, range(0, n, _cosine.WIDTH)[bands], n_threads)

    def _centred(self) -> Products:
        """The same scores by shorter rows, of which codes say more, and lower levels, which bands
        tell apart better: what all have in common goes into a term of each."""
        mean = self.rows.mean(axis=0, dtype=np.float64)
        shared = self.rows @ mean - mean @ mean / 2
        rows = self.rows - mean.astype(self.rows.dtype)
        level = self.levels.sum() / self.weights.sum()
        return Products(
            rows,
            self.own + shared - level / 2,
            self.weights,
            self.levels - level * self.weights,
        )

    def _order(self, threshold: float) -> IntArray:
        """The rows, those side by side whose terms are alike: by weight in some groups, there by
        the product that a score as high as the threshold needs."""
        n = len(self.rows)
        weights, levels = np.median(self.weights), np.median(self.levels)
        needed = (threshold + self.levels + levels) / (self.weights + weights) - self.own
        n_groups = max(1, int((n / _cosine.WIDTH) ** 0.5))
        rank = np.empty(n, np.int64)
        rank[np.argsort(self.weights, kind="stable")] = np.arange(n)
        return np.lexsort((needed, rank * n_groups // n))


class _Bound:
    """Codes of rows in some order, padded with zeros to a multiple of 32, and what is needed of
    their products: rows i of a band and j can only reach a threshold if ``codes[i] @ codes[j] *
    scales[i] >= least[j]``.

    A row x becomes codes x' with an error e, and the product of two of them is at most
    ``x' @ y' + |x'| |e_y| + |e_x| |y'| + |e_x| |e_y|``.
    """

    def __init__(self, products: Products, order: IntArray) -> None:
        n, d = products.rows.shape
        size = -(-n // 32) * 32
        as_bytes = _BYTES and d <= _MOST_BYTES
        self.codes: npt.NDArray[Any] = (
            np.zeros((size, -(-d // 4) * 4), np.int8)
            if as_bytes
            else np.zeros((size, d), np.float32)
        )
        self.scales = np.zeros(size, np.float32)
        self._lengths, self._errors = np.zeros(n), np.zeros(n)  # of what the codes stand for
        for start in range(0, n, _ROWS):
            block = slice(start, min(start + _ROWS, n))
            rows = np.asarray(products.rows[order[block]], np.float32)
            scales = np.ones(len(rows), np.float32)
            if as_bytes:
                scales = np.maximum(np.abs(rows).max(axis=1), 1e-30) / np.float32(127)
            codes = np.rint(rows / scales[:, None]) if as_bytes else rows
            self.codes[block, :d], self.scales[block] = codes, scales
            self._lengths[block] = np.linalg.norm(codes * scales[:, None], axis=1)
            self._errors[block] = np.linalg.norm(rows - codes * scales[:, None], axis=1)
        self.offsets = (
            -128 * self.codes.sum(axis=1, dtype=np.int32) if as_bytes else np.zeros(size, np.int32)
        )
        self._own, self._weights, self._levels = (
            np.asarray(term[order], np.float64)
            for term in (products.own, products.weights, products.levels)
        )
        self._rounding = (d + 50) * float(np.finfo(np.float32).eps)

    def least(self, threshold: float, band: int) -> npt.NDArray[np.float32]:
        """What the rows of a band need with each row."""
        n = len(self._own)
        rows = slice(band, band + _cosine.WIDTH)
        high = threshold + self._levels[rows].min() + self._levels
        weights = np.where(high >= 0, self._weights[rows].max(), self._weights[rows].min())
        own = self._own + self._own[rows].max()
        needed = high / (weights + self._weights) - own
        length, error = self._lengths[rows].max(), self._errors[rows].max()
        slack = length * self._errors + error * (self._lengths + self._errors)
        slack += self._rounding * (length * self._lengths + np.abs(needed) + np.abs(own))
        least = np.full(len(self.scales), np.inf, np.float32)
        least[:n] = (needed - slack) / self.scales[:n]
        return least
