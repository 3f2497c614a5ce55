"""Runs whose driver or workers are killed at any moment: nothing is lost, and nothing differs."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.small import RATE, VOICES, show, small_model
from trfast.collection import Collection

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs SIGKILL and /proc")

_N_RECORDINGS = 24


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Short recordings of two voices, and a model that is loaded quickly."""
    folder = tmp_path_factory.mktemp("archive")
    for k in range(_N_RECORDINGS):
        rng = np.random.default_rng(k)
        one, other = (list(VOICES)[(k + i) % len(VOICES)] for i in range(2))
        samples = show([(1, 9, one), (10, 19, other)], 20, rng)
        soundfile.write(folder / f"show-{k:02}.wav", samples, RATE)
    small_model().save(folder / "small.model")
    return folder


def start(archive: Path, out: Path, jobs: int = 2) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "trfast", "run", archive, "-o", out, "--jobs", str(jobs)),
            *("--model", archive / "small.model", "--segments", "--quiet"),
        ],
        stderr=subprocess.PIPE,
    )


def workers_of(pid: int) -> list[int]:
    """The processes that a driver has started, but the one that multiprocessing has for itself."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            command = stat.with_name("cmdline").read_bytes()
        except (OSError, IndexError):
            continue
        if parent == pid and b"spawn_main" in command:
            found.append(int(stat.parent.name))
    return sorted(found)


def contents(out: Path) -> tuple[Any, ...]:
    """All that is in a collection but ids and times of day."""
    with Collection(out / "collection.sqlite", read_only=True) as collection:
        assert collection.failures() == []
        recordings = collection.recordings()
        found = [collection.diarization(recording.name) for recording in recordings]
        return (
            [(r.name, r.duration, r.n_speakers, r.speech, r.model_hash) for r in recordings],
            [(d.annotation, d.speakers, d.vectors.tobytes()) for d in found],
            [d.speech_durations.tobytes() for d in found],
            list(collection.links()),
            (out / "collection.rttm").read_bytes(),
        )


def finished(process: subprocess.Popen[bytes]) -> bytes:
    message = process.communicate(timeout=300)[1]
    assert process.returncode == 0, message.decode()
    return message


@pytest.fixture(scope="module")
def undisturbed(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    out = tmp_path_factory.mktemp("undisturbed")
    began = time.monotonic()
    finished(start(archive, out, jobs=1))
    return time.monotonic() - began, contents(out)


@pytest.mark.parametrize("n_kills", [4, pytest.param(50, marks=pytest.mark.slow)])
def test_kills_at_random(
    archive: Path, undisturbed: tuple[Any, ...], tmp_path: Path, n_kills: int
) -> None:
    seconds, expected = undisturbed
    rng, n_rounds, n_done, drivers = random.Random(n_kills), 0, 0, 0
    while n_done < n_kills:
        n_rounds += 1
        out = tmp_path / f"round-{n_rounds}"
        while True:
            process = start(archive, out)
            # Some runs lose several workers, and some their driver, until one comes to its end.
            while process.poll() is None and n_done < n_kills:
                time.sleep(rng.uniform(0, seconds))
                victims = [process.pid] if rng.random() < 0.4 else workers_of(process.pid)
                if not victims or process.poll() is not None:
                    continue
                victim = rng.choice(victims)
                try:
                    os.kill(victim, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                n_done += 1
                drivers += victim == process.pid
            message = process.communicate(timeout=300)[1]
            if process.returncode == 0:
                break
            # All that were to work killed before they did is an error, and so is a recording whose
            # worker was killed three times; what is kept is kept, and the next run does the rest.
            told = re.search(rb"worker process(es)? died", message)
            assert process.returncode == -signal.SIGKILL or told, message.decode()
        assert contents(out) == expected
    assert n_kills < 10 or 0 < drivers < n_kills
