"""What the machine can do: matrix products of the shapes that the stages live on, and copying.

The products go to the same BLAS as the kernels, SciPy's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.linalg.blas import sgemm
from threadpoolctl import threadpool_limits

from benchmarks._common import SHAPES, gflop


@pytest.mark.parametrize("shape", SHAPES)
def test_sgemm(benchmark: Any, shape: str) -> None:
    m, n, k = SHAPES[shape]
    rng = np.random.default_rng(0)
    # Column-major, as BLAS has it: the transpose of the rows that the kernels hand over.
    a = np.asfortranarray(rng.standard_normal((n, k), dtype=np.float32))
    b = np.asfortranarray(rng.standard_normal((k, m), dtype=np.float32))
    c = np.empty((n, m), dtype=np.float32, order="F")
    benchmark.extra_info.update(limit=shape, gflop=gflop(shape))
    with threadpool_limits(1):
        benchmark.pedantic(lambda: sgemm(1.0, a, b, c=c, overwrite_c=1), rounds=7, warmup_rounds=2)


def test_copy(benchmark: Any) -> None:
    source = np.ones(64 << 20, dtype=np.float32)
    target = np.empty_like(source)
    benchmark.extra_info.update(limit="copy", gigabytes=2 * source.nbytes / 1e9)
    benchmark.pedantic(np.copyto, (target, source), rounds=7, warmup_rounds=2)
