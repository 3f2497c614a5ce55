"""Synthesized sounds: of the power, the length and the kind that is asked for."""

import numpy as np
import pytest

from trfast.audio import SAMPLE_RATE
from trfast.training.sounds import beeps, coloured, noise, recorded, sound, strokes, tones

SEEDS = range(12)
RAMP = np.linspace(0, 1, 3 * SAMPLE_RATE)


@pytest.mark.parametrize("make", [beeps, tones, strokes, noise, coloured])
@pytest.mark.parametrize("n", [6400, 33_333])
def test_as_long_as_asked_for_and_heard(make, n):
    for seed in SEEDS:
        made = make(n, np.random.default_rng(seed))
        assert made.shape == (n,)
        assert np.isfinite(made).all()
        assert made.any()


@pytest.mark.parametrize("noises", [[], [RAMP, RAMP[:5]]])
def test_a_sound_has_a_mean_square_of_one(noises):
    for seed in SEEDS:
        made = sound(20_000, noises, np.random.default_rng(seed))
        assert np.mean(made**2) == pytest.approx(1)


def test_the_seed_decides():
    first, again, other = (sound(9000, [RAMP], np.random.default_rng(k)) for k in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_recorded_sound_is_faster_or_slower():
    slopes = []
    for seed in SEEDS:
        made = recorded(SAMPLE_RATE, [RAMP], np.random.default_rng(seed))
        slopes.append(np.diff(made)[:100].mean() / np.diff(RAMP)[0])
    assert 0.69 < min(slopes) < 0.9
    assert 1.1 < max(slopes) < 1.41


@pytest.mark.parametrize("n", [1, 2, 7])
def test_a_short_recorded_sound_is_repeated(n):
    assert recorded(100, [np.ones(n)], np.random.default_rng(0)).tolist() == [1] * 100


def test_noise_has_all_colours():
    slopes = []
    for seed in range(40):
        power = np.abs(np.fft.rfft(coloured(1 << 15, np.random.default_rng(seed)))) ** 2
        low, high = power[200:400].mean(), power[8000:16000].mean()
        slopes.append(10 * np.log10(high / low))
    assert min(slopes) < -40
    assert max(slopes) > 15
