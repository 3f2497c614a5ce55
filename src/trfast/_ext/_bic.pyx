"""Bayesian information criterion: neighbours to merge, and clusters from the bottom up.

The moments of a cluster are its count, d sums and d (d + 1) / 2 packed products.
"""

from libc.math cimport INFINITY, log
from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memset

from trfast._ext._scratch cimport allocate, release

cdef extern from "_bic_simd.h" nogil:
    enum: TRFAST_BIC_BLOCK
    void trfast_log_determinants(const double* one, const double* each, int64_t d, double floor,
                                 double* matrices, double* result)

include "_chosen.pxi"

# Clusters whose moments lie side by side: their determinants are computed together.
BLOCK = TRFAST_BIC_BLOCK


cdef double _log_determinant(
    const double *one, const double *other, double *block, Py_ssize_t n_moments, Py_ssize_t d,
    double floor, double *matrices,
) noexcept nogil:
    """Log-determinant of the covariance of two clusters' moments, in the first of all lanes."""
    cdef:
        Py_ssize_t p
        double[TRFAST_BIC_BLOCK] result
    for p in range(n_moments):
        block[p * TRFAST_BIC_BLOCK] = other[p]
    trfast_log_determinants(one, block, d, floor, matrices, result)
    return result[0]


def linear_bic(
    const int64_t[:, ::1] segments,      # IN (m, 2) frame bounds, m >= 1
    double[:, ::1] moments,              # INOUT (m, n_moments = 1 + d + d (d + 1) / 2)
    Py_ssize_t d,                        # IN
    double penalty,                      # IN times log(n): the model's cost
    Py_ssize_t max_gap,                  # IN frames
    double floor,                        # IN least pivot
    int64_t[:, ::1] merged,              # OUT (m, 2)
):
    """Merge neighbours from left to right while that lowers the BIC; return how many are left."""
    cdef:
        Py_ssize_t n_moments = moments.shape[1], i, p, last = 0
        double n, log_det, log_det_next, log_det_both
        double *current = &moments[0, 0]
        double *following
        # (n_moments, BLOCK), then the determinants' (BLOCK * d (d + 1) / 2,)
        double *block = <double *> allocate(2 * n_moments * TRFAST_BIC_BLOCK * sizeof(double))
        double *matrices = block + n_moments * TRFAST_BIC_BLOCK
    try:
        with nogil:
            memset(block, 0, n_moments * TRFAST_BIC_BLOCK * sizeof(double))
            merged[0, 0] = segments[0, 0]
            merged[0, 1] = segments[0, 1]
            log_det = _log_determinant(current, current, block, n_moments, d, floor, matrices)
            for i in range(1, segments.shape[0]):
                following = &moments[i, 0]
                log_det_next = _log_determinant(
                    following, following, block, n_moments, d, floor, matrices
                )
                if segments[i, 0] - merged[last, 1] <= max_gap:
                    log_det_both = _log_determinant(
                        current, following, block, n_moments, d, floor, matrices
                    )
                    n = current[0] + following[0]
                    if (
                        n * log_det_both - current[0] * log_det - following[0] * log_det_next
                        < 2 * penalty * log(n)
                    ):
                        for p in range(n_moments):
                            current[p] += following[p]
                        log_det = log_det_both
                        merged[last, 1] = segments[i, 1]
                        continue
                last += 1
                current = following
                log_det = log_det_next
                merged[last, 0] = segments[i, 0]
                merged[last, 1] = segments[i, 1]
    finally:
        release(block)
    return last + 1


cdef struct Clusters:
    Py_ssize_t m                         # at first
    Py_ssize_t n_moments
    Py_ssize_t d
    double penalty
    double floor
    double *moments                      # (ceil(m / BLOCK), n_moments, BLOCK)
    double *matrices                     # (BLOCK * d (d + 1) / 2,) of the determinants
    double *log_dets                     # (m,) of their covariances
    double *nearest_distance             # (m,) to the nearest of the clusters after each
    double *one                          # (n_moments,) of the cluster that is compared
    int64_t *nearest                     # (m,)
    float *distances                     # (m (m - 1) / 2,)
    uint8_t *alive                       # (m,)


