"""How well the speakers found match those of the reference: Jaccard error rate, purity, coverage.

Collar, overlap and UEM as in :mod:`trfast.evaluation.diarization`; the speakers are mapped as
there, one to one and with the most time in common. (For the Jaccard error rate pyannote.metrics
does the same; dscore, DIHARD's own tool, seeks the mapping with the lowest rate, and rounds to
frames: its rate is at most as high.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trfast.annotation import Annotation, Timeline
from trfast.evaluation import sweep
from trfast.evaluation.scored import Conventions, score
from trfast.evaluation.sweep import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class ClusterRates:
    """How well speakers found and speakers of the reference match; all are fractions.

    Parameters
    ----------
    jaccard_error_rate : float
        Mean over the reference speakers of 1 - intersection / union of their time with that of
        their partner; 1 for who has none. NaN without reference speech.
    purity : float
        Of the time of the speakers found, that of the reference speaker most heard in each.
        NaN if none was found.
    coverage : float
        Of the time of the reference speakers, that of the speaker found most in each. NaN
        without reference speech.
    """

    jaccard_error_rate: float
    purity: float
    coverage: float


@dataclass(frozen=True, kw_only=True)
class ClusterQuality:
    """Rates of some recordings.

    Parameters
    ----------
    total : ClusterRates
        Over all speakers: a speaker counts once for the Jaccard error rate, by their time for
        purity and coverage.
    recordings : dict of str to ClusterRates
        By recording, sorted; empty where the speakers are those of the collection.
    conventions : Conventions
        How the rates were taken; ``str`` says it in words.
    """

    total: ClusterRates
    recordings: dict[str, ClusterRates]
    conventions: Conventions


def cluster_quality(
    reference: Mapping[str, Annotation],
    hypothesis: Mapping[str, Annotation],
    *,
    uem: Mapping[str, Timeline] | None = None,
    no_score: Mapping[str, Timeline] | None = None,
    collar: float = 0.25,
    skip_overlap: bool = False,
    across_recordings: bool = False,
) -> ClusterQuality:
    """Compare the speakers found with those of the reference.

    Parameters
    ----------
    reference, hypothesis, uem, no_score, collar, skip_overlap
        As for :func:`diarization_error`.
    across_recordings : bool
        False: a name is a speaker of its recording. True: one speaker in all recordings.

    Returns
    -------
    ClusterQuality

    Raises
    ------
    AnnotationError, ParameterError
        As :func:`diarization_error`.

    References
    ----------
    N. Ryant et al., "The Second DIHARD Diarization Challenge", Interspeech 2019 (Jaccard error
    rate). H. Bredin, "pyannote.metrics", Interspeech 2017 (purity and coverage).

    Examples
    --------
    >>> reference = {"show": Annotation("show", [(0, 10, "ann"), (10, 20, "ben")])}
    >>> hypothesis = {"show": Annotation("show", [(0, 15, "S1"), (15, 20, "S2")])}
    >>> rates = cluster_quality(reference, hypothesis, collar=0.0).total
    >>> rates.purity, rates.coverage
    (0.75, 0.75)
    >>> round(rates.jaccard_error_rate, 4)  # the mean of 1 - 10/15 and 1 - 5/10
    0.4167
    """
    scored = score(
        reference,
        hypothesis,
        uem=uem,
        no_score=no_score,
        collar=collar,
        skip_overlap=skip_overlap,
        across_recordings=across_recordings,
    )
    ref_seconds = scored.ref_active @ scored.seconds
    hyp_seconds = scored.hyp_active @ scored.seconds
    common = sweep.time_in_common(scored.ref_active, scored.hyp_active, scored.seconds)
    mapped = scored.best_mapping().multiply(common).tocoo()
    jaccard = np.zeros(len(ref_seconds))
    jaccard[mapped.row] = mapped.data / (
        ref_seconds[mapped.row] + hyp_seconds[mapped.col] - mapped.data
    )
    # Columns to be summed, by speaker: rows of the reference, rows of the hypothesis.
    heard = ref_seconds > 0
    of_ref = [heard, np.where(heard, 1 - jaccard, 0), ref_seconds, _largest(common, 1)]
    of_hyp = [hyp_seconds, _largest(common, 0)]
    recordings = {}
    if not across_recordings:
        ref_in, hyp_in = (
            np.array([number for number, _ in turns.speakers], np.int64)
            for turns in (scored.ref, scored.hyp)
        )
        sums = [np.bincount(ref_in, column, len(scored.names)) for column in of_ref]
        sums += [np.bincount(hyp_in, column, len(scored.names)) for column in of_hyp]
        recordings = {
            name: _rates(*row)
            for name, row in zip(scored.names, np.column_stack(sums).tolist(), strict=True)
        }
    return ClusterQuality(
        total=_rates(*(math.fsum(column) for column in (*of_ref, *of_hyp))),
        recordings=recordings,
        conventions=scored.conventions,
    )


def _largest(common: Any, axis: int) -> FloatArray:
    """Return the largest value of each row (axis 1) or column (0); 0 where nothing is stored."""
    pairs = common.tocoo()
    owner: IntArray = pairs.row if axis == 1 else pairs.col
    largest = np.zeros(common.shape[1 - axis])
    np.maximum.at(largest, owner, pairs.data)
    return largest


def _rates(
    n_ref: float, jaccard_error: float, ref: float, covered: float, hyp: float, pure: float
) -> ClusterRates:
    return ClusterRates(
        jaccard_error / n_ref if n_ref else math.nan,
        pure / hyp if hyp else math.nan,
        covered / ref if ref else math.nan,
    )
