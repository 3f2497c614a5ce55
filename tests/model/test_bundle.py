"""ModelBundle: what is saved is what is loaded, and nothing else is taken for it."""

import json
import pickle
from dataclasses import replace
from importlib.resources import files
from itertools import product

import numpy as np
import pytest
import safetensors
from safetensors.numpy import load_file, save

from tests.small import small_model
from trfast.clustering import CLUSTERINGS
from trfast.errors import ModelError, ParameterError
from trfast.model import ClusteringConfig, ModelBundle, load_model
from trfast.scoring.backend import BACKENDS, Thresholds


@pytest.fixture(scope="module")
def bundle():
    return small_model()


@pytest.fixture
def path(bundle, tmp_path):
    bundle.save(tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def header_of(path):
    with safetensors.safe_open(path, framework="numpy") as file:
        return json.loads(file.metadata()["trfast"])


def rewrite(path, header, tensors=None):
    tensors = load_file(path) if tensors is None else tensors
    path.write_bytes(save(tensors, {"trfast": json.dumps(header)}))


def test_a_loaded_model_gives_the_same_to_the_last_bit(bundle, path):
    loaded = load_model(path)
    assert loaded.content_hash == bundle.content_hash
    assert loaded.provenance == {"collection": "small"}
    for part in ("mfcc", "segmentation", "normalization", "clustering"):
        assert getattr(loaded, part) == getattr(bundle, part)
    rng = np.random.default_rng(1)
    static = rng.normal(size=(400, 20)).astype(np.float32)
    segments = np.array([(0, 150), (200, 400)])
    made, read = (
        model.embedder.vectors(model.ivectors.cluster_statistics(static, segments, np.arange(2)))
        for model in (bundle, loaded)
    )
    np.testing.assert_array_equal(read, made)
    np.testing.assert_array_equal(loaded.detector.detect(static), bundle.detector.detect(static))
    again = path.with_name("again")
    loaded.save(again)
    assert again.read_bytes() == path.read_bytes()


def test_the_model_of_campplus(tmp_path, monkeypatch):
    model = load_model("campplus")
    assert model.neural is not None
    assert model.neural.dimension == 192
    assert model.provenance["collection"] == "radio-train"
    assert len((files("trfast") / "models" / "campplus.safetensors").read_bytes()) < 2_000_000
    monkeypatch.chdir(tmp_path)
    small_model().save("campplus")  # a file of that name goes first
    assert load_model("campplus").content_hash == small_model().content_hash


def test_the_default_model_is_that_of_its_file():
    """What the parameters are called may change, and what the file calls them may not."""
    path = files("trfast") / "models" / "default.safetensors"
    model = load_model()
    assert model.content_hash.startswith("eed48c8bd31a")
    assert model.content_hash == header_of(path)["content_hash"]
    assert header_of(path)["settings"]["detector"]["min_speech"] == model.detector.min_duration


def test_repr(bundle):
    assert repr(bundle) == (
        f"<ModelBundle {bundle.content_hash[:12]}: 4 Gaussians, rank 3, back-ends cosine, wccn,"
        " lda, plda, tr; default cosine cc>"
    )


@pytest.mark.parametrize("name", BACKENDS)
def test_a_loaded_back_end_gives_the_same_to_the_last_bit(bundle, path, name):
    made, loaded = bundle.backend(name), load_model(path).backend(name)
    vectors = np.random.default_rng(2).normal(size=(30, 3)).astype(np.float32)
    rows = made.project(vectors)
    np.testing.assert_array_equal(loaded.project(vectors), rows)
    np.testing.assert_array_equal(loaded.similarity(rows), made.similarity(rows))
    for one, other in zip(loaded.edges_above(rows, 0.3), made.edges_above(rows, 0.3), strict=True):
        np.testing.assert_array_equal(one, other)
    assert loaded.thresholds == made.thresholds


def test_the_hash_is_that_of_what_decides_results(bundle):
    clustering = replace(bundle.clustering, backend="tr")
    assert replace(bundle, clustering=clustering).content_hash != bundle.content_hash
    for name, backend in bundle.backends.items():
        thresholds = backend.thresholds | {"hac": Thresholds(within=0.1, across=0.2)}
        others = {name: replace(backend, thresholds=thresholds)}
        changed = replace(bundle, backends=bundle.backends | others)
        assert changed.content_hash != bundle.content_hash
        assert changed.vectors_hash == bundle.vectors_hash
    longer = replace(bundle.clustering, min_speech=9)
    assert replace(bundle, clustering=longer).vectors_hash != bundle.vectors_hash
    assert small_model(seed=1).vectors_hash != bundle.vectors_hash
    assert small_model(seed=1).content_hash != bundle.content_hash
    assert replace(bundle, provenance={}).content_hash == bundle.content_hash
    assert small_model().content_hash == bundle.content_hash


def test_back_ends_and_thresholds(bundle):
    assert bundle.backend().name == "cosine"
    assert bundle.thresholds() == Thresholds(within=0.55, across=0.65)
    assert bundle.thresholds("wccn", "hac") == Thresholds(within=0.46, across=0.51)
    other = replace(bundle, clustering=ClusteringConfig(backend="wccn", clustering="hac"))
    assert other.backend().name == "wccn"
    assert other.thresholds() == Thresholds(within=0.46, across=0.51)


def test_what_the_model_does_not_have(bundle):
    few = {"cosine": replace(bundle.backend(), thresholds={}), "lda": bundle.backend("lda")}
    few = replace(bundle, backends=few)
    with pytest.raises(ModelError, match=r"no back-end 'plda' \(it has cosine, lda\); take one of"):
        few.backend("plda")
    with pytest.raises(ModelError, match=r"no thresholds of 'cosine' for 'cc' \(.* for none\)"):
        few.thresholds()
    with pytest.raises(
        ParameterError, match="clustering must be one of cc, hac, average, got 'kmeans'"
    ):
        few.thresholds("lda", "kmeans")
    with pytest.raises(ParameterError, match="must be one of"):
        ClusteringConfig(backend="neural")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="must be one of"):
        ClusteringConfig(clustering="kmeans")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="min_speech must be 0 or more, got -1"):
        ClusteringConfig(min_speech=-1)


