"""Diarization error rate, exact to the turn: I-DER, X-DER and their components.

What is counted, and under which conventions:

- Scored time is speaker time: where two reference speakers speak, each second counts twice.
  At each instant the error is ``max(n_reference, n_hypothesis) - n_correct``: missed speech
  where the reference has more speakers, false alarm where the hypothesis has more, speaker
  error for the rest (NIST's definition). No frames: times are compared as they are.
- The collar is given for each side: 0.25 s leaves 0.5 s out around every start and end of a
  reference turn, also where that lies inside another speaker's turn, or where two turns of
  one speaker touch. (pyannote.metrics gives the width of both sides together; spy-der treats
  the collars of overlapped turns otherwise.)
- Overlapping turns of one speaker are one turn for the count. (pyannote.metrics counts them
  twice.) Overlapped speech is where two or more different reference speakers speak.
- The mapping of speakers is one to one and the best for what is scored. (NIST's md-eval
  maps before it takes out collars and overlap, so its speaker error can be higher; pass
  the `mapping` of a score without them to have the same.)
- Without UEM, all time of the recordings of the reference is scored: the same as the union of
  both extents, as in pyannote.metrics. (md-eval takes the extent of the reference.)
- With a UEM, what it names is scored, and nothing else. Where it names a recording in which the
  reference has no speech, all that the hypothesis has there is false alarm, as in
  pyannote.metrics. (md-eval leaves such a recording out; and it scores one that is not in the UEM,
  in the extent of the reference.)
- NOSCORE regions of the reference are taken out, of the mapping too, without a collar around them,
  as md-eval does. (pyannote.metrics knows none: take them out of the UEM. md-eval takes out laughs
  and breaths, NON-LEX, as well, which count here as what they lie in.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trfast.annotation import Annotation, Timeline
from trfast.errors import ParameterError
from trfast.evaluation import sweep
from trfast.evaluation.scored import Conventions, Scored, score

Mappings = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class ErrorTimes:
    """The components of the diarization error, in seconds of speaker time.

    Examples
    --------
    >>> ErrorTimes(scored=10.0, missed=1.0, false_alarm=0.5, speaker_error=0.5).error_rate
    0.2
    """

    scored: float
    missed: float
    false_alarm: float
    speaker_error: float

    @property
    def error_rate(self) -> float:
        """Error over scored time, as a fraction; NaN where nothing is scored."""
        if self.scored == 0:
            return math.nan
        return (self.missed + self.false_alarm + self.speaker_error) / self.scored


@dataclass(frozen=True, kw_only=True)
class DiarizationError:
    """The diarization error of some recordings, with the conventions it was taken under.

    Parameters
    ----------
    total : ErrorTimes
        Sums over the recordings.
    recordings : dict of str to ErrorTimes
        A row a recording, sorted by name.
    mapping : dict of str to dict of str to str
        For each recording, the reference speaker that each hypothesis speaker stands for.
        Speakers who never speak together are not in it.
    missing : tuple of str
        Recordings scored that the hypothesis has not: all their speech is missed.
    unscored : dict of str to str
        Recordings that are not scored, and why.
    conventions : Conventions
        How the score was taken; ``str`` says it in words.
    """

    total: ErrorTimes
    recordings: dict[str, ErrorTimes]
    mapping: dict[str, dict[str, str]]
    missing: tuple[str, ...]
    unscored: dict[str, str]
    conventions: Conventions

    @property
    def error_rate(self) -> float:
        """Error over scored time of all recordings, as a fraction."""
        return self.total.error_rate

    @property
    def silent(self) -> tuple[str, ...]:
        """Recordings without reference speech in scored time: only false alarm counts there."""
        return tuple(name for name, times in self.recordings.items() if not times.scored)


def diarization_error(
    reference: Mapping[str, Annotation],
    hypothesis: Mapping[str, Annotation],
    *,
    uem: Mapping[str, Timeline] | None = None,
    no_score: Mapping[str, Timeline] | None = None,
    collar: float = 0.25,
    skip_overlap: bool = False,
    across_recordings: bool = False,
    mapping: Mappings | None = None,
) -> DiarizationError:
    """Score who speaks when against a reference.

    Parameters
    ----------
    reference, hypothesis : mapping of str to Annotation
        By name of recording. Without a UEM, the recordings of the reference are scored.
    uem : mapping of str to Timeline, optional
        What is scored of each recording; one that it does not name is not scored, one that it
        names is, though the reference has no speech there. By default all time is scored.
    no_score : mapping of str to Timeline, optional
        What is not scored, such as `trfast.formats.read_no_score` reads it.
    collar : float
        Seconds left out on each side of every start and end of a reference turn.
    skip_overlap : bool
        Leave out the time in which two or more reference speakers speak.
    across_recordings : bool
        False: the best mapping of speakers for each recording (I-DER). True: the best one for
        the collection, where a name is the same speaker in every recording (X-DER).
    mapping : mapping of str to mapping of str to str, optional
        Score under this mapping, by recording from hypothesis to reference names, instead of
        the best one.

    Returns
    -------
    DiarizationError

    Raises
    ------
    AnnotationError
        If there is nothing to score, or the hypothesis has recordings, but none of the
        reference's or the UEM's: their names differ.
    ParameterError
        If the collar is negative or not finite, or a mapping is given with
        `across_recordings`.

    Examples
    --------
    >>> reference = {"show": Annotation("show", [(0, 10, "ann"), (10, 20, "ben")])}
    >>> hypothesis = {"show": Annotation("show", [(0, 12, "S1"), (12, 19, "S2")])}
    >>> score = diarization_error(reference, hypothesis, collar=0.0)
    >>> score.total
    ErrorTimes(scored=20.0, missed=1.0, false_alarm=0.0, speaker_error=2.0)
    >>> score.mapping
    {'show': {'S1': 'ann', 'S2': 'ben'}}
    >>> diarization_error(reference, hypothesis, collar=0.25).total.speaker_error
    1.75
    """
    if across_recordings and mapping is not None:
        raise ParameterError("give a mapping, or across_recordings=True to find one, not both")
    scored = score(
        reference,
        hypothesis,
        uem=uem,
        no_score=no_score,
        collar=collar,
        skip_overlap=skip_overlap,
        across_recordings=across_recordings,
    )
    partner = scored.best_mapping() if mapping is None else _given_mapping(scored, mapping)
    n_ref, n_hyp = sweep.speakers_in(scored.ref_active), sweep.speakers_in(scored.hyp_active)
    n_correct = sweep.speakers_in(scored.correct(partner))
    n_matched = np.minimum(n_ref, n_hyp)
    times = [
        scored.by_recording(count).tolist()
        for count in (n_ref, n_ref - n_matched, n_hyp - n_matched, n_matched - n_correct)
    ]
    return DiarizationError(
        total=ErrorTimes(*map(math.fsum, times)),
        recordings=dict(zip(scored.names, map(ErrorTimes, *times), strict=True)),
        mapping=_named_mapping(scored, partner),
        missing=scored.missing,
        unscored=scored.unscored,
        conventions=scored.conventions,
    )


def _given_mapping(scored: Scored, mapping: Mappings) -> Any:
    ref, hyp = scored.ref.speakers, scored.hyp.speakers
    found = [
        (ref[number, to], hyp[number, speaker])
        for number, name in enumerate(scored.names)
        for speaker, to in mapping.get(name, {}).items()
        if (number, to) in ref and (number, speaker) in hyp
    ]
    rows, columns = zip(*found, strict=True) if found else ((), ())
    return sweep.pairs(rows, columns, (len(ref), len(hyp)))


def _named_mapping(scored: Scored, partner: Any) -> dict[str, dict[str, str]]:
    names, hyp = scored.names, scored.hyp
    ref_names = [name for _, name in scored.ref.speakers]
    hyp_names = [name for _, name in hyp.speakers]
    rows, columns = partner.nonzero()
    partner_of = dict(zip(columns.tolist(), rows.tolist(), strict=True))
    mapping: dict[str, dict[str, str]] = {name: {} for name in names}
    for number, speaker in dict.fromkeys(
        zip(hyp.recording.tolist(), hyp.speaker.tolist(), strict=True)
    ):
        if speaker in partner_of:
            mapping[names[number]][hyp_names[speaker]] = ref_names[partner_of[speaker]]
    return mapping
