"""Doubts: the links, and the pairs left apart, that a little more or less would have changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._checks import check_integer, check_matrix, check_names, check_type, check_vector
from trfast._threads import blas_limit
from trfast.comparison import Comparison
from trfast.evidence import sums_of_labels
from trfast.scoring.centring import centred

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[Any]

# Speakers whose pairs are looked at, those with the most speech; pairs at a time.
_MOST_SPEAKERS, _BLOCK = 20_000, 1_000
# Local speakers whose scores say how far these scatter, and pairs from which on they do.
_SAMPLE, _ENOUGH = 2_000, 20


@dataclass(frozen=True, slots=True)
class Doubt:
    """A row and one other, which stands for its speaker, with the mean score of the two sides.

    Parameters
    ----------
    linked : bool
        Whether they are one speaker now.
    row, other : int
        Local speakers: the one that may be wrong in its speaker, and the most similar one there;
        or the two of most speech of two speakers.
    score : float
        Mean over all pairs of local speakers across.
    speech : float
        Seconds at stake: of the local speaker, or of the speaker with less.
    """

    linked: bool
    row: int
    other: int
    score: float
    speech: float


@blas_limit()
def doubts(
    vectors: npt.ArrayLike,
    recordings: Sequence[str],
    labels: npt.ArrayLike,
    speech_durations: npt.ArrayLike,
    comparison: Comparison,
    *,
    most: int = 20,
) -> list[Doubt]:
    """Find what lies nearest to the threshold.

    Parameters
    ----------
    vectors : array_like (n, dimension)
        One local speaker a row, as `Diarization.vectors` has them.
    recordings : sequence of str, (n,)
    labels : array_like (n,), int
        Speaker of each, as `link_centred` gives them.
    speech_durations : array_like (n,)
        Seconds of each.
    comparison : Comparison
        What linked them.
    most : int
        How many, at most.

    Returns
    -------
    list of Doubt
        The nearest to the threshold, those with most speech first; none that is farther from it
        than the standard deviation of scores of two speakers, where there are many. Pairs of
        speakers are looked at among the 20,000 with the most speech.

    Examples
    --------
    >>> x = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
    >>> found = doubts(x, ["a", "b", "c"], [0, 0, 1], [9, 5, 3], Comparison(threshold=0.7))
    >>> [(doubt.linked, doubt.row, doubt.other) for doubt in found]
    [(True, 0, 1), (False, 0, 2)]
    """
    check_type(comparison, Comparison, "comparison", hint="give model.across() of a model")
    check_integer(most, "most", least=1)
    x = check_matrix(vectors, "vectors")
    n = len(x)
    names = check_names(recordings, "recordings", n, "row", or_integers=True)
    seconds = check_vector(speech_durations, "speech_durations", n, "a row", least=0)
    number = check_vector(labels, "labels", n, "a row").astype(np.int64)
    if n < 2:
        return []
    group = np.unique(np.asarray(names, dtype=object), return_inverse=True)[1]
    rows = comparison.backend.project(centred(x, number, comparison.backend))
    left, right = comparison.scores(rows).factors()
    found = [
        *_links(left, right, number, seconds, comparison.threshold, most),
        *_pairs(left, right, number, group, seconds, comparison.threshold, most),
    ]
    reach = _reach(left, right, number)
    found = [doubt for doubt in found if abs(doubt.score - comparison.threshold) <= reach]
    found.sort(key=lambda doubt: abs(doubt.score - comparison.threshold))
    return sorted(found[:most], key=lambda doubt: (-doubt.speech, doubt.row, doubt.other))


def _reach(left: FloatArray, right: FloatArray, labels: IntArray) -> float:
    """How far from the threshold a score may be to be a doubt."""
    some = slice(None, None, 1 + len(left) // _SAMPLE)
    scores, own = left[some] @ right[some].T, labels[some]
    strangers = scores[np.triu(own[:, None] != own, 1)]
    return float(strangers.std()) if len(strangers) >= _ENOUGH else np.inf


def _links(
    left: FloatArray,
    right: FloatArray,
    labels: IntArray,
    seconds: FloatArray,
    threshold: float,
    most: int,
) -> list[Doubt]:
    """Local speakers that are nearest to the threshold in their own speaker; of two that are the
    most similar to each other, the nearer one."""
    size = np.bincount(labels)[labels]
    others = sums_of_labels(right, labels)[labels] - right
    scores = (left * others).sum(axis=1) / np.maximum(size - 1, 1)
    away = np.where(size > 1, np.abs(scores - threshold), np.inf)
    chosen = np.argsort(away, kind="stable")[: 2 * most]
    found: dict[tuple[int, int], Doubt] = {}
    for row in chosen[np.isfinite(away[chosen])].tolist():
        mates = np.flatnonzero(labels == labels[row])
        mates = mates[mates != row]
        other = int(mates[(right[mates] @ left[row]).argmax()])
        if (other, row) not in found:
            doubt = Doubt(True, row, other, float(scores[row]), float(seconds[row]))
            found[row, other] = doubt
    return list(found.values())[:most]


def _pairs(
    left: FloatArray,
    right: FloatArray,
    labels: IntArray,
    group: IntArray,
    seconds: FloatArray,
    threshold: float,
    most: int,
) -> list[Doubt]:
    """Speakers that share no recording, nearest to the threshold."""
    sizes, speech = np.bincount(labels), np.bincount(labels, seconds)
    kept = np.sort(np.argsort(-speech, kind="stable")[:_MOST_SPEAKERS])
    weight = np.maximum(sizes, 1)[:, None]
    means = [(sums_of_labels(side, labels) / weight)[kept] for side in (left, right)]
    inside: list[set[int]] = [set() for _ in sizes]
    for label, recording in zip(labels.tolist(), group.tolist(), strict=True):
        inside[label].add(recording)
    best: list[tuple[float, float, int, int]] = []
    for start in range(0, len(kept), _BLOCK):
        scores = means[0][start : start + _BLOCK] @ means[1].T
        # Each pair once; twice as many as wanted, for some share a recording.
        scores[np.tril_indices(len(scores), start, len(kept))] = np.inf
        away = np.abs(scores - threshold).ravel()
        near = np.argpartition(away, min(4 * most, len(away)) - 1)[: 4 * most]
        for place in near[np.isfinite(away[near])].tolist():
            i, j = divmod(place, len(kept))
            a, b = int(kept[start + i]), int(kept[j])
            if inside[a].isdisjoint(inside[b]):
                best.append((float(away[place]), float(scores[i, j]), a, b))
        best = sorted(best)[:most]
    first: dict[int, int] = {}
    for row in np.argsort(-seconds, kind="stable").tolist():
        first.setdefault(int(labels[row]), row)
    return [
        Doubt(False, first[a], first[b], score, float(min(speech[a], speech[b])))
        for _, score, a, b in best
    ]
