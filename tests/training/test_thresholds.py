"""Thresholds and errors on held-back recordings: against the DER, and by hand."""

import numpy as np
import pytest

from trfast.annotation import Annotation, Timeline
from trfast.clustering import in_order_of_appearance
from trfast.comparison import Comparison
from trfast.diarization import EmbeddedSegments
from trfast.embedding.ivector import ProjectedStatistics
from trfast.errors import ModelError
from trfast.evaluation import diarization_error
from trfast.scoring.backend import Backend
from trfast.scoring.estimators import estimator_of
from trfast.scoring.normalization import LengthNorm, Whitening
from trfast.scoring.plda import Plda
from trfast.training.labelled import LabelledCollection
from trfast.training.thresholds import Fold, HeldBack, dealt, tune


def identity(dimension):
    whitening = Whitening()
    whitening.mean_ = np.zeros(dimension, np.float32)
    whitening.matrix_ = np.eye(dimension, dtype=np.float32)
    whitening.n_features_in_ = dimension
    return whitening


def means(statistics):
    return statistics.first / statistics.zeroth


def embedded(recording, seconds, vectors, clusters=None):
    """Segments whose clusters have these vectors."""
    clusters = np.arange(len(seconds)) if clusters is None else np.array(clusters, np.int64)
    vectors = np.asarray(vectors, np.float32)
    statistics = ProjectedStatistics(np.ones((len(vectors), 1), np.float32), vectors)
    return EmbeddedSegments(recording, 100.0, np.array(seconds), clusters, statistics)


@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_the_error_is_the_der(tmp_path, across, seed):
    rng = np.random.default_rng(seed)
    reference, segments = {}, []
    labels: list[np.ndarray] = []
    for name in ("monday", "tuesday", "friday"):
        bounds = np.sort(rng.uniform(0, 100, size=(2, 20)), axis=1)
        turns = [(a, b + 2, f"speaker{rng.integers(5)}") for a, b in bounds.reshape(-1, 2)]
        reference[name] = Annotation(name, [turn for turn in turns if turn[1] > turn[0]])
        cuts = np.sort(rng.uniform(0, 100, size=31))
        clusters = in_order_of_appearance(rng.integers(12, size=30))
        n = clusters.max() + 1
        bounds = np.stack([cuts[:-1], cuts[1:]], axis=1)
        segments.append(embedded(name, bounds, np.ones((n, 2)), clusters))
        first = 0 if across else 4 * len(labels)
        labels.append(first + rng.integers(4, size=n))
    uem = {name: Timeline([(5, 60), (70, 90)]) for name in ("monday", "friday")}
    collection = LabelledCollection(tmp_path, {}, reference, uem)
    held_back = HeldBack(collection, segments, means)
    hypothesis = {
        s.recording: Annotation(
            s.recording,
            [
                (*bounds, str(label))
                for bounds, label in zip(s.seconds.tolist(), own[s.clusters], strict=True)
            ],
        )
        for s, own in zip(segments, labels, strict=True)
    }
    expected = diarization_error(
        reference, hypothesis, uem=uem, skip_overlap=True, across_recordings=across
    ).total
    speakers = [f"speaker{k}" for k in range(5)]
    every = np.concatenate(labels)
    parts = 1 if across else None
    found = held_back.confused(every, speakers, parts=parts)
    assert found == pytest.approx(expected.speaker_error)
    assert held_back.times.scored == pytest.approx(expected.scored)
    # Each second is some speaker's.
    apart = [held_back.confused(every, [name], parts=parts) for name in speakers]
    assert sum(apart) == pytest.approx(found)


def test_parts_are_collections_of_their_own(tmp_path):
    rng = np.random.default_rng(0)
    names = ["a", "b", "c", "d", "e"]
    bounds = [(10.0 * k, 10.0 * k + 9) for k in range(6)]
    reference = {
        name: Annotation(name, [(*b, f"speaker{rng.integers(4)}") for b in bounds])
        for name in names
    }
    segments = [embedded(name, bounds, np.ones((6, 2))) for name in names]
    # Labels are those of one part, or even of one recording, each.
    labels = rng.integers(4, size=(5, 6)) + 4 * np.arange(5)[:, None]
    labels[2] -= 8
    speakers = [f"speaker{k}" for k in range(4)]

    def confused(chosen, parts):
        collection = LabelledCollection(
            tmp_path, {}, {n: reference[n] for n in names[chosen]}, None
        )
        held_back = HeldBack(collection, segments[chosen], means)
        return held_back.confused(labels[chosen].ravel(), speakers, parts=parts)

    apart = [confused(slice(part, None, 2), 1) for part in range(2)]
    assert confused(slice(None), 2) == pytest.approx(sum(apart))
    assert confused(slice(None), 5) == pytest.approx(confused(slice(None), None))


