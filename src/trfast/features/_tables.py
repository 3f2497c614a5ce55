"""The tables that the kernel of mel filters works with: taper, twiddles, filters, cosines."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from trfast.errors import ParameterError
from trfast.features.config import FbankConfig, MfccConfig

FloatArray = npt.NDArray[np.floating[Any]]

# Added to what goes into a logarithm: positive and normal even where the floor is 0.
_SMALLEST = float(np.finfo(np.float32).tiny)


def mfcc_tables(config: MfccConfig) -> dict[str, Any]:
    """Return what the kernel needs to know besides the samples, for cepstra."""
    taper = np.hamming(config.window_samples)
    filters = _triangles_in_hertz(config)
    column = np.arange(config.n_mels)
    dct = np.cos(np.pi * np.outer(np.arange(1, config.n_cepstra + 1), column + 0.5) / len(column))
    return {
        **_shared_tables(config, taper, filters),
        "energy_floor": config.floor * len(taper) + _SMALLEST,
        "mean_weight": 0.0,
        "mel_floor": _float32(config.floor * (taper**2).sum() * filters.sum(axis=1) + _SMALLEST),
        "mel_least": 0.0,
        "dct": _float32(dct * np.sqrt(2 / config.n_mels)),
    }


def fbank_tables(config: FbankConfig) -> dict[str, Any]:
    """Return what the kernel needs to know besides the samples, for Kaldi's filter banks."""
    taper = np.hanning(config.window_samples) ** 0.85
    return {
        **_shared_tables(config, taper, _triangles_in_mel(config)),
        "energy_floor": 0.0,
        # Pre-emphasis leaves so much of a constant, in its first sample too.
        "mean_weight": (1 - config.pre_emphasis) / len(taper),
        "mel_floor": np.zeros(config.n_mels, np.float32),
        "mel_least": max(config.floor, _SMALLEST),
        "dct": None,
    }


def _shared_tables(
    config: MfccConfig | FbankConfig, taper: FloatArray, filters: FloatArray
) -> dict[str, Any]:
    n_fft = _fft_size(config)
    inside = filters > 0
    if not inside.any(axis=1).all():
        raise ParameterError(
            f"{config.n_mels} mel filters are too many for FFT bins of "
            f"{config.sample_rate / n_fft:.1f} Hz: one is empty. Take fewer, or a longer window"
        )
    first = inside.argmax(axis=1)
    angles = 2 * np.pi * np.arange(n_fft) / n_fft
    return {
        "hop": config.hop_samples,
        "pre_emphasis": config.pre_emphasis,
        "taper": _float32(taper / 2),  # the kernel's separation of even and odd doubles them
        "twiddles": _float32(np.stack([np.cos(angles), -np.sin(angles)], axis=1)),
        "order": _fft_order(n_fft // 2),
        "mel_bounds": np.stack([first, first + inside.sum(axis=1)], axis=1).astype(np.int32),
        "mel_weights": _float32(filters[inside]),
    }


def _fft_size(config: MfccConfig | FbankConfig) -> int:
    return max(8, 1 << (config.window_samples - 1).bit_length())


def _float32(table: npt.ArrayLike) -> npt.NDArray[np.float32]:
    return np.ascontiguousarray(table, np.float32)


def _triangles_in_hertz(config: MfccConfig) -> FloatArray:
    """Return the (n_mels, n_fft // 2 + 1) filters: triangles of unit area in Hz."""
    ends = 2595 * np.log10(1 + np.array([config.low_frequency, config.high_frequency]) / 700)
    corners = 700 * (10 ** (np.linspace(ends[0], ends[1], config.n_mels + 2) / 2595) - 1)
    frequencies = np.fft.rfftfreq(_fft_size(config), 1 / config.sample_rate)
    return _triangles(corners, frequencies) * 2 / (corners[2:] - corners[:-2])[:, None]


def _triangles_in_mel(config: FbankConfig) -> FloatArray:
    """Return the (n_mels, n_fft // 2 + 1) filters: triangles of height 1 in Kaldi's mel."""
    low, high = _kaldi_mel(np.array([config.low_frequency, config.high_frequency]))
    frequencies = np.fft.rfftfreq(_fft_size(config), 1 / config.sample_rate)
    return _triangles(np.linspace(low, high, config.n_mels + 2), _kaldi_mel(frequencies))


def _kaldi_mel(hertz: FloatArray) -> FloatArray:
    return 1127 * np.log1p(hertz / 700)


def _triangles(corners: FloatArray, bins: FloatArray) -> FloatArray:
    """Return triangles that rise from each corner to the next and fall to the one after it."""
    low, centre, high = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    rising, falling = (bins - low) / (centre - low), (high - bins) / (high - centre)
    triangles: FloatArray = np.maximum(np.minimum(rising, falling), 0)
    return triangles


def _fft_order(n: int) -> npt.NDArray[np.int32]:
    """Return the rows where the kernel's FFT leaves bins 0 to n - 1: digits base 4 reversed."""
    if n < 4:
        return np.arange(n, dtype=np.int32)
    bins = np.arange(n)
    return (bins % 4 * (n // 4) + _fft_order(n // 4)[bins // 4]).astype(np.int32)
