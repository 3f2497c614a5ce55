"""Kaldi's filter banks: by hand, against the twin, Kaldi's, and whatever the blocks."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import SHARED
from tests.features.signals import noise
from tests.reference import filterbank as reference
from trfast.errors import AudioError, ParameterError
from trfast.features import Fbank, FbankConfig, FrameStore, frames_to_seconds

Array = npt.NDArray[Any]

# FFTs of 512, 256, 1024 and 128 points: powers of 4 halved and not; hops that do and do not
# divide the window.
CONFIGS = {
    "default": FbankConfig(),
    "telephone": FbankConfig(sample_rate=8000, n_mels=40, high_frequency=3700),
    "long window": FbankConfig(window=0.064, hop=0.0125, n_mels=128),
    "one hop a window": FbankConfig(window=0.008, hop=0.008, n_mels=13),
    "no pre-emphasis": FbankConfig(low_frequency=0, pre_emphasis=0, floor=1e-3),
}


def twin(signal: Array, config: FbankConfig) -> Array:
    window = config.window_samples
    n_fft = 1 << (window - 1).bit_length()
    filters = reference.mel_filters(
        config.n_mels, config.low_frequency, config.high_frequency, n_fft, config.sample_rate
    )
    return reference.log_filterbanks(
        signal,
        filters,
        window,
        config.hop_samples,
        n_fft,
        config.pre_emphasis,
        config.floor,
    )


@pytest.fixture(scope="module")
def embedders() -> dict[str, Array]:
    """Pieces of speech and their filter banks by kaldi-native-fbank."""
    file: Path = SHARED / "embedders" / "golden.npz"
    if not file.exists():
        pytest.skip("needs the shared data folder 'embedders' beside the checkout")
    return dict(np.load(file))


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("piece", range(3))
def test_filterbanks_of_speech_equal_kaldis(embedders: dict[str, Array], piece: int) -> None:
    frames = Fbank().extract(embedders[f"signal_{piece}"])
    np.testing.assert_allclose(frames, embedders[f"fbank_{piece}"], rtol=0, atol=1e-3)


@pytest.mark.parametrize("piece", range(3))
def test_twin_equals_kaldi(embedders: dict[str, Array], piece: int) -> None:
    frames = twin(embedders[f"signal_{piece}"], FbankConfig())
    np.testing.assert_allclose(frames, embedders[f"fbank_{piece}"], rtol=0, atol=1e-3)


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("n_frames", [1, 16, 37])
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_filterbanks_equal_the_twin(config: FbankConfig, n_frames: int) -> None:
    signal = noise(config.window_samples + (n_frames - 1) * config.hop_samples + 3)
    frames = Fbank(config).extract(signal)
    assert frames.dtype == np.float32
    np.testing.assert_allclose(frames, twin(signal, config), rtol=0, atol=1e-4)


@pytest.mark.usefixtures("instruction_set")
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # one set, all examples
)
@given(cuts=st.lists(st.integers(0, 9000), max_size=12))
def test_filterbanks_do_not_depend_on_the_blocks(cuts: list[int]) -> None:
    signal = noise(9000)
    blocks = np.split(signal, sorted(cuts))
    np.testing.assert_array_equal(Fbank().extract(blocks), Fbank().extract(signal))


def test_filterbanks_of_single_samples_and_strided_float64_blocks() -> None:
    signal = noise(2000)
    whole = Fbank().extract(signal)
    np.testing.assert_array_equal(Fbank().extract(signal[i : i + 1] for i in range(2000)), whole)
    doubled = np.repeat(signal, 2).astype(np.float64)
    np.testing.assert_array_equal(Fbank().extract([doubled[::2]]), whole)


def test_two_threads_at_a_time() -> None:
    signals = [noise(160_000, seed) for seed in range(2)]
    fbank = Fbank()
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(fbank.extract, signals))
    for signal, frames in zip(signals, found, strict=True):
        np.testing.assert_array_equal(frames, fbank.extract(signal))


@pytest.mark.parametrize(
    ("n_samples", "n_frames"),
    [(0, 0), (1, 0), (399, 0), (400, 1), (559, 1), (560, 2), (1600, 8), (16_000, 98)],
)
def test_number_of_frames(n_samples: int, n_frames: int) -> None:
    assert Fbank().extract(noise(n_samples)).shape == (n_frames, 80)


def test_no_blocks_give_no_frames() -> None:
    assert Fbank().extract([]).shape == (0, 80)


def test_frames_go_into_a_store() -> None:
    signal = noise(9000)
    with FrameStore() as store:
        store.extend(Fbank().stream(np.split(signal, [100, 5000])))
        np.testing.assert_array_equal(store[:], Fbank().extract(signal))


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("level", [0.0, 0.5, -1.0])
def test_a_constant_has_no_power(level: float) -> None:
    """What is left of it by the rounding of the mean lies below the floor."""
    frames = Fbank().extract(np.full(1000, level, np.float32))
    np.testing.assert_allclose(frames, np.log(2.0**-23), rtol=1e-6)


@pytest.mark.usefixtures("instruction_set")
def test_an_offset_changes_nothing() -> None:
    signal = noise(9000) + np.float32(0.01)
    moved = (signal.astype(np.float64) + 0.25).astype(np.float32)
    np.testing.assert_allclose(
        Fbank(FbankConfig(floor=0.01)).extract(moved),
        Fbank(FbankConfig(floor=0.01)).extract(signal),
        rtol=0,
        atol=1e-3,
    )


def test_power_of_a_sine_by_hand() -> None:
    """Filters share out the whole power: by Parseval, half the FFT's points times the sum of the
    squares of what pre-emphasis and the window leave, most of it in the filter nearest to 1 kHz."""
    sine = 0.5 * np.cos(2 * np.pi * 1000 * np.arange(16_000) / 16_000)
    frame = Fbank().extract(sine)[50]
    low, tone, high = 1127 * np.log(1 + np.array([20, 1000, 8000]) / 700)
    assert frame.argmax() == round(81 * (tone - low) / (high - low)) - 1
    gain = abs(1 - 0.97 * np.exp(-2j * np.pi / 16)) ** 2
    squares = gain * 0.5**2 / 2 * (np.hanning(400) ** 1.7).sum()
    assert np.exp(frame).sum() == pytest.approx(256 * squares, rel=1e-3)


def test_scale_of_16_bit_adds_a_constant() -> None:
    signal = noise(4000)
    fbank = Fbank(FbankConfig(floor=0))
    difference = fbank.extract(signal * np.float32(32768)) - fbank.extract(signal)
    np.testing.assert_allclose(difference, 2 * np.log(32768), atol=1e-4)


def test_a_click_is_heard_at_its_time() -> None:
    """Frame 100 is samples 16,000 to 16,399."""
    sound = np.zeros(3 * 16_000, np.float32)
    sound[16_200] = 1.0
    frames = Fbank().extract(sound)
    assert int(frames.sum(axis=1).argmax()) == 100
    start, end = frames_to_seconds([100, 101], len(frames), 3.0, FbankConfig())
    assert (start + end) / 2 == pytest.approx(1.0125)


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("value", [np.nan, -np.nan, np.inf, -np.inf, 1e20])
@pytest.mark.parametrize("index", [0, 7999, 8000, 15_999])
def test_a_bad_sample_is_named_by_its_time(value: float, index: int) -> None:
    signal = noise(16_000)
    signal[index] = value
    for blocks in (signal, np.split(signal, [5000, 9000])):
        with pytest.raises(AudioError, match=f"sample at {index / 16_000:.3f} s is "):
            Fbank().extract(blocks)


def test_an_absurd_constant_is_no_sound() -> None:
    with pytest.raises(AudioError, match=r"sample at 0\.000 s"):
        Fbank().extract(np.full(1000, 1e20, np.float32))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hop": 0.0}, "hop"),
        ({"hop": 0.03}, "hop"),
        ({"high_frequency": 9000.0}, "half the sample rate"),
        ({"low_frequency": 8000.0}, "half the sample rate"),
        ({"n_mels": 0}, "n_mels"),
        ({"pre_emphasis": 1.0}, "pre_emphasis"),
        ({"floor": -1.0}, "floor"),
        ({"floor": float("nan")}, "floor"),
    ],
)
def test_a_configuration_makes_sense(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        FbankConfig(**arguments)


def test_mel_filters_are_not_empty() -> None:
    with pytest.raises(ParameterError, match="too many"):
        Fbank(FbankConfig(n_mels=200))
