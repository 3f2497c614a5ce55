"""trfast page: the page of a collection, with or without its sound."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from trfast import Annotation, Collection, Comparison
from trfast.cli import main
from trfast.collection import import_diarizations


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A linked collection of two recordings, one of which failed in another."""
    noise = np.random.default_rng(0).normal(scale=0.01, size=16000 * 4)
    soundfile.write(tmp_path / "monday.wav", noise, 16000)
    monday = Annotation("monday", [(0.0, 2.0, "A"), (2.0, 3.5, "B")])
    vectors = {"monday/A": [1.0, 0.0], "monday/B": [0.0, 1.0]}
    (tmp_path / "found").mkdir()
    with Collection(tmp_path / "found" / "collection.sqlite") as collection:
        collection.add_diarizations(import_diarizations([monday], vectors))
        collection.add_failure("tuesday", ValueError("no sound"))
        collection.link(comparison=Comparison(threshold=0.5))
    return tmp_path / "found"


def run(*words: str | Path) -> Any:
    return CliRunner().invoke(main, ["page", *map(str, words)])


def data(page: Path) -> Any:
    found = re.search(r'id="data">(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_page_tells_what_linked_and_what_failed(folder: Path) -> None:
    assert run(folder).exit_code == 0
    found = data(folder / "collection.html")
    assert dict(found["facts"])["Linked by"] == "cosine cc, threshold 0.5"
    assert found["failures"] == [["tuesday", "ValueError: no sound"]]
    assert found["speakers"] == ["speaker-0001", "speaker-0002"]


def test_output_can_go_elsewhere(folder: Path, tmp_path: Path) -> None:
    assert run(folder / "collection.sqlite", "-o", tmp_path / "new" / "page.html").exit_code == 0
    assert (tmp_path / "new" / "page.html").exists()
    assert not (folder / "collection.html").exists()


@pytest.mark.parametrize(("limit", "fits"), [("50", True), ("0.001", False)])
def test_sound_goes_in_while_there_is_room(
    folder: Path, tmp_path: Path, limit: str, fits: bool
) -> None:
    db = sqlite3.connect(folder / "collection.sqlite")
    db.execute("UPDATE recording SET source = ?", [str(tmp_path / "monday.wav")])
    db.commit()
    db.close()
    done = run(folder, "--embed-audio", "--embed-limit", limit)
    assert done.exit_code == 0
    page = folder / "collection.html"
    assert ('id="sound-0"' in page.read_text()) == fits
    assert ("monday" in done.stderr and "--embed-limit" in done.stderr) != fits
    assert data(page)["recordings"][0]["sound"] == "../monday.wav"
