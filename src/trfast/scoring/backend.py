"""A back-end: what makes vectors comparable, and compares them."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn import config_context

from trfast._checks import (
    check_choice,
    check_cosine,
    check_matrix,
    check_number,
    check_real,
    check_type,
)
from trfast._threads import blas_limit, map_in_threads
from trfast.errors import ModelError, ParameterError
from trfast.scoring.cosine import cosine_similarity, edges_above
from trfast.scoring.lda import Lda
from trfast.scoring.normalization import LengthNorm, Whitening
from trfast.scoring.plda import Plda
from trfast.scoring.snorm import SNorm
from trfast.scoring.snorm import normalized as normalize
from trfast.scoring.triplet import TripletNetwork, TripletRanking
from trfast.scoring.wccn import Wccn

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.int64]
Estimator = Wccn | Lda | Plda | TripletRanking

BACKENDS = ("cosine", "wccn", "lda", "plda", "tr")

_ESTIMATORS: Mapping[str, type[Estimator]] = {
    "wccn": Wccn,
    "lda": Lda,
    "plda": Plda,
    "tr": TripletRanking,
}
# Learned attributes, less their last underscore; the rows of the first are the features.
_LEARNED = {
    "wccn": ("within", "matrix"),
    "lda": ("mean", "matrix", "eigenvalues"),
    "plda": ("mean", "factor", "within", "projection", "eigenvalues"),
    "tr": ("weights", "bias"),
}
# Rows and columns of the scores that are in memory at a time.
_BLOCK = 1024
# Vectors of the cohort that count for each vector.
_N_TOP = 100


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Similarities from which two clusters are one speaker.

    Parameters
    ----------
    within, across : float
        Of two clusters of one recording, of local speakers of two recordings; see
        `trfast.comparison.across_recordings` for what is normalized.
    """

    within: float
    across: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Backend:
    """How vectors are compared.

    Parameters
    ----------
    name : {"cosine", "wccn", "lda", "plda", "tr"}
    whitening : Whitening, optional
        Comes first, in all back-ends of a model; None: vectors are taken as they are.
    estimator : Wccn, Lda, Plda or TripletRanking, optional
        By `name`; None for the cosine.
    thresholds : mapping of str to Thresholds
        By clustering, ``"cc"``, ``"hac"`` and ``"average"``.
    cohort : ndarray (n_cohort, rank), optional
        Vectors of strangers: speakers whom the estimator has not heard, and who are in no
        recording that is compared. By the 100 of them most similar to each of two vectors, the
        similarity of the two can be normalized (`SNorm`).

    Raises
    ------
    ParameterError
        If `estimator` is not that of `name`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(90, 3)).astype(np.float32) * [5, 1, 1]
    >>> backend = Backend(name="cosine", whitening=Whitening().fit(x))
    >>> rows = backend.project(x[:3])
    >>> backend.similarity(rows).shape
    (3, 3)
    >>> backend.edges_above(rows, -1.0)[0].tolist()
    [[0, 1], [0, 2], [1, 2]]
    """

    name: str
    whitening: Whitening | None = None
    estimator: Estimator | None = None
    thresholds: Mapping[str, Thresholds] = field(default_factory=dict)
    cohort: FloatArray | None = None

    def __post_init__(self) -> None:
        check_choice(self.name, "name", BACKENDS)
        if self.whitening is not None:
            check_type(self.whitening, Whitening, "whitening")
        expected = _ESTIMATORS.get(self.name, type(None))
        if not isinstance(self.estimator, expected):
            raise ParameterError(
                f"the estimator of back-end {self.name!r} must be {expected.__name__},"
                f" got {type(self.estimator).__name__}"
            )

    @property
    def is_cosine(self) -> bool:
        """Whether the similarity is a cosine, and no log-likelihood ratio."""
        return not isinstance(self.estimator, Plda)

    def project(self, vectors: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Turn i-vectors into what the other methods compare.

        Whitening and length normalization, then the estimator. What comes out has unit length,
        the inner product is the similarity; rows of PLDA (`Plda.project`) stay as they are.

        Parameters
        ----------
        vectors : array_like (n, rank)

        Returns
        -------
        ndarray (n, k), float32
        """
        n_columns = None if self.whitening is None else len(self.whitening.mean_)
        x = check_matrix(vectors, "vectors", n_columns=n_columns)
        if len(x) == 0:  # which scikit-learn refuses
            return self.project(np.zeros((1, x.shape[1])))[:0]
        with config_context(transform_output="default"):  # no tables in between
            whitened = x if self.whitening is None else self.whitening.transform(x)
            rows = LengthNorm().fit_transform(whitened)
            if isinstance(self.estimator, Plda):
                rows = self.estimator.project(rows)
            elif self.estimator is not None:
                rows = LengthNorm().fit_transform(self.estimator.transform(rows))
        return np.asarray(rows, np.float32)

    def similarity(self, a: npt.ArrayLike, b: npt.ArrayLike | None = None) -> FloatArray:
        """Similarity of each projected row of `a` with each of `b` (default: `a`), (n, m).

        The cosine, or the log-likelihood ratio of PLDA.
        """
        if isinstance(self.estimator, Plda):
            return self.estimator.similarity_of_projected(a, b)
        return cosine_similarity(a, b)

    @cached_property
    def norm(self) -> SNorm:
        """What normalizes similarities by the cohort.

        Raises
        ------
        ModelError
            If there is none.
        """
        if self.cohort is None:
            raise ModelError(
                f"back-end {self.name!r} has no cohort to normalize similarities by; train a model"
                " on a collection with speakers who are in one recording only"
            )
        return SNorm(similarity=self.similarity, n_top=_N_TOP).fit(self.project(self.cohort))

    def edges_above(
        self,
        rows: npt.ArrayLike,
        threshold: float,
        *,
        normalized: bool = False,
        n_threads: int | None = 1,
    ) -> tuple[IntArray, FloatArray]:
        """List the pairs whose similarity reaches a threshold, without a matrix of all.

        Parameters
        ----------
        rows : array_like (n, k)
            As `project` gives them.
        threshold : float
            Least similarity of a pair.
        normalized : bool
            Whether it is one normalized by the cohort.
        n_threads : int, optional
            None: all cores this process may use. The result does not depend on it.

        Returns
        -------
        pairs : ndarray (m, 2), int64
            Pairs ``i < j``, sorted.
        similarities : ndarray (m,)
            float32, or float64 if the rows are.

        Raises
        ------
        ParameterError
            As in `check_threshold`, or if a row is zero, NaN or infinite, or of another length.
        """
        self.check_threshold(threshold, normalized=normalized)
        return self.scores(rows, normalized=normalized).edges_above(threshold, n_threads=n_threads)

    def scores(self, rows: npt.ArrayLike, *, normalized: bool = False) -> Scores:
        """Return what scores any of the rows with any other, for those that are needed.

        Parameters
        ----------
        rows : array_like (n, k)
            As `project` gives them.
        normalized : bool
            By the cohort.
        """
        x = np.asarray(rows)
        of_cohort = None
        if normalized:
            of_cohort = self.norm.statistics(x) if len(x) else np.empty((2, 0))
        return Scores(self, x, of_cohort)

    def check_threshold(
        self, threshold: float, name: str = "threshold", *, normalized: bool = False
    ) -> float:
        """Return `threshold` if a similarity, or one normalized by the cohort, can be equal to it;
        errors call it `name`.

        Raises
        ------
        ParameterError
            If it is not finite, or outside -1 to 1 where the similarity is a cosine.
        """
        if self.is_cosine and not normalized:
            return check_cosine(threshold, name)
        if not np.isfinite(check_real(threshold, name)).all():
            what = "a normalized score" if normalized else "a log-likelihood ratio"
            raise ParameterError(f"{name} is {what}, any finite number, got {threshold}")
        return check_number(threshold, name)


@dataclass(frozen=True, eq=False)
class Scores:
    """Similarities of rows, computed where they are asked for.

    Parameters
    ----------
    backend : Backend
    rows : ndarray (n, k)
        As ``backend.project`` gives them.
    of_cohort : ndarray (2, n), optional
        Mean and deviation of each row's similarities to the cohort, by which all are normalized.
    """

    backend: Backend
    rows: FloatArray
    of_cohort: FloatArray | None = None

    def between(self, a: slice | IntArray, b: slice | IntArray) -> FloatArray:
        """Scores of some rows with others, a matrix."""
        scores = self.backend.similarity(self.rows[a], self.rows[b])
        if self.of_cohort is None:
            return scores
        return normalize(scores, self.of_cohort[:, a], self.of_cohort[:, b])

    def factors(self) -> tuple[FloatArray, FloatArray]:
        """Return two rows for each row, whose products are the scores; sums of them add up scores.

        Returns
        -------
        left, right : ndarray (n, m)
            The score of rows i and j is ``left[i] @ right[j]``, and ``left[j] @ right[i]``.
        """
        if isinstance(self.backend.estimator, Plda):
            left, right = self.backend.estimator.factors_of_projected(self.rows)
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

    def edges_above(
        self, threshold: float, *, n_threads: int | None = 1, executor: Executor | None = None
    ) -> tuple[IntArray, FloatArray]:
        """List the pairs of at least this score; see `Backend.edges_above`. Bands of rows go over
        threads, or over an executor."""
        if self.backend.is_cosine and self.of_cohort is None:
            return edges_above(self.rows, threshold, n_threads=n_threads, executor=executor)
        bands = range(0, max(len(self.rows), 1), _BLOCK)
        function = partial(_edges_of_band, self, threshold)
        with blas_limit():
            edges = map_in_threads(function, bands, n_threads, executor)
        pairs, similarities = zip(*edges, strict=True)
        return np.concatenate(pairs), np.concatenate(similarities)


def _edges_of_band(scores: Scores, threshold: float, band: int) -> tuple[IntArray, FloatArray]:
    """List the pairs of the rows of a band, by its first one, with all that follow."""
    rows, found = slice(band, band + _BLOCK), []
    for start in range(band, max(len(scores.rows), 1), _BLOCK):
        values = scores.between(rows, slice(start, start + _BLOCK))
        enough = values >= threshold
        i, j = np.nonzero(np.triu(enough, 1) if start == band else enough)
        found.append((np.column_stack([i + band, j + start]), values[i, j]))
    pairs = np.concatenate([pairs for pairs, _ in found])
    order = np.argsort(pairs[:, 0], kind="stable")
    return pairs[order], np.concatenate([values for _, values in found])[order]


def estimator_tensors(name: str, estimator: Estimator | None) -> dict[str, npt.NDArray[Any]]:
    """Return what the estimator of a back-end has learned, as a model file holds it."""
    tensors = {
        f"{name}.{part}": getattr(estimator, f"{part}_").astype(np.float32)
        for part in _LEARNED.get(name, ())
    }
    if isinstance(estimator, TripletRanking):
        tensors["tr.weights"] *= np.float32(estimator.input_scale)
    return tensors


def estimator_of(name: str, tensors: Mapping[str, npt.NDArray[Any]]) -> Estimator | None:
    """Return the estimator of a back-end from a model file's arrays; None for the cosine."""
    if name not in _ESTIMATORS:
        return None
    estimator = _ESTIMATORS[name]()
    for part in _LEARNED[name]:
        setattr(estimator, f"{part}_", tensors[f"{name}.{part}"])
    estimator.n_features_in_ = len(tensors[f"{name}.{_LEARNED[name][0]}"])
    if isinstance(estimator, TripletRanking):
        weights = np.vstack([estimator.weights_, estimator.bias_])
        network = TripletNetwork(weights=weights, input_scale=1.0, rng=np.random.default_rng(0))
        estimator.networks_, estimator.history_ = [network], network.history
    return estimator
