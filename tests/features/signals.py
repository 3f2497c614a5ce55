"""A signal to make frames of, and its frames by the twin."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tests.reference import mfcc as reference
from trfast.features import MfccConfig

Array = npt.NDArray[Any]


def noise(n: int, seed: int = 0) -> Array:
    """Noise whose spectrum and level change along the way."""
    rng = np.random.default_rng(seed)
    white = rng.normal(size=n)
    level = 10 ** np.interp(np.arange(n), np.linspace(0, n, 7), rng.uniform(-4, -1, 7))
    return ((white + 0.9 * np.roll(white, 1)) * level).astype(np.float32)


def twin(signal: Array, config: MfccConfig) -> Array:
    """Log-energy and cepstra of each frame."""
    window = config.window_samples
    n_fft = 1 << (window - 1).bit_length()
    filters = reference.mel_filters(
        config.n_mels, config.low_frequency, config.high_frequency, n_fft, config.sample_rate
    )
    energy, mel = reference.log_mel(
        signal,
        filters,
        np.hamming(window),
        config.hop_samples,
        n_fft,
        config.pre_emphasis,
        config.floor,
    )
    return np.column_stack([energy, reference.cepstra(mel, config.n_cepstra)])
