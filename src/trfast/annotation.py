"""Segment, Turn, Timeline, Annotation: plain, immutable, in seconds."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from reprlib import repr as short
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from trfast._checks import check_not_negative, check_type
from trfast._pictures import card, timeline_picture
from trfast.errors import AnnotationError

FloatArray = npt.NDArray[np.float64]
Stretch = TypeVar("Stretch", bound="Segment")

_LARGEST = sys.float_info.max
_MOST_SHOWN = 8  # segments of a timeline in its repr


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """A stretch of time.

    Parameters
    ----------
    start, end : float
        Seconds; finite, ``start <= end``.

    Raises
    ------
    AnnotationError
        If a bound is no finite number or the segment ends before it starts.

    Examples
    --------
    >>> Segment(1.0, 2.5).duration
    1.5
    """

    start: float
    end: float

    def __post_init__(self) -> None:
        try:
            if -_LARGEST <= self.start <= self.end <= _LARGEST:  # one test: segments are many
                return
            finite = math.isfinite(self.start) and math.isfinite(self.end)
        except (TypeError, OverflowError) as error:
            raise AnnotationError(
                f"times must be numbers of seconds, got {self.start!r} to {self.end!r}"
            ) from error
        if not finite:
            raise AnnotationError(f"times must be finite, got {self.start} to {self.end}")
        raise AnnotationError(f"a segment ends before it starts: {self.start} to {self.end} s")

    @property
    def duration(self) -> float:
        """Seconds from start to end."""
        return self.end - self.start


@dataclass(frozen=True, slots=True, order=True)
class Turn(Segment):
    """A segment in which one speaker speaks."""

    speaker: str

    def __post_init__(self) -> None:
        Segment.__post_init__(self)
        if not isinstance(self.speaker, str):
            raise AnnotationError(f"a speaker's name must be a str, got {self.speaker!r}")


# The order of turns, made once a turn where comparing them makes it twice a comparison.
_order = attrgetter("start", "end", "speaker")


class Timeline:
    """Segments in order of time; they may touch or overlap.

    Parameters
    ----------
    segments : iterable of Segment or (start, end)
        In any order, in seconds.

    Raises
    ------
    AnnotationError
        If there is something else among them, or as `Segment`.

    Examples
    --------
    >>> speech = Timeline([(0.0, 1.0), (0.5, 2.0), (3.0, 4.0)])
    >>> speech.merged()
    Timeline([(0.0, 2.0), (3.0, 4.0)])
    >>> speech.merged().duration
    3.0
    """

    __slots__ = ("ends", "starts")

    starts: FloatArray
    ends: FloatArray

    def __init__(self, segments: Iterable[Segment | tuple[float, float]] = ()) -> None:
        pairs = _all(Segment, segments, "(start, end)")
        pairs.sort(key=lambda s: (s.start, s.end))
        self.starts = _frozen([s.start for s in pairs])
        self.ends = _frozen([s.end for s in pairs])

    @classmethod
    def from_arrays(cls, starts: npt.ArrayLike, ends: npt.ArrayLike) -> Timeline:
        """Make a timeline from two arrays of seconds, equally long."""
        if np.ndim(starts) != 1 or np.shape(starts) != np.shape(ends):
            raise AnnotationError(
                "starts and ends must be 1-D and equally long,"
                f" got shapes {np.shape(starts)} and {np.shape(ends)}"
            )
        return cls(zip(np.asarray(starts).tolist(), np.asarray(ends).tolist(), strict=True))

    def __len__(self) -> int:
        return len(self.starts)

    def __iter__(self) -> Iterator[Segment]:
        return (
            Segment(a, b) for a, b in zip(self.starts.tolist(), self.ends.tolist(), strict=True)
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Timeline):
            return NotImplemented
        return np.array_equal(self.starts, other.starts) and np.array_equal(self.ends, other.ends)

    def __hash__(self) -> int:
        return hash((self.starts.tobytes(), self.ends.tobytes()))

    def __repr__(self) -> str:
        some = slice(None) if len(self.starts) <= _MOST_SHOWN else slice(_MOST_SHOWN - 1)
        pairs = zip(self.starts[some].tolist(), self.ends[some].tolist(), strict=True)
        more = "" if some.stop is None else f", ... {len(self.starts)} segments"
        return f"Timeline([{', '.join(f'({a}, {b})' for a, b in pairs)}{more}])"

    @property
    def duration(self) -> float:
        """Sum of the segments' durations in seconds; overlaps count twice."""
        return float((self.ends - self.starts).sum())

    def merged(self, gap: float = 0.0) -> Timeline:
        """Join segments that overlap, or lie at most `gap` seconds apart; drop empty ones."""
        check_not_negative(gap, "gap")
        keep = self.ends > self.starts
        starts, ends = self.starts[keep], self.ends[keep]
        if len(starts) == 0:
            return Timeline()
        reach = np.maximum.accumulate(ends)
        first = np.concatenate([[True], starts[1:] > reach[:-1] + gap])
        last = np.concatenate([first[1:], [True]])
        return Timeline.from_arrays(starts[first], reach[last])

    def intersection(self, other: Timeline) -> Timeline:
        """Return what is common to the merged forms of both."""
        a, b = self.merged(), check_timeline(other, "other").merged()
        pairs = []
        i = j = 0
        while i < len(a) and j < len(b):
            start, end = max(a.starts[i], b.starts[j]), min(a.ends[i], b.ends[j])
            if end > start:
                pairs.append((float(start), float(end)))
            if a.ends[i] < b.ends[j]:
                i += 1
            else:
                j += 1
        return Timeline(pairs)


