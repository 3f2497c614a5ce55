"""trfast diarize, and what all verbs share."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.fakes import calls, write
from tests.small import small_model, write_collection
from trfast.annotation import Annotation
from trfast.cli import _options, main
from trfast.clustering import CLUSTERINGS
from trfast.diarization import Diarizer, Job
from trfast.formats import read_rttm
from trfast.scoring.backend import BACKENDS

Trfast = Callable[..., Result]


@pytest.mark.parametrize("jobs", [1, 2])
def test_one_rttm_a_recording(trfast: Trfast, tmp_path: Path, jobs: int) -> None:
    a, b = write(tmp_path / "in", a="ann:1 ben:2", b="cat:1.5")
    result = trfast("diarize", a, b, "-o", tmp_path / "new" / "out", "--jobs", jobs)
    assert result.output == ""
    out = tmp_path / "new" / "out"
    assert sorted(path.name for path in out.iterdir()) == ["a.rttm", "b.rttm"]
    assert read_rttm(out / "a.rttm") == {"a": Annotation("a", [(0, 1, "S1"), (1, 3, "S2")])}
    assert read_rttm(out / "b.rttm") == {"b": Annotation("b", [(0, 1.5, "S1")])}


@pytest.mark.parametrize("verb", ["diarize", "run"])
def test_profile_adds_the_stages_up(trfast: Trfast, tmp_path: Path, verb: str) -> None:
    paths = write(tmp_path, a="ann:299", b="ben:699", c="bug")  # 1,000 s, half a second each
    result = trfast(verb, *paths, "-o", tmp_path / "out", "--quiet", "--profile", status=1)
    assert [line.split() for line in result.stdout.splitlines()[1:]] == [
        ["features", "1.00", "100%", "1,000"],
        ["all", "1.00", "100%", "1,000"],
    ]


def test_silence_is_an_empty_file(trfast: Trfast, tmp_path: Path) -> None:
    (path,) = write(tmp_path, silence="")
    trfast("diarize", path, "-o", tmp_path / "out")
    assert (tmp_path / "out" / "silence.rttm").read_text() == ""


def test_failures_are_listed_and_the_others_written(trfast: Trfast, tmp_path: Path) -> None:
    a, bug = write(tmp_path, a="ann:1", bug="bug")
    result = trfast(
        "diarize", bug, a, tmp_path / "none.wav", "-o", tmp_path / "out", "--jobs=1", status=1
    )
    assert (tmp_path / "out" / "a.rttm").exists()
    lines = result.stderr.splitlines()
    assert lines[0] == "trfast: 2 of 3 recordings failed:"
    assert lines[1:3] == [
        "  bug: ZeroDivisionError: a bug",
        f"  none: {tmp_path / 'none.wav'} does not exist. Check the path.",
    ]
    assert lines[4].startswith("Traceback")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "marks.rttm",
            "SPEAKER a 1 1 4 <NA> <NA> x <NA> <NA>\nSPEAKER a 1 2 4 <NA> <NA> y <NA> <NA>",
        ),
        ("marks.uem", "a 1 1 6"),
    ],
)
def test_speech_marks_from_outside(trfast: Trfast, tmp_path: Path, name: str, text: str) -> None:
    paths = write(tmp_path, a="ann:1", b="ann:1")
    (tmp_path / name).write_text(text)
    result = trfast(
        "diarize", *paths, "-o", tmp_path / "out", "--speech", tmp_path / name, status=1
    )
    assert read_rttm(tmp_path / "out" / "a.rttm")["a"].turns[0].duration == 5
    assert "  b: no speech marks for recording 'b'" in result.stderr


def test_nothing_starts_with_bad_marks_or_an_output_that_cannot_be(
    trfast: Trfast, tmp_path: Path
) -> None:
    (path,) = write(tmp_path, a="ann:1")
    (tmp_path / "bad.rttm").write_text("SPEAKER a 1\n")
    result = trfast(
        "diarize", path, "-o", tmp_path / "out", "--speech", tmp_path / "bad.rttm", status=1
    )
    assert result.stderr.startswith(f"trfast: error: {tmp_path / 'bad.rttm'}: 1 malformed line")
    result = trfast("diarize", path, "-o", path / "out", status=1)
    assert result.stderr == (
        f"trfast: error: {path / 'out'}: this folder cannot be made (Not a directory)\n"
    )
    result = trfast("diarize", path, "-o", path, status=1)
    assert result.stderr == (
        f"trfast: error: {path} is a file, expected a folder: give another -o\n"
    )
    result = trfast("diarize", path, "-o", tmp_path, "--speech", "marks.txt", status=2)
    assert "marks.txt is neither .rttm nor .uem" in result.stderr
    assert calls(tmp_path) == []


def test_an_output_that_cannot_be_written(trfast: Trfast, tmp_path: Path) -> None:
    (path,) = write(tmp_path, a="ann:1")
    (tmp_path / "out" / "a.rttm").mkdir(parents=True)
    result = trfast("diarize", path, "-o", tmp_path / "out", status=1)
    assert result.stderr.startswith("trfast: error: ")
    assert "a.rttm" in result.stderr


def test_ctrl_c(trfast: Trfast, tmp_path: Path) -> None:
    paths = write(tmp_path, a="ann:1 ben:1", b="stop")
    result = trfast("diarize", *paths, "-o", tmp_path / "out", "--jobs=1", status=130)
    assert result.stderr.endswith("trfast: stopped; what was finished is kept\n")
    assert (tmp_path / "out" / "a.rttm").exists()


def test_number_of_speakers(trfast: Trfast, tmp_path: Path) -> None:
    a, b, c = write(tmp_path, a="ann:1 ben:2 cat:1", b="cat:1.5 ben:1", c="dan:1")
    counts = tmp_path / "counts.csv"
    counts.write_text("recording,num_speakers\na,1\n")
    words = ["diarize", a, b, c, "-o", tmp_path / "out", "--speaker-counts", counts]
    result = trfast(*words, "--min-speakers=2", "--max-speakers=4", status=1)
    found = [len(read_rttm(tmp_path / "out" / f"{name}.rttm")[name].speakers) for name in "ab"]
    assert found == [1, 2]
    assert "  c: 1 word of speech in recording 'c', too few for the 2 speakers" in result.stderr


def test_numbers_of_speakers_that_cannot_be(trfast: Trfast, tmp_path: Path) -> None:
    (path,) = write(tmp_path, a="ann:1")
    counts, words = tmp_path / "counts.csv", ["diarize", path, "-o", tmp_path / "out"]
    result = trfast(*words, "--num-speakers=2", "--max-speakers=3", status=1)
    assert "trfast: error: a number of speakers, 2, leaves nothing open" in result.stderr
    counts.write_text("recording,num_speakers\na,none\n")
    result = trfast(*words, "--speaker-counts", counts, status=1)
    assert f"trfast: error: {counts}: 1 malformed line\n  line 2: num_sp" in result.stderr
    counts.write_text("recording,num_speakers\na,1\nb,1\n")
    result = trfast(*words, "--speaker-counts", counts, status=1)
    assert f"not there: {counts}, line 3: 'b'. Recordings go by name, and are" in result.stderr
    assert calls(tmp_path) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["diarize", "-o", "out"],
        ["diarize", "a.wav"],
        ["diarize", "a.wav", "-o", "out", "--jobs=0"],
        ["diarize", "a.wav", "-o", "out", "--threshold=high"],
        ["diarize", "a.wav", "-o", "out", "--backend=neural"],
        ["diarize", "a.wav", "-o", "out", "--clustering=kmeans"],
        ["diarize", "a.wav", "-o", "out", "--channel=-1"],
        ["diarize", "a.wav", "-o", "out", "--num-speakers=0"],
        ["run", "a.wav", "-o", "out", "--max-speakers=two"],
        ["unknown"],
    ],
)
def test_wrong_usage(trfast: Trfast, arguments: list[str]) -> None:
    assert "Usage: trfast" in trfast(*arguments, status=2).stderr


def test_choices_are_those_of_the_library() -> None:
    assert (tuple(_options.BACKEND.choices), tuple(_options.CLUSTERING.choices)) == (
        BACKENDS,
        CLUSTERINGS,
    )


@pytest.fixture(scope="module")
def shows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A labelled collection, and a model of all back-ends in it."""
    folder = write_collection(tmp_path_factory.mktemp("shows") / "voices", n_recordings=2)
    small_model().save(folder / "model")
    return folder


