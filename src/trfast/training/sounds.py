"""Sounds that nobody makes with a mouth: tones, music, strokes and noises, drawn at random.

A detector that has heard many kinds of them does not take what is new to it for speech.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft, next_fast_len, rfft
from scipy.signal import butter, sosfilt

from trfast.audio import SAMPLE_RATE

FloatArray = npt.NDArray[Any]

# Samples of coloured noise that are drawn at most; longer noise repeats them.
_LONGEST_NOISE = 1 << 20
# Ratios of the notes of a chord: thirds, fourth, fifth and octave.
_CHORD = (1.0, 1.2, 1.25, 1.335, 1.5, 2.0)
_HIGHEST = 7500.0
# Hz around which the slope of coloured noise turns, and the part of it below which it is flat.
_TURN, _FLAT = 500.0, 0.05


def sound(n: int, noises: Sequence[FloatArray], rng: np.random.Generator) -> FloatArray:
    """Return one sound of a mean square of 1, or two at a time.

    Parameters
    ----------
    n : int
        Samples.
    noises : sequence of ndarray (m,)
        Recorded sounds, of which two in five are pieces, faster or slower.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray (n,)

    Examples
    --------
    >>> made = sound(16_000, [], np.random.default_rng(0))
    >>> made.shape, round(float(np.mean(made**2)), 3)
    ((16000,), 1.0)
    """
    kinds: list[Callable[[int, np.random.Generator], FloatArray]] = [beeps, tones, strokes, noise]
    chances = np.array([0.15, 0.35, 0.2, 0.3])
    if len(noises) and rng.random() < 0.4:
        found = recorded(n, noises, rng)
    else:
        found = kinds[rng.choice(4, p=chances)](n, rng)
    if rng.random() < 0.25:
        other = kinds[rng.choice(4, p=chances)](n, rng)
        found = _normal(found) + _normal(other) * rng.uniform(0.2, 1)
    return _normal(found)


def beeps(n: int, rng: np.random.Generator) -> FloatArray:
    """Rings, beeps and keys of telephones: one or two sines, on and off, the same ones or not."""
    found = np.zeros(n)
    period = int(SAMPLE_RATE / _pitch(rng, 0.2, 8))
    t = np.arange(int(period * rng.uniform(0.1, 0.9))) / SAMPLE_RATE
    edges = np.minimum(np.minimum(t, t[::-1]) / rng.uniform(0.001, 0.01), 1)
    changing, n_tones = rng.random() < 0.4, rng.integers(1, 3)
    for start in range(0, n, period):
        if changing or start == 0:
            pitches = [_pitch(rng, 200, 3000) for _ in range(n_tones)]
            beep = edges * sum(np.sin(2 * np.pi * pitch * t) for pitch in pitches)
        stop = min(n, start + len(t))
        found[start:stop] = beep[: stop - start]
    return found


def tones(n: int, rng: np.random.Generator) -> FloatArray:
    """Chords and tunes: notes that start at a rate and may ring on."""
    found = np.zeros(n)
    starts = _starts(n, rng, 0.15, 8)
    decay = rng.uniform(0.05, 1.0) if rng.random() < 0.5 else np.inf
    attack, release = rng.uniform(0.002, 0.05, 2)
    # Of the time to the next note; above 1, notes overlap.
    length = rng.uniform(0.2, 1) if rng.random() < 0.7 else rng.uniform(1, 3)
    draw = _instrument(rng)
    same = draw() if rng.random() < 0.5 else None
    for start, end in zip(starts, [*starts[1:], n], strict=True):
        stop = min(start + max(int((end - start) * length), 80), n)
        t = np.arange(stop - start) / SAMPLE_RATE
        note = (same or draw())(t)
        edges = np.minimum(np.minimum(t / attack, t[::-1] / release), 1)
        found[start:stop] += note * edges * np.exp(-t / decay)
    return found


def strokes(n: int, rng: np.random.Generator) -> FloatArray:
    """Drums, knocks, clicks and keys: up to three noises or resonances that die away."""
    found = np.zeros(n)
    kinds = []
    for _ in range(rng.integers(1, 4)):
        decay = np.exp(rng.uniform(np.log(0.002), np.log(0.25)))
        t = np.arange(int(min(6 * decay, 1) * SAMPLE_RATE) + 16) / SAMPLE_RATE
        if rng.random() < 0.5:
            kind = coloured(len(t), rng)
        else:
            glide = 1 + rng.uniform(0, 1) * np.exp(-t / 0.02)
            kind = np.sin(2 * np.pi * _pitch(rng, 50, 4000) * t * glide)
        kinds.append(kind * np.exp(-t / decay) * rng.uniform(0.2, 1))
    for start in _starts(n, rng, 0.5, 12):
        kind = kinds[rng.integers(len(kinds))] * 10 ** (-rng.uniform(0, 10) / 20)
        stop = min(n, start + len(kind))
        found[start:stop] += kind[: stop - start]
    return found


def noise(n: int, rng: np.random.Generator) -> FloatArray:
    """Hiss, hum, breath, wipes, rustling, applause: noise of any colour, band and course."""
    found = coloured(n, rng)
    if rng.random() < 0.5:
        low = _pitch(rng, 80, 3000)
        edges = [low, min(low * rng.uniform(1.5, 8), 7800)]
        found = sosfilt(butter(2, edges, "bandpass", fs=SAMPLE_RATE, output="sos"), found)
    course = rng.integers(4)
    if course == 1:
        bumps = np.zeros(n)
        for start in _starts(n, rng, 0.2, 5):
            m = int(rng.uniform(0.08, 1.2) * SAMPLE_RATE)
            bump = np.sin(np.pi * np.arange(m) / m) ** rng.uniform(0.5, 3)
            stop = min(n, start + m)
            bumps[start:stop] = np.maximum(bumps[start:stop], bump[: stop - start])
        return found * bumps
    if course == 2:
        n_knots = int(n / SAMPLE_RATE * rng.uniform(4, 60)) + 2
        flutter = rng.gamma(rng.uniform(0.3, 2), 1, n_knots)
        return found * np.interp(np.arange(n), np.linspace(0, n, n_knots), flutter)
    if course == 3:
        turns = rng.uniform(0.3, 12) * np.arange(n) / SAMPLE_RATE + rng.random()
        return found * (1 + rng.uniform(0.2, 1) * np.sin(2 * np.pi * turns))
    return found


def recorded(n: int, noises: Sequence[FloatArray], rng: np.random.Generator) -> FloatArray:
    """Return a piece of one of `noises`, at another speed, again and again if it is short."""
    whole = noises[int(rng.integers(len(noises)))]
    start = int(rng.integers(max(1, len(whole) - n)))
    piece = whole[start : start + 2 * n]
    speed = rng.uniform(0.7, 1.4)
    at = np.arange(0, len(piece) - 1, speed)
    played = np.interp(at, np.arange(len(piece)), piece) if len(at) else piece
    return np.asarray(np.resize(played, n))


def coloured(n: int, rng: np.random.Generator) -> FloatArray:
    """Return noise of a mean square of 1 whose amplitude falls with frequency, brown and deeper
    ones, or rises, blue ones."""
    m = min(next_fast_len(n, real=True), _LONGEST_NOISE)
    spectrum = rfft(rng.standard_normal(m, dtype=np.float32))
    frequencies = np.arange(len(spectrum), dtype=np.float32) * np.float32(SAMPLE_RATE / m / _TURN)
    spectrum *= (frequencies + np.float32(_FLAT)) ** np.float32(rng.uniform(-2, 1))
    return _normal(np.resize(irfft(spectrum, m), n))


def _instrument(rng: np.random.Generator) -> Callable[[], Callable[[FloatArray], FloatArray]]:
    """Return what draws a note, which is a function of time."""
    harmonic, n_partials = rng.random() < 0.5, rng.integers(1, 16)
    slope, n_notes = rng.uniform(0, 2), rng.integers(1, 4)
    low, n_tones = _pitch(rng, 60, 500), 1 + int(rng.random() < 0.5)
    bend = rng.uniform(-0.5, 0.5) if rng.random() < 0.15 else 0.0
    vibrato, rate = (rng.uniform(0, 0.03), rng.uniform(4, 7)) if rng.random() < 0.3 else (0, 1)

    def draw() -> Callable[[FloatArray], FloatArray]:
        if harmonic:
            base = low * 2 ** (rng.integers(0, 25) / 12)
            roots = base * rng.choice(_CHORD, n_notes, replace=False)
            order = np.arange(1, n_partials + 1)
            frequencies = np.outer(roots, order).ravel()
            heights = np.tile(order**-slope, n_notes)
        else:
            frequencies = np.array([_pitch(rng, 100, 3000) for _ in range(n_tones)])
            heights = rng.uniform(0.3, 1, len(frequencies))
        heard = frequencies < _HIGHEST
        partials = list(zip(frequencies[heard], heights[heard], strict=True))
        phases = rng.uniform(0, 2 * np.pi, len(partials))

        def note(t: FloatArray) -> FloatArray:
            turns = t + bend * t**2 / (2 * max(float(t[-1]), 0.1))
            turns = 2 * np.pi * turns + vibrato / rate * np.sin(2 * np.pi * rate * t)
            turns = turns.astype(np.float32)
            found = np.zeros(len(t), np.float32)
            for (frequency, height), phase in zip(partials, phases, strict=True):
                found += np.float32(height) * np.sin(
                    np.float32(frequency) * turns + np.float32(phase)
                )
            return found

        return note

    return draw


def _starts(n: int, rng: np.random.Generator, lowest: float, highest: float) -> list[int]:
    """Samples at which something starts, so many times a second, regularly or not."""
    rate = _pitch(rng, lowest, highest)
    gaps = np.full(int(n / SAMPLE_RATE * rate) + 1, SAMPLE_RATE / rate)
    if rng.random() < 0.5:
        gaps *= rng.gamma(3, 1 / 3, len(gaps))
    starts = (np.cumsum(gaps) - gaps[0]).astype(int)
    return [int(start) for start in starts if start < n]


def _pitch(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _normal(samples: FloatArray) -> FloatArray:
    return samples / max(float(np.sqrt(np.mean(np.square(samples)))), 1e-9)
