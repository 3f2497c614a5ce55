"""The default model's speech detector: no sound is speech, and the level does not count."""

from pathlib import Path

import numpy as np
import pytest

from trfast import load_model
from trfast.audio import SAMPLE_RATE, load
from trfast.features import Mfcc

EXAMPLES = Path(__file__).parent.parent / "examples" / "audio"
T = np.arange(20 * SAMPLE_RATE) / SAMPLE_RATE


@pytest.fixture(scope="module")
def detector():
    return load_model().detector


def heard(detector, samples):
    """Frames in which speech is found."""
    static = Mfcc(detector.config).extract(samples.astype(np.float32))
    found = np.zeros(len(static), dtype=bool)
    for first, last in detector.detect(static):
        found[first:last] = True
    return found


def tone(frequencies, on, off):
    return sum(np.sin(2 * np.pi * f * T) for f in frequencies) * (T % (on + off) < on)


def bursts(decay, rate, rng):
    return rng.normal(size=len(T)) * np.exp(-(T % (1 / rate)) / decay)


def sounds():
    rng = np.random.default_rng(5)
    white = rng.normal(size=len(T))
    return {
        "silence": 0 * T,
        "dial tone": tone([440], 1, 0),
        "ring": tone([440, 480], 2, 4),
        "busy": tone([425], 0.5, 0.5),
        "chord": tone([262, 330, 392], 1.5, 0.2),
        "white noise": white,
        "brown noise": np.cumsum(white) / 50,
        "bursts of noise": white * (T % 2 < 0.7),
        "drums": bursts(0.06, 2, rng),
        "clicks": bursts(0.002, 5, rng),
    }


@pytest.mark.parametrize("name", sounds())
@pytest.mark.parametrize("gain", [0.1, 0.003])
def test_sounds_are_no_speech(detector, name, gain):
    assert heard(detector, gain * sounds()[name]).mean() < 0.02


@pytest.mark.parametrize("gain", [0.01, 0.1])
@pytest.mark.parametrize("name", ["show-1", "show-3"])
def test_the_level_does_not_count(detector, name, gain):
    samples = load(EXAMPLES / f"{name}.opus")
    found = heard(detector, samples)
    assert found.mean() > 0.5
    assert np.mean(heard(detector, gain * samples) != found) < 0.05
