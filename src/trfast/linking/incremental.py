"""link_new: new local speakers -> the speakers there are, who stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._checks import check_integers, check_matrix, check_names, check_type
from trfast._threads import blas_limit
from trfast.clustering import average_linkage_of_items
from trfast.comparison import Comparison
from trfast.errors import ParameterError
from trfast.evidence import sums_of_labels
from trfast.scoring.centring import shift_of_speakers

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[Any]

# Share of the local speakers that may be new, and speakers that are asked at a time.
_MOST_NEW, _BLOCK = 0.2, 20_000
# What the mean score of a speaker must be above that of the next one, to be sure.
_MARGIN = 1.0


@dataclass(frozen=True, eq=False)
class NewLinks:
    """Whom new local speakers are, and whether that can be relied on.

    Parameters
    ----------
    speakers : ndarray (n,), int64
        Number of the speaker of each local speaker: those of before as they were, new speakers
        numbered on from the highest.
    doubts : tuple of str
        Why a full link may find something else; empty where it hardly will.
    """

    speakers: IntArray
    doubts: tuple[str, ...]


@blas_limit()
def link_new(
    vectors: npt.ArrayLike,
    recordings: Sequence[str],
    speakers: npt.ArrayLike,
    comparison: Comparison,
) -> NewLinks:
    """Link new local speakers with the speakers there are, and with each other, by average linkage.

    A speaker is compared by the mean score of all its local speakers, so that nothing drifts; no
    two speakers that are there are joined, none is parted, and none gets two local speakers of one
    recording. Vectors are centred on the speakers that are there, as `link_centred` does it.

    Parameters
    ----------
    vectors : array_like (n, dimension)
        One local speaker a row, as `Diarization.vectors` has them, old and new.
    recordings : sequence of str, (n,)
    speakers : array_like (n,), int
        Number of the speaker of each; -1 for new ones.
    comparison : Comparison
        With average linkage.

    Returns
    -------
    NewLinks

    Raises
    ------
    ParameterError
        If the lengths differ, or the clustering is another one.

    Examples
    --------
    >>> x = [[1.0, 0.0], [0.0, 1.0], [0.9, 0.1], [-1.0, 0.1]]
    >>> comparison = Comparison(threshold=0.6, clustering="average")
    >>> link_new(x, ["a", "a", "b", "b"], [0, 1, -1, -1], comparison).speakers.tolist()
    [0, 1, 0, 2]
    """
    check_type(comparison, Comparison, "comparison", hint="give model.across() of a model")
    if comparison.clustering != "average":
        raise ParameterError(
            f"only average linkage links what is new alone, got {comparison.clustering!r}: link all"
        )
    x = check_matrix(vectors, "vectors")
    names = check_names(recordings, "recordings", len(x), "row", or_integers=True)
    number = check_integers(speakers, "speakers")
    if number.shape != (len(x),):
        raise ParameterError(f"speakers must be one a row, ({len(x)},), got {number.shape}")
    old = number >= 0
    shift = shift_of_speakers(x[old], number[old], comparison.backend) if old.any() else None
    return link_shifted(x, names, number, comparison, shift, n_all=len(x))


def link_shifted(
    x: FloatArray,
    recordings: Sequence[str],
    number: IntArray,
    comparison: Comparison,
    shift: FloatArray | None,
    *,
    n_all: int,
) -> NewLinks:
    """Link as `link_new`, of `n_all` local speakers those who are new, with those of all speakers
    who are near to them; `shift` is taken off the vectors."""
    group = np.unique(np.asarray(recordings, dtype=object), return_inverse=True)[1]
    old, new = np.flatnonzero(number >= 0), np.flatnonzero(number < 0)
    if not len(new):
        return NewLinks(number, ())
    base = x if shift is None else x - shift
    left, right = comparison.scores(comparison.backend.project(base)).factors()
    there, column = np.unique(number[old], return_inverse=True)
    sizes = np.bincount(column, minlength=len(there)).astype(np.float64)
    sums = [sums_of_labels(side[old], column) for side in (left, right)]
    threshold = comparison.threshold
    near, means_near = _near(left[new], sums[1] / np.maximum(sizes, 1)[:, None], threshold)
    asked = np.unique(near[:, 1])
    # Items: the speakers that are near to somebody, then the new ones.
    place = np.full(len(there), -1)
    place[asked] = np.arange(len(asked))
    inside: list[set[int]] = [{-1} for _ in asked]  # two that are there never join
    for speaker, recording in zip(column.tolist(), group[old].tolist(), strict=True):
        if place[speaker] >= 0:
            inside[place[speaker]].add(recording)
    inside += [{int(recording)} for recording in group[new]]
    item_left, item_right = (
        np.concatenate([total[asked], side[new]])
        for total, side in zip(sums, (left, right), strict=True)
    )
    item_sizes = np.concatenate([sizes[asked], np.ones(len(new))])
    pairs = np.argwhere(np.triu(left[new] @ right[new].T >= threshold, 1))
    edges = np.concatenate(
        [
            np.stack([place[near[:, 1]], len(asked) + near[:, 0]], axis=1),
            len(asked) + pairs,
        ]
    ).astype(np.int64)
    means = (item_left[edges[:, 0]] * item_right[edges[:, 1]]).sum(axis=1)
    means /= item_sizes[edges].prod(axis=1)
    labels = average_linkage_of_items(
        edges, means, item_left, item_right, item_sizes, inside, threshold=threshold
    )
    # Other scores than normalized ones have no common scale.
    margin = _MARGIN if comparison.normalized else np.inf
    found = number.copy()
    named = {int(labels[k]): int(there[speaker]) for k, speaker in enumerate(asked.tolist())}
    following = int(number.max(initial=-1)) + 1
    for row, label in zip(new.tolist(), labels[len(asked) :].tolist(), strict=True):
        if label not in named:
            named[label], following = following, following + 1
        found[row] = named[label]
    return NewLinks(found, _doubts(len(new), n_all, near, means_near, margin))


def many_new(n_new: int, n_all: int) -> tuple[str, ...]:
    """Say it if so many are new that what is there says little."""
    return (f"{n_new} of {n_all} local speakers are new",) if n_new > _MOST_NEW * n_all else ()


def _near(rows: FloatArray, speakers: FloatArray, threshold: float) -> tuple[IntArray, FloatArray]:
    """Pairs of a row and a speaker whose mean score reaches the threshold, and that score."""
    found, means = [np.empty((0, 2), np.int64)], [np.empty(0)]
    for start in range(0, len(speakers), _BLOCK):
        scores = rows @ speakers[start : start + _BLOCK].T
        pairs = np.argwhere(scores >= threshold)
        found.append(pairs + np.array([0, start]))
        means.append(scores[pairs[:, 0], pairs[:, 1]])
    return np.concatenate(found), np.concatenate(means)


def _doubts(
    n_new: int, n_all: int, near: IntArray, means: FloatArray, margin: float
) -> tuple[str, ...]:
    doubts = many_new(n_new, n_all)
    order = np.lexsort((-means, near[:, 0]))
    row, mean = near[order, 0], means[order]
    second = np.flatnonzero(np.diff(row, prepend=-1) == 0)
    first = np.searchsorted(row, row[second])
    between = len(np.unique(row[second[mean[first] - mean[second] < margin]]))
    if between:
        doubts += (f"{between} of {n_new} may be one of several speakers",)
    return doubts
