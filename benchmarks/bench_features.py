"""MFCC with deltas (60 dimensions), their normalization, filter banks: 10 minutes at 16 kHz."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tests.reference import filterbank
from tests.reference import mfcc as reference

from benchmarks._common import OURS, Sidekit, measure
from trfast.features import (
    Fbank,
    FbankConfig,
    Mfcc,
    MfccConfig,
    add_deltas,
    segment_normalization,
    sliding_normalization,
)

CONFIG = MfccConfig()
BANKS = FbankConfig()
Array = npt.NDArray[Any]

SIDEKIT = """
import sys
import numpy
from sidekit.frontend.features import compute_delta, mfcc

signal = numpy.load(sys.argv[1])

def features():
    cepstra, energy, _, _ = mfcc(signal, 100, 7600, nlogfilt=40, nwin=0.025, nceps=19)
    static = numpy.column_stack([energy, cepstra])
    first = compute_delta(static)
    return numpy.hstack([static, first, compute_delta(first)])
"""


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


def test_mfcc_sidekit(benchmark: Any, signal: Array, tmp_path: Path) -> None:
    Sidekit.interpreter()
    np.save(tmp_path / "signal.npy", signal)
    with Sidekit(SIDEKIT, tmp_path / "signal.npy") as process:
        measure(benchmark, "mfcc", "SIDEKIT", process, "features")


def our_banks(signal: Array) -> Array:
    return Fbank(BANKS).extract(np.split(signal, 20))


def native_banks(signal: Array) -> Array:
    peer = pytest.importorskip(
        "kaldi_native_fbank", reason="kaldi-native-fbank is not installed: trfast[peers]"
    )
    options = peer.FbankOptions()
    options.frame_opts.dither = 0
    options.mel_opts.num_bins = BANKS.n_mels
    banks = peer.OnlineFbank(options)
    banks.accept_waveform(BANKS.sample_rate, signal)
    banks.input_finished()
    return np.stack([banks.get_frame(t) for t in range(banks.num_frames_ready)])


def torch_banks(signal: Array) -> Array:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    pytest.importorskip("torchaudio", reason="torchaudio is not installed")
    peer = pytest.importorskip("torchaudio.compliance.kaldi")
    torch.set_num_threads(1)
    banks = peer.fbank(torch.from_numpy(signal)[None], num_mel_bins=BANKS.n_mels)
    return np.asarray(banks.numpy())


def asr_banks(signal: Array) -> Array:
    """As much work, but Hamming's window, and the scale of 16 bit."""
    peer = pytest.importorskip(
        "asrfront.sensevoice", reason="asrfront is not installed: trfast[peers]"
    )
    return np.asarray(peer.fbank_raw(signal, n_mels=BANKS.n_mels))


def twin_banks(signal: Array) -> Array:
    filters = filterbank.mel_filters(
        BANKS.n_mels, BANKS.low_frequency, BANKS.high_frequency, 512, BANKS.sample_rate
    )
    window, hop = BANKS.window_samples, BANKS.hop_samples
    return filterbank.log_filterbanks(
        signal, filters, window, hop, 512, BANKS.pre_emphasis, BANKS.floor
    )


FILTER_BANKS = {
    OURS: our_banks,
    "kaldi-native-fbank": native_banks,
    "torchaudio": torch_banks,
    "asrfront": asr_banks,
    "numpy_twin": twin_banks,
}


@pytest.mark.parametrize("system", FILTER_BANKS)
def test_filter_banks(benchmark: Any, signal: Array, system: str) -> None:
    extract = FILTER_BANKS[system]
    if extract is not asr_banks:
        expected = our_banks(signal[:32_000])
        np.testing.assert_allclose(extract(signal[:32_000]), expected, rtol=0, atol=2e-3)
    frames = measure(benchmark, "filter banks", system, extract, signal)
    assert frames.shape == (59_998, 80)


def test_normalization(benchmark: Any, features: Array) -> None:
    offsets = np.linspace(0, len(features), 200).astype(np.int64)
    measure(benchmark, "normalization", OURS, segment_normalization, features, offsets)


def test_sliding_normalization(benchmark: Any, features: Array) -> None:
    measure(benchmark, "sliding normalization", OURS, sliding_normalization, features)
