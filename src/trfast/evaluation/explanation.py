"""Where the diarization error across recordings (X-DER) comes from.

The error is that of :func:`~trfast.evaluation.diarization.diarization_error` with
`across_recordings`, under the same conventions. Its speaker error is cut in three:

- *segmentation*: what is left if each turn of the hypothesis takes the name of the reference
  speaker who speaks most of it in scored time (an oracle): the price of turns that hold several
  speakers. Turns are taken as given: two that touch are two. Where turns of the hypothesis
  overlap, the oracle can be worse than the recording's best mapping, whose error then stands;
- *clustering* within recordings: the speaker error of I-DER, where the best mapping is sought for
  each recording, less segmentation;
- *linking*: the speaker error of X-DER less that of I-DER.

None of the five parts is negative, and together they are the X-DER.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trfast.annotation import Annotation, Timeline
from trfast.evaluation import sweep
from trfast.evaluation.oracle import oracle_correct
from trfast.evaluation.scored import Conventions, Scored, score
from trfast.evaluation.sweep import FloatArray


@dataclass(frozen=True, slots=True)
class ErrorParts:
    """The parts of the X-DER, in seconds of speaker time.

    Examples
    --------
    >>> ErrorParts(100.0, 1.0, 2.0, 1.0, 3.0, 5.0).error_rate
    0.12
    """

    scored: float
    missed: float
    false_alarm: float
    segmentation: float
    clustering: float
    linking: float

    @property
    def error_rate(self) -> float:
        """Error over scored time, as a fraction; NaN where nothing is scored."""
        if self.scored == 0:
            return math.nan
        speaker_error = self.segmentation + self.clustering + self.linking
        return (self.missed + self.false_alarm + speaker_error) / self.scored


@dataclass(frozen=True, slots=True)
class SpeakerErrors:
    """What went wrong with a speaker of the reference, in seconds over all recordings.

    Parameters
    ----------
    scored : float
        Time the speaker speaks.
    missed : float
        Of this, unnoticed. Where several speak and fewer are found, those who are not found
        share the missed time equally, and the confused time likewise.
    within : float
        Confused within recordings: their part of I-DER's speaker error.
    linking : float
        Confused across recordings: their part of X-DER's speaker error less `within`. Negative
        where the one mapping of the collection suits the speaker better than those of the
        recordings.
    name : str or None
        Who they are in the hypothesis, by the best mapping across recordings; None: nobody.
    taken_by : dict of str to float
        Names of the hypothesis that stand in their confused time, ``within + linking``, the
        longest first.
    """

    scored: float
    missed: float
    within: float
    linking: float
    name: str | None
    taken_by: dict[str, float]

    @property
    def error(self) -> float:
        """Missed and confused time."""
        return self.missed + self.within + self.linking


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Where the X-DER of a collection comes from.

    Parameters
    ----------
    total : ErrorParts
        Sums over the recordings.
    recordings : dict of str to ErrorParts
        By name, sorted.
    speakers : dict of str to SpeakerErrors
        Speakers of the reference with scored time, the most error first.
    missing : tuple of str
    unscored : dict of str to str
        As in :class:`DiarizationError`.
    conventions : Conventions
        How it was taken; ``str`` says it in words.
    """

    total: ErrorParts
    recordings: dict[str, ErrorParts]
    speakers: dict[str, SpeakerErrors]
    missing: tuple[str, ...]
    unscored: dict[str, str]
    conventions: Conventions


