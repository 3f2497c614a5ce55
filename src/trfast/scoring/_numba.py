"""Kernels that are compiled at run time, around a function of the user's."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

import numba
import numpy as np

# Sums may be added up in any order, so that they can be vectorized; NaN and infinity stay what
# they are, and division by zero gives them.
_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"arcp", "contract", "nsz", "reassoc"},
}
# Rows of `b` that stay in the cache while those of `a` pass by.
_N_NEAR = 16


def compiled_fill(function: Callable[..., Any], dtype: np.dtype[Any]) -> Any:
    """Return ``fill(a, b, d, out)``, which puts ``function(a[i, :d], b[j, :d])`` into
    ``out[i, j]``."""
    plain = getattr(function, "py_func", function)  # of one that is compiled already
    score = numba.njit(**_OPTIONS)(_in_precision(plain, dtype))

    @numba.njit(**_OPTIONS)
    def fill(a: Any, b: Any, d: int, out: Any) -> None:
        for first in range(0, len(b), _N_NEAR):
            for i in range(len(a)):
                for j in range(first, min(first + _N_NEAR, len(b))):
                    out[i, j] = score(a[i, :d], b[j, :d])

    return fill


def _in_precision(function: Any, dtype: np.dtype[Any]) -> Any:
    """Return the function with its floating-point constants in the precision of the rows: a sum
    that starts from 0.0 would be of float64, and half as fast."""
    code = function.__code__
    constants = tuple(dtype.type(x) if type(x) is float else x for x in code.co_consts)
    own = FunctionType(
        code.replace(co_consts=constants),
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    own.__module__, own.__qualname__ = function.__module__, function.__qualname__
    return own


@numba.njit(nogil=True)
def edges_of_tile(
    scores: Any, i: int, j: int, threshold: float, pairs: Any, similarities: Any
) -> tuple[int, int]:
    """List the pairs of a tile of scores, which starts at row i and column j, that reach the
    threshold; return how many there are, and where in the tile the first NaN or infinity is, or
    -1."""
    count, wrong = 0, -1
    for row in range(scores.shape[0]):
        for column in range(scores.shape[1]):
            score = scores[row, column]
            if i + row >= j + column:
                continue
            if not np.isfinite(score) and wrong < 0:
                wrong = row * scores.shape[1] + column
            if score >= threshold:
                pairs[count, 0] = i + row
                pairs[count, 1] = j + column
                similarities[count] = score
                count += 1
    return count, wrong
