"""What is scored, and who speaks in it: the common start of all scores of diarization."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from trfast._checks import check_flag, check_not_negative, check_type
from trfast.annotation import Annotation, Timeline, check_timeline
from trfast.errors import AnnotationError
from trfast.evaluation import sweep
from trfast.evaluation.sweep import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True)
class Conventions:
    """How a score was taken; as a string, in words to stand beside it.

    Parameters
    ----------
    collar : float
        Seconds left out on each side of a reference boundary.
    skip_overlap : bool
        Whether overlapped reference speech is left out.
    has_uem : bool
        Whether a UEM said what is scored.
    across_recordings : bool
        Whether a name is one speaker in all recordings.
    no_score : float
        Seconds of NOSCORE regions, which are left out, in the recordings scored.
    """

    collar: float
    skip_overlap: bool
    has_uem: bool
    across_recordings: bool
    no_score: float = 0.0

    def __str__(self) -> str:
        return (
            f"collar {self.collar:g} s on each side of a reference boundary, overlapped speech "
            f"{'left out' if self.skip_overlap else 'scored'}, "
            f"{'time in the UEM' if self.has_uem else 'all time (no UEM)'}"
            f"{f' but {self.no_score:g} s of NOSCORE' if self.no_score else ''}"
            ", speakers mapped one to one"
            f" {'across the collection' if self.across_recordings else 'by recording'}"
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """Elementary intervals of the recordings, what each counts, and who speaks in it.

    Parameters
    ----------
    names : list of str
        Recordings scored, sorted; numbers of recordings count into it.
    recording : ndarray (n_intervals,)
        Number of the recording of each interval.
    seconds : ndarray (n_intervals,), float64
        Duration; 0 where nothing is scored.
    ref, hyp : Turns
    ref_active, hyp_active : sparse (n_speakers, n_intervals)
        Who speaks when.
    hyp_bounds : (first, last), ndarray (n_turns,)
        The intervals ``first..last - 1`` of each turn of `hyp`.
    missing : tuple of str
        Recordings the hypothesis has not.
    unscored : dict of str to str
        Recordings left out, and why.
    """

    names: list[str]
    recording: IntArray
    seconds: FloatArray
    ref: sweep.Turns
    hyp: sweep.Turns
    ref_active: Any
    hyp_active: Any
    hyp_bounds: tuple[IntArray, IntArray]
    missing: tuple[str, ...]
    unscored: dict[str, str]
    conventions: Conventions

    def best_mapping(self) -> Any:
        """Map speakers one to one: sparse (n_reference, n_hypothesis), one at each pair."""
        return sweep.best_mapping(self.ref_active, self.hyp_active, self.seconds)

    def correct(self, partner: Any) -> Any:
        """Return where each reference speaker's partner speaks too, as `ref_active`."""
        return self.ref_active.multiply(partner @ self.hyp_active).tocsr()

    def by_recording(self, count: IntArray | FloatArray) -> FloatArray:
        """Sum seconds times `count` (n_intervals,) over each recording."""
        sums = np.bincount(self.recording, count * self.seconds, len(self.names))
        return sums.astype(np.float64)