def explain(
    reference: Mapping[str, Annotation],
    hypothesis: Mapping[str, Annotation],
    *,
    uem: Mapping[str, Timeline] | None = None,
    no_score: Mapping[str, Timeline] | None = None,
    collar: float = 0.25,
    skip_overlap: bool = False,
) -> Explanation:
    """Find where the X-DER comes from; the module says how the parts are defined.

    Parameters
    ----------
    reference, hypothesis : mapping of str to Annotation
        By name of recording; a name is one speaker in all recordings.
    uem, no_score, collar, skip_overlap
        As for :func:`diarization_error`.

    Returns
    -------
    Explanation

    Raises
    ------
    AnnotationError, ParameterError
        As :func:`diarization_error`.

    Examples
    --------
    >>> reference = {
    ...     "one": Annotation("one", [(0, 10, "ann"), (10, 16, "ben")]),
    ...     "two": Annotation("two", [(0, 9, "ann"), (9, 20, "cat")]),
    ... }
    >>> hypothesis = {
    ...     "one": Annotation("one", [(0, 11, "S1"), (11, 16, "S2")]),
    ...     "two": Annotation("two", [(0, 9, "S2"), (9, 20, "S3")]),
    ... }
    >>> found = explain(reference, hypothesis, collar=0.0)
    >>> found.total.segmentation, found.total.clustering, found.total.linking
    (1.0, 0.0, 9.0)
    >>> found.speakers["ann"].name, found.speakers["ann"].taken_by
    ('S1', {'S2': 9.0})
    """
    local, whole = (
        score(
            reference,
            hypothesis,
            uem=uem,
            no_score=no_score,
            collar=collar,
            skip_overlap=skip_overlap,
            across_recordings=across,
        )
        for across in (False, True)
    )
    n_ref, n_hyp = sweep.speakers_in(whole.ref_active), sweep.speakers_in(whole.hyp_active)
    n_matched = np.minimum(n_ref, n_hyp)
    partner = whole.best_mapping()
    local_right = local.correct(local.best_mapping())
    right = whole.correct(partner)
    oracle, within, across = (
        whole.by_recording(n_matched - n_right)
        for n_right in (
            np.minimum(sweep.speakers_in(oracle_correct(local)), n_matched),
            sweep.speakers_in(local_right),
            sweep.speakers_in(right),
        )
    )
    segmentation = np.minimum(oracle, within)
    parts = [
        part.tolist()
        for part in (
            whole.by_recording(n_ref),
            whole.by_recording(n_ref - n_matched),
            whole.by_recording(n_hyp - n_matched),
            segmentation,
            within - segmentation,
            np.maximum(across - within, 0.0),  # never below but for rounding
        )
    ]
    return Explanation(
        total=ErrorParts(*map(math.fsum, parts)),
        recordings=dict(zip(whole.names, map(ErrorParts, *parts), strict=True)),
        speakers=_speakers(whole, partner, right, _collected(local, whole) @ local_right),
        missing=whole.missing,
        unscored=whole.unscored,
        conventions=whole.conventions,
    )


def _collected(local: Scored, whole: Scored) -> Any:
    """Return what sums rows of speakers of recordings into rows of those of the collection."""
    rows = [whole.ref.speakers[sweep.COLLECTION, name] for _, name in local.ref.speakers]
    return sweep.pairs(rows, np.arange(len(rows)), (len(whole.ref.speakers), len(rows)))


def _speakers(
    whole: Scored, partner: Any, right: Any, locally_right: Any
) -> dict[str, SpeakerErrors]:
    scored = whole.ref_active @ whole.seconds
    n_ref, n_hyp = sweep.speakers_in(whole.ref_active), sweep.speakers_in(whole.hyp_active)
    n_matched = np.minimum(n_ref, n_hyp)

    def shared(total: FloatArray, correct: Any) -> FloatArray:
        """Share what is wrong in each interval among the speakers who are not found."""
        wrong = whole.ref_active - correct
        return np.asarray(wrong @ (total / np.maximum(n_ref - sweep.speakers_in(correct), 1)))

    n_right = sweep.speakers_in(right)
    missed = shared((n_ref - n_matched) * whole.seconds, right)
    confused = shared((n_matched - n_right) * whole.seconds, right)
    within = shared((n_matched - sweep.speakers_in(locally_right)) * whole.seconds, locally_right)
    wrong_hyp = whole.hyp_active - whole.hyp_active.multiply(partner.T @ whole.ref_active)
    n_pairs = np.maximum((n_ref - n_right) * (n_hyp - n_right), 1)
    takers = sweep.time_in_common(
        whole.ref_active - right, wrong_hyp.tocsr(), (n_matched - n_right) * whole.seconds / n_pairs
    )
    hyp_names = [name for _, name in whole.hyp.speakers]
    partner_of = dict(zip(*(axis.tolist() for axis in partner.nonzero()), strict=True))
    found = {}
    for row, (_, name) in enumerate(whole.ref.speakers):
        if scored[row] > 0:
            span = slice(takers.indptr[row], takers.indptr[row + 1])
            taken = zip(takers.indices[span].tolist(), takers.data[span].tolist(), strict=True)
            found[name] = SpeakerErrors(
                scored=float(scored[row]),
                missed=float(missed[row]),
                within=float(within[row]),
                linking=float(confused[row] - within[row]),
                name=hyp_names[partner_of[row]] if row in partner_of else None,
                taken_by={
                    hyp_names[column]: seconds
                    for column, seconds in sorted(taken, key=lambda pair: -pair[1])
                },
            )
    return dict(sorted(found.items(), key=lambda item: (-item[1].error, item[0])))
