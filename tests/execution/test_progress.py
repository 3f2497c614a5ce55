"""How far the work is: told within a recording, in this process and from workers."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tests.fakes import FakeDiarizer, diarization
from trfast._listening import listener
from trfast.audio import Waveform
from trfast.collection import Collection
from trfast.diarization import Diarization, Diarizer, Job
from trfast.errors import AudioError
from trfast.execution import Outcome, Progress, map_recordings
from trfast.execution.board import INTERVAL, Board
from trfast.execution.progress import Tally
from trfast.execution.workers import CONTEXT


def slow(item: str) -> bool:
    """Tell of four steps; return whether anybody listened."""
    tell = listener()
    for k in range(1, 5):
        if item == "die" and k == 3:
            os._exit(3)
        if tell is not None:
            tell(k, 4.0)
        time.sleep(1.5 * INTERVAL)
    return tell is not None


@pytest.mark.parametrize("jobs", [1, 2])
def test_it_moves_within_an_item(jobs: int) -> None:
    told: list[tuple[str, float, float]] = []
    seen_by_outcome = {}
    outcomes = map_recordings(slow, ["a", "b"], jobs=jobs, moved=lambda *step: told.append(step))
    for outcome in outcomes:
        assert outcome.result is True
        seen_by_outcome[outcome.item] = [step for step in told if step[0] == outcome.item]
    for item, steps in seen_by_outcome.items():
        assert len(steps) >= 2
        assert [total for _, _, total in steps] == [4.0] * len(steps)
        done = [seconds for _, seconds, _ in steps]
        assert done == sorted(set(done)), item


def test_nobody_listens_unless_asked_nor_on_an_executor() -> None:
    assert [o.result for o in map_recordings(slow, ["a", "b"], jobs=2)] == [False, False]
    with ThreadPoolExecutor(1) as executor:
        found = map_recordings(slow, ["a"], executor=executor, moved=lambda *_: pytest.fail("told"))
        assert [o.result for o in found] == [False]


@pytest.mark.slow
def test_a_worker_that_dies_loses_only_its_own_item() -> None:
    told: list[str] = []
    items = ["a", "die", "b"]
    outcomes = map_recordings(slow, items, jobs=2, moved=lambda item, *_: told.append(item))
    found = {outcome.item: outcome.result for outcome in outcomes}
    assert found == {"a": True, "die": None, "b": True}
    assert set(told) == set(items)


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_of_the_listener_is_none_of_the_recording(jobs: int) -> None:
    def stop(*_: object) -> None:
        raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        list(map_recordings(slow, ["a", "b"], jobs=jobs, moved=stop))
    assert listener() is None


def test_a_board_without_a_free_line(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    board: Board[str] = Board(CONTEXT, 1, lambda *step: told.append(step))
    line = board.claim("a")
    assert line == 0
    assert board.claim("b") is None
    board.release(None)
    board.lines[:] = [2.0, 9.0]
    board.look()
    assert told == []  # not yet time
    monkeypatch.setattr("trfast.execution.board.INTERVAL", 0.0)
    board.look()
    board.look()
    assert told == [("a", 2.0, 9.0)]
    board.release(line)
    assert board.claim("b") == 0
    board.look()
    assert len(told) == 1


def seconds(n: int) -> Waveform:
    rng = np.random.default_rng(n)
    return Waveform(rng.normal(scale=0.01, size=16_000 * n).astype(np.float32), 16_000)


def test_seconds_add_up() -> None:
    told: list[Progress] = []
    jobs = [Job("a", seconds(10)), Job("b", seconds(30)), Job("c", "no such file.wav")]
    tally = Tally(jobs, told.append)
    tally.moved(jobs[0], 4.0, 10.0)
    found: Outcome[Job, Diarization] = Outcome(jobs[0], diarization("a", "ann:9.5"), None, 0.1)
    tally.finished(found)
    tally.moved(jobs[0], 1.0, 10.0)  # too late: not told
    tally.moved(jobs[1], 5.0, 30.0)
    tally.finished(Outcome(jobs[1], None, AudioError("cut off"), 0.1))
    tally.finished(Outcome(jobs[2], None, AudioError("not there"), 0.1))
    assert told == [
        Progress("a", None, 3, 0, 0, 4.0, 40.0),
        Progress("a", found, 3, 1, 0, 10.5, 40.5),  # it was longer than its header said
        Progress("b", None, 3, 1, 0, 15.5, 40.5),
        Progress("b", told[3].outcome, 3, 2, 1, 15.5, 15.5),
        Progress("c", told[4].outcome, 3, 3, 2, 15.5, 15.5),
    ]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_collection_tells_the_same_whoever_works(jobs: int) -> None:
    told: list[Progress] = []
    work = [Job(f"r{n}", seconds(n)) for n in (50, 70)]
    with Collection(":memory:") as collection, Collection(":memory:") as other:
        assert collection.add_all(work, diarizer=Diarizer(), jobs=jobs, progress=told.append) == []
        assert other.add_all(work, diarizer=Diarizer(), jobs=1) == []
        assert list(collection.recordings()) == list(other.recordings())
    assert [p.n_done for p in told if p.outcome is not None] == [1, 2]
    assert told[-1].seconds == told[-1].total_seconds == 120.0
    assert all(p.total_seconds == 120.0 and p.n_recordings == 2 for p in told)
    assert [p.seconds for p in told] == sorted(p.seconds for p in told)


def test_a_diarizer_of_ones_own_moves_by_recordings() -> None:
    told: list[Progress] = []
    with Collection(":memory:") as collection:
        work = [Job("a", seconds(1)), Job("b", seconds(2))]
        collection.add_all(work, diarizer=FakeDiarizer(), jobs=1, progress=told.append)
    assert [(p.recording, p.n_done) for p in told] == [("b", 1), ("a", 2)]
