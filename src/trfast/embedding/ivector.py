"""Total variability: Baum-Welch statistics -> i-vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import scipy

from trfast._checks import check_integer, check_places, check_random_state, check_type
from trfast._estimators import Transformer, check_is_fitted
from trfast._ext import _ivector
from trfast._threads import blas_limit, effective_n_threads
from trfast.embedding.gmm import BaumWelchStatistics, DiagonalGmm
from trfast.errors import ModelError, ParameterError

FloatArray = npt.NDArray[Any]

# Segments whose packed second moments are in memory at a time (82 MB at rank 200).
_CHUNK = 4 * _ivector.BATCH


@dataclass(frozen=True, eq=False)
class ProjectedStatistics:
    """All that the i-vectors of segments depend on; it adds up over segments.

    Parameters
    ----------
    zeroth : ndarray (n_segments, n_components)
        Zeroth-order Baum-Welch statistics ``N``.
    first : ndarray (n_segments, rank)
        Centred first-order ones, projected: ``T' S^-1 (F - N m)``.
    """

    zeroth: FloatArray
    first: FloatArray

    def __len__(self) -> int:
        return len(self.zeroth)

    def grouped(self, groups: npt.NDArray[np.int64], n_groups: int) -> ProjectedStatistics:
        """Return the sums over segments of the same group (numbers from 0)."""
        groups = check_places(groups, "groups", len(self), "a row", n_groups)
        zeroth = np.zeros((n_groups, self.zeroth.shape[1]))
        first = np.zeros((n_groups, self.first.shape[1]))
        np.add.at(zeroth, groups, self.zeroth)
        np.add.at(first, groups, self.first)
        return ProjectedStatistics(zeroth.astype(self.zeroth.dtype), first.astype(self.first.dtype))


class TotalVariability(Transformer):
    """Total variability model, trained by EM with minimum divergence.

    A segment's supervector is ``m + T w`` with a standard normal ``w``; its i-vector is the
    posterior mean of ``w`` [1]_.

    Parameters
    ----------
    ubm : DiagonalGmm
        Fitted UBM; its means and variances are those of the model.
    rank : int
        Dimension of the i-vectors.
    n_iterations : int
        EM iterations.
    minimum_divergence : bool
        After each iteration, give ``w`` a standard normal distribution over the training
        segments again.
    random_state : int
        Seed of the starting matrix.
    n_threads : int or None
        Threads; None takes all cores. The result does not depend on it.

    Attributes
    ----------
    matrix_ : ndarray (n_components, n_features, rank), float32
        Total variability matrix ``T``, a block a Gaussian.

    References
    ----------
    .. [1] N. Dehak, P. Kenny, R. Dehak, P. Dumouchel, P. Ouellet, "Front-End Factor
       Analysis for Speaker Verification", IEEE TASLP 19(4), 2011.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(2000, 3)).astype(np.float32)
    >>> ubm = DiagonalGmm(n_components=4).fit(x)
    >>> segments = ubm.statistics(x, np.arange(0, 2001, 100))
    >>> model = TotalVariability(ubm=ubm, rank=2).fit(segments)
    >>> model.transform(segments).shape
    (20, 2)
    >>> speakers = np.arange(20) % 5
    >>> model.transform(model.project(segments).grouped(speakers, 5)).shape
    (5, 2)
    """

    def __init__(
        self,
        *,
        ubm: DiagonalGmm,
        rank: int = 200,
        n_iterations: int = 10,
        minimum_divergence: bool = True,
        random_state: int = 0,
        n_threads: int | None = None,
    ) -> None:
        self.ubm = ubm
        self.rank = rank
        self.n_iterations = n_iterations
        self.minimum_divergence = minimum_divergence
        self.random_state = random_state
        self.n_threads = n_threads

    def fit(
        self,
        X: BaumWelchStatistics | Sequence[BaumWelchStatistics],
        y: object = None,  # noqa: ARG002
        *,
        callback: Callable[[int], None] | None = None,
    ) -> Self:
        """Train on the statistics of segments.

        Parameters
        ----------
        X : BaumWelchStatistics, or a sequence of such
            Read once an iteration; a sequence may load them from disk one at a time.
        y : ignored
        callback : callable, optional
            Called with the number of each finished iteration.

        Raises
        ------
        ModelError
            If there are no more segments than the rank.
        """
        check_type(self.ubm, DiagonalGmm, "ubm")
        check_is_fitted(self.ubm, "means_")
        check_integer(self.rank, "rank", least=1)
        check_integer(self.n_iterations, "n_iterations", least=0)
        check_random_state(self.random_state)
        batches = [X] if isinstance(X, BaumWelchStatistics) else X
        hint = "give BaumWelchStatistics, or a list of them"
        check_type(batches, Sequence, "X", hint=hint)  # type: ignore[type-abstract]
        n_segments = sum(len(batch) for batch in batches)
        if n_segments <= self.rank:
            raise ModelError(
                f"{n_segments} segments cannot train total variability of rank {self.rank};"
                " give more recordings or ask for a lower rank"
            )
        c, d = self.ubm.means_.shape
        rng = np.random.default_rng(self.random_state)
        start = rng.normal(size=(c, d, self.rank)) * np.sqrt(self.ubm.variances_)[:, :, None]
        self.matrix_ = (0.1 * start).astype(np.float32)
        for iteration in range(self.n_iterations):
            self._em_step(batches)
            if callback:
                callback(iteration + 1)
        return self

    def project(self, X: BaumWelchStatistics) -> ProjectedStatistics:
        """Return what the i-vectors of the segments depend on, of the type of the statistics."""
        check_is_fitted(self, "matrix_")
        check_type(X, BaumWelchStatistics, "X", hint="DiagonalGmm.statistics makes them")
        dtype = np.result_type(X.zeroth, np.float32)
        counts, first = self._rows(X, slice(None), dtype)
        projected = self._projected(counts, first, self._prepared_arguments(dtype))
        return ProjectedStatistics(counts[:, :-1], projected)

    def transform(self, X: BaumWelchStatistics | ProjectedStatistics) -> FloatArray:
        """Return the i-vectors, (n_segments, rank), of the type of the statistics."""
        check_is_fitted(self, "matrix_")
        projected = X if isinstance(X, ProjectedStatistics) else self.project(X)
        shape = projected.zeroth.shape[1], projected.first.shape[1]
        if shape != (len(self.matrix_), self.rank):
            raise ParameterError(
                f"projected statistics of {shape[0]} Gaussians and rank {shape[1]} do not fit"
                f" total variability of {len(self.matrix_)} Gaussians and rank {self.rank}"
            )
        dtype = np.result_type(projected.zeroth, np.float32)
        mean = np.array(projected.first, dtype=dtype, order="C")
        products = self._prepared_arguments(dtype)[2]
        self._solve(_with_prior(projected.zeroth, dtype), mean, products, None)
        return mean

    def _em_step(self, batches: Iterable[BaumWelchStatistics]) -> None:
        """One EM iteration: Dehak et al., then minimum divergence."""
        means = self.ubm.means_
        (c, d), rank = means.shape, self.rank
        n_segments, moment_sums, projection_sums, count_sums = self._accumulate(batches)
        matrix = np.empty((c, d, rank))
        with blas_limit():
            for k in range(c):
                # Gaussians that no segment reached keep a zero row rather than a singular one.
                system = _unpacked(moment_sums[k], rank)
                system.flat[:: rank + 1] += 1e-12 * (1 + np.trace(system) / rank)
                centre = np.outer(count_sums[:, k], means[k])
                rows = projection_sums[:, k * d : (k + 1) * d] - centre
                matrix[k] = scipy.linalg.solve(system, rows, assume_a="pos", lower=True).T
            if self.minimum_divergence:
                # The prior keeps its zero mean, so the second moment is not centred.
                matrix = matrix @ np.linalg.cholesky(_unpacked(moment_sums[c] / n_segments, rank))
        self.matrix_ = matrix.astype(self.matrix_.dtype)

    def _accumulate(
        self, batches: Iterable[BaumWelchStatistics]
    ) -> tuple[int, FloatArray, FloatArray, FloatArray]:
        """Sum the E-step's statistics over segments.

        Returns
        -------
        n_segments : int
        moment_sums : ndarray (c + 1, p), float64
            ``sum_s N_c E[w w']``, packed; in the last row ``sum_s E[w w']``.
        projection_sums : ndarray (rank, c d), float64
            ``sum_s w F'``, not centred.
        count_sums : ndarray (rank, c + 1), float64
            ``sum_s w N'``.
        """
        c, d = self.ubm.means_.shape
        rank, n_packed = self.rank, self.rank * (self.rank + 1) // 2
        dtype = self.matrix_.dtype
        arguments = self._kernel_arguments(dtype)
        moment = np.empty((_CHUNK // _ivector.BATCH, n_packed, _ivector.BATCH), dtype=dtype)
        n_threads = effective_n_threads(self.n_threads)
        n_segments = 0
        moment_sums = np.zeros((c + 1, n_packed))
        projection_sums = np.zeros((rank, c * d))
        count_sums = np.zeros((rank, c + 1))
        for batch in batches:
            n_segments += len(batch)
            for start in range(0, len(batch), _CHUNK):
                counts, first = self._rows(batch, slice(start, start + _CHUNK), dtype)
                mean = self._projected(counts, first, arguments)
                self._solve(counts, mean, arguments[2], moment)
                with blas_limit():
                    _ivector.add_moments(counts, moment, moment_sums, n_threads)
                    _ivector.add_products(mean, first, projection_sums, n_threads)
                    _ivector.add_products(mean, counts, count_sums, n_threads)
        return n_segments, moment_sums, projection_sums, count_sums

    def _rows(
        self, statistics: BaumWelchStatistics, rows: slice, dtype: npt.DTypeLike
    ) -> tuple[FloatArray, FloatArray]:
        """Zeroth-order statistics with a one for the prior (n, c + 1), first-order (n, c d)."""
        c, d = self.ubm.means_.shape
        check_type(statistics, BaumWelchStatistics, "X")
        if statistics.first.shape[1:] != (c, d):
            raise ParameterError(
                f"statistics of shape {statistics.first.shape[1:]} do not fit a UBM of"
                f" shape {(c, d)}"
            )
        counts = _with_prior(statistics.zeroth[rows], dtype)
        first = np.ascontiguousarray(statistics.first[rows], dtype=dtype)
        return counts, first.reshape(len(counts), c * d)

    def _prepared_arguments(
        self, dtype: npt.DTypeLike
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """`_kernel_arguments`, kept as long as the matrix is the same."""
        matrix, kept_dtype, arguments = getattr(self, "_prepared", (None, None, None))
        if arguments is None or matrix is not self.matrix_ or kept_dtype != dtype:
            arguments = self._kernel_arguments(dtype)
            self._prepared = (self.matrix_, dtype, arguments)
        return arguments

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_prepared"}

    def _kernel_arguments(self, dtype: npt.DTypeLike) -> tuple[FloatArray, FloatArray, FloatArray]:
        """S_c^-1 T_c (c, d, rank), m_c' of it (c + 1, rank), packed T_c' of it (c + 1, p).

        The prior is the last row of the two: a Gaussian with one frame and precision I.
        """
        c, rank = len(self.matrix_), self.rank
        scaled = np.empty(self.matrix_.shape, dtype=dtype)
        offset = np.zeros((c + 1, rank), dtype=dtype)
        lower = np.flatnonzero(np.tri(rank))
        products = np.empty((c + 1, len(lower)), dtype=dtype)
        products[c] = np.eye(rank).take(lower)
        with blas_limit(effective_n_threads(self.n_threads)):
            for k, matrix in enumerate(self.matrix_):
                exact = matrix / self.ubm.variances_[k, :, None]
                scaled[k], offset[k] = exact, self.ubm.means_[k] @ exact
                products[k] = (matrix.T.astype(dtype) @ scaled[k]).take(lower)
        return scaled, offset, products

    def _projected(
        self,
        counts: FloatArray,
        first: FloatArray,
        arguments: tuple[FloatArray, FloatArray, FloatArray],
    ) -> FloatArray:
        """``T' S^-1 (F - N m)``, (n, rank)."""
        scaled, offset, _ = arguments
        projected = np.empty((len(counts), self.rank), dtype=counts.dtype)
        if len(counts):
            n_threads = self._n_threads(len(counts))
            with blas_limit():
                first = first.reshape(-1, *scaled.shape[:2])
                _ivector.project(counts, first, scaled, offset, projected, n_threads)
        return projected

    def _solve(
        self,
        counts: FloatArray,
        mean: FloatArray,
        products: FloatArray,
        moment: FloatArray | None,
    ) -> None:
        """INOUT `mean` (n, rank): projected statistics in, posterior means out; OUT `moment`:
        packed second moments, batch by batch."""
        n = len(counts)
        if n == 0:
            return
        with blas_limit():
            _ivector.posterior(counts, products, mean, moment, self._n_threads(n))
        failed = np.count_nonzero(~np.isfinite(mean).all(axis=1))
        if failed:
            raise ModelError(
                f"the precision of {failed} of {n} segments is not positive definite;"
                " do the statistics hold NaN or negative counts?"
            )

    def _n_threads(self, n_segments: int) -> int:
        return min(effective_n_threads(self.n_threads), -(-n_segments // _ivector.BATCH))


def _with_prior(zeroth: FloatArray, dtype: npt.DTypeLike) -> FloatArray:
    """Zeroth-order statistics, and a one for the prior, (n, c + 1)."""
    counts = np.ones((len(zeroth), zeroth.shape[1] + 1), dtype)
    counts[:, :-1] = zeroth
    return counts


def _unpacked(packed: FloatArray, rank: int) -> FloatArray:
    """Lower triangle, the rest zero."""
    full = np.zeros((rank, rank))
    full[np.tri(rank, dtype=bool)] = packed
    return full
