"""What a collection is made of: the counts of the paper's Table 1."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from trfast.annotation import Annotation, Timeline
from trfast.errors import AnnotationError


@dataclass(frozen=True, kw_only=True)
class CorpusCounts:
    """Recordings, speech and speakers of a collection; times in seconds.

    Parameters
    ----------
    recordings : int
    duration : float
        Time in the UEM; without one, from 0 to the end of each recording's last turn.
    speech : float
        Time in which somebody speaks.
    speaker_time : float
        Sum of the speakers' times: where two speak, each second counts twice.
    speakers : int
        Different names.
    one_time, recurring, frequent : int
        Speakers of 1 recording, of 2 or more, and, of these, of 3 or more.
    one_time_share, recurring_share, frequent_share : float
        Their part of the speaker time; NaN if nobody speaks.
    mean_speaker_time : float
        Speaker time over the number of pairs of a speaker and a recording they speak in; NaN if
        nobody speaks.
    """

    recordings: int
    duration: float
    speech: float
    speaker_time: float
    speakers: int
    one_time: int
    recurring: int
    frequent: int
    one_time_share: float
    recurring_share: float
    frequent_share: float
    mean_speaker_time: float


def corpus_counts(
    reference: Mapping[str, Annotation], *, uem: Mapping[str, Timeline] | None = None
) -> CorpusCounts:
    """Count what a collection is made of.

    Parameters
    ----------
    reference : mapping of str to Annotation
        By name of recording; a name is one speaker in all recordings.
    uem : mapping of str to Timeline, optional
        What is counted of each recording; a recording that it does not name is left out. By
        default all is.

    Returns
    -------
    CorpusCounts

    Raises
    ------
    AnnotationError
        If the UEM leaves no recording.

    Examples
    --------
    >>> monday = Annotation("monday", [(0, 10, "ann"), (10, 16, "ben")])
    >>> tuesday = Annotation("tuesday", [(1, 9, "ann")])
    >>> counts = corpus_counts({"monday": monday, "tuesday": tuesday})
    >>> counts.speakers, counts.recurring, counts.recurring_share
    (2, 1, 0.75)
    >>> counts.mean_speaker_time
    8.0
    """
    if uem is not None:
        reference = {name: a.crop(uem[name]) for name, a in reference.items() if name in uem}
    if not reference:
        raise AnnotationError(
            "nothing to count: no recording, or none in the UEM. Check the names of the recordings"
        )
    spoken: dict[str, list[float]] = {}  # by speaker, in each recording
    for annotation in reference.values():
        for speaker, seconds in annotation.speech_by_speaker().items():
            if seconds > 0:
                spoken.setdefault(speaker, []).append(seconds)
    duration = (
        (max((turn.end for turn in a), default=0.0) for a in reference.values())
        if uem is None
        else (uem[name].merged().duration for name in reference)
    )
    total = math.fsum(seconds for times in spoken.values() for seconds in times)

    def share(fewest: int, most: float = math.inf) -> float:
        times = (t for times in spoken.values() if fewest <= len(times) <= most for t in times)
        return math.fsum(times) / total if total else math.nan

    occurrences = [len(times) for times in spoken.values()]
    return CorpusCounts(
        recordings=len(reference),
        duration=math.fsum(duration),
        speech=math.fsum(a.timeline().duration for a in reference.values()),
        speaker_time=total,
        speakers=len(spoken),
        one_time=sum(n == 1 for n in occurrences),
        recurring=sum(n >= 2 for n in occurrences),
        frequent=sum(n >= 3 for n in occurrences),
        one_time_share=share(1, 1),
        recurring_share=share(2),
        frequent_share=share(3),
        mean_speaker_time=total / sum(occurrences) if total else math.nan,
    )
