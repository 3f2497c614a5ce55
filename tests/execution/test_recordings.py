"""Jobs of files, and their work side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.fakes import FakeDiarizer, calls, write
from trfast.annotation import Timeline
from trfast.diarization import Job, SpeakerCount, SpeakerCounts
from trfast.errors import ParameterError
from trfast.execution import diarize_all, make_jobs


def test_jobs_of_files(tmp_path: Path) -> None:
    a, b = write(tmp_path, a="", b="")
    marks = {"a": Timeline([(0, 7)])}
    own = Job("own", b)
    jobs, refused = make_jobs([a, own, b], speech=marks, channel=1)
    assert [(job.name, job.source, job.speech, job.channel) for job in jobs] == [
        ("own", b, None, None),
        ("a", a, marks["a"], 1),
    ]
    assert [(r.item.name, str(r.error)) for r in refused] == [
        ("b", "no speech marks for recording 'b'")
    ]


def test_speaker_counts_of_files(tmp_path: Path) -> None:
    a, b = write(tmp_path, a="", b="")
    counts = SpeakerCounts({"a": SpeakerCount(2)}, SpeakerCount(max_speakers=4))
    jobs, _ = make_jobs([Job("own", b, num_speakers=3), a, b], speaker_counts=counts)
    assert [(job.name, job.speaker_count) for job in jobs] == [
        ("own", SpeakerCount(3)),
        ("a", SpeakerCount(2)),
        ("b", SpeakerCount(max_speakers=4)),
    ]
    with pytest.raises(ParameterError, match="that are not there: 'a'"):
        make_jobs([b], speaker_counts=counts)
    make_jobs([b], speaker_counts=counts, known={"a": None})
    with pytest.raises(ParameterError, match="of type SpeakerCounts, got dict"):
        make_jobs([a], speaker_counts={"a": 2})  # type: ignore[arg-type]


def test_each_channel_a_recording(tmp_path: Path) -> None:
    call, show, broken = (tmp_path / name for name in ("call.wav", "show.wav", "broken.wav"))
    soundfile.write(call, np.zeros((100, 2)), 8000)
    soundfile.write(show, np.zeros(100), 8000)
    broken.write_text("")
    marks = {name: Timeline([(0, 7)]) for name in ("call-ch2", "show", "broken")}
    jobs, refused = make_jobs([call, show, broken], speech=marks, channel="split")
    assert {job.name: (job.source, job.channel) for job in jobs} == {
        "call-ch2": (call, 1),
        "show": (show, None),
        "broken": (broken, None),
    }
    assert [outcome.item.name for outcome in refused] == ["call-ch1"]


def test_files_take_no_name_that_a_job_has(tmp_path: Path) -> None:
    a, b = write(tmp_path, a="", b="")
    jobs, _ = make_jobs([a, Job("a", b)])
    assert [(job.name, job.source) for job in jobs] == [("a", b), (f"{tmp_path.name}_a", a)]
    jobs, _ = make_jobs([a, Job("a", b)], known={"a": str(a)})
    assert [(job.name, job.source) for job in jobs] == [("a", b), (f"{tmp_path.name}_a", a)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_each_job_has_one_outcome(tmp_path: Path, jobs: int) -> None:
    todo = [Job(path.stem, path) for path in write(tmp_path, a="ann:1", b="bug", c="cat:1 ann:1")]
    found = {outcome.item: outcome for outcome in diarize_all(FakeDiarizer(), todo, jobs=jobs)}
    assert found.keys() == set(todo)
    assert [found[job].result is None for job in todo] == [False, True, False]
    if jobs == 1:  # in this order: the largest first
        assert [job.name for job in found] == ["c", "a", "b"]
    assert calls(tmp_path) == ["a", "b", "c"]


def test_what_cannot_be_a_job() -> None:
    with pytest.raises(ParameterError, match="must be a path or a Job, got int"):
        make_jobs([7])  # type: ignore[list-item]