@pytest.mark.parametrize("backend", BACKENDS)
def test_back_ends_end_to_end(shows: Path, tmp_path: Path, backend: str) -> None:
    (source, _) = sorted((shows / "audio").iterdir())
    arguments = ["diarize", source, "-o", tmp_path, "--model", shows / "model", "--jobs=1"]
    options = ["--speech", shows / "ref.rttm", "--backend", backend, "--threshold=0.3"]
    speech = read_rttm(shows / "ref.rttm")["show-0"].timeline()
    for clustering in CLUSTERINGS:
        words = [*map(str, arguments + options), "--clustering", clustering]
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 0, result.output
        model = small_model()
        diarizer = Diarizer(model, comparison=model.within(backend, clustering, 0.3))
        expected = diarizer(Job("show-0", source, speech)).annotation
        found = read_rttm(tmp_path / "show-0.rttm")["show-0"]
        assert [t.speaker for t in found] == [t.speaker for t in expected]


def test_thresholds_that_cannot_be(shows: Path, tmp_path: Path) -> None:
    arguments = [str(shows / "audio"), "-o", str(tmp_path / "out"), f"--model={shows / 'model'}"]
    for verb, option, value, *words in (
        ("diarize", "--threshold", 2),
        ("run", "--threshold-across", -3),
        ("run", "--threshold-within", "nan", "--backend=plda"),
    ):
        result = CliRunner().invoke(main, [verb, *arguments, f"{option}={value}", *words])
        assert result.exit_code == 1
        assert f"trfast: error: {option} is a " in result.stderr
        assert not (tmp_path / "out").exists()


def test_help_loads_no_verb() -> None:
    script = (
        "import sys; from trfast.cli import main\n"
        "main(['-h'], standalone_mode=False)\n"
        "print([name for name in sys.modules if name.startswith('trfast.cli.')])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert re.search(r"run +Diarize, and find the same speakers across recordings\.", shown)
    assert shown.endswith("['trfast.cli._output']\n")


def test_each_verb_has_help(trfast: Trfast) -> None:
    for verb in ("diarize", "run"):
        assert f"Usage: trfast {verb} [OPTIONS]" in trfast(verb, "-h").stdout
