"""Matrix products by SciPy's BLAS: one face for float32 and float64, rows first."""

from cython cimport floating
from scipy.linalg.cython_blas cimport dgemm, sgemm


cdef inline void gemm(
    bint transpose_a,
    bint transpose_b,
    int m,
    int n,
    int k,
    floating alpha,
    const floating *a,           # IN (m, k), or (k, m) if it is to be transposed
    int stride_a,                # IN from row to row of it
    const floating *b,           # IN (k, n), or (n, k) if it is to be transposed
    int stride_b,
    floating beta,
    floating *c,                 # INOUT (m, n)
    int stride_c,
) noexcept nogil:
    """c = alpha a @ b + beta c."""
    cdef char *flag_a = b"T" if transpose_a else b"N"
    cdef char *flag_b = b"T" if transpose_b else b"N"
    # BLAS puts columns first: what it takes for a and b are their transposes, and c' = b' @ a'.
    if floating is float:
        sgemm(flag_b, flag_a, &n, &m, &k, &alpha, <float *> b, &stride_b, <float *> a, &stride_a,
              &beta, c, &stride_c)
    else:
        dgemm(flag_b, flag_a, &n, &m, &k, &alpha, <double *> b, &stride_b, <double *> a,
              &stride_a, &beta, c, &stride_c)
