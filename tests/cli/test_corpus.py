import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from trfast.annotation import Annotation
from trfast.cli._output import with_options
from trfast.cli.corpus import corpus
from trfast.errors import AnnotationError
from trfast.formats import write_rttm

COMMAND = with_options(corpus)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    one = Annotation("one", [(0, 10, "ann"), (10, 16, "ben")])
    two = Annotation("two", [(0, 8, "ann"), (9, 20, "cat")])
    (tmp_path / "labelled").mkdir()
    write_rttm([one, two], tmp_path / "labelled" / "ref.rttm")
    (tmp_path / "labelled" / "all.uem").write_text("one 1 0 16\ntwo 1 0 8\n")
    (tmp_path / "found").mkdir()
    for annotation in (one, two):
        write_rttm(annotation, tmp_path / "found" / f"{annotation.recording}.rttm")
    return tmp_path


def run(*arguments: object) -> str:
    result = CliRunner().invoke(COMMAND, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_column_a_collection(folder: Path) -> None:
    printed = run(folder / "labelled", folder / "found")
    rows = {line.strip().split("  ")[0]: line.split()[-2:] for line in printed.splitlines() if line}
    assert rows["Recordings"] == ["2", "2"]
    assert rows["Speech"] == ["0:00:24", "0:00:35"]
    assert rows["Speakers"] == ["2", "3"]
    assert rows["Recurring (2+), % of speaker time"] == ["75.00", "51.43"]
    assert rows["Mean speaker time a recording, s"] == ["8.0", "8.8"]


def test_json(folder: Path) -> None:
    path = folder / "found" / "one.rttm"
    counts = json.loads(run(path, "--json"))[str(path)]
    assert (counts["recordings"], counts["speakers"], counts["recurring"]) == (1, 2, 0)
    assert counts["one_time_share"] == 1


def test_nan_is_null_in_json(folder: Path) -> None:
    (folder / "labelled" / "all.uem").write_text("one 1 20 21\n")
    counts = json.loads(run(folder / "labelled", "--json"))[str(folder / "labelled")]
    assert counts["mean_speaker_time"] is None


def test_a_folder_without_rttm(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match=r"a folder without \.rttm files"):
        run(tmp_path)
