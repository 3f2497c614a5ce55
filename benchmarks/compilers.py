"""Numba beside Cython: two kernels, and scores of one's own beside the built-in cosine.

    python -m benchmarks.compilers [-o docs/benchmarks-numba.md]

One thread; the least CPU time of some calls, after one that does not count, all in one run.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import files, version
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from benchmarks import _numba_twins as twins
from benchmarks.render import seconds, table
from trfast._viterbi import best_path
from trfast.clustering import connected_components
from trfast.scoring import CompiledScore, cosine, edges_above

Array = npt.NDArray[Any]

ROUNDS = 4
N_FRAMES, N_STATES, PENALTY = 360_000, 18, 30.0
N_ITEMS, N_PAIRS = 200_000, 1_000_000
N_ROWS, D, THRESHOLD = 20_000, 200, 0.45
# The pace that a score of one's own is to have, of that of the built-in cosine.
TARGET = 0.1

PAGE = """# Numba beside Cython

Written by `python -m benchmarks.compilers`: the least CPU time of one thread, in one run.

- Machine: {machine}
- Versions: {versions}
- Measured: {date}, with the code of commit {commit}

## Kernels

The same lines in both. The first call is that of a new process, with what it imports and compiles.

{kernels}
Numba compiles for the processor at hand, Cython's code of these two is for any. With llvmlite it
takes {megabytes} MB on the disk, and a compiler at run time. So the kernels are Cython; Numba does
what Cython cannot, and compiles a score that a user writes.

## Scores of one's own

All pairs of {n} vectors of {d} dimensions above a threshold, by `CompiledScore` of functions of
`benchmarks/compilers.py`. Target: a tenth of the pace of the built-in cosine, in the same run.
That one has 8-bit arithmetic, and reads a row once for many others; a function of two vectors reads
both for each pair.

{scores}
"""


def dot(a: Array, b: Array) -> float:
    """Cosine of vectors of length 1."""
    total = 0.0
    for k in range(len(a)):
        total += a[k] * b[k]
    return total


def distance(a: Array, b: Array) -> float:
    """Squared distance, negative."""
    total = 0.0
    for k in range(len(a)):
        total += (a[k] - b[k]) ** 2
    return -total


def cosine_of_any(a: Array, b: Array) -> float:
    """Cosine of vectors of any length: three sums a pair."""
    ab = aa = bb = 0.0
    for k in range(len(a)):
        ab += a[k] * b[k]
        aa += a[k] * a[k]
        bb += b[k] * b[k]
    return float(ab / np.sqrt(aa * bb))


def dot_of_numpy(a: Array, b: Array) -> float:
    """Cosine of vectors of length 1, by NumPy's function."""
    return float(np.dot(a, b))


def timed(*functions: Callable[[], Any]) -> list[float]:
    """Least CPU seconds of a call of each; they take turns, for the machine may be busy."""
    least = [float("inf")] * len(functions)
    for number in range(1 + ROUNDS):
        for k, function in enumerate(functions):
            start = time.thread_time()
            function()
            if number:
                least[k] = min(least[k], time.thread_time() - start)
    return least


def first_call(code: str) -> float:
    """CPU seconds of an import and a first call in a process of its own, less those of NumPy."""

    def run(code: str) -> float:
        before = os.times()
        subprocess.run([sys.executable, "-c", code], check=True)
        after = os.times()
        return after.children_user + after.children_system - sum(before[2:4])

    start = "import numpy as np; x = np.zeros((4, 9)); y = np.zeros((4, 2), np.int64);"
    least = [min(run(start + rest) for _ in range(5)) for rest in (code, "")]
    return max(0.0, least[0] - least[1])


