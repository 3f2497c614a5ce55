"""MFCC, deltas and normalization, by the book, in float64."""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.fft

Array = npt.NDArray[Any]


def mel_filters(n_mels: int, low: float, high: float, n_fft: int, sample_rate: int) -> Array:
    """Triangles of unit area in Hz, corners equally spaced in mel: (n_mels, n_fft // 2 + 1)."""
    corners = np.linspace(
        2595 * np.log10(1 + low / 700), 2595 * np.log10(1 + high / 700), n_mels + 2
    )
    hertz = 700 * (10 ** (corners / 2595) - 1)
    filters = np.zeros((n_mels, n_fft // 2 + 1))
    for m in range(n_mels):
        left, centre, right = hertz[m : m + 3]
        for k in range(n_fft // 2 + 1):
            f = k * sample_rate / n_fft
            if left < f <= centre:
                filters[m, k] = 2 / (right - left) * (f - left) / (centre - left)
            elif centre < f < right:
                filters[m, k] = 2 / (right - left) * (right - f) / (right - centre)
    return filters


def log_mel(
    signal: Array,
    filters: Array,
    taper: Array,
    hop: int,
    n_fft: int,
    pre_emphasis: float,
    floor: float,
) -> tuple[Array, Array]:
    """Log-energy (n_frames,) and logarithms of the filters' outputs (n_frames, n_mels)."""
    x = signal.astype(np.float64)
    window = len(taper)
    energies, rows = [], []
    for start in range(0, len(x) - window + 1, hop):
        frame = x[start : start + window]
        frame = frame - pre_emphasis * np.concatenate([frame[:1], frame[:-1]])
        energies.append(np.log((frame**2).sum() + window * floor))
        power = np.abs(np.fft.rfft(frame * taper, n_fft)) ** 2 + floor * (taper**2).sum()
        rows.append(np.log(filters @ power))
    return np.array(energies), np.array(rows).reshape(-1, len(filters))


def cepstra(log_mels: Array, n_cepstra: int) -> Array:
    """c1 to c_n of the orthonormal DCT."""
    return np.asarray(scipy.fft.dct(log_mels, norm="ortho", axis=1)[:, 1 : 1 + n_cepstra])


def deltas(x: Array, width: int) -> Array:
    """Regression slope; the first and the last row go on for ever."""
    n = len(x)
    total = np.zeros(x.shape)
    for t in range(n):
        for k in range(1, width + 1):
            total[t] += k * (x[min(t + k, n - 1)] - x[max(t - k, 0)].astype(np.float64))
    return total / (2 * sum(k**2 for k in range(1, width + 1)))


def normalize(x: Array, rows: Array, variance: bool) -> Array:
    """`x` less the mean of `rows`, over their deviation; 0 where they are constant."""
    rows = rows.astype(np.float64)
    centred = x - rows.mean(axis=0)
    if not variance:
        return np.asarray(centred)
    constant = (rows == rows[0]).all(axis=0)
    return np.where(constant, 0, centred / np.where(constant, 1, rows.std(axis=0)))


def sliding_normalization(x: Array, window: int, variance: bool) -> Array:
    """Each row by the rows t - (window - 1) // 2 to t + window // 2 that exist."""
    out = [
        normalize(x[t], x[max(t - (window - 1) // 2, 0) : t + window // 2 + 1], variance)
        for t in range(len(x))
    ]
    return np.array(out).reshape(x.shape)


def normalization(x: Array, offsets: Array, variance: bool) -> Array:
    """Each row by the rows of its segment."""
    segments = [x[a:b] for a, b in pairwise(offsets) if b > a]
    return np.concatenate([normalize(rows, rows, variance) for rows in segments])