def test_any_flipped_byte_is_noticed(path):
    content = path.read_bytes()
    original = header_of(path)
    for position in np.linspace(0, len(content) - 1, 300).astype(int).tolist():
        damaged = bytearray(content)
        damaged[position] ^= 0x15
        path.write_bytes(damaged)
        if not refused(path):
            # The provenance says how it was made, and decides no result.
            assert header_of(path) | {"provenance": {}} == original | {"provenance": {}}


def refused(path):
    try:
        ModelBundle.load(path)
    except ModelError:
        return True
    return False


def test_a_damaged_array_is_named_as_such(path):
    content = bytearray(path.read_bytes())
    content[-40] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"damaged model file: content hash .* copy it again"):
        load_model(path)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_truncated_file(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ModelError, match=r"not a model file \(.*\); give one made by"):
        load_model(path)


def test_what_is_no_model(tmp_path):
    path = tmp_path / "x"
    with pytest.raises(ModelError, match="x: no such model file"):
        load_model(path)
    path.mkdir()
    with pytest.raises(ModelError, match="x is a folder; give a model file"):
        load_model(path)
    for content in (b"", b"not a model", pickle.dumps({"ubm": 1}) * 50):
        (tmp_path / "y").write_bytes(content)
        with pytest.raises(ModelError, match="y: not a model file"):
            load_model(tmp_path / "y")


@pytest.mark.parametrize("metadata", [None, {}, {"format": "pt"}, {"trfast": "[]"}])
def test_a_safetensors_file_of_somebody_else(tmp_path, metadata):
    (tmp_path / "x").write_bytes(save({"weight": np.zeros(3)}, metadata))
    with pytest.raises(ModelError, match="without a trfast model of format 4"):
        load_model(tmp_path / "x")


def test_a_format_of_the_future(path):
    rewrite(path, header_of(path) | {"format": 5})
    with pytest.raises(ModelError, match=r"of format 4 \(found format 5\)"):
        load_model(path)


def test_parts_that_do_not_fit_each_other(bundle, path, monkeypatch):
    # With a true hash: not damage, but a file that somebody made.
    tensors = load_file(path)
    tensors["total_variability"] = tensors["total_variability"][0]
    monkeypatch.setattr(ModelBundle, "_tensors", lambda _: tensors)
    replace(bundle).save(path)
    with pytest.raises(ModelError, match=r"parts do not fit \(.*total_variability is of shape"):
        load_model(path)
    tensors.pop("total_variability")
    replace(bundle).save(path)
    with pytest.raises(ModelError, match=r"parts do not fit \(KeyError: 'total_variability'"):
        load_model(path)


def test_unknown_settings_are_not_passed_over(bundle, path, monkeypatch):
    settings = bundle._settings()
    settings["mfcc"] |= {"n_fft": 512}
    monkeypatch.setattr(ModelBundle, "_settings", lambda _: settings)
    replace(bundle).save(path)
    with pytest.raises(ModelError, match=r"parts do not fit \(TypeError: .*n_fft"):
        load_model(path)


def test_saving_replaces_a_file_in_one_step(bundle, path):
    before = path.read_bytes()
    with pytest.raises(TypeError):
        replace(bundle, provenance={"made": object()}).save(path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_nothing_is_unpickled(path, monkeypatch):
    monkeypatch.setattr(pickle, "loads", None)
    monkeypatch.setattr(pickle, "load", None)
    monkeypatch.setattr(pickle, "Unpickler", None)
    ubm = load_model(path).ubm
    assert ubm is not None
    assert ubm.n_components == 4


def test_the_default_model():
    file = files("trfast") / "models" / "default.safetensors"
    assert len(file.read_bytes()) < 15_000_000
    model = load_model()
    made = model.provenance
    assert made["collection"] == "radio-train"
    assert made["recordings"] > 0
    assert made["hours"] > 0
    assert {"python", "trfast", "numpy", "scipy", "scikit-learn"} <= made["versions"].keys()
    assert made["training"]["seed"] == 0
    assert model.ubm is not None
    assert model.total_variability is not None
    assert made["training"]["n_components"] == model.ubm.n_components == 256
    assert made["training"]["rank"] == model.total_variability.rank == 200
    for name, clustering in product(model.backends, CLUSTERINGS):
        thresholds = model.thresholds(name, clustering)
        assert model.within(name, clustering).threshold == thresholds.within
        assert model.across(name, clustering).threshold == thresholds.across
