"""Audio: every format against the signal that was written, and every way to be broken."""

from __future__ import annotations

import gc
import os
import struct
import sys
import tracemalloc
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import soxr

from trfast.audio import SAMPLE_RATE, Waveform, load, probe, stream
from trfast.errors import AudioError, MissingExtraError, ParameterError

Array = npt.NDArray[Any]


def tones(duration: float, rate: int) -> Array:
    """A chord that glides, fades in and out: easy for every codec, no two stretches alike."""
    time = np.arange(round(duration * rate)) / rate
    chord = sum(np.sin(2 * np.pi * f * time + f * np.sin(time)) for f in (310, 730, 1730, 2890))
    values: Array = (0.1 * chord * np.sin(np.pi * time / duration) ** 2).astype(np.float32)
    return values


def signal_to_noise(signal: Array, decoded: Array) -> float:
    n = min(len(signal), len(decoded))
    noise = decoded[:n] - signal[:n]
    return float(10 * np.log10((signal[:n] ** 2).sum() / (noise**2).sum()))


def write(path: Path, samples: Array, rate: int, **options: Any) -> Path:
    # libsndfile's Vorbis and Opus encoders overflow the stack on one large write.
    n_channels = 1 if samples.ndim == 1 else samples.shape[1]
    with soundfile.SoundFile(path, "w", rate, n_channels, **options) as file:
        for start in range(0, len(samples), rate):
            file.write(samples[start : start + rate])
    return path


def write_av(
    path: Path,
    samples: Array,
    rate: int,
    codec: str,
    *,
    delay: float = 0.0,
    video: bool = False,
    container_options: dict[str, str] | None = None,
) -> Path:
    with av.open(str(path), "w", options=container_options or {}) as container:
        picture: Any = container.add_stream("mpeg4", rate=25) if video else None
        track: Any = container.add_stream(codec, rate=rate, layout="mono") if len(samples) else None
        if picture:
            picture.width = picture.height = 32
            picture.pix_fmt = "yuv420p"
            grey = np.full((32, 32, 3), 99, np.uint8)
            for _ in range(25):
                container.mux(picture.encode(av.VideoFrame.from_ndarray(grey)))
            container.mux(picture.encode(None))
        if track:
            frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
            frame.sample_rate = rate
            frame.pts, frame.time_base = round(delay * rate), Fraction(1, rate)
            size = track.codec_context.frame_size or 1024
            convert = av.AudioResampler(track.format.name, "mono", rate, frame_size=size)
            for part in [*convert.resample(frame), *convert.resample(None)]:
                container.mux(track.encode(part))
            container.mux(track.encode(None))
    return path


