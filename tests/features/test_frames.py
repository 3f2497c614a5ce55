"""FrameStore: the same rows from memory and from a file, and the same diarization."""

from __future__ import annotations

import numpy as np
import pytest

from trfast.annotation import Timeline
from trfast.audio import Waveform
from trfast.diarization import Diarizer, Job
from trfast.diarization import diarizer as module
from trfast.errors import ParameterError
from trfast.features.frames import CHUNK, FrameStore, checked_frames, in_chunks
from trfast.segmentation import bic_clustering, segment
from trfast.speech import detect_by_energy

ROWS = np.random.default_rng(0).normal(size=(1000, 3)).astype(np.float32)


def stored(rows: np.ndarray, largest_in_memory: int) -> FrameStore:
    frames = FrameStore(largest_in_memory=largest_in_memory)
    frames.extend(rows[first : first + 77] for first in range(0, len(rows), 77))
    return frames


@pytest.mark.parametrize("largest_in_memory", [1 << 20, 5000])
def test_slices(largest_in_memory: int) -> None:
    with stored(ROWS, largest_in_memory) as frames:
        assert frames.shape == (1000, 3)
        for rows in (slice(0, 10), slice(990, 2000), slice(-5, None), slice(7, 3), slice(None)):
            np.testing.assert_array_equal(frames[rows], ROWS[rows])
        with pytest.raises(IndexError, match="not every 2th"):
            frames[::2]


def test_rows_may_be_added_after_a_look() -> None:
    with stored(ROWS[:500], 5000) as frames:
        assert len(frames[:3]) == 3
        frames.extend([ROWS[500:]])
        np.testing.assert_array_equal(frames[:], ROWS)


def test_a_store_needs_no_check_and_an_array_does() -> None:
    with stored(ROWS, 5000) as frames:
        assert checked_frames(frames, "frames") is frames
    with pytest.raises(ParameterError, match="frames holds NaN or infinity, first in row 1"):
        checked_frames([[0.0], [np.nan]], "frames")


def test_chunks_cover_all_bounds_once() -> None:
    edges = np.cumsum(np.random.default_rng(0).integers(1, CHUNK, size=100))
    bounds = np.stack([edges[:-1], edges[1:]], axis=1)
    runs = list(in_chunks(bounds))
    assert [bounds[run].tolist() for run in runs] == [
        bounds[run.start : run.stop].tolist() for run in runs
    ]
    assert [run.start for run in runs] == [0, *(run.stop for run in runs[:-1])]
    assert runs[-1].stop == len(bounds)
    for run in runs:
        assert run.stop == run.start + 1 or bounds[run.stop - 1, 1] <= bounds[run.start, 0] + CHUNK


def test_segmentation_of_a_store_is_that_of_the_array() -> None:
    rng = np.random.default_rng(0)
    x = np.repeat(rng.normal(size=(8, 4)), 9000, axis=0) + rng.normal(size=(72_000, 4))
    x = x.astype(np.float32)
    regions = np.array([[100, 40_000], [41_000, 72_000]])
    with stored(x, 5000) as frames:
        segments = segment(x, regions)
        assert len(segments) >= 8
        np.testing.assert_array_equal(segment(frames, regions), segments)
        labels = bic_clustering(x, segments, alpha=1.0)
        np.testing.assert_array_equal(bic_clustering(frames, segments, alpha=1.0), labels)
        np.testing.assert_array_equal(detect_by_energy(frames), detect_by_energy(x))


def test_a_long_recording_is_diarized_like_a_short_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    sound = np.repeat(rng.uniform(0.01, 0.2, size=8), 80_000) * rng.normal(size=640_000)
    waveform = Waveform(sound.astype(np.float32), 16_000)
    speech = Timeline([(1.0, 15.0), (16.0, 39.0)])
    diarizer = Diarizer()
    short = diarizer(Job("long", waveform, speech))
    monkeypatch.setattr(module, "FrameStore", lambda: FrameStore(largest_in_memory=1000))
    long = diarizer(Job("long", waveform, speech))
    assert len(short.annotation) > 1
    assert list(long.annotation) == list(short.annotation)
    np.testing.assert_array_equal(long.vectors, short.vectors)
