"""An oracle: turns of the hypothesis take the names of the reference speakers who speak in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trfast.annotation import Annotation, Turn
from trfast.evaluation import sweep
from trfast.evaluation.scored import Scored, check_annotations
from trfast.evaluation.sweep import FloatArray, IntArray


def oracle_linking(
    reference: Mapping[str, Annotation], hypothesis: Mapping[str, Annotation]
) -> dict[str, Annotation]:
    """Give each hypothesis turn the name of the reference speaker who speaks most in it.

    What `diarization_error` still finds is the error of speech detection and of segmentation: no
    clustering or linking of these turns can do better, up to overlapped speech.

    Parameters
    ----------
    reference, hypothesis : mapping of str to Annotation
        By name of recording.

    Returns
    -------
    dict of str to Annotation
        The recordings of the hypothesis. Of two speakers who speak equally long, to the
        nanosecond, the first by name. A turn in which no reference speaker speaks keeps its name.

    Examples
    --------
    >>> reference = {"show": Annotation("show", [(0, 10, "ann"), (10, 20, "ben")])}
    >>> hypothesis = {"show": Annotation("show", [(0, 12, "S1"), (12, 19, "S1")])}
    >>> [turn.speaker for turn in oracle_linking(reference, hypothesis)["show"]]
    ['ann', 'ben']
    """
    check_annotations(reference, "reference")
    check_annotations(hypothesis, "hypothesis")
    names = [name for name in hypothesis if name in reference]
    ref = sweep.gather(names, reference, across=False)
    hyp = sweep.gather(names, hypothesis, across=False)
    if not names or not len(hyp.start):
        return dict(hypothesis)
    _, seconds, (ref_bounds, hyp_bounds) = sweep.elementary_intervals([ref.spans, hyp.spans])
    speakers = [name for _, name in ref.speakers]
    active = sweep.activity(ref.speaker, len(speakers), ref_bounds, len(seconds))
    turns = _turns(hyp_bounds, len(seconds))
    rows, most = _most(turns, active, seconds, speakers)
    speaker_of = {row: speakers[k] for row, k in zip(rows.tolist(), most.tolist(), strict=True)}
    found, number = dict(hypothesis), 0
    for name in names:
        named = []
        for turn in hypothesis[name]:
            speaker = turn.speaker
            if turn.end > turn.start:  # the others are no turns of the sweep
                speaker = speaker_of.get(number, speaker)
                number += 1
            named.append(Turn(turn.start, turn.end, speaker))
        found[name] = Annotation(hypothesis[name].recording, named)
    return found


def oracle_correct(scored: Scored) -> Any:
    """Return when a turn of the hypothesis has found its most speaking reference speaker in what
    is scored, as `Scored.ref_active`."""
    n_turns = len(scored.hyp.start)
    turns = _turns(scored.hyp_bounds, len(scored.seconds))
    names = [name for _, name in scored.ref.speakers]
    turn, speaker = _most(turns, scored.ref_active, scored.seconds, names)
    most = sweep.pairs(speaker, turn, (len(names), n_turns))
    return scored.ref_active.multiply(most @ turns).tocsr()


def _turns(bounds: tuple[IntArray, IntArray], n_intervals: int) -> Any:
    """Sparse (n_turns, n_intervals): which intervals each turn covers."""
    n_turns = len(bounds[0])
    return sweep.activity(np.arange(n_turns), n_turns, bounds, n_intervals)


def _most(
    turns: Any, active: Any, seconds: FloatArray, speakers: Sequence[str]
) -> tuple[IntArray, IntArray]:
    """Turns in which somebody speaks, and the row in `active` of who speaks most in each; of those
    who speak as long, the first by name."""
    common = sweep.time_in_common(turns, active, seconds).tocoo()
    # To the nanosecond: below, a sum of floats says nothing of who speaks longer.
    longest = -np.round(common.data, 9)
    order = np.lexsort((np.array(speakers, str)[common.col], longest, common.row))
    turn, first = np.unique(common.row[order], return_index=True)
    return turn, common.col[order][first]
