"""trfast import, link and export: from another system and back."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

import trfast as trfast_package
from tests.collection.test_imports import show
from tests.fakes import diarization, write
from trfast.annotation import Annotation
from trfast.collection import Collection, read_vectors
from trfast.formats import read_rttm, write_rttm
from trfast.model import load_model

Trfast = Callable[..., Result]
BUNDLED = Path(trfast_package.__file__).parent / "models" / "default.safetensors"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A folder with the results of another system."""
    folder = tmp_path / "other"
    (folder / "rttm").mkdir(parents=True)
    vectors: dict[str, list[float]] = {}
    for name, people in {"monday": "xy", "tuesday": "zx"}.items():
        annotation, own = show(name, people)
        write_rttm(annotation, folder / "rttm" / f"{name}.rttm")
        vectors |= own
    np.savez(folder / "v.npz", **vectors)  # type: ignore[arg-type]
    (folder / "all.uem").write_text("monday 1 0 60\n")
    return folder


def imported(trfast: Trfast, other: Path, to: Path, *words: object, status: int = 0) -> Result:
    files = ("--rttm", other / "rttm", "--vectors", other / "v.npz")
    return trfast("import", to, *files, *words, status=status)


@pytest.mark.parametrize("place", ["new", "new/shows.sqlite", "."])
def test_there_and_back(trfast: Trfast, other: Path, tmp_path: Path, place: str) -> None:
    made = tmp_path / place
    said = imported(trfast, other, made, "--uem", other / "all.uem").stdout
    assert said == "2 recordings, 4 local speakers: imported:64\n"
    file = made if made.suffix else made / "collection.sqlite"
    with Collection(file) as collection:
        assert [r.duration for r in collection.recordings()] == [60.0, 2.0]
    trfast("export", made, "-o", tmp_path / "out" / "v.npz")
    trfast("export", made, "-o", tmp_path / "out" / "local.rttm", "--what", "turns")
    given, back = read_vectors(other / "v.npz"), read_vectors(tmp_path / "out" / "v.npz")
    assert given.keys() == back.keys()
    for key, vector in given.items():
        np.testing.assert_array_equal(back[key], vector.astype(np.float32))
    local = tmp_path / "out" / "local.rttm"
    assert read_rttm(local)["monday"] == Annotation("monday", [(0, 1, "S0"), (1, 2, "S1")])
    trfast("import", tmp_path / "again", "--rttm", local, "--vectors", tmp_path / "out" / "v.npz")


def test_links_by_a_threshold(trfast: Trfast, other: Path, tmp_path: Path) -> None:
    imported(trfast, other, tmp_path)
    said = trfast("link", tmp_path, status=1).stderr
    assert "imported:64, and no model says" in said
    assert "--threshold 0.5" in said
    assert "is one of a model" in trfast("link", tmp_path, "--backend=plda", status=1).stderr
    assert "a model that diarizes" in trfast("link", tmp_path, "--model", BUNDLED, status=1).stderr
    assert "error" in trfast("link", tmp_path, "--threshold=2", status=1).stderr
    shown = trfast("link", tmp_path, "--threshold=0.5", "--clustering=average").stdout
    assert shown == "2 recordings, 3 speakers; 1 in more than one recording\n"
    assert read_rttm(tmp_path / "collection.rttm")["tuesday"].turns[1].speaker == "speaker-0001"
    assert "speaker-0001" in (tmp_path / "collection.html").read_text()
    assert trfast("link", tmp_path, "--threshold=-1", "--quiet").stdout == ""
    trfast("speakers", tmp_path, "doubts", "--threshold=0.5")
    trfast("speakers", tmp_path, "doubts", status=1)


