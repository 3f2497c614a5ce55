"""CompiledScore: a similarity that the user writes in Python, compiled when it is first needed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from types import CodeType
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._checks import check_matrix, check_number
from trfast._threads import map_in_threads
from trfast.errors import MissingExtraError, ParameterError, ParameterTypeError

FloatArray = npt.NDArray[Any]
IntArray = npt.NDArray[np.int64]

# Rows and columns of the scores that are in memory at a time.
_TILE = 256
# Bytes of a line of the cache, where rows start: what straddles two is read twice.
_LINE = 64
# Rows by which it is seen that the score does not depend on the order of two vectors, and by how
# much it may by rounding.
_N_TRIED, _ROUNDING = 8, 1e-3


class CompiledScore:
    """A similarity of two vectors, written in Python, at the pace of compiled code.

    Numba compiles the function when it is first needed, once for float32 rows and once for
    float64, which takes a second or two. It then runs over blocks of pairs; all of them are never
    in memory. It is an estimator of `Backend`, as `Plda` is.

    Parameters
    ----------
    function : callable
        Takes two vectors, ndarray (k,), and returns a number that grows with likeness, whichever
        comes first. It is made of what Numba knows [1]_: loops, arithmetic, NumPy's functions, and
        other functions under ``numba.njit``. Sums are added up in any order. Floating-point
        numbers that stand in it are taken in the precision of the rows, usually float32; a sum
        that starts from 0 instead of 0.0 is slower.

    Raises
    ------
    ParameterTypeError
        If `function` is no function of Python.

    References
    ----------
    .. [1] https://numba.readthedocs.io/en/stable/reference/pysupported.html

    Examples
    --------
    >>> from trfast import Comparison
    >>> from trfast.scoring import Backend
    >>> def nearness(a, b):
    ...     total = 0.0
    ...     for k in range(len(a)):
    ...         total += abs(a[k] - b[k])
    ...     return -total
    >>> backend = Backend(name="nearness", estimator=CompiledScore(nearness))
    >>> rows = backend.project([[0.0, 0.0], [0.0, 0.5], [3.0, 4.0]])
    >>> Comparison(backend=backend, threshold=-1.0).cluster(rows).tolist()  # doctest: +SKIP
    [0, 0, 1]
    """

    def __init__(self, function: Callable[[FloatArray, FloatArray], float]) -> None:
        if not hasattr(getattr(function, "py_func", function), "__code__"):
            raise ParameterTypeError(
                f"function must be a function of two vectors, written in Python, got {function!r}"
            )
        self.function = function
        self._fills: dict[np.dtype[Any], Any] = {}

    def __getstate__(self) -> dict[str, Any]:
        # Each process compiles for itself.
        return {"function": self.function, "_fills": {}}

    def __repr__(self) -> str:
        return f"CompiledScore({_name_of(self.function)})"

    @property
    def fingerprint(self) -> str:
        """Changes with what the function says, and what it remembers; not with what it calls."""
        plain: Any = getattr(self.function, "py_func", self.function)
        kept = [cell.cell_contents for cell in plain.__closure__ or ()]
        parts = (_said(plain.__code__), plain.__defaults__, kept)
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def similarity(self, a: npt.ArrayLike, b: npt.ArrayLike | None = None) -> FloatArray:
        """Score each row of `a` with each of `b`.

        Parameters
        ----------
        a : array_like (n, k)
        b : array_like (m, k), optional
            Default: `a`.

        Returns
        -------
        ndarray (n, m)
            float64 if both are, otherwise float32.

        Raises
        ------
        MissingExtraError
            If Numba is missing (``pip install "trfast[numba]"``).
        ParameterError
            If Numba cannot compile the function, a score is NaN or infinite, or the rows are.
        """
        left = _rows(a, "a")
        right = left if b is None else _rows(b, "b", n_columns=left.shape[1])
        dtype = np.result_type(left, right)
        scores = np.empty((len(left), len(right)), dtype)
        if scores.size:
            self._fill(_aligned(left, dtype), _aligned(right, dtype), left.shape[1], scores)
        finite = np.isfinite(scores)
        if not finite.all():
            i, j = np.unravel_index(int(finite.argmin()), scores.shape)
            raise self._not_finite(int(i), int(j), float(scores[i, j]))
        return scores

    def edges_above(
        self, rows: npt.ArrayLike, threshold: float, *, n_threads: int | None = None
    ) -> tuple[IntArray, FloatArray]:
        """List the pairs whose score reaches a threshold; memory is that of the answer.

        Parameters
        ----------
        rows : array_like (n, k)
        threshold : float
            Least score of a pair.
        n_threads : int, optional
            Default: all cores this process may use. The result does not depend on it.

        Returns
        -------
        pairs : ndarray (m, 2), int64
            Pairs ``i < j``, sorted.
        similarities : ndarray (m,)
            Their scores; float32, or float64 if the rows are.

        Raises
        ------
        MissingExtraError, ParameterError
            As `similarity`; or if the score of some rows depends on which comes first.
        """
        check_number(threshold, "threshold")
        x = _rows(rows, "rows")
        if len(x) == 0:
            return np.empty((0, 2), np.int64), np.empty(0, x.dtype)
        self._check_symmetric(x)
        from trfast.scoring._numba import edges_of_tile  # is there: the check has compiled

        aligned, d = _aligned(x, x.dtype), x.shape[1]

        def edges_of_band(i: int) -> tuple[IntArray, FloatArray]:
            tile = np.empty((_TILE, _TILE), x.dtype)
            pairs, similarities = np.empty((tile.size, 2), np.int64), np.empty(tile.size, x.dtype)
            found_pairs, found = [], []
            band = aligned[i : i + _TILE]
            for j in range(i, len(x), _TILE):
                block = aligned[j : j + _TILE]
                scores = tile[: len(band), : len(block)]
                self._fill(band, block, d, scores)
                count, wrong = edges_of_tile(scores, i, j, threshold, pairs, similarities)
                if wrong >= 0:
                    row, column = divmod(wrong, len(block))
                    raise self._not_finite(i + row, j + column, float(scores[row, column]))
                found_pairs.append(pairs[:count].copy())
                found.append(similarities[:count].copy())
            joined = np.concatenate(found_pairs)
            order = np.argsort(joined[:, 0], kind="stable")
            return joined[order], np.concatenate(found)[order]

        edges = map_in_threads(edges_of_band, range(0, len(x), _TILE), n_threads)
        return (
            np.concatenate([pairs for pairs, _ in edges]),
            np.concatenate([similarities for _, similarities in edges]),
        )

    def _fill(self, a: FloatArray, b: FloatArray, d: int, scores: FloatArray) -> None:
        """Put all scores of aligned rows into their place; compile, if this precision was not
        needed yet."""
        dtype = scores.dtype
        if dtype not in self._fills:
            self._fills[dtype] = self._compiled(a[:1], b[:1], d, scores[:1, :1])
        self._fills[dtype](a, b, d, scores)

    def _compiled(self, a: FloatArray, b: FloatArray, d: int, scores: FloatArray) -> Any:
        name = _name_of(self.function)
        try:  # Python says what compiled code would not: that there is no such element
            float(self.function(a[0, :d], b[0, :d]))
        except Exception as error:
            raise ParameterError(
                f"{name} fails for two vectors of shape ({d},), expected a number"
                f" ({type(error).__name__}: {error})"
            ) from error
        try:
            from numba.core.errors import NumbaError

            from trfast.scoring._numba import compiled_fill
        except ImportError as error:
            raise MissingExtraError(
                f'a score of one\'s own ({name}) needs Numba: pip install "trfast[numba]"'
            ) from error
        fill = compiled_fill(self.function, scores.dtype)
        try:
            fill(a, b, d, scores)
        except NumbaError as error:
            raise ParameterError(
                f"Numba cannot compile {name}, expected a function of two vectors that returns a"
                " number, made of loops, arithmetic and NumPy's functions; what it calls must be"
                f" under numba.njit. It says: {error}"
            ) from error
        return fill

    def _check_symmetric(self, x: FloatArray) -> None:
        scores = self.similarity(x[:: -(-len(x) // _N_TRIED)])
        apart = np.abs(scores - scores.T)
        if (apart > _ROUNDING * (1 + np.abs(scores))).any():
            i, j = np.unravel_index(int(apart.argmax()), apart.shape)
            raise ParameterError(
                f"{_name_of(self.function)} gives {scores[i, j]:g} for two vectors, and"
                f" {scores[j, i]:g} when the other comes first; expected the same: return, say,"
                " the mean of both"
            )

    def _not_finite(self, i: int, j: int, score: float) -> ParameterError:
        return ParameterError(
            f"{_name_of(self.function)} gives {score} for rows {i} and {j}, expected a finite"
            " number"
        )


def _said(code: CodeType) -> tuple[Any, ...]:
    """What a function says, wherever it stands."""
    constants = [_said(x) if isinstance(x, CodeType) else x for x in code.co_consts]
    return code.co_code, constants, code.co_names


def _name_of(function: Any) -> str:
    return str(getattr(function, "__name__", function))


def _aligned(rows: FloatArray, dtype: np.dtype[Any]) -> FloatArray:
    """Return rows that start on lines of the cache; their ends are zeros."""
    n, d = rows.shape
    step = _LINE // dtype.itemsize
    width = -(-d // step) * step
    memory = np.zeros(n * width + step, dtype)
    start = -memory.ctypes.data % _LINE // dtype.itemsize
    found = memory[start : start + n * width].reshape(n, width)
    found[:, :d] = rows
    return found


def _rows(values: npt.ArrayLike, name: str, *, n_columns: int | None = None) -> FloatArray:
    """Check rows; float64 stays, all else becomes float32."""
    dtype = np.float64 if getattr(values, "dtype", None) == np.float64 else np.float32
    return check_matrix(values, name, n_columns=n_columns, dtype=dtype)
