"""Kernels of the cosine scoring: products of unit rows tile by tile, scanned at a threshold.

Only pairs of rows i < j are looked at, and only one tile a thread is ever in memory. Tiles
do not depend on the number of threads, so neither do the products.
"""

from cython cimport floating
from cython.parallel cimport prange, threadid
from libc.stdint cimport int64_t
from scipy.linalg.cython_blas cimport dgemm, sgemm

from trfast._ext._union_find cimport find_root


cdef void _product(
    const floating* a, const floating* b, int m, int n, int d, floating* tile
) noexcept nogil:
    """``tile (m, n) = a (m, d) @ b (n, d).T``, all row-major."""
    cdef floating one = 1, zero = 0
    if floating is float:
        sgemm(b"T", b"N", &n, &m, &d, &one, <float*> b, &d, <float*> a, &d, &zero, tile, &n)
    else:
        dgemm(b"T", b"N", &n, &m, &d, &one, <double*> b, &d, <double*> a, &d, &zero, tile, &n)


cdef bint _any_above(const floating* values, Py_ssize_t n, floating threshold) noexcept nogil:
    """Whether any value reaches the threshold, without a branch a value."""
    cdef Py_ssize_t i
    cdef int found = 0
    for i in range(n):
        found |= values[i] >= threshold
    return found


def edges_of_tile(
    const floating[:, ::1] rows,         # IN  (n, d) unit rows
    Py_ssize_t first_row,                # IN  tile's origin, first_row <= first_column
    Py_ssize_t first_column,             # IN
    floating threshold,                  # IN
    floating[:, ::1] tile,               # INOUT (height, width) scratch
    int64_t[:, ::1] pairs,               # OUT (height * width, 2) pairs i < j
    floating[::1] similarities,          # OUT (height * width,)
):
    """List the pairs of one tile that reach the threshold; return how many there are."""
    cdef:
        Py_ssize_t m = min(<Py_ssize_t> tile.shape[0], rows.shape[0] - first_row)
        Py_ssize_t n = min(<Py_ssize_t> tile.shape[1], rows.shape[0] - first_column)
        Py_ssize_t i, j, count = 0
        floating* row
    with nogil:
        _product(
            &rows[first_row, 0], &rows[first_column, 0], m, n, rows.shape[1], &tile[0, 0]
        )
        for i in range(m):
            row = &tile[0, 0] + i * n
            if not _any_above(row, n, threshold):
                continue
            for j in range(max(0, first_row + i + 1 - first_column), n):
                if row[j] >= threshold:
                    pairs[count, 0] = first_row + i
                    pairs[count, 1] = first_column + j
                    similarities[count] = row[j]
                    count += 1
    return count


def components(
    const floating[:, ::1] rows,         # IN  (n, d) unit rows
    floating threshold,                  # IN
    floating[:, :, ::1] tiles,           # INOUT (n_threads, height, width) scratch
    int64_t[:, ::1] parents,             # INOUT (n_threads, n) forests of `_union_find`
):
    """Join the rows whose product reaches the threshold, each thread in its own forest."""
    cdef:
        Py_ssize_t n_rows = rows.shape[0], height = tiles.shape[1], width = tiles.shape[2]
        int n_threads = tiles.shape[0], thread
        Py_ssize_t n_bands = (n_rows + height - 1) // height, band
    for band in prange(n_bands, nogil=True, num_threads=n_threads, schedule="dynamic"):
        thread = threadid()
        _components_of_band(
            &rows[0, 0], n_rows, rows.shape[1], band * height, height, width, threshold,
            &tiles[thread, 0, 0], &parents[thread, 0],
        )


cdef void _components_of_band(
    const floating* rows, Py_ssize_t n_rows, Py_ssize_t d, Py_ssize_t first_row,
    Py_ssize_t height, Py_ssize_t width, floating threshold, floating* tile, int64_t* parent,
) noexcept nogil:
    cdef:
        Py_ssize_t m = min(height, n_rows - first_row), n, i, j, first_column = first_row
        int64_t a, b
        floating* row
    while first_column < n_rows:
        n = min(width, n_rows - first_column)
        _product(rows + first_row * d, rows + first_column * d, m, n, d, tile)
        for i in range(m):
            row = tile + i * n
            if not _any_above(row, n, threshold):
                continue
            a = find_root(parent, first_row + i)
            for j in range(max(0, first_row + i + 1 - first_column), n):
                if row[j] >= threshold:
                    b = find_root(parent, first_column + j)
                    if a < b:
                        parent[b] = a
                    elif b < a:
                        parent[a] = b
                        a = b
        first_column += width