def test_tables(trfast: Trfast, other: Path, tmp_path: Path) -> None:
    imported(trfast, other, tmp_path)
    trfast("link", tmp_path, "--threshold=0.5")
    for what in ("links", "turns"):
        trfast("export", tmp_path, "-o", tmp_path / f"{what}.csv", "--what", what)
    with open(tmp_path / "turns.csv", newline="") as turns:
        assert list(csv.reader(turns))[:2] == [
            ["recording", "start", "end", "local", "speaker"],
            ["monday", "0.0", "1.0", "S0", "speaker-0001"],
        ]
    with open(tmp_path / "links.csv", newline="") as links:
        rows = list(csv.DictReader(links))
    assert [row["speaker"][-1] for row in rows] == ["1", "2", "3", "1"]
    assert (rows[0]["nearest_recording"], rows[0]["nearest_local"]) == ("tuesday", "S1")
    assert rows[1]["similarity"] == ""


def test_parquet(trfast: Trfast, other: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    imported(trfast, other, tmp_path)
    trfast("link", tmp_path, "--threshold=0.5")
    for what in ("vectors", "links", "turns"):
        trfast("export", tmp_path, "-o", tmp_path / f"{what}.parquet", "--what", what)
    first = parquet.read_table(tmp_path / "vectors.parquet").to_pylist()[0]
    assert (first["recording"], first["local"], first["speech"]) == ("monday", "S0", 1.0)
    given = read_vectors(other / "v.npz")["monday/S0"]
    assert first["vector"] == given.astype(np.float32).tolist()
    links = parquet.read_table(tmp_path / "links.parquet").to_pylist()
    assert links[0]["nearest_recording"] == "tuesday"
    assert links[1]["similarity"] is None
    assert parquet.read_table(tmp_path / "turns.parquet").num_rows == 4


def test_what_cannot_be(
    trfast: Trfast, other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (other / "rttm" / "more.rttm").write_text("SPEAKER friday 1 0 1 <NA> <NA> A <NA> <NA>\n")
    made = tmp_path / "new"
    assert (
        "1 speakers of the turns have no vector: friday/A"
        in imported(trfast, other, made, status=1).stderr
    )
    assert not made.exists()
    (other / "rttm" / "more.rttm").unlink()
    imported(trfast, other, made)
    assert "2 of these recordings already" in imported(trfast, other, made, status=1).stderr
    imported(trfast, other, made, "--replace")
    assert (
        "links are written to .csv, .parquet"
        in trfast("export", made, "-o", tmp_path / "v.npz", "--what=links", status=1).stderr
    )
    assert (
        "no such collection"
        in trfast("export", tmp_path / "none", "-o", tmp_path / "v.npz", status=1).stderr
    )
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    assert (
        'pip install "trfast[tables]"'
        in trfast("export", made, "-o", tmp_path / "v.parquet", status=1).stderr
    )


def test_a_run_does_not_mix_with_them(trfast: Trfast, other: Path, tmp_path: Path) -> None:
    imported(trfast, other, tmp_path / "out", "--name=titanet")
    paths = write(tmp_path / "in", a="ann:1")
    said = trfast("run", *paths, "-o", tmp_path / "out", status=1).stderr
    assert "made by another model (imported:titanet, not fake)" in said


def test_links_what_trfast_diarized(trfast: Trfast, tmp_path: Path) -> None:
    model = load_model()
    vectors = np.random.default_rng(0).normal(size=(2, 200)).astype(np.float32)
    with Collection(tmp_path / "collection.sqlite") as collection:
        for name in "ab":
            collection.add(
                replace(
                    diarization(name, "ann:1 ben:1"),
                    vectors=vectors,
                    model_hash=model.vectors_hash,
                )
            )
    assert "2 recordings, 2 speakers; 2 in more" in trfast("link", tmp_path).stdout
    how = ("--backend=cosine", "--clustering=hac", "--threshold=0.99")
    assert "2 recordings, 2 speakers; 2 in more" in trfast("link", tmp_path, *how).stdout
    assert "--threshold" in trfast("link", tmp_path, "--threshold=nan", status=1).stderr
    assert "not by this one" in trfast("link", tmp_path, "--model=campplus", status=1).stderr
