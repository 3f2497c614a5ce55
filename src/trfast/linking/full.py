"""link: the local speakers of many recordings -> the speakers of the collection."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from trfast._checks import (
    check_flag,
    check_matrix,
    check_names,
    check_not_negative,
    check_type,
    check_vector,
)
from trfast._ext import _union_find
from trfast._threads import blas_limit
from trfast.clustering import (
    average_linkage_of_edges,
    complete_linkage_of_edges,
    connected_components,
    constrained_components,
    in_order_of_appearance,
)
from trfast.comparison import Comparison
from trfast.errors import ParameterError
from trfast.linking.anchors import anchors_among, attach
from trfast.linking.enrolment import Identified, Voices, identify
from trfast.linking.known import Known, join_known
from trfast.linking.many import MOST_PAIRS, check_listed, join_many, n_pairs_above
from trfast.scoring.centring import shift_of_speakers

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]

# Local speakers from whom the mean of a collection is taken, at most.
_MOST = 20_000


@dataclass(frozen=True, eq=False)
class Links:
    """Which local speakers are the same person, and what says so.

    Parameters
    ----------
    labels : ndarray (n,), int64
        Speaker of each local speaker; numbered by recording name, then first appearance.
    nearest : ndarray (n,), int64
        Row of the most similar local speaker of the same speaker; -1 where there is none.
    similarities : ndarray (n,), float32
        Similarity to `nearest`; NaN where there is none.
    runners_up : ndarray (n,), int64
        Row of the most similar local speaker of another speaker, and recording, of those that
        reach the threshold; -1 where there is none. Where more than some 5 million pairs do, as
        with one voice in thousands of recordings, neither is looked for.
    runner_up_similarities : ndarray (n,), float32
    identified : Identified, optional
        Who was taken for a voice that is known, where there are any.
    """

    labels: IntArray
    nearest: IntArray
    similarities: FloatArray
    runners_up: IntArray
    runner_up_similarities: FloatArray
    identified: Identified | None = None


@blas_limit()
def link(
    vectors: npt.ArrayLike,
    recordings: Sequence[str],
    comparison: Comparison | None = None,
    *,
    threshold: float | None = None,
    speech_durations: npt.ArrayLike | None = None,
    min_anchor_speech: float = 0.0,
    constrain: bool = True,
    known: Known | None = None,
    executor: Executor | None = None,
) -> Links:
    """Link local speakers whose similarity reaches the threshold.

    The result does not depend on the order of the recordings.

    Parameters
    ----------
    vectors : array_like (n, dimension)
        One local speaker a row, as ``comparison.backend.project`` gives them.
    recordings : sequence of str, (n,)
        Recording of each local speaker; integers will do.
    comparison : Comparison, optional
        What compares two of them, and when they are linked.
    threshold : float, optional
        In place of a comparison: the cosine from which two are linked.
    speech_durations : array_like (n,), optional
        Seconds of speech of each local speaker; needed with `min_anchor_speech`.
    min_anchor_speech : float
        Seconds of speech that make a local speaker an anchor. The others neither link each other
        nor bridge two speakers: they join the most similar anchor's speaker, or stay apart.
    constrain : bool
        Never join two local speakers of one recording: the most similar pairs are joined
        first, and what would put two of one recording together is refused.
    known : Known, optional
        Who some of them are, whatever the similarities say.
    executor : concurrent.futures.Executor, optional
        Where pairs are listed, in place of threads of this process. What lists none, connected
        components and average linkage from some 2 million pairs on, stays here.

    Returns
    -------
    Links

    Raises
    ------
    ParameterError
        If the arguments differ in length, hold NaN or infinity, `min_anchor_speech` comes without
        `speech_durations`, or there is not one of `comparison` and `threshold`.

    Examples
    --------
    >>> vectors = [[1.0, 0.0], [0.0, 1.0], [0.8, 0.6]]
    >>> links = link(vectors, ["monday", "monday", "tuesday"], threshold=0.5)
    >>> links.labels  # 0.6 to the second one would pass as well, but not both
    array([0, 1, 0])
    >>> links.nearest
    array([ 2, -1,  0])
    """
    if comparison is None and threshold is not None:
        comparison = Comparison(threshold=threshold)
    elif threshold is not None:
        raise ParameterError("give a comparison or a threshold, not both")
    hint = "give Comparison(...), model.across() of a model, or a threshold of cosines"
    comparison = check_type(comparison, Comparison, "comparison", hint=hint)
    return _linked(
        vectors,
        recordings,
        comparison,
        speech_durations=speech_durations,
        min_anchor_speech=min_anchor_speech,
        constrain=constrain,
        known=known,
        executor=executor,
    )


def _linked(
    vectors: npt.ArrayLike,
    recordings: Sequence[str],
    comparison: Comparison,
    *,
    speech_durations: npt.ArrayLike | None,
    min_anchor_speech: float,
    constrain: bool,
    known: Known | None,
    executor: Executor | None,
    reasons: bool = True,
) -> Links:
    """Link as `link`; the most similar ones may be left out where they cost much."""
    check_not_negative(min_anchor_speech, "min_anchor_speech")
    check_flag(constrain, "constrain")
    vectors = check_matrix(vectors, "vectors", summed_in=np.float64)
    n = len(vectors)
    recordings = check_names(recordings, "recordings", n, "row", or_integers=True)
    anchors = anchors_among(speech_durations, n, min_anchor_speech)
    groups = np.unique(np.asarray(recordings, dtype=object), return_inverse=True)[1]
    order = np.argsort(groups, kind="stable")
    if known is not None:
        check_vector(known.speakers, "known.speakers", n, "a row")
        anchors |= known.anchors
        known = known.of_rows(order)
    found = _joined(
        vectors if (np.diff(groups) >= 0).all() else vectors[order],
        groups[order].astype(np.int64),
        anchors[order],
        comparison,
        constrain,
        known,
        executor,
        reasons,
    )
    back = np.argsort(order)  # place of each row in the order
    return Links(
        labels=in_order_of_appearance(found.labels)[back],
        nearest=np.where(found.nearest >= 0, order[found.nearest], -1)[back],
        similarities=found.similarities[back],
        runners_up=np.where(found.runners_up >= 0, order[found.runners_up], -1)[back],
        runner_up_similarities=found.runner_up_similarities[back],
    )


def link_centred(
    vectors: npt.ArrayLike,
    recordings: Sequence[str],
    comparison: Comparison,
    *,
    speech_durations: npt.ArrayLike | None = None,
    min_anchor_speech: float = 0.0,
    constrain: bool = True,
    known: Known | None = None,
    voices: Voices | None = None,
    executor: Executor | None = None,
) -> Links:
    """Link local speakers by vectors that are centred on the speakers of the collection.

    What all speakers of a collection share, the channel or the language, makes them similar. So
    they are linked twice, the second time less the mean of the speakers that the first time
    found. That mean is drawn to the training's as if 30 more speakers stood there (MAP [1]_): a
    collection of one speaker stays as it is. From over 20,000 local speakers, the first time takes
    every other one, or every third, and so on.

    Parameters
    ----------
    vectors : array_like (n, dimension)
        One local speaker a row, as `Diarization.vectors` has them.
    recordings, comparison, speech_durations, min_anchor_speech, constrain, known, executor
        As in `link`.
    voices : Voices, optional
        Who is known by voice: those whom `identify` takes for them are known from then on.

    Returns
    -------
    Links

    Raises
    ------
    ParameterError
        As `link`.

    References
    ----------
    .. [1] D. A. Reynolds, T. F. Quatieri, R. B. Dunn, "Speaker verification using adapted
       Gaussian mixture models", Digital Signal Processing 10, 2000.

    Examples
    --------
    >>> from trfast import load_model
    >>> vectors = np.random.default_rng(0).normal(size=(2, 200))[[0, 1, 0]]
    >>> recordings = ["monday", "monday", "tuesday"]
    >>> comparison = load_model().across("cosine", threshold=0.5)
    >>> link_centred(vectors, recordings, comparison).labels
    array([0, 1, 0])
    """
    return linked_and_shift(
        vectors,
        recordings,
        comparison,
        speech_durations=speech_durations,
        min_anchor_speech=min_anchor_speech,
        constrain=constrain,
        known=known,
        voices=voices,
        executor=executor,
    )[0]


@blas_limit()
def linked_and_shift(
    vectors: npt.ArrayLike,
    recordings: Sequence[str],
    comparison: Comparison,
    *,
    speech_durations: npt.ArrayLike | None = None,
    min_anchor_speech: float = 0.0,
    constrain: bool = True,
    known: Known | None = None,
    voices: Voices | None = None,
    executor: Executor | None = None,
) -> tuple[Links, FloatArray]:
    """Link as `link_centred`; return what was taken off the vectors as well."""
    check_type(comparison, Comparison, "comparison", hint="give model.across() of a model")
    x = check_matrix(vectors, "vectors")
    names = check_names(recordings, "recordings", len(x), "row", or_integers=True)
    durations = None
    if speech_durations is not None:
        durations = check_vector(
            speech_durations, "speech_durations", len(x), "a row", least=0, unit="seconds"
        )

    def linked(
        rows: slice, shift: FloatArray | float, known: Known | None, *, reasons: bool
    ) -> Links:
        return _linked(
            _projected(x[rows], shift, comparison),
            names[rows],
            comparison,
            speech_durations=None if durations is None else durations[rows],
            min_anchor_speech=min_anchor_speech,
            constrain=constrain,
            known=None if known is None else known.of_rows(np.arange(len(x))[rows]),
            executor=executor,
            reasons=reasons,
        )

    some = slice(None, None, max(1, -(-len(x) // _MOST)))
    shift = shift_of_speakers(
        x[some], linked(some, 0.0, known, reasons=False).labels, comparison.backend
    )
    found = None
    if voices is not None:
        found = identify(x - shift, names, voices.less(shift), comparison, known=known)
        known = found.added_to(known)
    return replace(linked(slice(None), shift, known, reasons=True), identified=found), shift


def _projected(
    x: FloatArray, shift: FloatArray | float, comparison: Comparison
) -> npt.NDArray[np.floating]:
    """Projected vectors less a shift, some at a time: there may be many."""
    first = comparison.backend.project(x[:_MOST] - shift)
    if len(x) <= _MOST:
        return first
    found = np.empty((len(x), first.shape[1]), first.dtype)
    for start in range(0, len(x), _MOST):
        rows = slice(start, start + _MOST)
        found[rows] = comparison.backend.project(x[rows] - shift)
    return found


def _joined(
    vectors: FloatArray,
    groups: IntArray,
    anchors: npt.NDArray[np.bool_],
    comparison: Comparison,
    constrain: bool,
    known: Known | None,
    executor: Executor | None,
    reasons: bool,
) -> Links:
    """Link rows that are sorted by group; labels are numbered anyhow."""
    n, complete = len(vectors), comparison.clustering == "hac"
    free = known is None or not known.anchors.any()
    known = None if free else known
    if constrain and free and not groups.any():  # one recording: none may join
        nobody, no_score = np.full(n, -1), np.full(n, np.nan, np.float32)
        return Links(np.arange(n), nobody, no_score, nobody, no_score)
    scores = comparison.scores(vectors)
    apart = groups if constrain and free else None  # pairs of one are of no use
    n_pairs = n_pairs_above(scores, comparison.threshold, apart)
    if complete:
        check_listed(n_pairs, "complete linkage", "take average linkage")
    elif n_pairs > MOST_PAIRS and anchors.all():
        return Links(
            *join_many(
                scores,
                groups,
                known,
                n_pairs=n_pairs,
                constrain=constrain,
                clustering=comparison.clustering,
                threshold=comparison.threshold,
                reasons=reasons,
            )
        )
    check_listed(n_pairs, "min_anchor_speech", "leave it out")
    pairs, similarities = scores.edges_above(
        comparison.threshold, groups=apart, n_threads=None, executor=executor
    )
    if not anchors.all():
        either = anchors[pairs].any(axis=1)
        pairs, similarities = pairs[either], similarities[either]
    both = anchors[pairs].all(axis=1)
    edges = (pairs, similarities) if both.all() else (pairs[both], similarities[both])
    if known is not None:
        labels = join_known(
            *edges,
            scores,
            groups if constrain else None,
            known,
            clustering=comparison.clustering,
            threshold=comparison.threshold,
        )
    elif complete:
        labels = complete_linkage_of_edges(*edges, n)
    elif comparison.clustering == "average":
        labels = average_linkage_of_edges(
            *edges,
            *scores.factors(),
            threshold=comparison.threshold,
            groups=groups if constrain else None,
        )
    elif constrain:
        labels = constrained_components(*edges, groups, n)
    else:
        labels = connected_components(edges[0], n)
    attach(labels, pairs[~both], similarities[~both], anchors, groups, constrain)

    def most_similar(*, same: bool) -> tuple[IntArray, FloatArray]:
        row, best = np.full(n, -1, np.int64), np.full(n, np.nan, np.float32)
        _union_find.nearest(pairs, similarities, labels, groups, same, row, best)
        return row, best

    return Links(labels, *most_similar(same=True), *most_similar(same=False))
