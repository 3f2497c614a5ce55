"""Varied copies of speech: other rooms, channels, noise and speeds.

A back-end that hears each training voice in many conditions learns what of a vector is the voice.
The kinds are those that x-vector training made usual (Snyder et al., "X-vectors: Robust DNN
Embeddings for Speaker Recognition", ICASSP 2018); rooms and channels are drawn, not recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr
from scipy.signal import butter, firwin2, oaconvolve, sosfilt

from trfast.audio import SAMPLE_RATE
from trfast.errors import ParameterError

Samples = npt.NDArray[np.float32]

_OCTAVES = np.array([0, 125, 250, 500, 1000, 2000, 4000, 8000])
_MU = 255  # of the companding of telephone networks, ITU-T G.711


@dataclass(frozen=True, kw_only=True)
class AugmentationConfig:
    """How many varied copies are made of training speech.

    Parameters
    ----------
    n_copies : int
        Varied copies beside the speech as it is. If there are any, a random half of the turns of
        each counts beside the whole.
    speeds : tuple of float
        Factors of speed. Pitch and formants change with it: each makes another voice of each
        speaker, of which there are as many copies.
    noise : float
        Seconds of non-speech of the collection that serve as noise.

    Raises
    ------
    ParameterError
        If the number is negative, or a speed is not above 0 or is 1.
    """

    n_copies: int = 3
    speeds: tuple[float, ...] = (0.8, 0.9, 1.1, 1.2)
    noise: float = 600.0

    def __post_init__(self) -> None:
        if self.n_copies < 0:
            raise ParameterError(f"n_copies must be at least 0, got {self.n_copies}")
        if not all(0 < speed < np.inf and speed != 1 for speed in self.speeds):
            raise ParameterError(f"speeds must be above 0 and not 1, got {self.speeds}")


def varied(samples: Samples, noises: Sequence[Samples], rng: np.random.Generator) -> Samples:
    """Return speech as another room, equalizer, noise and telephone might have given it.

    Each has its chance, of about one half; the telephone of one in five.

    Parameters
    ----------
    samples : ndarray (n,), float32
        At 16 kHz.
    noises : sequence of ndarray (m,), float32
        What noise is taken from, besides white to pink noise.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray (n,), float32

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> speech = rng.normal(size=16000).astype(np.float32)
    >>> varied(speech, [], rng).shape
    (16000,)
    """
    if not len(samples):
        return samples
    if rng.random() < 0.5:
        samples = reverberated(samples, rng)
    if rng.random() < 0.6:
        samples = equalized(samples, rng)
    if rng.random() < 0.6:
        samples = noisy(samples, noises, rng)
    if rng.random() < 0.2:
        samples = telephoned(samples, rng)
    return samples


def reverberated(samples: Samples, rng: np.random.Generator) -> Samples:
    """Put speech into a room: 0.1 to 0.8 s of reverberation, 2 dB above to 12 below the voice.

    The room is noise that falls off exponentially, 60 dB in the time of reverberation (Polack's
    model), after 2 to 20 ms.
    """
    n = int(rng.uniform(0.1, 0.8) * SAMPLE_RATE)
    response = rng.standard_normal(n) * 10 ** (-3 * np.arange(n) / n)
    response[: int(rng.uniform(0.002, 0.02) * SAMPLE_RATE)] = 0
    response *= np.sqrt(10 ** (-rng.uniform(-2, 12) / 10) / np.sum(response**2))
    response[0] = 1
    return _filtered(samples, response, 0)


def equalized(samples: Samples, rng: np.random.Generator) -> Samples:
    """Raise or lower each octave by up to 6 dB."""
    gains = 10 ** (rng.uniform(-6, 6, len(_OCTAVES)) / 20)
    return _filtered(samples, firwin2(257, _OCTAVES / _OCTAVES[-1], gains), 128)


def noisy(samples: Samples, noises: Sequence[Samples], rng: np.random.Generator) -> Samples:
    """Add noise, 5 to 25 dB below the speech: a piece of `noises`, or one in three times noise
    between white and pink."""
    if len(noises) and rng.random() < 2 / 3:
        piece = noises[int(rng.integers(len(noises)))]
        noise: npt.NDArray[Any] = np.resize(
            np.roll(piece, -int(rng.integers(len(piece)))), len(samples)
        )
    else:
        spectrum = np.fft.rfft(rng.standard_normal(len(samples)))
        spectrum *= np.maximum(np.arange(len(spectrum)), 1) ** -rng.uniform(0, 0.5)
        noise = np.fft.irfft(spectrum, len(samples))
    ratio = _power(samples) / max(_power(noise), 1e-12) * 10 ** (-rng.uniform(5, 25) / 10)
    return np.asarray(samples + np.sqrt(ratio) * noise, np.float32)


def telephoned(samples: Samples, rng: np.random.Generator) -> Samples:
    """Send speech through a telephone: 300 to 3,400 Hz or so, and 8 bits, mu-law."""
    edges = [rng.uniform(200, 350), rng.uniform(3200, 3800)]
    band = sosfilt(butter(3, edges, "bandpass", fs=SAMPLE_RATE, output="sos"), samples)
    peak = max(np.abs(band).max(initial=0), 1e-9)
    code = np.round(127 * np.sign(band) * np.log1p(_MU * np.abs(band) / peak) / np.log1p(_MU))
    sent = np.sign(code) * np.expm1(np.abs(code) / 127 * np.log1p(_MU)) / _MU
    return np.asarray(sent * peak, np.float32)


def at_speed(samples: Samples, speed: float) -> Samples:
    """Play speech so many times as fast: tempo, pitch and formants change alike."""
    return np.asarray(soxr.resample(samples, speed * SAMPLE_RATE, SAMPLE_RATE), np.float32)


def _filtered(samples: Samples, response: npt.NDArray[Any], delay: int) -> Samples:
    found = oaconvolve(samples, response.astype(np.float32))[delay : delay + len(samples)]
    return np.asarray(found, np.float32)


def _power(samples: npt.NDArray[Any]) -> float:
    return float(np.mean(np.square(samples, dtype=np.float64)))
