"""MFCC frames: by hand, against the twin, SIDEKIT's, and whatever the blocks."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.features.signals import noise, twin
from tests.reference import mfcc as reference
from trfast.errors import AudioError, ParameterError
from trfast.features import (
    Mfcc,
    MfccConfig,
    add_deltas,
    segment_normalization,
    sliding_normalization,
)

Array = npt.NDArray[Any]

DTYPES = [(np.float64, 1e-11), (np.float32, 2e-5)]


# FFTs of 512, 256, 1024 and 128 points: powers of 4 halved and not; hops that do and do not
# divide the window.
CONFIGS = {
    "default": MfccConfig(),
    "telephone": MfccConfig(
        sample_rate=8000, n_mels=24, n_cepstra=12, low_frequency=200, high_frequency=3700
    ),
    "long window": MfccConfig(window=0.064, hop=0.0125, n_mels=64, n_cepstra=63),
    "one hop a window": MfccConfig(window=0.008, hop=0.008, n_mels=12, n_cepstra=5),
    "all the band": MfccConfig(low_frequency=0, high_frequency=8000, pre_emphasis=0, floor=1e-6),
}


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("n_frames", [1, 16, 37])
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_mfcc_equal_the_twin(config: MfccConfig, n_frames: int) -> None:
    signal = noise(config.window_samples + (n_frames - 1) * config.hop_samples + 3)
    frames = Mfcc(config).extract(signal)
    assert frames.dtype == np.float32
    np.testing.assert_allclose(frames, twin(signal, config), rtol=0, atol=1e-4)


@pytest.mark.usefixtures("instruction_set")
def test_mfcc_of_speech_equal_the_twin(golden: Path) -> None:
    signal = np.load(golden / "a_mfcc.npz")["signal"] / np.float32(32768)
    np.testing.assert_allclose(
        Mfcc().extract(signal), twin(signal, MfccConfig()), rtol=0, atol=1e-4
    )


@pytest.mark.parametrize(
    ("low", "high", "n_mels", "cepstra", "energy"),
    [
        (133.3333, 6855.4976, 40, "cep", "log_energy"),
        (100.0, 8000.0, 24, "cep_default13", "energy_default"),
    ],
)
def test_twin_equals_sidekit(
    golden: Path, low: float, high: float, n_mels: int, cepstra: str, energy: str
) -> None:
    """Same definitions but two: SIDEKIT's window is Hann, and it leaves out the highest bin of
    every mel filter. Its signal is int16-scaled and has no floor."""
    data = np.load(golden / "a_mfcc.npz")
    filters = reference.mel_filters(n_mels, low, high, 512, 16_000)
    for row in filters:
        row[np.flatnonzero(row)[-1]] = 0
    log_energy, mel = reference.log_mel(
        data["signal"], filters, np.hanning(400), 160, 512, pre_emphasis=0.97, floor=0
    )
    np.testing.assert_allclose(log_energy, data[energy], atol=1e-5)
    if n_mels == 40:
        np.testing.assert_allclose(mel, data["mel"], atol=3e-5)
    expected = data[cepstra]
    np.testing.assert_allclose(
        reference.cepstra(mel, expected.shape[1]), expected, rtol=0, atol=3e-5
    )


@pytest.mark.usefixtures("instruction_set")
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # one set, all examples
)
@given(cuts=st.lists(st.integers(0, 9000), max_size=12))
def test_mfcc_do_not_depend_on_the_blocks(cuts: list[int]) -> None:
    signal = noise(9000)
    blocks = np.split(signal, sorted(cuts))
    np.testing.assert_array_equal(Mfcc().extract(blocks), Mfcc().extract(signal))


def test_mfcc_of_single_samples_and_strided_float64_blocks() -> None:
    signal = noise(2000)
    whole = Mfcc().extract(signal)
    np.testing.assert_array_equal(Mfcc().extract(signal[i : i + 1] for i in range(2000)), whole)
    doubled = np.repeat(signal, 2).astype(np.float64)
    np.testing.assert_array_equal(Mfcc().extract([doubled[::2]]), whole)


@pytest.mark.parametrize(
    ("n_samples", "n_frames"),
    [(0, 0), (1, 0), (399, 0), (400, 1), (559, 1), (560, 2), (1600, 8), (16_000, 98)],
)
def test_number_of_frames(n_samples: int, n_frames: int) -> None:
    assert Mfcc().extract(noise(n_samples)).shape == (n_frames, 20)


def test_no_blocks_give_no_frames() -> None:
    assert Mfcc().extract([]).shape == (0, 20)


def test_log_energy_of_a_constant_by_hand() -> None:
    """Pre-emphasis leaves 3 % of a constant: 400 (0.03 * 0.5)^2 = 0.09."""
    frames = Mfcc(MfccConfig(floor=0)).extract(np.full(1000, 0.5, np.float32))
    np.testing.assert_allclose(frames[:, 0], np.log(0.09), atol=1e-5)


def test_loudness_is_in_the_log_energy_only() -> None:
    signal = noise(4000)
    mfcc = Mfcc(MfccConfig(floor=0))
    difference = mfcc.extract(signal * np.float32(8)) - mfcc.extract(signal)
    np.testing.assert_allclose(difference[:, 0], np.log(64), atol=1e-5)
    np.testing.assert_allclose(difference[:, 1:], 0, atol=1e-4)


def test_the_floor_is_the_mean_square_of_a_white_noise() -> None:
    """Silence has the log-energy of such a noise, and cepstra near 0: its spectrum is flat."""
    floor = MfccConfig().floor
    hiss = np.random.default_rng(1).normal(scale=np.sqrt(floor), size=160_000)
    silence = Mfcc().extract(np.zeros(400, np.float32))[0]
    noisy = Mfcc(MfccConfig(floor=0, pre_emphasis=0)).extract(hiss)
    assert silence[0] == pytest.approx(np.log(400 * floor), abs=1e-5)
    assert silence[0] == pytest.approx(noisy[:, 0].mean(), abs=0.01)
    np.testing.assert_allclose(silence[1:], 0, atol=0.02)


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("floor", [MfccConfig().floor, 0.0])
def test_digital_silence_is_finite_all_the_way(floor: float) -> None:
    signal = np.concatenate([np.zeros(80_000, np.float32), noise(4000), np.zeros(8000, np.float32)])
    features = add_deltas(Mfcc(MfccConfig(floor=floor)).extract(signal))
    assert np.isfinite(features).all()
    assert (features[:400] == features[0]).all()
    for normalized in (
        sliding_normalization(features),
        segment_normalization(features, [0, 300, len(features)]),
    ):
        assert np.isfinite(normalized).all()
        assert (normalized[:250] == 0).all()


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("value", [np.nan, -np.nan, np.inf, -np.inf, 1e20])
@pytest.mark.parametrize("index", [0, 7999, 8000, 15_999])
def test_a_bad_sample_is_named_by_its_time(value: float, index: int) -> None:
    signal = noise(16_000)
    signal[index] = value
    for blocks in (signal, np.split(signal, [5000, 9000])):
        with pytest.raises(AudioError, match=f"sample at {index / 16_000:.3f} s is "):
            Mfcc().extract(blocks)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (np.zeros(400, np.int16), "floats from -1 to 1, got int16"),
        (np.zeros((400, 2), np.float32), "1-D"),
    ],
)
def test_a_block_must_be_floats_of_one_channel(block: Array, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Mfcc().extract(block)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hop": 0.0}, "hop"),
        ({"hop": 0.03}, "hop"),
        ({"high_frequency": 9000.0}, "half the sample rate"),
        ({"low_frequency": 7600.0}, "half the sample rate"),
        ({"n_cepstra": 40}, "n_mels - 1 = 39"),
        ({"n_cepstra": 0}, "n_cepstra"),
        ({"pre_emphasis": 1.0}, "pre_emphasis"),
        ({"floor": -1.0}, "floor"),
        ({"floor": float("nan")}, "floor"),
    ],
)
def test_a_configuration_makes_sense(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        MfccConfig(**arguments)


def test_mel_filters_are_not_empty() -> None:
    with pytest.raises(ParameterError, match="too many"):
        Mfcc(MfccConfig(n_mels=200))
