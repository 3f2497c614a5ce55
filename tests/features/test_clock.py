"""The clock of frames."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import trfast
from tests.small import small_model
from trfast.annotation import Timeline
from trfast.errors import ModelError, ParameterError
from trfast.features import (
    Mfcc,
    MfccConfig,
    frame_hop,
    frames_in,
    frames_to_seconds,
    timeline_mask,
    timeline_to_frames,
)
from trfast.training import TrainingConfig

HOUR = 3600

# The hop asked for, the rate, and the samples and seconds that it is. By what was asked for, an
# hour would end up to half a minute early or late.
HOPS = [
    (0.01, 16_000, 160, 0.01),
    (0.0101, 16_000, 162, 0.010125),
    (0.01, 11_025, 110, 110 / 11_025),
    (0.01, 22_050, 220, 220 / 22_050),
    (0.01, 44_100, 441, 0.01),
    (0.01, 8_000, 80, 0.01),
]


def configured(hop: float, rate: int) -> MfccConfig:
    return MfccConfig(sample_rate=rate, hop=hop, n_mels=20, high_frequency=rate / 2)


def test_frames_of_a_timeline_have_their_centres_inside_it() -> None:
    """Frame t is centred on 0.0125 + 0.01 t: 1.0 s to 2.0 s holds frames 99 to 198."""
    timeline = Timeline([(1.0, 2.0), (2.5, 2.501)])
    np.testing.assert_array_equal(timeline_to_frames(timeline, 1000, MfccConfig()), [[99, 199]])
    np.testing.assert_array_equal(timeline_to_frames(timeline, 150, MfccConfig()), [[99, 150]])
    assert np.flatnonzero(timeline_mask(timeline, 150, MfccConfig())).tolist() == [*range(99, 150)]


def test_frame_bounds_lie_half_a_hop_before_the_centre_and_span_the_recording() -> None:
    seconds = frames_to_seconds([0, 1, 99, 498], 498, 5.0, MfccConfig())
    np.testing.assert_allclose(seconds, [0, 0.0175, 0.9975, 5.0])


@pytest.mark.parametrize(("hop", "rate", "samples", "seconds"), HOPS)
def test_a_hop_is_a_whole_number_of_samples(
    hop: float, rate: int, samples: int, seconds: float
) -> None:
    config = configured(hop, rate)
    assert config.hop_samples == samples
    assert frame_hop(config) == seconds


@pytest.mark.parametrize(("hop", "rate", "samples", "_"), HOPS)
def test_no_drift_in_an_hour(hop: float, rate: int, samples: int, _: float) -> None:
    """A frame stands for one hop around the middle of the samples that it is made of."""
    config = configured(hop, rate)
    n_frames = HOUR * rate // samples
    frame = n_frames - 1000
    centre = (frame * samples + config.window_samples / 2) / rate
    start, end = frames_to_seconds([frame, frame + 1], n_frames, HOUR, config)
    half = samples / rate / 2
    np.testing.assert_allclose([start, end], [centre - half, centre + half], rtol=1e-12)
    bounds = timeline_to_frames(Timeline([(start, end)]), n_frames, config)
    np.testing.assert_array_equal(bounds, [[frame, frame + 1]])


@pytest.mark.parametrize(("hop", "rate"), [(0.0101, 16_000), (0.01, 11_025)])
def test_a_click_late_in_a_sound_is_heard_at_its_time(hop: float, rate: int) -> None:
    config = configured(hop, rate)
    sound = np.zeros(100 * rate, np.float32)
    sound[90 * rate] = 1.0
    energy = Mfcc(config).extract(sound)[:, 0]
    frame = int(energy.argmax())
    start, end = frames_to_seconds([frame, frame + 1], len(energy), 100.0, config)
    assert (start + end) / 2 == pytest.approx(90.0, abs=config.window / 2)


def test_durations_in_frames() -> None:
    assert frames_in(2.5, frame_hop(MfccConfig())) == 250
    assert frames_in(2.5, frame_hop(MfccConfig(hop=0.0101))) == 247


def test_the_parts_of_a_model_go_by_the_true_hop() -> None:
    model = replace(small_model(), mfcc=MfccConfig(hop=0.0101))
    assert model.embedder.hop == 0.010125


def test_a_model_is_for_the_rate_of_the_audio(tmp_path: Path) -> None:
    telephone = MfccConfig(sample_rate=8000, high_frequency=3800)
    message = "8000 Hz, but all audio is resampled to 16000 Hz: take sample_rate=16000"
    with pytest.raises(ParameterError, match=message):
        replace(small_model(), mfcc=telephone)
    with pytest.raises(ParameterError, match=message):
        TrainingConfig(mfcc=telephone)
    model = small_model()
    object.__setattr__(model, "mfcc", telephone)  # as an older version may have written it
    model.save(tmp_path / "model")
    with pytest.raises(ModelError, match=message):
        trfast.load_model(tmp_path / "model")


SOURCE = Path(trfast.__file__).parent
OTHER_WINDOWS = ("segmentation/chain.py", "embedding/ivector_embedder.py")


@pytest.mark.parametrize("file", sorted(str(f.relative_to(SOURCE)) for f in SOURCE.rglob("*.py")))
def test_nobody_else_reckons_with_the_hop_asked_for(file: str) -> None:
    """Only the clock and the settings themselves know of `hop` and `window` in seconds."""
    if file in ("features/clock.py", "features/config.py"):
        return
    found = re.findall(
        r"(?:mfcc|config|MfccConfig\(\))\.(hop|window)\b", (SOURCE / file).read_text()
    )
    assert "hop" not in found
    assert file in OTHER_WINDOWS or not found


def test_more_frames_than_kernels_count() -> None:
    assert frames_in(1e308, 0.01) == 2**31


def test_windows_and_filters_that_nobody_means() -> None:
    with pytest.raises(ParameterError, match=r"window must be at most 1\.0 s, got 60"):
        MfccConfig(window=60)
    with pytest.raises(ParameterError, match="n_mels must be at most 1024"):
        MfccConfig(n_mels=10**9)
