"""SpeechDetector and the energy detector: synthetic frames, the twin, and silence."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from threadpoolctl import threadpool_limits

from tests.reference import speech as reference
from tests.reference import viterbi
from trfast.annotation import Timeline
from trfast.errors import ModelError, ParameterError
from trfast.features import MfccConfig, frames_to_seconds
from trfast.features.clock import HOP
from trfast.speech import SpeechDetector, detect_by_energy
from trfast.speech import inputs as seen
from trfast.speech.detector import _training_rows
from trfast.speech.inputs import inputs, n_inputs
from trfast.speech.regions import closed, likely

SILENCE = -17.3  # log-energy that digital silence has with the floor of MfccConfig
SPEECH = [(200, 500), (800, 900), (1000, 1500)]
N_FRAMES = 1800


def frames(seed, spoken=SPEECH, level=0.0, n_frames=N_FRAMES):
    """Log-energy and two cepstra: speech is 5 louder, and its cepstra are around 2, not -2."""
    rng = np.random.default_rng(seed)
    static = rng.normal(size=(n_frames, 3)) * 0.7 + [level - 9, -2, -2]
    for first, last in spoken:
        static[first:last] += [5, 4, 4]
    return static.astype(np.float32)


def training(n_recordings=16):
    """Frames of recordings, and speech of a quarter of a second to five."""
    rng = np.random.default_rng(0)
    spoken = []
    for _ in range(n_recordings):
        edges = np.cumsum(rng.integers(25, 500, 12))
        spoken.append([bounds for bounds in edges.reshape(-1, 2).tolist() if bounds[1] < N_FRAMES])
    recordings = [frames(seed + 100, bounds) for seed, bounds in enumerate(spoken)]
    return recordings, [seconds(bounds) for bounds in spoken]


def seconds(bounds, n_frames=N_FRAMES):
    config = MfccConfig()
    times = frames_to_seconds(bounds, n_frames, n_frames * config.hop, config)
    return Timeline(map(tuple, times.tolist()))


@pytest.fixture(scope="module")
def detector():
    return SpeechDetector(n_hidden=16, n_epochs=60).fit(*training())


def detect(detector, static, **parameters):
    """Detect with the same layers and other parameters."""
    changed = clone(detector).set_params(**parameters)
    changed.layers_ = detector.layers_
    return changed.detect(static)


def test_speech_is_found_in_another_recording(detector):
    found = detector.detect(frames(7))
    assert found.dtype == np.int64
    np.testing.assert_allclose(found, SPEECH, atol=3)


def test_the_level_of_a_recording_does_not_count(detector):
    np.testing.assert_array_equal(
        detector.detect(frames(7)), detector.detect(frames(7, level=-3.0))
    )


def test_short_gaps_are_closed_before_short_speech_is_dropped(detector):
    gaps = frames(7, [(200, 400), (430, 600), (900, 908), (916, 924), (1300, 1305)])
    options = {"penalty": 5.0, "min_gap": 0.5, "min_duration": 0.2}
    np.testing.assert_allclose(detect(detector, gaps, **options), [(200, 600), (900, 924)], atol=3)
    options |= {"min_gap": 0.0, "min_duration": 0.0}
    assert len(detect(detector, gaps, **options)) == 5


def test_penalty_and_bias(detector):
    options = {"min_duration": 0.0, "min_gap": 0.0}
    noisy = frames(7, [*SPEECH, (50, 58), (1600, 1608)])
    n_regions = [len(detect(detector, noisy, penalty=p, **options)) for p in (0.0, 200.0, 1e9)]
    assert n_regions == [5, 3, 1]
    assert detect(detector, frames(7), bias=1e3).tolist() == [[0, N_FRAMES]]
    assert len(detect(detector, frames(7), bias=-1e3)) == 0


def test_digital_silence_is_never_speech(detector):
    static = frames(7)
    static[1100:1300] = [SILENCE, 2, 2]
    expected = [*SPEECH[:2], (1000, 1100), (1300, 1500)]
    # The windows of the frames beside it are half silence.
    np.testing.assert_allclose(detector.detect(static), expected, atol=30)
    static[:] = [SILENCE, 2, 2]
    assert detector.detect(static).shape == (0, 2)


def test_silence_before_a_recording_only_shifts_it(detector):
    silence = np.full((1000, 3), [SILENCE, 0, 0], np.float32)
    late = detector.detect(np.concatenate([silence, frames(7)]))
    np.testing.assert_allclose(late - 1000, detector.detect(frames(7)), atol=4)


@pytest.mark.parametrize("chunk", [100, 1000])
def test_chunks_do_not_change_what_is_found(detector, monkeypatch, chunk):
    expected = detect(detector, frames(7), penalty=1.0, min_duration=0.0, min_gap=0.0)
    monkeypatch.setattr(seen, "_CHUNK", chunk)
    found = detect(detector, frames(7), penalty=1.0, min_duration=0.0, min_gap=0.0)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("n_frames", [1, 30, 1799])
def test_the_network_sees_what_the_twin_sees(n_frames):
    static = frames(7, n_frames=n_frames)
    (found,) = inputs(static, (-9.0, -4.0))
    expected = reference.inputs(static.astype(np.float64), -9.0, -4.0)
    assert found.dtype == np.float32
    assert found.shape == (-(-n_frames // 4), n_inputs(3))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_ratio_equals_the_twin(detector):
    static = frames(7, n_frames=301)
    rows = reference.inputs(static.astype(np.float64), -9.0, -4.0)
    expected = [reference.network(row, detector.layers_) for row in rows]
    found = detector._ratio(static, (-9.0, -4.0))
    assert len(found) == 301
    np.testing.assert_allclose(found[::4], expected, rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(found[:300:4], found[3:300:4])


def test_the_ratio_is_free_of_the_share_of_speech():
    # Nothing to tell apart: only the share of speech, of every 40 frames, could speak for either.
    static = frames(0, [], n_frames=8000)
    little, much = (
        SpeechDetector(n_hidden=1, n_epochs=400)
        .fit([static], [seconds([(k, k + n) for k in range(0, 8000, 40)], 8000)])
        ._ratio(static, (-9.5, -8.1))
        .mean()
        for n in (8, 32)
    )
    assert abs(much - little) < 1  # the log of the odds: 2.8


@pytest.mark.parametrize("n_frames", [0, 1, 2])
def test_next_to_nothing(detector, n_frames):
    found = detector.detect(frames(7, n_frames=n_frames))
    assert found.shape == (0, 2)
    assert found.dtype == np.int64


def test_fit_leaves_out_digital_silence():
    recordings, _ = training()
    silent = np.full((504, 3), [SILENCE, 7, 7], np.float32)
    padded = [np.concatenate([static, silent]) for static in recordings]
    (rows, _), (more, _) = (
        _training_rows(static, np.zeros(len(static), bool)) for static in (recordings[0], padded[0])
    )
    assert rows.shape == more.shape


def test_an_empty_recording_teaches_nothing(detector):
    recordings, spoken = training()
    empty = np.empty((0, 3), np.float32)
    again = clone(detector).fit([*recordings, empty], [*spoken, Timeline()])
    np.testing.assert_array_equal(again.layers_[0][0], detector.layers_[0][0])


def test_too_little_of_one_kind_to_train():
    detector = SpeechDetector()
    with pytest.raises(ModelError, match=r"blocks of non-speech cannot train 128 units"):
        detector.fit([frames(0)], [Timeline([(0, 99)])])
    with pytest.raises(ModelError, match=r"0 blocks of speech cannot train"):
        detector.fit([frames(0)], [Timeline()])
    with pytest.raises(NotFittedError):
        detector.detect(frames(0))


def test_nan_is_named(detector):
    static = frames(7)
    static[17, 1] = np.nan
    with pytest.raises(ParameterError, match="static holds NaN or infinity, first in row 17"):
        detector.detect(static)


@given(
    st.lists(st.integers(-9, 9), min_size=1, max_size=9),
    st.integers(0, 12),
)
def test_viterbi_is_the_best_of_all_paths(ratio, penalty):
    path = likely(np.array(ratio, dtype=np.float64), float(penalty))
    scores = [[0, value] for value in ratio]
    assert viterbi.path_score(path.astype(int), scores, penalty) == viterbi.best_score(
        scores, penalty
    )


@given(st.lists(st.booleans(), max_size=40), st.integers(0, 5), st.integers(0, 5))
def test_closing_equals_the_twin(speech, min_duration, min_gap):
    # Half a frame less: not on the edge, where rounding decides.
    found = closed(
        np.array(speech, dtype=bool), (min_duration - 0.5) * HOP, (min_gap - 0.5) * HOP, HOP
    )
    assert found.tolist() == reference.closed(speech, min_duration, min_gap)


def energies(*parts):
    return np.concatenate([np.full((n, 1), level) for level, n in parts])


def test_energy_loud_and_quiet():
    static = energies((-12, 100), (-3, 200), (-12, 30), (-3, 100), (-12, 100), (-3, 10), (-12, 99))
    assert detect_by_energy(static).tolist() == [[100, 430]]
    assert detect_by_energy(static, min_gap=0.0, min_duration=0.0).tolist() == [
        [100, 300],
        [330, 430],
        [530, 540],
    ]


def test_energy_of_silence():
    assert detect_by_energy(energies((SILENCE, 300))).shape == (0, 2)
    assert detect_by_energy(np.empty((0, 20))).shape == (0, 2)
    static = energies((SILENCE, 300), (-3, 100), (-9, 100), (SILENCE, 300))
    assert detect_by_energy(static).tolist() == [[300, 400]]


def test_energy_cannot_tell_a_steady_noise_from_speech():
    noise = np.random.default_rng(0).normal(-5, 0.1, size=(500, 1))
    assert detect_by_energy(noise).tolist() == [[0, 500]]


def test_the_layers_do_not_depend_on_threads(detector):
    with threadpool_limits(limits=2):
        again = clone(detector).fit(*training())
    for one, other in zip(detector.layers_, again.layers_, strict=True):
        for array, same in zip(one, other, strict=True):
            np.testing.assert_array_equal(array, same)
