"""A neural embedding in place of i-vectors: training, diarizing, linking, and what is refused."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from tests.networks import write_detector, write_network
from tests.small import write_collection
from trfast.audio import stream
from trfast.cli import main
from trfast.diarization import Diarizer, Job
from trfast.embedding import OnnxEmbedder
from trfast.errors import ModelError, ParameterError
from trfast.evaluation import diarization_error
from trfast.formats import read_rttm
from trfast.model import load_model
from trfast.speech import OnnxDetector
from trfast.training.labelled import LabelledCollection
from trfast.training.networks import with_files

FILES = ("network.onnx", "renamed.onnx")

pytest.importorskip("onnxruntime", reason="needs trfast[neural]")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection, a network, and a model trained with it."""
    path = write_collection(tmp_path_factory.mktemp("neural") / "voices")
    write_network(path / "network.onnx")
    result = call("train", path, "-o", path / "model", "--embedder", path / "network.onnx")
    assert "4 recordings, 4 speakers" in result
    return path


def call(*words: Any, status: int = 0) -> str:
    result = CliRunner().invoke(main, [*map(str, words)], prog_name="trfast")
    assert result.exit_code == status, result.output
    return result.output


def test_the_model_names_the_network_and_does_not_hold_it(folder: Path) -> None:
    model = load_model(folder / "model")
    assert model.ubm is None
    assert model.neural is not None
    assert model.neural.dimension == 4
    assert (folder / "model").stat().st_size < 200_000
    with pytest.raises(ModelError, match="give its ONNX file, --embedder FILE"):
        Diarizer(model)
    with pytest.raises(ModelError, match="makes no i-vectors"):
        model.ivectors  # noqa: B018
    whole = load_model(folder / "model", embedder=folder / "network.onnx")
    assert whole.content_hash == model.content_hash
    assert "neural embedding" in repr(whole)


def test_it_diarizes_and_links(folder: Path, tmp_path: Path) -> None:
    options = ["--model", folder / "model", "--embedder", folder / "network.onnx"]
    call("run", folder / "audio", "-o", tmp_path, *options, "--jobs=1", "--quiet")
    found = read_rttm(tmp_path / "collection.rttm")
    reference = read_rttm(folder / "ref.rttm")
    assert diarization_error(reference, found, skip_overlap=True).total.error_rate < 0.2
    result = Diarizer(load_model(folder / "model", embedder=folder / "network.onnx"))(
        folder / "audio" / "show-0.wav"
    )
    assert result.vectors.shape == (len(result.speakers), 4)
    np.testing.assert_allclose(np.linalg.norm(result.vectors, axis=1), 1, rtol=1e-5)


def test_samples_go_to_a_detector_as_well(folder: Path, tmp_path: Path) -> None:
    detector = OnnxDetector(write_detector(tmp_path / "loudness.onnx"))
    model = load_model(folder / "model", embedder=folder / "network.onnx")
    show = folder / "audio" / "show-0.wav"
    found = Diarizer(model, detector=detector)(show)
    given = Diarizer(model)(Job("show-0", show, speech=detector.detect(stream(show))))
    assert found.annotation == given.annotation
    np.testing.assert_array_equal(found.vectors, given.vectors)


def test_the_environment_may_name_the_network(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRFAST_EMBEDDER", str(folder / "network.onnx"))
    assert load_model(folder / "model").network is not None
    assert load_model().network is None
    monkeypatch.setenv("TRFAST_EMBEDDER", str(folder / "nothing.onnx"))
    with pytest.raises(ModelError, match=r"nothing.onnx: cannot be read"):
        load_model(folder / "model")


def test_other_verbs_take_it(folder: Path, tmp_path: Path) -> None:
    options = ["--model", folder / "model", "--embedder", folder / "network.onnx", "--jobs=1"]
    assert "target" in call("verify", folder, *options)
    call("tune", folder, "-o", tmp_path / "tuned", *options, "--quiet")
    tuned = load_model(tmp_path / "tuned")
    assert tuned.vectors_hash == load_model(folder / "model").vectors_hash


def test_hybrid_sees_some_seconds_of_what_the_default_model_finds(
    folder: Path, tmp_path: Path
) -> None:
    options = ["--model", folder / "model", "--embedder", folder / "network.onnx", "--jobs=1"]
    call("diarize", folder / "audio", "-o", tmp_path, *options, "--mode=hybrid", "--quiet")
    call("diarize", folder / "audio", "-o", tmp_path / "default", "--jobs=1", "--quiet")
    for file in tmp_path.glob("*.rttm"):
        assert file.read_text() == (tmp_path / "default" / file.name).read_text()
    model = load_model(folder / "model", embedder=folder / "network.onnx")
    hybrid, show = Diarizer(model, local_model=load_model()), folder / "audio" / "show-0.wav"
    found = hybrid(show)
    assert found.vectors.shape == (len(found.speakers), 4)
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, rtol=1e-5)
    assert found.model_hash == Diarizer(model)(show).model_hash
    assert hybrid.fingerprint != Diarizer(model).fingerprint
    assert "network" in found.stage_seconds
    again = pickle.loads(pickle.dumps(hybrid))(show)
    np.testing.assert_array_equal(again.vectors, found.vectors)


def test_hybrid_takes_one_model_of_each_kind(folder: Path, tmp_path: Path) -> None:
    shown = call("run", folder / "audio", "-o", tmp_path, "--mode=hybrid", status=1)
    assert "takes a model with a neural embedding" in shown
    model = load_model(folder / "model", embedder=folder / "network.onnx")
    with pytest.raises(ModelError, match="local_model=load_model"):
        Diarizer(model, local_model=model)


def test_a_model_takes_other_files_of_its_network(folder: Path) -> None:
    collection = LabelledCollection.read(folder)
    model = load_model(folder / "model", embedder=folder / "network.onnx")
    renamed = write_network(folder / "renamed.onnx", takes="x")
    both = with_files(model, [OnnxEmbedder(renamed)], collection)
    both.save(folder / "both")
    own, other = (load_model(folder / "both", embedder=folder / n) for n in FILES)
    assert own.content_hash == other.content_hash
    assert list(own.provenance["other files"].values()) == [1.0]
    stranger = OnnxEmbedder(write_network(folder / "stranger.onnx", seed=1))
    with pytest.raises(ModelError, match=r"stranger.onnx: its vectors have a mean cosine of"):
        with_files(model, [stranger], collection)
    call("train", folder, "-o", folder / "x", "--also", renamed, status=2)


def test_what_is_refused(folder: Path, tmp_path: Path) -> None:
    other = write_network(tmp_path / "other.onnx", takes="x")
    options = ["--model", folder / "model", "--embedder"]
    audio, out = folder / "audio", tmp_path / "out"
    assert "is another network" in call("run", audio, "-o", out, *options, other, status=1)
    own = folder / "network.onnx"
    shown = call("run", audio, "-o", out, *options, own, "--segments", status=1)
    assert "diarizes by windows only" in shown
    shown = call("run", audio, "-o", out, "--embedder", own, status=1)
    assert "it takes no neural embedding" in shown
    call("train", folder, "-o", out, "--embedder", own, "--rank=3", status=2)
    model = load_model(folder / "model", embedder=own)
    with pytest.raises(ParameterError, match="needs banks, as Fbank makes them"):
        Diarizer(model).embed(np.zeros((500, 20), np.float32), duration=5.0, recording="a")
    with pytest.raises(ModelError, match="makes i-vectors: it takes no neural embedding"):
        replace(load_model(), network=model.network)
