"""trfast speakers: what a user sees, and that outputs follow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.collection.test_identity import linked
from tests.fakes import diarization
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


def test_lists_and_corrections(folder: Path) -> None:
    assert [s["name"] for s in json.loads(call(folder, "list", "--json"))] == [
        "speaker-0001",
        "speaker-0002",
    ]
    call(folder, "rename", "speaker-0001", "Ann", "--why", "she says so", "--who", "me")
    assert " Ann " in (folder / "collection.rttm").read_text()
    assert "Ann" in (folder / "collection.html").read_text()
    shown = call(folder, "show", "Ann")
    assert "b S1" in shown
    assert "score" in shown
    assert call(folder, "split", "Ann", "b") == "speaker-0003\n"
    call(folder, "merge", "Ann", "speaker-0003")
    assert call(folder, "reject", "b", "S2") == "speaker-0004\n"
    call(folder / "collection.sqlite", "confirm", "a", "S1")
    log = call(folder, "log")
    for word in ("Ann in b: somebody else", "speaker-0003 is Ann", "she says so", "reject"):
        assert word in log
    assert call(folder, "undo") == "undone: confirm: S1 of a is Ann\n"
    call(folder, "distinguish", "Ann", "speaker-0002")
    assert call(folder, "undo") == "undone: distinguish: Ann is not speaker-0002\n"
    assert " speaker-0004 " in (folder / "collection.rttm").read_text()


def test_what_is_not_there(folder: Path, tmp_path: Path) -> None:
    assert "has no speaker 'Eve'" in call(folder, "show", "Eve", status=1)
    assert "has no speaker 'Eve'" in call(folder, "merge", "Eve", "speaker-0001", status=1)
    assert "no such collection" in call(tmp_path / "nothing", "list", status=1)
    assert "made by model fake" in call(folder, "doubts", status=1)
