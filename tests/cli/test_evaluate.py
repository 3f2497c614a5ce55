import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from trfast.annotation import Annotation
from trfast.cli.evaluate import evaluate
from trfast.errors import AnnotationError
from trfast.formats import write_rttm

REFERENCE = [
    Annotation("one", [(0, 10, "ann"), (10, 16, "ben")]),
    Annotation("two", [(0, 9, "ann"), (9, 20, "cat")]),
]
HYPOTHESIS = [
    Annotation("one", [(1, 10, "S1"), (10, 16, "S2")]),
    Annotation("two", [(0, 9, "S2"), (9, 20, "S3")]),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_rttm(REFERENCE, tmp_path / "ref.rttm")
    write_rttm(HYPOTHESIS, tmp_path / "hyp.rttm")
    (tmp_path / "out").mkdir()
    for annotation in HYPOTHESIS:
        write_rttm(annotation, tmp_path / "out" / f"{annotation.recording}.rttm")
    return tmp_path


def run(folder: Path, *arguments: str) -> Result:
    names = [a if a.startswith("-") else str(folder / a) for a in arguments]
    return CliRunner().invoke(evaluate, names)


def rows(result: Result) -> list[list[str]]:
    assert result.exit_code == 0, result.output
    return [line.split() for line in result.stdout.splitlines() if line.split()]


def test_a_row_a_recording_and_the_total(folder: Path) -> None:
    table = rows(run(folder, "ref.rttm", "hyp.rttm", "--collar=0"))
    zero = ["0.00", "(0.0)"]
    assert ["one", "16.0", "6.25", "(1.0)", *zero, *zero, "6.25"] in table
    assert ["two", "20.0", *zero, *zero, *zero, "0.00"] in table
    assert ["All", "(2)", "36.0", "2.78", "(1.0)", *zero, *zero, "2.78"] in table


def test_across_recordings_adds_x_der(folder: Path) -> None:
    result = run(folder, "ref.rttm", "hyp.rttm", "--collar=0", "--across-recordings")
    # Best: S1 is ann (9 s found), S2 is ben (6 s): S2 is wrong for the 9 s of ann in two.
    assert rows(result)[-3][-4:] == ["2.78", "25.00", "(9.0)", "27.78"]
    assert "X-DER" in result.stdout


def test_conventions_are_printed(folder: Path) -> None:
    (folder / "all.uem").write_text("one 1 0 16\n")
    result = run(folder, "ref.rttm", "hyp.rttm", "--skip-overlap", f"--uem={folder / 'all.uem'}")
    assert "collar 0.25 s on each side of a reference boundary" in result.stdout
    assert "overlapped speech left out" in result.stdout
    assert f"UEM: {folder / 'all.uem'}" in result.stdout
    assert "Not scored (not in the reference, or not in the UEM): two" in result.stdout


def test_json(folder: Path) -> None:
    result = run(folder, "ref.rttm", "hyp.rttm", "--collar=0", "--across-recordings", "--json")
    assert result.exit_code == 0
    printed = json.loads(result.stdout)
    assert printed["conventions"]["collar_each_side"] == 0
    assert printed["conventions"]["overlap_scored"] is True
    assert printed["i_der"]["total"] == {
        "scored": 36,
        "missed": 1,
        "false_alarm": 0,
        "speaker_error": 0,
        "error_rate": pytest.approx(1 / 36),
    }
    assert printed["i_der"]["recordings"]["two"]["mapping"] == {"S2": "ann", "S3": "cat"}
    assert printed["x_der"]["total"]["speaker_error"] == 9
    assert printed["missing"] == printed["unscored"] == []


def test_a_recording_without_scored_speech(folder: Path) -> None:
    (folder / "all.uem").write_text("one 1 0 16\ntwo 1 20 30\n")
    result = run(folder, "ref.rttm", "hyp.rttm", "--collar=0", f"--uem={folder / 'all.uem'}")
    assert ["two", "0.0", *3 * ["-", "(0.0)"], "-"] in rows(result)
    result = run(folder, "ref.rttm", "hyp.rttm", f"--uem={folder / 'all.uem'}", "--json")
    assert json.loads(result.stdout)["i_der"]["recordings"]["two"]["error_rate"] is None


def test_several_files_and_folders(folder: Path) -> None:
    expected = run(folder, "ref.rttm", "hyp.rttm").stdout
    assert run(folder, "ref.rttm", "out").stdout == expected
    assert run(folder, "ref.rttm", "out/one.rttm", "out/two.rttm").stdout == expected


def test_a_missing_recording_is_named(folder: Path) -> None:
    result = run(folder, "ref.rttm", "out/one.rttm")
    assert "Not in the hypothesis, all missed: two" in result.stdout


def test_names_are_printed_as_they_are(folder: Path) -> None:
    write_rttm(Annotation("[red]a:smile:", [(0, 1, "x")]), folder / "odd.rttm")
    assert "[red]a:smile:" in run(folder, "odd.rttm", "odd.rttm").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ref.rttm", "none.rttm"], "none.rttm: cannot be read"),
        (["ref.rttm", "hyp.rttm", "out"], "recording one is in .*hyp.rttm and in .*one.rttm"),
        (["ref.rttm", "empty"], "a folder without .rttm files"),
        (["ref.rttm", "bad.rttm"], "line 1: 2 fields, expected 10"),
    ],
)
def test_what_cannot_be_scored(folder: Path, arguments: list[str], message: str) -> None:
    (folder / "empty").mkdir()
    (folder / "bad.rttm").write_text("SPEAKER one\n")
    result = run(folder, *arguments)
    assert result.exit_code == 1
    assert result.stdout == ""
    with pytest.raises(AnnotationError, match=message):
        raise result.exception or AssertionError
