import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from trfast.annotation import Annotation
from trfast.cli._output import with_options
from trfast.cli.evaluate import evaluate
from trfast.errors import AnnotationError
from trfast.formats import write_rttm, write_turns

REFERENCE = [
    Annotation("one", [(0, 10, "ann"), (10, 16, "ben")]),
    Annotation("two", [(0, 9, "ann"), (9, 20, "cat")]),
]
HYPOTHESIS = [
    Annotation("one", [(1, 10, "S1"), (10, 16, "S2")]),
    Annotation("two", [(0, 9, "S2"), (9, 20, "S3")]),
]

COMMAND = with_options(evaluate)


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
    return CliRunner().invoke(COMMAND, names)


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
    assert "Not scored (not in the UEM): two" in result.stdout


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
        "jaccard_error_rate": pytest.approx(0.1 / 4),
        "purity": 1,
        "coverage": pytest.approx(35 / 36),
    }
    assert printed["i_der"]["recordings"]["two"]["mapping"] == {"S2": "ann", "S3": "cat"}
    assert printed["x_der"]["total"]["speaker_error"] == 9
    assert printed["x_der"]["total"]["purity"] == pytest.approx(29 / 35)
    assert "purity" not in printed["x_der"]["recordings"]["two"]
    assert printed["missing"] == printed["without_reference_speech"] == []
    assert printed["unscored"] == {}


def test_more_adds_jer_purity_and_coverage(folder: Path) -> None:
    result = run(folder, "ref.rttm", "hyp.rttm", "--collar=0", "--across-recordings", "--more")
    table = rows(result)
    assert ["5.00", "100.00", "93.75"] in [row[-3:] for row in table if row[0] == "one"]
    assert ["2.50", "100.00", "97.22"] in [row[-3:] for row in table if row[0] == "All"]
    # S1 is ann, 9 of 19 s; S2 is ben, 6 of 15 s; S3 is cat.
    assert (
        "Speakers across recordings: JER 37.54 %, purity 82.86 %, coverage 72.22 %" in result.stdout
    )


def test_explain(folder: Path) -> None:
    table = rows(run(folder, "ref.rttm", "hyp.rttm", "--collar=0", "--explain"))
    zero = ["0.00", "(0.0)"]
    assert ["one", "16.0", "6.25", "(1.0)", *4 * zero, "6.25"] in table
    assert ["two", "20.0", *4 * zero, "45.00", "(9.0)", "45.00"] in table
    assert ["All", "(2)", "36.0", "2.78", "(1.0)", *3 * zero, "25.00", "(9.0)", "27.78"] in table
    ann = ["ann", "19.0", "5.26", "(1.0)", *zero, "47.37", "(9.0)", "S1", "S2", "(9.0)"]
    assert ann in table
    assert "ben" not in {row[0] for row in table}  # no error


def test_explain_json(folder: Path) -> None:
    printed = json.loads(
        run(folder, "ref.rttm", "hyp.rttm", "--collar=0", "--explain", "--json").stdout
    )
    assert printed["i_der"]["total"]["speaker_error"] == 0
    explanation = printed["explanation"]
    assert explanation["total"]["linking"] == 9
    assert explanation["total"]["error_rate"] == pytest.approx(10 / 36)
    assert explanation["recordings"]["one"]["missed"] == 1
    assert list(explanation["speakers"]) == ["ann", "ben", "cat"]
    assert explanation["speakers"]["ann"] == {
        "scored": 19,
        "missed": 1,
        "within": 0,
        "linking": 9,
        "name": "S1",
        "taken_by": {"S2": 9},
        "error": 10,
    }


def test_explain_has_no_more(folder: Path) -> None:
    result = run(folder, "ref.rttm", "hyp.rttm", "--explain", "--more")
    assert result.exit_code == 2
    assert "give it or --more, not both" in result.stderr


def test_a_recording_without_scored_speech(folder: Path) -> None:
    (folder / "all.uem").write_text("one 1 0 16\ntwo 1 20 30\n")
    result = run(folder, "ref.rttm", "hyp.rttm", "--collar=0", f"--uem={folder / 'all.uem'}")
    assert ["two", "0.0", *3 * ["-", "(0.0)"], "-"] in rows(result)
    result = run(folder, "ref.rttm", "hyp.rttm", f"--uem={folder / 'all.uem'}", "--json")
    assert json.loads(result.stdout)["i_der"]["recordings"]["two"]["error_rate"] is None


def test_nothing_is_scored(folder: Path) -> None:
    result = run(folder, "ref.rttm", "hyp.rttm", "--collar=100")
    assert "Only false alarm counts (the collar, the UEM, NOSCORE or" in result.stdout
    assert "No error rate: no reference speech is scored" in result.stdout
    assert "No error rate" not in run(folder, "ref.rttm", "hyp.rttm").stdout


