"""OnnxEmbedder: networks in files, what they take, and what adds up."""

from __future__ import annotations

import pickle
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.conftest import SHARED
from tests.networks import write_network
from trfast._onnx import _OLDEST
from trfast.embedding import OnnxEmbedder
from trfast.errors import MissingExtraError, ModelError, ParameterError

pytest.importorskip("onnxruntime", reason="needs trfast[neural]")

CAMPPLUS = SHARED / "embedders" / "campplus-int8.onnx"
GOLDEN = SHARED / "embedders" / "golden.npz"
HOP = 0.01


@pytest.fixture
def embedder(tmp_path: Path) -> OnnxEmbedder:
    return OnnxEmbedder(write_network(tmp_path / "small.onnx"))


@pytest.fixture
def banks() -> npt.NDArray[np.float32]:
    return np.random.default_rng(1).normal(size=(400, 80)).astype(np.float32)


def by_hand(piece: Any) -> Any:
    weights = np.random.default_rng(0).normal(size=(80, 4)).astype(np.float32)
    return np.abs(piece - piece.mean(axis=0)).mean(axis=0) @ weights


def test_pieces_of_all_lengths_keep_their_order(embedder: OnnxEmbedder, banks: Any) -> None:
    pieces = [banks[:50], banks[50:90], banks[90:140], banks[140:300], banks[300:350]]
    found = embedder(pieces)
    assert found.shape == (5, embedder.dimension) == (5, 4)
    np.testing.assert_allclose(found, [by_hand(piece) for piece in pieces], rtol=1e-4)
    for piece, row in zip(pieces, found, strict=True):
        np.testing.assert_allclose(embedder([piece])[0], row, rtol=1e-5)


def test_short_pieces_are_repeated(embedder: OnnxEmbedder, banks: Any) -> None:
    found = embedder([banks[:7]])
    assert found.shape == (1, 4)
    np.testing.assert_allclose(found, embedder([np.tile(banks[:7], (5, 1))[:30]]), rtol=0.2)


def test_statistics_add_up(embedder: OnnxEmbedder, banks: Any) -> None:
    segments = np.array([[0, 100], [100, 150], [200, 400]])
    found = embedder.segment_statistics(banks, segments, hop=HOP)
    unit = [by_hand(banks[a:b]) for a, b in segments]
    unit = [row / np.linalg.norm(row) for row in unit]
    np.testing.assert_allclose(found.zeroth, [[1.0], [0.5], [2.0]], rtol=1e-6)
    np.testing.assert_allclose(found.first, unit * found.zeroth, rtol=1e-4, atol=1e-5)
    joined = found.grouped(np.array([0, 1, 0]), 2)
    expected = unit[0] + 2 * unit[2]
    expected /= np.linalg.norm(expected)
    np.testing.assert_allclose(embedder.vectors(joined)[0], expected, rtol=1e-4, atol=1e-5)
    around = np.array([[0, 200], [50, 250], [200, 400]])
    wider = embedder.segment_statistics(banks, segments, around, hop=HOP)
    np.testing.assert_array_equal(wider.zeroth, found.zeroth)
    np.testing.assert_allclose(wider.first[2], found.first[2], rtol=1e-5)
    assert not np.allclose(wider.first[0], found.first[0])


def test_nothing_gives_nothing(embedder: OnnxEmbedder, banks: Any) -> None:
    none = embedder.segment_statistics(banks, np.empty((0, 2), np.int64))
    assert none.first.shape == (0, 4)
    assert embedder.vectors(none).shape == (0, 4)
    assert embedder([]).shape == (0, 4)


def test_another_process_opens_the_file_again(embedder: OnnxEmbedder, banks: Any) -> None:
    copy = pickle.loads(pickle.dumps(embedder))
    assert copy.file_hash == embedder.file_hash
    np.testing.assert_array_equal(copy([banks]), embedder([banks]))
    assert "small.onnx" in repr(copy)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ({"bands": 64}, r"takes feats tensor\(float\).*64.*expected one input.*80"),
        ({"rank": 2}, "expected one input of float32|not an ONNX model"),
        ({"twice": True}, "expected one input of float32"),
    ],
)
def test_what_takes_something_else(tmp_path: Path, made: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        OnnxEmbedder(write_network(tmp_path / "other.onnx", **made))


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No such file"):
        OnnxEmbedder(tmp_path / "nothing.onnx")
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(ModelError, match="not an ONNX model that can be run here"):
        OnnxEmbedder(tmp_path / "text.onnx")


def test_bad_frames(embedder: OnnxEmbedder, banks: Any) -> None:
    with pytest.raises(ParameterError, match="80 columns, got 20"):
        embedder([banks[:, :20]])
    with pytest.raises(ParameterError, match="at least 1 row"):
        embedder([banks[:0]])


@pytest.mark.skipif(not CAMPPLUS.exists(), reason="needs ../shared/embedders")
def test_campplus_equals_the_golden() -> None:
    golden = np.load(GOLDEN)
    embedder = OnnxEmbedder(CAMPPLUS)
    found = embedder([golden[f"fbank_{k}"] for k in range(3)])
    expected = [golden[f"embedding_int8_{k}"] for k in range(3)]
    for row, other in zip(found, expected, strict=True):
        cosine = row @ other / np.linalg.norm(row) / np.linalg.norm(other)
        # Equal with AVX-512 VNNI; other machines may round integers otherwise.
        assert cosine > 0.95


@pytest.mark.parametrize(("version", "too_old"), [("1.28.9", True), ("1.29.0", False)])
def test_an_old_onnxruntime(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, too_old: bool
) -> None:
    file = write_network(tmp_path / "small.onnx")
    monkeypatch.setattr("onnxruntime.__version__", version)
    if not too_old:
        assert OnnxEmbedder(file).dimension == 4
        return
    message = r"a neural embedding needs onnxruntime 1.29 or newer, got 1.28.9, .*--upgrade"
    with pytest.raises(MissingExtraError, match=message):
        OnnxEmbedder(file)


def test_the_oldest_onnxruntime_is_that_of_the_package() -> None:
    settings = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    (needed,) = settings["project"]["optional-dependencies"]["neural"]
    assert needed == f"onnxruntime>={'.'.join(map(str, _OLDEST))}"
