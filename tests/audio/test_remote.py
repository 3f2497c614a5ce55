"""Recordings named by a URL: fetched, named, kept; nothing else is."""

from __future__ import annotations

import errno
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from tests.fakes import FakeDiarizer, diarization, write
from trfast.audio import find_audio, is_url, load, name_channels, name_recordings, probe
from trfast.audio.remote import fetched
from trfast.cli import main
from trfast.collection import Collection
from trfast.diarization import Diarization, Job
from trfast.errors import AudioError, MissingExtraError, ParameterError, ResourceError
from trfast.execution import Progress

fsspec = pytest.importorskip("fsspec", reason="URLs need fsspec: trfast[remote]")

SAMPLES = np.random.default_rng(0).normal(scale=0.1, size=16_000).astype(np.float32)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A recording in a store that is no file system."""
    file = tmp_path / "monday.wav"
    soundfile.write(file, SAMPLES, 16_000, subtype="FLOAT")
    fsspec.filesystem("memory").pipe_file("/shows/monday.wav", file.read_bytes())
    return "memory://shows/monday.wav"


def test_it_is_fetched_once_where_progress_is_told(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    @contextmanager
    def counted(address: str) -> Iterator[str]:
        asked.append(address)
        with fetched(address) as file:
            yield file

    monkeypatch.setattr("trfast.audio.source.fetched", counted)
    told: list[Progress] = []
    with Collection(":memory:") as collection:
        assert collection.add_all([url], jobs=1, progress=told.append) == []
    assert asked == [url]
    assert [(moved.seconds, moved.total_seconds) for moved in told] == [(1.0, 1.0)]


def test_samples_are_those_of_the_file(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    np.testing.assert_array_equal(load(url), SAMPLES)
    assert probe(url).duration == 1.0
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.usefixtures("url")
def test_errors_name_the_url() -> None:
    whole = fsspec.filesystem("memory").cat_file("/shows/monday.wav")
    fsspec.filesystem("memory").pipe_file("/shows/half.wav", whole[:30_000])
    with pytest.raises(AudioError, match=r"^memory://shows/half.wav is cut off"):
        load("memory://shows/half.wav")
    with pytest.raises(AudioError, match=r"^memory://shows/none.wav cannot be fetched \(FileNot"):
        load("memory://shows/none.wav")
    with pytest.raises(AudioError, match=r"^nothing://here.wav cannot be fetched"):
        load("nothing://here.wav")


@pytest.mark.parametrize("step", ["get_file", "mkdtemp"])
def test_a_full_temporary_folder_is_named(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    where = tempfile if step == "mkdtemp" else type(fsspec.filesystem("memory"))
    monkeypatch.setattr(where, step, full)
    expected = f"^{tmp_path}/temporary: this folder .* is full .* set TMPDIR .*: {url} is fetched"
    with pytest.raises(ResourceError, match=expected):
        load(url)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_what_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(MissingExtraError, match=r"^s3://archive/a.wav cannot be fetched.*s3fs"):
        load("s3://archive/a.wav")
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingExtraError, match=r'pip install "trfast\[remote\]"'):
        load("s3://archive/a.wav")


def test_only_what_is_written_as_a_url_is_one(tmp_path: Path) -> None:
    assert is_url("https://example.org/a.wav")
    for path in ("shows/a.wav", Path("s3://archive/a.wav"), "c://a.wav", "a:b.wav", "//host/a.wav"):
        assert not is_url(path)
    (file,) = write(tmp_path, a="")
    assert find_audio([tmp_path, "s3://archive/b.wav"]) == [file, "s3://archive/b.wav"]


def test_names() -> None:
    first, second = "s3://archive/2021/news.mp3", "gs://archive/2022/news.mp3"
    assert name_recordings([first, second, "https://example.org/late%20show.mp3?signed=7"]) == {
        "2021_news": first,
        "2022_news": second,
        "late%20show": "https://example.org/late%20show.mp3?signed=7",
    }
    assert name_recordings([first, first], {"monday": first, "news": None}) == {"monday": first}
    with pytest.raises(ParameterError, match="would have one name"):
        name_recordings(["https://example.org/get?id=1", "https://example.org/get?id=2"])


def test_names_of_channels() -> None:
    def of(url: str, **known: str) -> list[str]:
        return list(name_channels([url], lambda _: 2, known))

    url = "https://example.org/call.wav?signed="
    assert of(url + "1") == ["call-ch1", "call-ch2"]
    known = {"call-ch1": url + "1", "call-ch2": url + "1"}
    assert of(url + "2", **known) == ["call-ch1", "call-ch2"]  # the same one, signed again
    assert of("s3://archive/call.wav", **known) == ["archive_call-ch1", "archive_call-ch2"]


class Reader:
    """Diarizes nothing, and counts."""

    fingerprint = model_hash = "fake"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, job: Job) -> Diarization:
        self.seen.append(str(job.source))
        return diarization(job.name, f"ann:{len(load(job.source)) / 16_000}")


def test_a_collection_keeps_it_and_looks_for_no_file(url: str, tmp_path: Path) -> None:
    reader, (file,) = Reader(), write(tmp_path / "other", monday="ann:1")
    with Collection(":memory:") as collection:
        for _ in range(2):
            assert collection.add_all([url], diarizer=reader, jobs=1) == []
        assert reader.seen == [url]
        assert collection.recordings()[0].source == url
        assert collection.forget_missing() == []
        collection.add_all([file], diarizer=FakeDiarizer(), jobs=1)  # takes no other's name
        assert [r.name for r in collection.recordings()] == ["monday", "other_monday"]


def test_from_the_command_line(url: str, tmp_path: Path) -> None:
    words = ["diarize", url, "memory://shows/none.wav", "-o", str(tmp_path / "found"), "--jobs=1"]
    done = CliRunner().invoke(main, words, prog_name="trfast")
    assert done.exit_code == 1
    assert "1 of 2 recordings failed" in done.stderr
    assert "none: memory://shows/none.wav cannot be fetched" in done.stderr
    assert (tmp_path / "found" / "monday.rttm").exists()
