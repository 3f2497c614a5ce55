"""Diagonal GMM: log-likelihoods, posteriors and Baum-Welch statistics of segments."""

from cython cimport floating
from cython.parallel cimport parallel, prange, threadid
from libc.math cimport log
from libc.string cimport memset

from trfast._ext._blas cimport gemm
from trfast._ext._scratch cimport allocate, release, whole_lines

cdef extern from *:
    """
    #define TRFAST_ROWS "_gmm_rows.h"
    #define TRFAST_LOOPS "_rows.h"
    #include "_instruction_sets.h"
    """

cdef extern from * nogil:
    const int TRFAST_LANES
    void trfast_squares_f32(const float *x, float *y, int n, int m, int d)
    void trfast_squares_f64(const double *x, double *y, int n, int m, int d)
    void trfast_softmax_f32(float *joint, const float *bias, float *top, float *total,
                            int m, int c)
    void trfast_softmax_f64(double *joint, const double *bias, double *top, double *total,
                            int m, int c)
    void trfast_accumulate_f32(const float *joint, const float *total, const float *y,
                               float floor, double *zeroth, double *sums, float *least,
                               float *kept, int *active, int n, int m, int c, int width,
                               int stride)
    void trfast_accumulate_f64(const double *joint, const double *total, const double *y,
                               double floor, double *zeroth, double *sums, double *least,
                               double *kept, int *active, int n, int m, int c, int width,
                               int stride)
    void trfast_normalize_f32(const float *total, float *inverse, float *joint, float *y, int n,
                              int m, int c, int stride)
    void trfast_normalize_f64(const double *total, double *inverse, double *joint, double *y,
                              int n, int m, int c, int stride)
    void trfast_add_f32(const float *joint, const float *inverse, const float *product,
                        double *zeroth, double *sums, int m, int c, int width)
    void trfast_add_f64(const double *joint, const double *inverse, const double *product,
                        double *zeroth, double *sums, int m, int c, int width)

include "_chosen.pxi"

# Frames a block: [x, x^2], joints and the accumulators of one segment stay in the L2 cache.
cdef int BLOCK = 256

ctypedef fused stat:
    float
    double


cdef int joints_of_block(
    const floating *x,           # IN (n, d)
    const floating *weights,     # IN (c, 2 d) [mean / variance, -1 / (2 variance)]
    const floating *bias,        # IN (c,)
    floating *y,                 # OUT (m, 2 d)
    floating *joint,             # OUT (c, m) exp(log-joint - top)
    floating *top,               # OUT (m,) the largest log-joint of each frame
    floating *total,             # OUT (m,) sums of `joint` over components
    int n, int d, int c,
) noexcept nogil:
    """Return m, the number of frames with padding."""
    cdef int m = (n + TRFAST_LANES - 1) // TRFAST_LANES * TRFAST_LANES, width = 2 * d
    if floating is float:
        trfast_squares_f32(x, y, n, m, d)
    else:
        trfast_squares_f64(x, y, n, m, d)
    gemm(False, True, c, m, width, <floating> 1, weights, width, y, width, 0, joint, m)
    if floating is float:
        trfast_softmax_f32(joint, bias, top, total, m, c)
    else:
        trfast_softmax_f64(joint, bias, top, total, m, c)
    return m


def statistics(
    const floating[:, ::1] x,           # IN (n, d)
    const long long[::1] offsets,       # IN (n_segments + 1,)
    const floating[:, ::1] weights,     # IN (c, 2 d)
    const floating[::1] bias,           # IN (c,)
    double floor,                       # IN posteriors under it are left out
    stat[:, ::1] zeroth,                # OUT (n_segments, c)
    stat[:, :, ::1] sums,               # OUT (n_segments, c, d) first order, or (.., 2 d) both
    double[::1] log_likelihood,         # OUT (n_segments,) summed over frames
    int n_threads,                      # IN
):
    """Add up the Baum-Welch statistics of each segment; one thread a segment."""
    cdef Py_ssize_t n_segments = offsets.shape[0] - 1, s
    cdef int d = <int> x.shape[1], c = <int> weights.shape[0], width = <int> sums.shape[2]
    cdef size_t size = whole_lines(
        (block_size(c, d) + c * 2 * d) * sizeof(floating)
        + c * (1 + width) * sizeof(double)
        + BLOCK * sizeof(int)
    )
    cdef char *scratch = <char *> allocate(n_threads * size)
    try:
        with nogil, parallel(num_threads=n_threads):
            for s in prange(n_segments, schedule="dynamic"):
                statistics_of_segment(
                    &x[0, 0], offsets[s], offsets[s + 1], &weights[0, 0], &bias[0], floor,
                    &zeroth[s, 0], &sums[s, 0, 0], &log_likelihood[s],
                    <floating *> (scratch + threadid() * size), d, c, width)
    finally:
        release(scratch)


cdef inline size_t block_size(int c, int d) noexcept nogil:
    """How many numbers `joints_of_block` writes, and one more of each frame."""
    return BLOCK * (2 * d + c + 3)


