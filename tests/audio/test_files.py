"""Which audio files there are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fakes import write
from trfast.audio.files import find_audio
from trfast.errors import AudioError, ParameterError


def test_folders_are_searched(tmp_path: Path) -> None:
    paths = write(tmp_path / "a" / "b", x="", y="")
    write(tmp_path / "a" / ".hidden", z="")
    (tmp_path / "a" / "notes.txt").write_text("")
    assert find_audio([tmp_path, paths[0], "missing.wav"]) == [*paths, Path("missing.wav")]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ParameterError, match="no audio file in this folder"):
        find_audio([tmp_path / "empty", tmp_path])


def test_links_are_followed_once(tmp_path: Path) -> None:
    (own,) = write(tmp_path / "in" / "z", own="")
    (other,) = write(tmp_path / "disk2", other="")
    (tmp_path / "in" / "a").symlink_to(tmp_path / "in" / "z")  # files keep the path without links
    (tmp_path / "in" / "more").symlink_to(Path("..", "disk2"))
    (tmp_path / "disk2" / "back").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "round.wav").symlink_to("round.wav")
    (tmp_path / "in" / "gone.wav").symlink_to("nowhere.wav")
    assert find_audio([tmp_path / "in"]) == [
        tmp_path / "in" / "gone.wav",  # to be told when it is read
        tmp_path / "in" / "more" / other.name,
        tmp_path / "in" / "round.wav",
        own,
    ]


def test_folders_that_cannot_be_read_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "closed", x="")
    (path,) = write(tmp_path / "open", y="")
    scan = os.scandir

    def scandir(folder: Path) -> object:
        if Path(folder).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scan(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    told: dict[Path, AudioError] = {}
    assert find_audio([tmp_path], refused=told.__setitem__) == [path]
    assert list(told) == [tmp_path / "closed"]
    with pytest.raises(AudioError, match=r"closed: this folder cannot be read \(Permission denied"):
        find_audio([tmp_path])