def cut(path: Path, keep: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    return path


# --- what is read ---------------------------------------------------------------

WRITERS: dict[str, tuple[int, float, Callable[[Path, Array, int], Path]]] = {
    # name: rate, decibels that must be reached, writer
    "pcm16.wav": (16000, 70, write),
    "pcm24.wav": (44100, 90, lambda p, x, r: write(p, x, r, subtype="PCM_24")),
    "float.wav": (48000, 90, lambda p, x, r: write(p, x, r, subtype="FLOAT")),
    "rf64.wav": (16000, 70, lambda p, x, r: write(p, x, r, format="RF64")),
    "show.aiff": (22050, 70, write),
    "show.flac": (48000, 70, write),
    "show.ogg": (44100, 15, write),
    "show.opus": (48000, 15, lambda p, x, r: write(p, x, r, format="OGG", subtype="OPUS")),
    "narrow.opus": (16000, 15, lambda p, x, r: write(p, x, r, format="OGG", subtype="OPUS")),
    "show.mp3": (44100, 15, write),
    "show.m4a": (44100, 15, lambda p, x, r: write_av(p, x, r, "aac")),
    "show.mp4": (48000, 15, lambda p, x, r: write_av(p, x, r, "aac", video=True)),
    "show.mkv": (48000, 15, lambda p, x, r: write_av(p, x, r, "libopus")),
    "integers.mkv": (44100, 70, lambda p, x, r: write_av(p, x, r, "pcm_s16le")),
    "bytes.mkv": (44100, 25, lambda p, x, r: write_av(p, x, r, "pcm_u8")),
    "flac.mkv": (16000, 70, lambda p, x, r: write_av(p, x, r, "flac")),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_signal_back_in_its_place(tmp_path: Path, name: str) -> None:
    rate, decibels, writer = WRITERS[name]
    path = writer(tmp_path / name, tones(3.0, rate), rate)
    decoded = load(path)
    info = probe(path)
    assert decoded.dtype == np.float32
    assert info.sample_rate == rate
    assert info.channels == 1
    # AAC fills its last frame, which is up to 1024 samples.
    assert -1 <= len(decoded) - 3 * SAMPLE_RATE <= (1024 if "aac" in info.format else 1)
    assert info.duration == pytest.approx(3.0, abs=0.07 if "aac" in info.format else 0.02)
    assert signal_to_noise(tones(3.0, SAMPLE_RATE), decoded) > decibels


def test_transport_stream(tmp_path: Path) -> None:
    path = write_av(tmp_path / "show.ts", tones(3.0, SAMPLE_RATE), SAMPLE_RATE, "aac")
    assert signal_to_noise(tones(3.0, SAMPLE_RATE), load(path)) > 15


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
def test_resampling_in_pieces_equals_resampling_the_whole(rate: int) -> None:
    signal = tones(3.7, rate)
    expected = soxr.resample(signal, rate, SAMPLE_RATE, "HQ")
    resampled = load(Waveform(signal, rate))
    assert abs(len(resampled) - round(3.7 * SAMPLE_RATE)) <= 1
    np.testing.assert_allclose(resampled, expected, atol=1e-6)


@pytest.mark.parametrize("rate", [8000, 44100, 48000])
@pytest.mark.parametrize("name", ["click.wav", "click.opus", "click.mp3", "click.m4a"])
def test_a_click_stays_at_its_time(tmp_path: Path, rate: int, name: str) -> None:
    signal = np.zeros(2 * rate, np.float32)
    first = round(1.25 * rate)
    signal[first : first + rate // 1000] = 0.9  # 1 ms
    writers = {
        "opus": lambda p: write(p, signal, rate, format="OGG", subtype="OPUS"),
        "m4a": lambda p: write_av(p, signal, rate, "aac"),
    }
    if name.endswith("opus") and rate == 44100:
        pytest.skip("Opus has no such rate")
    path = writers.get(name.split(".")[1], lambda p: write(p, signal, rate))(tmp_path / name)
    energy = load(path).astype(np.float64) ** 2
    centre = (energy * np.arange(len(energy))).sum() / energy.sum() / SAMPLE_RATE
    assert centre == pytest.approx(1.2505, abs=0.001)


@pytest.mark.parametrize("name", ["show.wav", "show.mp3", "show.opus", "show.m4a"])
def test_blocks_do_not_change_the_samples(tmp_path: Path, name: str) -> None:
    rate, _, writer = WRITERS.get(name, WRITERS["pcm24.wav"])
    path = writer(tmp_path / name, tones(4.0, rate), rate)
    whole = load(path)
    for block_duration in (0.011, 0.7, 100.0):
        blocks = list(stream(path, block_duration=block_duration))
        size = round(block_duration * SAMPLE_RATE)
        assert all(len(block) == size for block in blocks[:-1])
        assert 0 < len(blocks[-1]) <= size
        np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_channels(tmp_path: Path) -> None:
    left, right = tones(1.0, SAMPLE_RATE), tones(1.0, SAMPLE_RATE)[::-1]
    both = np.stack([left, right], axis=1)
    path = write(tmp_path / "stereo.wav", both, SAMPLE_RATE, subtype="FLOAT")
    assert probe(path).channels == 2
    for source in (path, Waveform(both, SAMPLE_RATE)):
        np.testing.assert_array_equal(load(source, channel=0), left)
        np.testing.assert_array_equal(load(source, channel=1), right)
        np.testing.assert_allclose(load(source), (left + right) / 2, atol=1e-7)
        with pytest.raises(
            AudioError, match=r"has 2 channel\(s\), so no channel 2. They are counted"
        ):
            load(source, channel=2)
    with pytest.raises(ParameterError, match="counts from 0, got -1"):
        stream(path, channel=-1)


@pytest.mark.parametrize("block_duration", [0.0, -1.0, np.nan])
def test_a_block_has_a_duration(block_duration: float) -> None:
    with pytest.raises(ParameterError, match="block_duration must be above 0"):
        stream("show.wav", block_duration=block_duration)


@pytest.mark.parametrize(("dtype", "scale"), [("i2", 2**15), ("i4", 2**31), ("f4", 1), ("f8", 1)])
def test_arrays_in_memory(dtype: str, scale: int) -> None:
    values = np.array([-0.5, 0.0, 0.25, -1.0])
    samples = (values * scale).astype(dtype)
    np.testing.assert_array_equal(load(Waveform(samples, SAMPLE_RATE)), values)


def test_a_stream_of_an_array_is_a_copy() -> None:
    samples = np.ones(100, np.float32)
    next(stream(Waveform(samples, SAMPLE_RATE)))[:] = 0
    assert samples.all()


@pytest.mark.parametrize("samples", [np.zeros((2, 2, 2)), np.zeros((4, 0)), np.zeros(3, np.uint8)])
def test_arrays_that_are_not_audio(samples: Array) -> None:
    with pytest.raises(ParameterError, match="samples must"):
        Waveform(samples, SAMPLE_RATE)
    with pytest.raises(ParameterError, match="samples must be an array"):
        Waveform([0.0, 0.1], SAMPLE_RATE)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="sample_rate must be above 0"):
        Waveform(np.zeros(3), 0)


def test_valid_though_little(tmp_path: Path) -> None:
    assert len(load(write(tmp_path / "none.wav", np.zeros(0), 44100))) == 0
    assert list(stream(Waveform(np.zeros(0), 44100))) == []
    titled = tmp_path / "titled.wav"
    with soundfile.SoundFile(titled, "w", 44100, 1) as file:
        file.title = 200 * "a"  # stands after the sound, of which there is none
    assert titled.stat().st_size > 250
    assert len(load(titled)) == 0
    assert len(load(write(tmp_path / "short.wav", np.zeros(4410), 44100))) == 1600
    assert not load(write(tmp_path / "silence.flac", np.zeros(44100), 44100)).any()


# --- time stamps ----------------------------------------------------------------


def test_a_track_that_starts_late_is_preceded_by_silence(tmp_path: Path) -> None:
    signal = tones(1.0, 48000)
    path = write_av(tmp_path / "late.mkv", signal, 48000, "pcm_s16le", delay=0.5, video=True)
    decoded = load(path)
    assert abs(decoded[: SAMPLE_RATE // 2 - 50]).max() < 1e-4
    assert signal_to_noise(tones(1.0, SAMPLE_RATE), decoded[SAMPLE_RATE // 2 :]) > 60
    assert probe(path).duration == pytest.approx(1.5, abs=0.01)


# --- headers that do not tell the length ----------------------------------------


@pytest.mark.parametrize("length", [0, 0x7FFFF000, 0xFFFFFFFF])
def test_wav_whose_length_was_never_written(tmp_path: Path, length: int) -> None:
    path = write(tmp_path / "pipe.wav", tones(1.0, SAMPLE_RATE), SAMPLE_RATE)
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, 4, length)
    struct.pack_into("<I", content, 40, length)
    path.write_bytes(content)
    assert signal_to_noise(tones(1.0, SAMPLE_RATE), load(path)) > 70


def test_flac_whose_length_was_never_written(tmp_path: Path) -> None:
    path = write(tmp_path / "pipe.flac", tones(1.0, SAMPLE_RATE), SAMPLE_RATE)
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    path.write_bytes(content)
    assert signal_to_noise(tones(1.0, SAMPLE_RATE), load(path)) > 70
    assert np.isnan(probe(path).duration)


@pytest.mark.parametrize("times", [1, 2])
def test_mp3_is_read_to_its_end_whatever_its_header_counts(tmp_path: Path, times: int) -> None:
    path = write(tmp_path / "show.mp3", tones(30.0, 44100), 44100)
    content = path.read_bytes()
    frame_count = content.find(b"Info" if b"Info" in content else b"Xing")
    assert frame_count > 0
    if times == 1:  # strip the frame that holds the count
        content = content[content.find(b"\xff\xfb", frame_count) :]
    path.write_bytes(content * times)  # twice: files joined, the header counts the first
    assert len(load(path)) == pytest.approx(30 * times * SAMPLE_RATE, abs=2000)


# --- broken input ---------------------------------------------------------------


def test_no_audio_at_all(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    (tmp_path / "letter.txt").write_text("Dear reader,\n" * 100)
    (tmp_path / "letter.wav").write_text("Dear reader,\n" * 100)
    (tmp_path / "letter.raw").write_bytes(bytes(1000))
    write_av(tmp_path / "video.mp4", np.zeros(0), 48000, "aac", video=True)
    found = {
        "missing.wav": "does not exist. Check the path",
        "": "is a folder. Give the files inside it",
        "empty.wav": r"is empty \(0 bytes\)",
        "letter.txt": "letter.txt (is not audio|has no audio track)",
        "letter.wav": "letter.wav (is not audio|has no audio track)",
        "letter.raw": "letter.raw (is not audio|has no audio track)",
        "video.mp4": r"has no audio track \(streams: video mpeg4\). Give a file with sound",
    }
    for name, message in found.items():
        with pytest.raises(AudioError, match=message):
            probe(tmp_path / name)
        with pytest.raises(AudioError, match=message):
            load(tmp_path / name)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_numbers(tmp_path: Path, value: float) -> None:
    signal = tones(10.0, 44100)
    signal[[round(7.25 * 44100), round(8.0 * 44100)]] = value
    path = write(tmp_path / "nan.wav", signal, 44100, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"nan.wav holds NaN or infinity, first at 7.250 s"):
        load(path)
    with pytest.raises(AudioError, match=r"the waveform holds NaN or infinity, first at 7.250 s"):
        load(Waveform(signal, 44100))


@pytest.mark.parametrize(
    ("name", "readable", "expected"),
    [
        ("pcm16.wav", 1.5, 3.0),
        ("rf64.wav", 1.5, 3.0),
        ("show.aiff", 1.5, 3.0),
        ("show.flac", None, 3.0),
        ("show.ogg", None, None),
        ("show.opus", None, None),
        ("show.mp3", 1.5, 3.0),
        ("faststart.m4a", 1.5, 3.0),
        ("show.mkv", 1.5, 3.0),
    ],
)
def test_cut_off_in_the_middle(
    tmp_path: Path, name: str, readable: float | None, expected: float | None
) -> None:
    path = tmp_path / name
    if name == "faststart.m4a":
        options = {"movflags": "faststart"}
        write_av(path, tones(3.0, 48000), 48000, "aac", container_options=options)
    else:
        rate, _, writer = WRITERS[name]
        writer(path, tones(3.0, rate), rate)
    with pytest.raises(AudioError) as caught:
        load(cut(path, 0.5))
    message = str(caught.value)
    assert f"{name} is cut off or damaged" in message
    assert f'Fetch it again, or keep what is there: ffmpeg -i "{path}"' in message
    seconds = [float(word) for word in message.split(";")[1].split() if word[0].isdigit()]
    assert len(seconds) == (1 if expected is None else 2)
    assert 0 <= seconds[0] < 3
    if readable is not None:
        assert seconds[0] == pytest.approx(readable, abs=0.5)
    if expected is not None:
        assert seconds[1] == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("name", ["pcm16.wav", "show.flac", "show.ogg", "show.opus", "show.mp3"])
def test_cut_off_near_the_end(tmp_path: Path, name: str) -> None:
    rate, _, writer = WRITERS[name]
    path = writer(tmp_path / name, tones(3.0, rate), rate)
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(AudioError, match="is cut off or damaged"):
        load(path)


def test_cut_off_before_the_sound(tmp_path: Path) -> None:
    wav = write(tmp_path / "show.wav", tones(1.0, SAMPLE_RATE), SAMPLE_RATE)
    wav.write_bytes(wav.read_bytes()[:44])
    with pytest.raises(AudioError, match=r"0 bytes of sound where its header says 32000"):
        load(wav)
    index_at_end = write_av(tmp_path / "show.m4a", tones(1.0, 48000), 48000, "aac")
    with pytest.raises(AudioError, match="is not audio that can be read"):
        load(cut(index_at_end, 0.9))


def test_a_cut_ogg_says_so_before_it_is_decoded(tmp_path: Path) -> None:
    rate, _, writer = WRITERS["show.opus"]
    with pytest.raises(AudioError, match="the end of the Ogg stream is missing"):
        probe(cut(writer(tmp_path / "show.opus", tones(3.0, rate), rate), 0.8))


def test_without_pyav(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    m4a = write_av(tmp_path / "show.m4a", tones(1.0, 48000), 48000, "aac")
    wav = write(tmp_path / "show.wav", tones(1.0, 48000), 48000)
    monkeypatch.setitem(sys.modules, "av", None)
    assert len(load(wav)) == SAMPLE_RATE
    with pytest.raises(MissingExtraError, match=r'pip install "trfast\[av\]"'):
        load(m4a)


# --- resources ------------------------------------------------------------------


@pytest.mark.skipif(not os.path.isdir("/dev/fd"), reason="counts open files in /dev/fd")
@pytest.mark.parametrize("name", ["pcm16.wav", "show.opus", "show.m4a"])
def test_files_are_closed(tmp_path: Path, name: str) -> None:
    rate, _, writer = WRITERS[name]
    path = writer(tmp_path / name, tones(3.0, rate), rate)

    def n_open() -> int:
        gc.collect()
        return len(os.listdir("/dev/fd"))

    before = n_open()
    probe(path)
    load(path)
    abandoned = stream(path, block_duration=0.1)
    next(abandoned)
    assert n_open() == before + 1
    del abandoned
    with pytest.raises(AudioError):
        load(path, channel=5)
    assert n_open() == before


@pytest.mark.parametrize("name", ["long.wav", "long.ts"])
def test_a_long_file_never_lies_in_memory_whole(tmp_path: Path, name: str) -> None:
    signal = tones(120.0, 16000)
    path = tmp_path / name
    if name == "long.ts":
        write_av(path, signal, 16000, "mp2")
    else:
        write(path, signal, 16000)
    tracemalloc.start()
    try:
        n_samples = sum(len(block) for block in stream(path, block_duration=1.0))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert n_samples == pytest.approx(120 * SAMPLE_RATE, abs=2000)
    assert peak < signal.nbytes / 5