cdef void statistics_of_segment(
    const floating *x, long long start, long long end,
    const floating *weights, const floating *bias, double floor,
    stat *zeroth, stat *sums, double *log_likelihood,
    floating *y, int d, int c, int width,
) noexcept nogil:
    cdef floating *joint = y + BLOCK * 2 * d
    cdef floating *total = joint + BLOCK * c
    cdef floating *top = total + BLOCK
    cdef floating *kept = top + BLOCK
    cdef floating *product = kept + BLOCK
    cdef double *zeroth_sum = <double *> (product + c * 2 * d)
    cdef double *sum_ = zeroth_sum + c
    cdef int *active = <int *> (sum_ + c * width)
    cdef double likelihood = 0
    cdef long long first
    cdef int n, m, i
    memset(zeroth_sum, 0, c * (1 + width) * sizeof(double))
    first = start
    while first < end:
        n = <int> min(BLOCK, end - first)
        m = joints_of_block(x + first * d, weights, bias, y, joint, top, total, n, d, c)
        likelihood += likelihood_of_block(top, total, n)
        if floor == 0:
            add_all(joint, total, y, zeroth_sum, sum_, top, product, n, m, c, width, 2 * d)
        elif floating is float:
            trfast_accumulate_f32(joint, total, y, <float> floor, zeroth_sum, sum_, top,
                                  kept, active, n, m, c, width, 2 * d)
        else:
            trfast_accumulate_f64(joint, total, y, floor, zeroth_sum, sum_, top,
                                  kept, active, n, m, c, width, 2 * d)
        first += n
    for i in range(c):
        zeroth[i] = <stat> zeroth_sum[i]
    for i in range(c * width):
        sums[i] = <stat> sum_[i]
    log_likelihood[0] = likelihood


cdef double likelihood_of_block(
    const floating *top, const floating *total, int n,
) noexcept nogil:
    """Sum of top + log(total), a logarithm for several frames: totals lie in 1 to c < 2^31."""
    cdef double sum_ = 0, product = 1
    cdef int i
    for i in range(n):
        sum_ += <double> top[i]
        product *= <double> total[i]
        if i % 32 == 31:
            sum_ += log(product)
            product = 1
    return sum_ + log(product)


cdef void add_all(
    floating *joint, const floating *total, floating *y, double *zeroth, double *sums,
    floating *inverse, floating *product, int n, int m, int c, int width, int stride,
) noexcept nogil:
    """Statistics of a block with every posterior: a matrix product."""
    if floating is float:
        trfast_normalize_f32(total, inverse, joint, y, n, m, c, stride)
    else:
        trfast_normalize_f64(total, inverse, joint, y, n, m, c, stride)
    gemm(False, False, c, width, m, <floating> 1, joint, m, y, stride, 0, product, width)
    if floating is float:
        trfast_add_f32(joint, inverse, product, zeroth, sums, m, c, width)
    else:
        trfast_add_f64(joint, inverse, product, zeroth, sums, m, c, width)


def log_likelihoods(
    const floating[:, ::1] x,           # IN (n, d)
    const floating[:, ::1] weights,     # IN (c, 2 d)
    const floating[::1] bias,           # IN (c,)
    double[::1] log_likelihood,         # OUT (n,)
    int n_threads,                      # IN
):
    """Log-likelihood of each frame."""
    posteriors_of_blocks(x, weights, bias, <floating *> NULL, &log_likelihood[0], n_threads)


def posteriors(
    const floating[:, ::1] x,           # IN (n, d)
    const floating[:, ::1] weights,     # IN (c, 2 d)
    const floating[::1] bias,           # IN (c,)
    floating[:, ::1] posterior,         # OUT (n, c)
    double[::1] log_likelihood,         # OUT (n,)
    int n_threads,                      # IN
):
    """Posterior of each Gaussian for each frame, and the frames' log-likelihoods."""
    posteriors_of_blocks(x, weights, bias, &posterior[0, 0], &log_likelihood[0], n_threads)


cdef int posteriors_of_blocks(
    const floating[:, ::1] x, const floating[:, ::1] weights, const floating[::1] bias,
    floating *posterior,                # OUT (n, c), or NULL if not wanted
    double *log_likelihood,             # OUT (n,)
    int n_threads,
) except -1:
    cdef Py_ssize_t n_blocks = (x.shape[0] + BLOCK - 1) // BLOCK, b
    cdef size_t size = block_size(<int> weights.shape[0], <int> x.shape[1])
    cdef floating *scratch = <floating *> allocate(n_threads * size * sizeof(floating))
    try:
        with nogil, parallel(num_threads=n_threads):
            for b in prange(n_blocks, schedule="static"):
                posteriors_of_block(x, weights, bias, posterior, log_likelihood,
                                    scratch + threadid() * size, b * BLOCK)
    finally:
        release(scratch)
    return 0


cdef void posteriors_of_block(
    const floating[:, ::1] x, const floating[:, ::1] weights, const floating[::1] bias,
    floating *posterior, double *log_likelihood, floating *y, Py_ssize_t start,
) noexcept nogil:
    cdef int d = <int> x.shape[1], c = <int> weights.shape[0], n, m, t, k
    cdef floating *joint = y + BLOCK * 2 * d
    cdef floating *total = joint + BLOCK * c
    cdef floating *top = total + BLOCK
    n = <int> min(BLOCK, x.shape[0] - start)
    m = joints_of_block(&x[start, 0], &weights[0, 0], &bias[0], y, joint, top, total, n, d, c)
    for t in range(n):
        log_likelihood[start + t] = <double> top[t] + log(<double> total[t])
        if posterior != NULL:
            for k in range(c):
                posterior[(start + t) * c + k] = joint[k * m + t] / total[t]
