"""segment_frames and IvectorEmbedder: by hand, and whatever the chunks."""

import numpy as np
import pytest

from tests.small import small_model
from trfast.embedding import IvectorEmbedder, NormalizationConfig, segment_frames
from trfast.errors import ParameterError
from trfast.features import add_deltas, segment_normalization, sliding_normalization
from trfast.features import frames as store

SEGMENTS = np.array(
    # touching, apart, inside the one before, overlapping, to the last frame
    [(0, 120), (120, 300), (420, 900), (500, 620), (880, 1000), (1400, 1500)],
    dtype=np.int64,
)
SEGMENT = NormalizationConfig(scope="segment")
SLIDING = NormalizationConfig(scope="sliding", window=1.0)


@pytest.fixture(scope="module")
def static():
    rng = np.random.default_rng(0)
    walk = rng.normal(size=(1500, 20)) + np.cumsum(rng.normal(size=(1500, 20)), axis=0) / 5
    return walk.astype(np.float32)


def joined(static, segments, config):
    parts = list(segment_frames(static, segments, config))
    lengths = [np.diff(offsets) for _, offsets in parts]
    return np.concatenate([frames for frames, _ in parts]), np.concatenate(lengths)


def test_normalization_over_each_segment(static):
    frames, lengths = joined(static, SEGMENTS, SEGMENT)
    columns = add_deltas(static)
    by_hand = [segment_normalization(columns[a:b], [0, b - a]) for a, b in SEGMENTS]
    np.testing.assert_array_equal(frames, np.concatenate(by_hand))
    np.testing.assert_array_equal(lengths, SEGMENTS[:, 1] - SEGMENTS[:, 0])
    assert frames.dtype == np.float32


def test_normalization_over_a_window(static):
    frames, _ = joined(static, SEGMENTS, SLIDING)
    columns = sliding_normalization(add_deltas(static), window=101)
    by_hand = np.concatenate([columns[a:b] for a, b in SEGMENTS])
    np.testing.assert_allclose(frames, by_hand, atol=1e-5)


@pytest.mark.parametrize("config", [SEGMENT, SLIDING])
@pytest.mark.parametrize("chunk", [1, 130, 600])
def test_chunks_do_not_change_the_frames(static, monkeypatch, config, chunk):
    whole, lengths = joined(static, SEGMENTS, config)
    monkeypatch.setattr(store, "CHUNK", chunk)
    assert len(list(segment_frames(static, SEGMENTS, config))) > 1
    frames, same_lengths = joined(static, SEGMENTS, config)
    np.testing.assert_allclose(frames, whole, atol=1e-5)
    np.testing.assert_array_equal(same_lengths, lengths)


def test_a_chunk_holds_no_more_than_it_should(static, monkeypatch):
    monkeypatch.setattr(store, "CHUNK", 200)
    segments = np.arange(0, 1500, 50)[:, None] + np.array([0, 50])
    chunks = [len(frames) for frames, _ in segment_frames(static, segments, SEGMENT)]
    assert max(chunks) <= 200


def test_the_hop_turns_the_window_into_frames(static):
    half = NormalizationConfig(scope="sliding", window=0.5)
    frames = np.concatenate([f for f, _ in segment_frames(static, SEGMENTS, half, 0.005)])
    np.testing.assert_array_equal(frames, joined(static, SEGMENTS, SLIDING)[0])


@pytest.mark.parametrize(
    ("segments", "message"),
    [
        ([(100, 200), (0, 50)], "must rise from 0 to at most 1500"),
        ([(-1, 200)], "must rise from 0"),
        ([(0, 1501)], "at most 1500"),
        ([(0, 1501), (3, 5)], "at most 1500"),
        ([(5, 5)], r"segments\[0\] is empty: \[5, 5\]"),
    ],
)
def test_segments_that_cannot_be(static, segments, message):
    with pytest.raises(ParameterError, match=message):
        list(segment_frames(static, np.array(segments), SEGMENT))


def test_settings_that_cannot_be():
    with pytest.raises(ParameterError, match="one of segment, sliding, got 'file'"):
        NormalizationConfig(scope="file")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="window must be above 0"):
        NormalizationConfig(window=0)


@pytest.fixture(scope="module")
def embedder():
    return small_model().embedder


CLUSTERS = np.array([0, 1, 0, 2, 1, 0])


def test_one_vector_a_cluster(static, embedder):
    vectors = embedder.vectors(embedder.cluster_statistics(static, SEGMENTS, CLUSTERS))
    assert vectors.dtype == np.float32
    assert vectors.shape == (3, 3)
    for cluster, vector in enumerate(vectors):
        frames, offsets = joined(static, SEGMENTS[cluster == CLUSTERS], SEGMENT)
        statistics = embedder.ubm.statistics(frames, [0, offsets.sum()])
        by_hand = embedder.total_variability.transform(statistics)
        np.testing.assert_allclose(vector, by_hand[0], rtol=1e-4, atol=1e-5)


def test_chunks_do_not_change_the_statistics(static, embedder, monkeypatch):
    whole = embedder.cluster_statistics(static, SEGMENTS, CLUSTERS)
    statistics = embedder.statistics(static, SEGMENTS)
    monkeypatch.setattr(store, "CHUNK", 100)
    parts = embedder.cluster_statistics(static, SEGMENTS, CLUSTERS)
    np.testing.assert_allclose(parts.zeroth, whole.zeroth, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(parts.first, whole.first, rtol=1e-4, atol=1e-2)
    again = embedder.statistics(static, SEGMENTS)
    np.testing.assert_allclose(again.zeroth, statistics.zeroth, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(again.first, statistics.first, rtol=1e-5, atol=1e-3)


def test_no_segments(static, embedder: IvectorEmbedder):
    nothing = np.empty((0, 2), dtype=np.int64)
    assert list(segment_frames(static, nothing, SEGMENT)) == []
    none = embedder.cluster_statistics(static, nothing, np.empty(0, dtype=np.int64))
    assert none.zeroth.shape == (0, 4)
    assert embedder.vectors(none).shape == (0, 3)
    statistics = embedder.statistics(static, nothing)
    assert statistics.zeroth.shape == (0, 4)
    assert statistics.first.shape == (0, 4, 60)


def test_statistics_of_segments_are_those_of_clusters_of_one(static, monkeypatch):
    embedder = small_model().embedder
    expected = embedder.cluster_statistics(static, SEGMENTS, np.arange(len(SEGMENTS)))
    monkeypatch.setattr(store, "CHUNK", 250)
    found = embedder.segment_statistics(static, SEGMENTS)
    np.testing.assert_allclose(found.zeroth, expected.zeroth, rtol=1e-5)
    np.testing.assert_allclose(found.first, expected.first, rtol=1e-4, atol=1e-4)
    assert found.zeroth.dtype == found.first.dtype == np.float32
    assert len(embedder.segment_statistics(static, SEGMENTS[:0])) == 0