cdef void *_allocate_clusters(Clusters *clusters) except NULL:
    """Make room for all but the moments; return what to release."""
    cdef:
        Py_ssize_t m = clusters.m, n_moments = clusters.n_moments
        Py_ssize_t n_distances = m * (m - 1) // 2
        Py_ssize_t n_doubles = 2 * m + n_moments + n_moments * TRFAST_BIC_BLOCK
        void *scratch = allocate(
            n_doubles * sizeof(double) + m * sizeof(int64_t) + n_distances * sizeof(float) + m
        )
    # What is worked on most comes first, for that starts a cache line.
    clusters.matrices = <double *> scratch
    clusters.log_dets = clusters.matrices + n_moments * TRFAST_BIC_BLOCK
    clusters.nearest_distance = clusters.log_dets + m
    clusters.one = clusters.nearest_distance + m
    clusters.nearest = <int64_t *> (clusters.matrices + n_doubles)
    clusters.distances = <float *> (clusters.nearest + m)
    clusters.alive = <uint8_t *> (clusters.distances + n_distances)
    memset(clusters.alive, 1, m)
    return scratch


cdef inline Py_ssize_t _place(Py_ssize_t i, Py_ssize_t j, Py_ssize_t m) noexcept nogil:
    """Where the pair i < j stands in the upper triangle without its diagonal, row by row."""
    return i * (2 * m - i - 1) // 2 + j - i - 1


cdef inline double *_block(const Clusters *clusters, Py_ssize_t b) noexcept nogil:
    return clusters.moments + b * clusters.n_moments * TRFAST_BIC_BLOCK


