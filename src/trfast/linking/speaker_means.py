"""SpeakerMeans: what tells which speakers a new local speaker may be, without all vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast.comparison import Comparison
from trfast.evidence import sums_of_labels
from trfast.scoring.centring import shift_of_speakers

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[Any]

# Local speakers, and speakers, that are looked at a time.
_ROWS, _SPEAKERS = 10_000, 20_000
# What rounding to float16 changes of a number, at most, and half as much again.
_ROUNDING = 1.5 * 2.0**-11


@dataclass(frozen=True, eq=False)
class SpeakerMeans:
    """Speakers of a collection as one row each, whose product with a local speaker's is the mean of
    its scores with all of theirs, but for rounding.

    Parameters
    ----------
    numbers : ndarray (n,), int64
        Of the speakers.
    means : ndarray (n, k), float16
    shift : ndarray (dimension,), float32
        What is taken off vectors, as `link_centred` centres them.
    """

    numbers: IntArray
    means: FloatArray
    shift: FloatArray

    @classmethod
    def of(cls, vectors: FloatArray, speakers: IntArray, comparison: Comparison) -> SpeakerMeans:
        """Return those of local speakers.

        Parameters
        ----------
        vectors : ndarray (n, dimension), float32
            As `Diarization.vectors` has them.
        speakers : ndarray (n,), int64
            Number of the speaker of each.
        comparison : Comparison

        Examples
        --------
        >>> x = np.array([[1.0, 0.0], [0.0, 1.0], [0.8, 0.6]], np.float32)
        >>> comparison = Comparison(threshold=0.9, clustering="average")
        >>> found = SpeakerMeans.of(x, np.array([4, 7, 4]), comparison)
        >>> found.numbers.tolist(), found.near(x[1:2], comparison).tolist()
        ([4, 7], [7])
        """
        shift = shift_of_speakers(vectors, speakers, comparison.backend)
        numbers, column = np.unique(speakers, return_inverse=True)
        return cls(numbers, _means(vectors, column, comparison, shift), shift)

    @property
    def is_exact(self) -> bool:
        """Whether float16 holds all of it."""
        return bool(np.isfinite(self.means).all())

    def near(self, vectors: FloatArray, comparison: Comparison) -> IntArray:
        """Return the numbers of all speakers who may be one with any of some vectors, sorted."""
        left = _factors(vectors, comparison, self.shift)[0].astype(np.float32)
        found = np.zeros(len(self.numbers), bool)
        for start in range(0, len(found), _SPEAKERS):
            block = self.means[start : start + _SPEAKERS].astype(np.float32)
            largest = np.maximum(block.max(axis=0), -block.min(axis=0))
            errors = _ROUNDING * (largest @ np.abs(left).T)
            near = block @ left.T + errors >= comparison.threshold
            found[start : start + _SPEAKERS] = near.any(axis=1)
        return np.sort(self.numbers[found])

    def changed(
        self, vectors: FloatArray, speakers: IntArray, comparison: Comparison
    ) -> tuple[SpeakerMeans, IntArray]:
        """Write over the rows of some speakers, given all local speakers of those; return what
        holds then, and the places of those rows. Speakers who are new come last."""
        numbers, column = np.unique(speakers, return_inverse=True)
        rows = _means(vectors, column, comparison, self.shift)
        order = np.argsort(self.numbers)
        place = np.searchsorted(self.numbers, numbers, sorter=order)
        place = order[np.minimum(place, len(order) - 1)]
        new = self.numbers[place] != numbers
        place[new] = len(self.numbers) + np.arange(new.sum())
        means = np.concatenate([self.means, rows[new]]) if new.any() else self.means
        means[place] = rows
        return SpeakerMeans(np.append(self.numbers, numbers[new]), means, self.shift), place


def _factors(
    vectors: FloatArray, comparison: Comparison, shift: FloatArray
) -> tuple[FloatArray, FloatArray]:
    return comparison.scores(comparison.backend.project(vectors - shift)).factors()


def _means(
    vectors: FloatArray, column: IntArray, comparison: Comparison, shift: FloatArray
) -> FloatArray:
    """Mean of the right factors of each column."""
    sizes = np.bincount(column)
    order = np.argsort(column, kind="stable")
    found: FloatArray | None = None
    for start in range(0, len(order), _ROWS):
        rows = order[start : start + _ROWS]
        right = _factors(vectors[rows], comparison, shift)[1]
        first = column[rows[0]]
        sums = sums_of_labels(right, column[rows] - first)
        if found is None:
            found = np.zeros((len(sizes), right.shape[1]), np.float32)
        found[first : first + len(sums)] += sums
    if found is None:
        return np.empty((0, 0), np.float16)
    with np.errstate(over="ignore"):  # is_exact tells
        return np.asarray(found / sizes[:, None], np.float16)
