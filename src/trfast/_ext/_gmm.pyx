"""Diagonal GMM: log-likelihoods, posteriors and Baum-Welch statistics of segments."""

from cython cimport floating
from cython.parallel cimport parallel, prange, threadid
from scipy.linalg.cython_blas cimport dgemm, sgemm

cdef extern from "_simd.h" nogil:
    void trfast_squares_f32(const float *x, float *y, int n, int d)
    void trfast_squares_f64(const double *x, double *y, int n, int d)
    void trfast_softmax_f32(float *joint, const float *bias, float *total,
                            double *log_likelihood, int n, int c)
    void trfast_softmax_f64(double *joint, const double *bias, double *total,
                            double *log_likelihood, int n, int c)
    void trfast_accumulate_f32(const float *joint, const float *total, const float *y,
                               float floor, double *zeroth, double *sums, int *active,
                               int n, int c, int width, int stride)
    void trfast_accumulate_f64(const double *joint, const double *total, const double *y,
                               double floor, double *zeroth, double *sums, int *active,
                               int n, int c, int width, int stride)

# Frames a block: [x, x^2], joints and the accumulators of one segment stay in the L2 cache.
BLOCK = 256
cdef int N_BLOCK = BLOCK

ctypedef fused stat:
    float
    double


def workspace_sizes(int n_components, int n_features):
    """Return the columns that `workspace`, `scratch` and `active` need, a row a thread."""
    return (
        N_BLOCK * (2 * n_features + n_components + 1),
        N_BLOCK + n_components * (1 + 2 * n_features),
        n_components,
    )


cdef void joints_of_block(
    const floating *x,           # IN (n, d)
    const floating *weights,     # IN (c, 2 d) [mean / variance, -1 / (2 variance)]
    const floating *bias,        # IN (c,)
    floating *y,                 # OUT (n, 2 d)
    floating *joint,             # OUT (n, c)
    floating *total,             # OUT (n,)
    double *log_likelihood,      # OUT (n,)
    int n, int d, int c,
) noexcept nogil:
    cdef int width = 2 * d
    cdef floating one = 1, zero = 0
    # Row-major joint = y @ weights.T is column-major joint.T = weights @ y.T.
    if floating is float:
        trfast_squares_f32(x, y, n, d)
        sgemm(b"T", b"N", &c, &n, &width, &one, <float *> weights, &width, y, &width, &zero,
              joint, &c)
        trfast_softmax_f32(joint, bias, total, log_likelihood, n, c)
    else:
        trfast_squares_f64(x, y, n, d)
        dgemm(b"T", b"N", &c, &n, &width, &one, <double *> weights, &width, y, &width, &zero,
              joint, &c)
        trfast_softmax_f64(joint, bias, total, log_likelihood, n, c)


def statistics(
    const floating[:, ::1] x,           # IN (n, d)
    const long long[::1] offsets,       # IN (n_segments + 1,)
    const floating[:, ::1] weights,     # IN (c, 2 d)
    const floating[::1] bias,           # IN (c,)
    double floor,                       # IN posteriors under it are left out
    stat[:, ::1] zeroth,                # OUT (n_segments, c)
    stat[:, :, ::1] sums,               # OUT (n_segments, c, d) first order, or (.., 2 d) both
    double[::1] log_likelihood,         # OUT (n_segments,) summed over frames
    floating[:, ::1] workspace,         # scratch (n_threads, workspace_sizes()[0])
    double[:, ::1] scratch,             # scratch (n_threads, workspace_sizes()[1])
    int[:, ::1] active,                 # scratch (n_threads, workspace_sizes()[2])
):
    """Add up the Baum-Welch statistics of each segment; one thread a segment."""
    cdef Py_ssize_t n_segments = offsets.shape[0] - 1, s
    cdef int n_threads = <int> workspace.shape[0]
    cdef int d = <int> x.shape[1], c = <int> weights.shape[0], width = <int> sums.shape[2]
    with nogil, parallel(num_threads=n_threads):
        for s in prange(n_segments, schedule="dynamic"):
            statistics_of_segment(
                &x[0, 0], offsets[s], offsets[s + 1], &weights[0, 0], &bias[0], floor,
                &zeroth[s, 0], &sums[s, 0, 0], &log_likelihood[s],
                &workspace[threadid(), 0], &scratch[threadid(), 0], &active[threadid(), 0],
                d, c, width)


