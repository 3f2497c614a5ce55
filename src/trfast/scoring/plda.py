"""Probabilistic linear discriminant analysis: log-likelihood ratios of vectors and of sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import scipy

from trfast._checks import check_integer, check_matrix, check_real
from trfast._estimators import NamedTransformer, check_is_fitted
from trfast.errors import ModelError, ParameterError
from trfast.scoring.classes import (
    ClassStatistics,
    class_statistics,
    needs_labels,
    regular_within,
)
from trfast.scoring.normalization import shrunk, validated

if TYPE_CHECKING:
    from sklearn.utils import Tags

FloatArray = npt.NDArray[Any]


class Plda(NamedTransformer):
    """Probabilistic LDA with a full within-class covariance.

    A vector of a speaker is ``x = mean_ + factor_ h + e``: h, standard normal, is the same in all
    vectors of the speaker; e, normal with the covariance ``within_``, is each one's own [1]_.
    Trained by EM from any number of vectors a class, with minimum divergence [2]_: after each
    iteration h is made standard normal over the training speakers again.

    Parameters
    ----------
    rank : int or None
        Dimension of h, at most that of the vectors, which None takes: the two-covariance model
        [3]_. No more than ``n_classes - 1`` directions are used.
    n_iterations : int
        EM iterations.
    shrinkage : float
        In 0..1, how far the within-class covariance is drawn to a multiple of the identity in
        each iteration.

    Attributes
    ----------
    mean_ : ndarray (n_features,)
    factor_ : ndarray (n_features, rank)
        Speaker space; turned so that the coordinates of h are independent given the vectors.
    within_ : ndarray (n_features, n_features)
    projection_ : ndarray (n_features, rank)
        ``(x - mean_) @ projection_`` has the identity as covariance within speakers and
        ``diag(eigenvalues_)`` between them. Scores depend on nothing else.
    eigenvalues_ : ndarray (rank,)
        Falling.

    References
    ----------
    .. [1] S. Prince, J. Elder, "Probabilistic Linear Discriminant Analysis for Inferences About
       Identity", ICCV 2007.
    .. [2] N. Brummer, "EM for Probabilistic LDA", technical report, Agnitio, 2010.
    .. [3] N. Brummer, E. de Villiers, "The Speaker Partitioning Problem", Odyssey 2010.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> speakers = np.repeat(np.arange(100), 5)
    >>> x = 3 * rng.normal(size=(100, 4))[speakers] + rng.normal(size=(500, 4))
    >>> plda = Plda(rank=2).fit(x, speakers)
    >>> scores = plda.similarity(x[:1], x[[1, 5]])  # the same speaker, another one
    >>> bool(scores[0, 0] > 0 > scores[0, 1])
    True

    All five vectors of one speaker against three of another:

    >>> plda.similarity_of_sets([5], [x[:5].sum(axis=0)], [3], [x[5:8].sum(axis=0)]).shape
    (1, 1)
    """

    def __init__(
        self, *, rank: int | None = None, n_iterations: int = 10, shrinkage: float = 0.0
    ) -> None:
        self.rank = rank
        self.n_iterations = n_iterations
        self.shrinkage = shrinkage

    @classmethod
    def from_parameters(
        cls, mean: npt.ArrayLike, factor: npt.ArrayLike, within: npt.ArrayLike
    ) -> Self:
        """Return the fitted model of given parameters.

        Parameters
        ----------
        mean : array_like (n_features,)
        factor : array_like (n_features, rank)
            Its product with its transpose is the covariance between speakers.
        within : array_like (n_features, n_features)

        Raises
        ------
        ParameterError
            If the shapes do not fit, or a number is NaN or infinite.
        ModelError
            If `within` is not positive definite.
        """
        factor = check_matrix(factor, "factor", dtype=np.float64)
        d, rank = factor.shape
        within = check_matrix(within, "within", n_columns=d, dtype=np.float64)
        row = check_matrix(np.atleast_2d(mean), "mean", n_columns=d, dtype=np.float64)
        if len(within) != d or len(row) != 1 or not 1 <= rank <= d:
            raise ParameterError(
                f"mean {np.shape(mean)}, factor {factor.shape} and within {within.shape} do not"
                f" fit: expected ({d},), ({d}, 1 to {d}) and ({d}, {d})"
            )
        model = cls(rank=rank)
        model.n_features_in_ = d
        model._set(row[0], factor, within)
        return model

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Train on labelled vectors.

        Parameters
        ----------
        X : array_like (n_samples, n_features)
        y : array_like (n_samples,)
            Speakers.

        Raises
        ------
        ParameterError
            If `X` or `y` is not as above, there are fewer than 2 speakers, or `rank` exceeds
            ``n_features``.
        ModelError
            If each speaker has one vector only, or the within-class covariance is singular.
        """
        check_integer(self.n_iterations, "n_iterations", least=1)
        statistics = class_statistics(self, X, y)
        n_features = len(statistics.mean)
        rank = n_features if self.rank is None else check_integer(self.rank, "rank")
        if not 1 <= rank <= n_features:
            raise ParameterError(
                f"rank must lie in 1 to n_features = {n_features}, got {rank}; rank=None takes all"
            )
        within = regular_within(statistics, self.shrinkage)
        # Start: the strongest directions between the class means.
        values, directions = scipy.linalg.eigh(
            statistics.between, within, subset_by_index=(n_features - rank, n_features - 1)
        )
        self._set(statistics.mean, within @ directions * np.sqrt(values.clip(0)), within)
        for _ in range(self.n_iterations):
            self._em_step(statistics)
        return self

    def transform(self, X: npt.ArrayLike) -> FloatArray:
        """Return the posterior means of h, (n_samples, rank), of the type of `X`.

        Their cosine is a good score by itself.
        """
        check_is_fitted(self)
        x = validated(self, X)
        scale = np.sqrt(self.eigenvalues_) / (1 + self.eigenvalues_)
        return np.asarray((x - self.mean_) @ (self.projection_ * scale), dtype=x.dtype)

    def similarity(self, a: npt.ArrayLike, b: npt.ArrayLike | None = None) -> FloatArray:
        """Log-likelihood ratios: one speaker over two, for each row of `a` with each of `b`.

        Parameters
        ----------
        a : array_like (n, n_features)
        b : array_like (m, n_features), optional
            Default: `a`.

        Returns
        -------
        ndarray (n, m)
            Natural logarithms. float32 if both are, otherwise float64.

        Raises
        ------
        ParameterError
            If the columns are not ``n_features``, or a number is NaN or infinite.
        """
        check_is_fitted(self)
        left = self._projected(a, "a")
        right = left if b is None else self._projected(b, "b")
        return self._ratios(1, left, 1, right)

    def project(self, X: npt.ArrayLike) -> FloatArray:
        """Return ``(x - mean_) @ projection_``, (n_samples, rank): what `similarity` sees of `X`.

        float32 stays, all else becomes float64.
        """
        check_is_fitted(self)
        return self._projected(X, "X")

    def similarity_of_projected(
        self, a: npt.ArrayLike, b: npt.ArrayLike | None = None
    ) -> FloatArray:
        """Log-likelihood ratios as by `similarity`, of rows that `project` made.

        What is scored block by block is so projected only once.
        """
        check_is_fitted(self)
        rank = len(self.eigenvalues_)
        left = _real_rows(a, "a", rank)
        return self._ratios(1, left, 1, left if b is None else _real_rows(b, "b", rank))

    def similarity_of_sets(
        self,
        counts_a: npt.ArrayLike,
        sums_a: npt.ArrayLike,
        counts_b: npt.ArrayLike | None = None,
        sums_b: npt.ArrayLike | None = None,
    ) -> FloatArray:
        """Log-likelihood ratios of sets of vectors: one speaker over two, by the book.

        That is, all vectors of a set are of one speaker, and each counts as independent given
        the speaker (Brummer and de Villiers, 2010). Not the score of their average, nor an
        average of their scores.

        Parameters
        ----------
        counts_a : array_like (n,)
            Number of vectors of each set, at least 1.
        sums_a : array_like (n, n_features)
            Sum of the vectors of each set.
        counts_b, sums_b : array_like (m,) and (m, n_features), optional
            Default: those of `a`.

        Returns
        -------
        ndarray (n, m)
            Natural logarithms. float32 if both sums are, otherwise float64.

        Raises
        ------
        ParameterError
            If the shapes do not fit, a count is below 1, or a number is NaN or infinite.
        """
        check_is_fitted(self)
        if (counts_b is None) != (sums_b is None):
            raise ParameterError("counts_b and sums_b belong together, got only one of them")
        n_a, left = self._projected_sums(counts_a, sums_a, "a")
        n_b, right = (n_a, left)
        if counts_b is not None and sums_b is not None:
            n_b, right = self._projected_sums(counts_b, sums_b, "b")
        ratios = np.empty((len(left), len(right)), dtype=np.result_type(left, right))
        for i in np.unique(n_a):
            rows = np.flatnonzero(n_a == i)
            for j in np.unique(n_b):
                columns = np.flatnonzero(n_b == j)
                block = self._ratios(i, left[rows], j, right[columns])
                ratios[np.ix_(rows, columns)] = block
        return ratios

    def _set(self, mean: FloatArray, factor: FloatArray, within: FloatArray) -> None:
        """Store the parameters, and diagonalize both covariances at once."""
        try:
            root = np.linalg.cholesky(within)
        except np.linalg.LinAlgError as error:
            smallest = np.linalg.eigvalsh(within)[0]
            raise ModelError(
                f"the within-class covariance {within.shape} is not positive definite: its"
                f" smallest eigenvalue is {smallest:.3g}"
            ) from error
        whitened = scipy.linalg.solve_triangular(root, factor, lower=True)
        directions, scales, _ = np.linalg.svd(whitened, full_matrices=False)
        self.mean_, self.within_ = mean, within
        self.factor_ = root @ (directions * scales)
        self.projection_ = scipy.linalg.solve_triangular(root, directions, lower=True, trans="T")
        self.eigenvalues_ = scales**2

    def _em_step(self, statistics: ClassStatistics) -> None:
        """One iteration of EM, with minimum divergence [2]_, in the basis where h decouples."""
        n = statistics.counts[:, None]
        total = statistics.counts.sum()
        # The statistics are about the mean of the vectors, the model's mean has moved since.
        offset = self.mean_ - statistics.mean
        sums = statistics.sums - n * offset
        scatter = statistics.scatter + total * np.outer(offset, offset)
        variance = 1 / (1 + n * self.eigenvalues_)
        h = sums @ self.projection_ * np.sqrt(self.eigenvalues_) * variance
        moment = (n * h).T @ h + np.diag((n * variance).sum(axis=0))
        cross = sums.T @ h
        factor = scipy.linalg.solve(moment, cross.T, assume_a="pos").T
        explained = factor @ cross.T
        within = (scatter - (explained + explained.T) / 2) / total
        shift = h.mean(axis=0)
        prior = (h - shift).T @ (h - shift) / len(h) + np.diag(variance.mean(axis=0))
        self._set(
            self.mean_ + factor @ shift,
            factor @ np.linalg.cholesky(prior),
            shrunk(within, self.shrinkage),
        )

    def _projected(self, vectors: npt.ArrayLike, name: str, counts: Any = 1) -> FloatArray:
        """Project sums of `counts` vectors."""
        rows = _real_rows(vectors, name, len(self.mean_))
        centred = rows - (counts * self.mean_).astype(rows.dtype)
        return np.asarray(centred @ self.projection_.astype(rows.dtype))

    def _projected_sums(
        self, counts: npt.ArrayLike, sums: npt.ArrayLike, name: str
    ) -> tuple[npt.NDArray[np.int64], FloatArray]:
        n = check_real(counts, f"counts_{name}")
        if n.ndim != 1 or np.shape(sums)[:1] != n.shape:
            raise ParameterError(
                f"counts_{name} {n.shape} and sums_{name} {np.shape(sums)} do not fit: expected"
                " one count a row"
            )
        wrong = n[~((n >= 1) & (n < 2**53) & (np.floor(n) == n))]
        if len(wrong):
            raise ParameterError(f"counts_{name} must be whole and at least 1, got {wrong[0]}")
        whole = n.astype(np.int64)
        return whole, self._projected(sums, f"sums_{name}", whole[:, None])

    def _ratios(self, n_a: int, a: FloatArray, n_b: int, b: FloatArray) -> FloatArray:
        """Ratios of projected sums of `n_a` and of `n_b` vectors, (len(a), len(b)).

        In the basis of `projection_` the log-likelihood of a set of n vectors with the sum f,
        less what does not depend on who speaks, is the sum over the coordinates of
        ``(v f^2 / (1 + n v) - log(1 + n v)) / 2``, v being the eigenvalue. In
        ``L(n_a + n_b, a + b) - L(n_a, a) - L(n_b, b)`` the squares belong to one side each.
        They ride in the one matrix product as two more columns.
        """
        left, right = self._factors(n_a, a, n_b, b)
        return np.asarray(left @ right.T)

    def factors_of_projected(self, rows: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return two rows for each that `project` made, (n, rank + 2): the product of the left ones
        with the right ones is `similarity_of_projected`, and sums of them add its scores up."""
        check_is_fitted(self)
        x = _real_rows(rows, "rows", len(self.eigenvalues_))
        return self._factors(1, x, 1, x)

    def terms_of_projected(self, rows: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return a row (n, rank) and a number (n,) for each row that `project` made: a score by
        `similarity_of_projected` is the product of two rows and the sum of their numbers."""
        check_is_fitted(self)
        x = _real_rows(rows, "rows", len(self.eigenvalues_))
        v = self.eigenvalues_.astype(np.float64)
        shared = v / (1 + 2 * v)
        own = np.square(x, dtype=np.float64) @ (shared - v / (1 + v)) / 2
        constant = (2 * np.log1p(v) - np.log1p(2 * v)).sum()
        return (x * np.sqrt(shared)).astype(x.dtype), own + constant / 4

    def _factors(
        self, n_a: int, a: FloatArray, n_b: int, b: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        v = self.eigenvalues_.astype(np.float64)
        shared = v / (1 + (n_a + n_b) * v)
        constant = np.log1p(n_a * v) + np.log1p(n_b * v) - np.log1p((n_a + n_b) * v)
        own_a = np.square(a, dtype=np.float64) @ (shared - v / (1 + n_a * v)) / 2
        own_b = np.square(b, dtype=np.float64) @ (shared - v / (1 + n_b * v)) / 2
        dtype = np.result_type(a, b)
        left = np.column_stack([a * shared, own_a + constant.sum() / 2, np.ones(len(a))])
        right = np.column_stack([b, np.ones(len(b)), own_b])
        return left.astype(dtype), right.astype(dtype)

    @property
    def _n_features_out(self) -> int:
        return len(self.eigenvalues_)

    def __sklearn_tags__(self) -> Tags:
        return needs_labels(super().__sklearn_tags__())


def _real_rows(values: npt.ArrayLike, name: str, n_columns: int) -> FloatArray:
    """Check rows; float32 stays, all else becomes float64."""
    dtype = np.float32 if getattr(values, "dtype", None) == np.float32 else np.float64
    return check_matrix(values, name, n_columns=n_columns, dtype=dtype)
