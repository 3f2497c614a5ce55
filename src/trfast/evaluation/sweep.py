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
from scipy.sparse import coo_array, csr_array, issparse
from scipy.sparse.csgraph import connected_components, min_weight_full_bipartite_matching

from trfast.annotation import Annotation, Timeline
from trfast.errors import ParameterTypeError

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Spans = tuple[IntArray, FloatArray, FloatArray]  # number of the recording, start, end
COLLECTION = -1  # stands for the recording's number where speakers are those of the collection
PAIRS_AT_ONCE = 2_000


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
    """Put the regions of the recordings `names` into columns."""
    timelines = [uem[name] for name in names]
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
    matrix = csr_array(
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


def one_to_one(common: Any) -> Any:
    """Map rows to columns one to one so that the time they have in common is the longest.

    Parameters
    ----------
    common : sparse (n_rows, n_columns)
        Seconds, of each row with each column.

    Returns
    -------
    sparse (n_rows, n_columns)
        One at each pair that is mapped; a pair without time in common is not.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> one_to_one(csr_array([[5.0, 4.0], [4.0, 0.0]])).toarray()
    array([[0., 1.],
           [1., 0.]])
    """
    if not issparse(common):
        raise ParameterTypeError(
            f"common must be sparse, as CommonTime.seconds is, got {type(common).__name__}"
        )
    common = common.tocoo(copy=True)
    common.eliminate_zeros()
    rows, columns, time = common.row, common.col, common.data
    # The assignment's time grows with the square of its size. Speakers that no chain of common
    # time connects do not compete: they are assigned apart, as many at once as do no harm.
    n_rows, n_columns = common.shape
    graph = _graph(time, rows, n_rows + columns, (n_rows + n_columns,) * 2)
    component = connected_components(graph, directed=False)[1][rows]
    order = np.argsort(component, kind="stable")
    first = np.searchsorted(component[order], component[order])
    blocks = np.split(order, np.flatnonzero(np.diff(first // PAIRS_AT_ONCE)) + 1)
    assigned = [b[_assignment(rows[b], columns[b], time[b])] for b in blocks if len(b)]
    chosen = np.concatenate([np.zeros(0, np.int64), *assigned])
    return pairs(rows[chosen], columns[chosen], (n_rows, n_columns))


def _graph(weights: FloatArray, rows: IntArray, columns: IntArray, shape: tuple[int, int]) -> Any:
    """Return a sparse graph; csgraph of SciPy before 1.15 takes 32-bit indices only."""
    index = (rows.astype(np.int32), columns.astype(np.int32))
    return coo_array((weights, index), shape=shape).tocsr()


def _assignment(rows: IntArray, columns: IntArray, time: FloatArray) -> IntArray:
    """Choose pairs that share no row and no column, of the longest time together."""
    _, rows = np.unique(rows, return_inverse=True)
    _, columns = np.unique(columns, return_inverse=True)
    n_rows, n_columns = rows.max() + 1, columns.max() + 1
    # The matching must be full: each row has a column of its own that stands for no partner.
    everyone = np.arange(n_rows)
    dearest = 2.0 * time.max()
    costs = _graph(
        np.concatenate([dearest - time, np.full(n_rows, dearest)]),
        np.concatenate([rows, everyone]),
        np.concatenate([columns, n_columns + everyone]),
        (n_rows, n_columns + n_rows),
    )
    matched = np.full(n_rows, -1)
    matched_rows, matched_columns = min_weight_full_bipartite_matching(costs)
    matched[matched_rows] = matched_columns
    chosen: IntArray = np.flatnonzero(matched[rows] == columns)
    return chosen


def pairs(rows: npt.ArrayLike, columns: npt.ArrayLike, shape: tuple[int, int]) -> Any:
    """Return a sparse matrix with ones at the pairs."""
    rows = np.asarray(rows, np.int64)
    return csr_array((np.ones(len(rows)), (rows, np.asarray(columns, np.int64))), shape=shape)
