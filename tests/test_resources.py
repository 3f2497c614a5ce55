"""Memory and disk that are used up: errors that say of what, and what to do; nothing is left."""

from __future__ import annotations

import errno
import mmap
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.fakes import diarization
from trfast import Annotation, Diarizer, Waveform, _threads
from trfast._files import write_atomic
from trfast.collection import Collection, write_vectors
from trfast.errors import CollectionError, ResourceError
from trfast.execution import map_recordings
from trfast.features.frames import FrameStore
from trfast.formats import write_rttm
from trfast.report import write_report

resource = pytest.importorskip("resource")
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's limits and /proc")

SHOWS = sorted((Path(__file__).parents[1] / "examples" / "audio").glob("*.opus"))
RUN = [sys.executable, "-m", "trfast"]


def no_memory(item: str) -> str:
    if item == "large":
        np.empty(1 << 55, np.uint8)
    if item == "mapped":
        mmap.mmap(-1, 1 << 55)
    return item.upper()


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_item_without_memory_stops_no_other(jobs: int) -> None:
    outcomes = {
        o.item: o for o in map_recordings(no_memory, ["a", "large", "mapped", "b"], jobs=jobs)
    }
    assert (outcomes["a"].result, outcomes["b"].result) == ("A", "B")
    error = outcomes["large"].error
    assert isinstance(error, ResourceError)
    assert str(error).startswith("out of memory (Unable to allocate 32.0 PiB")
    assert "run fewer jobs (--jobs)" in str(error)
    assert isinstance(outcomes["mapped"].error, ResourceError)


def test_a_call_without_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def embed(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Diarizer, "embed", embed)
    with pytest.raises(ResourceError, match=r"out of memory \(none is left\): run fewer jobs"):
        Diarizer()(Waveform(np.zeros(16_000), 16_000))


def test_blas_is_not_asked_where_it_would_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: object) -> None:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    _threads.take_blas_buffers.cache_clear()
    monkeypatch.setattr(mmap, "mmap", none_left)
    expected = r"out of memory \(.*Cannot allocate"
    with pytest.raises(ResourceError, match=expected), _threads.blas_limit():
        pass
    monkeypatch.undo()
    with _threads.blas_limit():
        pass


_IMPORTED = (
    "import trfast.cli.diarize, trfast.diarization, trfast.execution, trfast.audio\n"
    "print(open('/proc/self/status').read().split('VmSize:')[1].split()[0])"
)


