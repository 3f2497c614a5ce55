"""trfast speakers: what a user sees, and that outputs follow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.collection.test_identity import linked
from tests.fakes import FakeDiarizer, diarization, write
from trfast.cli import main
from trfast.cli.run import write_outputs
from trfast.collection import Collection


def call(*words: object, status: int = 0) -> str:
    result = CliRunner().invoke(main, ["speakers", *map(str, words)], prog_name="trfast")
    assert result.exit_code == status, result.output
    return result.output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Collection(tmp_path / "collection.sqlite") as collection:
        collection.add(diarization("a", "ann:5 ben:2"))
        collection.add(diarization("b", "ann:1 ben:4"))
        linked(collection)
        write_outputs(collection, tmp_path)
    return tmp_path


def test_enrol(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("trfast.diarization.Diarizer", lambda _: FakeDiarizer())
    (tape,) = write(tmp_path / "tapes", tape="ann:9")
    said = call(folder, "enrol", "Ann", tape, "--why", "her own tape")
    assert said.endswith("Ann is known by 9.0 s of speech; the next link uses it\n")
    assert "tape" in call(folder, "voices")
    marks = tmp_path / "marks.uem"
    marks.write_text("other 1 0.0 2.0\n")
    assert "has no speech of tape" in call(
        folder, "enrol", "Ann", tape, "--speech", marks, status=1
    )
    with Collection(folder / "collection.sqlite") as collection:
        linked(collection)
    assert "enrolled " in call(folder, "show", "Ann")


def test_lists_and_corrections(folder: Path) -> None:
    assert [s["name"] for s in json.loads(call(folder, "list", "--json"))] == [
        "speaker-0001",
        "speaker-0002",
    ]
    keeps = ". It is so now, and every later link keeps it\n"
    told = call(folder, "rename", "speaker-0001", "Ann", "--why", "she says so", "--who", "me")
    assert told == "rename: speaker-0001 is called Ann" + keeps
    assert " Ann " in (folder / "collection.rttm").read_text()
    assert "Ann" in (folder / "collection.html").read_text()
    shown = call(folder, "show", "Ann")
    assert "b S1" in shown
    assert "score" in shown
    split = call(folder, "split", "Ann", "b")
    assert split == "split: Ann in b: somebody else (speaker-0003)" + keeps
    assert call(folder, "merge", "Ann", "speaker-0003") == "merge: speaker-0003 is Ann" + keeps
    assert "(speaker-0004). It is so now" in call(folder, "reject", "b", "S2")
    assert call(folder / "collection.sqlite", "confirm", "a", "S1").startswith("confirm: S1 of a")
    log = call(folder, "log")
    for word in ("Ann in b: somebody else", "speaker-0003 is Ann", "she says so", "reject"):
        assert word in log
    assert call(folder, "undo") == "undone: confirm: S1 of a is Ann\n"
    call(folder, "distinguish", "Ann", "speaker-0002")
    assert call(folder, "undo") == "undone: distinguish: Ann is not speaker-0002\n"
    assert " speaker-0004 " in (folder / "collection.rttm").read_text()


def test_the_command_may_come_first(folder: Path) -> None:
    assert call("list", folder, "--json") == call(folder, "list", "--json")
    assert call("rename", folder, "speaker-0001", "Ann").startswith("rename: speaker-0001 is")
    assert "Usage: trfast speakers COLLECTION list [OPTIONS]" in call("list", "-h")
    for words in (["list"], ["list", "--json", folder]):
        told = call(*words, status=2)
        assert "the collection comes first: trfast speakers COLLECTION list ..." in told


def test_a_collection_called_as_a_command(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("here"))
    folder.rename("list")
    assert "speaker-0001" in call("list", "list")
    assert "a S1" in call("list", "show", "speaker-0001")


def test_what_is_not_there(folder: Path, tmp_path: Path) -> None:
    assert "has no speaker 'Eve'" in call(folder, "show", "Eve", status=1)
    assert "has no speaker 'Eve'" in call(folder, "merge", "Eve", "speaker-0001", status=1)
    assert "no such collection" in call(tmp_path / "nothing", "list", status=1)
    assert "made by model fake" in call(folder, "doubts", status=1)
