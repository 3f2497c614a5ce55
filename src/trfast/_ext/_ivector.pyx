"""Posterior means and second moments of total variability factors, and the E-step's sums."""

from cython cimport floating
from cython.parallel cimport parallel, prange, threadid
from libc.string cimport memcpy

from trfast._ext._blas cimport gemm
from trfast._ext._scratch cimport allocate, release, whole_lines

cdef extern from *:
    """
    #define TRFAST_ROWS "_ivector_rows.h"
    #define TRFAST_LOOPS "_rows.h"
    #include "_instruction_sets.h"
    """

cdef extern from * nogil:
    void trfast_posterior_f32(float *packed, float *projected, int n, int stride, int r,
                              bint want_moment, void *workspace)
    void trfast_posterior_f64(double *packed, double *projected, int n, int stride, int r,
                              bint want_moment, void *workspace)
    void trfast_add_rows_f32(const float *rows, const int *places, float *total, int n, int r)
    void trfast_add_rows_f64(const double *rows, const int *places, double *total, int n, int r)

include "_chosen.pxi"

# Segments whose precisions one matrix product makes.
BATCH = 256
cdef int N_BATCH = BATCH
# Columns of a product that one thread adds up at a time.
cdef int TILE = 1024


def project(
    const floating[:, ::1] zeroth,      # IN (n, c + 1), a one for the prior in the last column
    const floating[:, :, ::1] first,    # IN (n, c, d) not centred
    const floating[:, :, ::1] matrix,   # IN (c, d, r) S_c^-1 T_c
    const floating[:, ::1] offset,      # IN (c + 1, r) what a unit of `zeroth` takes off T' S^-1 F
    floating[:, ::1] projected,         # OUT (n, r) T' S^-1 F - N' offset
    int n_threads,                      # IN
):
    """Project statistics; batches are fixed, so threads do not change the result."""
    cdef int n = <int> first.shape[0], d = <int> first.shape[2], r = <int> matrix.shape[2]
    cdef int n_batches = (n + N_BATCH - 1) // N_BATCH, i
    cdef size_t size = whole_lines(N_BATCH * ((d + r) * sizeof(floating) + sizeof(int)))
    cdef char *scratch = <char *> allocate(n_threads * size)
    try:
        with nogil, parallel(num_threads=n_threads):
            for i in prange(n_batches, schedule="static"):
                project_batch(zeroth, first, matrix, offset, projected,
                              <floating *> (scratch + threadid() * size), i * N_BATCH,
                              min(N_BATCH, n - i * N_BATCH))
    finally:
        release(scratch)


cdef void project_batch(
    const floating[:, ::1] zeroth, const floating[:, :, ::1] first,
    const floating[:, :, ::1] matrix, const floating[:, ::1] offset, floating[:, ::1] projected,
    floating *rows, Py_ssize_t s, int n,
) noexcept nogil:
    """One Gaussian at a time, of the segments that have frames of it: short ones lack many."""
    cdef int c = <int> first.shape[1], d = <int> first.shape[2], r = <int> matrix.shape[2]
    cdef floating *product = rows + N_BATCH * d
    cdef int *active = <int *> (product + N_BATCH * r)
    cdef int k, i, n_active
    gemm(False, False, n, r, c + 1, <floating> -1, &zeroth[s, 0], c + 1, &offset[0, 0], r, 0,
         &projected[s, 0], r)
    for k in range(c):
        n_active = 0
        for i in range(n):
            active[n_active] = i
            n_active += zeroth[s + i, k] != 0
        if n_active == 0:
            continue
        if n_active == n:
            gemm(False, False, n, r, d, <floating> 1, &first[s, k, 0], c * d, &matrix[k, 0, 0], r,
                 1, &projected[s, 0], r)
            continue
        for i in range(n_active):
            memcpy(rows + i * d, &first[s + active[i], k, 0], d * sizeof(floating))
        gemm(False, False, n_active, r, d, <floating> 1, rows, d, &matrix[k, 0, 0], r, 0,
             product, r)
        if floating is float:
            trfast_add_rows_f32(product, active, &projected[s, 0], n_active, r)
        else:
            trfast_add_rows_f64(product, active, &projected[s, 0], n_active, r)


