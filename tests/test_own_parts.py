"""Parts of one's own, by what is public: a score, a projection, an embedding, a detector."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.decomposition import PCA

from tests.fakes import Sending
from tests.small import CONFIG, write_collection
from trfast import Collection, Comparison, Diarizer, Job, Timeline, Waveform, link, load_model
from trfast.errors import ModelError, ParameterError, ParameterTypeError
from trfast.linking import link_centred
from trfast.model import ModelBundle
from trfast.scoring import Backend, Projection, Score
from trfast.speech import Detector
from trfast.training import LabelledCollection, TrainingConfig, train

Array = npt.NDArray[Any]


class Nearness:
    """A score: the least that a class can be."""

    def similarity(self, a: Array, b: Array, /) -> Array:
        found: Array = -np.linalg.norm(a[:, None] - b[None], axis=2)
        return found


class Scaled:
    """A score that learns, and makes rows first."""

    fingerprint = "scaled-1"

    def fit(self, X: Array, y: Array) -> Self:
        assert len(X) == len(y)
        self.scale = X.std(axis=0)
        return self

    def project(self, x: Array) -> Array:
        return np.asarray(x / self.scale)

    def similarity(self, a: Array, b: Array, /) -> Array:
        return np.asarray(a @ b.T)

    def factors(self, rows: Array) -> tuple[Array, Array]:
        return rows, rows


class Loudness:
    """A detector: blocks of a second that are loud."""

    fingerprint = "loudness-1"

    def detect(self, blocks: Iterator[npt.NDArray[np.float32]], /) -> Timeline:
        samples = np.concatenate(list(blocks))
        loud = [
            (k, min(k + 1.0, len(samples) / 16_000))
            for k in range(len(samples) // 16_000)
            if np.abs(samples[16_000 * k : 16_000 * (k + 1)]).mean() > 0.01
        ]
        return Timeline(loud).merged()


class MeanBand:
    """An embedding: means of the filter banks."""

    fingerprint = "mean-band-1"

    def __call__(self, pieces: Sequence[npt.NDArray[np.float32]], /) -> Array:
        return np.stack([np.diff(piece, axis=1).mean(axis=0)[::4] for piece in pieces])


@pytest.fixture(scope="module")
def rows() -> Array:
    rng = np.random.default_rng(0)
    found = np.repeat(rng.normal(size=(8, 5)), 4, axis=0) + 0.05 * rng.normal(size=(32, 5))
    return found.astype(np.float32)


RECORDINGS = [f"r{k % 4}" for k in range(32)]


def test_the_faces_are_those_of_the_protocols() -> None:
    assert isinstance(Nearness(), Score)
    assert isinstance(Scaled(), Score)
    assert isinstance(PCA(), Projection)
    assert isinstance(Loudness(), Detector)


@pytest.mark.parametrize("clustering", ["cc", "hac", "average"])
def test_a_score_links(rows: Array, clustering: Any) -> None:
    backend = Backend(name="nearness", estimator=Nearness())
    comparison = Comparison(backend=backend, threshold=-1.0, clustering=clustering)
    found = link(backend.project(rows), RECORDINGS, comparison)
    assert found.labels.tolist() == np.repeat(np.arange(8), 4).tolist()
    assert found.similarities.min() > -1
    centred = link_centred(rows, RECORDINGS, comparison)
    assert centred.labels.tolist() == found.labels.tolist()


def test_scores_by_rows_or_by_factors_join_alike(
    rows: Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    estimator = Scaled().fit(rows, rows[:, 0])
    backend = Backend(name="scaled", estimator=estimator)
    comparison = Comparison(backend=backend, threshold=1.0, clustering="average")
    found = comparison.cluster(backend.project(rows))
    monkeypatch.delattr(Scaled, "factors")
    assert comparison.cluster(backend.project(rows)).tolist() == found.tolist()
    monkeypatch.setattr("trfast.scoring.scores._MOST_ROWS", 10)
    with pytest.raises(ParameterError, match=r"32 rows by 'scaled'.*10 at most.*factors\(rows\)"):
        comparison.cluster(backend.project(rows))


def test_a_transformer_is_a_back_end(rows: Array) -> None:
    backend = Backend(name="pca", estimator=PCA(3).fit(rows))
    projected = backend.project(rows)
    np.testing.assert_allclose(np.linalg.norm(projected, axis=1), 1, rtol=1e-5)
    found = link(projected, RECORDINGS, Comparison(backend=backend, threshold=0.9))
    assert found.labels.tolist() == np.repeat(np.arange(8), 4).tolist()
    with pytest.raises(ParameterError, match="is a cosine similarity, -1 to 1, got 3"):
        Comparison(backend=backend, threshold=3)


def test_an_executor_lists_the_pairs_of_a_score(
    rows: Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trfast.scoring.scores._BLOCK", 10)
    scores = Backend(name="nearness", estimator=Nearness()).scores(rows)
    executor = Sending()
    there = scores.edges_above(-3.0, executor=executor)
    assert executor.n_calls == 4
    for one, other in zip(there, scores.edges_above(-3.0), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_score_is_normalized_by_a_cohort(rows: Array) -> None:
    backend = Backend(name="nearness", estimator=Nearness(), cohort=rows[::-1] + 1)
    pairs, _ = backend.edges_above(rows[:8], 1.0, normalized=True)
    assert len(pairs)


def test_a_score_diarizes_and_links_a_collection(tmp_path: Path) -> None:
    model = load_model()
    backend = Backend(name="nearness", whitening=model.whitening, estimator=Nearness())
    comparison = Comparison(backend=backend, threshold=-1.1, clustering="hac")
    diarizer = Diarizer(model, comparison=comparison)
    again = pickle.loads(pickle.dumps(diarizer))
    assert again.fingerprint == diarizer.fingerprint
    noise = np.random.default_rng(0).normal(scale=0.1, size=64_000).astype(np.float32)
    result = again(Job("noise", Waveform(noise, 16_000)))
    with Collection(tmp_path / "c.sqlite") as collection:
        collection.add_diarizations([result])
        collection.link(model, comparison=comparison)
        assert len(collection.speakers()) <= len(result.speakers)


def test_parts_that_are_none(rows: Array) -> None:
    wrong: Any = object()
    with pytest.raises(ParameterTypeError, match=r"'mine' is your own and must have similarity"):
        Backend(name="mine", estimator=wrong)
    with pytest.raises(ParameterTypeError, match=r"one of your own"):
        Comparison(backend=Nearness(), threshold=0.0)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"have detect\(samples\) and a fingerprint"):
        Diarizer(detector=wrong)
    with pytest.raises(ParameterTypeError, match="must be callable and have a fingerprint"):
        load_model("campplus", embedder=wrong)

    class Short:
        def similarity(self, a: Array, b: Array, /) -> Array:
            return np.zeros((len(a), len(b) - 31))

    with pytest.raises(ParameterError, match=r"'short' gives scores of shape \(32, 1\) for 32"):
        Backend(name="short", estimator=Short()).similarity(rows)


def test_a_detector_diarizes() -> None:
    samples = np.zeros(160_000, np.float32)
    samples[48_000:112_000] = np.random.default_rng(0).normal(scale=0.1, size=64_000)
    diarizer = Diarizer(detector=Loudness())
    found = diarizer(Job("noise", Waveform(samples, 16_000))).annotation.timeline().merged()
    assert [(s.start, s.end) for s in found] == [pytest.approx((3.0, 7.0), abs=0.01)]
    assert diarizer.fingerprint != Diarizer().fingerprint
    with pytest.raises(ParameterError, match="the detector hears samples, not frames"):
        diarizer.embed(np.zeros((100, 20), np.float32), duration=1.0, recording="x")


def test_what_a_detector_gives_is_checked() -> None:
    class Wrong(Loudness):
        def detect(self, blocks: Any, /) -> Any:
            return [(0.0, 1.0) for _ in blocks]

    with pytest.raises(ParameterTypeError, match="speech, as the detector finds it"):
        Diarizer(detector=Wrong())(Job("noise", Waveform(np.zeros(16_000, np.float32), 16_000)))


@pytest.mark.slow
def test_a_model_around_an_embedding_and_a_score(tmp_path: Path) -> None:
    write_collection(tmp_path / "labelled", n_recordings=8)
    labelled = LabelledCollection.read(tmp_path / "labelled")
    config = replace(
        TrainingConfig.neural(),
        estimators=CONFIG.estimators,
        backends=("cosine",),
        min_class_speech=1.0,
    )
    model = train(
        labelled,
        stages=tmp_path / "stages",
        config=config,
        network=MeanBand(),
        own_backends={"scaled": Scaled()},
        jobs=1,
    )
    own = model.own_backends["scaled"]
    assert set(own.thresholds) == {"cc", "hac", "average"}
    assert isinstance(own.estimator, Scaled)
    path = next(iter(labelled.audio.values()))
    expected = Diarizer(model)(path)
    assert expected.vectors.shape[1] == 20
    model.save(tmp_path / "model.safetensors")
    with pytest.raises(ModelError, match="give its ONNX file"):
        Diarizer(load_model(tmp_path / "model.safetensors"))
    loaded = load_model(tmp_path / "model.safetensors", embedder=MeanBand())
    found = pickle.loads(pickle.dumps(Diarizer(loaded)))(path)
    assert found.annotation == expected.annotation
    other: Any = MeanBand()
    other.fingerprint = "mean-band-2"
    with pytest.raises(ModelError, match="is another network"):
        load_model(tmp_path / "model.safetensors", embedder=other)
    assert isinstance(loaded, ModelBundle)
