"""Comparison: what compares two vectors, and when they are one person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trfast._checks import check_type
from trfast._names import ClusteringName
from trfast.clustering import (
    average_linkage_of_edges,
    check_clustering,
    complete_linkage_of_edges,
    connected_components,
    merges_of_scores,
)
from trfast.scoring.backend import Backend
from trfast.scoring.cosine import cosine_components
from trfast.scoring.scores import Scores

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """How two vectors are compared, and when they are one person.

    `ModelBundle.within` and `ModelBundle.across` make those of a model.

    Parameters
    ----------
    threshold : float
        Similarity from which two are one: a cosine, a log-likelihood ratio with PLDA, or a score of
        one's own.
    backend : Backend, optional
        What compares them; default: the cosine of vectors as they are.
    clustering : {"cc", "hac", "average"}
        Connected components: who is one with somebody of a group is of the group. Complete
        linkage: only who reaches the threshold with all of it. Average linkage: who reaches it in
        the mean.
    normalized : bool
        Whether similarities are normalized by the back-end's cohort; the threshold then says how
        many standard deviations above that of strangers.

    Raises
    ------
    ParameterError
        If there is no such clustering, or no similarity of the back-end equals the threshold.
    ModelError
        If the back-end has no cohort to normalize by.

    Examples
    --------
    >>> rows = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
    >>> Comparison(threshold=0.55).cluster(rows).tolist()
    [0, 0, 0]
    >>> Comparison(threshold=0.55, clustering="hac").cluster(rows).tolist()
    [0, 0, 1]
    """

    threshold: float
    backend: Backend = Backend(name="cosine")  # noqa: RUF009 (frozen)
    clustering: ClusteringName = "cc"
    normalized: bool = False

    def __post_init__(self) -> None:
        check_clustering(self.clustering)
        hint = "model.backend(name) gives one, Backend(name=..., estimator=...) one of your own"
        check_type(self.backend, Backend, "backend", hint=hint)
        self.backend.check_threshold(self.threshold, normalized=self.normalized)

    @property
    def settings(self) -> tuple[str, str, float]:
        """Back-end, clustering and threshold."""
        return self.backend.name, self.clustering, self.threshold

    def scores(self, rows: npt.ArrayLike) -> Scores:
        """Return what scores rows, as ``backend.project`` gives them."""
        return self.backend.scores(rows, normalized=self.normalized)

    def edges(
        self, rows: npt.ArrayLike, *, n_threads: int | None = 1
    ) -> tuple[IntArray, FloatArray]:
        """List the pairs of rows that are one by themselves; see `Backend.edges_above`."""
        return self.scores(rows).edges_above(self.threshold, n_threads=n_threads)

    def cluster(self, rows: npt.ArrayLike, *, n_threads: int | None = 1) -> IntArray:
        """Join rows.

        Parameters
        ----------
        rows : array_like (n, k)
            As ``backend.project`` gives them.
        n_threads : int, optional
            None: all cores this process may use. The result does not depend on it.

        Returns
        -------
        ndarray (n,), int64
            Cluster of each row, numbered in order of first appearance.

        Raises
        ------
        ParameterError
            If a row is zero, NaN or infinite, or of another length.
        """
        if self.clustering == "cc" and self.backend.is_cosine and not self.normalized:
            return cosine_components(rows, self.threshold, n_threads=n_threads)
        scores = self.scores(rows)
        pairs, similarities = scores.edges_above(self.threshold, n_threads=n_threads)
        n = len(scores.rows)
        if self.clustering == "cc":
            return connected_components(pairs, n)
        if self.clustering == "average":
            return average_linkage_of_edges(
                pairs, similarities, *scores.factors(), threshold=self.threshold
            )
        return complete_linkage_of_edges(pairs, similarities, n)

    def merges(self, rows: npt.ArrayLike) -> IntArray:
        """Join rows whatever the threshold, until all are one; see `merges_of_scores`. Takes all
        pairs at a time: for the rows of one recording."""
        every = slice(None)
        return merges_of_scores(self.scores(rows).between(every, every), self.clustering)


def across_recordings(backend: Backend, clustering: ClusteringName, threshold: float) -> Comparison:
    """Return what compares local speakers of two recordings.

    Connected components and complete linkage take similarities as they are, as the paper does;
    average linkage takes them normalized where the back-end has a cohort, so that one threshold
    fits more collections.

    Parameters
    ----------
    backend : Backend
    clustering : {"cc", "hac", "average"}
    threshold : float
        Standard deviations above strangers, for average linkage with a cohort.
    """
    return Comparison(
        backend=backend,
        clustering=clustering,
        threshold=threshold,
        normalized=clustering == "average" and backend.cohort is not None,
    )
