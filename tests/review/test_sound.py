"""Recordings as WAV, by ranges of bytes."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.review.asgi import Client
from tests.review.small import RATE, SHOWS, hum
from trfast.audio import load
from trfast.errors import AudioError

pytest.importorskip("starlette", reason="needs trfast[review]")

from trfast.review import sound as sound_module
from trfast.review.sound import HEADER, PIECE, Sound, byte_range


def test_the_whole_recording_is_a_wav_file(client: Client, tmp_path: Path) -> None:
    answer = client.get("/sound", name="a")
    assert answer.status == 200
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["accept-ranges"] == "bytes"
    assert int(answer.headers["content-length"]) == len(answer.content) == HEADER + 2 * 6 * RATE
    samples, rate = soundfile.read(io.BytesIO(answer.content), dtype="float32")
    assert rate == RATE
    np.testing.assert_allclose(samples, load(tmp_path / "a.flac"), atol=1e-4)
    head = client.ask("HEAD", "/sound", name="a")
    assert head.content == b""
    assert head.headers["content-length"] == answer.headers["content-length"]


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-", 0, None),
        ("bytes=0-0", 0, 1),
        ("bytes=43-45", 43, 46),
        ("bytes=100001-150000", 100001, 150001),
        ("bytes=150000-99999999", 150000, None),
        ("bytes=-10", -10, None),
        ("bytes=-99999999", 0, None),
    ],
)
def test_a_part(client: Client, asked: str, start: int, stop: int | None) -> None:
    part = client.get("/sound", {"range": asked}, name="a")
    whole = client.get("/sound", name="a").content
    assert part.status == 206
    assert part.content == whole[start:stop]
    first = start % len(whole)
    found = f"bytes {first}-{first + len(part.content) - 1}/{len(whole)}"
    assert part.headers["content-range"] == found
    assert int(part.headers["content-length"]) == len(part.content)


def test_parts_that_there_are_not(client: Client) -> None:
    size = HEADER + 2 * 6 * RATE
    for asked in (f"bytes={size}-", f"bytes={size + 5}-{size + 9}", "bytes=-0"):
        answer = client.get("/sound", {"range": asked}, name="a")
        assert answer.status == 416
        assert answer.headers["content-range"] == f"bytes */{size}"
        assert answer.content == b""


@pytest.mark.parametrize("asked", ["bytes=-", "bytes=9-5", "bytes=0-1,5-9", "seconds=0-1", "x"])
def test_what_is_not_understood_is_the_whole(asked: str) -> None:
    assert byte_range(asked, 100) is None


def test_a_piece_at_a_time() -> None:
    assert byte_range("bytes=7-", 10 * PIECE) == (7, 7 + PIECE)


def test_it_is_decoded_as_far_as_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros(200 * RATE, np.int16), RATE)
    sound = Sound(str(path), 200.0)
    sound.read(0, 100)
    sound.read(HEADER, HEADER + 10)
    assert sound._file is not None
    assert sound._file.seek(0, 2) < sound.size / 2
    sound.read(sound.size - 10, sound.size)
    assert sound._file.seek(0, 2) == sound.size
    sound.close()


def test_threads_read_what_one_would(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, hum("ann:20 ben:20"), RATE)
    sound, found = Sound(str(path), 41.0), dict[int, bytes]()

    def read(start: int) -> None:
        found[start] = sound.read(start, start + 5000)

    starts = [*range(1_200_000, 0, -100_000), *range(0, 1_200_000, 99_001)]
    threads = [threading.Thread(target=read, args=(start,)) for start in starts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = sound.read(0, sound.size)
    assert all(whole[start : start + 5000] == part for start, part in found.items())
    sound.close()


def test_a_file_that_got_shorter_ends_in_silence(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, hum(SHOWS["a"]), RATE)
    sound = Sound(str(path), 10.0)
    assert sound.read(sound.size - 1000, sound.size) == bytes(1000)
    sound.close()


def test_what_was_heard_long_ago_is_forgotten(
    client: Client, review: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound_module, "_KEPT", 300_000)
    whole = [client.get("/sound", name=name).content for name in "aba"]
    assert whole[0] == whole[2]
    assert len(review._sounds._sounds) == 1  # type: ignore[attr-defined]


def test_a_sound_that_is_stopped_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, hum(SHOWS["a"]), RATE)
    sound = Sound(str(path), 6.0)
    sound.stop()
    with pytest.raises(AudioError, match="stopped"):
        sound.read(0, sound.size)
