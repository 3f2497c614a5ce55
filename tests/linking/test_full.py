"""link: hand-made answers, then what must hold for any input."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from tests.fakes import Sending, cosine_backend
from tests.reference import clustering as reference
from tests.small import small_model
from trfast._names import BackendName, ClusteringName
from trfast.clustering import connected_components, in_order_of_appearance
from trfast.comparison import Comparison
from trfast.errors import ParameterError
from trfast.linking import Known, full, link, link_centred, many


def unit(*degrees: float) -> npt.NDArray[np.float32]:
    return np.array([(np.cos(d), np.sin(d)) for d in np.radians(degrees)], dtype=np.float32)


def random_unit(seed: int, n: int) -> npt.NDArray[np.float32]:
    vectors = np.random.default_rng(seed).normal(size=(n, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def test_a_chain_is_one_speaker() -> None:
    links = link(
        unit(0, 40, 80, 170), ["a", "b", "c", "d"], Comparison(threshold=np.cos(np.radians(45)))
    )
    assert links.labels.tolist() == [0, 0, 0, 1]
    assert links.nearest.tolist() == [1, 0, 1, -1]
    np.testing.assert_allclose(links.similarities[:3], np.cos(np.radians(40)), rtol=1e-5)
    assert np.isnan(links.similarities[3])


def test_speakers_of_one_recording_stay_apart() -> None:
    vectors, recordings = unit(0, 20, 11), ["a", "a", "b"]
    assert link(vectors, recordings, Comparison(threshold=0.9)).labels.tolist() == [0, 1, 1]
    free = link(vectors, recordings, Comparison(threshold=0.9), constrain=False)
    assert free.labels.tolist() == [0, 0, 0]


def test_numbers_follow_the_names_of_the_recordings() -> None:
    links = link(unit(0, 90, 0, 180), ["z", "z", "a", "m"], Comparison(threshold=0.9))
    assert links.labels.tolist() == [0, 2, 0, 1]


def test_short_speech_bridges_nothing() -> None:
    vectors, recordings = unit(0, 22, 44), ["a", "b", "c"]
    links = link(
        vectors,
        recordings,
        Comparison(threshold=0.9),
        speech_durations=[9, 1, 9],
        min_anchor_speech=2,
    )
    assert link(vectors, recordings, Comparison(threshold=0.9)).labels.tolist() == [0, 0, 0]
    assert links.labels.tolist() == [0, 0, 1]
    assert links.nearest.tolist() == [1, 0, -1]


def test_short_speech_joins_its_most_similar_and_founds_nothing() -> None:
    vectors = unit(0, 15, 20, 90, 91)
    recordings = ["a", "b", "c", "d", "e"]
    durations = [9, 1, 9, 1, 1]
    labels = link(
        vectors,
        recordings,
        Comparison(threshold=0.95),
        speech_durations=durations,
        min_anchor_speech=2,
    ).labels
    # 0 and 20 degrees are too far apart; 15 goes to 20; the two at 90 and 91 do not join.
    assert labels.tolist() == [0, 1, 1, 2, 3]


def test_short_speech_does_not_join_its_own_recording() -> None:
    vectors, durations = unit(0, 5, 30), [9, 1, 9]
    labels = link(
        vectors,
        ["a", "a", "b"],
        Comparison(threshold=0.9),
        speech_durations=durations,
        min_anchor_speech=2,
    ).labels
    assert labels.tolist() == [0, 1, 1]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 40), st.booleans())
def test_order_of_recordings_plays_no_part(seed: int, n: int, constrain: bool) -> None:
    rng = np.random.default_rng(seed)
    vectors, durations = random_unit(seed, n), rng.uniform(0, 4, n)
    recordings = np.array([f"r{i}" for i in rng.integers(0, n, n)])

    def linked(order: npt.NDArray[np.int64]) -> tuple[list[int], list[float]]:
        links = link(
            vectors[order],
            recordings[order].tolist(),
            Comparison(threshold=0.7),
            speech_durations=durations[order],
            min_anchor_speech=1.0,
            constrain=constrain,
        )
        labels, similarities = np.empty(n, np.int64), np.empty(n)
        labels[order], similarities[order] = links.labels, links.similarities
        return labels.tolist(), similarities.tolist()

    names = np.unique(recordings)
    shuffled = np.concatenate(
        [np.flatnonzero(recordings == name) for name in rng.permutation(names)]
    )
    np.testing.assert_equal(linked(shuffled), linked(np.arange(n)))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 40))
def test_constraint_and_reasons_hold(seed: int, n: int) -> None:
    vectors = random_unit(seed, n)
    recordings = [f"r{i}" for i in np.random.default_rng(seed).integers(0, n, n)]
    links = link(vectors, recordings, Comparison(threshold=0.6))
    assert len(set(zip(links.labels.tolist(), recordings, strict=True))) == n
    for row, (nearest, label) in enumerate(zip(links.nearest, links.labels, strict=True)):
        mates = np.flatnonzero((links.labels == label) & (np.arange(n) != row))
        assert (nearest == -1) == (len(mates) == 0)
        if nearest >= 0:
            similarities = vectors[mates] @ vectors[row]
            np.testing.assert_allclose(links.similarities[row], similarities.max(), rtol=1e-5)
            assert links.similarities[row] >= 0.6


@pytest.mark.parametrize("constrain", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_short_speech_equals_twin(seed: int, constrain: bool) -> None:
    rng = np.random.default_rng(seed)
    vectors, groups = random_unit(seed, 60), np.sort(rng.integers(0, 15, 60))
    anchors = rng.random(60) < 0.6
    similarities = vectors @ vectors.T
    pairs = np.argwhere(similarities >= 0.5)
    pairs = pairs[np.argsort(-similarities[tuple(pairs.T)], kind="stable")]
    among = [(i, j) for i, j in pairs.tolist() if i < j and anchors[i] and anchors[j]]
    kept_apart = groups.tolist() if constrain else list(range(60))
    labels = reference.attach(
        [(i, j) for i, j in pairs.tolist() if not anchors[i] and anchors[j]],
        groups.tolist(),
        set(np.flatnonzero(~anchors).tolist()),
        reference.constrained_components(among, kept_apart),
        constrain,
    )
    found = link(
        vectors,
        [f"r{group:02}" for group in groups],
        Comparison(threshold=0.5),
        speech_durations=anchors,
        min_anchor_speech=1,
        constrain=constrain,
    )
    names: dict[int, int] = {}
    assert found.labels.tolist() == [names.setdefault(label, len(names)) for label in labels]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 40))
def test_without_constraint_it_is_connected_components(seed: int, n: int) -> None:
    vectors = random_unit(seed, n)
    recordings = [f"r{i:03}" for i in range(n)]
    similarities = np.triu(vectors @ vectors.T, 1)
    expected = connected_components(np.argwhere(similarities >= 0.6), n)
    found = link(vectors, recordings, Comparison(threshold=0.6), constrain=False)
    assert found.labels.tolist() == expected.tolist()


@pytest.mark.parametrize("constrain", [True, False])
@pytest.mark.parametrize("backend", ["cosine", "plda", "tr"])
def test_complete_linkage_equals_scipy(backend: str, constrain: bool) -> None:
    rng = np.random.default_rng(1)
    compares, groups = small_model().backend(backend), np.sort(rng.integers(0, 25, 80))
    rows = compares.project(2 * rng.normal(size=(15, 3))[groups % 15] + rng.normal(size=(80, 3)))
    similarities = compares.similarity(rows).astype(np.float64)
    threshold = float(np.quantile(similarities, 0.8)) - 1e-4
    distances = similarities.max() - similarities
    if constrain:
        distances[groups[:, None] == groups] = 1e6
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances, checks=False), method="complete")
    expected = fcluster(tree, similarities.max() - threshold, criterion="distance")
    found = link(
        rows,
        [f"r{group:02}" for group in groups],
        Comparison(threshold=threshold, backend=compares, clustering="hac"),
        constrain=constrain,
    )
    assert found.labels.tolist() == in_order_of_appearance(expected).tolist()


def test_complete_linkage_by_hand() -> None:
    vectors, recordings = unit(0, 20, 41, 62), ["a", "b", "c", "d"]
    links = link(
        vectors, recordings, Comparison(threshold=np.cos(np.radians(45)), clustering="hac")
    )
    assert links.labels.tolist() == [0, 0, 1, 1]
    assert links.nearest.tolist() == [1, 0, 3, 2]


def test_short_speech_joins_its_most_similar_in_complete_linkage() -> None:
    vectors, recordings = unit(0, 20, 25, 45), ["a", "b", "c", "d"]
    durations, threshold = [9, 9, 1, 1], np.cos(np.radians(30))
    links = link(
        vectors,
        recordings,
        Comparison(threshold=threshold, clustering="hac"),
        speech_durations=durations,
        min_anchor_speech=2,
    )
    # 45 degrees are too far from 0, and near enough to 20; between the two short ones is no edge.
    assert links.labels.tolist() == [0, 0, 0, 0]
    assert links.nearest.tolist() == [1, 2, 1, 1]


def test_log_likelihood_ratios_link() -> None:
    plda = small_model().backend("plda")
    rows = plda.project(np.random.default_rng(0).normal(size=(40, 3)))
    scores = np.triu(plda.similarity(rows), 1)
    threshold = float(np.quantile(scores[scores != 0], 0.9))
    found = link(
        rows,
        [f"r{i:02}" for i in range(40)],
        Comparison(threshold=threshold, backend=plda),
        constrain=False,
    )
    expected = connected_components(np.argwhere((scores >= threshold) & (scores != 0)), 40)
    assert found.labels.tolist() == expected.tolist()


def test_nobody() -> None:
    links = link(np.empty((0, 3)), [], Comparison(threshold=0.5))
    assert (len(links.labels), len(links.nearest), len(links.similarities)) == (0, 0, 0)


def crowd(n_speakers: int, n_each: int, shared: float) -> tuple[npt.NDArray[np.float32], list[str]]:
    """Speakers in all recordings, and what they share beside their voices."""
    rng = np.random.default_rng(0)
    voices = np.repeat(rng.normal(size=(n_speakers, 20)), n_each, axis=0)
    vectors = voices + 0.1 * rng.normal(size=voices.shape) + shared
    return vectors.astype(np.float32), [f"show{k % n_each}" for k in range(len(vectors))]


@pytest.mark.parametrize("step", [1, 10])
def test_what_all_speakers_share_does_not_link_them(
    monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    vectors, recordings = crowd(100, 4, shared=2.0)
    monkeypatch.setattr(full, "_MOST", 400 // step)
    backend = cosine_backend(20)

    def plain(
        vectors: npt.NDArray[np.float32], recordings: list[str] = recordings
    ) -> npt.NDArray[np.int64]:
        rows = backend.project(vectors.astype(np.float32))
        return link(rows, recordings, Comparison(threshold=0.9), constrain=False).labels

    found = link_centred(
        vectors, recordings, Comparison(threshold=0.9, backend=backend), constrain=False
    )
    assert len(set(plain(vectors))) < 50
    assert len(set(found.labels)) > 80
    # The mean of the speakers found first, drawn to 0 by 30 more.
    some = vectors[::step]
    first = plain(some, recordings[::step])
    means = [some[first == k].mean(axis=0) for k in range(first.max() + 1)]
    shift = np.sum(means, axis=0) / (len(means) + 30)
    np.testing.assert_array_equal(found.labels, plain(vectors - shift))


def test_a_collection_of_one_speaker_stays_one() -> None:
    vectors, recordings = crowd(1, 100, shared=0.0)
    found = link_centred(vectors, recordings, Comparison(threshold=0.8, backend=cosine_backend(20)))
    assert set(found.labels) == {0}


def test_nobody_to_centre_on() -> None:
    none = np.empty((0, 20), np.float32)
    assert (
        len(link_centred(none, [], Comparison(threshold=0.8, backend=cosine_backend(20))).labels)
        == 0
    )


def test_a_threshold_alone_is_of_cosines() -> None:
    vectors, recordings = unit(0, 40, 80), ["a", "b", "c"]
    assert link(vectors, recordings, threshold=0.7).labels.tolist() == [0, 0, 0]
    assert link(vectors, recordings, threshold=0.8).labels.tolist() == [0, 1, 2]
    with pytest.raises(ParameterError, match="a comparison or a threshold, not both"):
        link(vectors, recordings, Comparison(threshold=0.7), threshold=0.7)
    with pytest.raises(ParameterError, match="got NoneType: give Comparison"):
        link(vectors, recordings, threshold=None)


def test_wrong_arguments() -> None:
    with pytest.raises(ParameterError, match="each of 2 rows, got 1"):
        link(unit(0, 1), ["a"], Comparison(threshold=0.5))
    with pytest.raises(ParameterError, match="needs speech_durations"):
        link(unit(0, 1), ["a", "b"], Comparison(threshold=0.5), min_anchor_speech=1)
    with pytest.raises(ParameterError, match=r"shape \(2,\), got \(1,\)"):
        link(unit(0, 1), ["a", "b"], Comparison(threshold=0.5), speech_durations=[1])
    for wrong in (-1.0, np.nan):
        with pytest.raises(ParameterError, match="hold NaN, infinity or less than 0 seconds"):
            link(unit(0, 1), ["a", "b"], Comparison(threshold=0.5), speech_durations=[1, wrong])
        with pytest.raises(ParameterError, match="min_anchor_speech must be 0 or more"):
            link(unit(0, 1), ["a", "b"], Comparison(threshold=0.5), min_anchor_speech=wrong)
    with pytest.raises(ParameterError, match="one of cc, hac, average, got 'kmeans'"):
        link(unit(0, 1), ["a", "b"], Comparison(threshold=0.5, clustering="kmeans"))  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="NaN"):
        link([[np.nan, 0]], ["a"], Comparison(threshold=0.5))


@pytest.mark.parametrize("constrain", [True, False])
@pytest.mark.parametrize("what_is_known", [False, True])
@pytest.mark.parametrize("backend", ["cosine", "plda"])
@pytest.mark.parametrize(("clustering", "few"), [("cc", 0), ("average", 0), ("average", 1000)])
def test_many_alike_are_linked_as_by_a_list_of_pairs(
    clustering: ClusteringName,
    few: int,
    backend: str,
    what_is_known: bool,
    constrain: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    compares = small_model().backend(backend)
    vectors = rng.normal(size=(120, 3)) + 2 * rng.normal(size=(9, 3))[rng.integers(0, 9, 120)]
    rows, recordings = compares.project(vectors), [f"r{k // 4}" for k in range(120)]
    threshold = float(np.quantile(compares.similarity(rows), 0.9))
    comparison = Comparison(threshold=threshold, backend=compares, clustering=clustering)
    known = None
    if what_is_known:
        speakers = np.where(rng.random(120) < 0.2, rng.integers(0, 5, 120), -1)
        unknown = np.flatnonzero(speakers < 0)[:20]
        known = Known(speakers, [(row, row % 5) for row in unknown.tolist()])
    listed = link(rows, recordings, comparison, constrain=constrain, known=known)
    monkeypatch.setattr(full, "MOST_PAIRS", 10)
    monkeypatch.setattr(many, "MOST_PAIRS", 10)
    monkeypatch.setattr(many, "_BAND", 10)
    monkeypatch.setattr(many, "_FEW", few)
    in_parts = link(rows, recordings, comparison, constrain=constrain, known=known)
    assert in_parts.labels.tolist() == listed.labels.tolist()
    assert in_parts.nearest.tolist() == listed.nearest.tolist()
    np.testing.assert_array_equal(in_parts.similarities, listed.similarities)
    np.testing.assert_array_equal(in_parts.runners_up, listed.runners_up)
    np.testing.assert_array_equal(in_parts.runner_up_similarities, listed.runner_up_similarities)


@pytest.mark.parametrize("clustering", ["cc", "average"])
def test_too_many_alike_to_list_is_said(
    clustering: ClusteringName, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors, recordings = np.ones((100, 3)), [str(k) for k in range(100)]
    for limit in ("MOST_PAIRS", "MOST_LISTED"):
        monkeypatch.setattr(many, limit, 100)
    with pytest.raises(ParameterError, match="min_anchor_speech takes 0 million at most: leave"):
        link(
            vectors,
            recordings,
            Comparison(threshold=0.5, clustering=clustering),
            speech_durations=np.arange(100),
            min_anchor_speech=50,
        )


@pytest.mark.parametrize("clustering", ["cc", "hac", "average"])
def test_alike_in_one_recording_are_no_pairs(clustering: ClusteringName) -> None:
    vectors = np.concatenate([np.ones((5000, 4)), np.eye(4)[:1]])
    comparison = Comparison(threshold=0.4, clustering=clustering)
    links = link(vectors, ["a"] * 5000 + ["b"], comparison)
    assert len(set(links.labels)) == 5000
    assert (links.nearest >= 0).sum() == 2


def test_how_many_pairs_are_above_is_near_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = random_unit(0, 3000)
    comparison = Comparison(threshold=0.5, clustering="average")
    scores = comparison.scores(vectors)
    true = len(scores.edges_above(0.5)[0])
    assert many.n_pairs_above(scores, 0.5, None) == pytest.approx(true, rel=0.1)
    assert many.n_pairs_above(comparison.scores(vectors[:1000]), 0.5, None) == 0
    monkeypatch.setattr(many, "MOST_LISTED", 1000)
    with pytest.raises(ParameterError, match="complete linkage takes 0 million at most"):
        link(vectors, [str(k) for k in range(3000)], Comparison(threshold=0.5, clustering="hac"))


@pytest.mark.parametrize("clustering", ["cc", "hac", "average"])
def test_one_recording_joins_nobody_and_scores_nothing(
    clustering: ClusteringName, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Comparison, "scores", None)
    links = link(unit(0, 1, 2), ["a"] * 3, Comparison(threshold=0.5, clustering=clustering))
    assert links.labels.tolist() == [0, 1, 2]
    assert links.nearest.tolist() == links.runners_up.tolist() == [-1] * 3


@pytest.mark.slow
@pytest.mark.parametrize("clustering", ["cc", "hac", "average"])
@pytest.mark.parametrize("backend", ["cosine", "plda"])
@pytest.mark.parametrize("constrain", [True, False])
def test_an_executor_lists_the_same_pairs(
    backend: BackendName, clustering: ClusteringName, constrain: bool
) -> None:
    vectors = np.random.default_rng(0).normal(size=(1100, 3))  # three bands
    recordings = [f"show-{k // 3}" for k in range(1100)]
    comparison = small_model().across(backend, clustering)
    executor = Sending()
    here = link_centred(vectors, recordings, comparison, constrain=constrain)
    there = link_centred(vectors, recordings, comparison, constrain=constrain, executor=executor)
    assert executor.n_calls == 2 * 2  # it is linked twice
    for name in ("labels", "nearest", "similarities", "runners_up", "runner_up_similarities"):
        np.testing.assert_array_equal(getattr(there, name), getattr(here, name))