def test_vectors_of_local_speakers_are_of_all_they_say(tmp_path):
    seconds = [(0.0, 2.0), (2.0, 4.0), (4.0, 6.0)]
    reference = {name: Annotation(name, [(0, 6, "ann")]) for name in ("monday", "friday")}
    held_back = HeldBack(
        LabelledCollection(tmp_path, {}, reference, None),
        [
            embedded("monday", seconds, [[1, 0], [0, 1], [3, 0]]),
            embedded("friday", seconds, [[0, 2], [4, 0]], [0, 1, 0]),
        ],
        means,
    )
    backend = Backend(name="cosine", whitening=identity(2))
    labels = held_back.local(
        Comparison(backend=backend, threshold=0.9), backend.project(held_back.cluster_vectors)
    )
    assert labels.tolist() == [0, 1, 0, 2, 3]
    vectors, recordings = held_back.speakers(labels)
    assert vectors.tolist() == [[2, 0], [0, 1], [0, 2], [4, 0]]
    assert recordings.tolist() == [0, 0, 1, 1]


def test_the_best_threshold_is_the_middle_of_the_best_ones(tmp_path):
    # Two clusters of ann, one of ben: in three recordings; cosines as given.
    n = 9
    speakers = np.tile([0, 0, 1], 3)
    cosines = np.where(speakers[:, None] == speakers, 0.51, 0.19)
    np.fill_diagonal(cosines, 1.0)
    vectors = np.linalg.cholesky(cosines)
    seconds = [(0.0, 10.0), (20.0, 30.0), (40.0, 50.0)]
    turns = [(*bounds, name) for bounds, name in zip(seconds, ["ann", "ann", "ben"], strict=True)]
    names = ["monday", "tuesday", "friday"]
    reference = {name: Annotation(name, turns) for name in names}
    segments = [embedded(name, seconds, vectors[3 * k : 3 * k + 3]) for k, name in enumerate(names)]
    held_back = HeldBack(LabelledCollection(tmp_path, {}, reference, None), segments, means)
    backend = Backend(name="cosine", whitening=identity(n))
    tuned = tune([Fold(held_back, ["ann", "ben"], backend)])
    for kind in ("cc", "hac", "average"):
        found = tuned[kind]
        # 0.2, 0.225, ... 0.5
        assert found.thresholds.within == pytest.approx(0.35)
        # 0.1, 0.125, ... 0.5: the least cosine of one speaker is ben's 0.51; below that of the
        # two, linking still keeps them apart, for they are in one recording.
        assert found.thresholds.across == pytest.approx(0.3)
        assert found.i_der == found.x_der == pytest.approx(0)
    alone = tune([Fold(held_back, ["ann", "ben"], backend)], clusterings=["cc"])
    assert alone == {"cc": tuned["cc"]}


def test_only_the_speakers_of_a_fold_count(tmp_path):
    seconds = [(0.0, 10.0), (20.0, 26.0), (40.0, 45.0)]
    turns = [(*bounds, name) for bounds, name in zip(seconds, ["ann", "ben", "cat"], strict=True)]
    reference = {"show": Annotation("show", turns)}
    # Ben sounds like ann.
    held_back = HeldBack(
        LabelledCollection(tmp_path, {}, reference, None),
        [embedded("show", seconds, [[1, 0], [1, 0], [0, 1]])],
        means,
    )
    backend = Backend(name="cosine", whitening=identity(2))
    scored = 10 + 6 + 5 - 3 * 0.5
    for speakers, wrong in (["ann"], 0.0), (["ben"], 5.5), (["ben", "cat"], 5.5), (["cat"], 0.0):
        found = tune([Fold(held_back, speakers, backend)])["cc"]
        assert found.i_der == pytest.approx(wrong / scored)


def test_the_speakers_of_a_fold_are_linked_by_themselves(tmp_path):
    # Ann sounds like kim, whom the back-end may know.
    seconds = [(0.0, 10.0), (20.0, 30.0)]
    turns = {"monday": ("ann", "ben"), "friday": ("kim", "ben")}
    vectors = [[1, 0, 0], [0, 1, 0]], [[1, 0, 0], [0, 0.6, 0.8]]
    reference = {
        name: Annotation(name, [(*b, who) for b, who in zip(seconds, speakers, strict=True)])
        for name, speakers in turns.items()
    }
    segments = [embedded(n, seconds, v) for n, v in zip(reference, vectors, strict=True)]
    held_back = HeldBack(LabelledCollection(tmp_path, {}, reference, None), segments, means)
    backend = Backend(name="cosine", whitening=identity(3))
    labels = np.arange(4)
    assert held_back.others(labels, ["ann", "ben"]).tolist() == [False, False, True, False]
    apart = [tune([Fold(held_back, who, backend)])["cc"] for who in (["ann", "ben"], ["kim"])]
    assert [found.x_der for found in apart] == [0, 0]
    # Ben is one speaker up to a cosine of 0.6, but then so are ann and kim.
    assert tune([Fold(held_back, ["ann", "ben", "kim"], backend)])["cc"].x_der == 0.25


