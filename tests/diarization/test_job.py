"""Job: what is to be diarized."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trfast.annotation import Timeline
from trfast.audio import Waveform
from trfast.diarization import Job, SpeakerCount
from trfast.errors import ParameterError

SAMPLES = Waveform(np.zeros(3, np.float32), 16000)


def test_what_becomes_a_job() -> None:
    job = Job("monday", "a.wav", Timeline([(0, 1)]), 1)
    assert Job.of(job) is job
    assert Job.of(SAMPLES).name == "recording"
    found = Job.of(Path("shows") / "the late  show.wav")
    assert (found.name, found.source, found.speech, found.channel) == (
        "the_late_show",
        Path("shows") / "the late  show.wav",
        None,
        None,
    )
    assert Job.of(os.fsdecode(b"\xe9.wav")).name == "%E9"


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (("a b", SAMPLES), "recording name 'a b' cannot be written"),
        (("", SAMPLES), "recording name ''"),
        ((7, SAMPLES), "recording name must be a str, got int 7"),
        (("a", np.zeros(3)), "a recording must be a path, a Waveform, .* got ndarray"),
        (
            ("a", SAMPLES, [(0, 1)]),
            r"speech must be of type Timeline, got .*: give Timeline\(speech\)",
        ),
        (("a", SAMPLES, None, -1), "channel counts from 0, got -1"),
    ],
)
def test_parts_that_cannot_be(parts: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Job(*parts)


def test_how_many_speakers() -> None:
    assert not Job("a", SAMPLES).speaker_count.is_known
    assert Job("a", SAMPLES, num_speakers=2).speaker_count == SpeakerCount(2)
    assert Job("a", SAMPLES, min_speakers=2, max_speakers=3).speaker_count.nearest(9) == 3
    with pytest.raises(ParameterError, match="num_speakers must be at least 1, got 0"):
        Job("a", SAMPLES, num_speakers=0)


def test_a_job_goes_to_other_processes() -> None:
    job = pickle.loads(pickle.dumps(Job("a", SAMPLES, Timeline([(0, 1)]), 0)))
    assert (job.name, job.source.sample_rate, job.speech, job.channel) == (
        "a",
        16000,
        Timeline([(0, 1)]),
        0,
    )
