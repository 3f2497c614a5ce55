"""link: the local speakers of many recordings -> the speakers of the collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trfast._checks import check_matrix
from trfast.clustering import connected_components, constrained_components
from trfast.errors import ParameterError
from trfast.scoring.cosine import edges_above

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
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
    """

    labels: IntArray
    nearest: IntArray
    similarities: FloatArray


def link(
    vectors: npt.ArrayLike,
    recordings: Sequence[str],
    *,
    threshold: float,
    speech_durations: npt.ArrayLike | None = None,
    min_speech: float = 0.0,
    constrain: bool = True,
) -> Links:
    """Link local speakers whose similarity reaches the threshold: connected components.

    The result does not depend on the order of the recordings.

    Parameters
    ----------
    vectors : array_like (n, dimension)
        One local speaker a row, as the model's ``project`` gives them: the cosine of two rows
        is their similarity.
    recordings : sequence of str, (n,)
        Recording of each local speaker.
    threshold : float
        Similarity from which two are linked.
    speech_durations : array_like (n,), optional
        Seconds of speech of each local speaker; needed with `min_speech`.
    min_speech : float
        Local speakers with less seconds of speech neither link each other nor bridge two
        speakers: they join the most similar one, or stay apart.
    constrain : bool
        Never join two local speakers of one recording: the most similar pairs are joined
        first, and a pair that would put two of one recording together is refused.

    Returns
    -------
    Links

    Raises
    ------
    ParameterError
        If the arguments differ in length, hold NaN or infinity, or `min_speech` comes without
        `speech_durations`.

    Examples
    --------
    >>> vectors = [[1.0, 0.0], [0.0, 1.0], [0.8, 0.6]]
    >>> links = link(vectors, ["monday", "monday", "tuesday"], threshold=0.5)
    >>> links.labels  # 0.6 to the second one would pass as well, but not both
    array([0, 1, 0])
    >>> links.nearest
    array([ 2, -1,  0])
    """
    vectors = check_matrix(vectors, "vectors")
    n = len(vectors)
    if len(recordings) != n:
        raise ParameterError(
            f"recordings must name one for each of {n} rows, got {len(recordings)}"
        )
    durations = np.full(n, np.inf)
    if speech_durations is not None:
        durations = np.asarray(speech_durations, dtype=np.float64)
        if durations.shape != (n,):
            raise ParameterError(f"speech_durations must have shape ({n},), got {durations.shape}")
    elif min_speech > 0:
        raise ParameterError(f"min_speech={min_speech} needs speech_durations, got None")
    groups = np.unique(np.asarray(recordings, dtype=object), return_inverse=True)[1]
    order = np.argsort(groups, kind="stable")
    groups, sound = groups[order].astype(np.int64), durations[order] >= min_speech

    pairs, similarities = edges_above(vectors[order], threshold)
    both, either = sound[pairs].all(axis=1), sound[pairs].any(axis=1)
    if constrain:
        labels = constrained_components(pairs[both], similarities[both], groups, n)
    else:
        labels = connected_components(pairs[both], n)
    weak = either & ~both
    labels = _attach(labels, pairs[weak], similarities[weak], sound, groups, constrain)
    nearest, best = _nearest(labels, pairs[either], similarities[either])

    links = Links(
        labels=np.empty(n, np.int64),
        nearest=np.full(n, -1, np.int64),
        similarities=np.empty(n, np.float32),
    )
    links.labels[order] = _in_order_of_appearance(labels)
    links.nearest[order] = np.where(nearest >= 0, order[nearest], -1)
    links.similarities[order] = best
    return links


def _attach(
    labels: IntArray,
    pairs: IntArray,
    similarities: FloatArray,
    sound: npt.NDArray[np.bool_],
    groups: IntArray,
    constrain: bool,
) -> IntArray:
    """Give each local speaker that is not `sound` the label of its best pair's sound one."""
    labels = labels.copy()
    taken = set(zip(labels[sound].tolist(), groups[sound].tolist(), strict=True))
    attached: set[int] = set()
    for first, second in pairs[np.argsort(-similarities, kind="stable")].tolist():
        weak, host = (second, first) if sound[first] else (first, second)
        place = (int(labels[host]), int(groups[weak]))
        if weak in attached or (constrain and place in taken):
            continue
        labels[weak] = labels[host]
        attached.add(weak)
        taken.add(place)
    return labels


def _nearest(
    labels: IntArray, pairs: IntArray, similarities: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Return each row's most similar row of the same label, and the similarity."""
    inside = labels[pairs[:, 0]] == labels[pairs[:, 1]]
    pairs, similarities = pairs[inside], similarities[inside]
    rows, others = np.concatenate([pairs, pairs[:, ::-1]]).T
    similarities = np.concatenate([similarities, similarities])
    order = np.lexsort((others, -similarities, rows))
    found, first = np.unique(rows[order], return_index=True)
    nearest = np.full(len(labels), -1, np.int64)
    best = np.full(len(labels), np.nan, np.float32)
    nearest[found], best[found] = others[order][first], similarities[order][first]
    return nearest, best


def _in_order_of_appearance(labels: IntArray) -> IntArray:
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]
