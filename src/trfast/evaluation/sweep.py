"""The sweep over turns: all recordings at once, on arrays.

The bounds of all turns (and collars, and scored regions) cut each recording into elementary
intervals, in which nothing changes. Who speaks in which interval is a sparse matrix of ones,
a row a speaker; what two speakers have in common is then a product of two such matrices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from trfast._matching import one_to_one
from trfast.annotation import Annotation, Timeline

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Spans = tuple[IntArray, FloatArray, FloatArray]  # number of the recording, start, end
COLLECTION = -1  # stands for the recording's number where speakers are those of the collection


@dataclass(frozen=True)
class Turns:
    """Turns of many recordings as columns; `speaker` counts into `speakers`."""

    recording: IntArray
    start: FloatArray
    end: FloatArray
    speaker: IntArray
    speakers: dict[tuple[int, str], int]  # (number of the recording or COLLECTION, name)

    @property
    def spans(self) -> Spans:
        return self.recording, self.start, self.end


def gather(names: Sequence[str], annotations: Mapping[str, Annotation], *, across: bool) -> Turns:
    """Put the turns of the recordings `names` into columns; empty turns are left out.

    Speakers of one name in two recordings are two speakers, or one if `across`.
    """
    speakers: dict[tuple[int, str], int] = {}
    counts: list[int] = []
    start: list[float] = []
    end: list[float] = []
    speaker: list[int] = []
    for number, name in enumerate(names):
        turns = [turn for turn in annotations.get(name, ()) if turn.end > turn.start]
        scope = COLLECTION if across else number
        own = {
            spoken: speakers.setdefault((scope, spoken), len(speakers))
            for spoken in dict.fromkeys([turn.speaker for turn in turns])
        }
        counts.append(len(turns))
        start += [turn.start for turn in turns]
        end += [turn.end for turn in turns]
        speaker += [own[turn.speaker] for turn in turns]
    return Turns(
        np.repeat(np.arange(len(names)), counts),
        np.array(start, np.float64),
        np.array(end, np.float64),
        np.array(speaker, np.int64),
        speakers,
    )


def regions(names: Sequence[str], uem: Mapping[str, Timeline]) -> Spans:
    """Put the regions of the recordings `names` into columns; one without any has none."""
    timelines = [uem.get(name, Timeline()) for name in names]
    return (
        np.repeat(np.arange(len(names)), [len(t) for t in timelines]),
        np.concatenate([t.starts for t in timelines]),
        np.concatenate([t.ends for t in timelines]),
    )


def elementary_intervals(
    spans: Sequence[Spans],
) -> tuple[IntArray, FloatArray, list[tuple[IntArray, IntArray]]]:
    """Cut the recordings at every bound.

    Returns
    -------
    recording : ndarray (n_intervals,)
        Number of the recording of each interval, in order of recording and time.
    seconds : ndarray (n_intervals,), float64
        Durations. The interval after a recording's last bound has none.
    bounds : list of (first, last), ndarray
        For each item of `spans`, the intervals ``first..last - 1`` that each span covers.
    """
    recording = np.concatenate([r for r, _, _ in spans for _ in range(2)])
    time = np.concatenate([t for _, start, end in spans for t in (start, end)])
    order = np.lexsort((time, recording))
    recording, time = recording[order], time[order]
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(time) != 0) | (np.diff(recording) != 0)
    interval = np.empty(len(order), np.int64)
    interval[order] = np.cumsum(new) - 1
    recording, time = recording[new], time[new]
    seconds = np.zeros(len(time))
    seconds[:-1] = np.where(np.diff(recording) == 0, np.diff(time), 0.0)
    parts = iter(np.split(interval, np.cumsum([len(r) for r, _, _ in spans for _ in range(2)])))
    return recording, seconds, list(zip(parts, parts, strict=False))


def coverage(bounds: Sequence[tuple[IntArray, IntArray]], n_intervals: int) -> IntArray:
    """Count the spans that cover each interval."""
    steps = np.zeros(n_intervals + 1, np.int64)
    for first, last in bounds:
        steps += np.bincount(first, minlength=n_intervals + 1)
        steps -= np.bincount(last, minlength=n_intervals + 1)
    return np.cumsum(steps)[:-1]


def activity(
    owner: IntArray, n_owners: int, bounds: tuple[IntArray, IntArray], n_intervals: int
) -> Any:
    """Return a sparse (n_owners, n_intervals) matrix of ones: who speaks when.

    `owner` is the row of each span of `bounds`: its speaker, say.
    """
    first, last = bounds
    lengths = last - first
    skipped = np.cumsum(lengths) - lengths
    columns = np.repeat(first - skipped, lengths) + np.arange(lengths.sum())
    matrix = scipy.sparse.csr_array(
        (np.ones(len(columns)), (np.repeat(owner, lengths), columns)),
        shape=(n_owners, n_intervals),
    )
    matrix.sum_duplicates()
    matrix.data[:] = 1.0  # overlapping turns of one speaker are one
    return matrix


def speakers_in(active: Any) -> IntArray:
    """Count the speakers of each interval."""
    return np.bincount(active.indices, minlength=active.shape[1])


def time_in_common(a: Any, b: Any, seconds: FloatArray) -> Any:
    """Return the seconds of each row of `a` with each of `b`: sparse, nothing stored if none."""
    common = ((a * seconds) @ b.T).tocsr()
    common.eliminate_zeros()
    return common


def best_mapping(reference: Any, hypothesis: Any, seconds: FloatArray) -> Any:
    """Map speakers one to one so that the time they have in common is the longest.

    Parameters
    ----------
    reference, hypothesis : sparse (n_speakers, n_intervals)
        Who speaks when.
    seconds : ndarray (n_intervals,)
        What each interval counts.

    Returns
    -------
    sparse (n_reference, n_hypothesis)
        One at each pair that is mapped.
    """
    return one_to_one(time_in_common(reference, hypothesis, seconds))


def pairs(rows: npt.ArrayLike, columns: npt.ArrayLike, shape: tuple[int, int]) -> Any:
    """Return a sparse matrix with ones at the pairs."""
    rows = np.asarray(rows, np.int64)
    return scipy.sparse.csr_array(
        (np.ones(len(rows)), (rows, np.asarray(columns, np.int64))), shape=shape
    )
