"""Files with names and of kinds that are trouble: nothing stops the others."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.fakes import any_bytes, write
from trfast.annotation import Timeline
from trfast.collection import Collection
from trfast.formats import read_rttm

Trfast = Callable[..., Result]

NAMES = {
    os.fsdecode(b"\xe9t\xe9"): "%E9t%E9",
    ";;note": "%3B%3Bnote",
    "<NA>": "%3CNA%3E",
    "late show": "late_show",
    "\u00e9" * 125: "\u00e9" * 125,
    "x" * 251: "x" * 251,
    "a\x1b[31m": "a%1B[31m",
}


@any_bytes
def test_run_takes_all_names(trfast: Trfast, tmp_path: Path) -> None:
    paths = write(tmp_path / "in", **{**dict.fromkeys(NAMES, "ann:1"), "good": "ann:2"})
    for path in paths[:2]:
        path.with_suffix(".mp3").write_text("bug")
    names = {*NAMES.values(), "good"} - {"%E9t%E9", "%3B%3Bnote"}
    bad = {"%E9t%E9.mp3", "%3B%3Bnote.mp3"}
    names |= {name.replace(".mp3", ".wav") for name in bad}
    out = tmp_path / "out"
    for _ in range(2):
        result = trfast("run", tmp_path / "in", "-o", out, "--jobs=1", status=1)
        assert set(read_rttm(out / "collection.rttm")) == names
        assert "of" in result.stderr
        assert {line.split(":")[0].strip() for line in result.stderr.splitlines()[1:3]} == bad
        assert "%E9t%E9" in (out / "collection.html").read_text(encoding="utf-8")
    with Collection(out / "collection.sqlite") as collection:
        assert {recording.name for recording in collection.recordings()} == names


@any_bytes
def test_diarize_takes_all_names(trfast: Trfast, tmp_path: Path) -> None:
    write(tmp_path / "in", **dict.fromkeys(NAMES, "ann:1"))
    trfast("diarize", tmp_path / "in", "-o", tmp_path / "out", "--jobs=1")
    found = [read_rttm(path) for path in (tmp_path / "out").iterdir()]
    assert {name for one in found for name in one} == set(NAMES.values())


@any_bytes
@pytest.mark.parametrize("verb", ["diarize", "run"])
def test_what_cannot_be_looked_at_is_told(
    trfast: Trfast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    write(tmp_path / "in", a="ann:1")
    write(tmp_path / "in" / "closed", b="ann:1")
    (tmp_path / os.fsdecode(b"\xe9")).mkdir()
    pipe = tmp_path / os.fsdecode(b"\xe9") / "pipe.wav"
    os.mkfifo(pipe)
    scan = os.scandir
    closed = PermissionError(13, "Permission denied")

    def scandir(folder: Path) -> object:
        if Path(folder).name == "closed":
            raise closed
        return scan(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    result = trfast(verb, tmp_path / "in", pipe, "-", "-o", tmp_path / "out", status=1)
    lines = result.stderr.splitlines()
    assert lines[0] == "trfast: 3 of 4 recordings failed:"
    assert lines[1] == "  -: - is no file, and standard input is not read"
    assert lines[2].startswith(f"  closed: {tmp_path / 'in' / 'closed'}: this folder cannot be")
    assert lines[3].startswith("  pipe: ")
    assert "is a pipe or a device" in lines[3]
    result = trfast(verb, pipe, "-", "-o", tmp_path / "new", status=1)
    assert "is a pipe or a device" in result.stderr
    assert "standard input is not read" in result.stderr
    assert not (tmp_path / "new").exists()
    if verb == "run":
        with Collection(tmp_path / "out" / "collection.sqlite") as collection:
            assert [recording.name for recording in collection.recordings()] == ["a"]
            assert collection.failures() == []


def lines_of(result: Result) -> list[str]:
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


def test_marks_and_a_channel(trfast: Trfast, tmp_path: Path) -> None:
    paths = write(tmp_path / "in", a="ann:1", b="ann:1")
    marks = tmp_path / "marks.uem"
    marks.write_text("a 1 1 6\n")
    words = ["run", *paths, "-o", tmp_path / "out", "--jobs=1"]
    result = trfast(*words, "--speech", marks, "--channel=1", status=1)
    assert "  b: no speech marks for recording 'b'\n" in result.stderr
    with Collection(tmp_path / "out" / "collection.sqlite") as collection:
        assert collection.diarization("a").annotation.timeline() == Timeline([(0, 5)])
        assert [failure.recording for failure in collection.failures()] == ["b"]
    assert lines_of(trfast(*words))[0] == "recordings 2"
    assert lines_of(trfast(*words))[0] == "recordings 2, 0 of them now"


def test_a_terminal_that_cannot_show_a_name(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "\u65e5\u672c.wav").write_text("no sound")
    script = "from trfast.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, "run", "in", "-o", "out", "--jobs", "1"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert rb"\u65e5\u672c: in/\u65e5\u672c.wav is not audio" in done.stderr