def test_who_speaks_little_joins_the_most_similar(tmp_path):
    seconds = [(0.0, 10.0), (20.0, 30.0), (40.0, 43.0)]
    turns = [(*bounds, who) for bounds, who in zip(seconds, ["ann", "ben", "ben"], strict=True)]
    collection = LabelledCollection(tmp_path, {}, {"show": Annotation("show", turns)}, None)
    segments = [embedded("show", seconds, [[1, 0], [0, 1], [-0.6, 0.8]])]
    backend = Backend(name="cosine", whitening=identity(2))
    for min_speech, expected in (0.0, [0, 1, 2]), (4.0, [0, 1, 1]):
        held_back = HeldBack(collection, segments, means, min_speech)
        rows = backend.project(held_back.cluster_vectors)
        assert (
            held_back.local(Comparison(backend=backend, threshold=0.9), rows).tolist() == expected
        )


def test_log_likelihood_ratios_are_tried_where_they_lie(tmp_path):
    rng = np.random.default_rng(0)
    speakers = np.tile(np.arange(40), 5)
    x = 3 * rng.normal(size=(40, 5))[speakers] + 0.5 * rng.normal(size=(200, 5))
    plda = Plda(rank=5).fit(LengthNorm().fit_transform(x), speakers)
    vectors = np.tile(np.eye(5), (4, 1)) + 0.05 * rng.normal(size=(20, 5))
    seconds = [(10.0 * k, 10.0 * k + 9) for k in range(20)]
    turns = [(*bounds, str(k % 5)) for k, bounds in enumerate(seconds)]
    collection = LabelledCollection(tmp_path, {}, {"show": Annotation("show", turns)}, None)
    held_back = HeldBack(collection, [embedded("show", seconds, vectors)], means)
    backend = Backend(name="plda", whitening=identity(5), estimator=plda)
    found = tune([Fold(held_back, [str(k) for k in range(5)], backend)])
    assert found["cc"].i_der == found["hac"].i_der == pytest.approx(0)
    scores = plda.similarity(LengthNorm().fit_transform(vectors))
    assert scores[0, 1] < found["cc"].thresholds.within < scores[0, 5]


def test_cosines_of_the_network_are_tried_where_they_lie(tmp_path):
    # A constant output of 0.9: cosines of two speakers are 0.95, of one speaker above 0.99.
    weights, bias = np.zeros((5, 6), np.float32), np.zeros(6, np.float32)
    weights[:, :5], bias[5] = 0.2 * np.eye(5), np.arctanh(0.9)
    network = estimator_of("tr", {"tr.weights": weights, "tr.bias": bias})
    rng = np.random.default_rng(0)
    vectors = np.tile(np.eye(5), (4, 1)) + 0.05 * rng.normal(size=(20, 5))
    seconds = [(10.0 * k, 10.0 * k + 9) for k in range(20)]
    turns = [(*bounds, str(k % 5)) for k, bounds in enumerate(seconds)]
    collection = LabelledCollection(tmp_path, {}, {"show": Annotation("show", turns)}, None)
    held_back = HeldBack(collection, [embedded("show", seconds, vectors)], means)
    backend = Backend(name="tr", whitening=identity(5), estimator=network)
    found = tune([Fold(held_back, [str(k) for k in range(5)], backend)])
    assert found["cc"].i_der == found["hac"].i_der == pytest.approx(0)
    assert 0.95 < found["cc"].thresholds.within < 1


def test_nothing_to_score(tmp_path):
    reference = {"show": Annotation("show", [(0, 5, "ann")])}
    collection = LabelledCollection(tmp_path, {}, reference, {"show": Timeline([(50, 60)])})
    held_back = HeldBack(collection, [embedded("show", [(0.0, 5.0)], [[1, 0]])], means)
    backend = Backend(name="cosine", whitening=identity(2))
    with pytest.raises(ModelError, match=r"nothing is scored .* does all\.uem fit it"):
        tune([Fold(held_back, ["ann"], backend)])


def test_no_speech_found(tmp_path):
    reference = {name: Annotation(name, [(0, 5, "ann")]) for name in ("monday", "friday")}
    collection = LabelledCollection(tmp_path, {}, reference, None)
    none = [embedded(name, np.empty((0, 2)), np.empty((0, 2)), []) for name in reference]
    x = np.random.default_rng(0).normal(size=(20, 2))
    plda = Plda(rank=2).fit(x, np.repeat(np.arange(5), 4))
    for name, estimator in ("cosine", None), ("plda", plda):
        backend = Backend(name=name, whitening=identity(2), estimator=estimator)
        found = tune([Fold(HeldBack(collection, none, means), ["ann"], backend)])["hac"]
        assert found.i_der == found.x_der == 1


def test_dealt():
    hands = dealt("abcdefghij", 4, seed=0, first="abcd")
    assert sorted(name for hand in hands for name in hand) == list("abcdefghij")
    assert [len(hand) for hand in hands] == [3, 3, 2, 2]
    assert all(len(set(hand) & set("abcd")) == 1 for hand in hands)
    assert hands == dealt("jihgfedcba", 4, seed=0, first="dcba")
    assert hands != dealt("abcdefghij", 4, seed=1, first="abcd")
