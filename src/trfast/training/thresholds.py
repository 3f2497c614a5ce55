"""Thresholds, and errors, of the back-ends on recordings and speakers they never saw."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from trfast.annotation import Annotation
from trfast.diarization import EmbeddedSegments, averages
from trfast.errors import ModelError
from trfast.evaluation import diarization_error
from trfast.evaluation._scored import score
from trfast.evaluation._sweep import best_mapping
from trfast.labelled import LabelledCollection
from trfast.linking import link
from trfast.scoring.backend import CLUSTERINGS, Backend, Thresholds

FloatArray = npt.NDArray[Any]
Labels = npt.NDArray[np.int64]

_COSINES = np.round(np.arange(0.1, 0.951, 0.025), 3)
_N_CANDIDATES = 36


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """Thresholds of a back-end and a clustering, and the errors they were chosen by.

    Parameters
    ----------
    thresholds : Thresholds
    i_der, x_der : float
        Diarization error rate by recording and across recordings, as fractions: 0.25 s collar,
        overlap left out.
    """

    thresholds: Thresholds
    i_der: float
    x_der: float


class HeldBack:
    """The segments of some recordings, and how much each has in common with whom.

    Parameters
    ----------
    collection : LabelledCollection
        Of these recordings only.
    segments : sequence of EmbeddedSegments
        Of each of them.

    Attributes
    ----------
    times : ErrorTimes
        What is scored, and the error that no threshold changes.
    cluster_vectors : ndarray (n_clusters, dimension), float32
        Mean vector of each BIC cluster.
    """

    def __init__(
        self, collection: LabelledCollection, segments: Sequence[EmbeddedSegments]
    ) -> None:
        first = np.cumsum([0, *(len(s.seconds) for s in segments)])
        hypothesis = {
            s.recording: Annotation(
                s.recording,
                [(*bounds, str(k)) for k, bounds in enumerate(s.seconds.tolist(), number)],
            )
            for s, number in zip(segments, first.tolist(), strict=False)
        }
        reference, uem = collection.reference, collection.uem
        self.times = diarization_error(reference, hypothesis, uem=uem, skip_overlap=True).total
        scored = score(
            reference, hypothesis, uem=uem, collar=0.25, skip_overlap=True, across_recordings=False
        )
        common = ((scored.ref_active * scored.seconds) @ scored.hyp_active.T).tocoo()
        column = np.array([int(name) for _, name in scored.hyp.speakers], np.int64)
        self._common = csr_array(
            (common.data, (common.row, column[common.col])), shape=(common.shape[0], first[-1])
        )
        self._names = np.array([name for _, name in scored.ref.speakers])
        self._recordings = [s.recording for s in segments]
        self._vectors = np.concatenate([s.vectors for s in segments])
        self._clusters, counts = _numbered([s.clusters for s in segments])
        self._bounds = np.cumsum([0, *counts])
        self.cluster_vectors = averages(self._vectors, self._clusters)

    def local(
        self, backend: Backend, rows: FloatArray, threshold: float, clustering: str
    ) -> tuple[Labels, FloatArray, list[str]]:
        """Join projected clusters by recording: local speaker of each segment, numbered on;
        mean vector and recording of each local speaker."""
        labels, counts = _numbered(
            [
                backend.cluster(rows[first:last], threshold, clustering=clustering)
                for first, last in zip(self._bounds[:-1], self._bounds[1:], strict=True)
            ]
        )
        labels = labels[self._clusters]
        recordings = np.repeat(self._recordings, counts).tolist()
        return labels, averages(self._vectors, labels), recordings

    def confused(self, labels: Labels, speakers: Collection[str], *, across: bool) -> float:
        """Seconds of `speakers` that go to another label than that which stands for them.

        Labels stand for speakers, those of others as well, one to one as in the DER: by
        recording, or `across` them.
        """
        common, names = self._common, self._names
        if across:
            names, rows = np.unique(names, return_inverse=True)
            common = _members(rows) @ common
        members = _members(labels)
        shared = common @ members.T
        right = shared.multiply(best_mapping(common, members, np.ones(len(labels))))
        wrong = shared.sum(axis=1) - right.sum(axis=1)
        return float(wrong[np.isin(names, list(speakers))].sum())


@dataclass(frozen=True, eq=False)
class Fold:
    """A back-end, and the recordings and the speakers there on whom it is judged."""

    held_back: HeldBack
    speakers: Collection[str]
    backend: Backend


def tune(folds: Sequence[Fold]) -> dict[str, Tuned]:
    """Choose the thresholds of each clustering, those of the least error over all folds: first
    the one within recordings, then, for local speakers made with it, the one across them.

    Raises
    ------
    ModelError
        If nothing is scored.
    """
    if not any(fold.held_back.times.scored for fold in folds):
        raise ModelError("nothing is scored in the collection; does all.uem fit it?")
    rows = [fold.backend.project(fold.held_back.cluster_vectors) for fold in folds]
    candidates = _candidates(folds, rows)
    return {clustering: _tune(folds, rows, candidates, clustering) for clustering in CLUSTERINGS}


def _tune(
    folds: Sequence[Fold], rows: Sequence[FloatArray], candidates: FloatArray, clustering: str
) -> Tuned:
    def local(k: int, threshold: float) -> tuple[Labels, FloatArray, list[str]]:
        return folds[k].held_back.local(folds[k].backend, rows[k], threshold, clustering)

    within, i_der = _best(folds, candidates, lambda k, t: local(k, t)[0], across=False)
    joined = []
    for k, fold in enumerate(folds):
        labels, vectors, recordings = local(k, within)
        joined.append((labels, fold.backend.project(vectors), recordings))

    def linked(k: int, threshold: float) -> Labels:
        labels, vectors, recordings = joined[k]
        backend = folds[k].backend
        links = link(
            vectors, recordings, threshold=threshold, backend=backend, clustering=clustering
        )
        return links.labels[labels]

    across, x_der = _best(folds, candidates, linked, across=True)
    return Tuned(thresholds=Thresholds(within=within, across=across), i_der=i_der, x_der=x_der)


def _best(
    folds: Sequence[Fold],
    candidates: FloatArray,
    labels: Callable[[int, float], Labels],
    *,
    across: bool,
) -> tuple[float, float]:
    """Threshold of the least error, the middle of ties, and that error."""
    confused = np.zeros(len(candidates))
    for k, fold in enumerate(folds):
        known: dict[bytes, float] = {}  # neighbouring thresholds often join alike
        for i, threshold in enumerate(candidates.tolist()):
            found = labels(k, threshold)
            key = found.tobytes()
            if key not in known:
                known[key] = fold.held_back.confused(found, fold.speakers, across=across)
            confused[i] += known[key]
    least = float(confused.min())
    best = float(np.median(candidates[confused < least + 1e-6]))
    times = [held_back.times for held_back in dict.fromkeys(fold.held_back for fold in folds)]
    wrong = sum(t.missed + t.false_alarm for t in times) + least
    return round(best, 4), wrong / sum(t.scored for t in times)


def dealt(
    names: Collection[str], n: int, *, seed: int, first: Collection[str] = ()
) -> list[list[str]]:
    """Deal names out to `n` hands by chance; those of `first` first, so that all get as many."""
    rng = np.random.default_rng(seed)
    decks = sorted(set(first)), sorted(set(names) - set(first))
    order = [str(name) for deck in decks for name in rng.permutation(deck)]
    return [order[k::n] for k in range(n)]


def strangers(
    reference: Mapping[str, Annotation], classes: Collection[str], *, seed: int
) -> list[tuple[list[str], set[str]]]:
    """Deal recordings out to groups; return each with all who speak there.

    There are up to 4 groups, of 4 recordings at least, so that each has something to link; none
    at all if one of them leaves less than half of the classes to learn from.
    """
    groups = dealt(reference, min(4, len(reference) // 4), seed=seed)
    speakers = [{s for name in names for s in reference[name].speakers} for names in groups]
    if any(2 * len(set(classes) - there) < len(classes) for there in speakers):
        return []
    return list(zip(groups, speakers, strict=True))


def _candidates(folds: Sequence[Fold], rows: Sequence[FloatArray]) -> FloatArray:
    """Thresholds to try: cosines; of PLDA, whose ratios lie anywhere, and of the network, whose
    constant output makes cosines high, those between similarities of some of the rows."""
    if folds[0].backend.name not in ("plda", "tr"):
        return _COSINES
    similarities = []
    for fold, projected in zip(folds, rows, strict=True):
        some = projected[:: 1 + len(projected) // 1000]
        similarities.append(fold.backend.similarity(some)[np.triu_indices(len(some), 1)])
    every = np.concatenate(similarities)
    low, high = np.quantile(every, [0.5, 0.999]) if len(every) else (0.0, 0.0)
    return np.round(np.linspace(low, high, _N_CANDIDATES), 3)


def _numbered(labels: Sequence[Labels]) -> tuple[Labels, list[int]]:
    """Number labels on from one recording to the next; return how many each has, too."""
    counts = [int(part.max(initial=-1)) + 1 for part in labels]
    first = np.cumsum([0, *counts])
    parts = [part + start for part, start in zip(labels, first.tolist(), strict=False)]
    return np.concatenate(parts), counts


def _members(labels: Labels) -> Any:
    """Sparse (n_labels, n), one where an item has the label."""
    n = len(labels)
    shape = (int(labels.max(initial=-1)) + 1, n)
    return csr_array((np.ones(n), (labels, np.arange(n))), shape=shape)
