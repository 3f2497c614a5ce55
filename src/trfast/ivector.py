"""Total variability: Baum-Welch statistics -> i-vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import scipy.linalg
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from trfast._ext import _ivector
from trfast._threads import blas_limit, effective_n_threads
from trfast.errors import ModelError, ParameterError
from trfast.gmm import BaumWelchStatistics, DiagonalGmm

FloatArray = npt.NDArray[Any]

# Segments whose packed second moments are in memory at a time (40 MB at rank 200).
_CHUNK = 512


class TotalVariability(TransformerMixin, BaseEstimator):  # type: ignore[misc]
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
        if self.rank < 1:
            raise ParameterError(f"rank must be at least 1, got {self.rank}")
        batches = [X] if isinstance(X, BaumWelchStatistics) else X
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

    def transform(self, X: BaumWelchStatistics) -> FloatArray:
        """Return the i-vectors, (n_segments, rank), of the type of the statistics."""
        check_is_fitted(self, "matrix_")
        dtype = X.zeroth.dtype
        kernel = self._prepared_arguments(dtype)
        vectors = np.empty((len(X), self.rank), dtype=dtype)
        no_moments = np.empty((0, kernel[1].shape[1]), dtype=dtype)
        start = 0
        for zeroth, first in self._whitened([X]):
            rows = slice(start, start + len(zeroth))
            self._posterior(zeroth, first, *kernel, vectors[rows], no_moments)
            start += len(zeroth)
        return vectors

    def _em_step(self, batches: Iterable[BaumWelchStatistics]) -> None:
        """One EM iteration: Dehak et al., then minimum divergence."""
        c, d = self.ubm.means_.shape
        rank, n_packed = self.rank, self.rank * (self.rank + 1) // 2
        precision_sums = np.zeros((c, n_packed))  # sum_s N_c E[w w'], packed
        projection_sums = np.zeros((rank, c * d))  # sum_s w F'
        moment_sum, n_segments = np.zeros(n_packed), 0
        kernel: tuple[FloatArray, FloatArray] | None = None
        for zeroth, first in self._whitened(batches):
            if kernel is None:
                kernel = self._kernel_arguments(zeroth.dtype)
            mean = np.empty((len(zeroth), rank), dtype=zeroth.dtype)
            moment = np.empty((len(zeroth), n_packed), dtype=zeroth.dtype)
            self._posterior(zeroth, first, *kernel, mean, moment)
            self._add_product(zeroth, moment, precision_sums)
            self._add_product(mean, first, projection_sums)
            moment_sum += moment.sum(axis=0, dtype=np.float64)
            n_segments += len(zeroth)
        whitened = np.empty((c, d, rank))
        with blas_limit():
            for k in range(c):
                # Gaussians that no segment reached keep a zero row rather than a singular one.
                system = _unpacked(precision_sums[k], rank)
                system.flat[:: rank + 1] += 1e-12 * (1 + np.trace(system) / rank)
                rows = projection_sums[:, k * d : (k + 1) * d]
                whitened[k] = scipy.linalg.solve(system, rows, assume_a="pos").T
            if self.minimum_divergence:
                # The prior keeps its zero mean, so the second moment is not centred.
                whitened = whitened @ np.linalg.cholesky(_unpacked(moment_sum / n_segments, rank))
        kept = self.matrix_.dtype
        self.matrix_ = (whitened * np.sqrt(self.ubm.variances_)[:, :, None]).astype(kept)

    def _whitened(
        self, batches: Iterable[BaumWelchStatistics]
    ) -> Iterator[tuple[FloatArray, FloatArray]]:
        """Yield chunks of zeroth (n, c) and centred, whitened first-order (n, c d) statistics."""
        means = self.ubm.means_
        scale = 1 / np.sqrt(self.ubm.variances_)
        for batch in batches:
            if batch.first.shape[1:] != means.shape:
                raise ParameterError(
                    f"statistics of shape {batch.first.shape[1:]} do not fit a UBM of"
                    f" shape {means.shape}"
                )
            dtype = batch.zeroth.dtype
            centre, factor = means.astype(dtype), scale.astype(dtype)
            for start in range(0, len(batch), _CHUNK):
                zeroth = np.ascontiguousarray(batch.zeroth[start : start + _CHUNK])
                first = batch.first[start : start + _CHUNK] - zeroth[:, :, None] * centre
                first *= factor
                yield zeroth, first.reshape(len(zeroth), -1)

    def _prepared_arguments(self, dtype: npt.DTypeLike) -> tuple[FloatArray, FloatArray]:
        """`_kernel_arguments`, kept as long as the matrix is the same."""
        matrix, kept_dtype, arguments = getattr(self, "_prepared", (None, None, None))
        if arguments is None or matrix is not self.matrix_ or kept_dtype != dtype:
            arguments = self._kernel_arguments(dtype)
            self._prepared = (self.matrix_, dtype, arguments)
        return arguments

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_prepared"}

    def _kernel_arguments(self, dtype: npt.DTypeLike) -> tuple[FloatArray, FloatArray]:
        """Whitened matrix (c d, rank), and the packed products T_c' T_c (c, p)."""
        whitened = (self.matrix_ / np.sqrt(self.ubm.variances_)[:, :, None]).astype(dtype)
        lower = np.tril_indices(self.rank)
        with blas_limit(effective_n_threads(self.n_threads)):
            products = np.stack([(block.T @ block)[lower] for block in whitened])
        return whitened.reshape(-1, self.rank), products

    def _posterior(
        self,
        zeroth: FloatArray,
        first: FloatArray,
        matrix: FloatArray,
        products: FloatArray,
        mean: FloatArray,
        moment: FloatArray,
    ) -> None:
        n_batches = -(-len(zeroth) // _ivector.BATCH)
        n_threads = min(effective_n_threads(self.n_threads), n_batches)
        failed = np.zeros(len(zeroth), dtype=np.intc)
        with blas_limit():
            _ivector.posterior(
                zeroth,
                first,
                matrix,
                products,
                mean,
                moment,
                np.empty((n_threads, _ivector.BATCH * products.shape[1]), dtype=zeroth.dtype),
                np.empty((n_threads, self.rank * (self.rank + 1))),
                failed,
            )
        if failed.any():
            raise ModelError(
                f"the precision of {np.count_nonzero(failed)} of {len(failed)} segments is not"
                " positive definite; do the statistics hold NaN or negative counts?"
            )

    def _add_product(self, a: FloatArray, b: FloatArray, total: FloatArray) -> None:
        n_threads = effective_n_threads(self.n_threads)
        with blas_limit():
            _ivector.add_product(
                a,
                b,
                total,
                np.empty((n_threads, len(a) * _ivector.TILE), dtype=a.dtype),
                np.empty((n_threads, a.shape[1] * _ivector.TILE), dtype=a.dtype),
            )


def _unpacked(packed: FloatArray, rank: int) -> FloatArray:
    full = np.zeros((rank, rank))
    full[np.tril_indices(rank)] = packed
    return full + np.tril(full, -1).T
