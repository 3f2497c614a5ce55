"""Long recordings: taken apart, and their speakers linked; two hours count as a minute here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.diarization.test_windows import CONFIG, show
from trfast import load_model
from trfast.audio import SAMPLE_RATE, Waveform, load
from trfast.diarization import Diarization, Diarizer, SpeakerCount, long
from trfast.diarization.joining import join_parts, join_units
from trfast.diarization.long import linked_speakers, n_parts

SHOW = Path(__file__).parents[2] / "examples" / "audio" / "show-2.opus"


@pytest.fixture
def short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long, "_LONG", 60.0)
    monkeypatch.setattr(long, "_PART", 60.0)


@pytest.fixture(scope="module")
def samples() -> npt.NDArray[np.float32]:
    return load(SHOW)


def test_parts_are_of_an_hour_at_most_from_two_hours_on() -> None:
    model = load_model()
    hours = [0.0, 1.5, 2.0, 2.001, 3.0, 3.5, 24.0]
    assert [n_parts(model, 3600 * n) for n in hours] == [1, 1, 1, 3, 3, 4, 24]


def test_what_cannot_be_linked_is_not_taken_apart() -> None:
    model = load_model()
    others = replace(model, backends={"cosine": model.backends["cosine"]})
    plain = {name: replace(backend, cohort=None) for name, backend in model.backends.items()}
    unlike = [others, replace(model, backends=plain), load_model("campplus")]
    assert [n_parts(other, 1e5) for other in unlike] == [1, 1, 1]


def test_units_of_a_part_are_joined_as_if_nothing_else_was_there() -> None:
    rows, durations, v, _ = show([(0, 8), (1, 5), (0, 6), (2, 12), (1, 9)])
    parts = np.repeat([0, 2], [13, 27])  # where nobody speaks, no unit is of the part
    found = join_parts(rows, durations, parts, v, CONFIG)
    first, second = (
        join_units(rows[own], durations[own], v, CONFIG) for own in (parts == 0, parts == 2)
    )
    assert found.tolist() == [*first, *(second + first.max() + 1)]
    assert join_parts(rows[:0], durations[:0], parts[:0], v, CONFIG).tolist() == []


def test_the_same_vectors_are_one_speaker_and_strangers_are_not() -> None:
    model = load_model()
    voices = np.random.default_rng(0).normal(size=(4, len(model.whitening.mean_)))
    found = linked_speakers(model, voices[[0, 1, 0, 2, 1, 3]], np.full(6, 30.0))
    assert found.tolist() == [0, 1, 0, 2, 1, 3]


@pytest.mark.usefixtures("short_parts")
def test_a_show_and_its_repeat_have_the_same_speakers(samples: npt.NDArray[np.float32]) -> None:
    whole = samples[: len(samples) // SAMPLE_RATE * SAMPLE_RATE]
    found = Diarizer()(Waveform(np.concatenate([whole, whole]), SAMPLE_RATE))
    middle = len(whole) / SAMPLE_RATE
    seconds = [dict.fromkeys(found.speakers, 0.0) for _ in range(2)]
    for turn in found.annotation:
        seconds[turn.start > middle][turn.speaker] += turn.duration
    shared = sum(min(one, seconds[1][speaker]) for speaker, one in seconds[0].items())
    assert shared > 0.9 * sum(seconds[0].values())


@pytest.mark.usefixtures("short_parts")
@pytest.mark.parametrize("n", [1, 2, 12])
def test_as_many_speakers_as_asked_for(samples: npt.NDArray[np.float32], n: int) -> None:
    found: Diarization = Diarizer(num_speakers=n)(Waveform(samples, SAMPLE_RATE))
    assert found.speakers == tuple(f"S{k + 1}" for k in range(n))
    assert list(dict.fromkeys(turn.speaker for turn in found.annotation)) == list(found.speakers)


@pytest.mark.usefixtures("short_parts")
def test_nobody_speaks() -> None:
    silence = np.zeros(100 * SAMPLE_RATE, np.float32)
    assert Diarizer()(Waveform(silence, SAMPLE_RATE)).speakers == ()


def test_nobody_is_linked() -> None:
    model = load_model()
    nobody = np.empty((0, len(model.whitening.mean_)), np.float32)
    assert linked_speakers(model, nobody, np.empty(0), speaker_count=SpeakerCount()).tolist() == []