@linux
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(
    "more", [40, *(pytest.param(n, marks=pytest.mark.slow) for n in range(10, 300, 20))]
)
def test_little_memory_is_an_error_and_no_hang(tmp_path: Path, more: int, jobs: int) -> None:
    """In MB of address space, beyond what the program alone takes."""
    files = [tmp_path / "a.wav", tmp_path / "b.wav"]
    for file in files:
        soundfile.write(file, np.random.default_rng(0).normal(size=64_000) / 10, 16_000)
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    loaded = subprocess.run(
        [sys.executable, "-c", _IMPORTED], env=environment, capture_output=True, check=True
    )
    most = (int(loaded.stdout) + 1024 * more) * 1024
    done = subprocess.run(
        [*RUN, "diarize", *files, "-o", tmp_path / "out", "--jobs", str(jobs)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (most, most)),
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode in (0, 1)
    assert done.returncode == 0 or "memory" in done.stderr, done.stderr


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file becomes longer: what is written beyond is refused, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


TURNS = [Annotation(f"show-{k}", [(0.0, 2.0, "ann")]) for k in range(500)]
WRITERS: dict[str, Callable[[Path], object]] = {
    "text": lambda path: write_atomic(path, 20_000 * "x"),
    "turns": lambda path: write_rttm(TURNS, path),
    "page": lambda path: write_report(TURNS, path),
    "vectors": lambda path: write_vectors(
        path.with_suffix(".npz"), {(a.recording, "ann"): [1.0] * 9 for a in TURNS}
    ),
}


@linux
@pytest.mark.parametrize("name", WRITERS)
def test_a_full_output_names_its_folder(tmp_path: Path, name: str) -> None:
    with largest_file(8192), pytest.raises(ResourceError, match="cannot be written") as error:
        WRITERS[name](tmp_path / "out")
    assert f"Make room in {tmp_path}" in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_and_a_quota(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def write_bytes(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    with pytest.raises(ResourceError, match=f"out: cannot be written .{os.strerror(code)}"):
        write_atomic(tmp_path / "out", "text")


@linux
def test_a_full_temporary_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    frames = np.zeros((10_000, 20), np.float32)
    expected = f"{tmp_path}: this folder for temporary files is full .* set TMPDIR"
    with (
        largest_file(8192),
        pytest.raises(ResourceError, match=expected),
        FrameStore(largest_in_memory=1000) as store,
    ):
        store.extend([frames])
    with largest_file(100), pytest.raises(ResourceError, match=expected):
        list(map_recordings(no_memory_of(frames.tobytes()), ["a", "b"], jobs=2))
    assert list(tmp_path.iterdir()) == []


class no_memory_of:  # noqa: N801 (as a function)
    """A large function."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __call__(self, item: str) -> str:
        return item


@linux
def test_a_collection_that_cannot_grow(tmp_path: Path) -> None:
    with Collection(tmp_path / "c.sqlite") as collection:
        collection.add(diarization("a", "ann:2"))
        many = [diarization(f"b{k}", "ann:2 ben:1") for k in range(500)]
        with largest_file(8192), pytest.raises(CollectionError, match="disk"):
            collection.add_diarizations(many)
        assert collection.diarization("a").speakers == ("S1",)
        collection.add(diarization("c", "ann:2"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_standard_output(tmp_path: Path) -> None:
    write_rttm(TURNS, tmp_path / "a.rttm")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*RUN, "convert", tmp_path / "a.rttm", "--format", "csv", "-o", "-"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "trfast: error: standard output: No space left on device\n"


def running(arguments: list[Any], folder: Path) -> subprocess.Popen[str]:
    """Start a command whose temporary files go to a folder; return it when it is at work."""
    folder.mkdir()
    process = subprocess.Popen(
        [*RUN, *map(str, arguments)],
        env=os.environ | {"TMPDIR": str(folder)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    for _ in range(600):
        if any(folder.iterdir()):
            break
        time.sleep(0.05)
    return process


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
@pytest.mark.parametrize("all_at_once", [False, True])
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_nothing_is_left_when_a_run_is_ended(
    tmp_path: Path, number: signal.Signals, status: int, all_at_once: bool
) -> None:
    folder, shows = tmp_path / "temporary", tmp_path / "shows"
    shows.mkdir()
    for k in range(60):  # more than there is time for
        shutil.copy(SHOWS[k % len(SHOWS)], shows / f"{k}.opus")
    process = running(["run", shows, "-o", tmp_path / "out", "--jobs", 2, "--quiet"], folder)
    time.sleep(1.0)  # some workers are started, and others at it
    (os.killpg if all_at_once else os.kill)(process.pid, number)
    message = process.communicate(timeout=60)[1]
    assert (process.returncode, message) == (status, "trfast: stopped; what was finished is kept\n")
    assert list(folder.iterdir()) == []
    assert {path.name for path in (tmp_path / "out").iterdir()} <= {"collection.sqlite"}


def test_workers_keep_temporary_files_in_the_folder_that_goes() -> None:
    folders = {o.result for o in map_recordings(temporary_folder, ["a", "b"], jobs=2)}
    assert all(folder and not Path(folder).exists() for folder in folders)


def temporary_folder(_: str) -> str:
    with tempfile.NamedTemporaryFile(delete=False) as file:
        return str(Path(file.name).parent)
