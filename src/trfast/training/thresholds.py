"""Thresholds, and errors, of the back-ends on recordings and speakers they never saw."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from itertools import pairwise, product
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from trfast._names import CLUSTERINGS, ClusteringName
from trfast._threads import blas_limit
from trfast.annotation import Annotation
from trfast.clustering.labels import nested
from trfast.comparison import Comparison, across_recordings
from trfast.diarization import EmbeddedSegments
from trfast.diarization.local_speakers import local_speakers_at
from trfast.embedding.ivector import ProjectedStatistics
from trfast.errors import ModelError
from trfast.evaluation import common_time, diarization_error, one_to_one
from trfast.linking.full import linked_and_shift
from trfast.scoring.backend import Backend, Thresholds
from trfast.scoring.scores import Scores
from trfast.training.labelled import LabelledCollection

FloatArray = npt.NDArray[Any]
Labels = npt.NDArray[np.int64]

# Thresholds that are tried of similarities that are no plain cosines.
N_CANDIDATES = 60

_COSINES = np.round(np.arange(0.1, 0.951, 0.025), 3)
_NORMALIZED = np.round(np.arange(1.0, 8.01, 0.1), 1)
# Sets of rows, of recordings and of those to be linked, that are held at a time.
_MOST_REMEMBERED = 256
# Times the least time confused: differences below are chance.
_NEARLY = 1.05


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
    """The clusters of some recordings, and how much each has in common with whom.

    Parameters
    ----------
    collection : LabelledCollection
        Of these recordings only.
    segments : sequence of EmbeddedSegments
        Of each of them.
    vectors : callable
        Makes vectors of their statistics, as `Embedder.vectors` does.
    min_speech : float
        Seconds of a local speaker, as in `ClusteringConfig`.

    Attributes
    ----------
    times : ErrorTimes
        What is scored, and the error that no threshold changes.
    cluster_vectors : ndarray (n_clusters, dimension), float32
        Vector of each BIC cluster.
    """

    def __init__(
        self,
        collection: LabelledCollection,
        segments: Sequence[EmbeddedSegments],
        vectors: Callable[[ProjectedStatistics], FloatArray],
        min_speech: float = 0.0,
    ) -> None:
        self._bounds = np.cumsum([0, *(len(s.statistics) for s in segments)])
        hypothesis = {
            s.recording: Annotation(
                s.recording,
                [
                    (*bounds, str(first + k))
                    for bounds, k in zip(s.seconds.tolist(), s.clusters.tolist(), strict=True)
                ],
            )
            for s, first in zip(segments, self._bounds.tolist(), strict=False)
        }
        reference, uem = collection.reference, collection.uem
        self.times = diarization_error(reference, hypothesis, uem=uem, skip_overlap=True).total
        common = common_time(reference, hypothesis, uem=uem, skip_overlap=True)
        seconds = common.seconds.tocoo()
        column = np.array([int(name) for _, name in common.hypothesis], np.int64)
        self._common = csr_array(
            (seconds.data, (seconds.row, column[seconds.col])),
            shape=(seconds.shape[0], self._bounds[-1]),
        )
        numbers = {s.recording: k for k, s in enumerate(segments)}
        self._names = np.array([name for _, name in common.reference])
        self._recordings_of_names = np.array(
            [numbers[recording] for recording, _ in common.reference], np.int64
        )
        self._recordings = np.repeat(np.arange(len(segments)), np.diff(self._bounds))
        self._statistics = ProjectedStatistics(
            np.concatenate([s.statistics.zeroth for s in segments]),
            np.concatenate([s.statistics.first for s in segments]),
        )
        durations = [s.seconds[:, 1] - s.seconds[:, 0] for s in segments]
        self._durations = [
            np.bincount(s.clusters, own, len(s.statistics))
            for s, own in zip(segments, durations, strict=True)
        ]
        self._min_speech = min_speech
        self._vectors = vectors
        self.cluster_vectors = vectors(self._statistics)

    @property
    def n_clusters(self) -> int:
        """How many clusters all recordings have together."""
        return len(self.cluster_vectors)

    def local(self, comparison: Comparison, rows: FloatArray) -> Labels:
        """Join projected clusters by recording: local speaker of each, numbered on."""
        return self.local_at(comparison, rows, [comparison.threshold])[0]

    def local_at(
        self, comparison: Comparison, rows: FloatArray, thresholds: Sequence[float]
    ) -> list[Labels]:
        """Join them at each of some thresholds, in rising order, in place of the comparison's."""
        labels: list[list[Labels]] = [[] for _ in thresholds]
        n_speakers = [0] * len(thresholds)
        bounds = pairwise(self._bounds.tolist())
        for (first, last), durations in zip(bounds, self._durations, strict=True):
            every = local_speakers_at(
                comparison, rows[first:last], durations, thresholds, min_speech=self._min_speech
            )
            for k, found in enumerate(every):
                labels[k].append(found + n_speakers[k])
                n_speakers[k] += int(found.max(initial=-1)) + 1
        return [np.concatenate(own) for own in labels]

    def speakers(self, local: Labels) -> tuple[FloatArray, Labels]:
        """Vector, and number of the recording, of each local speaker, as `local` numbers them."""
        first = np.unique(local, return_index=True)[1]
        statistics = self._statistics.grouped(local, len(first))
        return self._vectors(statistics), self._recordings[first]

    def others(self, local: Labels, speakers: Collection[str]) -> npt.NDArray[np.bool_]:
        """Whether each local speaker is, for the most part, somebody else than `speakers`."""
        shared = (self._common @ _members(local).T).toarray()
        most = self._names[shared.argmax(axis=0)]
        found: npt.NDArray[np.bool_] = (shared.max(axis=0) > 0) & ~np.isin(most, list(speakers))
        return found

    def confused(self, labels: Labels, speakers: Collection[str], *, parts: int | None) -> float:
        """Seconds of `speakers` that go to another label than that which stands for them.

        Labels of clusters stand for speakers, those of others as well, one to one as in the DER:
        by recording, with no `parts`; or across the recordings of each of so many parts, every
        such one.
        """
        common, names = self._common, self._names
        if parts:
            distinct, number = np.unique(names, return_inverse=True)
            of_parts = parts * number + self._recordings_of_names % parts
            keys, rows = np.unique(of_parts, return_inverse=True)
            names, common = distinct[keys // parts], _members(rows) @ common
        members = _members(labels)
        shared = common @ members.T
        right = shared.multiply(one_to_one(shared))
        wrong = shared.sum(axis=1) - right.sum(axis=1)
        return float(wrong[np.isin(names, list(speakers))].sum())


@dataclass(frozen=True, eq=False)
class Fold:
    """A back-end, and the recordings and the speakers there on whom it is judged: by themselves
    when it comes to linking, for it may know the others, and so tell them apart too easily.

    `held_back` has the segments that it joins; `found` the local speakers that are linked, where
    something else has found them: each of its clusters is one. Where the two are the same, nothing
    is joined within recordings, and that threshold is the one across them.
    """

    held_back: HeldBack
    speakers: Collection[str]
    backend: Backend
    found: HeldBack | None = None


class _Remembering(Backend):
    """A back-end that is asked for the same rows at one threshold after another: it makes once what
    does not depend on that."""

    @classmethod
    def of(cls, backend: Backend) -> _Remembering:
        """Make one of another."""
        return cls(**{field.name: getattr(backend, field.name) for field in fields(backend)})

    @cached_property
    def _remembered(self) -> OrderedDict[tuple[Any, ...], Any]:
        return OrderedDict()

    def project(self, vectors: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Project as the other does."""
        found: npt.NDArray[np.float32] = self._once(super().project, np.asarray(vectors))
        return found

    def scores(self, rows: npt.ArrayLike, *, normalized: bool = False) -> Scores:
        """Score as the other does."""
        found: Scores = self._once(super().scores, np.asarray(rows), normalized=normalized)
        return found

    def _once(self, make: Callable[..., Any], rows: FloatArray, **how: bool) -> Any:
        key = (make.__name__, rows.shape, rows.dtype.str, rows.tobytes(), *how.values())
        if key in self._remembered:
            self._remembered.move_to_end(key)
        else:
            self._remembered[key] = make(rows, **how)
            if len(self._remembered) > _MOST_REMEMBERED:
                self._remembered.popitem(last=False)
        return self._remembered[key]


def tune(
    folds: Sequence[Fold],
    *,
    parts: Sequence[int] = (1,),
    clusterings: Sequence[ClusteringName] = CLUSTERINGS,
    n_candidates: int = N_CANDIDATES,
) -> dict[ClusteringName, Tuned]:
    """Choose the thresholds of each clustering, those of the least error over all folds: first
    the one within recordings, then, for local speakers made with it, the one across them. Of
    those that are nearly as good, it is the middle one.

    Parameters
    ----------
    folds : sequence of Fold
        Of the same recordings, whose speakers they share out.
    parts : sequence of int
        Recordings are linked, and judged, in so many parts, with every so manieth recording in
        a part, and errors are the mean over these ways: a speaker comes back in fewer recordings
        of a part, and there are fewer to be taken for.
    clusterings : sequence of str
    n_candidates : int
        Thresholds that are tried of similarities that are no plain cosines.

    Returns
    -------
    dict of str to Tuned
        By clustering.

    Raises
    ------
    ModelError
        If nothing is scored.
    """
    if not folds[0].held_back.times.scored:
        raise ModelError("nothing is scored in the collection; does all.uem fit it?")
    folds = [replace(fold, backend=_Remembering.of(fold.backend)) for fold in folds]
    with blas_limit():  # of small matrices, many
        rows = [fold.backend.project(fold.held_back.cluster_vectors) for fold in folds]
        candidates = _candidates(folds, rows, n_candidates)
        return {kind: _tune(folds, rows, candidates, kind, parts) for kind in clusterings}


def _tune(
    folds: Sequence[Fold],
    rows: Sequence[FloatArray],
    candidates: FloatArray,
    clustering: ClusteringName,
    parts: Sequence[int],
) -> Tuned:
    def local(k: int, thresholds: Sequence[float]) -> list[Labels]:
        comparison = Comparison(backend=folds[k].backend, clustering=clustering, threshold=0.0)
        return folds[k].held_back.local_at(comparison, rows[k], thresholds)

    joins = any(fold.found is not fold.held_back for fold in folds)
    within, i_der = 0.0, 0.0
    if joins:
        within, i_der = _best(folds, candidates, lambda k, _: local(k, candidates.tolist()), [None])
    judges = [fold.found or fold.held_back for fold in folds]
    joined = []
    for k, fold in enumerate(folds):
        labels = np.arange(judges[k].n_clusters) if fold.found else local(k, [within])[0]
        vectors, recordings = judges[k].speakers(labels)
        own = ~judges[k].others(labels, fold.speakers)
        joined.append((labels, own, vectors, recordings))

    def linked(k: int, n_parts: int) -> Iterator[Labels]:
        labels, own, vectors, recordings = joined[k]
        comparisons = [
            across_recordings(folds[k].backend, clustering, threshold)
            for threshold in candidates.tolist()
        ]
        speakers = np.tile(np.arange(len(own)), (len(candidates), 1))
        for part in range(n_parts):
            chosen = np.flatnonzero(own & (recordings % n_parts == part))
            link = partial(_links, vectors[chosen], recordings[chosen].tolist())
            for i, (_, links) in enumerate(nested(link, comparisons)):
                speakers[i, chosen] = (part + 1) * len(own) + links
        return (row[labels] for row in speakers)

    linking = [replace(fold, held_back=judge) for fold, judge in zip(folds, judges, strict=True)]
    if across_recordings(folds[0].backend, clustering, 0.0).normalized:
        candidates = _NORMALIZED
    across, x_der = _best(linking, candidates, linked, parts)
    thresholds = Thresholds(within=within if joins else across, across=across)
    return Tuned(thresholds=thresholds, i_der=i_der, x_der=x_der)


def _links(
    vectors: FloatArray, recordings: Sequence[str], comparison: Comparison
) -> tuple[bytes, Labels]:
    """Who is linked, and what tells this from other results: by the same shift, a higher threshold
    leaves more apart."""
    links, shift = linked_and_shift(vectors, recordings, comparison)
    return shift.tobytes() + links.labels.tobytes(), links.labels


def _best(
    folds: Sequence[Fold],
    candidates: FloatArray,
    labels: Callable[[int, Any], Iterable[Labels]],
    parts: Sequence[int | None],
) -> tuple[float, float]:
    """Return the middle one of the thresholds with nearly the least error, and its error; `labels`
    gives those of each threshold, of one fold in some parts."""
    confused = np.zeros(len(candidates))
    for (k, fold), n_parts in product(enumerate(folds), parts):
        known: dict[bytes, float] = {}  # neighbouring thresholds often join alike
        for i, found in enumerate(labels(k, n_parts)):
            key = found.tobytes()
            if key not in known:
                known[key] = fold.held_back.confused(found, fold.speakers, parts=n_parts)
            confused[i] += known[key] / len(parts)
    good = np.flatnonzero(confused <= _NEARLY * confused.min() + 1e-6)
    best = good[len(good) // 2]
    times = folds[0].held_back.times
    error = (times.missed + times.false_alarm + float(confused[best])) / times.scored
    return float(candidates[best]), error


def dealt(
    names: Collection[str], n: int, *, seed: int, first: Collection[str] = ()
) -> list[list[str]]:
    """Deal names out to `n` hands by chance; those of `first` first, so that all get as many."""
    rng = np.random.default_rng(seed)
    decks = sorted(set(first)), sorted(set(names) - set(first))
    order = [str(name) for deck in decks for name in rng.permutation(deck)]
    return [order[k::n] for k in range(n)]


def _candidates(folds: Sequence[Fold], rows: Sequence[FloatArray], n_candidates: int) -> FloatArray:
    """Thresholds to try: cosines; of PLDA and scores of one's own, which lie anywhere, and of the
    network, whose constant output makes cosines high, those between similarities of some rows."""
    if folds[0].backend.is_cosine and folds[0].backend.name != "tr":
        return _COSINES
    similarities = []
    for fold, projected in zip(folds, rows, strict=True):
        some = projected[:: 1 + len(projected) // 1000]
        similarities.append(fold.backend.similarity(some)[np.triu_indices(len(some), 1)])
    every = np.concatenate(similarities)
    low, high = np.quantile(every, [0.8, 0.999]) if len(every) else (0.0, 0.0)
    return np.round(np.linspace(low, high, n_candidates), 3)


def _members(labels: Labels) -> Any:
    """Sparse (n_labels, n), one where an item has the label."""
    n = len(labels)
    shape = (int(labels.max(initial=-1)) + 1, n)
    return csr_array((np.ones(n), (labels, np.arange(n))), shape=shape)
