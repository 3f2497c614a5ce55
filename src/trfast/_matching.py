"""One-to-one matching of two sets of speakers, by the time they have in common."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from trfast.errors import ParameterTypeError

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

PAIRS_AT_ONCE = 2_000


def one_to_one(common: Any) -> Any:
    """Map rows to columns one to one so that the time they have in common is the longest.

    Parameters
    ----------
    common : sparse (n_rows, n_columns)
        Seconds, of each row with each column.

    Returns
    -------
    sparse (n_rows, n_columns)
        One at each pair that is mapped; a pair without time in common is not.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> one_to_one(csr_array([[5.0, 4.0], [4.0, 0.0]])).toarray()
    array([[0., 1.],
           [1., 0.]])
    """
    if not scipy.sparse.issparse(common):
        raise ParameterTypeError(
            f"common must be sparse, as CommonTime.seconds is, got {type(common).__name__}"
        )
    common = common.tocoo(copy=True)
    common.eliminate_zeros()
    rows, columns, time = common.row, common.col, common.data
    # The assignment's time grows with the square of its size. Speakers that no chain of common
    # time connects do not compete: they are assigned apart, as many at once as do no harm.
    n_rows, n_columns = common.shape
    graph = _graph(time, rows, n_rows + columns, (n_rows + n_columns,) * 2)
    component = scipy.sparse.csgraph.connected_components(graph, directed=False)[1][rows]
    order = np.argsort(component, kind="stable")
    first = np.searchsorted(component[order], component[order])
    blocks = np.split(order, np.flatnonzero(np.diff(first // PAIRS_AT_ONCE)) + 1)
    assigned = [b[_assignment(rows[b], columns[b], time[b])] for b in blocks if len(b)]
    chosen = np.concatenate([np.zeros(0, np.int64), *assigned])
    ones = np.ones(len(chosen))
    return scipy.sparse.csr_array(
        (ones, (rows[chosen], columns[chosen])), shape=(n_rows, n_columns)
    )


def _graph(weights: FloatArray, rows: IntArray, columns: IntArray, shape: tuple[int, int]) -> Any:
    """Return a sparse graph; csgraph of SciPy before 1.15 takes 32-bit indices only."""
    index = (rows.astype(np.int32), columns.astype(np.int32))
    return scipy.sparse.coo_array((weights, index), shape=shape).tocsr()


def _assignment(rows: IntArray, columns: IntArray, time: FloatArray) -> IntArray:
    """Choose pairs that share no row and no column, of the longest time together."""
    _, rows = np.unique(rows, return_inverse=True)
    _, columns = np.unique(columns, return_inverse=True)
    n_rows, n_columns = rows.max() + 1, columns.max() + 1
    # The matching must be full: each row has a column of its own that stands for no partner.
    everyone = np.arange(n_rows)
    dearest = 2.0 * time.max()
    costs = _graph(
        np.concatenate([dearest - time, np.full(n_rows, dearest)]),
        np.concatenate([rows, everyone]),
        np.concatenate([columns, n_columns + everyone]),
        (n_rows, n_columns + n_rows),
    )
    matched = np.full(n_rows, -1)
    matched_rows, matched_columns = scipy.sparse.csgraph.min_weight_full_bipartite_matching(costs)
    matched[matched_rows] = matched_columns
    chosen: IntArray = np.flatnonzero(matched[rows] == columns)
    return chosen
