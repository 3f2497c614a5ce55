"""Enrolment: which local speakers are voices that are known beforehand, and which are unknown."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from trfast._checks import check_integers, check_matrix, check_names, check_not_negative
from trfast.comparison import Comparison
from trfast.errors import ParameterError
from trfast.evidence import sums_of_labels
from trfast.linking.known import Known
from trfast.scoring.centring import shift_of_speakers
from trfast.scoring.scores import Scores

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[Any]

# Rows that are compared with all voices at a time.
_BLOCK = 10_000
# Pairs of strangers that say how high strangers score: at least, or nothing is said; recordings,
# and local speakers of each, that are looked at for them, at most.
_LEAST_PAIRS, _MOST_RECORDINGS, _MOST_SPEAKERS = 20, 5_000, 20


@dataclass(frozen=True, eq=False)
class Voices:
    """Voices that are known, and when a local speaker is taken for one of them.

    Parameters
    ----------
    vectors : array_like (m, dimension)
        One a row, as `Diarization.vectors` has them.
    speakers : array_like (m,), int
        A number for who each is, from 0; several may be one speaker's.
    margin : float, optional
        By how much the score must beat that of the next speaker; default: a tenth of the threshold.

    Raises
    ------
    ParameterError
        If the lengths differ, a number is below 0, or the margin is.
    """

    vectors: npt.ArrayLike
    speakers: npt.ArrayLike
    margin: float | None = None

    def __post_init__(self) -> None:
        vectors = check_matrix(self.vectors, "vectors")
        speakers = check_integers(self.speakers, "speakers")
        if speakers.shape != (len(vectors),) or speakers.min(initial=0) < 0:
            raise ParameterError(
                f"speakers must be one number a row, ({len(vectors)},), from 0 on; got"
                f" {speakers.shape}, the least {speakers.min(initial=0)}"
            )
        if self.margin is not None:
            check_not_negative(self.margin, "margin")
        object.__setattr__(self, "vectors", vectors)
        object.__setattr__(self, "speakers", speakers)

    @property
    def fingerprint(self) -> str:
        """Tells them from others."""
        digest = hashlib.sha256(np.asarray(self.speakers).tobytes())
        digest.update(np.asarray(self.vectors).tobytes())
        return digest.hexdigest()

    def less(self, shift: FloatArray | float) -> Voices:
        """Return them with something taken off the vectors."""
        return replace(self, vectors=np.asarray(self.vectors) - shift)


@dataclass(frozen=True, eq=False)
class Identified:
    """Whom local speakers were taken for.

    Parameters
    ----------
    speakers : ndarray (n,), int64
        Number of the speaker of each; -1 for the unknown.
    scores : ndarray (n,)
        Mean score with the voices of that speaker, or the best of all for the unknown.
    false_acceptance : float or None
        Share of strangers that reach the threshold with one speaker's voice; see `identify`.
        None where too few are known to be strangers.
    """

    speakers: IntArray
    scores: FloatArray
    false_acceptance: float | None

    def added_to(self, known: Known | None) -> Known:
        """Return what is known, those included who were taken for somebody."""
        if known is None:
            return Known(self.speakers)
        return Known(np.where(known.speakers >= 0, known.speakers, self.speakers), known.refused)


def identify(
    vectors: npt.ArrayLike,
    recordings: Sequence[str],
    voices: Voices,
    comparison: Comparison,
    *,
    known: Known | None = None,
) -> Identified:
    """Say which local speakers are voices that are known: an open set, all others stay unknown.

    A local speaker is taken for a speaker if its mean score with the voices reaches the threshold,
    beats that of the next speaker by a margin, and each is the other's best in the recording.

    How often a stranger is taken for somebody follows from two who speak in one recording, and
    from the voices of two speakers, who are strangers whatever they score: their scores are close
    to a normal distribution, whose median and deviation (from the median absolute deviation) say
    what share of them reaches the threshold. Strangers across recordings score lower, if anything.

    Parameters
    ----------
    vectors : array_like (n, dimension)
        One local speaker a row, as `Diarization.vectors` has them.
    recordings : sequence of str, (n,)
        Recording of each; integers will do.
    voices : Voices
    comparison : Comparison
    known : Known, optional
        Who some of them are, or are not, whatever the scores say.

    Returns
    -------
    Identified

    Raises
    ------
    ParameterError
        If the lengths differ.

    Examples
    --------
    >>> voices = Voices([[1.0, 0.0], [0.0, 1.0]], [7, 8])
    >>> x = [[0.9, 0.1], [0.8, -0.3], [0.7, 0.7]]
    >>> identify(x, ["a", "a", "b"], voices, Comparison(threshold=0.5)).speakers.tolist()
    [7, -1, -1]
    """
    x = check_matrix(vectors, "vectors")
    names = check_names(recordings, "recordings", len(x), "row", or_integers=True)
    group = np.unique(np.asarray(names, dtype=object), return_inverse=True)[1]
    n, order = len(x), np.argsort(group, kind="stable")
    group = group[order]
    rows = comparison.backend.project(np.concatenate([x[order], np.asarray(voices.vectors)]))
    scores = comparison.scores(rows)
    left, right = scores.factors()
    numbers, column = np.unique(np.asarray(voices.speakers), return_inverse=True)
    means = sums_of_labels(right[n:], column) / np.bincount(column)[:, None]
    refused = _refused(group, numbers, None if known is None else known.of_rows(order))
    margin = abs(comparison.threshold) / 10 if voices.margin is None else voices.margin
    found, best = np.full(n, -1, np.int64), np.full(n, -np.inf)
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    for first, last in _blocks(starts, n):
        table = left[first:last] @ means.T
        inside = (refused[:, 0] >= first) & (refused[:, 0] < last)
        table[refused[inside, 0] - first, refused[inside, 1]] = -np.inf
        chosen = table.argmax(axis=1)
        score = np.take_along_axis(table, chosen[:, None], axis=1)[:, 0]
        own = starts[(starts >= first) & (starts < last)] - first
        highest = np.maximum.reduceat(table, own, axis=0)
        of_row = np.searchsorted(own, np.arange(last - first), side="right") - 1
        sure = (score >= comparison.threshold) & (score == highest[of_row, chosen])
        np.put_along_axis(table, chosen[:, None], -np.inf, axis=1)
        sure &= score >= table.max(axis=1) + margin
        found[first:last], best[first:last] = np.where(sure, numbers[chosen], -1), score
    back = np.argsort(order)
    rate = _false_acceptance(_strangers(scores, group, column), comparison.threshold)
    return Identified(found[back], best[back], rate)


def identify_new(
    vectors: FloatArray,
    recordings: Sequence[str],
    speakers: IntArray,
    voices: Voices,
    comparison: Comparison,
    shift: FloatArray | None = None,
) -> Identified:
    """Identify the local speakers that have no speaker yet, -1, by vectors less a shift, or else
    centred on the speakers of the others."""
    old = speakers >= 0
    if shift is None:
        shift = np.zeros_like(vectors[0])
        if old.any():
            shift = shift_of_speakers(vectors[old], speakers[old], comparison.backend)
    names = np.asarray(recordings, dtype=object)
    rows = np.flatnonzero(np.isin(names, names[~old]))  # those beside them may be whom they seem
    found = identify(
        vectors[rows] - shift,
        names[rows].tolist(),
        voices.less(shift),
        comparison,
        known=Known(speakers[rows]),
    )
    of_all, scores = np.full(len(speakers), -1, np.int64), np.full(len(speakers), -np.inf)
    of_all[rows], scores[rows] = found.speakers, found.scores
    return Identified(of_all, scores, found.false_acceptance)


def _blocks(starts: IntArray, n: int) -> list[tuple[int, int]]:
    """Bounds of blocks of rows: whole recordings each."""
    bounds = [0]
    for start in [*starts.tolist(), n]:
        if start - bounds[-1] >= _BLOCK:
            bounds.append(start)
    if n > bounds[-1]:
        bounds.append(n)
    return list(pairwise(bounds))


def _refused(group: IntArray, numbers: IntArray, known: Known | None) -> IntArray:
    """Pairs of a row and a column that cannot be, (m, 2): what is known already, of a row or of
    another one of its recording."""
    if known is None:
        return np.empty((0, 2), np.int64)
    column_of = {number: k for k, number in enumerate(numbers.tolist())}
    pairs = []
    for row in np.flatnonzero(known.speakers >= 0).tolist():
        pairs += [(row, k) for k in range(len(numbers))]
        if (taken := column_of.get(int(known.speakers[row]))) is not None:
            first, last = np.searchsorted(group, [group[row], group[row] + 1]).tolist()
            pairs += [(other, taken) for other in range(first, last)]
    pairs += [(row, column_of[k]) for row, k in known.refused.tolist() if k in column_of]
    return np.array(pairs, np.int64).reshape(-1, 2)


def _strangers(scores: Scores, group: IntArray, column: IntArray) -> FloatArray:
    """Scores of pairs that are two people: of one recording, and voices of two speakers."""
    n = len(group)
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    ends = np.append(starts[1:], n)
    several = np.flatnonzero(ends - starts > 1)
    step = max(1, -(-len(several) // _MOST_RECORDINGS))
    found: list[FloatArray] = [np.empty(0)]
    for k in several[::step].tolist():
        rows = np.arange(starts[k], min(ends[k], starts[k] + _MOST_SPEAKERS))
        found.append(scores.between(rows, rows)[np.triu_indices(len(rows), 1)])
    some = np.unique(column, return_index=True)[1][: _MOST_SPEAKERS**2] + n
    found.append(scores.between(some, some)[np.triu_indices(len(some), 1)])
    return np.concatenate(found)


def _false_acceptance(strangers: FloatArray, threshold: float) -> float | None:
    """Share of normal scores, from their median and median absolute deviation, that reach it."""
    if len(strangers) < _LEAST_PAIRS:
        return None
    middle = np.median(strangers)
    deviation = 1.4826 * np.median(np.abs(strangers - middle))
    return float(scipy.special.ndtr((middle - threshold) / deviation)) if deviation > 0 else None
