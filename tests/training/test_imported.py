"""Back-ends from labelled vectors of another system."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from trfast.annotation import Annotation
from trfast.cli import main
from trfast.collection import Collection, import_diarizations
from trfast.errors import CollectionError, ModelError
from trfast.evaluation import diarization_error
from trfast.formats import read_rttm, write_rttm
from trfast.model import VectorModel, load_model
from trfast.training import TrainingConfig, train_on_vectors

Labelled = tuple[dict[str, Annotation], dict[str, list[float]]]
SMALL = TrainingConfig(backends=("cosine", "wccn"), n_cohort=0)


def labelled(seed: int, n_recordings: int = 24, n_speakers: int = 16) -> Labelled:
    """Four of some speakers in each recording; half of the dimensions tell nothing, loudly."""
    random = np.random.default_rng(seed)
    voices = random.normal(size=(n_speakers, 16)) * ([1.0] * 8 + [0.0] * 8)
    reference, vectors = {}, {}
    for name in (f"r{k}" for k in range(n_recordings)):
        who = random.choice(n_speakers, 4, replace=False)
        reference[name] = Annotation(name, [(9 * i, 9 * i + 8, f"p{w}") for i, w in enumerate(who)])
        for w in who:
            noise = random.normal(size=16) * ([0.3] * 8 + [3.0] * 8)
            vectors[f"{name}/p{w}"] = (voices[w] + noise).tolist()
    return reference, vectors


@pytest.fixture(scope="module")
def model() -> VectorModel:
    return train_on_vectors(*labelled(0), name="mine", config=SMALL)


def x_der(data: Labelled, model: VectorModel, backend: str) -> float:
    with Collection(":memory:") as collection:
        collection.add_diarizations(import_diarizations(data[0].values(), data[1], name="mine"))
        collection.link(model, comparison=model.across(backend))  # type: ignore[arg-type]
        found = {annotation.recording: annotation for annotation in collection.annotations()}
    times = diarization_error(data[0], found, across_recordings=True).total
    return float(times.speaker_error / times.scored)


@pytest.mark.slow
def test_learns_what_tells_speakers_apart(model: VectorModel) -> None:
    assert model.clustering.backend == "wccn"
    assert model.vectors_hash == "imported:mine"
    others = labelled(1)
    assert x_der(others, model, "wccn") < min(0.2, x_der(others, model, "cosine") / 1.5)
    assert json.dumps(dict(model.provenance))


@pytest.mark.slow
def test_a_file_gives_the_same(model: VectorModel, tmp_path: Path) -> None:
    model.save(tmp_path / "m.safetensors")
    loaded = VectorModel.load(tmp_path / "m.safetensors")
    rows = np.random.default_rng(0).normal(size=(5, 16))
    for name in ("cosine", "wccn"):
        np.testing.assert_array_equal(
            loaded.backend(name).project(rows), model.backend(name).project(rows)
        )
        assert loaded.thresholds(name, "hac") == model.thresholds(name, "hac")
    assert loaded.clustering == model.clustering
    assert loaded.vectors_hash == model.vectors_hash
    assert loaded.provenance == model.provenance
    with pytest.raises(ModelError, match=r"imported vectors \(imported:mine\), which diarizes"):
        load_model(tmp_path / "m.safetensors")
    load_model().save(tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match="a model that diarizes, expected one of imported"):
        VectorModel.load(tmp_path / "other.safetensors")


@pytest.mark.slow
def test_links_only_what_it_was_trained_for(model: VectorModel) -> None:
    reference, vectors = labelled(1, n_recordings=2)
    with Collection(":memory:") as collection:
        collection.add_diarizations(import_diarizations(reference.values(), vectors, name="other"))
        with pytest.raises(CollectionError, match="imported:other, not by this one"):
            collection.link(model)


def test_what_nothing_can_be_learned_from() -> None:
    reference, vectors = labelled(0, n_recordings=1)
    with pytest.raises(ModelError, match="fewer than 2 speakers are in two recordings"):
        train_on_vectors(reference, vectors)
    with pytest.raises(CollectionError, match="do not agree"):
        train_on_vectors(reference, {})


@pytest.mark.slow
def test_from_the_command_line(tmp_path: Path) -> None:
    def call(*words: object, status: int = 0) -> str:
        result = CliRunner().invoke(main, [*map(str, words)], prog_name="trfast")
        assert result.exit_code == status, result.output
        return result.output

    reference, vectors = labelled(0, n_recordings=8, n_speakers=5)
    (tmp_path / "in").mkdir()
    write_rttm(reference, tmp_path / "in" / "ref.rttm")
    file, model = tmp_path / "v.npz", tmp_path / "new" / "m.safetensors"
    np.savez(file, **vectors)  # type: ignore[arg-type]
    assert "--seed alone" in call(
        "train", tmp_path, "--vectors", file, "-o", model, "--rank=3", status=2
    )
    assert "--name goes with" in call("train", tmp_path, "-o", model, "--name=x", status=2)
    said = call("train", tmp_path / "in", "--vectors", file, "-o", model)
    assert "8 recordings, 5 speakers" in said
    assert "plda average" in said
    call("import", tmp_path, "--rttm", tmp_path / "in", "--vectors", file)
    for options in ([], ["--backend=plda", "--clustering=cc"], ["--threshold=0.9"]):
        call("link", tmp_path, "--model", model, *options)
        assert len(read_rttm(tmp_path / "collection.rttm")) == 8
