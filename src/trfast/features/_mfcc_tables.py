"""The tables that the MFCC kernel works with: taper, twiddles, mel filters, cosines."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from trfast.errors import ParameterError
from trfast.features.config import MfccConfig

# Added to what goes into a logarithm: positive and normal even where the floor is 0.
_SMALLEST = float(np.finfo(np.float32).tiny)


def mfcc_tables(config: MfccConfig) -> dict[str, Any]:
    """Return what the kernel needs to know besides the samples."""
    window = config.window_samples
    n_fft = max(8, 1 << (window - 1).bit_length())
    taper = np.hamming(window)
    filters = _mel_filters(config, n_fft)
    inside = filters > 0
    if not inside.any(axis=1).all():
        raise ParameterError(
            f"{config.n_mels} mel filters are too many for FFT bins of "
            f"{config.sample_rate / n_fft:.1f} Hz: one is empty. Take fewer, or a longer window"
        )
    first = inside.argmax(axis=1)
    angles = 2 * np.pi * np.arange(n_fft) / n_fft
    column = np.arange(config.n_mels)
    dct = np.cos(np.pi * np.outer(np.arange(1, config.n_cepstra + 1), column + 0.5) / len(column))
    floats: dict[str, npt.ArrayLike] = {
        "taper": taper / 2,  # the kernel's separation of even and odd samples doubles them
        "twiddles": np.stack([np.cos(angles), -np.sin(angles)], axis=1),
        "mel_weights": filters[inside],
        "mel_floor": config.floor * (taper**2).sum() * filters.sum(axis=1) + _SMALLEST,
        "dct": dct * np.sqrt(2 / config.n_mels),
    }
    return {
        "hop": config.hop_samples,
        "pre_emphasis": config.pre_emphasis,
        "energy_floor": config.floor * window + _SMALLEST,
        "order": _fft_order(n_fft // 2),
        "mel_bounds": np.stack([first, first + inside.sum(axis=1)], axis=1).astype(np.int32),
        **{name: np.ascontiguousarray(table, np.float32) for name, table in floats.items()},
    }


def _mel_filters(config: MfccConfig, n_fft: int) -> npt.NDArray[np.float64]:
    """Return the (n_mels, n_fft // 2 + 1) filters: triangles of unit area in Hz."""
    ends = 2595 * np.log10(1 + np.array([config.low_frequency, config.high_frequency]) / 700)
    corners = 700 * (10 ** (np.linspace(ends[0], ends[1], config.n_mels + 2) / 2595) - 1)
    low, centre, high = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    frequencies = np.fft.rfftfreq(n_fft, 1 / config.sample_rate)
    rising, falling = (frequencies - low) / (centre - low), (high - frequencies) / (high - centre)
    filters: npt.NDArray[np.float64] = np.maximum(np.minimum(rising, falling), 0)
    return filters * 2 / (high - low)


def _fft_order(n: int) -> npt.NDArray[np.int32]:
    """Return the rows where the kernel's FFT leaves bins 0 to n - 1: digits base 4 reversed."""
    if n < 4:
        return np.arange(n, dtype=np.int32)
    bins = np.arange(n)
    return (bins % 4 * (n // 4) + _fft_order(n // 4)[bins // 4]).astype(np.int32)
