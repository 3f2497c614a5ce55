"""MFCC with deltas (60 dimensions) and their normalization, 10 minutes of 16 kHz audio."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from benchmarks._common import OURS, measure
from tests.reference import mfcc as reference

from trfast.features import (
    Mfcc,
    MfccConfig,
    add_deltas,
    segment_normalization,
    sliding_normalization,
)

CONFIG = MfccConfig()
Array = npt.NDArray[Any]


@pytest.fixture(scope="module")
def signal() -> Array:
    return np.random.default_rng(0).normal(scale=0.1, size=600 * 16_000).astype(np.float32)


@pytest.fixture(scope="module")
def features(signal: Array) -> Array:
    return add_deltas(Mfcc(CONFIG).extract(signal))


def trfast(signal: Array) -> Array:
    return add_deltas(Mfcc(CONFIG).extract(np.split(signal, 20)))


def librosa(signal: Array) -> Array:
    peer = pytest.importorskip("librosa", reason="librosa is not installed: trfast[peers]")
    cepstra = peer.feature.mfcc(
        y=peer.effects.preemphasis(signal),
        sr=CONFIG.sample_rate,
        n_mfcc=1 + CONFIG.n_cepstra,
        n_fft=512,
        win_length=CONFIG.window_samples,
        hop_length=CONFIG.hop_samples,
        window="hamming",
        center=False,
        n_mels=CONFIG.n_mels,
        fmin=CONFIG.low_frequency,
        fmax=CONFIG.high_frequency,
        htk=True,
    )
    slopes = [peer.feature.delta(cepstra, width=5, order=order) for order in (1, 2)]
    return np.concatenate([cepstra, *slopes]).T


def numpy_twin(signal: Array) -> Array:
    filters = reference.mel_filters(
        CONFIG.n_mels, CONFIG.low_frequency, CONFIG.high_frequency, 512, CONFIG.sample_rate
    )
    taper = np.hamming(CONFIG.window_samples)
    energy, mel = reference.log_mel(
        signal, filters, taper, CONFIG.hop_samples, 512, CONFIG.pre_emphasis, CONFIG.floor
    )
    static = np.column_stack([energy, reference.cepstra(mel, CONFIG.n_cepstra)])
    first = reference.deltas(static, 2)
    return np.hstack([static, first, reference.deltas(first, 2)])


@pytest.mark.parametrize("extract", [trfast, librosa, numpy_twin], ids=lambda f: f.__name__)
def test_mfcc(benchmark: Any, signal: Array, extract: Any) -> None:
    frames = measure(benchmark, "mfcc", extract.__name__, extract, signal)
    assert frames.shape[1] == 60


def test_normalization(benchmark: Any, features: Array) -> None:
    offsets = np.linspace(0, len(features), 200).astype(np.int64)
    measure(benchmark, "normalization", OURS, segment_normalization, features, offsets)


def test_sliding_normalization(benchmark: Any, features: Array) -> None:
    measure(benchmark, "sliding normalization", OURS, sliding_normalization, features)
