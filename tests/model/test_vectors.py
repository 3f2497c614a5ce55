"""VectorModel: a file whose parts do not fit is refused when it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.small import small_model
from trfast.errors import ModelError
from trfast.model import VectorModel
from trfast.model.file import read_model, write_model
from trfast.scoring.backend import BACKENDS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    small = small_model()
    model = VectorModel(
        clustering=small.clustering, backends=small.backends, vectors_hash="imported:mine"
    )
    model.save(tmp_path / "model")
    return tmp_path / "model"


def test_a_file_gives_all_back_ends(path: Path) -> None:
    assert list(VectorModel.load(path).backends) == list(BACKENDS)


def narrower(array: Any) -> Any:
    return array[: len(array) - 1]


@pytest.mark.parametrize(
    "name", ["whitening.mean", "wccn.matrix", "lda.matrix", "plda.mean", "tr.weights"]
)
def test_dimensions_that_do_not_fit(path: Path, name: str) -> None:
    header, tensors = read_model(path)
    tensors[name] = np.ascontiguousarray(narrower(tensors[name]))
    write_model(path, header["settings"], tensors, {})
    with pytest.raises(ModelError, match=r"model: a model file whose parts do not fit \(\w+: "):
        VectorModel.load(path)


def test_parts_that_are_not_there(path: Path) -> None:
    header, tensors = read_model(path)
    del tensors["whitening.mean"]
    write_model(path, header["settings"], tensors, {})
    with pytest.raises(ModelError, match=r"do not fit \(KeyError: 'whitening.mean'\); train it"):
        VectorModel.load(path)
    header["settings"]["clustering"]["kind"] = "cc"
    write_model(path, header["settings"], tensors, {})
    with pytest.raises(ModelError, match=r"do not fit \(TypeError: .*'kind'"):
        VectorModel.load(path)
