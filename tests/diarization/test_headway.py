"""How far a diarizer is within one recording."""

from __future__ import annotations

from math import nan
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import SHARED
from tests.networks import write_detector
from trfast import diarize
from trfast._listening import listening
from trfast.audio import Waveform, load
from trfast.diarization import Diarization, Diarizer, Job
from trfast.model import load_model
from trfast.speech import OnnxDetector

SHOWS = Path(__file__).parents[2] / "examples" / "audio"
CAMPPLUS = SHARED / "embedders" / "campplus-int8.onnx"

Steps = list[tuple[float, float]]


@pytest.fixture(scope="module")
def show() -> Waveform:
    return Waveform(np.concatenate([load(SHOWS / f"show-{k}.opus") for k in (1, 2)]), 16_000)


def told(diarizer: Diarizer, show: Waveform) -> Steps:
    """What it tells, which goes up to the end, and changes nothing."""
    steps: Steps = []
    found = diarizer(Job("show", show), progress=lambda *step: steps.append(step))
    duration = len(show.samples) / 16_000
    assert {total for _, total in steps} == {duration}
    done = [seconds for seconds, _ in steps]
    assert done == sorted(done)
    assert done[-1] == pytest.approx(duration)
    assert same(found, diarizer(Job("show", show)))
    return steps


def same(one: Diarization, other: Diarization) -> bool:
    return one.annotation == other.annotation and np.array_equal(one.vectors, other.vectors)


@pytest.mark.parametrize(("by_segments", "share"), [(False, 1.5 / 3.5), (True, 1.5 / 2.5)])
def test_each_block_moves_it(show: Waveform, by_segments: bool, share: float) -> None:
    model = load_model()
    steps = told(Diarizer(model, comparison=model.within() if by_segments else None), show)
    assert steps[0][0] == pytest.approx(30 * share)  # blocks are of 30 s
    assert steps[1][0] == pytest.approx(60 * share)
    assert len({seconds for seconds, _ in steps}) >= 6


def test_a_detector_in_a_file(show: Waveform, tmp_path: Path) -> None:
    detector = OnnxDetector(write_detector(tmp_path / "detector.onnx"))
    assert told(Diarizer(detector=detector), show)[0][0] == pytest.approx(30 * 9.5 / 11.5)


@pytest.mark.skipif(not CAMPPLUS.exists(), reason="needs ../shared/embedders")
@pytest.mark.parametrize("hybrid", [False, True])
def test_a_network_moves_it_most(show: Waveform, hybrid: bool) -> None:
    show = Waveform(show.samples[: 40 * 16_000], 16_000)
    model = load_model("campplus", embedder=CAMPPLUS)
    steps = told(Diarizer(model, local_model=load_model() if hybrid else None), show)
    before = (2.5 / 6.5 if hybrid else 1.5 / 42.5) * 40
    within = [seconds for seconds, _ in steps if before < seconds < 39]
    assert len(within) >= 2


def test_who_listens_hears_it_too(show: Waveform) -> None:
    steps: Steps = []
    with listening(lambda *step: steps.append(step)):
        diarize(show)
    expected: Steps = []
    diarize(show, progress=lambda *step: expected.append(step))
    assert steps == expected


def test_a_file_that_does_not_say_how_long_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trfast.diarization.diarizer.header_duration", lambda _: nan)
    diarize(Waveform(np.zeros(16_000, np.float32), 16_000), progress=lambda *_: pytest.fail("told"))
