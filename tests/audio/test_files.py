"""Which audio files there are, and the names of their recordings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes import write
from trfast.audio.files import find_audio, name_recordings
from trfast.errors import ParameterError


def test_names_tell_files_apart(tmp_path: Path) -> None:
    first, second = tmp_path / "1" / "show.wav", tmp_path / "2" / "show.mp3"
    assert name_recordings([first, first, tmp_path / "a  b.wav"]) == {
        "show": first,
        "a_b": tmp_path / "a  b.wav",
    }
    assert name_recordings([second, first]) == {"1_show": first, "2_show": second}
    with pytest.raises(ParameterError, match="cannot be told apart"):
        name_recordings([first, first.with_suffix(".mp3")])


def test_folders_are_searched(tmp_path: Path) -> None:
    paths = write(tmp_path / "a" / "b", x="", y="")
    write(tmp_path / "a" / ".hidden", z="")
    (tmp_path / "a" / "notes.txt").write_text("")
    assert find_audio([tmp_path, paths[0], "missing.wav"]) == [*paths, Path("missing.wav")]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ParameterError, match="no audio file in this folder"):
        find_audio([tmp_path / "empty", tmp_path])
