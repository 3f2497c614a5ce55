"""The benchmark of senko writes the turns that it finds, with a stand-in for senko."""

from __future__ import annotations

import sys
import wave
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from benchmarks import senko
from trfast.annotation import Turn
from trfast.formats import read_rttm


class Diarizer:
    """Finds one turn as long as the recording, and nothing in silence."""

    vad_model_type = "silero"
    logical_cores = 2

    def __init__(self, *, device, warmup):
        assert (device, warmup) == ("cpu", False)

    def diarize(self, path, *, accurate):
        assert (self.logical_cores, accurate) == (1, False)
        with wave.open(path) as file:
            assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)
            seconds = file.getnframes() / 16_000
            if not any(file.readframes(file.getnframes())):
                return None
        turn = {"start": 0.0, "end": seconds, "speaker": "SPEAKER_01"}
        return {"merged_segments": [turn], "raw_segments": [turn | {"end": seconds / 2}]}


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "senko", SimpleNamespace(Diarizer=Diarizer))
    monkeypatch.setattr(senko, "version", lambda _: "0")
    for name in senko.VARIABLES:
        monkeypatch.setenv(name, "1")

    def run(**recordings):
        (tmp_path / "small" / "audio").mkdir(parents=True)
        for name, (samples, rate) in recordings.items():
            soundfile.write(tmp_path / "small" / "audio" / f"{name}.wav", samples, rate)
        paths = [str(tmp_path / name) for name in ("small", "a.rttm", "b.rttm")]
        monkeypatch.setattr(sys, "argv", ["senko", paths[0], paths[1], "--unmerged", paths[2]])
        senko.main()
        return [read_rttm(path) for path in paths[1:]]

    return run


def test_turns_of_all_recordings(run, capsys):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 32_000)

    merged, unmerged = run(
        long=(np.column_stack([noise, noise]), 16_000),
        short=(noise[:16_000], 16_000),
        silent=(np.zeros(16_000), 16_000),
    )

    assert {name: list(a) for name, a in merged.items()} == {
        "long": [Turn(0.0, 2.0, "SPEAKER_01")],
        "short": [Turn(0.0, 1.0, "SPEAKER_01")],
    }
    assert unmerged["long"].timeline().duration == 1.0
    assert "3 recordings, 4 s of audio" in capsys.readouterr().out


def test_another_rate_is_refused(run):
    with pytest.raises(SystemExit, match=r"low\.wav: 8000 Hz, expected 16000"):
        run(low=(np.zeros(8_000), 8_000))
