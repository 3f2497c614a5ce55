"""trfast info, and warnings of suspicious sound, with the default model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from tests.audio.test_sound_check import two_tracks
from tests.audio.test_source import tones
from tests.fakes import diarization
from trfast.audio import SAMPLE_RATE
from trfast.cli import main
from trfast.collection import Collection
from trfast.comparison import Comparison
from trfast.diarization import Diarizer, Job
from trfast.model import load_model

MODEL = load_model()


def trfast(*words: object, status: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(word) for word in words], prog_name="trfast")
    assert result.exit_code == status, result.output
    return result


def info(*words: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(trfast("info", *words, "--json").stdout)
    return found


@pytest.fixture
def upside_down(tmp_path: Path) -> Path:
    samples = tones(2.0, SAMPLE_RATE)
    soundfile.write(tmp_path / "call.wav", np.stack([samples, -samples], axis=1), SAMPLE_RATE)
    return tmp_path / "call.wav"


def test_recordings(upside_down: Path, tmp_path: Path) -> None:
    two_tracks(tmp_path / "two.mkv")
    call, two = info(tmp_path)
    assert call == {
        "path": str(upside_down),
        "kind": "recording",
        "duration": 2.0,
        "sample_rate": 16000,
        "channels": 2,
        "format": "wav pcm_16",
        "tracks": 1,
        "bytes": upside_down.stat().st_size,
    }
    assert two["tracks"] == 2
    (heard,) = info(upside_down, "--listen")
    assert heard["heard"] == 2.0
    assert heard["level"] < -90
    assert "cancel each other" in heard["warnings"][0]
    shown = trfast("info", upside_down, "--listen").stdout
    assert "0:00:02 (2.00 s)" in shown
    assert "cancel each other" in shown


def test_a_model() -> None:
    (found,) = info("default")
    assert found["hash"] == MODEL.content_hash
    assert found["default"] == {"backend": "tr", "clustering": "average"}
    assert found["trained_on"]["speakers"] == 284
    assert found["backends"]["tr"]["average"]["across"] == MODEL.thresholds().across
    assert "tr average *" in trfast("info", "default").stdout


def test_a_collection(tmp_path: Path) -> None:
    with Collection(tmp_path / "collection.sqlite") as collection:
        collection.add_diarizations(
            [diarization(*one, "imported:4") for one in (("a", "ann:3 ben:4"), ("b", "ann:1"))]
        )
        (before,) = info(tmp_path)
        collection.link(comparison=Comparison(threshold=0.5))
        collection.corrections.rename("speaker-0001", "Ann")
    assert (before["recordings"], before["linked_by"], before.get("speakers")) == (2, None, None)
    (found,) = info(tmp_path / "collection.sqlite")
    assert (found["recordings"], found["speakers"], found["recurring_speakers"]) == (2, 2, 1)
    assert (found["speech"], found["corrections"], found["models"]) == (8.0, 1, ["imported:4"])


def test_what_cannot_be_looked_at_hides_nothing(upside_down: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_text("no sound")
    (tmp_path / "bad.safetensors").write_text("no model")
    words = (upside_down, tmp_path / "bad.wav", tmp_path / "bad.safetensors", "nowhere.flac")
    result = trfast("info", *words, status=1)
    assert "wav pcm_16" in result.stdout
    assert [line.split()[2].removesuffix(":") for line in result.stderr.splitlines()] == [
        "nowhere.flac",
        str(tmp_path / "bad.safetensors"),
        str(tmp_path / "bad.wav"),
    ]


@pytest.mark.parametrize("verb", ["diarize", "run"])
def test_suspicious_sound_is_told(upside_down: Path, tmp_path: Path, verb: str) -> None:
    words = [verb, upside_down, "-o", tmp_path / "out", "--jobs=1"]
    result = trfast(*words)
    assert result.stderr.startswith(
        "trfast: warning: suspicious sound in 1 recording:\n  call: its 2"
    )
    found = json.loads(trfast(*words[:-2], tmp_path / "again", "--jobs=2", "--json").stdout)
    assert "cancel each other" in found["warnings"]["call"][0]


def test_a_track_that_is_not_silent(tmp_path: Path) -> None:
    path = two_tracks(tmp_path / "two.mkv")
    first = Diarizer(MODEL)(path)
    assert first.warnings == (
        "all of it is silence",
        "track 1 is not silent: take it, with --track 1, in Python Job(..., track=1)",
    )
    second = Diarizer(MODEL)(Job("two", path, track=1))
    assert second.warnings == ("no speech was found in its 3.0 s",)
    out = tmp_path / "out"
    assert "warning" in trfast("run", path, "-o", out, "--jobs=1").stderr
    assert "0 of them now" in trfast("run", path, "-o", out, "--jobs=1").stdout
    assert "no speech was found" in trfast("run", path, "-o", out, "--jobs=1", "--track=1").stderr
    assert "no track 2" in trfast("diarize", path, "-o", out, "--track=2", status=1).stderr


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_decoders_print_is_not_shown(tmp_path: Path, jobs: int) -> None:
    soundfile.write(tmp_path / "a.mp3", tones(20.0, SAMPLE_RATE), SAMPLE_RATE)
    content = bytearray((tmp_path / "a.mp3").read_bytes())
    for start in range(3000, len(content) - 700, 4000):
        content[start : start + 700] = np.random.default_rng(start).bytes(700)
    (tmp_path / "a.mp3").write_bytes(content)

    def errors(*words: object) -> str:
        done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True)
        assert done.returncode == 1
        return done.stderr

    load = "import sys, trfast.audio; trfast.audio.load(sys.argv[1])"
    # A program's own standard error is its own.
    assert "Illegal Audio-MPEG-Header" in errors("-c", load, tmp_path / "a.mp3")
    words = ("diarize", tmp_path / "a.mp3", "-o", tmp_path, f"--jobs={jobs}")
    shown = errors("-m", "trfast", *words)
    assert shown.startswith("trfast: 1 of 1 recordings failed:")
    assert "Illegal" not in shown
