"""trfast adapt: from a folder of `run` to a model that links it anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tests.fakes import diarization
from tests.small import small_model
from trfast.cli import main
from trfast.collection import Collection
from trfast.errors import CollectionError
from trfast.linking import adapt
from trfast.model import load_model
from trfast.scoring.backend import Thresholds


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model, and a collection of voices that it has made."""
    monkeypatch.setattr("trfast.linking.adaptation._LEAST_SPEAKERS", 3)
    model = small_model()
    thresholds = {"average": Thresholds(within=0.5, across=-0.7)}
    backends = {n: replace(b, thresholds=thresholds) for n, b in model.backends.items()}
    model = replace(model, backends=backends)
    model.save(tmp_path / "model")
    rng = np.random.default_rng(2)
    voices = 3 * rng.normal(size=(20, 3)).astype(np.float32)
    with Collection(tmp_path / "collection.sqlite") as collection:
        for k in range(20):
            x = voices[[k, (k + 1) % 20]] + 0.05 * rng.normal(size=(2, 3)).astype(np.float32)
            made = diarization(f"r{k:02}", "ann:9 ben:9", model_hash=model.vectors_hash)
            collection.add(replace(made, vectors=x))
    return tmp_path


def call(*words: Any, status: int = 0) -> Result:
    result = CliRunner().invoke(main, ["adapt", *map(str, words)], prog_name="trfast")
    assert result.exit_code == status, result.output
    return result


def test_the_model_links_what_the_other_one_made(folder: Path) -> None:
    given, path = load_model(folder / "model"), folder / "new" / "adapted"
    shown = call(folder, "-o", path, "--model", folder / "model").stdout
    with Collection(folder / "collection.sqlite") as collection:
        vectors = np.concatenate([collection.diarization(f"r{k:02}").vectors for k in range(20)])
        recordings = [f"r{k // 2:02}" for k in range(40)]
        expected, done = adapt(given, vectors, recordings)
        adapted = load_model(path)
        assert adapted.content_hash == expected.content_hash
        assert adapted.vectors_hash == given.vectors_hash
        collection.link(adapted, comparison=adapted.across("tr", "average"))
        assert collection.speakers()
    lines = [line.split() for line in shown.splitlines()[2:] if line.strip(" ─")]
    rows = {name: words for name, *words in lines}
    assert list(rows) == ["plda", "tr"]
    for name, verdict in done.items():
        assert rows[name][:2] == [str(verdict.n_speakers), str(verdict.n_rounds)]
        assert rows[name][4:] == (["adapted"] if verdict.kept else ["as", "it", "was"])


def test_too_few_speakers_are_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trfast.linking.adaptation._LEAST_SPEAKERS", 100)
    words = (folder / "collection.sqlite", "-o", folder / "a", "--model", folder / "model")
    assert "too few speakers" in call(*words).stdout
    assert call(*words, "--quiet").output == ""
    assert load_model(folder / "a").content_hash == load_model(folder / "model").content_hash


def test_nothing_to_adapt_to(folder: Path) -> None:
    result = call(folder / "nowhere", "-o", folder / "a", status=1)
    assert "no such collection; give a folder made by 'trfast run'" in result.stderr
    assert not (folder / "nowhere").exists()
    result = call(folder, "-o", folder / "a", status=1)  # the default model made nothing of it
    assert "were made by model" in result.stderr
    with Collection(":memory:") as empty, pytest.raises(CollectionError, match="no recording to"):
        empty.adapt()
