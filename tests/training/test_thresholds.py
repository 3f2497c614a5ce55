"""Thresholds and errors on held-back recordings: against the DER, and by hand."""

import numpy as np
import pytest

from trfast.annotation import Annotation, Timeline
from trfast.diarization import EmbeddedSegments
from trfast.errors import ModelError
from trfast.evaluation import diarization_error
from trfast.labelled import LabelledCollection
from trfast.scoring.backend import Backend, estimator_of
from trfast.scoring.normalization import LengthNorm, Whitening
from trfast.scoring.plda import Plda
from trfast.training.thresholds import Fold, HeldBack, dealt, strangers, tune


def identity(dimension):
    whitening = Whitening()
    whitening.mean_ = np.zeros(dimension, np.float32)
    whitening.matrix_ = np.eye(dimension, dtype=np.float32)
    whitening.n_features_in_ = dimension
    return whitening


def embedded(recording, seconds, vectors, clusters=None):
    clusters = np.arange(len(seconds)) if clusters is None else np.array(clusters, np.int64)
    return EmbeddedSegments(
        recording, 100.0, np.array(seconds), clusters, np.asarray(vectors, np.float32)
    )


@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_the_error_is_the_der(tmp_path, across, seed):
    rng = np.random.default_rng(seed)
    reference, segments = {}, []
    labels: list[int] = []
    for name in ("monday", "tuesday", "friday"):
        bounds = np.sort(rng.uniform(0, 100, size=(2, 20)), axis=1)
        turns = [(a, b + 2, f"speaker{rng.integers(5)}") for a, b in bounds.reshape(-1, 2)]
        reference[name] = Annotation(name, [turn for turn in turns if turn[1] > turn[0]])
        cuts = np.sort(rng.uniform(0, 100, size=31))
        segments.append(embedded(name, np.stack([cuts[:-1], cuts[1:]], axis=1), np.ones((30, 2))))
        first = 0 if across else 4 * len(labels) // 30
        labels += (first + rng.integers(4, size=30)).tolist()
    uem = {name: Timeline([(5, 60), (70, 90)]) for name in ("monday", "friday")}
    collection = LabelledCollection(tmp_path, {}, reference, uem)
    held_back = HeldBack(collection, segments)
    hypothesis = {
        s.recording: Annotation(
            s.recording,
            [
                (*bounds, str(label))
                for bounds, label in zip(
                    s.seconds.tolist(), labels[30 * k : 30 * k + 30], strict=True
                )
            ],
        )
        for k, s in enumerate(segments)
    }
    expected = diarization_error(
        reference, hypothesis, uem=uem, skip_overlap=True, across_recordings=across
    ).total
    speakers = [f"speaker{k}" for k in range(5)]
    found = held_back.confused(np.array(labels), speakers, across=across)
    assert found == pytest.approx(expected.speaker_error)
    assert held_back.times.scored == pytest.approx(expected.scored)
    # Each second is some speaker's.
    apart = [held_back.confused(np.array(labels), [name], across=across) for name in speakers]
    assert sum(apart) == pytest.approx(found)


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
    held_back = HeldBack(LabelledCollection(tmp_path, {}, reference, None), segments)
    backend = Backend(name="cosine", whitening=identity(n))
    tuned = tune([Fold(held_back, ["ann", "ben"], backend)])
    for kind in ("cc", "hac"):
        found = tuned[kind]
        # 0.2, 0.225, ... 0.5
        assert found.thresholds.within == pytest.approx(0.35)
        # 0.1, 0.125, ... 0.5: the least cosine of one speaker is ben's 0.51; below that of the
        # two, linking still keeps them apart, for they are in one recording.
        assert found.thresholds.across == pytest.approx(0.3)
        assert found.i_der == found.x_der == pytest.approx(0)


