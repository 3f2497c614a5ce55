"""Kaldi's log filter banks, by the book, in float64."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def mel(hertz: float) -> float:
    return float(1127 * np.log(1 + hertz / 700))


def mel_filters(n_mels: int, low: float, high: float, n_fft: int, sample_rate: int) -> Array:
    """Triangles of height 1 in mel, corners equally spaced: (n_mels, n_fft // 2 + 1)."""
    step = (mel(high) - mel(low)) / (n_mels + 1)
    filters = np.zeros((n_mels, n_fft // 2 + 1))
    for m in range(n_mels):
        centre = mel(low) + (m + 1) * step
        for k in range(n_fft // 2 + 1):
            distance = abs(mel(k * sample_rate / n_fft) - centre)
            filters[m, k] = max(0.0, 1 - distance / step)
    return filters


def log_filterbanks(
    signal: Array,
    filters: Array,
    window: int,
    hop: int,
    n_fft: int,
    pre_emphasis: float,
    floor: float,
) -> Array:
    """Logarithms of the filters' outputs, (n_frames, n_mels)."""
    x = signal.astype(np.float64)
    povey = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / (window - 1))) ** 0.85
    rows = []
    for start in range(0, len(x) - window + 1, hop):
        frame = x[start : start + window]
        frame = frame - frame.mean()
        frame = frame - pre_emphasis * np.concatenate([frame[:1], frame[:-1]])
        power = np.abs(np.fft.rfft(frame * povey, n_fft)) ** 2
        rows.append(np.log(np.maximum(filters @ power, floor)))
    return np.array(rows).reshape(-1, len(filters))
