"""Known: what somebody knows of local speakers before they are linked; clusters that keep it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._checks import check_integers
from trfast._names import ClusteringName
from trfast.clustering import (
    Forest,
    average_linkage_of_items,
    complete_linkage_of_edges,
)
from trfast.errors import ParameterError
from trfast.evidence import sums_of_labels
from trfast.scoring.scores import Scores

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[Any]


class Known:
    """Who some of the local speakers are, and who they are not; whoever is known is an anchor.

    Parameters
    ----------
    speakers : array_like (n,), int
        A number for who each local speaker is; -1 where nobody knows. Those of one number are one
        speaker, of one recording as well, those of two never.
    refused : array_like (m, 2), int
        Pairs of a row and a number that it is not.

    Raises
    ------
    ParameterError
        If a row is refused what it is, or is not there.

    Examples
    --------
    >>> Known([3, -1, 3], refused=[(1, 3)]).speakers.tolist()
    [3, -1, 3]
    """

    def __init__(self, speakers: npt.ArrayLike, refused: npt.ArrayLike = ()) -> None:
        speakers = check_integers(speakers, "speakers").reshape(-1)
        refused = check_integers(refused, "refused").reshape(-1, 2)
        if refused.size and not (0 <= refused[:, 0].min() <= refused[:, 0].max() < len(speakers)):
            raise ParameterError(f"refused names rows outside 0 to {len(speakers) - 1}")
        for row, speaker in refused.tolist():
            if speakers[row] == speaker:
                raise ParameterError(f"row {row} is known as {speaker}, and refused it")
        self.speakers: IntArray = speakers
        self.refused: IntArray = refused

    def of_rows(self, rows: IntArray) -> Known:
        """Return what is known of some rows, in their order."""
        place = np.full(len(self.speakers), -1)
        place[rows] = np.arange(len(rows))
        refused = self.refused[place[self.refused[:, 0]] >= 0].copy()
        refused[:, 0] = place[refused[:, 0]]
        return Known(self.speakers[rows], refused)

    @property
    def anchors(self) -> npt.NDArray[np.bool_]:
        """Whether anything is known of each row, (n,)."""
        found = self.speakers >= 0
        found[self.refused[:, 0]] = True
        return found


def join_known(
    pairs: IntArray,
    similarities: FloatArray,
    scores: Scores,
    groups: IntArray | None,
    known: Known,
    *,
    clustering: ClusteringName,
    threshold: float,
) -> IntArray:
    """Cluster as `trfast.clustering` does, with rows of one known speaker as one item.

    Parameters
    ----------
    pairs, similarities
        Edges between rows that reach the threshold.
    scores : Scores
        Of the rows.
    groups : ndarray (n,) or None
        Recording of each row, if two of one are kept apart.
    known : Known
    clustering : {"cc", "hac", "average"}
    threshold : float

    Returns
    -------
    ndarray (n,), int64
        Cluster of each row.
    """
    if clustering == "cc":
        forest = Forest(*marks_and_ties(groups, known, len(scores.rows)))
        forest.unite(pairs, similarities)
        return forest.labels()[: len(scores.rows)]
    item, inside = _items(groups, known)
    n, sizes = len(inside), np.bincount(item)
    ends = np.sort(item[pairs], axis=1)
    across = ends[:, 0] != ends[:, 1]
    keys, inverse, counts = np.unique(
        ends[across] @ np.array([n, 1]), return_inverse=True, return_counts=True
    )
    edges = np.stack([keys // n, keys % n], axis=1)
    worst = np.full(len(keys), np.inf)
    np.minimum.at(worst, inverse, similarities[across])
    may = np.array([inside[i].isdisjoint(inside[j]) for i, j in edges.tolist()], bool)
    if clustering == "hac":
        may &= counts == sizes[edges].prod(axis=1)  # all pairs of the two reach the threshold
        return complete_linkage_of_edges(edges[may], worst[may], n)[item]
    left, right = (sums_of_labels(rows, item) for rows in scores.factors())
    edges = edges[may]
    means = (left[edges[:, 0]] * right[edges[:, 1]]).sum(axis=1) / sizes[edges].prod(axis=1)
    high = means >= threshold
    labels = average_linkage_of_items(
        edges[high], means[high], left, right, sizes.astype(float), inside, threshold=threshold
    )
    return labels[item]


def _items(groups: IntArray | None, known: Known) -> tuple[IntArray, list[set[int]]]:
    """Return the item of each row, and what keeps each item from others: numbers it may share with
    nobody."""
    speakers, n = known.speakers, len(known.speakers)
    # A row that nobody knows is an item of its own.
    own = np.where(speakers >= 0, speakers, int(speakers.max(initial=-1)) + 1 + np.arange(n))
    item = np.unique(own, return_inverse=True)[1]
    inside: list[set[int]] = [set() for _ in range(int(item.max(initial=-1)) + 1)]
    item_of_speaker: dict[int, int] = {}
    for row, (k, speaker) in enumerate(zip(item.tolist(), speakers.tolist(), strict=True)):
        if groups is not None:
            inside[k].add(int(groups[row]))
        if speaker >= 0:
            item_of_speaker[speaker] = k
            inside[k].add(-1)  # two known speakers
    for mark, (row, speaker) in enumerate(known.refused.tolist(), 2):
        if speaker in item_of_speaker:
            inside[int(item[row])].add(-mark)
            inside[item_of_speaker[speaker]].add(-mark)
    return item, inside


def marks_and_ties(
    groups: IntArray | None, known: Known | None, n: int
) -> tuple[IntArray, IntArray]:
    """What `trfast.clustering.Forest` keeps apart, and joins from the start: numbers that rows
    share with none of their speaker, then further ones, and the pairs that tie rows of one known
    speaker, and rows to further numbers."""
    marks = np.arange(n) if groups is None else groups
    ties: list[tuple[int, int]] = []
    more: list[int] = []
    if known is None:
        return marks, np.empty((0, 2), np.int64)

    def mark(row: int, number: int) -> None:
        ties.append((row, n + len(more)))
        more.append(number)

    free = int(marks.max(initial=-1)) + 1
    row_of: dict[int, int] = {}
    for row in np.flatnonzero(known.speakers >= 0).tolist():
        first = row_of.setdefault(int(known.speakers[row]), row)
        if first == row:
            mark(row, free)  # two known speakers
        else:
            ties.append((first, row))
    for number, (row, speaker) in enumerate(known.refused.tolist(), free + 1):
        if speaker in row_of:
            mark(row, number)
            mark(row_of[speaker], number)
    return np.append(marks, np.array(more, np.int64)), np.array(ties, np.int64).reshape(-1, 2)
