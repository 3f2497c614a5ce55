"""Who stays who: ids of speakers through later links, and when a recording is done again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from trfast._matching import one_to_one

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Turns = Sequence[tuple[float, float]]


def ids_of_labels(
    labels: IntArray, before: IntArray, seconds: FloatArray, known: IntArray
) -> IntArray:
    """Give labels the ids of the speakers that most of their speech had before.

    Parameters
    ----------
    labels : ndarray (n,)
        Of each local speaker.
    before : ndarray (n,)
        Id of the speaker that it was; 0 for none.
    seconds : ndarray (n,)
        Of speech.
    known : ndarray (n,)
        Id of the speaker that somebody says it is; -1 where nobody does. Labels have one at most.

    Returns
    -------
    ndarray (n_labels,), int64
        An id has one label: the match, one to one, keeps as much speech as can be. 0: a new one.

    Examples
    --------
    >>> labels, before = np.array([0, 0, 1, 2]), np.array([7, 5, 5, 0])
    >>> ids_of_labels(labels, before, np.array([9.0, 8.0, 1.0, 3.0]), np.full(4, -1)).tolist()
    [7, 5, 0]
    """
    ids = np.zeros(int(labels.max(initial=-1)) + 1, np.int64)
    said = known >= 0
    ids[labels[said]] = known[said]
    free = (before > 0) & (ids[labels] == 0) & ~np.isin(before, known[said])
    if free.any():
        there, column = np.unique(before[free], return_inverse=True)
        common = scipy.sparse.csr_array(
            (seconds[free], (labels[free], column)), shape=(len(ids), len(there))
        )
        matched = one_to_one(common).tocoo()
        ids[matched.row] = there[matched.col]
    return ids


def same_voices(old: Mapping[int, Turns], new: Mapping[int, Turns]) -> dict[int, int]:
    """Match the local speakers of a recording with those of another diarization of it.

    Parameters
    ----------
    old, new : mapping of int to sequence of (start, end)
        Turns of each, in seconds.

    Returns
    -------
    dict of int to int
        Of a new one to an old one, one to one, so that they share as much time as can be.

    Examples
    --------
    >>> same_voices({1: [(0.0, 5.0)], 2: [(5.0, 9.0)]}, {8: [(4.0, 9.0)], 9: [(0.0, 4.0)]})
    {8: 2, 9: 1}
    """
    if not old or not new:
        return {}
    shared = np.array([[_shared(own, others) for others in old.values()] for own in new.values()])
    matched: Any = one_to_one(scipy.sparse.csr_array(shared)).tocoo()
    rows, columns = list(new), list(old)
    return {
        rows[i]: columns[j] for i, j in zip(matched.row.tolist(), matched.col.tolist(), strict=True)
    }


def _shared(a: Turns, b: Turns) -> float:
    """Seconds in turns of both."""
    starts, ends = np.array(a, float).reshape(-1, 2).T
    return float(
        sum((np.minimum(ends, end) - np.maximum(starts, start)).clip(0).sum() for start, end in b)
    )
