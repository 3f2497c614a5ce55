"""The same whatever the number of jobs and threads, and the order of recordings, bit for bit."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trfast import Diarizer, Job, Waveform, _ext, load_model
from trfast.audio import load
from trfast.collection import Collection

SHOWS = sorted((Path(__file__).parents[1] / "examples" / "audio").glob("*.opus"))
_SECONDS = 12


def jobs() -> list[Job]:
    return [
        Job(f"{show.stem}-{part}", Waveform(load(show)[start : start + _SECONDS * 16_000], 16_000))
        for show in SHOWS
        for part, start in enumerate((0, 20 * 16_000))
    ]


def found(given: list[Job], **options: Any) -> tuple[Any, ...]:
    """What a collection holds of recordings, but ids and times of day."""
    model = load_model()
    with Collection(":memory:") as collection:
        assert collection.add_all(given, diarizer=Diarizer(model), **options) == []
        collection.link(model)
        held = [collection.diarization(recording.name) for recording in collection.recordings()]
        return (
            [(d.annotation, d.vectors.tobytes(), d.speech_durations.tobytes()) for d in held],
            list(collection.links()),
            list(collection.annotations()),
        )


@pytest.fixture(scope="module")
def alone() -> tuple[Any, ...]:
    return found(jobs(), jobs=1)


@pytest.mark.parametrize(
    "way",
    [
        "order",
        "one by one",
        pytest.param("processes", marks=pytest.mark.slow),
        "threads",
    ],
)
def test_results_are_equal(alone: tuple[Any, ...], way: str) -> None:
    given = jobs()
    if way == "processes":
        assert found(given, jobs=2) == alone
    elif way == "threads":
        with ThreadPoolExecutor(4) as executor:
            assert found(given, executor=executor) == alone
    elif way == "order":
        assert found(given[::-1], jobs=1) == alone
    else:
        model = load_model()
        with Collection(":memory:") as collection:
            for job in given[3:] + given[:3]:
                collection.add(job, diarizer=Diarizer(model))
            collection.link(model)
            assert list(collection.annotations()) == alone[2]


_SAID = (
    "import hashlib\n"
    "from tests.test_equal import found, jobs\n"
    "annotations = [list(a) for a in found(jobs()[:4], jobs=1)[2]]\n"
    "print(hashlib.sha256(repr(found(jobs()[:4], jobs=1)[0]).encode()).hexdigest(), annotations)\n"
)


@pytest.mark.slow
def test_threads_of_libraries_change_nothing() -> None:
    said = {
        subprocess.run(
            [sys.executable, "-c", _SAID],
            env=os.environ
            | {"PYTHONPATH": os.pathsep.join([os.getcwd(), *sys.path])}
            | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), n),
            capture_output=True,
            check=True,
        ).stdout
        for n in ("1", "2", "7")
    }
    assert len(said) == 1


@pytest.mark.skipif(len(_ext.instruction_sets()) == 1, reason="this machine has one set only")
def test_instruction_sets_agree_end_to_end() -> None:
    """Turns within a frame, and vectors within a ten-thousandth of their largest number; measured:
    equal turns, and 4e-6."""
    results = []
    for name in _ext.instruction_sets():
        former = _ext.use_instruction_set(name)
        try:
            results.append([Diarizer()(job) for job in jobs()])
        finally:
            _ext.use_instruction_set(former)
    for others in results[1:]:
        for one, other in zip(results[0], others, strict=True):
            assert one.speakers == other.speakers
            assert [t.speaker for t in one.annotation] == [t.speaker for t in other.annotation]
            for turn, its in zip(one.annotation, other.annotation, strict=True):
                assert abs(turn.start - its.start) <= 0.01
                assert abs(turn.end - its.end) <= 0.01
            scale = np.abs(one.vectors).max(initial=1e-9)
            np.testing.assert_allclose(one.vectors, other.vectors, rtol=0, atol=1e-4 * scale)
