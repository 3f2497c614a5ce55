"""trfast convert and validate, and the formats that run and diarize write."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.fakes import calls, write
from trfast.annotation import Annotation
from trfast.cli import _formats
from trfast.formats import FORMATS, read_rttm, read_turns, read_uem, write_turns

Trfast = Callable[..., Result]

SHOW = Annotation("show", [(0.5, 2.5, "ann"), (2.0, 4.25, "ben")])
OTHER = Annotation("other", [(0, 1, "ann")])
RTTM = "SPEAKER {} {} 0.5 2.0 <NA> <NA> ann <NA> <NA>\n"


def test_names_are_those_of_the_registry() -> None:
    assert set(_formats.NAMES) == FORMATS.keys()
    assert set(_formats.WITH_SPEAKERS) == {n for n, kind in FORMATS.items() if kind.has_speakers}


@pytest.mark.parametrize("name", ["seg", "csv", "json", "textgrid", "eaf", "srt", "vtt"])
def test_there_and_back(trfast: Trfast, tmp_path: Path, name: str) -> None:
    start, there = tmp_path / "show.rttm", tmp_path / "new" / f"show{FORMATS[name].suffix}"
    write_turns(SHOW, start)
    assert trfast("convert", start, "-o", there).output == f"{there}\n"
    assert trfast("convert", there, "-o", tmp_path / "back.rttm", "--quiet").output == ""
    assert (tmp_path / "back.rttm").read_text() == start.read_text()


def test_a_folder_has_a_file_a_recording_and_format(trfast: Trfast, tmp_path: Path) -> None:
    write_turns([SHOW, OTHER], tmp_path / "all.rttm")
    out = tmp_path / "out"
    trfast("convert", tmp_path / "all.rttm", "-o", out, "--format=textgrid", "--format=rttm")
    assert sorted(path.name for path in out.iterdir()) == [
        *("other.TextGrid", "other.rttm", "show.TextGrid", "show.rttm")
    ]
    trfast("convert", out, "--from", "textgrid", "-o", tmp_path / "again.rttm")
    assert (tmp_path / "again.rttm").read_text() == (tmp_path / "all.rttm").read_text()
    result = trfast("convert", out, "-o", tmp_path / "again.rttm", status=1)
    assert "recording other is in" in result.stderr


def test_one_recording_a_file(trfast: Trfast, tmp_path: Path) -> None:
    write_turns([SHOW, OTHER], tmp_path / "all.rttm")
    result = trfast("convert", tmp_path / "all.rttm", "-o", tmp_path / "all.eaf", status=1)
    assert "eaf holds one recording a file, got 2" in result.stderr


def test_to_standard_output(trfast: Trfast, tmp_path: Path) -> None:
    write_turns(SHOW, tmp_path / "show.csv")
    result = trfast("convert", tmp_path / "show.csv", "-o", "-")
    assert result.stdout.splitlines()[0] == "SPEAKER show 1 0.500 2.000 <NA> <NA> ann <NA> <NA>"
    result = trfast("convert", tmp_path / "show.csv", "-o", "-", "--format", "audacity")
    assert result.stdout == "0.500000\t2.500000\tann\n2.000000\t4.250000\tben\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "-", "--format=srt", "--format=vtt"], "-o - takes one --format"),
        (["-o", "x.srt", "--format=srt", "--format=vtt"], "x.srt is a file, which has one format"),
        (["-o", "."], ". is a folder: give a --format, too"),
        (["-o", "x.uem"], "uem has no place for speakers: --regions writes"),
    ],
)
def test_outputs_that_cannot_be(
    trfast: Trfast,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_turns(SHOW, tmp_path / "show.rttm")
    assert message in trfast("convert", "show.rttm", *words, status=2).stderr


def test_regions(trfast: Trfast, tmp_path: Path) -> None:
    write_turns(SHOW, tmp_path / "show.rttm")
    trfast("convert", tmp_path / "show.rttm", "-o", tmp_path / "show.uem", "--regions")
    assert (tmp_path / "show.uem").read_text() == "show 1 0.500 4.250\n"
    trfast("convert", tmp_path / "show.uem", "-o", tmp_path / "again.uem")
    assert read_uem(tmp_path / "again.uem") == read_uem(tmp_path / "show.uem")
    result = trfast("convert", tmp_path / "show.uem", "-o", tmp_path / "x.rttm", status=2)
    assert "uem says nothing of speakers" in result.stderr


def test_what_is_lost_is_told(trfast: Trfast, tmp_path: Path) -> None:
    path = tmp_path / "all.rttm"
    path.write_text(
        RTTM.format("a", 1)
        + "NOSCORE a 1 4.0 2.0 <NA> <NA> <NA> <NA> <NA>\nEND\n"
        + "SPEAKER a 1 5.0 0.004 <NA> <NA> ben <NA> <NA>\n"
    )
    result = trfast("convert", path, "-o", tmp_path / "all.seg")
    assert result.stderr.splitlines() == [
        f"trfast: {path}: left out: 1 x END line, 1 x NOSCORE line",
        "trfast: seg: left out: 1 turns that are nothing in steps of 0.01 s",
    ]
    write_turns([SHOW, Annotation("silence")], tmp_path / "all.json")
    result = trfast("convert", tmp_path / "all.json", "-o", tmp_path / "all.csv")
    assert result.stderr == "trfast: csv: left out, for nobody speaks in them: silence\n"


def test_channels(trfast: Trfast, tmp_path: Path) -> None:
    path, out = tmp_path / "all.rttm", tmp_path / "out.rttm"
    path.write_text(RTTM.format("call", "A") + RTTM.format("call", "B") + RTTM.format("show", "A"))
    result = trfast("convert", path, "-o", out)
    assert "the channels of call are joined" in result.stderr
    assert sorted(read_rttm(out)) == ["call", "show"]
    assert trfast("convert", path, "-o", out, "--channels", "split").stderr == ""
    assert sorted(read_rttm(out)) == ["call-ch1", "call-ch2", "show"]


def test_lenient(trfast: Trfast, tmp_path: Path) -> None:
    path, out = tmp_path / "all.rttm", tmp_path / "out.csv"
    path.write_text(RTTM.format("a", 1) + "SPEAKER a\n")
    assert "line 2: 2 fields" in trfast("convert", path, "-o", out, status=1).stderr
    assert not out.exists()
    result = trfast("convert", path, "-o", out, "--lenient")
    assert f"trfast: {path}:2: 2 fields, expected 10" in result.stderr
    assert read_turns(out)["a"].speakers == ("ann",)


def test_validate_names_every_bad_line(trfast: Trfast, tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.rttm", tmp_path / "good.uem"
    bad.write_text("SPEAKER a\n" * 12 + RTTM.format("a", 1))
    good.write_text("a 1 0 60\n")
    result = trfast("validate", tmp_path, status=1)
    assert [line.split(" ")[0] for line in result.stdout.splitlines()] == [
        *(f"{bad}:{line}:" for line in range(1, 13)),
        f"{good}:",
    ]
    assert result.stderr == "trfast: 1 of 2 files are not as they should be\n"
    assert trfast("validate", good).stdout == f"{good}: good (uem: 1 region in 1 recording)\n"
    assert trfast("validate", good, "--quiet").stdout == ""
    (report,) = json.loads(trfast("validate", bad, "--json", status=1).stdout)
    assert report["problems"][11]["line"] == 12
    assert (report["turns"], report["speakers"], report["recordings"]) == (1, 1, 1)


def test_validate_goes_on_after_what_cannot_be_read(trfast: Trfast, tmp_path: Path) -> None:
    missing, good = tmp_path / "missing.eaf", tmp_path / "show.eaf"
    write_turns(SHOW, good)
    result = trfast("validate", missing, good, status=1)
    assert result.stdout.splitlines() == [
        f"{missing}: cannot be read (No such file or directory)",
        f"{good}: good (eaf: 2 turns of 2 speakers in 1 recording)",
    ]


def test_diarize_in_several_formats(trfast: Trfast, tmp_path: Path) -> None:
    paths = write(tmp_path / "in", a="ann:1 ben:2", b="cat:1.5")
    out = tmp_path / "out"
    trfast("diarize", *paths, "-o", out, "--format=vtt", "--format=json", "--jobs=1")
    assert sorted(path.name for path in out.iterdir()) == ["a.json", "a.vtt", "b.json", "b.vtt"]
    assert read_turns(out / "a.vtt") == read_turns(out / "a.json")
    assert read_turns(out / "a.vtt")["a"] == Annotation("a", [(0, 1, "S1"), (1, 3, "S2")])


@pytest.mark.parametrize("verb", ["diarize", "run"])
def test_turns_on_standard_output(
    trfast: Trfast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = write(tmp_path / "in", b="cat:1.5", a="ann:1 ben:2", bug="bug")
    result = trfast(verb, *paths, "-o", "-", "--format=csv", "--jobs=1", status=1)
    assert [line.split(",")[:3] for line in result.stdout.splitlines()] == [
        ["recording", "start", "end"],
        ["a", "0.0", "1.0"],
        ["a", "1.0", "3.0"],
        ["b", "0.0", "1.5"],
    ]
    assert "1 of 3 recordings failed" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    for words, message in (
        (["--format=csv", "--format=srt"], "-o - takes one --format"),
        (["--format=srt"], "takes one recording, not 3"),
        (["--profile"], "leave --profile and --json out"),
    ):
        assert message in trfast(verb, *paths, "-o", "-", *words, status=2).stderr
    assert trfast(verb, paths[0], "-o", "-", "--format=srt").stdout.startswith("1\n00:00:00,000")


def test_run_in_several_formats(trfast: Trfast, tmp_path: Path) -> None:
    paths, out = write(tmp_path / "in", a="ann:1 ben:2", b="ann:1.5"), tmp_path / "out"
    trfast("run", *paths, "-o", out, "--format=eaf", "--format=csv", "--jobs=1")
    assert {path.name for path in out.iterdir()} >= {"collection.html", "collection.turns.csv"}
    assert sorted(path.name for path in (out / "eaf").iterdir()) == ["a.eaf", "b.eaf"]
    found = read_turns(out / "collection.turns.csv")
    assert found["b"].speakers == read_turns(out / "eaf" / "b.eaf")["b"].speakers
    (who,) = found["b"].speakers
    trfast("speakers", out, "rename", who, "Ann")
    assert read_turns(out / "eaf" / "b.eaf")["b"].speakers == ("Ann",)
    assert read_turns(out / "collection.turns.csv")["b"].speakers == ("Ann",)
    assert not (out / "collection.rttm").exists()


def test_a_format_that_cannot_hold_a_recording_stops_no_other(
    trfast: Trfast, tmp_path: Path
) -> None:
    paths = write(tmp_path / "in", long="ann:360000", short="ann:1")
    result = trfast("diarize", *paths, "-o", tmp_path / "out", "--format=srt", "--jobs=1", status=1)
    assert "long: a turn ends after 100 hours" in result.stderr
    assert (tmp_path / "out" / "short.srt").exists()


@pytest.mark.parametrize("verb", ["diarize", "run"])
def test_each_channel_a_recording(
    trfast: Trfast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setattr("trfast.execution.recordings._n_channels", lambda path, **_: len(path.stem))
    (call,) = write(tmp_path / "in", ab="ann:1 ben:2")
    (tmp_path / "speech.rttm").write_text(
        RTTM.format("ab", "A") + RTTM.format("ab", "B").replace(" 2.0 ", " 3.0 ")
    )
    words = [verb, call, "-o", tmp_path / "out", "--jobs=1", "--channels=split", "--format=json"]
    trfast(*words, "--speech", tmp_path / "speech.rttm")
    assert calls(tmp_path / "in") == ["ab-ch1", "ab-ch2"]
    found: dict[str, Annotation] = {}
    for path in (tmp_path / "out").glob("*.json"):
        found |= read_turns(path)
    assert {name: turns.timeline().duration for name, turns in found.items()} == {
        "ab-ch1": 2,
        "ab-ch2": 3,
    }
    trfast(*words, "--speech", tmp_path / "speech.rttm")
    assert calls(tmp_path / "in") == (["ab-ch1", "ab-ch2"] if verb == "diarize" else [])
    result = trfast(*words, "--channel=1", status=2)
    assert "--channel takes one, --channels split all" in result.stderr
