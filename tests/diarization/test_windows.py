"""Speakers of units: by hand, and that one setting needs no lucky threshold."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from trfast import load_model
from trfast.diarization import windows
from trfast.diarization.windows import join_units, rows_of_units
from trfast.scoring import WindowConfig
from trfast.segmentation import Units

Array = npt.NDArray[Any]

CONFIG = WindowConfig(threshold=0.0, min_speech=2.0)


def show(
    turns: list[tuple[int, int]], d: int = 20, shift: float = 0.0, seed: int = 0
) -> tuple[Array, Array, Array, Array]:
    """Rows of units, speaker after speaker: (speaker, units); all moved by what they share."""
    rng = np.random.default_rng(seed)
    v = np.linspace(20, 5, d)
    voices = rng.normal(size=(1 + max(k for k, _ in turns), d)) * np.sqrt(v)
    labels = np.repeat([k for k, _ in turns], [n for _, n in turns])
    rows = voices[labels] + rng.normal(size=(len(labels), d)) + shift
    return rows.astype(np.float32), np.full(len(labels), 0.75), v, labels


@pytest.mark.parametrize("shift", [0.0, 3.0])
def test_turns_of_a_speaker_come_together(shift: float) -> None:
    rows, durations, v, labels = show([(0, 8), (1, 5), (0, 6), (2, 12), (1, 9)], shift=shift)
    assert join_units(rows, durations, v, CONFIG).tolist() == labels.tolist()


def test_one_speaker_stays_one() -> None:
    rows, durations, v, _ = show([(0, 40)], shift=2.0)
    assert set(join_units(rows, durations, v, CONFIG).tolist()) == {0}


def test_who_says_little_joins_the_nearest() -> None:
    rows, durations, v, labels = show([(0, 10), (1, 10), (2, 2)])
    rows[labels == 2] = rows[:2] + 4
    found = join_units(rows, durations, v, CONFIG)
    assert found.tolist() == [0] * 10 + [1] * 10 + [0] * 2
    alone = join_units(rows, durations, v, WindowConfig(threshold=0.0, min_speech=0.0))
    assert alone[-1] == 2


def test_if_nobody_says_enough_all_stay() -> None:
    rows, durations, v, labels = show([(0, 2), (1, 2)])
    assert join_units(rows, durations, v, CONFIG).tolist() == labels.tolist()


@pytest.mark.parametrize("num_speakers", [1, 2, 3, 5])
def test_number_of_speakers_is_what_was_asked_for(num_speakers: int) -> None:
    rows, durations, v, _ = show([(0, 8), (1, 5), (2, 1)])
    found = join_units(rows, durations, v, CONFIG, num_speakers=num_speakers)
    assert len(set(found.tolist())) == num_speakers


def test_no_unit_and_one() -> None:
    rows, durations, v, _ = show([(0, 1)])
    assert join_units(rows[:0], durations[:0], v, CONFIG).tolist() == []
    assert join_units(rows, durations, v, CONFIG).tolist() == [0]


@pytest.mark.parametrize("block", [1, 3, 7])
def test_rows_do_not_depend_on_how_many_units_are_taken_at_a_time(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_model()
    assert model.ubm is not None
    n_static = model.ubm.means_.shape[1] // 3
    static = np.random.default_rng(0).normal(size=(700, n_static)).astype(np.float32)
    starts = np.arange(0, 640, 64)
    units = Units(np.stack([starts, starts + 64], axis=1), np.repeat([0, 1, 2], [4, 1, 5]))
    whole = rows_of_units(model, static, units)
    monkeypatch.setattr(windows, "_BLOCK", block)
    assert rows_of_units(model, static, units) == pytest.approx(whole, abs=1e-4)
