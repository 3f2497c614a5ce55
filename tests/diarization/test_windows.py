"""Speakers of units: by hand, and that one setting needs no lucky threshold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trfast import load_model
from trfast.diarization import SpeakerCount, StageTimes, windows
from trfast.diarization.joining import join_units, join_units_at
from trfast.diarization.windows import refined, rows_of_units
from trfast.errors import ParameterError
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


def test_thresholds_at_once_give_what_each_gives() -> None:
    rows, durations, v, _ = show([(0, 8), (1, 5), (0, 6), (2, 12), (1, 9)], d=3, shift=1.0)
    thresholds = [-30.0, 8.0, 0.0, 60.0]
    found = join_units_at(rows, durations, v, CONFIG, thresholds)
    each = [join_units(rows, durations, v, replace(CONFIG, threshold=t)) for t in thresholds]
    assert [labels.tolist() for labels in found] == [labels.tolist() for labels in each]
    assert len({int(labels.max()) for labels in found}) > 2


def test_if_nobody_says_enough_all_stay() -> None:
    rows, durations, v, labels = show([(0, 2), (1, 2)])
    assert join_units(rows, durations, v, CONFIG).tolist() == labels.tolist()


@pytest.mark.parametrize("num_speakers", [1, 2, 3, 5])
def test_number_of_speakers_is_what_was_asked_for(num_speakers: int) -> None:
    rows, durations, v, _ = show([(0, 8), (1, 5), (2, 1)])
    found = join_units(rows, durations, v, CONFIG, speaker_count=SpeakerCount(num_speakers))
    assert len(set(found.tolist())) == num_speakers


@pytest.mark.parametrize(
    ("least", "most", "n"), [(1, None, 3), (None, 2, 2), (4, 6, 4), (None, 3, 3), (2, 9, 3)]
)
def test_number_of_speakers_is_the_nearest_allowed(
    least: int | None, most: int | None, n: int
) -> None:
    rows, durations, v, _ = show([(0, 8), (1, 5), (2, 4)])
    found = join_units(rows, durations, v, CONFIG, speaker_count=SpeakerCount(None, least, most))
    assert len(set(found.tolist())) == n


def test_what_is_found_anyway_is_not_found_otherwise_when_asked_for() -> None:
    rows, durations, v, _ = show([(0, 10), (1, 10), (2, 2), (0, 3)])
    by_itself = join_units(rows, durations, v, CONFIG)
    count = SpeakerCount(int(by_itself.max()) + 1)
    found = join_units(rows, durations, v, CONFIG, speaker_count=count)
    assert found.tolist() == by_itself.tolist()


def test_who_says_little_stays_where_so_many_are_asked_for() -> None:
    rows, durations, v, labels = show([(0, 10), (1, 10), (2, 2), (3, 1)])
    for n, expected in ((2, 2), (3, 3), (4, 4)):
        found = join_units(rows, durations, v, CONFIG, speaker_count=SpeakerCount(None, n))
        assert len(set(found.tolist())) == expected
    assert found.tolist() == labels.tolist()


@settings(max_examples=60, deadline=None)
@given(
    turns=st.lists(st.tuples(st.integers(0, 4), st.integers(1, 6)), min_size=1, max_size=6),
    least=st.integers(1, 8),
    more=st.none() | st.integers(0, 4),
    min_speech=st.sampled_from([0.0, 2.0, 100.0]),
    seed=st.integers(0, 3),
)
def test_as_many_speakers_as_may_be(
    turns: list[tuple[int, int]], least: int, more: int | None, min_speech: float, seed: int
) -> None:
    rows, durations, v, _ = show(turns, seed=seed)
    config = WindowConfig(threshold=0.0, min_speech=min_speech)
    count = SpeakerCount(None, least, None if more is None else least + more)
    if len(rows) < least:
        with pytest.raises(ParameterError, match="n_clusters must be at most"):
            join_units(rows, durations, v, config, speaker_count=count)
        return
    found = join_units(rows, durations, v, config, speaker_count=count)
    n = len(set(found.tolist()))
    assert found.shape == (len(rows),)
    assert list(dict.fromkeys(found.tolist())) == list(range(n))
    assert n == count.nearest(n)
    by_itself = join_units(rows, durations, v, config)
    n_by_itself = int(by_itself.max()) + 1
    if n_by_itself == count.nearest(n_by_itself):
        assert found.tolist() == by_itself.tolist()


def test_a_speaker_that_refinement_would_lose_stays_if_asked_for() -> None:
    model = load_model()
    rng = np.random.default_rng(0)
    static = rng.normal(size=(3000, 20)).astype(np.float32)
    static[1000:2000] += 2
    # 2 speaks like 0, in a run with it; the last run has nothing of theirs.
    bounds = np.array([[0, 900], [900, 930], [930, 1400], [1500, 2000], [2100, 2600]])
    labels = np.array([0, 2, 1, 1, 0])
    clock = StageTimes()
    before, found = refined(model, static, bounds, labels, clock=clock)
    assert set(found.tolist()) == {0, 1}
    for least in (0, 2):
        _, same = refined(model, static, bounds, labels, least=least, clock=clock)
        assert same.tolist() == found.tolist()
    after, kept = refined(model, static, bounds, labels, least=3, clock=clock)
    assert kept.tolist() == labels.tolist()
    assert after.tolist() == bounds.tolist()
    assert before.tolist()[-2:] == after.tolist()[-2:]


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
    whole = rows_of_units(model, static, units, StageTimes())
    monkeypatch.setattr(windows, "_BLOCK", block)
    assert rows_of_units(model, static, units, StageTimes()) == pytest.approx(whole, abs=1e-4)
