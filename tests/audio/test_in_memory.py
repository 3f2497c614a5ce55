"""Audio files in memory and opened ones: what a path gives, they give."""

from __future__ import annotations

import io
import pickle
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import trfast
from trfast import Collection, Diarizer, Job
from trfast.audio import Encoded, Waveform, load, probe
from trfast.diarization import Diarizer as _Diarizer
from trfast.errors import AudioError, ParameterTypeError
from trfast.execution import map_recordings

EXAMPLES = Path(__file__).parents[2] / "examples" / "audio"
SHOW = EXAMPLES / "show-1.opus"


class Unseekable(io.RawIOBase):
    """Bytes that come once, as from a socket."""

    def __init__(self, content: bytes) -> None:
        self._rest = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._rest.readinto(buffer)


@pytest.fixture(params=["wav", "flac", "ogg", "mp3", "m4a"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"noise.{request.param}"
    noise = np.random.default_rng(0).normal(scale=0.1, size=(24_000, 2))
    if request.param != "m4a":
        soundfile.write(path, noise, 24_000)
        return path
    av = pytest.importorskip("av", reason="PyAV is not installed: trfast[av]")
    with av.open(str(path), "w") as container:
        track = container.add_stream("aac", rate=24_000, layout="stereo")
        samples = np.ascontiguousarray(noise.T, np.float32)
        for start in range(0, samples.shape[1] - 1023, 1024):
            block = np.ascontiguousarray(samples[:, start : start + 1024])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = 24_000, start
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    return path


@pytest.mark.parametrize(
    "given",
    [bytes, bytearray, memoryview, io.BytesIO, Unseekable],
    ids=lambda given: given.__name__,
)
def test_what_is_in_memory_is_what_is_in_the_file(
    file: Path, given: Callable[[bytes], Any]
) -> None:
    expected = load(file)
    np.testing.assert_array_equal(load(given(file.read_bytes())), expected)
    assert probe(given(file.read_bytes())) == probe(file)


def test_a_file_object_is_read_from_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "behind.bin"
    path.write_bytes(b"a header of mine" + SHOW.read_bytes())
    with path.open("rb") as opened:
        opened.read(16)
        np.testing.assert_array_equal(load(opened), load(SHOW))


def test_diarize_takes_them() -> None:
    expected = trfast.diarize(SHOW).annotation
    content = SHOW.read_bytes()
    for given in (content, io.BytesIO(content)):
        found = trfast.diarize(given).annotation
        assert found.recording == "recording"
        assert found.turns == expected.turns
    with SHOW.open("rb") as opened:
        assert trfast.diarize(opened).annotation == expected
    with tempfile.TemporaryFile() as unnamed:
        unnamed.write(content)
        unnamed.seek(0)
        assert Job.of(unnamed).name == "recording"


def test_a_job_is_read_once_and_goes_to_processes(tmp_path: Path) -> None:
    with SHOW.open("rb") as opened:
        job = Job("show", opened)
    assert pickle.loads(pickle.dumps(job)).source == job.source
    assert repr(job.source) == "Encoded(file_name='show-1.opus')"
    context = get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        (outcome,) = map_recordings(_Diarizer(), [job], executor=executor)
    assert outcome.result is not None
    assert outcome.result.annotation.turns == trfast.diarize(SHOW).annotation.turns
    with Collection(tmp_path / "c.sqlite") as collection:
        collection.add(job, diarizer=Diarizer())
        assert collection.recordings()[0].source is None
        before = collection.diarization("show")
        collection.add(job, diarizer=Diarizer())
        assert len(collection.recordings()) == 1
        assert before.annotation == outcome.result.annotation


def test_errors_say_what_it_was(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"^<0 bytes> is empty"):
        load(b"")
    with pytest.raises(AudioError, match=r"^<11 bytes> is not audio that can be read"):
        load(b"hello world")
    (tmp_path / "note.txt").write_bytes(b"hello world")
    with (
        (tmp_path / "note.txt").open("rb") as opened,
        pytest.raises(AudioError, match=r"^<file object note.txt> is not audio"),
    ):
        load(opened)
    with (
        (tmp_path / "note.txt").open() as opened,
        pytest.raises(ParameterTypeError, match=r"note.txt> gives str, expected bytes: open it in"),
    ):
        load(opened)  # type: ignore[arg-type]
    closed = io.BytesIO(b"")
    closed.close()
    with pytest.raises(AudioError, match=r"<file object> cannot be read: I/O operation on closed"):
        load(closed)
    wav = io.BytesIO()
    soundfile.write(wav, np.zeros(16_000), 16_000, format="WAV")
    with pytest.raises(AudioError, match=r'<16044 bytes> is cut off.*ffmpeg -i "FILE" repaired'):
        load(wav.getvalue()[:16_044])
    with pytest.raises(ParameterTypeError, match="a file object, got int"):
        load(7)  # type: ignore[arg-type]


def test_what_is_in_memory_opens_no_files(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="PyAV is not installed: trfast[av]")
    soundfile.write(tmp_path / "secret.wav", np.zeros(16_000), 16_000)
    lines = ("#EXTM3U", "#EXT-X-TARGETDURATION:1", "#EXTINF:1,", f"{tmp_path}/secret.wav", "")
    with pytest.raises(AudioError):
        load("\n".join(lines).encode())
    with pytest.raises(AudioError):
        load(f"ffconcat version 1.0\nfile {tmp_path}/secret.wav\n".encode())


def test_encoded_of_what_is_none() -> None:
    assert Encoded.of(Waveform(np.zeros(9, np.float32), 16_000)) is None
    assert Encoded.of("show.wav") is None
