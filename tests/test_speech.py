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
from trfast import speech
from trfast.annotation import Timeline
from trfast.errors import ModelError, ParameterError
from trfast.features import MfccConfig, frames_to_seconds
from trfast.speech import _WINDOW, SpeechDetector, _closed, _inputs, _viterbi, detect_by_energy

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


def seconds(bounds, n_frames=N_FRAMES):
    config = MfccConfig()
    times = frames_to_seconds(bounds, n_frames, n_frames * config.hop, config)
    return Timeline(map(tuple, times.tolist()))


@pytest.fixture(scope="module")
def detector():
    recordings = [frames(seed) for seed in range(3)]
    return SpeechDetector(n_hidden=8, n_epochs=100).fit(recordings, [seconds(SPEECH)] * 3)


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
    np.testing.assert_allclose(detector.detect(static), expected, atol=_WINDOW // 2 + 4)
    static[:] = [SILENCE, 2, 2]
    assert detector.detect(static).shape == (0, 2)


def test_silence_before_a_recording_only_shifts_it(detector):
    silence = np.full((1000, 3), [SILENCE, 0, 0], np.float32)
    late = detector.detect(np.concatenate([silence, frames(7)]))
    np.testing.assert_array_equal(late - 1000, detector.detect(frames(7)))


@pytest.mark.parametrize("chunk", [100, 1000])
def test_chunks_do_not_change_what_is_found(detector, monkeypatch, chunk):
    expected = detect(detector, frames(7), penalty=1.0, min_duration=0.0, min_gap=0.0)
    monkeypatch.setattr(speech, "_CHUNK", chunk)
    found = detect(detector, frames(7), penalty=1.0, min_duration=0.0, min_gap=0.0)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("n_frames", "step"), [(1, 1), (30, 4), (200, 8)])
def test_the_network_sees_what_the_twin_sees(n_frames, step):
    static = frames(7, n_frames=n_frames)
    (inputs,) = _inputs(static, -4.0, step)
    expected = reference.inputs(static.astype(np.float64), -4.0, _WINDOW)[::step]
    assert inputs.dtype == np.float32
    np.testing.assert_allclose(inputs, expected, rtol=1e-4, atol=1e-4)


def test_ratio_equals_the_twin(detector):
    static = frames(7, n_frames=301)
    inputs = reference.inputs(static.astype(np.float64), -4.0, _WINDOW)[::4]
    expected = [reference.network(row, detector.layers_) for row in inputs]
    found = detector._ratio(static, -4.0)
    assert len(found) == 301
    np.testing.assert_allclose(found[::4], expected, rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(found[:300:4], found[3:300:4])


def test_the_ratio_is_free_of_the_share_of_speech():
    # Nothing to tell apart: only the share of speech, of every 40 frames, could speak for either.
    static = frames(0, [], n_frames=8000)
    little, much = (
        SpeechDetector(n_hidden=1, n_epochs=400)
        .fit([static], [seconds([(k, k + n) for k in range(0, 8000, 40)], 8000)])
        ._ratio(static, -8.1)
        .mean()
        for n in (8, 32)
    )
    assert abs(much - little) < 1  # the log of the odds: 2.8


@pytest.mark.parametrize("n_frames", [0, 1, 2])
def test_next_to_nothing(detector, n_frames):
    found = detector.detect(frames(7, n_frames=n_frames))
    assert found.shape == (0, 2)
    assert found.dtype == np.int64


def test_fit_leaves_out_digital_silence(detector):
    recordings = [frames(seed) for seed in range(3)]
    silent = np.full((504, 3), [SILENCE, 7, 7], np.float32)
    padded = [np.concatenate([static, silent]) for static in recordings]
    again = clone(detector).fit(padded, [seconds(SPEECH, N_FRAMES + 504)] * 3)
    # The rows are as many; only in the last windows before it is there some silence to see.
    np.testing.assert_allclose(again.detect(frames(7)), SPEECH, atol=3)
    weights, alone = again.layers_[0][0], detector.layers_[0][0]
    assert np.abs(weights - alone).max() < np.abs(alone).max()


def test_too_little_of_one_kind_to_train():
    detector = SpeechDetector()
    with pytest.raises(ModelError, match=r"frames of non-speech cannot train 64 units"):
        detector.fit([frames(0)], [Timeline([(0, 99)])])
    with pytest.raises(ModelError, match=r"0 frames of speech cannot train"):
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
    path = _viterbi(np.array(ratio, dtype=np.float64), float(penalty))
    scores = [[0, value] for value in ratio]
    assert viterbi.path_score(path.astype(int), scores, penalty) == viterbi.best_score(
        scores, penalty
    )


@given(st.lists(st.booleans(), max_size=40), st.integers(0, 5), st.integers(0, 5))
def test_closing_equals_the_twin(speech, min_duration, min_gap):
    config = MfccConfig()
    # Half a frame less: not on the edge, where rounding decides.
    found = _closed(
        np.array(speech, dtype=bool),
        (min_duration - 0.5) * config.hop,
        (min_gap - 0.5) * config.hop,
        config,
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
    recordings = [frames(seed) for seed in range(3)]
    with threadpool_limits(limits=2):
        again = clone(detector).fit(recordings, [seconds(SPEECH)] * 3)
    for one, other in zip(detector.layers_, again.layers_, strict=True):
        for array, same in zip(one, other, strict=True):
            np.testing.assert_array_equal(array, same)