cdef inline double *_moments(const Clusters *clusters, Py_ssize_t i) noexcept nogil:
    """The first moment of cluster i; the next ones follow at a distance of BLOCK."""
    return _block(clusters, i // TRFAST_BIC_BLOCK) + i % TRFAST_BIC_BLOCK


cdef void _take(Clusters *clusters, Py_ssize_t i) noexcept nogil:
    """Copy the moments of cluster i, and compute the log-determinant of its covariance."""
    cdef:
        Py_ssize_t p
        const double *moments = _moments(clusters, i)
        double[TRFAST_BIC_BLOCK] log_det
    for p in range(clusters.n_moments):
        clusters.one[p] = moments[p * TRFAST_BIC_BLOCK]
    # Joined with itself: all moments twice, so the same covariance.
    trfast_log_determinants(
        clusters.one, _block(clusters, i // TRFAST_BIC_BLOCK), clusters.d, clusters.floor,
        clusters.matrices, log_det,
    )
    clusters.log_dets[i] = log_det[i % TRFAST_BIC_BLOCK]


cdef void _compare(Clusters *clusters, Py_ssize_t i, Py_ssize_t first) noexcept nogil:
    """Compute the dBIC of cluster i, which `_take` took, with each one alive from `first` on."""
    cdef:
        Py_ssize_t m = clusters.m, b, j, p, n_alive
        double n, value
        const double *counts
        double[TRFAST_BIC_BLOCK] log_det
    for b in range(first // TRFAST_BIC_BLOCK, (m + TRFAST_BIC_BLOCK - 1) // TRFAST_BIC_BLOCK):
        n_alive = 0
        for j in range(b * TRFAST_BIC_BLOCK, min((b + 1) * TRFAST_BIC_BLOCK, m)):
            n_alive += clusters.alive[j]
        if n_alive == 0:
            continue
        counts = _block(clusters, b)
        trfast_log_determinants(
            clusters.one, counts, clusters.d, clusters.floor, clusters.matrices, log_det
        )
        for j in range(max(b * TRFAST_BIC_BLOCK, first), min((b + 1) * TRFAST_BIC_BLOCK, m)):
            if clusters.alive[j] and j != i:
                p = j % TRFAST_BIC_BLOCK
                n = clusters.one[0] + counts[p]
                value = (
                    n * log_det[p] - clusters.one[0] * clusters.log_dets[i]
                    - counts[p] * clusters.log_dets[j]
                )
                value = 0.5 * value - clusters.penalty * log(n)
                clusters.distances[_place(min(i, j), max(i, j), m)] = <float> value


cdef void _find_nearest(Clusters *clusters, Py_ssize_t i) noexcept nogil:
    """Find which of the clusters after i is nearest to it."""
    cdef:
        Py_ssize_t j, best = i + 1, row = _place(i, 0, clusters.m)
        const float *distances = clusters.distances
        double least = INFINITY
    for j in range(i + 1, clusters.m):
        if distances[row + j] < least:
            least = distances[row + j]
            best = j
    clusters.nearest[i] = best
    clusters.nearest_distance[i] = least


cdef Py_ssize_t _closest(const Clusters *clusters) noexcept nogil:
    """The cluster whose nearest is nearest."""
    cdef:
        Py_ssize_t i = 0, k
        const double *distances = clusters.nearest_distance
    for k in range(1, clusters.m):
        if distances[k] < distances[i]:
            i = k
    return i


cdef double _merge(Clusters *clusters, Py_ssize_t i, Py_ssize_t j) noexcept nogil:
    """Let i < j stand for both; return their dBIC, made anew: those kept are rounded."""
    cdef:
        Py_ssize_t m = clusters.m, k, p
        double *into = _moments(clusters, i)
        const double *gone = _moments(clusters, j)
        double apart = into[0] * clusters.log_dets[i] + gone[0] * clusters.log_dets[j]
    for k in range(j):
        clusters.distances[_place(k, j, m)] = INFINITY
    clusters.nearest_distance[j] = INFINITY
    clusters.alive[j] = 0
    for p in range(clusters.n_moments):
        into[p * TRFAST_BIC_BLOCK] += gone[p * TRFAST_BIC_BLOCK]
    _take(clusters, i)
    return (
        0.5 * (clusters.one[0] * clusters.log_dets[i] - apart)
        - clusters.penalty * log(clusters.one[0])
    )


cdef void _update_nearest(Clusters *clusters, Py_ssize_t i, Py_ssize_t j) noexcept nogil:
    """Find the nearest of each cluster before j again, after j went up in i."""
    cdef:
        Py_ssize_t k
        double distance
    for k in range(j):
        if not clusters.alive[k]:
            continue
        distance = clusters.distances[_place(k, i, clusters.m)] if k < i else INFINITY
        if distance < clusters.nearest_distance[k]:
            clusters.nearest[k] = i
            clusters.nearest_distance[k] = distance
        elif k == i or clusters.nearest[k] == i or clusters.nearest[k] == j:
            _find_nearest(clusters, k)


def bic_hac(
    double[:, :, ::1] moments,           # INOUT (ceil(m / BLOCK), n_moments, BLOCK), m >= 2
    Py_ssize_t d,                        # IN
    double penalty,                      # IN times log(n): the model's cost
    double floor,                        # IN least pivot
    int64_t[:, ::1] merges,              # OUT (m - 1, 2) pairs i < j; the cluster keeps the name i
    double[::1] merge_distances,         # OUT (m - 1,)
):
    """Merge the closest pair while its dBIC is below 0; return the number of merges."""
    cdef:
        Py_ssize_t m = merges.shape[0] + 1, i, j, n_merges = 0
        Clusters clusters
        void *scratch
    clusters.m, clusters.n_moments, clusters.d = m, moments.shape[1], d
    clusters.penalty, clusters.floor = penalty, floor
    clusters.moments = &moments[0, 0, 0]
    scratch = _allocate_clusters(&clusters)
    try:
        with nogil:
            # From the last row up: the log-determinants of those after i are there.
            for i in range(m - 1, -1, -1):
                _take(&clusters, i)
                _compare(&clusters, i, i + 1)
                _find_nearest(&clusters, i)
            while n_merges < m - 1:
                i = _closest(&clusters)
                if not clusters.nearest_distance[i] < 0:
                    break
                j = clusters.nearest[i]
                merges[n_merges, 0] = i
                merges[n_merges, 1] = j
                merge_distances[n_merges] = _merge(&clusters, i, j)
                n_merges += 1
                _compare(&clusters, i, 0)
                _update_nearest(&clusters, i, j)
    finally:
        release(scratch)
    return n_merges
