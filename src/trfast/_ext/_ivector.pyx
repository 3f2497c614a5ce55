"""Posterior means and second moments of total variability factors, and the E-step's sums."""

from cython cimport floating
from cython.parallel cimport parallel, prange, threadid
from scipy.linalg.cython_blas cimport dgemm, sgemm

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

include "_chosen.pxi"

# Segments whose precisions one matrix product makes.
BATCH = 256
cdef int N_BATCH = BATCH
# Columns of a product that one thread adds up at a time.
TILE = 1024
cdef int N_TILE = TILE


def workspace_size(int rank):
    """Return the bytes that `workspace` needs, a row a thread."""
    order = rank + 3
    return 32 * ((order + 1) * order + 2 * order + 1)


cdef void multiply(
    const floating *a, const floating *b, floating *out,    # IN, IN, INOUT, column-major
    int m, int n, int k, char *flag_a, int lda, char *flag_b, int ldb, int ldc,
    floating alpha, floating beta,
) noexcept nogil:
    """out (m, n) = alpha a (m, k) @ b (k, n) + beta out; a flag T: it is held transposed."""
    if floating is float:
        sgemm(flag_a, flag_b, &m, &n, &k, &alpha, <float *> a, &lda, <float *> b, &ldb, &beta,
              out, &ldc)
    else:
        dgemm(flag_a, flag_b, &m, &n, &k, &alpha, <double *> a, &lda, <double *> b, &ldb, &beta,
              out, &ldc)


def project(
    const floating[:, ::1] zeroth,      # IN (n, c)
    const floating[:, ::1] first,       # IN (n, q) not centred
    const floating[:, ::1] matrix,      # IN (q, r) T' S^-1, transposed
    const floating[:, ::1] offset,      # IN (c, r) what a unit of `zeroth` takes off T' S^-1 F
    floating[:, ::1] projected,         # OUT (n, r) T' S^-1 F - N' offset
    int n_threads,
):
    """Project statistics; batches are fixed, so threads do not change the result."""
    cdef int n = <int> zeroth.shape[0], c = <int> zeroth.shape[1], q = <int> first.shape[1]
    cdef int r = <int> matrix.shape[1], n_batches = (n + N_BATCH - 1) // N_BATCH, i, s, m
    for i in prange(n_batches, schedule="static", nogil=True, num_threads=n_threads):
        s = i * N_BATCH
        m = min(N_BATCH, n - s)
        multiply(&matrix[0, 0], &first[s, 0], &projected[s, 0], r, m, q, b"N", r, b"N", q, r, 1, 0)
        multiply(&offset[0, 0], &zeroth[s, 0], &projected[s, 0], r, m, c, b"N", r, b"N", c, r,
                 -1, 1)


def posterior(
    const floating[:, ::1] zeroth,      # IN (n, c)
    const floating[:, ::1] products,    # IN (c, p) packed T_c' S_c^-1 T_c, p = r (r + 1) / 2
    floating[:, ::1] mean,              # INOUT (n, r) what `project` makes in, posterior mean out
    floating[:, :, ::1] moment,         # OUT (n / batch, p, batch) packed E[w w'] of each batch,
                                        # a segment a column; scratch (n_threads, p, batch) if
                                        # not wanted; batch is a multiple of 16
    bint want_moment,
    unsigned char[:, ::1] workspace,    # scratch (n_threads, workspace_size())
):
    """Posterior of w for each segment: L = sum_c N_c P_c, w = L^-1 projected."""
    cdef int n_threads = <int> workspace.shape[0], batch = <int> moment.shape[2]
    cdef int n = <int> zeroth.shape[0], n_batches = (n + batch - 1) // batch, i
    with nogil, parallel(num_threads=n_threads):
        for i in prange(n_batches, schedule="static"):
            posterior_of_batch(
                zeroth, products, mean, &moment[i if want_moment else threadid(), 0, 0],
                want_moment, &workspace[threadid(), 0], i * batch, min(batch, n - i * batch),
                batch)


cdef void posterior_of_batch(
    const floating[:, ::1] zeroth, const floating[:, ::1] products, floating[:, ::1] mean,
    floating *packed, bint want_moment, void *workspace, Py_ssize_t s, int n, int batch,
) noexcept nogil:
    cdef int c = <int> zeroth.shape[1], r = <int> mean.shape[1], p = <int> products.shape[1]
    multiply(&zeroth[s, 0], &products[0, 0], packed, n, p, c, b"T", c, b"T", p, batch, 1, 0)
    if floating is float:
        trfast_posterior_f32(packed, &mean[s, 0], n, batch, r, want_moment, workspace)
    else:
        trfast_posterior_f64(packed, &mean[s, 0], n, batch, r, want_moment, workspace)


def add_products(
    const floating[:, ::1] a,           # IN (n, m)
    const floating[:, ::1] b,           # IN (n, q)
    double[:, ::1] total,               # INOUT (m, q) += a' b
    floating[:, ::1] product,           # scratch (n_threads, m * TILE)
):
    """Add a' b to a float64 total; tiles are fixed, so threads do not change the result."""
    cdef int n = <int> a.shape[0], m = <int> a.shape[1], q = <int> b.shape[1], width
    cdef int n_tiles = (q + N_TILE - 1) // N_TILE, tile
    with nogil, parallel(num_threads=<int> product.shape[0]):
        for tile in prange(n_tiles, schedule="static"):
            width = min(N_TILE, q - tile * N_TILE)
            multiply(&b[0, tile * N_TILE], &a[0, 0], &product[threadid(), 0], width, m, n,
                     b"N", q, b"T", m, width, 1, 0)
            add_tile(&product[threadid(), 0], total, tile * N_TILE, width)


def add_moments(
    const floating[:, ::1] zeroth,      # IN (n, c)
    const floating[:, :, ::1] moment,   # IN (n / batch, p, batch)
    double[:, ::1] total,               # INOUT (c, p) += sum of zeroth times moment
    floating[:, ::1] product,           # scratch (n_threads, c * TILE)
):
    """Add second moments, weighted by counts, to a float64 total."""
    cdef int n = <int> zeroth.shape[0], c = <int> zeroth.shape[1], p = <int> moment.shape[1]
    cdef int batch = <int> moment.shape[2], n_tiles = (p + N_TILE - 1) // N_TILE, tile, i, width
    with nogil, parallel(num_threads=<int> product.shape[0]):
        for tile in prange(n_tiles, schedule="static"):
            width = min(N_TILE, p - tile * N_TILE)
            for i in range((n + batch - 1) // batch):
                multiply(&moment[i, tile * N_TILE, 0], &zeroth[i * batch, 0],
                         &product[threadid(), 0], width, c, min(batch, n - i * batch),
                         b"T", batch, b"T", c, width, 1, i > 0)
            add_tile(&product[threadid(), 0], total, tile * N_TILE, width)


cdef void add_tile(
    const floating *product, double[:, ::1] total, Py_ssize_t start, int width,
) noexcept nogil:
    cdef Py_ssize_t i, j
    for i in range(total.shape[0]):
        for j in range(width):
            total[i, start + j] += <double> product[i * width + j]