cdef void statistics_of_segment(
    const floating *x, long long start, long long end,
    const floating *weights, const floating *bias, double floor,
    stat *zeroth, stat *sums, double *log_likelihood,
    floating *workspace, double *scratch, int *active,
    int d, int c, int width,
) noexcept nogil:
    cdef floating *y = workspace
    cdef floating *joint = y + N_BLOCK * 2 * d
    cdef floating *total = joint + N_BLOCK * c
    cdef double *frame_log_likelihood = scratch
    cdef double *zeroth_sum = scratch + N_BLOCK
    cdef double *sum_ = zeroth_sum + c
    cdef double likelihood = 0
    cdef long long first
    cdef int n, i
    for i in range(c * (1 + width)):
        zeroth_sum[i] = 0
    first = start
    while first < end:
        n = <int> min(N_BLOCK, end - first)
        joints_of_block(x + first * d, weights, bias, y, joint, total, frame_log_likelihood,
                        n, d, c)
        if floating is float:
            trfast_accumulate_f32(joint, total, y, <float> floor, zeroth_sum, sum_, active,
                                  n, c, width, 2 * d)
        else:
            trfast_accumulate_f64(joint, total, y, floor, zeroth_sum, sum_, active,
                                  n, c, width, 2 * d)
        for i in range(n):
            likelihood += frame_log_likelihood[i]
        first += n
    for i in range(c):
        zeroth[i] = <stat> zeroth_sum[i]
    for i in range(c * width):
        sums[i] = <stat> sum_[i]
    log_likelihood[0] = likelihood


def log_likelihoods(
    const floating[:, ::1] x,           # IN (n, d)
    const floating[:, ::1] weights,     # IN (c, 2 d)
    const floating[::1] bias,           # IN (c,)
    double[::1] log_likelihood,         # OUT (n,)
    floating[:, ::1] workspace,         # scratch (n_threads, workspace_sizes()[0])
):
    """Log-likelihood of each frame."""
    cdef Py_ssize_t n_blocks = (x.shape[0] + N_BLOCK - 1) // N_BLOCK, b
    cdef int n_threads = <int> workspace.shape[0]
    cdef int d = <int> x.shape[1], c = <int> weights.shape[0]
    cdef floating *y
    with nogil, parallel(num_threads=n_threads):
        for b in prange(n_blocks, schedule="static"):
            y = &workspace[threadid(), 0]
            joints_of_block(
                &x[b * N_BLOCK, 0], &weights[0, 0], &bias[0],
                y, y + N_BLOCK * 2 * d, y + N_BLOCK * (2 * d + c),
                &log_likelihood[b * N_BLOCK],
                <int> min(N_BLOCK, x.shape[0] - b * N_BLOCK), d, c)


def posteriors(
    const floating[:, ::1] x,           # IN (n, d)
    const floating[:, ::1] weights,     # IN (c, 2 d)
    const floating[::1] bias,           # IN (c,)
    floating[:, ::1] posterior,         # OUT (n, c)
    double[::1] log_likelihood,         # OUT (n,)
    floating[:, ::1] workspace,         # scratch (n_threads, workspace_sizes()[0])
):
    """Posterior of each Gaussian for each frame, and the frames' log-likelihoods."""
    cdef Py_ssize_t n_blocks = (x.shape[0] + N_BLOCK - 1) // N_BLOCK, b, t
    cdef int n_threads = <int> workspace.shape[0]
    cdef int d = <int> x.shape[1], c = <int> weights.shape[0], k
    cdef floating *y
    cdef floating *total
    with nogil, parallel(num_threads=n_threads):
        for b in prange(n_blocks, schedule="static"):
            y = &workspace[threadid(), 0]
            total = y + N_BLOCK * 2 * d
            joints_of_block(
                &x[b * N_BLOCK, 0], &weights[0, 0], &bias[0],
                y, &posterior[b * N_BLOCK, 0], total, &log_likelihood[b * N_BLOCK],
                <int> min(N_BLOCK, x.shape[0] - b * N_BLOCK), d, c)
            for t in range(min(N_BLOCK, x.shape[0] - b * N_BLOCK)):
                for k in range(c):
                    posterior[b * N_BLOCK + t, k] = posterior[b * N_BLOCK + t, k] / total[t]
