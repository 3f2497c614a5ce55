"""Posterior means and second moments of total variability factors, and the E-step's sums."""

from cython cimport floating
from cython.parallel cimport parallel, prange, threadid
from scipy.linalg.cython_blas cimport dgemm, sgemm
from scipy.linalg.cython_lapack cimport dpotrf, dpotri, dpotrs

# Segments whose precisions one matrix product makes.
BATCH = 64
# Columns of a product that one thread adds up at a time.
TILE = 2048
cdef int N_BATCH = BATCH, N_TILE = TILE


cdef void multiply(
    const floating *a, const floating *b, floating *out, int m, int n, int k, bint transpose_a,
) noexcept nogil:
    """OUT out (m, n) = a @ b, all row-major; with `transpose_a`, a is (k, m)."""
    cdef floating one = 1, zero = 0
    cdef int lda = m if transpose_a else k
    cdef char *flag = b"T" if transpose_a else b"N"
    if floating is float:
        sgemm(b"N", flag, &n, &m, &k, &one, <float *> b, &n, <float *> a, &lda, &zero, out, &n)
    else:
        dgemm(b"N", flag, &n, &m, &k, &one, <double *> b, &n, <double *> a, &lda, &zero, out, &n)


def posterior(
    const floating[:, ::1] zeroth,      # IN (n, c)
    const floating[:, ::1] first,       # IN (n, c * d) centred and whitened
    const floating[:, ::1] matrix,      # IN (c * d, r) whitened total variability matrix
    const floating[:, ::1] products,    # IN (c, p) packed T_c' T_c, p = r (r + 1) / 2
    floating[:, ::1] mean,              # OUT (n, r)
    floating[:, ::1] moment,            # OUT (n, p) packed E[w w'], or (0, p) if not wanted
    floating[:, ::1] packed,            # scratch (n_threads, BATCH * p)
    double[:, ::1] scratch,             # scratch (n_threads, r * r + r)
    int[::1] failed,                    # OUT (n,) 0, or LAPACK's code
):
    """Posterior of w for each segment: L = I + sum_c N_c T_c'T_c, w = L^-1 T' F."""
    cdef Py_ssize_t n = zeroth.shape[0], n_batches = (n + N_BATCH - 1) // N_BATCH, b, s
    cdef int n_threads = <int> packed.shape[0]
    cdef int c = <int> zeroth.shape[1], cd = <int> first.shape[1], r = <int> mean.shape[1]
    cdef int p = <int> products.shape[1], size
    cdef bint want_moment = moment.shape[0] > 0
    cdef floating *precisions
    with nogil, parallel(num_threads=n_threads):
        for b in prange(n_batches, schedule="static"):
            s = b * N_BATCH
            size = <int> min(N_BATCH, n - s)
            precisions = &packed[threadid(), 0]
            multiply(&zeroth[s, 0], &products[0, 0], precisions, size, p, c, False)
            multiply(&first[s, 0], &matrix[0, 0], &mean[s, 0], size, r, cd, False)
            solve_batch(precisions, &mean[s, 0], &moment[s, 0] if want_moment else NULL,
                        &scratch[threadid(), 0], &failed[s], size, r)


cdef void solve_batch(
    const floating *precisions,     # IN (n, p) packed, without the identity
    floating *mean,                 # INOUT (n, r) T' F in, w out
    floating *moment,               # OUT (n, p) or NULL
    double *scratch, int *failed, int n, int r,
) noexcept nogil:
    cdef int s, i, j, k, one = 1, p = r * (r + 1) // 2
    cdef double *full = scratch         # the lower triangle, row-major: LAPACK's "U"
    cdef double *w = scratch + r * r
    for s in range(n):
        k = 0
        for i in range(r):
            for j in range(i + 1):
                full[i * r + j] = <double> precisions[<Py_ssize_t> s * p + k + j]
            k = k + i + 1
            full[i * r + i] += 1
            w[i] = <double> mean[s * r + i]
        dpotrf(b"U", &r, full, &r, &failed[s])
        if failed[s] != 0:
            continue
        dpotrs(b"U", &r, &one, full, &r, w, &r, &failed[s])
        for i in range(r):
            mean[s * r + i] = <floating> w[i]
        if moment != NULL:
            dpotri(b"U", &r, full, &r, &failed[s])
            k = 0
            for i in range(r):
                for j in range(i + 1):
                    moment[<Py_ssize_t> s * p + k + j] = <floating> (
                        full[i * r + j] + w[i] * w[j])
                k = k + i + 1


def add_product(
    const floating[:, ::1] a,           # IN (n, m)
    const floating[:, ::1] b,           # IN (n, q)
    double[:, ::1] total,               # INOUT (m, q) += a' b
    floating[:, ::1] b_tile,            # scratch (n_threads, n * TILE)
    floating[:, ::1] product,           # scratch (n_threads, m * TILE)
):
    """Add a' b to a float64 total; tiles are fixed, so threads do not change the result."""
    cdef int n_threads = <int> product.shape[0]
    cdef int n = <int> a.shape[0], m = <int> a.shape[1], q = <int> b.shape[1], width
    cdef Py_ssize_t n_tiles = (q + N_TILE - 1) // N_TILE, tile, start
    with nogil, parallel(num_threads=n_threads):
        for tile in prange(n_tiles, schedule="static"):
            start = tile * N_TILE
            width = <int> min(N_TILE, q - start)
            add_tile(&a[0, 0], &b[0, 0], &total[0, 0], &b_tile[threadid(), 0],
                     &product[threadid(), 0], n, m, q, start, width)


cdef void add_tile(
    const floating *a, const floating *b, double *total, floating *b_tile, floating *product,
    int n, int m, int q, Py_ssize_t start, int width,
) noexcept nogil:
    cdef Py_ssize_t i, j
    for i in range(n):
        for j in range(width):
            b_tile[i * width + j] = b[i * q + start + j]
    multiply(a, b_tile, product, m, width, n, True)
    for i in range(m):
        for j in range(width):
            total[i * q + start + j] += <double> product[i * width + j]
