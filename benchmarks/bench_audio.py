"""Decoding speed: ten minutes of each kind of file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from benchmarks._common import OURS, measure
from trfast.audio import stream

MINUTES = 10

# The stage "audio" is the first; the others show what formats cost.
FILES: dict[str, tuple[int, int, dict[str, str]]] = {
    # name: rate, channels, options of soundfile
    "16-kHz.wav": (16000, 1, {}),
    "48-kHz-stereo.wav": (48000, 2, {}),
    "48-kHz.flac": (48000, 1, {}),
    "48-kHz.opus": (48000, 1, {"format": "OGG", "subtype": "OPUS"}),
    "44-kHz.mp3": (44100, 1, {}),
}


@pytest.fixture(scope="module", params=FILES)
def recording(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    rate, n_channels, options = FILES[request.param]
    path: Path = tmp_path_factory.mktemp("audio") / request.param
    second = 0.1 * np.random.default_rng(0).standard_normal((rate, n_channels))
    with soundfile.SoundFile(path, "w", rate, n_channels, **options) as file:
        for _ in range(60 * MINUTES):
            file.write(second)
    return path


def count(recording: Path) -> int:
    return sum(len(block) for block in stream(recording))


def test_stream(benchmark: Any, recording: Path) -> None:
    stage = "audio" if recording.name == "16-kHz.wav" else f"audio: {recording.stem}"
    n_samples = measure(benchmark, stage, OURS, count, recording)
    assert n_samples == pytest.approx(60 * MINUTES * 16000, abs=1)