def score(
    reference: Mapping[str, Annotation],
    hypothesis: Mapping[str, Annotation],
    *,
    uem: Mapping[str, Timeline] | None,
    no_score: Mapping[str, Timeline] | None,
    collar: float,
    skip_overlap: bool,
    across_recordings: bool,
) -> Scored:
    """Check the arguments that all scores share, and sweep over the turns."""
    check_not_negative(collar, "collar")
    check_flag(skip_overlap, "skip_overlap")
    check_flag(across_recordings, "across_recordings")
    check_annotations(reference, "reference")
    check_annotations(hypothesis, "hypothesis")
    _check_timelines(uem, "uem")
    _check_timelines(no_score, "no_score")
    names = _names(reference, hypothesis, uem)
    ref = sweep.gather(names, reference, across=across_recordings)
    hyp = sweep.gather(names, hypothesis, across=across_recordings)
    collars = [
        (ref.recording, bound - collar, bound + collar)
        for bound in (ref.start, ref.end)
        if collar > 0
    ]
    regions = [] if uem is None else [sweep.regions(names, uem)]
    excluded = sweep.regions(names, no_score or {})
    recording, seconds, bounds = sweep.elementary_intervals(
        [ref.spans, hyp.spans, excluded, *collars, *regions]
    )
    ref_active, hyp_active = (
        sweep.activity(turns.speaker, len(turns.speakers), covered, len(seconds))
        for turns, covered in zip((ref, hyp), bounds[:2], strict=True)
    )
    seconds[sweep.coverage(bounds[2:3], len(seconds)) > 0] = 0.0
    if collars:
        seconds[sweep.coverage(bounds[3:5], len(seconds)) > 0] = 0.0
    if regions:
        seconds[sweep.coverage(bounds[-1:], len(seconds)) == 0] = 0.0
    if skip_overlap:
        seconds[sweep.speakers_in(ref_active) > 1] = 0.0
    return Scored(
        names=names,
        recording=recording,
        seconds=seconds,
        ref=ref,
        hyp=hyp,
        ref_active=ref_active,
        hyp_active=hyp_active,
        hyp_bounds=bounds[1],
        missing=tuple(name for name in names if name not in hypothesis),
        unscored=_unscored(reference, hypothesis, uem, names),
        conventions=Conventions(
            collar=float(collar),
            skip_overlap=skip_overlap,
            has_uem=uem is not None,
            across_recordings=across_recordings,
            no_score=_no_score_seconds(names, uem, no_score or {}),
        ),
    )


def _check_timelines(values: object, name: str) -> None:
    if values is None:
        return
    hint = "give timelines by name of recording"
    for recording, timeline in check_type(values, Mapping, name, hint=hint).items():  # type: ignore[type-abstract]
        check_timeline(timeline, f"{name}[{recording!r}]")


def _no_score_seconds(
    names: Iterable[str],
    uem: Mapping[str, Timeline] | None,
    no_score: Mapping[str, Timeline],
) -> float:
    regions = [
        no_score[name].merged() if uem is None else no_score[name].intersection(uem[name])
        for name in names
        if name in no_score
    ]
    return math.fsum(timeline.duration for timeline in regions)


def _names(
    reference: Mapping[str, Annotation],
    hypothesis: Mapping[str, Annotation],
    uem: Mapping[str, Timeline] | None,
) -> list[str]:
    """Recordings to score, sorted; an error if there are none.

    Those of the reference; with a UEM, those that it names, of the reference or not: where nobody
    speaks, all that the hypothesis has is false alarm.
    """
    if uem is None:
        if not reference:
            raise AnnotationError(
                "the reference is empty, so nothing says which recordings are scored. Give the"
                " right one, or a UEM that names recordings in which nobody speaks"
            )
        names = sorted(reference)
    else:
        names = sorted((reference.keys() | hypothesis.keys()) & uem.keys())
    if not names:
        raise AnnotationError(
            f"nothing to score: of {len(reference)} recordings in the reference and"
            f" {len(hypothesis)} in the hypothesis, none is in the UEM."
            " Check the names of the recordings"
        )
    if hypothesis and hypothesis.keys().isdisjoint(reference.keys() | (uem or {}).keys()):
        raise AnnotationError(
            f"reference and hypothesis share no recording: {_some(reference)} in the reference,"
            f" {_some(hypothesis)} in the hypothesis. Check the names of the recordings"
        )
    return names


def _unscored(
    reference: Mapping[str, Annotation],
    hypothesis: Mapping[str, Annotation],
    uem: Mapping[str, Timeline] | None,
    names: Iterable[str],
) -> dict[str, str]:
    """Return what is not scored, and why."""
    given = reference.keys() | hypothesis.keys()
    why = "not in the reference, and no UEM says that nobody speaks there"
    if uem is not None:
        why = "not in the UEM"
    left = dict.fromkeys(given - set(names), why)
    left |= dict.fromkeys((uem or {}).keys() - given, "in the UEM only: neither side has turns")
    return dict(sorted(left.items()))


def check_annotations(values: object, name: str) -> None:
    """Raise an error if these are no annotations by name of recording."""
    hint = "give annotations by name of recording, as read_rttm does"
    mapping = check_type(values, Mapping, name, hint=hint)  # type: ignore[type-abstract]
    for recording, annotation in mapping.items():
        check_type(annotation, Annotation, f"{name}[{recording!r}]")


def _some(names: Iterable[str]) -> str:
    first = list(islice(names, 4))
    return ", ".join(first[:3]) + ", ..." * (len(first) > 3) or "none"
