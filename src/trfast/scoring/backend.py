"""A back-end: what makes vectors comparable, and compares them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

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
from trfast._threads import blas_limit
from trfast.errors import ModelError, ParameterError, ParameterTypeError
from trfast.scoring.cosine import cosine_similarity
from trfast.scoring.estimators import ESTIMATORS, Estimator
from trfast.scoring.normalization import LengthNorm, Whitening
from trfast.scoring.own import OwnEstimator
from trfast.scoring.own import Projection as Projection
from trfast.scoring.own import Score as Score
from trfast.scoring.plda import Plda
from trfast.scoring.scores import Scores
from trfast.scoring.snorm import SNorm

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.int64]


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
        expected = ESTIMATORS.get(self.name, type(None))
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

    @cached_property
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
