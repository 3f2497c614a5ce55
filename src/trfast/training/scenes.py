"""Varied copies of whole recordings, for the speech detector: what surrounds the speech is other.

Where `trfast.training.augmentation` varies a voice, a scene varies what is not one: pauses hold
other sounds, channels change on the way, levels and noise floors are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from trfast.audio import SAMPLE_RATE
from trfast.training.augmentation import Samples, equalized, reverberated, telephoned
from trfast.training.sounds import coloured, recorded, sound

Mask = npt.NDArray[np.bool_]

# Seconds of nothing but sounds after each recording.
_TAIL = 40.0
# The shortest pause that gets a sound, the longest sound, the shortest stretch of a channel.
_LEAST_PAUSE, _LONGEST_SOUND, _LEAST_STRETCH = 0.4, 9.0, 1.0
# Seconds of the mean stretch of one channel, where channels change.
_STRETCH = 20.0
# Samples over which a sound comes and goes.
_FADE = 400
_SIXTEEN_BITS = 32768


def scene(
    samples: Samples,
    speech: Sequence[tuple[int, int]],
    noises: Sequence[Samples],
    rng: np.random.Generator,
) -> Samples:
    """Return a recording as it might have been elsewhere, and some seconds of sounds after it.

    Parameters
    ----------
    samples : ndarray (n,), float32
        At 16 kHz.
    speech : sequence of (int, int)
        Samples at which somebody speaks, first and last, apart and in order.
    noises : sequence of ndarray (m,), float32
        Recorded sounds, beside those that are synthesized.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray (n + 640000,), float32
        Speech is where it was.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> speech = 0.1 * rng.normal(size=32_000).astype(np.float32)
    >>> scene(speech, [(0, 32_000)], [], rng).shape
    (672000,)
    """
    found = np.concatenate([samples, np.zeros(int(_TAIL * SAMPLE_RATE), np.float32)])
    spoken = np.zeros(len(found), dtype=bool)
    for first, last in speech:
        spoken[first:last] = True
    edges = [0, *(edge for bounds in speech for edge in bounds), len(found)]
    pauses = list(zip(edges[::2], edges[1::2], strict=True))
    _fill(found, pauses, _power(found, spoken), noises, rng)
    steps = rng.random() < 0.6
    for first, last in pairwise(_cuts(pauses, len(found), rng)):
        heard = _through_channel(found[first:last], spoken[first:last], noises, rng)
        found[first:last] = heard * (_gain(-6, 6, rng) if steps else 1)
    if rng.random() < 0.3:
        found = reverberated(found, rng)
    if rng.random() < 0.4:
        found = equalized(found, rng)
    if rng.random() < 0.6:
        level = np.sqrt(_power(found, spoken)) * _gain(-45, -10, rng)
        found = found + level * coloured(len(found), rng)
    found = found * _gain(-40, 0, rng)
    if rng.random() < 0.7:
        found = np.round(np.clip(found, -1, 1) * _SIXTEEN_BITS) / _SIXTEEN_BITS
    return np.asarray(found, np.float32)


def _fill(
    samples: Samples,
    pauses: Sequence[tuple[int, int]],
    power: float,
    noises: Sequence[Samples],
    rng: np.random.Generator,
) -> None:
    """Add sounds to pauses, 35 dB below the speech to 6 above."""
    for first, last in pauses:
        start = first
        while last - start > _LEAST_PAUSE * SAMPLE_RATE:
            n = min(last - start, int(rng.uniform(_LEAST_PAUSE, _LONGEST_SOUND) * SAMPLE_RATE))
            if rng.random() < 0.7:
                added = sound(n, noises, rng) * np.sqrt(power) * _gain(-35, 6, rng)
                ramp = np.minimum(np.arange(n) / _FADE, 1)
                samples[start : start + n] += added * ramp * ramp[::-1]
            start += n + int(rng.uniform(0, 1.5) * SAMPLE_RATE)


def _cuts(pauses: Sequence[tuple[int, int]], n: int, rng: np.random.Generator) -> list[int]:
    """Samples in pauses at which the channel changes; in two scenes of five it does not."""
    cuts = [0]
    mean = _STRETCH * SAMPLE_RATE if rng.random() < 0.6 else np.inf
    for first, last in pauses[1:]:
        middle = (first + last) // 2
        least = max(_LEAST_STRETCH * SAMPLE_RATE, mean * rng.exponential())
        if min(middle - cuts[-1], n - middle) > least:
            cuts.append(middle)
    return [*cuts, n]


def _through_channel(
    samples: Samples,
    spoken: Mask,
    noises: Sequence[Samples],
    rng: np.random.Generator,
) -> Samples:
    """Return samples in a room, equalized, in noise 3 to 35 dB below speech, by telephone."""
    if rng.random() < 0.4:
        samples = reverberated(samples, rng)
    if rng.random() < 0.7:
        samples = equalized(samples, rng)
    kind = rng.random()
    if kind < 0.7:
        n, outside = len(samples), len(noises) > 0 and kind < 0.25
        added = recorded(n, noises, rng) if outside else coloured(n, rng)
        level = np.sqrt(_power(samples, spoken) / max(float(np.mean(added**2)), 1e-12))
        samples = samples + level * _gain(-35, -3, rng) * added
    if rng.random() < 0.2:
        samples = telephoned(samples, rng)
    return np.asarray(samples, np.float32)


def _power(samples: Samples, spoken: Mask) -> float:
    """Mean square of the speech, or if there is none that of all; not nothing."""
    chosen = samples[spoken] if spoken.any() else samples
    return max(float(np.mean(np.square(chosen, dtype=np.float64))), 1e-8)


def _gain(low: float, high: float, rng: np.random.Generator) -> float:
    return float(10 ** (rng.uniform(low, high) / 20))
