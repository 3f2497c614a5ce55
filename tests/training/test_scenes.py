"""Scenes: speech stays where it was; who has heard them takes no sound for speech."""

import numpy as np
import pytest

from tests.small import VOICES, show
from trfast.annotation import Timeline
from trfast.audio import SAMPLE_RATE
from trfast.features import Mfcc
from trfast.speech import SpeechDetector
from trfast.training.scenes import scene

TURNS = [(1, 5, "ann"), (7, 8.5, "ben"), (12, 17, "cat")]
DURATION = 18
NOISES = [np.random.default_rng(0).normal(size=50_000).astype(np.float32)]


def bounds(turns):
    return [(round(SAMPLE_RATE * start), round(SAMPLE_RATE * end)) for start, end, _ in turns]


@pytest.fixture(scope="module")
def samples():
    return show(TURNS, DURATION, np.random.default_rng(9))


@pytest.fixture(scope="module")
def detector():
    """Has heard scenes of other turns of the four voices."""
    static, speech = [], []
    for k in range(32):
        rng = np.random.default_rng(k)
        edges = np.cumsum(rng.uniform(0.6, 4, 8)).reshape(-1, 2).clip(0, DURATION)
        voices = rng.choice(list(VOICES), len(edges))
        turns = [(a, b, v) for (a, b), v in zip(edges.tolist(), voices, strict=True) if b - a > 0.3]
        recording = show(turns, DURATION, rng)
        static.append(Mfcc().extract(scene(recording, bounds(turns), NOISES, rng)))
        speech.append(Timeline([(start, end) for start, end, _ in turns]))
    return SpeechDetector(n_hidden=32, n_epochs=10).fit(static, speech)


def heard(detector, samples):
    """Frames in which a detector finds speech."""
    static = Mfcc().extract(samples.astype(np.float32))
    found = np.zeros(len(static), dtype=bool)
    for first, last in detector.detect(static):
        found[first:last] = True
    return found


def spoken(n):
    times = np.arange(n) * 0.01 + 0.0125
    return np.any([(times >= start) & (times < end) for start, end, _ in TURNS], axis=0)


def test_as_long_as_before_and_forty_seconds(samples):
    made = scene(samples, bounds(TURNS), NOISES, np.random.default_rng(0))
    assert made.dtype == np.float32
    assert len(made) == len(samples) + 40 * SAMPLE_RATE
    assert np.abs(made).max() < 30


def test_the_seed_decides_and_what_is_given_stays(samples):
    before = samples.copy()
    first, again, other = (
        scene(samples, bounds(TURNS), NOISES, np.random.default_rng(seed)) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    np.testing.assert_array_equal(samples, before)


@pytest.mark.parametrize("speech", [[], [(0, 8000)]])
def test_nobody_speaks_or_all_the_time(speech):
    for seed in range(8):
        made = scene(np.zeros(8000, np.float32), speech, [], np.random.default_rng(seed))
        assert np.isfinite(made).all()


def test_the_voices_are_found(detector, samples):
    found = heard(detector, samples)
    assert np.mean(found != spoken(len(found))) < 0.08


@pytest.mark.parametrize("gain", [0.01, 0.1, 3.0])
def test_the_level_does_not_count(detector, samples, gain):
    found = heard(detector, samples)
    assert np.mean(heard(detector, gain * samples) != found) < 0.03


def bursts(decay, rate, rng):
    t = np.arange(SAMPLE_RATE // rate) / SAMPLE_RATE
    return np.concatenate([rng.normal(size=len(t)) * np.exp(-t / decay) for _ in range(20 * rate)])


RNG = np.random.default_rng(5)
# The voices are buzzes, hardly other than tones: those the default model's tests try.
SOUNDS = {
    "white": RNG.normal(size=20 * SAMPLE_RATE),
    "brown": np.cumsum(RNG.normal(size=20 * SAMPLE_RATE)) / 50,
    "drums": bursts(0.05, 2, RNG),
    "clicks": bursts(0.002, 5, RNG),
}


@pytest.mark.parametrize("name", SOUNDS)
@pytest.mark.parametrize("gain", [0.1, 0.003])
def test_sounds_are_no_speech(detector, name, gain):
    floor = 1e-4 * np.random.default_rng(6).normal(size=20 * SAMPLE_RATE)
    assert heard(detector, gain * SOUNDS[name] + floor).mean() < 0.02


@pytest.mark.parametrize("seconds", [0.03, 0.3, 1.0])
def test_a_short_recording(detector, samples, seconds):
    start, n = 2 * SAMPLE_RATE, round(seconds * SAMPLE_RATE)
    found = heard(detector, samples[start : start + n])
    assert found.shape == (1 + (n - 400) // 160,)