def posterior(
    const floating[:, ::1] zeroth,      # IN (n, c), n >= 1
    const floating[:, ::1] products,    # IN (c, p) packed T_c' S_c^-1 T_c, p = r (r + 1) / 2
    floating[:, ::1] mean,              # INOUT (n, r) what `project` makes in, posterior mean out
    floating[:, :, ::1] moment,         # OUT (n / BATCH, p, BATCH) packed E[w w'] of each batch,
                                        # a segment a column; None if not wanted
    int n_threads,                      # IN
):
    """Posterior of w for each segment: L = sum_c N_c P_c, w = L^-1 projected."""
    cdef bint want_moment = moment is not None
    cdef int n = <int> zeroth.shape[0], r = <int> mean.shape[1]
    # Few segments take little memory: what fills the lanes of all instruction sets.
    cdef int batch = N_BATCH if want_moment else min(N_BATCH, (n + 15) // 16 * 16)
    cdef int n_batches = (n + batch - 1) // batch, i
    # Lanes of a matrix of up to r + 3 rows and two columns, and the moments if nobody wants them.
    cdef size_t solving = whole_lines(32 * ((r + 4) * (r + 3) + 2 * (r + 3) + 1))
    cdef size_t size = solving
    cdef char *scratch
    cdef floating *packed
    if not want_moment:
        size += whole_lines(<size_t> batch * products.shape[1] * sizeof(floating))
    scratch = <char *> allocate(n_threads * size)
    try:
        with nogil, parallel(num_threads=n_threads):
            for i in prange(n_batches, schedule="static"):
                if want_moment:
                    packed = &moment[i, 0, 0]
                else:
                    packed = <floating *> (scratch + threadid() * size + solving)
                posterior_of_batch(
                    zeroth, products, mean, packed, want_moment, scratch + threadid() * size,
                    i * batch, min(batch, n - i * batch), batch)
    finally:
        release(scratch)


cdef void posterior_of_batch(
    const floating[:, ::1] zeroth, const floating[:, ::1] products, floating[:, ::1] mean,
    floating *packed, bint want_moment, void *scratch, Py_ssize_t s, int n, int batch,
) noexcept nogil:
    cdef int c = <int> zeroth.shape[1], r = <int> mean.shape[1], p = <int> products.shape[1]
    gemm(True, True, p, n, c, <floating> 1, &products[0, 0], p, &zeroth[s, 0], c, 0, packed, batch)
    if floating is float:
        trfast_posterior_f32(packed, &mean[s, 0], n, batch, r, want_moment, scratch)
    else:
        trfast_posterior_f64(packed, &mean[s, 0], n, batch, r, want_moment, scratch)


def add_products(
    const floating[:, ::1] a,           # IN (n, m)
    const floating[:, ::1] b,           # IN (n, q)
    double[:, ::1] total,               # INOUT (m, q) += a' b
    int n_threads,                      # IN
):
    """Add a' b to a float64 total; tiles are fixed, so threads do not change the result."""
    cdef int n = <int> a.shape[0], m = <int> a.shape[1], q = <int> b.shape[1], width
    cdef int n_tiles = (q + TILE - 1) // TILE, tile
    cdef size_t size = <size_t> m * TILE
    cdef floating *scratch = <floating *> allocate(n_threads * size * sizeof(floating))
    cdef floating *product
    try:
        with nogil, parallel(num_threads=n_threads):
            for tile in prange(n_tiles, schedule="static"):
                product = scratch + threadid() * size
                width = min(TILE, q - tile * TILE)
                gemm(True, False, m, width, n, <floating> 1, &a[0, 0], m, &b[0, tile * TILE], q,
                     0, product, width)
                add_tile(product, total, tile * TILE, width)
    finally:
        release(scratch)


def add_moments(
    const floating[:, ::1] zeroth,      # IN (n, c)
    const floating[:, :, ::1] moment,   # IN (n / BATCH, p, BATCH)
    double[:, ::1] total,               # INOUT (c, p) += sum of zeroth times moment
    int n_threads,                      # IN
):
    """Add second moments, weighted by counts, to a float64 total."""
    cdef int n = <int> zeroth.shape[0], c = <int> zeroth.shape[1], p = <int> moment.shape[1]
    cdef int n_tiles = (p + TILE - 1) // TILE, tile, i, width
    cdef size_t size = <size_t> c * TILE
    cdef floating *scratch = <floating *> allocate(n_threads * size * sizeof(floating))
    cdef floating *product
    try:
        with nogil, parallel(num_threads=n_threads):
            for tile in prange(n_tiles, schedule="static"):
                product = scratch + threadid() * size
                width = min(TILE, p - tile * TILE)
                for i in range((n + N_BATCH - 1) // N_BATCH):
                    gemm(True, True, c, width, min(N_BATCH, n - i * N_BATCH), <floating> 1,
                         &zeroth[i * N_BATCH, 0], c, &moment[i, tile * TILE, 0], N_BATCH,
                         i > 0, product, width)
                add_tile(product, total, tile * TILE, width)
    finally:
        release(scratch)


cdef void add_tile(
    const floating *product, double[:, ::1] total, Py_ssize_t start, int width,
) noexcept nogil:
    cdef Py_ssize_t i, j
    for i in range(total.shape[0]):
        for j in range(width):
            total[i, start + j] += <double> product[i * width + j]
