"""Gaussian mixture with diagonal covariances: the UBM."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass
from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt

from trfast._checks import (
    check_integer,
    check_matrix,
    check_not_negative,
    check_offsets,
    check_places,
    check_random_state,
    check_share,
    check_type,
)
from trfast._estimators import Estimator, check_is_fitted
from trfast._ext import _gmm
from trfast._mixture import LinearForm, linear_form, maximize, statistics
from trfast._threads import blas_limit, effective_n_threads, one_thread
from trfast.errors import ModelError, ParameterError

FloatArray = npt.NDArray[Any]

# Rows whose statistics one thread adds up before they join the total: fixed, so that the
# result does not depend on the number of threads.
_LANE = 8192

# Rows of which there are copies at a time.
_CHUNK = 16 * _LANE

# Frames that the k-means start looks at.
_START_FRAMES = 50_000


@dataclass(frozen=True, eq=False)
class BaumWelchStatistics:
    """Statistics of segments against a UBM, not centred.

    Parameters
    ----------
    zeroth : ndarray (n_segments, n_components)
        Sums of posteriors ``N_c = sum_t g_t(c)``.
    first : ndarray (n_segments, n_components, n_features)
        Sums of frames weighted by them, ``F_c = sum_t g_t(c) x_t``.
    """

    zeroth: FloatArray
    first: FloatArray

    def __len__(self) -> int:
        return len(self.zeroth)

    def grouped(self, groups: npt.NDArray[np.int64], n_groups: int) -> BaumWelchStatistics:
        """Return the sums over segments of the same group (numbers from 0)."""
        groups = check_places(groups, "groups", len(self), "a segment", n_groups)
        zeroth = np.zeros((n_groups, *self.zeroth.shape[1:]), dtype=self.zeroth.dtype)
        first = np.zeros((n_groups, *self.first.shape[1:]), dtype=self.first.dtype)
        np.add.at(zeroth, groups, self.zeroth)
        np.add.at(first, groups, self.first)
        return BaumWelchStatistics(zeroth, first)


class DiagonalGmm(Estimator):
    """Gaussian mixture with diagonal covariances, trained by EM from a k-means start.

    Parameters
    ----------
    n_components : int
        Number of Gaussians.
    n_iterations : int
        EM iterations.
    variance_floor : float
        Least variance, as a share of the variance of all the data in that column.
    posterior_floor : float
        Posteriors under it count as 0 and the others are rescaled to sum to 1; 0 keeps all.
    random_state : int
        Seed of k-means.
    n_threads : int or None
        Threads; None takes all cores. The result does not depend on it.

    Attributes
    ----------
    weights_ : ndarray (n_components,), float64
    means_, variances_ : ndarray (n_components, n_features), float64
    log_likelihood_ : list of float
        Mean log-likelihood a frame before each iteration.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x = np.concatenate([rng.normal(-3, 1, (500, 2)), rng.normal(3, 1, (500, 2))])
    >>> gmm = DiagonalGmm(n_components=2).fit(x.astype(np.float32))
    >>> np.sort(gmm.means_[:, 0]).round()
    array([-3.,  3.])
    """

    def __init__(
        self,
        *,
        n_components: int = 256,
        n_iterations: int = 10,
        variance_floor: float = 0.01,
        posterior_floor: float = 1e-3,
        random_state: int = 0,
        n_threads: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.n_iterations = n_iterations
        self.variance_floor = variance_floor
        self.posterior_floor = posterior_floor
        self.random_state = random_state
        self.n_threads = n_threads

    @classmethod
    def of(
        cls,
        weights: npt.ArrayLike,
        means: npt.ArrayLike,
        variances: npt.ArrayLike,
        **parameters: Any,
    ) -> Self:
        """Make a mixture of given Gaussians, as if it had been fitted."""
        found = [
            check_matrix(cast(npt.ArrayLike, [weights]), "weights", dtype=np.float64),
            check_matrix(means, "means", dtype=np.float64),
            check_matrix(variances, "variances", dtype=np.float64),
        ]
        shape = found[1].shape
        if found[0].shape != (1, shape[0]) or found[2].shape != shape:
            raise ParameterError(
                f"weights {np.shape(weights)}, means {shape} and variances {found[2].shape} do not"
                f" fit: expected ({shape[0]},), {shape} and {shape}"
            )
        if not ((found[0] > 0).all() and (found[2] > 0).all()):
            raise ParameterError("weights and variances of Gaussians must be above 0")
        gmm = cls(n_components=shape[0], **parameters)
        gmm.weights_, gmm.means_, gmm.variances_ = found[0][0], found[1], found[2]
        return gmm

    def fit(self, X: FloatArray | Sequence[FloatArray], y: object = None) -> Self:  # noqa: ARG002
        """Train on frames.

        Parameters
        ----------
        X : ndarray (n_frames, n_features), or a sequence of such
            One recording an item, say; read once an iteration, so the items may be
            memory-mapped.
        y : ignored

        Raises
        ------
        ModelError
            If there are fewer frames than Gaussians.
        """
        check_integer(self.n_components, "n_components", least=1)
        check_integer(self.n_iterations, "n_iterations", least=0)
        check_not_negative(self.variance_floor, "variance_floor")
        check_share(self.posterior_floor, "posterior_floor")
        check_random_state(self.random_state)
        check_type(X, Sized, "X", hint="give an array, or a list of arrays")  # type: ignore[type-abstract]
        blocks: Sequence[Any] = [X] if hasattr(X, "shape") else X
        n_frames, mean, variance = _moments(blocks)
        self.n_features_in_ = len(mean)
        if n_frames < self.n_components:
            raise ModelError(
                f"{self.n_components} Gaussians need at least as many frames, got {n_frames};"
                " give more audio or ask for fewer Gaussians"
            )
        floor = self.variance_floor * variance + 1e-10
        self._start(blocks, n_frames, mean, np.maximum(variance, floor), floor)
        self.log_likelihood_ = [
            self._em_step(blocks, n_frames, floor) for _ in range(self.n_iterations)
        ]
        return self

    def _start(
        self,
        blocks: Iterable[FloatArray],
        n_frames: int,
        mean: FloatArray,
        variance: FloatArray,
        floor: FloatArray,
    ) -> None:
        """k-means on evenly spaced frames, columns scaled to unit variance."""
        # Slow to load, and only training needs them.
        from sklearn.cluster import KMeans
        from sklearn.exceptions import ConvergenceWarning

        stride = max(1, n_frames // max(_START_FRAMES, self.n_components))
        sample, offset = [], 0
        for block in blocks:
            sample.append(np.asarray(block[-offset % stride :: stride], dtype=np.float64))
            offset += len(block)
        scale = np.sqrt(variance)
        frames = (np.concatenate(sample) - mean) / scale
        kmeans = KMeans(self.n_components, n_init=1, max_iter=20, random_state=self.random_state)
        # One thread: KMeans adds up in another order with more.
        with one_thread(), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct frames: EM copes
            labels = kmeans.fit_predict(frames)
        counts = np.bincount(labels, minlength=self.n_components)
        spread = np.zeros((self.n_components, len(mean)))
        np.add.at(spread, labels, (frames - kmeans.cluster_centers_[labels]) ** 2)
        self.weights_ = (counts + 1) / (counts + 1).sum()
        self.means_ = mean + kmeans.cluster_centers_ * scale
        self.variances_ = np.maximum(spread / np.maximum(counts, 1)[:, None] * variance, floor)

    def _em_step(self, blocks: Iterable[FloatArray], n_frames: int, floor: FloatArray) -> float:
        """One EM iteration; returns the mean log-likelihood of the parameters before it."""
        zeroth, sums, log_likelihood = self.accumulate(blocks)
        self.weights_, self.means_, self.variances_ = maximize(zeroth, sums, floor)
        # A Gaussian that nothing feeds starts again beside the heaviest one.
        fed = zeroth > 1e-3 * n_frames / len(zeroth)
        for dead in np.flatnonzero(~fed):
            heavy = int(np.argmax(self.weights_))
            step = 0.2 * np.sqrt(self.variances_[heavy])
            self.means_[dead], self.means_[heavy] = (
                self.means_[heavy] + step,
                self.means_[heavy] - step,
            )
            self.variances_[dead] = self.variances_[heavy]
            self.weights_[[dead, heavy]] = self.weights_[heavy] / 2
        return log_likelihood / n_frames

    def accumulate(self, blocks: Iterable[FloatArray]) -> tuple[FloatArray, FloatArray, float]:
        """Sum the E-step's statistics over all frames.

        Returns
        -------
        zeroth : ndarray (n_components,), float64
        sums : ndarray (n_components, 2 n_features), float64
            First-order sums, then second-order sums.
        log_likelihood : float
            Sum over frames.
        """
        c, d = self.means_.shape
        zeroth, sums, log_likelihood = np.zeros(c), np.zeros((c, 2 * d)), 0.0
        for chunk in _chunks(blocks):
            x = check_matrix(chunk, "X", n_columns=d, dtype=_kept_type(chunk))
            offsets = np.append(np.arange(0, len(x), _LANE), len(x))
            lanes = self._statistics(x, offsets, order=2, dtype=np.float64)
            zeroth += lanes[0].sum(axis=0)
            sums += lanes[1].sum(axis=0)
            log_likelihood += lanes[2].sum()
        return zeroth, sums, float(log_likelihood)

    def statistics(
        self, X: FloatArray, offsets: npt.ArrayLike | None = None
    ) -> BaumWelchStatistics:
        """Compute the Baum-Welch statistics of segments.

        Parameters
        ----------
        X : ndarray (n_frames, n_features), float32 or float64
        offsets : array-like (n_segments + 1,), int
            Segment s is the rows ``offsets[s]:offsets[s + 1]``; default: one segment.

        Returns
        -------
        BaumWelchStatistics
            Of the type of `X`, summed in float64.
        """
        check_is_fitted(self, "means_")
        check_share(self.posterior_floor, "posterior_floor")
        x = check_matrix(X, "X", n_columns=self.means_.shape[1], dtype=_kept_type(X))
        bounds = check_offsets([0, len(x)] if offsets is None else offsets, len(x))
        zeroth, first, _ = self._statistics(x, bounds, order=1, dtype=x.dtype)
        return BaumWelchStatistics(zeroth, first)

    def _statistics(
        self, x: FloatArray, offsets: FloatArray, *, order: int, dtype: npt.DTypeLike
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        with blas_limit():
            return statistics(
                x,
                offsets,
                self._linear_form(x.dtype),
                order=order,
                floor=self.posterior_floor,
                dtype=dtype,
                n_threads=effective_n_threads(self.n_threads),
            )

    def score_samples(self, X: FloatArray) -> npt.NDArray[np.float64]:
        """Return the log-likelihood of each frame, (n_frames,)."""
        check_is_fitted(self, "means_")
        x = check_matrix(X, "X", n_columns=self.means_.shape[1], dtype=_kept_type(X))
        log_likelihood = np.empty(len(x))
        if len(x):
            with blas_limit():
                _gmm.log_likelihoods(
                    x,
                    *self._linear_form(x.dtype),
                    log_likelihood,
                    effective_n_threads(self.n_threads),
                )
        return log_likelihood

    def predict_proba(self, X: FloatArray) -> FloatArray:
        """Return the posterior of each Gaussian for each frame, (n_frames, n_components)."""
        check_is_fitted(self, "means_")
        x = check_matrix(X, "X", n_columns=self.means_.shape[1], dtype=_kept_type(X))
        posterior = np.empty((len(x), len(self.weights_)), dtype=x.dtype)
        if len(x):
            with blas_limit():
                _gmm.posteriors(
                    x,
                    *self._linear_form(x.dtype),
                    posterior,
                    np.empty(len(x)),
                    effective_n_threads(self.n_threads),
                )
        return posterior

    def _linear_form(self, dtype: npt.DTypeLike) -> LinearForm:
        return linear_form(self.weights_, self.means_, self.variances_, dtype)


def _kept_type(x: FloatArray) -> type:
    return np.float32 if getattr(x, "dtype", np.float64) != np.float64 else np.float64


def _chunks(blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
    for block in blocks:
        if np.ndim(block) != 2:
            check_matrix(block, "X", dtype=np.float64)
        for start in range(0, len(block), _CHUNK):
            yield block[start : start + _CHUNK]


def _moments(blocks: Iterable[FloatArray]) -> tuple[int, FloatArray, FloatArray]:
    """Number of frames, mean and variance of all of them."""
    n_frames = 0
    mean = square = np.zeros(0)
    for chunk in _chunks(blocks):
        x = check_matrix(chunk, "X", dtype=np.float64)
        if n_frames == 0:
            mean, square = np.zeros(x.shape[1]), np.zeros(x.shape[1])
        if x.shape[1] != len(mean):
            raise ParameterError(f"blocks of X differ in columns: {len(mean)}, then {x.shape[1]}")
        n_frames += len(x)
        mean = mean + x.sum(axis=0)
        square = square + (x**2).sum(axis=0)
    if n_frames == 0:
        raise ModelError("no frames to train on; is there any speech in the reference?")
    mean = mean / n_frames
    return n_frames, mean, np.maximum(square / n_frames - mean**2, 0)
