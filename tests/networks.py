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


def write_detector(
    path: Path,
    *,
    width: int = 576,
    windows: int | str = "windows",
    gives_state: bool = True,
    bounded: bool = True,
) -> Path:
    """A detector that hears loudness: ``sigmoid(300 (a - 0.01) + c / 100)``, where `a` is the mean
    absolute value of a window, and `c`, the state, its sum over all windows up to this one."""
    onnx = pytest.importorskip("onnx", reason="makes small networks")
    kind, make = onnx.TensorProto.FLOAT, onnx.helper.make_node
    nodes = [
        make("Abs", ["samples"], ["size"]),
        make("ReduceMean", ["size", "second"], ["mean"], keepdims=0),
        make("CumSum", ["mean", "first"], ["own"]),
        make("Add", ["own", "before"], ["sum"]),
        make("Gather", ["sum", "last"], ["after"]),
        make("Sub", ["mean", "level"], ["above"]),
        make("Mul", ["above", "scale"], ["loud"]),
        make("Mul", ["sum", "share"], ["past"]),
        make("Add", ["loud", "past"], ["odds"]),
        make("Sigmoid" if bounded else "Identity", ["odds"], ["speech"]),
    ]
    numbers = {
        "level": np.float32(0.01),
        "scale": np.float32(300),
        "share": np.float32(0.01),
        "first": np.array(0),
        "second": np.array([1]),
        "last": np.array([-1]),
    }
    graph = onnx.helper.make_graph(
        nodes,
        "loudness",
        [
            onnx.helper.make_tensor_value_info("samples", kind, [windows, width]),
            onnx.helper.make_tensor_value_info("before", kind, [1]),
        ],
        [
            onnx.helper.make_tensor_value_info("speech", kind, [windows]),
            onnx.helper.make_tensor_value_info("after", kind, [1]),
        ][: 1 + gives_state],
        [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in numbers.items()],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)])
    model.ir_version = 9
    path.write_bytes(model.SerializeToString())
    return path
