"""Scores: the similarities of rows by a back-end, computed where they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Protocol

import numpy as np
import numpy.typing as npt

from trfast._threads import blas_limit, map_in_threads
from trfast.errors import ParameterError
from trfast.scoring.cosine import ALL, Take, edges_above, sweep_above
from trfast.scoring.estimators import Estimator
from trfast.scoring.normalization import LengthNorm
from trfast.scoring.own import OwnEstimator, Score
from trfast.scoring.plda import Plda
from trfast.scoring.products import Products
from trfast.scoring.snorm import normalized

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.int64]

# Rows and columns of the scores of one's own that are in memory at a time.
_BLOCK = 1024
# Rows of which all scores may be in memory, where there are no factors of them.
_MOST_ROWS = 4096


class _Backend(Protocol):
    """What of a `Backend`, which makes them, scores need."""

    @property
    def name(self) -> str: ...
    @property
    def estimator(self) -> Estimator | OwnEstimator | None: ...
    @property
    def is_own(self) -> bool: ...
    @property
    def is_cosine(self) -> bool: ...
    def similarity(self, a: npt.ArrayLike, b: npt.ArrayLike | None = None) -> FloatArray: ...


@dataclass(frozen=True, eq=False)
class Scores:
    """Similarities of rows.

    Parameters
    ----------
    backend : Backend
    rows : ndarray (n, k)
        As ``backend.project`` gives them.
    of_cohort : ndarray (2, n), optional
        Mean and deviation of each row's similarities to the cohort, by which all are normalized.
    """

    backend: _Backend
    rows: FloatArray
    of_cohort: FloatArray | None = None

    def between(self, a: slice | IntArray, b: slice | IntArray) -> FloatArray:
        """Scores of some rows with others, a matrix."""
        scores = self.backend.similarity(self.rows[a], self.rows[b])
        if self.of_cohort is None:
            return scores
        return normalized(scores, self.of_cohort[:, a], self.of_cohort[:, b])

    def factors(self) -> tuple[FloatArray, FloatArray]:
        """Return two rows for each row, whose products are the scores; sums of them add up scores.

        Returns
        -------
        left, right : ndarray (n, m)
            The score of rows i and j is ``left[i] @ right[j]``, and ``left[j] @ right[i]``.

        Raises
        ------
        ParameterError
            If a score of one's own has no factors, and there are too many rows.
        """
        estimator = self.backend.estimator
        if isinstance(estimator, Plda) and not self.backend.is_own:
            left, right = estimator.factors_of_projected(self.rows)
        elif isinstance(estimator, Score):
            left, right = self._own_factors(estimator)
        else:
            left = right = LengthNorm().fit_transform(self.rows) if len(self.rows) else self.rows
        if self.of_cohort is None:
            return left, right
        mean, deviation = self.of_cohort.astype(left.dtype)
        half = (0.5 / deviation)[:, None]
        mean = -mean[:, None] * half
        one = np.ones_like(mean)
        return np.hstack([left * half, left, mean, one]), np.hstack(
            [right, right * half, one, mean]
        )

    def _own_factors(self, estimator: Score) -> tuple[FloatArray, FloatArray]:
        factors = getattr(estimator, "factors", None)
        if factors is not None:
            left, right = factors(self.rows)
            return np.asarray(left), np.asarray(right)
        if len(self.rows) > _MOST_ROWS:
            raise ParameterError(
                f"average linkage of {len(self.rows)} rows by {self.backend.name!r}: it takes"
                f" {_MOST_ROWS} at most, of a score that has no factors. Give the estimator"
                " factors(rows), or take connected components or complete linkage"
            )
        # The scores themselves.
        scores = self.backend.similarity(self.rows)
        return scores, np.eye(len(scores), dtype=scores.dtype)

    def edges_above(
        self,
        threshold: float,
        *,
        groups: IntArray | None = None,
        n_threads: int | None = 1,
        executor: Executor | None = None,
    ) -> tuple[IntArray, FloatArray]:
        """List the pairs of at least this score; see `Backend.edges_above`. Pairs of one of
        `groups` are left out. An executor takes the place of threads, unless an estimator of one's
        own lists its pairs itself."""
        if self.of_cohort is None:
            own = getattr(self.backend.estimator, "edges_above", None)
            if own is not None and not self.backend.is_cosine:
                pairs, similarities = own(self.rows, threshold, n_threads=n_threads)
                apart = slice(None) if groups is None else np.diff(groups[pairs])[:, 0] != 0
                return pairs[apart], similarities[apart]
            if self.backend.is_cosine and executor is None:
                return edges_above(self.rows, threshold, groups=groups, n_threads=n_threads)
        n_parts, n_threads = (
            (1, n_threads) if executor is None else (max(1, -(-len(self.rows) // _BLOCK)), 1)
        )
        listed = partial(_listed, self, threshold, groups, n_parts, n_threads)
        found = list(chain.from_iterable(map_in_threads(listed, range(n_parts), 1, executor)))
        if not found:
            return np.empty((0, 2), np.int64), np.empty(0, self.rows.dtype)
        pairs, similarities = (np.concatenate(parts) for parts in zip(*found, strict=True))
        order = np.lexsort((pairs[:, 1], pairs[:, 0]))
        return pairs[order], similarities[order]

    def sweep_above(
        self,
        threshold: float,
        take: Take,
        *,
        groups: IntArray | None = None,
        bands: slice = ALL,
        n_threads: int | None = 1,
    ) -> None:
        """Hand on the pairs of at least this score; see `trfast.scoring.cosine.sweep_above`."""
        if self.backend.is_cosine and self.of_cohort is None:
            sweep: Callable[..., None] = partial(sweep_above, self.rows)
        elif self.backend.is_own and isinstance(self.backend.estimator, Score):
            sweep = self._sweep_blocks
        else:
            sweep = self._products().sweep_above
        sweep(threshold, take, groups=groups, bands=bands, n_threads=n_threads)

    def _sweep_blocks(
        self,
        threshold: float,
        take: Take,
        *,
        groups: IntArray | None,
        bands: slice,
        n_threads: int | None,
    ) -> None:
        """Of a score of one's own, which is no product that is known of."""
        n, wanted = len(self.rows), [threshold]
        blocks = [slice(k, min(k + _BLOCK, n)) for k in range(0, n, _BLOCK)]

        def sweep_band(band: int) -> None:
            rows = blocks[band]
            for others in blocks[band:]:
                scores = self.between(rows, others)
                enough = scores >= max(wanted)
                if groups is not None:
                    enough &= groups[rows, None] != groups[others]
                i, j = np.nonzero(np.triu(enough, 1) if rows == others else enough)
                if len(i):
                    pairs = np.column_stack([i + rows.start, j + others.start])
                    wanted[0] = take(pairs, scores[i, j])

        with blas_limit():
            map_in_threads(sweep_band, range(len(blocks))[bands], n_threads)

    def _products(self) -> Products:
        n = len(self.rows)
        if isinstance(self.backend.estimator, Plda):
            rows, own = self.backend.estimator.terms_of_projected(self.rows)
        else:
            rows, own = LengthNorm().fit_transform(self.rows) if n else self.rows, np.zeros(n)
        if self.of_cohort is None:
            return Products(rows, own, np.full(n, 0.5), np.zeros(n))
        mean, deviation = self.of_cohort
        return Products(rows, own, 0.5 / deviation, 0.5 * mean / deviation)


def _listed(
    scores: Scores,
    threshold: float,
    groups: IntArray | None,
    n_parts: int,
    n_threads: int | None,
    part: int,
) -> list[tuple[IntArray, FloatArray]]:
    """List the pairs of every so many bands of rows, in no order."""
    found: list[tuple[IntArray, FloatArray]] = []

    def take(pairs: IntArray, values: FloatArray) -> float:
        found.append((pairs.copy(), values.copy()))
        return threshold

    bands = slice(part, None, n_parts)
    scores.sweep_above(threshold, take, groups=groups, bands=bands, n_threads=n_threads)
    return found
