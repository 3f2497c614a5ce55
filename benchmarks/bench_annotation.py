"""Long annotations: reading and writing them, and who speaks in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks._common import OURS, measure
from trfast.annotation import Annotation
from trfast.evaluation import oracle_linking
from trfast.formats import read_rttm, write_rttm
from trfast.training.labelled import single_speaker_turns

N_TURNS, N_SPEAKERS = 20_000, 200
N_RECORDINGS, TURNS_EACH = 400, 1_000


def conversation(name: str, n_turns: int, n_speakers: int, seed: int) -> Annotation:
    """Turns of 0.3 to 6 s, most of which overlap the next or nearly do."""
    rng = np.random.default_rng(seed)
    durations, gaps = rng.uniform(0.3, 6, n_turns), rng.uniform(-0.5, 0.8, n_turns)
    starts = np.maximum(np.cumsum(durations + gaps) - durations - gaps, 0).round(3)
    ends = (starts + durations).round(3)
    speakers = [f"speaker{k}" for k in rng.integers(n_speakers, size=n_turns)]
    return Annotation(name, zip(starts.tolist(), ends.tolist(), speakers, strict=True))


@pytest.fixture(scope="module")
def reference() -> Annotation:
    return conversation("show", N_TURNS, N_SPEAKERS, seed=0)


@pytest.fixture(scope="module")
def archive() -> list[Annotation]:
    return [conversation(f"show{k}", TURNS_EACH, 30, seed=k) for k in range(N_RECORDINGS)]


def test_read_rttm(benchmark: Any, archive: list[Annotation], tmp_path: Path) -> None:
    path = tmp_path / "archive.rttm"
    write_rttm(archive, path)
    lines = path.read_text().splitlines(keepends=True)
    np.random.default_rng(0).shuffle(lines)
    path.write_text("".join(lines))
    read = measure(benchmark, "long RTTM", OURS, read_rttm, path)
    assert sorted(read.values(), key=lambda a: a.recording) == sorted(
        archive, key=lambda a: a.recording
    )


def test_write_rttm(benchmark: Any, archive: list[Annotation], tmp_path: Path) -> None:
    measure(benchmark, "writing RTTM", OURS, write_rttm, archive, tmp_path / "archive.rttm")


def test_oracle(benchmark: Any, reference: Annotation) -> None:
    hypothesis = conversation("show", N_TURNS, N_SPEAKERS, seed=1)
    linked = measure(
        benchmark, "oracle", OURS, oracle_linking, {"show": reference}, {"show": hypothesis}
    )
    assert len(linked["show"]) == N_TURNS


def test_stretches_of_one_speaker(benchmark: Any, reference: Annotation) -> None:
    alone = measure(benchmark, "alone", OURS, single_speaker_turns, reference)
    assert len(alone) > N_TURNS / 2


def test_speech_by_speaker(benchmark: Any, reference: Annotation) -> None:
    speech = measure(benchmark, "speech by speaker", OURS, reference.speech_by_speaker)
    assert len(speech) == N_SPEAKERS
