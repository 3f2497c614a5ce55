"""A back-end: what makes vectors comparable, and compares them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import chain
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from trfast._checks import (
    check_choice,
    check_cosine,
    check_matrix,
    check_number,
    check_real,
    check_type,
)
from trfast._estimators import arrays_only
from trfast._names import BACKENDS as BACKENDS
from trfast._threads import blas_limit, map_in_threads
from trfast.errors import ModelError, ParameterError, ParameterTypeError
from trfast.scoring.cosine import ALL, Take, cosine_similarity, edges_above, sweep_above
from trfast.scoring.lda import Lda
from trfast.scoring.normalization import LengthNorm, Whitening
from trfast.scoring.plda import Plda
from trfast.scoring.products import Products
from trfast.scoring.snorm import SNorm
from trfast.scoring.snorm import normalized as normalize
from trfast.scoring.triplet import TripletNetwork, TripletRanking
from trfast.scoring.wccn import Wccn

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.int64]


@runtime_checkable
class Score(Protocol):
    """A similarity of one's own, as `Backend` takes it for its estimator.

    It may have more: ``project(x)``, which makes rows that are compared of vectors, (n, k) of
    (n, rank), once for all pairs; ``edges_above(rows, threshold, *, n_threads)``, as
    `CompiledScore.edges_above`, where there is a quicker way than blocks of all scores;
    ``factors(rows)``, two rows for each whose products are the scores, where there are such:
    without them, average linkage takes up to 4,096 rows; ``fit(X, y)``, for `trfast.training`; and
    a ``fingerprint``, a text that changes where its results would, if recordings are diarized by
    it. `tests/test_own_parts.py` holds an example of each.
    """

    def similarity(self, a: FloatArray, b: FloatArray, /) -> npt.ArrayLike:
        """Score each row of `a` with each of `b`, (n, m): finite, higher for more alike, and the
        same whichever comes first."""


@runtime_checkable
class Projection(Protocol):
    """A projection of one's own, as `Backend` takes it for its estimator: the cosine of what comes
    out is the similarity. Any transformer of scikit-learn is one; for more, see `Score`."""

    def transform(self, x: FloatArray, /) -> npt.ArrayLike:
        """Turn vectors (n, rank) into others (n, k)."""


OwnEstimator = Score | Projection
Estimator = Wccn | Lda | Plda | TripletRanking

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
# Vectors of the cohort that count for each vector.
_N_TOP = 100
# Rows and columns of the scores of one's own that are in memory at a time.
_BLOCK = 1024
# Rows of which all scores may be in memory, where there are no factors of them.
_MOST_ROWS = 4096


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

    def __post_init__(self) -> None:
        check_number(self.within, "within")
        check_number(self.across, "across")


@dataclass(frozen=True, kw_only=True, eq=False)
class Backend:
    """How vectors are compared.

    Parameters
    ----------
    name : str
        ``"cosine"``, ``"wccn"``, ``"lda"``, ``"plda"`` or ``"tr"``; or any other name, for an
        estimator of one's own.
    whitening : Whitening, optional
        Comes first, in all back-ends of a model, and makes vectors of length 1; None: vectors are
        taken as they are.
    estimator : Wccn, Lda, Plda, TripletRanking, Score or Projection, optional
        By `name`; None for the cosine. `CompiledScore` makes one of a function of two vectors.
    thresholds : mapping of str to Thresholds
        By clustering, ``"cc"``, ``"hac"`` and ``"average"``.
    cohort : ndarray (n_cohort, rank), optional
        Vectors of strangers: speakers whom the estimator has not heard, and who are in no
        recording that is compared. By the 100 of them most similar to each of two vectors, the
        similarity of the two can be normalized (`SNorm`).

    Raises
    ------
    ParameterError
        If `estimator` is not that of `name`, or, under another name, has neither ``similarity`` nor
        ``transform``.

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
    estimator: Estimator | OwnEstimator | None = None
    thresholds: Mapping[str, Thresholds] = field(default_factory=dict)
    cohort: FloatArray | None = None

    def __post_init__(self) -> None:
        if self.whitening is not None:
            check_type(self.whitening, Whitening, "whitening")
        if self.is_own:
            if self.estimator is None:
                check_choice(self.name, "name", BACKENDS)
            if not isinstance(self.estimator, Score | Projection):
                raise ParameterTypeError(
                    f"the estimator of back-end {self.name!r} is your own and must have"
                    " similarity(a, b) or transform(x), got"
                    f" {type(self.estimator).__name__}; those of trfast are called"
                    f" {', '.join(BACKENDS)}"
                )
            return
        expected = _ESTIMATORS.get(self.name, type(None))
        if not isinstance(self.estimator, expected):
            raise ParameterError(
                f"the estimator of back-end {self.name!r} must be {expected.__name__},"
                f" got {type(self.estimator).__name__}"
            )

    def __repr__(self) -> str:
        parts = [
            "whitened" if self.whitening is not None else "vectors as they are",
            *([] if self.estimator is None else [type(self.estimator).__name__]),
            *([] if self.cohort is None else [f"cohort of {len(self.cohort)}"]),
            *([f"thresholds for {', '.join(self.thresholds)}"] if self.thresholds else []),
        ]
        return f"<Backend {self.name!r}: {'; '.join(parts)}>"

    @property
    def is_own(self) -> bool:
        """Whether the estimator is none of trfast's."""
        return self.name not in BACKENDS

    @property
    def is_cosine(self) -> bool:
        """Whether the similarity is a cosine, and no log-likelihood ratio or score of one's own."""
        return not isinstance(self.estimator, Score)

    @property
    def fingerprint(self) -> tuple[str, ...]:
        """Of an estimator of one's own, what it calls its `fingerprint`, or else its class; of the
        others nothing: they are told by their model."""
        if not self.is_own:
            return ()
        kind = type(self.estimator)
        named = f"{kind.__module__}.{kind.__qualname__}"
        return (str(getattr(self.estimator, "fingerprint", named)),)

    def project(self, vectors: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Turn i-vectors into what the other methods compare.

        Whitening and length normalization, then the estimator. What comes out has unit length,
        the inner product is the similarity; rows of PLDA (`Plda.project`) and of a score of one's
        own stay as they are.

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
            return self.project(np.ones((1, x.shape[1])))[:0]
        # No tables in between; and BLAS rounds long sums otherwise in several threads.
        with arrays_only(), blas_limit():
            rows = x if self.whitening is None else self.whitening.transform(x)
            if self.whitening is not None or not self.is_own:
                rows = LengthNorm().fit_transform(rows)
            if isinstance(self.estimator, Score):
                project = getattr(self.estimator, "project", None)
                rows = rows if project is None else self._made(project(rows), len(x))
            elif self.estimator is not None:
                made = self._made(self.estimator.transform(rows), len(x))
                rows = LengthNorm().fit_transform(made)
        return np.asarray(rows, np.float32)

    def _made(self, rows: npt.ArrayLike, n: int) -> FloatArray:
        """What an estimator has made of `n` rows, checked if it is one's own."""
        if self.is_own:
            rows = check_matrix(rows, f"rows that {self.name!r} makes")
            if len(rows) != n:
                raise ParameterError(f"{self.name!r} makes {len(rows)} rows of {n}")
        return np.asarray(rows)

    def similarity(self, a: npt.ArrayLike, b: npt.ArrayLike | None = None) -> FloatArray:
        """Similarity of each projected row of `a` with each of `b` (default: `a`), (n, m).

        The cosine, the log-likelihood ratio of PLDA, or the score of one's own.
        """
        with blas_limit():
            return self._similarity(a, b)

    def _similarity(self, a: npt.ArrayLike, b: npt.ArrayLike | None) -> FloatArray:
        if not isinstance(self.estimator, Score):
            return cosine_similarity(a, b)
        if isinstance(self.estimator, Plda) and not self.is_own:
            return self.estimator.similarity_of_projected(a, b)
        left = check_matrix(a, "a")
        right = left if b is None else check_matrix(b, "b", n_columns=left.shape[1])
        if not (len(left) and len(right)):
            return np.empty((len(left), len(right)), np.float32)
        found = check_matrix(self.estimator.similarity(left, right), f"scores of {self.name!r}")
        if found.shape != (len(left), len(right)):
            raise ParameterError(
                f"{self.name!r} gives scores of shape {found.shape} for {len(left)} rows and"
                f" {len(right)}, expected one for each pair"
            )
        return found

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
            what = "a log-likelihood ratio" if self.name == "plda" else "a score"
            what = "a normalized score" if normalized else what
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


def estimator_tensors(
    name: str, estimator: Estimator | OwnEstimator | None
) -> dict[str, npt.NDArray[Any]]:
    """Return what the estimator of a back-end has learned, as a model file holds it; nothing of
    one's own."""
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