class Annotation:
    """Who speaks when in one recording.

    Parameters
    ----------
    recording : str
        Name of the recording.
    turns : iterable of Turn or (start, end, speaker)
        In any order, in seconds; turns may overlap.

    Raises
    ------
    AnnotationError
        If a name is no str, there is something else among the turns, or as `Segment`.

    Examples
    --------
    >>> show = Annotation("show", [(2.0, 3.0, "ben"), (0.0, 2.0, "ann")])
    >>> [turn.speaker for turn in show]
    ['ann', 'ben']
    >>> show.speakers
    ('ann', 'ben')
    >>> show.speech_by_speaker()
    {'ann': 2.0, 'ben': 1.0}
    """

    __slots__ = ("recording", "turns")

    recording: str
    turns: tuple[Turn, ...]

    def __init__(
        self, recording: str, turns: Iterable[Turn | tuple[float, float, str]] = ()
    ) -> None:
        if not isinstance(recording, str):
            raise AnnotationError(f"a recording's name must be a str, got {recording!r}")
        self.recording = recording
        self.turns = tuple(sorted(_all(Turn, turns, "(start, end, speaker)"), key=_order))

    def __len__(self) -> int:
        return len(self.turns)

    def __iter__(self) -> Iterator[Turn]:
        return iter(self.turns)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Annotation):
            return NotImplemented
        return self.recording == other.recording and self.turns == other.turns

    def __hash__(self) -> int:
        return hash((self.recording, self.turns))

    def __repr__(self) -> str:
        return (
            f"<Annotation of {self.recording!r}: {len(self.turns)} turns,"
            f" {len(self.speakers)} speakers>"
        )

    def _repr_html_(self) -> str:
        duration = max((turn.end for turn in self.turns), default=0.0)
        return card(repr(self), timeline_picture(self._spans(), duration))

    def _spans(self) -> dict[str, list[tuple[float, float]]]:
        speech = self.timeline_by_speaker()
        return {name: [(s.start, s.end) for s in found] for name, found in speech.items()}

    @property
    def speakers(self) -> tuple[str, ...]:
        """Names of the speakers, sorted."""
        return tuple(sorted({turn.speaker for turn in self.turns}))

    def timeline(self) -> Timeline:
        """Return where somebody speaks: the turns without names, merged."""
        return Timeline((turn.start, turn.end) for turn in self.turns).merged()

    def speech_by_speaker(self) -> dict[str, float]:
        """Seconds of each speaker, names sorted; a speaker's overlapping turns count once."""
        return {name: speech.duration for name, speech in self.timeline_by_speaker().items()}

    def timeline_by_speaker(self) -> dict[str, Timeline]:
        """Return where each speaker speaks, names sorted: their turns, merged.

        Examples
        --------
        >>> show = Annotation("show", [(0, 2, "ben"), (1, 3, "ann"), (2, 4, "ben")])
        >>> show.timeline_by_speaker()
        {'ann': Timeline([(1.0, 3.0)]), 'ben': Timeline([(0.0, 4.0)])}
        """
        turns: dict[str, list[Turn]] = {}
        for turn in self.turns:
            turns.setdefault(turn.speaker, []).append(turn)
        return {name: Timeline(turns[name]).merged() for name in sorted(turns)}

    def rename(self, names: Mapping[str, str] | Callable[[str], str]) -> Annotation:
        """Return a copy with other speaker names; a name absent from a mapping stays."""
        if not callable(names):
            check_type(names, Mapping, "names", hint="give a mapping or a function")  # type: ignore[type-abstract]
        rename = names if callable(names) else (lambda name: names.get(name, name))
        return Annotation(
            self.recording, [Turn(t.start, t.end, rename(t.speaker)) for t in self.turns]
        )

    def crop(self, timeline: Timeline) -> Annotation:
        """Return the parts of turns that lie inside `timeline`."""
        regions = check_timeline(timeline, "timeline").merged()
        turns = []
        for turn in self.turns:
            first = int(np.searchsorted(regions.ends, turn.start, side="right"))
            last = int(np.searchsorted(regions.starts, turn.end, side="left"))
            turns += [
                Turn(
                    max(turn.start, float(regions.starts[i])),
                    min(turn.end, float(regions.ends[i])),
                    turn.speaker,
                )
                for i in range(first, last)
            ]
        return Annotation(self.recording, turns)


def check_timeline(value: object, name: str) -> Timeline:
    """Return `value` if it is a timeline.

    Raises
    ------
    ParameterError
        If it is not.
    """
    return check_type(value, Timeline, name, hint=f"give Timeline({name})")


def _all(kind: type[Stretch], items: Iterable[Any], face: str) -> list[Stretch]:
    try:
        return [item if isinstance(item, kind) else kind(*item) for item in items]
    except TypeError as error:
        raise AnnotationError(
            f"expected {kind.__name__} or {face} in a list, got {short(items)}: {error}"
        ) from error


def _frozen(values: list[float]) -> Any:
    array = np.array(values, dtype=np.float64)
    array.flags.writeable = False
    return array