def test_only_the_speakers_of_a_fold_count(tmp_path):
    seconds = [(0.0, 10.0), (20.0, 26.0), (40.0, 45.0)]
    turns = [(*bounds, name) for bounds, name in zip(seconds, ["ann", "ben", "cat"], strict=True)]
    reference = {"show": Annotation("show", turns)}
    # Ben sounds like ann.
    held_back = HeldBack(
        LabelledCollection(tmp_path, {}, reference, None),
        [embedded("show", seconds, [[1, 0], [1, 0], [0, 1]])],
    )
    backend = Backend(name="cosine", whitening=identity(2))
    scored = 10 + 6 + 5 - 3 * 0.5
    for speakers, wrong in (["ann"], 0.0), (["ben"], 5.5), (["ben", "cat"], 5.5), (["cat"], 0.0):
        found = tune([Fold(held_back, speakers, backend)])["cc"]
        assert found.i_der == pytest.approx(wrong / scored)


def test_log_likelihood_ratios_are_tried_where_they_lie(tmp_path):
    rng = np.random.default_rng(0)
    speakers = np.tile(np.arange(40), 5)
    x = 3 * rng.normal(size=(40, 5))[speakers] + 0.5 * rng.normal(size=(200, 5))
    plda = Plda(rank=5).fit(LengthNorm().fit_transform(x), speakers)
    vectors = np.tile(np.eye(5), (4, 1)) + 0.05 * rng.normal(size=(20, 5))
    seconds = [(10.0 * k, 10.0 * k + 9) for k in range(20)]
    turns = [(*bounds, str(k % 5)) for k, bounds in enumerate(seconds)]
    collection = LabelledCollection(tmp_path, {}, {"show": Annotation("show", turns)}, None)
    held_back = HeldBack(collection, [embedded("show", seconds, vectors)])
    backend = Backend(name="plda", whitening=identity(5), estimator=plda)
    found = tune([Fold(held_back, [str(k) for k in range(5)], backend)])
    assert found["cc"].i_der == found["hac"].i_der == pytest.approx(0)
    scores = plda.score(LengthNorm().fit_transform(vectors))
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
    held_back = HeldBack(collection, [embedded("show", seconds, vectors)])
    backend = Backend(name="tr", whitening=identity(5), estimator=network)
    found = tune([Fold(held_back, [str(k) for k in range(5)], backend)])
    assert found["cc"].i_der == found["hac"].i_der == pytest.approx(0)
    assert 0.95 < found["cc"].thresholds.within < 1


def test_nothing_to_score(tmp_path):
    reference = {"show": Annotation("show", [(0, 5, "ann")])}
    collection = LabelledCollection(tmp_path, {}, reference, {"show": Timeline([(50, 60)])})
    held_back = HeldBack(collection, [embedded("show", [(0.0, 5.0)], [[1, 0]])])
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
        found = tune([Fold(HeldBack(collection, none), ["ann"], backend)])["hac"]
        assert found.i_der == found.x_der == 1


def test_dealt():
    hands = dealt("abcdefghij", 4, seed=0, first="abcd")
    assert sorted(name for hand in hands for name in hand) == list("abcdefghij")
    assert [len(hand) for hand in hands] == [3, 3, 2, 2]
    assert all(len(set(hand) & set("abcd")) == 1 for hand in hands)
    assert hands == dealt("jihgfedcba", 4, seed=0, first="dcba")
    assert hands != dealt("abcdefghij", 4, seed=1, first="abcd")


def test_strangers_are_all_who_speak_in_a_group():
    reference = {
        f"show{k}": Annotation(f"show{k}", [(0, 1, f"host{k}"), (1, 2, f"guest{k % 8}")])
        for k in range(8)
    }
    classes = [f"guest{k}" for k in range(8)]
    groups = strangers(reference, classes, seed=0)
    assert [len(names) for names, _ in groups] == [4, 4]
    for names, speakers in groups:
        assert speakers == {s for name in names for s in reference[name].speakers}
    # Nobody is left to learn from.
    everywhere = {
        name: Annotation(name, [*annotation, (3, 4, "anchor"), (4, 5, "weather")])
        for name, annotation in reference.items()
    }
    assert strangers(everywhere, ["anchor", "weather", "guest0"], seed=0) == []
    assert strangers(dict(list(reference.items())[:3]), classes, seed=0) == []
