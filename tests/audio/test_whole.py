"""No sound is lost without a word: joined files, lengths that are wrong, delays of codecs."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.audio.test_source import cut, signal_to_noise, tones, write, write_av
from trfast.audio import SAMPLE_RATE, load, probe
from trfast.audio.encoded import OnDisk, Part
from trfast.audio.headers import find_sound, flac_starts
from trfast.errors import AudioError

Writer = Callable[[Path, Any, int], Path]


def ogg(subtype: str) -> Writer:
    return lambda path, samples, rate: write(path, samples, rate, format="OGG", subtype=subtype)


def by_av(codec: str) -> Writer:
    return lambda path, samples, rate: write_av(path, samples, rate, codec)


def by_libsndfile(kind: str, subtype: str = "PCM_16", endian: str = "FILE") -> Writer:
    return lambda path, samples, rate: write(
        path, samples, rate, format=kind, subtype=subtype, endian=endian
    )


# --- joined files ---------------------------------------------------------------

JOINED: dict[str, Writer] = {
    "a.opus": ogg("OPUS"),
    "a.ogg": ogg("VORBIS"),
    "a.oga": by_av("flac"),
    "b.opus": by_av("libopus"),
    "a.flac": write,
    "a.wav": write,
    "a.rf64": by_libsndfile("RF64"),
    "a.w64": by_libsndfile("W64"),
    "a.aiff": write,
    "a.au": by_libsndfile("AU"),
    "a.caf": by_libsndfile("CAF"),
    "a.mp3": write,
    "a.aac": by_av("aac"),
    "a.m4a": by_av("aac"),
    "a.mkv": by_av("libopus"),
}


@pytest.mark.parametrize("times", [2, 3])
@pytest.mark.parametrize("name", JOINED)
def test_joined_files_are_read_to_the_last(tmp_path: Path, name: str, times: int) -> None:
    signal = tones(2.0, 48000)
    path = JOINED[name](tmp_path / name, signal, 48000)
    one = load(path)
    content = path.read_bytes()
    path.write_bytes(content * times)
    for source in (path, content * times):
        decoded = load(source)
        # A codec's delay of each but the first stays, and the frames that AAC fills.
        assert len(decoded) == pytest.approx(times * len(one), abs=1 + 1500 * (times - 1))
        assert np.abs(decoded[-SAMPLE_RATE:]).max() > 0.1
        np.testing.assert_allclose(decoded[:30000], one[:30000], atol=1e-3)


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("name", [name for name in JOINED if name not in ("a.mp3", "a.aac")])
def test_joined_files_are_counted_without_decoding(tmp_path: Path, name: str, times: int) -> None:
    path = JOINED[name](tmp_path / name, tones(2.0, 48000), 48000)
    path.write_bytes(times * path.read_bytes())
    allowed = 0.05 if name == "a.m4a" else 0.02
    assert probe(path).duration == pytest.approx(2.0 * times, abs=allowed * times)


def test_flac_behind_a_tag_is_read_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", tones(0.1, 16000), 16000)
    content = path.read_bytes()
    for times in (1, 2):
        path.write_bytes(b"ID3\x04\0\0\0\0\x01\x00" + bytes(128) + times * content)
        assert len(load(path)) == 1600 * times
        assert probe(path).duration == pytest.approx(0.1 * times)


def test_flac_that_starts_at_the_end_of_a_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.flac", tones(1.0, 16000), 16000)
    size = path.stat().st_size
    path.write_bytes(2 * path.read_bytes())
    for block in range(size - 10, size + 10):
        monkeypatch.setattr("trfast.audio.headers._BLOCK", block)
        assert flac_starts(OnDisk(path)) == [size]


def test_links_of_several_rates_and_channels(tmp_path: Path) -> None:
    low, high = tones(2.0, 8000), tones(2.0, 16000)
    first = write(tmp_path / "low.ogg", low, 8000)
    second = ogg("OPUS")(tmp_path / "high.ogg", np.stack([high, high], axis=1), 16000)
    chain = tmp_path / "chain.ogg"
    chain.write_bytes(first.read_bytes() + second.read_bytes())
    assert probe(chain).duration == pytest.approx(4.0, abs=0.01)
    assert probe(chain).sample_rate == 16000
    decoded = load(chain)
    assert len(decoded) == pytest.approx(4 * SAMPLE_RATE, abs=3)
    np.testing.assert_allclose(decoded[: 2 * SAMPLE_RATE - 100], load(first)[:-100], atol=1e-3)
    assert signal_to_noise(high, decoded[2 * SAMPLE_RATE :]) > 12


def test_the_last_link_is_cut_off(tmp_path: Path) -> None:
    path = ogg("OPUS")(tmp_path / "chain.opus", tones(2.0, 48000), 48000)
    path.write_bytes(2 * path.read_bytes())
    with pytest.raises(AudioError, match=r"cut off or damaged: the end of the Ogg stream"):
        load(cut(path, 0.9))


def test_a_joined_flac_file_that_is_cut_off(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", tones(2.0, 16000), 16000)
    path.write_bytes(2 * path.read_bytes())
    with pytest.raises(AudioError, match=r"a.flac is cut off or damaged"):
        load(cut(path, 0.9))


# --- lengths that are wrong -----------------------------------------------------

HEADERS: dict[str, tuple[Writer, bytes, int, str]] = {
    # Writer, the chunk, where its size is behind the chunk's name, and how it is written.
    "WAV": (by_libsndfile("WAV"), b"data", 4, "<I"),
    "RIFX": (by_libsndfile("WAV", endian="BIG"), b"data", 4, ">I"),
    "24 bits": (by_libsndfile("WAV", "PCM_24"), b"data", 4, "<I"),
    "float": (by_libsndfile("WAV", "FLOAT"), b"data", 4, "<I"),
    "A-law": (by_libsndfile("WAV", "ALAW"), b"data", 4, "<I"),
    "RF64": (by_libsndfile("RF64"), b"ds64", 16, "<Q"),
    "W64": (by_libsndfile("W64"), b"data", 16, "<Q"),
    "AIFF": (by_libsndfile("AIFF"), b"SSND", 4, ">I"),
    "little AIFF": (by_libsndfile("AIFF", endian="LITTLE"), b"SSND", 4, ">I"),
    "AU": (by_libsndfile("AU"), b".snd", 8, ">I"),
    "CAF": (by_libsndfile("CAF"), b"data", 4, ">Q"),
}


def with_length(path: Path, header: str, length: int) -> Path:
    _, chunk, offset, form = HEADERS[header]
    content = bytearray(path.read_bytes())
    at = content.find(chunk) + offset
    struct.pack_into(form, content, at, length)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("share", [0.0, 0.25, 0.5])
def test_sound_that_goes_on_behind_its_length(tmp_path: Path, header: str, share: float) -> None:
    path = HEADERS[header][0](tmp_path / "short", tones(2.0, SAMPLE_RATE), SAMPLE_RATE)
    whole = load(path)
    n_bytes = round((path.stat().st_size - 100) * share) // 6 * 6
    decoded = load(with_length(path, header, n_bytes))
    assert len(decoded) == pytest.approx(2 * SAMPLE_RATE, abs=16)
    np.testing.assert_allclose(decoded[:31000], whole[:31000], atol=1e-6)
    assert probe(path).duration == pytest.approx(2.0, abs=0.001)


@pytest.mark.parametrize("length", [0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFDB, 0xFFFFFFFF])
@pytest.mark.parametrize("header", ["WAV", "24 bits", "RIFX", "AIFF", "AU"])
def test_lengths_that_were_never_written(tmp_path: Path, header: str, length: int) -> None:
    path = HEADERS[header][0](tmp_path / "pipe", tones(2.0, SAMPLE_RATE), SAMPLE_RATE)
    whole = load(path)
    decoded = load(with_length(path, header, length))
    assert len(decoded) == pytest.approx(2 * SAMPLE_RATE, abs=16)
    np.testing.assert_allclose(decoded[:31000], whole[:31000], atol=1e-6)


@pytest.mark.parametrize("header", ["W64", "AIFF", "AU", "CAF"])
def test_cut_off_whatever_the_header(tmp_path: Path, header: str) -> None:
    path = HEADERS[header][0](tmp_path / "show", tones(2.0, SAMPLE_RATE), SAMPLE_RATE)
    with pytest.raises(
        AudioError, match=r"cut off or damaged: .* (1.00|0.99|0.94) s of 2.00 s can be"
    ):
        load(cut(path, 0.5))


def test_what_follows_the_sound_is_no_sound(tmp_path: Path) -> None:
    path = write(tmp_path / "show.wav", tones(1.0, SAMPLE_RATE), SAMPLE_RATE)
    content = path.read_bytes()
    for tail in (
        b"LIST" + struct.pack("<I", 200) + bytes(200),
        b"id3 " + struct.pack("<I", 300) + bytes(300) + b"junk" + struct.pack("<I", 2) + b"ab",
        b"TAG" + bytes(125),
        b"ID3" + bytes(500),
        bytes(60),
    ):
        path.write_bytes(content + tail)
        assert len(load(path)) == SAMPLE_RATE


def test_adpcm_that_goes_on_behind_its_length(tmp_path: Path) -> None:
    signal = tones(2.0, SAMPLE_RATE)
    path = write(tmp_path / "a.wav", signal, SAMPLE_RATE, subtype="IMA_ADPCM")
    with_length(path, "WAV", 4096)
    assert len(load(path)) == pytest.approx(2 * SAMPLE_RATE, abs=1100)
    assert signal_to_noise(signal, load(path)) > 15
    w64 = write(tmp_path / "a.w64", signal, SAMPLE_RATE, format="W64", subtype="IMA_ADPCM")
    with pytest.raises(AudioError, match=r"sound goes on behind the .* s that its header says"):
        load(with_length(w64, "W64", 4096))


def test_mp3_in_wav(tmp_path: Path) -> None:
    signal = tones(3.0, 44100)
    path = write_av(tmp_path / "mp3.wav", signal, 44100, "libmp3lame")
    decoded = load(path)
    assert len(decoded) == pytest.approx(3 * SAMPLE_RATE, abs=1000)
    assert signal_to_noise(tones(3.0, SAMPLE_RATE), decoded) > 15


def test_mp3_is_the_same_in_pieces(tmp_path: Path) -> None:
    signal = tones(8.0, SAMPLE_RATE)
    path = write(tmp_path / "show.mp3", signal, SAMPLE_RATE)
    at_once, _ = soundfile.read(path, dtype="float32")
    np.testing.assert_allclose(load(path), at_once, atol=1e-6)


# --- delays ---------------------------------------------------------------------


@pytest.mark.parametrize("rate", [16000, 44100])
@pytest.mark.parametrize(
    ("codec", "name"),
    [(c, n) for c in ("aac", "libmp3lame", "mp2") for n in ("a.ts", "a.avi", "a.mkv", "a.mov")]
    + [("aac", "a.aac"), ("libmp3lame", "a.mp3"), ("mp2", "a.mp2"), ("libmp3lame", "a.wav")]
    + [("ac3", "a.ts"), ("aac", "a.flv"), ("mp2", "a.mpg")],
)
def test_delays_are_taken_out(tmp_path: Path, codec: str, name: str, rate: int) -> None:
    if codec == "ac3" and rate == 16000:
        pytest.skip("AC-3 has no such rate")
    signal = np.zeros(2 * rate, np.float32)
    first = round(1.25 * rate)
    signal[first : first + rate // 1000] = 0.9  # 1 ms
    options = {"write_xing": "0"} if name.endswith(".mp3") else {}
    path = write_av(tmp_path / name, signal, rate, codec, container_options=options)
    energy = load(path).astype(np.float64) ** 2
    centre = (energy * np.arange(len(energy))).sum() / energy.sum() / SAMPLE_RATE
    assert centre == pytest.approx(1.2505, abs=0.001)


def test_an_mp3_file_whose_header_tells_no_delay(tmp_path: Path) -> None:
    signal = np.zeros(2 * SAMPLE_RATE, np.float32)
    signal[20000:20016] = 0.9
    path = write(tmp_path / "show.mp3", signal, SAMPLE_RATE)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"LAME", bytes(4)))
    assert np.abs(load(path)).argmax() == pytest.approx(20008, abs=16)


# --- the bytes of a part --------------------------------------------------------


def test_a_part_reads_like_a_file(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(bytes(range(100)))
    part = Part(OnDisk(tmp_path / "f"), 10, 20)
    assert part.size == 10
    with part.open() as file:
        assert file.read() == bytes(range(10, 20))
        assert file.seek(-3, 2) == 7
        assert file.read(9) == bytes(range(17, 20))
        assert file.seek(2) == file.tell() == 2
        assert file.seek(3, 1) == 5
        assert file.read(1) == b"\x0f"


def test_what_has_no_sound_chunk(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"RIFF\x00\x00\x00\x00WAVEfmt \x04\x00\x00\x00abcd")
    assert find_sound(OnDisk(tmp_path / "f")) is None