def test_a_recording_in_which_nobody_speaks(folder: Path) -> None:
    (folder / "all.uem").write_text("one 1 0 16\ntwo 1 0 20\nsilence 1 0 8\nmore 1 0 9\n")
    write_rttm(
        [*HYPOTHESIS, Annotation("silence", [(5, 9, "S1")]), Annotation("x", [(0, 1, "S1")])],
        folder / "hyp.rttm",
    )
    arguments = ["ref.rttm", "hyp.rttm", "--collar=0", f"--uem={folder / 'all.uem'}"]
    result = run(folder, *arguments)
    assert ["silence", "0.0", "-", "(0.0)", "-", "(3.0)", "-", "(0.0)", "-"] in rows(result)
    assert "Only false alarm counts (no reference speech): silence\n" in result.stdout
    assert "Not scored (in the UEM only: neither side has turns): more\n" in result.stdout
    assert "Not scored (not in the UEM): x\n" in result.stdout
    printed = json.loads(run(folder, *arguments, "--json").stdout)
    assert printed["without_reference_speech"] == ["silence"]
    assert list(printed["unscored"]) == ["more", "x"]


def test_an_empty_reference(folder: Path) -> None:
    (folder / "empty.rttm").write_text("")
    result = run(folder, "empty.rttm", "hyp.rttm")
    with pytest.raises(AnnotationError, match="the reference is empty, so nothing says which"):
        raise result.exception or AssertionError
    (folder / "all.uem").write_text("one 1 0 16\n")
    result = run(folder, "empty.rttm", "hyp.rttm", f"--uem={folder / 'all.uem'}")
    assert "The reference is empty: no turns. All that was found is false alarm" in result.stdout
    assert "No error rate: no reference speech is scored" in result.stdout


def test_no_score(folder: Path) -> None:
    with open(folder / "ref.rttm", "a") as file:
        file.write("NOSCORE one 1 0.0 4.0 <NA> <NA> <NA> <NA> <NA>\n")
    result = run(folder, "ref.rttm", "hyp.rttm", "--collar=0")
    assert ["one", "12.0"] in [row[:2] for row in rows(result)]
    assert "all time (no UEM) but 4 s of NOSCORE" in result.stdout
    printed = json.loads(run(folder, "ref.rttm", "hyp.rttm", "--collar=0", "--json").stdout)
    assert printed["conventions"]["no_score_seconds"] == 4


def test_channels_of_a_call(folder: Path) -> None:
    line = "SPEAKER call {} {} {} <NA> <NA> {} <NA> <NA>\n"
    (folder / "ref.rttm").write_text(line.format("A", 0, 10, "ann") + line.format("B", 5, 9, "ben"))
    (folder / "hyp.rttm").write_text(line.format("1", 0, 10, "S1") + line.format("2", 5, 6, "S1"))
    for annotation in (
        Annotation("call-ch1", [(0, 10, "S1")]),
        Annotation("call-ch2", [(5, 11, "S1")]),
    ):
        write_rttm(annotation, folder / "out" / f"{annotation.recording}.rttm")
    for old in ("one", "two"):
        (folder / "out" / f"{old}.rttm").unlink()
    result = run(folder, "ref.rttm", "hyp.rttm", "--collar=0")
    assert "Several channels, scored as one (--channels split: each): call" in result.stdout
    assert ["call", "19.0"] in [row[:2] for row in rows(result)]
    for hypothesis in ("hyp.rttm", "out"):
        table = rows(run(folder, "ref.rttm", hypothesis, "--collar=0", "--channels=split"))
        assert ["call-ch1", "10.0", *3 * ["0.00", "(0.0)"], "0.00"] in table
        assert ["call-ch2", "9.0", "33.33", "(3.0)", *2 * ["0.00", "(0.0)"], "33.33"] in table
    # Who says nothing on a channel has no line there.
    (folder / "ref.rttm").write_text(line.format("A", 0, 10, "ann"))
    (folder / "all.uem").write_text("call 1 0 20\ncall 2 0 20\n")
    for words in (["out"], ["out", f"--uem={folder / 'all.uem'}"]):
        table = rows(run(folder, "ref.rttm", *words, "--collar=0", "--channels=split"))
        scored = [row[:2] for row in table if row[0].startswith("call")]
        assert scored == [["call-ch1", "10.0"], ["call-ch2", "0.0"]][: len(words)]
    (folder / "ref.rttm").write_text(line.format("A", 0, 10, "ann") + line.format("B", 5, 9, "ben"))
    (folder / "all.uem").write_text("call 2 0 20\n")
    table = rows(
        run(
            *(folder, "ref.rttm", "out", "--collar=0", "--channels=split"),
            f"--uem={folder / 'all.uem'}",
        )
    )
    assert [row[0] for row in table if row[0].startswith("call")] == ["call-ch2"]


def test_other_formats(folder: Path) -> None:
    write_turns(REFERENCE, folder / "ref.json")
    expected = run(folder, "ref.rttm", "hyp.rttm").stdout
    assert run(folder, "ref.json", "hyp.rttm").stdout == expected
    (folder / "all.uem").write_text("one 1 0 16\n")
    result = run(folder, "all.uem", "hyp.rttm")
    with pytest.raises(AnnotationError, match="uem has no speakers, and turns are expected here"):
        raise result.exception or AssertionError


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