def kernels() -> Iterator[tuple[str, ...]]:
    """Rows of the table of kernels."""
    rng = np.random.default_rng(0)
    frames = rng.normal(size=(N_STATES, N_FRAMES))
    pairs = rng.integers(0, N_ITEMS, (N_PAIRS, 2))

    def ours() -> Array:
        return best_path([frames], N_STATES, N_FRAMES, penalty=PENALTY)

    def twin() -> Array:
        return twins.best_path(frames, PENALTY)

    np.testing.assert_array_equal(ours(), twin())
    call = "import best_path; best_path"
    yield (
        f"Viterbi, {N_FRAMES:,} frames x {N_STATES} states",
        *map(seconds, timed(ours, twin)),
        seconds(first_call(f"from trfast._viterbi {call}([x], 4, 9, penalty=1)")),
        seconds(first_call(f"from benchmarks._numba_twins {call}(x, 1.0)")),
    )

    def own_components() -> Array:
        return connected_components(pairs, N_ITEMS)

    def twin_components() -> Array:
        return twins.connected_components(pairs, N_ITEMS)

    np.testing.assert_array_equal(own_components(), twin_components())
    call = "import unite; unite(y, np.arange(4))"
    yield (
        f"Union-find, {N_PAIRS:,} pairs of {N_ITEMS:,} items",
        *map(seconds, timed(own_components, twin_components)),
        seconds(first_call(f"from trfast._ext._union_find {call}")),
        seconds(first_call(f"from benchmarks._numba_twins {call}")),
    )


def scores() -> Iterator[tuple[str, ...]]:
    """Rows of the table of scores."""
    rng = np.random.default_rng(0)
    speakers = np.repeat(rng.normal(size=(N_ROWS // 10, D)), 10, axis=0)
    x = (speakers + 0.8 * rng.normal(size=(N_ROWS, D))).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    n_pairs = N_ROWS * (N_ROWS - 1) / 2

    def by_cosine() -> tuple[Array, Array]:
        return edges_above(x, THRESHOLD, n_threads=1)

    def by_products() -> tuple[Array, Array]:
        had, cosine._BYTES = cosine._BYTES, False
        found = by_cosine()
        cosine._BYTES = had
        return found

    ways: dict[str, Callable[[], Any]]
    ways = {"built-in cosine": by_cosine, "the same, without 8-bit arithmetic": by_products}
    for function in (dot, dot_of_numpy, distance, cosine_of_any):
        least = -0.5 if function is distance else THRESHOLD
        own = partial(CompiledScore(function).edges_above, x, least, n_threads=1)
        ways[f"`{function.__name__}`: {(function.__doc__ or '').rstrip('.')}"] = own
    spent = timed(*ways.values())
    for (what, way), took in zip(ways.items(), spent, strict=True):
        share = spent[0] / took
        verdict = "" if way in (by_cosine, by_products) else " (missed)"
        if share >= TARGET and verdict:
            verdict = " (reached)"
        yield what, seconds(took), f"{n_pairs / took / 1e6:,.0f} million", f"{share:.1%}{verdict}"


def megabytes(*packages: str) -> float:
    """Bytes of installed packages."""
    return sum(f.locate().stat().st_size for p in packages for f in files(p) or ()) / 1e6


def page() -> str:
    """Measure, and return the page."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    with threadpool_limits(1):
        return PAGE.format(
            machine=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
            versions=", ".join(f"{name} {version(name)}" for name in ("trfast", "numpy", "numba")),
            date=time.strftime("%Y-%m-%d"),
            commit=commit,
            kernels="\n".join(
                table("kernel|Cython|Numba|Cython, first call|Numba, first call", kernels())
            ),
            megabytes=round(megabytes("numba", "llvmlite")),
            n=f"{N_ROWS:,}",
            d=D,
            scores="\n".join(table("score|time|pairs a second|pace of the built-in", scores())),
        )


@click.command()
@click.option("-o", "output", type=click.Path(path_type=Path), help="Page to write.")
def main(output: Path | None) -> None:
    """Measure, and print a page or write it."""
    text = page().rstrip() + "\n"
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
