"""Speed of neural embeddings in ONNX files: times real time, one thread, the network alone.

    python benchmarks/neural.py FILE.onnx... [--rounds N] [--audio RECORDING]...

Pieces of 6 s, and windows of 1.5 s every 0.75 s, as diarization takes them, of a minute of audio.
Files take turns; what counts is the least time of the CPU, and the median, which other work on the
machine draws out; and the ratio to the first file's. The cosine is that of the vectors to the
first file's, in the median.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

from trfast.audio import SAMPLE_RATE, load
from trfast.embedding import OnnxEmbedder
from trfast.features import HOP, Fbank

SHOWS = sorted((Path(__file__).parents[1] / "examples" / "audio").glob("*.opus"))
SECONDS = 60


def frames_of(audio: Sequence[Path]) -> npt.NDArray[np.float32]:
    """Filter banks of the first seconds of recordings, as many of each."""
    share = SECONDS * SAMPLE_RATE // len(audio)
    return np.concatenate([Fbank().extract(load(path)[:share]) for path in audio])


def median_cosine(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    """Of the rows of one to those of the other."""
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(np.median((a * b).sum(axis=1) / lengths))


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--rounds", default=10, show_default=True, help="times that each file has its turn")
@click.option("--audio", multiple=True, type=click.Path(exists=True, path_type=Path))
def main(files: tuple[Path, ...], rounds: int, audio: tuple[Path, ...]) -> None:
    """Print a table."""
    embedders = [OnnxEmbedder(path) for path in files]
    frames = frames_of(audio or SHOWS)
    seconds = len(frames) * HOP
    print(f"{seconds:.0f} s of audio, {rounds} rounds")
    print(f"{'':<10}{'least time':>22}{'median':>22}")
    print(f"{'what':<10}" + 2 * f"{'x real time':>12}{'ratio':>10}" + f"{'cosine':>10}  file")
    for name, length, step in (("6 s", 6.0, 6.0), ("windows", 1.5, 0.75)):
        n, hop = round(length / HOP), round(step / HOP)
        pieces = [frames[start : start + n] for start in range(0, len(frames) - n + 1, hop)]
        vectors = [embedder(pieces) for embedder in embedders]  # a warm-up as well
        taken = np.empty((rounds, len(files)))
        for row in taken:
            for k, embedder in enumerate(embedders):
                start = time.process_time()
                embedder(pieces)
                row[k] = time.process_time() - start
        speech = min(seconds, len(pieces) * step)
        for k, (path, found) in enumerate(zip(files, vectors, strict=True)):
            print(f"{name:<10}", end="")
            for times in (taken.min(axis=0), np.median(taken, axis=0)):
                print(f"{speech / times[k]:>12.0f}{times[0] / times[k]:>10.2f}", end="")
            print(f"{median_cosine(found, vectors[0]):>10.4f}  {path.name}")


if __name__ == "__main__":
    main()
