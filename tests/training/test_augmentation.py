"""Varied copies of speech: what each kind does to noise, tones and impulses."""

import numpy as np
import pytest

from trfast.audio import SAMPLE_RATE
from trfast.errors import ParameterError
from trfast.training.augmentation import (
    AugmentationConfig,
    at_speed,
    equalized,
    noisy,
    reverberated,
    telephoned,
    varied,
)

SEEDS = range(20)
SPEECH = 0.1 * np.random.default_rng(0).normal(size=SAMPLE_RATE).astype(np.float32)
NOISES = [
    np.random.default_rng(k).normal(size=n).astype(np.float32) for k, n in enumerate((3000, 50000))
]


def impulse(at: int) -> np.ndarray:
    samples = np.zeros(SAMPLE_RATE, np.float32)
    samples[at] = 1
    return samples


def decibels(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64))))


def band(samples: np.ndarray, low: float, high: float) -> float:
    """Mean power between two frequencies, in dB."""
    spectrum = np.abs(np.fft.rfft(samples))
    frequencies = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    return decibels(spectrum[(frequencies >= low) & (frequencies < high)])


@pytest.mark.parametrize("noises", [NOISES, []], ids=["recorded", "coloured"])
def test_noise_is_5_to_25_db_below(noises):
    rng = np.random.default_rng(0)
    levels = [decibels(SPEECH) - decibels(noisy(SPEECH, noises, rng) - SPEECH) for _ in range(100)]
    assert 5 <= min(levels) < 6
    assert 24 < max(levels) <= 25.01


def test_noise_is_recorded_twice_in_three_times():
    rng = np.random.default_rng(0)
    tone = np.sin(2 * np.pi * 3000 * np.arange(4000) / SAMPLE_RATE).astype(np.float32)
    added = [noisy(SPEECH, [tone], rng) - SPEECH for _ in range(300)]
    tonal = [band(noise, 2990, 3010) - band(noise, 5000, 6000) > 20 for noise in added]
    assert np.mean(tonal) == pytest.approx(2 / 3, abs=0.08)


@pytest.mark.parametrize("seed", SEEDS)
def test_noise_of_nothing_is_white_to_pink(seed):
    noise = noisy(SPEECH, [], np.random.default_rng(seed)) - SPEECH
    # Pink noise loses 3 dB an octave.
    assert -1 < band(noise, 250, 500) - band(noise, 4000, 8000) < 13


@pytest.mark.parametrize("seed", SEEDS)
def test_the_telephone_has_a_band_and_8_bits(seed):
    sent = telephoned(SPEECH, np.random.default_rng(seed))
    assert sent.dtype == np.float32
    passed = band(sent, 500, 3000)
    assert passed == pytest.approx(band(SPEECH, 500, 3000), abs=1.5)
    assert max(band(sent, 0, 150), band(sent, 4500, 8000)) < passed - 9
    assert 100 < len(np.unique(sent)) <= 256


@pytest.mark.parametrize("seed", SEEDS)
def test_a_room_answers_later(seed):
    found = reverberated(impulse(100), np.random.default_rng(seed))
    assert np.abs(found[:100]).max() < 1e-6
    assert found[100] == pytest.approx(1, abs=1e-6)
    answer = found[101:].astype(np.float64) ** 2
    assert answer[:30].max() < 1e-12
    assert 10 ** (-12 / 10) <= answer.sum() <= 10 ** (2 / 10)
    # 60 dB less at the end, which is 0.1 to 0.8 s after the voice.
    last = np.flatnonzero(answer > 1e-14)[-1]
    assert 0.09 < last / SAMPLE_RATE < 0.81
    tenth = last // 10
    loss = 10 * np.log10(answer[3 * tenth : 4 * tenth].mean() / answer[8 * tenth : last].mean())
    assert 20 < loss < 45


@pytest.mark.parametrize("seed", SEEDS)
def test_the_equalizer_moves_octaves_by_6_db(seed):
    found = equalized(impulse(5000), np.random.default_rng(seed))
    assert np.argmax(np.abs(found)) == 5000
    gains = [band(found, f - 20, f + 20) for f in (250, 500, 1000, 2000, 4000, 7900)]
    assert max(map(abs, gains)) < 6.5
    assert max(gains) - min(gains) > 1


@pytest.mark.parametrize("speed", [0.8, 0.9, 1.1, 1.2])
def test_at_speed_changes_length_and_pitch(speed):
    tone = np.sin(2 * np.pi * 1000 * np.arange(SAMPLE_RATE) / SAMPLE_RATE).astype(np.float32)
    played = at_speed(tone, speed)
    assert played.dtype == np.float32
    assert len(played) == pytest.approx(SAMPLE_RATE / speed, abs=1)
    frequencies = np.fft.rfftfreq(len(played), 1 / SAMPLE_RATE)
    loudest = frequencies[np.argmax(np.abs(np.fft.rfft(played)))]
    assert loudest == pytest.approx(1000 * speed, abs=1)


def test_varied_copies_differ_by_their_draws_only():
    before = SPEECH.copy()
    first, again = (varied(SPEECH, NOISES, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(SPEECH, before)
    rng = np.random.default_rng(0)
    copies = [varied(SPEECH, NOISES, rng) for _ in range(200)]
    assert {(copy.dtype, copy.shape) for copy in copies} == {(np.dtype(np.float32), SPEECH.shape)}
    # Neither room nor equalizer nor noise nor telephone: 0.5 x 0.4 x 0.4 x 0.8.
    unchanged = np.mean([np.array_equal(copy, SPEECH) for copy in copies])
    assert unchanged == pytest.approx(0.064, abs=0.05)


@pytest.mark.parametrize("n", [0, 1, 2, 50, 5000])
@pytest.mark.parametrize("level", [0.0, 1e-6, 1.0])
def test_little_or_silent_speech_stays_finite(n, level):
    speech = (level * np.random.default_rng(1).normal(size=n)).astype(np.float32)
    silent_too = [*NOISES, np.zeros(2000, np.float32)]
    for seed in range(30):
        copy = varied(speech, silent_too, np.random.default_rng(seed))
        assert copy.shape == (n,)
        assert np.isfinite(copy).all()


def test_what_cannot_be_made():
    with pytest.raises(ParameterError, match="n_copies must be at least 0, got -1"):
        AugmentationConfig(n_copies=-1)
    for speed in (0.0, -0.9, 1.0, float("nan"), float("inf")):
        with pytest.raises(ParameterError, match=r"speeds must be above 0 and not 1, got \(0\.9, "):
            AugmentationConfig(speeds=(0.9, speed))
