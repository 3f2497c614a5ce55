"""What is suspicious about sound, and what is not."""

from __future__ import annotations

from math import nan
from pathlib import Path

import av
import numpy as np
import pytest

from tests.audio.test_source import tones, write
from trfast.audio import SAMPLE_RATE, SoundCheck, Waveform, has_sound, load, probe
from trfast.errors import AudioError, ParameterError

TONES = tones(3.0, SAMPLE_RATE)


def heard(*channels: np.ndarray, channel: int | None = None) -> SoundCheck:
    check = SoundCheck()
    load(Waveform(np.stack(channels, axis=1), SAMPLE_RATE), channel=channel, check=check)
    return check


def two_tracks(path: Path) -> Path:
    """Silence, and tones beside it."""
    with av.open(str(path), "w") as container:
        tracks = [container.add_stream("pcm_s16le", rate=SAMPLE_RATE, layout="mono") for _ in "ab"]
        for track, gain in zip(tracks, (0, 1), strict=True):
            samples = (gain * TONES * 32767).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
            frame.sample_rate, frame.pts = SAMPLE_RATE, 0
            for packet in [*track.encode(frame), *track.encode(None)]:
                container.mux(packet)
    return path


def test_seconds_and_level() -> None:
    check = heard(np.full(16000, 0.1, np.float32), np.full(16000, 0.1, np.float32))
    assert check.duration == 1.0
    assert check.level == pytest.approx(-20.0, abs=1e-3)
    assert check.warnings == ()


def test_an_integer_file_and_its_samples_are_as_loud(tmp_path: Path) -> None:
    from_file, in_memory = SoundCheck(), SoundCheck()
    load(write(tmp_path / "a.wav", TONES, SAMPLE_RATE), check=from_file)
    load(Waveform(TONES, SAMPLE_RATE), check=in_memory)
    assert from_file.level == pytest.approx(in_memory.level, abs=0.01)


@pytest.mark.parametrize("other", [-TONES, -0.9 * TONES])
def test_channels_that_cancel(other: np.ndarray) -> None:
    (warning,) = heard(TONES, other.astype(np.float32)).warnings
    assert "2 channels cancel each other in their mean: take one, with --channel 0" in warning
    assert heard(TONES, other.astype(np.float32), channel=0).warnings == ()


@pytest.mark.parametrize("other", [TONES, 0 * TONES, np.roll(TONES, 5000), 0.5 * TONES])
def test_channels_that_do_not(other: np.ndarray) -> None:
    assert heard(TONES, other.astype(np.float32)).warnings == ()


@pytest.mark.parametrize("gain", [0.0, 1 / 32768])
def test_silence(gain: float) -> None:
    dither = np.random.default_rng(0).integers(-1, 2, 16000) * np.float32(gain)
    for channels in ((dither,), (dither, dither)):
        assert heard(*channels).warnings == ("all of it is silence",)


def test_whispers_are_no_silence() -> None:
    assert heard(0.001 * TONES).warnings == ()


@pytest.mark.parametrize(
    ("expected", "warned"), [(nan, False), (3.4, False), (60.0, True), (1.0, True)]
)
def test_another_duration_than_the_file_says(expected: float, warned: bool) -> None:
    check = SoundCheck()
    check.begin(expected, SAMPLE_RATE)
    check.add(len(TONES), 9.0)
    told = f"it says that it lasts {expected:.1f} s, and holds 3.0 s"
    assert check.warnings == ((told,) if warned else ())


def test_nothing_at_all() -> None:
    check = SoundCheck()
    load(Waveform(np.empty(0, np.float32), SAMPLE_RATE), check=check)
    assert (check.duration, check.level, check.warnings) == (0.0, -np.inf, ())


def test_tracks(tmp_path: Path) -> None:
    path = two_tracks(tmp_path / "two.mkv")
    assert probe(path).tracks == 2
    assert not has_sound(path)
    assert has_sound(path, track=1)
    assert not load(path).any()
    np.testing.assert_allclose(load(path, track=1), TONES, atol=1e-4)
    with pytest.raises(AudioError, match=r"has 2 audio track\(s\), so no track 2"):
        load(path, track=2)
    with pytest.raises(AudioError, match=r"has 1 audio track\(s\), so no track 1"):
        load(write(tmp_path / "one.wav", TONES, SAMPLE_RATE), track=1)
    with pytest.raises(AudioError, match="the waveform has 1 audio track"):
        load(Waveform(TONES, SAMPLE_RATE), track=1)
    with pytest.raises(ParameterError, match="track counts from 0, got -1"):
        load(path, track=-1)
