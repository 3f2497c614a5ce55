"""Connected components of a million local speakers: time, memory, and what the bound spares.

    python benchmarks/linking_million.py [--n N] [--threads T] [--threshold T]

Speakers appear in 1 to 1,000 recordings (Zipf's law), and two vectors of one speaker have a
cosine of about 0.6, of two speakers 0 +- 0.07, as i-vectors of the default model have. The same
by brute force is what the pairs would take at the pace of this machine's SGEMM, measured before.
"""

from __future__ import annotations

import resource
import sys
import time

import click
import numpy as np
import numpy.typing as npt

from trfast._threads import blas_limit
from trfast.scoring.cosine import _components

D = 200


def local_speakers(n: int, seed: int = 0) -> tuple[npt.NDArray[np.float32], int]:
    """Return vectors in random order, and how many speakers they are of."""
    rng = np.random.default_rng(seed)
    appearances = np.minimum(rng.zipf(2.0, size=n), 1000)
    speakers = rng.permutation(np.repeat(np.arange(n), appearances)[:n])
    vectors = np.empty((n, D), dtype=np.float32)
    for start in range(0, n, 10_000):
        block = vectors[start : start + 10_000]
        rng.standard_normal(out=block, dtype=np.float32)
        block *= np.float32((0.4 / 0.6) ** 0.5)
        for row, speaker in zip(block, speakers[start : start + 10_000], strict=True):
            row += np.random.default_rng([seed, speaker]).standard_normal(D, dtype=np.float32)
    return vectors, len(np.unique(speakers))


def sgemm_seconds_a_pair() -> float:
    """CPU time on tiles of 2,048 x 2,048 x 200, the best of ten."""
    a = np.random.default_rng(0).standard_normal((2048, D), dtype=np.float32)
    out = np.empty((2048, 2048), dtype=np.float32)
    best = np.inf
    with blas_limit():
        for _ in range(10):
            start = time.process_time()
            np.matmul(a, a.T, out=out)
            best = min(best, time.process_time() - start)
    return best / out.size


def peak_mb() -> float:
    """Largest resident memory of this process so far."""
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


@click.command()
@click.option("--n", default=1_000_000, show_default=True, help="Local speakers.")
@click.option("--threads", default=2, show_default=True, help="Threads.")
@click.option("--threshold", default=0.475, show_default=True, help="Least cosine of a link.")
def main(n: int, threads: int, threshold: float) -> None:
    """Measure the linking of very many local speakers."""
    a_pair = sgemm_seconds_a_pair()
    vectors, n_speakers = local_speakers(n)
    n_pairs = n * (n - 1) // 2
    click.echo(
        f"{n} vectors of {D} of {n_speakers} speakers: {n_pairs:.3g} pairs; peak memory"
        f" {peak_mb():.0f} MB with the vectors, {vectors.nbytes / 1e6:.0f} MB"
    )
    cpu, wall = time.process_time(), time.perf_counter()
    labels, n_cosines = _components(vectors, threshold, threads)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    click.echo(
        f"{labels.max() + 1} components in {wall:.1f} s, {cpu:.1f} s of CPU, {threads} threads;"
        f" peak memory {peak_mb():.0f} MB"
    )
    click.echo(
        f"ruled out by the bound or spared by union-find: {100 - 100 * n_cosines / n_pairs:.5f} %"
        f" of the pairs; SGEMM alone would take {a_pair * n_pairs:.1f} s of CPU,"
        f" {a_pair * n_pairs / cpu:.1f} times as much"
    )


if __name__ == "__main__":
    main()
