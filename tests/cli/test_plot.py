"""trfast plot, and the DET curves of trfast verify."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from trfast import Annotation, Collection, Comparison, write_rttm
from trfast.cli import main
from trfast.collection import import_diarizations

pytest.importorskip("matplotlib", reason="matplotlib is not installed: trfast[plot]")

SHOWS = [Annotation(f"show-{i}", [(0, 2, "ann"), (2, 3, "ben")]) for i in range(13)]


@pytest.fixture
def rttm(tmp_path: Path) -> Path:
    write_rttm(SHOWS, tmp_path / "shows.rttm")
    return tmp_path / "shows.rttm"


def plot(*words: str | Path, status: int = 0) -> str:
    result = CliRunner().invoke(main, ["plot", *map(str, words)])
    assert result.exit_code == status, result.output
    return result.output


def titles(picture: Path) -> list[str]:
    return re.findall(r">(show-\d+)<", picture.read_text())


def test_recordings_that_are_named(rttm: Path, tmp_path: Path) -> None:
    picture = tmp_path / "new" / "shows.svg"
    plot(rttm, "-o", picture, "--recording", "show-3", "--recording", "show-1")
    assert titles(picture) == ["show-3", "show-1"]


def test_too_many(rttm: Path, tmp_path: Path) -> None:
    assert "--recording" in plot(rttm, "-o", tmp_path / "shows.svg", status=1)


def test_no_such_recording(rttm: Path, tmp_path: Path) -> None:
    told = plot(rttm, "-o", tmp_path / "shows.svg", "--recording", "news", status=1)
    assert "has no recording news; it has show-0" in told


def test_no_such_kind_of_picture(rttm: Path, tmp_path: Path) -> None:
    assert "plots are .pdf, .png, .svg" in plot(rttm, "-o", tmp_path / "shows.bmp", status=1)


def test_collection_has_its_own_names(tmp_path: Path) -> None:
    vectors = {"show-0/ann": [1.0, 0.0], "show-0/ben": [0.0, 1.0]}
    with Collection(tmp_path / "collection.sqlite") as collection:
        collection.add_diarizations(import_diarizations(SHOWS[:1], vectors))
        collection.link(comparison=Comparison(threshold=0.5))
    plot(tmp_path, "-o", tmp_path / "shows.svg")
    assert ">speaker-0002<" in (tmp_path / "shows.svg").read_text()
