"""Small networks in ONNX files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest


def write_network(
    path: Path,
    *,
    bands: int | str = 80,
    rank: int = 3,
    takes: str = "feats",
    twice: bool = False,
    seed: int = 0,
) -> Path:
    """A network of one matrix: the mean absolute value of each band, times it."""
    onnx = pytest.importorskip("onnx", reason="makes small networks")
    kind = onnx.TensorProto.FLOAT
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(80, 4)).astype(np.float32)
    weights = weights[: bands if isinstance(bands, int) else 80]
    shape = ["batch", "frames", bands][3 - rank :]
    nodes = [
        onnx.helper.make_node("Abs", [takes], ["size"]),
        onnx.helper.make_node("ReduceMean", ["size", "axis"], ["mean"], keepdims=0),
        onnx.helper.make_node("MatMul", ["mean", "weights"], ["embs"]),
    ]
    graph = onnx.helper.make_graph(
        nodes,
        "small",
        [
            onnx.helper.make_tensor_value_info(name, kind, shape)
            for name in [takes, "lengths"][: 1 + twice]
        ],
        [onnx.helper.make_tensor_value_info("embs", kind, ["batch", 4])],
        [
            onnx.numpy_helper.from_array(weights, "weights"),
            onnx.numpy_helper.from_array(np.array([rank - 2]), "axis"),
        ],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)])
    model.ir_version = 9
    path.write_bytes(model.SerializeToString())
    return path
