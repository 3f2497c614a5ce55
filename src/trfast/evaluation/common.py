"""How long each speaker of the reference and each of the hypothesis speak together.

With :func:`one_to_one`, which maps them as a diarization error does, it is what thresholds can be
chosen by without an error from the turns for each of them: joined speakers of the hypothesis have
the sums of their columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trfast._matching import one_to_one
from trfast.annotation import Annotation, Timeline
from trfast.evaluation.scored import score
from trfast.evaluation.sweep import time_in_common

__all__ = ["CommonTime", "common_time", "one_to_one"]


@dataclass(frozen=True, kw_only=True, eq=False)
class CommonTime:
    """Who speaks when who speaks, by recording.

    Parameters
    ----------
    reference, hypothesis : tuple of (str, str)
        Recording and name of each speaker.
    seconds : sparse (n_reference, n_hypothesis), float64
        Scored time in which both speak; nothing is stored where it is 0.
    """

    reference: tuple[tuple[str, str], ...]
    hypothesis: tuple[tuple[str, str], ...]
    seconds: Any


def common_time(
    reference: Mapping[str, Annotation],
    hypothesis: Mapping[str, Annotation],
    *,
    uem: Mapping[str, Timeline] | None = None,
    no_score: Mapping[str, Timeline] | None = None,
    collar: float = 0.25,
    skip_overlap: bool = False,
) -> CommonTime:
    """Measure the time that speakers of reference and hypothesis have in common.

    Parameters
    ----------
    reference, hypothesis, uem, no_score, collar, skip_overlap
        As for `diarization_error`.

    Returns
    -------
    CommonTime

    Raises
    ------
    AnnotationError, ParameterError
        As `diarization_error`.

    Examples
    --------
    >>> reference = {"show": Annotation("show", [(0, 10, "ann"), (10, 20, "ben")])}
    >>> hypothesis = {"show": Annotation("show", [(0, 12, "S1"), (12, 19, "S2")])}
    >>> common = common_time(reference, hypothesis, collar=0.0)
    >>> common.reference, common.hypothesis
    ((('show', 'ann'), ('show', 'ben')), (('show', 'S1'), ('show', 'S2')))
    >>> common.seconds.toarray()
    array([[10.,  0.],
           [ 2.,  7.]])
    """
    scored = score(
        reference,
        hypothesis,
        uem=uem,
        no_score=no_score,
        collar=collar,
        skip_overlap=skip_overlap,
        across_recordings=False,
    )
    of_ref, of_hyp = (
        tuple((scored.names[number], name) for number, name in turns.speakers)
        for turns in (scored.ref, scored.hyp)
    )
    seconds = time_in_common(scored.ref_active, scored.hyp_active, scored.seconds)
    return CommonTime(reference=of_ref, hypothesis=of_hyp, seconds=seconds)
