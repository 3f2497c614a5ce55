"""Files that are no plain files, and names that are not UTF-8."""

from __future__ import annotations

import os
import struct
import threading
from pathlib import Path

import numpy as np
import pytest

from tests.audio.test_source import tones, write, write_av
from tests.fakes import any_bytes
from trfast.audio import SAMPLE_RATE, load
from trfast.errors import AudioError


@any_bytes
@pytest.mark.parametrize("suffix", [".wav", ".mkv"])
def test_names_that_are_not_utf_8(tmp_path: Path, suffix: str) -> None:
    plain = tmp_path / f"plain{suffix}"
    if suffix == ".wav":
        write(plain, tones(1.0, SAMPLE_RATE), SAMPLE_RATE)
    else:
        write_av(plain, tones(1.0, SAMPLE_RATE), SAMPLE_RATE, "flac")
    other = plain.rename(tmp_path / os.fsdecode(b"\xe9t\xe9" + suffix.encode()))
    assert np.abs(load(other)).max() > 0.05


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.wav"
    os.mkfifo(pipe)
    told: list[AudioError] = []

    def read() -> None:
        try:
            load(pipe)
        except AudioError as error:
            told.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    assert "is a pipe or a device, expected a file" in str(told[0])


def test_a_link_that_leads_round(tmp_path: Path) -> None:
    (tmp_path / "round.wav").symlink_to("round.wav")
    with pytest.raises(AudioError, match=r"round\.wav cannot be opened"):
        load(tmp_path / "round.wav")


def test_samples_of_a_width_that_nothing_decodes(tmp_path: Path) -> None:
    header = b"WAVEfmt \x10\0\0\0" + struct.pack("<HHIIHH", 1, 3, 8000, 120_000, 15, 36)
    (tmp_path / "odd.wav").write_bytes(b"RIFF\xff\0\0\0" + header + b"data\x4b\0\0\0" + bytes(75))
    with pytest.raises(AudioError, match=r"a codec that FFmpeg does not know \(libsndfile: "):
        load(tmp_path / "odd.wav")
