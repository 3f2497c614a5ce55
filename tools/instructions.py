"""Instructions that a kernel's call takes: python tools/instructions.py [KERNEL...] [--tree DIR].

Counts under valgrind's callgrind, on one thread, without AVX-512, which it does not know: half of
what a process that makes three calls takes more than one that makes one. With --tree, of the
package there too, such as build/base, which tools/compare.py leaves. A kernel takes some minutes.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_RANDOM = "import numpy as np; rng = np.random.default_rng(0); "
_ROWS = "rows = rng.normal(size=({}, {})).astype(np.float32); "

# What is made ready, and the call.
KERNELS = {
    "mfcc": (
        _RANDOM + "from trfast.features import Mfcc; samples = rng.normal(size=160000) / 9;"
        " samples = samples.astype(np.float32); mfcc = Mfcc()",
        "mfcc.extract(samples)",
    ),
    "divergence": (
        _RANDOM + _ROWS.format(20000, 14) + "from trfast.segmentation import segment",
        "segment(rows, np.array([[0, 20000]]))",
    ),
    "bic": (
        _RANDOM + _ROWS.format(20000, 14) + "from trfast.segmentation import bic_clustering;"
        " at = np.arange(0, 20000, 200); bounds = np.stack([at, at + 200], axis=1)",
        "bic_clustering(rows, bounds, alpha=2.0)",
    ),
}


def instructions(tree: Path, prepare: str, call: str, n_calls: int) -> int:
    """Count the instructions of a process that calls so many times."""
    script = f"{prepare}\nfor _ in range({n_calls}):\n    {call}"
    with TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "-q"]
        paths = {"PYTHONPATH": str(tree / "src"), "TRFAST_SIMD": "avx2", "PYTHONHASHSEED": "0"}
        subprocess.run(
            [*valgrind, sys.executable, "-c", script],
            env={**os.environ, **ONE_THREAD, **paths},
            check=True,
        )
        found = re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.MULTILINE)
    if found is None:
        raise SystemExit("callgrind counted nothing")
    return int(found[1])


def main() -> None:
    """Count, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kernels", nargs="*", choices=[*KERNELS, []], help="default: all")
    parser.add_argument("--tree", type=Path, help="another checkout, built in place")
    arguments = parser.parse_args()
    trees = [tree.resolve() for tree in (arguments.tree, ROOT) if tree]
    for name in arguments.kernels or KERNELS:
        counts = []
        for tree in trees:
            three, one = (instructions(tree, *KERNELS[name], n) for n in (3, 1))
            counts.append((three - one) / 2)
        ratio = f", {counts[-1] / counts[0]:.3f} of {counts[0] / 1e6:.1f}" * (len(counts) > 1)
        print(f"{name}: {counts[-1] / 1e6:.1f} million instructions a call{ratio}", flush=True)


if __name__ == "__main__":
    main()
