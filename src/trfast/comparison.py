"""Comparison: what compares two vectors, and when they are one person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trfast._checks import check_type
from trfast.clustering import check_clustering, complete_linkage_of_edges, connected_components
from trfast.scoring.backend import Backend
from trfast.scoring.cosine import cosine_components

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """How two vectors are compared, and when they are one person.

    `ModelBundle.within` and `ModelBundle.across` make those of a model.

    Parameters
    ----------
    threshold : float
        Similarity from which two are one: a cosine, or a log-likelihood ratio with PLDA.
    backend : Backend, optional
        What compares them; default: the cosine of vectors as they are.
    clustering : {"cc", "hac"}
        Connected components: who is one with somebody of a group is of the group. Or complete
        linkage: only who reaches the threshold with all of it.

    Raises
    ------
    ParameterError
        If there is no such clustering, or no similarity of the back-end equals the threshold.

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
    clustering: str = "cc"

    def __post_init__(self) -> None:
        check_clustering(self.clustering)
        check_type(self.backend, Backend, "backend", hint="model.backend(name) gives one")
        self.backend.check_threshold(self.threshold)

    @property
    def settings(self) -> tuple[str, str, float]:
        """Back-end, clustering and threshold."""
        return self.backend.name, self.clustering, self.threshold

    def edges(
        self, rows: npt.ArrayLike, *, n_threads: int | None = 1
    ) -> tuple[IntArray, FloatArray]:
        """List the pairs of rows that are one by themselves; see `Backend.edges_above`."""
        return self.backend.edges_above(rows, self.threshold, n_threads=n_threads)

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
        if self.clustering == "cc" and self.backend.is_cosine:
            return cosine_components(rows, self.threshold, n_threads=n_threads)
        pairs, similarities = self.edges(rows, n_threads=n_threads)
        n = len(np.asarray(rows))
        if self.clustering == "cc":
            return connected_components(pairs, n)
        return complete_linkage_of_edges(pairs, similarities, n)
