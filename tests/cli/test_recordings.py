"""trfast recordings: what a user sees, and that outputs follow."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.collection.test_identity import linked
from tests.fakes import any_bytes, diarization
from trfast.cli import main
from trfast.cli.run import write_outputs
from trfast.collection import Collection
from trfast.errors import AudioError


def call(*words: object, status: int = 0) -> str:
    result = CliRunner().invoke(main, ["recordings", *map(str, words)], prog_name="trfast")
    assert result.exit_code == status, result.output
    return result.output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.wav").touch()
    with Collection(tmp_path / "collection.sqlite") as collection:
        collection.add(diarization("a", "ann:5 ben:2"), source=tmp_path / "a.wav")
        collection.add(diarization("b", "ann:1 ben:4"))
        collection.add_failure("c", AudioError("no sound"), source=tmp_path / "c.wav")
        linked(collection)
        write_outputs(collection, tmp_path)
    return tmp_path


def test_list(folder: Path) -> None:
    rows = [line.split() for line in call(folder, "list").splitlines()]
    assert ["a", "8.0", "7.0", "2", str(folder / "a.wav")] in rows
    assert ["c", str(folder / "c.wav"), "no", "sound"] in rows
    a, b, c = json.loads(call(folder / "collection.sqlite", "list", "--json"))
    assert (a["name"], a["n_speakers"], a["source"]) == ("a", 2, str(folder / "a.wav"))
    assert (b["source"], b["error"]) == (None, None)
    assert (c["name"], c["n_speakers"], c["error"]) == ("c", None, "no sound")
    assert a.keys() == c.keys()


@any_bytes
def test_list_files_whose_names_are_not_utf_8(folder: Path) -> None:
    with Collection(folder / "collection.sqlite") as collection:
        collection.add(diarization("d", "ann:1"), source=folder / os.fsdecode(b"\xe9.wav"))
    assert "\\udce9.wav" in call(folder, "list")
    assert "\\udce9.wav" in call(folder, "list", "--json")


def test_a_rename_is_seen_in_the_outputs(folder: Path) -> None:
    assert call(folder, "rename", "b", "news") == "renamed: b is called news\n"
    assert "SPEAKER news 1 " in (folder / "collection.rttm").read_text()
    assert "news" in (folder / "collection.html").read_text()
    assert "has a recording 'a' already" in call(folder, "rename", "news", "a", status=1)
    (folder / "collection.rttm").unlink()
    call(folder, "rename", "news", "b")
    assert not (folder / "collection.rttm").exists()


def test_what_is_removed_leaves_links_to_make(folder: Path) -> None:
    assert call(folder, "remove", "c") == "removed: c\n"
    assert "has no recording 'c'" in call(folder, "remove", "a", "c", status=1)
    assert "to be linked anew, and outputs" in call(folder, "remove", "a")
    assert "SPEAKER a 1 " in (folder / "collection.rttm").read_text()
    assert call(folder, "remove", "b") == "removed: b\n"
    assert (folder / "collection.rttm").read_text() == ""


def test_missing_files_are_listed_and_forgotten(folder: Path) -> None:
    (folder / "a.wav").unlink()
    assert call(folder, "forget-missing", "--dry-run") == "a\nc\n"
    assert len(json.loads(call(folder, "list", "--json"))) == 3
    assert call(folder, "forget-missing").startswith("a\nc\ntrfast: to be linked anew")
    assert [r["name"] for r in json.loads(call(folder, "list", "--json"))] == ["b"]
