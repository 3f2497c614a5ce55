"""trfast run: from files to speakers with one name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.fakes import calls, write
from tests.small import small_model, write_collection
from trfast.annotation import Annotation
from trfast.cli import main
from trfast.collection import Collection
from trfast.diarization import Diarizer
from trfast.formats import read_rttm

Trfast = Callable[..., Result]


def lines(result: Result) -> list[str]:
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_whole_way(trfast: Trfast, tmp_path: Path, jobs: int) -> None:
    write(tmp_path / "in" / "deep", tuesday="cat:1 ann:3600")
    write(tmp_path / "in", monday="ann:3 ben:4")
    result = trfast("run", tmp_path / "in", "-o", tmp_path / "out", f"--jobs={jobs}")
    assert read_rttm(tmp_path / "out" / "collection.rttm") == {
        "monday": Annotation("monday", [(0, 3, "speaker-0001"), (3, 7, "speaker-0002")]),
        "tuesday": Annotation("tuesday", [(0, 1, "speaker-0003"), (1, 3601, "speaker-0001")]),
    }
    table = lines(result)
    assert "recordings 2" in table
    assert "audio 1:00:10" in table
    assert "speech 1:00:08" in table
    assert "speakers 3; 1 in more than one recording" in table
    assert "thresholds cosine cc: cosine 0.5 within, cosine 0.5 across" in table
    assert "speaker-0001 2 1:00:03" in table
    assert "times real time" in result.stdout


def test_failures_are_listed_and_the_rest_is_linked(trfast: Trfast, tmp_path: Path) -> None:
    paths = write(tmp_path, a="ann:1", b="bug", c="ann:1", d="die")
    result = trfast("run", *paths, "-o", tmp_path / "out", "--jobs=2", status=1)
    assert "recordings 2; 2 failed" in lines(result)
    assert "trfast: 2 of 4 recordings failed:\n  b: ZeroDivisionError: a bug\n" in result.stderr
    assert "  d: the worker process died" in result.stderr
    with Collection(tmp_path / "out" / "collection.sqlite") as collection:
        assert [speaker.n_recordings for speaker in collection.speakers()] == [2]
        assert [failure.recording for failure in collection.failures()] == ["b", "d"]


def test_another_number_of_speakers_diarizes_those_again(trfast: Trfast, tmp_path: Path) -> None:
    paths = write(tmp_path, a="ann:1 ben:1 cat:1", b="ann:1 cat:1", c="dan:1")
    counts = tmp_path / "counts.csv"

    def run(text: str, *words: str, status: int = 0) -> Result:
        counts.write_text(text)
        options = ["-o", tmp_path / "out", "--jobs=1", "--speaker-counts", counts, *words]
        return trfast("run", *paths, *options, status=status)

    run("recording,num_speakers\na,2\n")
    assert calls(tmp_path) == ["a", "b", "c"]
    run("recording,num_speakers\na,2\nb,1\n")
    assert calls(tmp_path) == ["b"]
    run("recording,num_speakers\na,2\nb,1\n", "--max-speakers=1")
    assert calls(tmp_path) == ["c"]
    result = run("recording,min_speakers,max_speakers\na,2,2\nb,1,1\nc,2,\n", status=1)
    assert calls(tmp_path) == ["c"]
    assert "trfast: 1 of 1 recordings failed:\n  c: 1 word of speech in rec" in result.stderr
    with Collection(tmp_path / "out" / "collection.sqlite") as collection:
        assert [recording.n_speakers for recording in collection.recordings()] == [2, 1, 1]


def test_failures_of_earlier_runs_are_named(trfast: Trfast, tmp_path: Path) -> None:
    good, *bad = write(tmp_path, a="ann:1", **{f"b{k:02}": "bug" for k in range(12)})
    trfast("run", *bad, "-o", tmp_path / "out", "--jobs=1", status=1)
    result = trfast("run", good, *bad[:1], "-o", tmp_path / "out", "--jobs=1", status=1)
    named = lines(result)[-12:]
    assert named[0] == "11 failed in earlier runs, and were not given now:"
    assert named[1:11] == [f"b{k:02}: ZeroDivisionError: a bug" for k in range(1, 11)]
    assert named[11] == "and 1 more"


def test_a_stopped_run_goes_on(trfast: Trfast, tmp_path: Path) -> None:
    paths = write(tmp_path, a="ann:1 ben:1", b="stop")
    arguments = ["run", *paths, "-o", tmp_path / "out", "--jobs=1"]
    trfast(*arguments, status=130)
    assert calls(tmp_path) == ["a", "b"]
    write(tmp_path, b="ann:1")
    result = trfast(*arguments)
    assert calls(tmp_path) == ["b"]
    assert "recordings 2, 1 of them now" in lines(result)
    assert "speed" not in trfast(*arguments).stdout
    assert calls(tmp_path) == []


def test_a_later_run_adds_to_it(trfast: Trfast, tmp_path: Path) -> None:
    a, b = write(tmp_path, b="ann:1", a="ann:2")
    trfast("run", a, "-o", tmp_path / "out")
    trfast("run", b, "-o", tmp_path / "out")
    assert sorted(read_rttm(tmp_path / "out" / "collection.rttm")) == ["a", "b"]


def test_two_models_are_not_mixed(trfast: Trfast, tmp_path: Path) -> None:
    a, b = write(tmp_path, a="ann:1", b="ann:1")
    trfast("run", a, "-o", tmp_path / "out")
    calls(tmp_path)
    result = trfast("run", b, "-o", tmp_path / "out", "--model=other", status=1)
    assert "trfast: error: " in result.stderr
    assert "holds 1 other recordings (such as a) made by another model (fake" in result.stderr
    assert "Give another output folder, or run all recordings again" in result.stderr
    assert calls(tmp_path) == []
    trfast("run", a, b, "-o", tmp_path / "out", "--model=other")
    assert calls(tmp_path) == ["a", "b"]


def test_nobody_speaks(trfast: Trfast, tmp_path: Path) -> None:
    (path,) = write(tmp_path, silence="")
    result = trfast("run", path, "-o", tmp_path / "out")
    assert "speakers 0; 0 in more than one recording" in lines(result)
    assert (tmp_path / "out" / "collection.rttm").read_text() == ""


def test_quiet(trfast: Trfast, tmp_path: Path) -> None:
    (path,) = write(tmp_path, a="ann:1")
    assert trfast("run", path, "-o", tmp_path / "out", "--quiet").output == ""


def test_a_file_in_the_way(trfast: Trfast, tmp_path: Path) -> None:
    (path,) = write(tmp_path, a="ann:1")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "collection.sqlite").write_text("something else " * 100)
    result = trfast("run", path, "-o", tmp_path / "out", status=1)
    assert "cannot be used as a collection (file is not a database)" in result.stderr
    assert calls(tmp_path) == []


@pytest.mark.parametrize("verb", ["diarize", "run"])
def test_only_paths_that_do_not_exist(trfast: Trfast, tmp_path: Path, verb: str) -> None:
    result = trfast(verb, "nowhere", "-o", tmp_path / "out", status=1)
    assert result.stderr == "trfast: error: nowhere: no such file or folder\n"
    assert not (tmp_path / "out").exists()


def test_some_paths_do_not_exist(trfast: Trfast, tmp_path: Path) -> None:
    (path,) = write(tmp_path, b="ann:1")
    missing = tmp_path / "no" / "b.wav"
    result = trfast("run", missing, path, "-o", tmp_path / "out", status=1)
    assert result.stderr == (
        f"trfast: 1 of 2 recordings failed:\n  b: {missing} does not exist. Check the path.\n"
    )
    assert "recordings 1; 1 failed" in lines(result)
    with Collection(tmp_path / "out" / "collection.sqlite") as collection:
        assert [recording.name for recording in collection.recordings()] == ["b"]
        assert collection.failures() == []


def test_a_folder_without_audio(trfast: Trfast, tmp_path: Path) -> None:
    result = trfast("run", tmp_path, "-o", tmp_path / "out", status=1)
    assert "no audio file in this folder" in result.stderr


def test_another_back_end_and_clustering(tmp_path: Path) -> None:
    shows, model = write_collection(tmp_path / "voices", n_recordings=2), small_model()
    model.save(tmp_path / "model")
    words = ["--quiet", "--jobs=1", "--backend=plda", "--clustering=hac", "--threshold-within=-9"]
    words += ["--threshold-across=-7", f"--model={tmp_path / 'model'}"]
    words += [f"--speech={shows / 'ref.rttm'}", "-o", str(tmp_path / "out")]
    result = CliRunner().invoke(main, ["run", str(shows / "audio"), *words])
    assert result.exit_code == 0, result.output
    diarizer = Diarizer(model, comparison=model.within("plda", "hac", -9))
    speech = {name: found.timeline() for name, found in read_rttm(shows / "ref.rttm").items()}
    with Collection(":memory:") as collection:
        collection.add_all(
            sorted((shows / "audio").iterdir()), diarizer=diarizer, speech=speech, jobs=1
        )
        collection.link(model, comparison=model.across("plda", "hac", -7))
        with Collection(tmp_path / "out" / "collection.sqlite") as made:
            assert list(made.links()) == list(collection.links())
            assert list(made.annotations()) == list(collection.annotations())
