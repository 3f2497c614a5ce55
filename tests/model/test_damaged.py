"""Model files that are damaged, or whole and senseless: TrfastErrors, when loaded or when used."""

from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import safetensors
from safetensors.numpy import load_file, save

from tests.mutations import mutations
from tests.small import show, small_model
from trfast.audio import Waveform
from trfast.collection import Collection
from trfast.diarization import Diarizer, Job
from trfast.errors import ModelError, TrfastError
from trfast.model import ModelBundle, VectorModel
from trfast.model.file import content_hash
from trfast.scoring import TwoCovariance
from trfast.scoring.windows import WindowConfig, WindowScoring

Array = npt.NDArray[Any]
Tensors = dict[str, Array]

VALUES: list[Any] = [
    None, True, -1, 0, 0.5, 1e308, float("nan"), 10**40, "x", "\ud800", [], ["x"], {}, {"x": 1},
]  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with windows too."""
    model, rng = small_model(), np.random.default_rng(3)
    vectors = rng.normal(size=(40, 3)).astype(np.float32)
    scores = TwoCovariance().fit(vectors, np.arange(40) % 8)
    windows = WindowScoring(
        config=WindowConfig(lengths=(1.5,)), whitenings=[model.whitening], models=[scores]
    )
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    replace(model, windows=windows).save(path)
    return path


@pytest.fixture(scope="module")
def vectors_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = small_model()
    path = tmp_path_factory.mktemp("model") / "vectors.safetensors"
    backends = {name: replace(backend, cohort=None) for name, backend in model.backends.items()}
    VectorModel(clustering=model.clustering, backends=backends, vectors_hash="imported:3").save(
        path
    )
    return path


@pytest.fixture(scope="module")
def job() -> Job:
    rng = np.random.default_rng(0)
    samples = show([(0.2, 1.8, "ann"), (2.0, 3.8, "ben")], 4, rng)
    return Job("a", Waveform(samples, 16_000))


def refused(path: Path, job: Job) -> bool:
    """Load a model, diarize and link by it; say whether that was refused by an error of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sums of what is large overflow
        try:
            model = ModelBundle.load(path)
            assert model._repr_html_()
            with Collection(":memory:") as collection:
                diarizer = Diarizer(model)
                for name in "ab":
                    collection.add(diarizer(replace(job, name=name)))
                collection.link(model)
        except TrfastError:
            return True
    return False


STEPS = [pytest.param(1, marks=pytest.mark.slow), 5]
"""All mutations, or each fifth."""


@pytest.mark.parametrize("seed", range(4))
def test_damaged_bytes(path: Path, job: Job, tmp_path: Path, seed: int) -> None:
    for mutated in mutations(path.read_bytes(), 50, seed=seed, head=3000):
        (tmp_path / "x").write_bytes(mutated)
        refused(tmp_path / "x", job)


def places(tree: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each value of a JSON tree."""
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in entries:
        yield (key,)
        if isinstance(value, dict | list):
            yield from ((key, *way) for way in places(value))


def header_of(path: Path) -> dict[str, Any]:
    with safetensors.safe_open(path, framework="numpy") as file:
        header: dict[str, Any] = json.loads(file.metadata()["trfast"])
    return header


def write(path: Path, header: dict[str, Any], tensors: Tensors) -> None:
    """Write a model file whose hash is right."""
    header = header | {"content_hash": content_hash(header.get("settings"), tensors)}
    path.write_bytes(save(tensors, {"trfast": json.dumps(header)}))


def changed_headers(header: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for *way, last in places(header):
        for value in [..., *VALUES]:
            changed = inside = copy.deepcopy(header)
            for key in way:
                inside = inside[key]
            if value is ...:
                del inside[last]
            else:
                inside[last] = value
            yield changed


def changed_arrays(tensors: Tensors) -> Iterator[Tensors]:
    for name, array in tensors.items():
        others = [
            array[:0], array[1:], array[..., 1:], array[None], array.T, array.ravel()[0],
            array * np.nan, array * np.inf, -array, 0 * array, array + array.dtype.type(6e4),
            array.astype(np.float64), array.astype(np.int32), array.astype(bool),
        ]  # fmt: skip
        yield {key: value for key, value in tensors.items() if key != name}
        for other in others:
            yield tensors | {name: np.ascontiguousarray(other)}


@pytest.mark.parametrize("step", STEPS)
def test_senseless_settings_of_a_true_hash(path: Path, job: Job, tmp_path: Path, step: int) -> None:
    tensors = load_file(path)
    n = n_refused = 0
    for header in islice(changed_headers(header_of(path)), 0, None, step):
        write(tmp_path / "x", header, tensors)
        n_refused += refused(tmp_path / "x", job)
        n += 1
    assert n > 900 / step
    assert n_refused > n / 2


def test_senseless_arrays_of_a_true_hash(path: Path, job: Job, tmp_path: Path) -> None:
    header = header_of(path)
    with np.errstate(all="ignore"):
        for tensors in changed_arrays(load_file(path)):
            write(tmp_path / "x", header, tensors)
            refused(tmp_path / "x", job)


def test_a_senseless_model_of_vectors(vectors_path: Path, tmp_path: Path) -> None:
    header, tensors = header_of(vectors_path), load_file(vectors_path)
    with np.errstate(all="ignore"):
        cases = [
            *((changed, tensors) for changed in islice(changed_headers(header), 0, None, 3)),
            *((header, changed) for changed in changed_arrays(tensors)),
        ]
    for case in cases:
        write(tmp_path / "x", *case)
        with suppress(TrfastError):
            VectorModel.load(tmp_path / "x").across()


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"settings": None}, "without settings"),
        ({"provenance": []}, "without provenance"),
    ],
)
def test_a_header_without_its_parts(
    path: Path, tmp_path: Path, metadata: dict[str, Any], message: str
) -> None:
    write(tmp_path / "x", header_of(path) | metadata, load_file(path))
    with pytest.raises(ModelError, match=message):
        ModelBundle.load(tmp_path / "x")


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("lda.mean", lambda x: x[1:], r"lda.mean is of shape \(2,\), expected \(3\)"),
        ("ubm.means", lambda x: x * np.nan, "ubm.means holds NaN or infinity"),
        ("ubm.variances", lambda x: -x, "variances of Gaussians must be above 0"),
        ("plda.eigenvalues", lambda x: -x, "plda.eigenvalues must be 0 or more"),
        ("tr.bias", lambda x: x.astype(float), "tr.bias is of float64, expected float32"),
    ],
)
def test_what_is_wrong_with_an_array_is_said(
    path: Path, tmp_path: Path, name: str, change: Callable[[Array], Array], message: str
) -> None:
    tensors = load_file(path)
    write(tmp_path / "x", header_of(path), tensors | {name: change(tensors[name])})
    with pytest.raises(ModelError, match=f"parts do not fit .*{message}"):
        ModelBundle.load(tmp_path / "x")
