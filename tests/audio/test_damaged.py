"""Damaged files: whatever byte is wrong, they are read or an AudioError says why not."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.audio.test_source import tones, write, write_av
from tests.audio.test_whole import JOINED, Writer, by_av, by_libsndfile
from trfast.audio import ffmpeg, load, probe, stream
from trfast.errors import AudioError

N_MUTATIONS = 200

FORMATS: dict[str, Writer] = {
    **JOINED,
    "adpcm.wav": by_libsndfile("WAV", "IMA_ADPCM"),
    "mp3.wav": by_av("libmp3lame"),
    "show.ts": by_av("mp2"),
    "show.avi": by_av("mp2"),
    "show.flv": by_av("aac"),
    "show.mov": by_av("pcm_s16le"),
    "show.mka": by_av("flac"),
    "show.mpg": by_av("mp2"),
}


def mutations(content: bytes, seed: str) -> Iterator[bytes]:
    """Yield the file with wrong bytes in its header, anywhere, or with a piece missing."""
    rng = random.Random(seed)
    n_head = min(len(content), 600)
    for i in range(N_MUTATIONS):
        changed = bytearray(content)
        if i % 4 == 0:
            for _ in range(rng.choice((1, 2, 4, 16))):
                changed[rng.randrange(n_head)] = rng.randrange(256)
        elif i % 4 == 1:
            at, n = rng.randrange(n_head - 8), rng.choice((2, 4, 8))
            changed[at : at + n] = rng.choice((b"\0", b"\xff", b"\x7f", b"\x80")) * n
        elif i % 4 == 2:
            for _ in range(rng.choice((1, 8, 64))):
                changed[rng.randrange(len(changed))] = rng.randrange(256)
        else:
            at = rng.randrange(len(changed))
            del changed[at : rng.choice((at + 1, at + 7, at + 100, len(changed)))]
        yield bytes(changed)


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, name: str) -> None:
    path = FORMATS[name](tmp_path / name, tones(0.3, 48000), 48000)
    n_read = n_refused = 0
    for content in mutations(path.read_bytes(), name):
        path.write_bytes(content)
        try:
            assert all(len(block) for block in stream(path))
            n_read += 1
        except AudioError:
            n_refused += 1
    assert n_read + n_refused == N_MUTATIONS
    assert n_refused


@pytest.mark.parametrize("name", FORMATS)
def test_the_first_bytes_of_a_file_are_refused(tmp_path: Path, name: str) -> None:
    path = FORMATS[name](tmp_path / name, tones(0.3, 48000), 48000)
    content = path.read_bytes()
    for size in range(1, 24):
        path.write_bytes(content[:size])
        with pytest.raises(AudioError):
            load(path)


def test_a_duration_that_is_none(tmp_path: Path) -> None:
    path = write_av(tmp_path / "show.mkv", tones(1.0, 48000), 48000, "libopus")
    content = path.read_bytes()
    at = content.rfind(b"00:00:01.")
    path.write_bytes(content[:at] + b"00:x0" + content[at + 5 :])
    assert len(load(path)) == pytest.approx(16000, abs=200)


def test_a_codec_that_is_not_known(tmp_path: Path) -> None:
    path = write(tmp_path / "show.wav", np.zeros(16000), 16000)
    content = bytearray(path.read_bytes())
    content[20:22] = b"\x99\x99"
    path.write_bytes(content)
    with pytest.raises(
        AudioError, match=r"show.wav has an audio track of a codec that FFmpeg does"
    ):
        load(path)


@pytest.mark.parametrize(("layout", "n_channels"), [("5.1", 6), ("7.1", 8), ("hexadecagonal", 16)])
def test_many_channels(tmp_path: Path, layout: str, n_channels: int) -> None:
    path = tmp_path / "show.mkv"
    signal = np.outer(np.arange(1, n_channels + 1), tones(1.0, 48000)).astype(np.float32) / 20
    with av.open(str(path), "w") as container:
        track: Any = container.add_stream("pcm_f32le", rate=48000, layout=layout)
        packed = np.ascontiguousarray(signal.T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
        container.mux(track.encode(frame))
        container.mux(track.encode(None))
    assert probe(path).channels == n_channels
    for channel in (0, n_channels - 1):
        expected = tones(1.0, 16000) * (channel + 1) / 20
        np.testing.assert_allclose(load(path, channel=channel), expected, atol=1e-3)


def test_frames_of_eight_planes() -> None:
    values = np.arange(16, dtype=np.float32).reshape(1, 16)
    packed = av.AudioFrame.from_ndarray(values, format="flt", layout="7.1")
    packed.sample_rate = 48000
    (planar,) = av.AudioResampler("fltp", "7.1", 48000).resample(packed)
    np.testing.assert_array_equal(ffmpeg._samples(planar), values.reshape(2, 8))
