"""Kernels of the segmentation: Gaussian divergence, BIC, and the Viterbi scan.

Feature matrices may be float32 or float64; every sum is float64.
"""

from cython cimport floating
from libc.math cimport INFINITY, fmax, log, sqrt
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.string cimport memset

cdef extern from "_bic_simd.h" nogil:
    enum: TRFAST_BIC_BLOCK
    void trfast_log_determinants(const double* one, const double* each, int64_t d, double floor,
                                 double* matrices, double* result)

include "_chosen.pxi"

# Clusters whose moments lie side by side: their determinants are computed together.
BLOCK = TRFAST_BIC_BLOCK


def add_sums(
    const floating[:, ::1] features,     # IN  (n, d)
    const int64_t[:, ::1] segments,      # IN  (m, 2) frame bounds
    double[::1] sums,                    # INOUT (d,)
):
    """Add each column up over the frames of the segments."""
    cdef Py_ssize_t i, j, t
    with nogil:
        for i in range(segments.shape[0]):
            for t in range(segments[i, 0], segments[i, 1]):
                for j in range(features.shape[1]):
                    sums[j] += features[t, j]


def add_squares(
    const floating[:, ::1] features,     # IN  (n, d)
    const int64_t[:, ::1] segments,      # IN  (m, 2) frame bounds
    const double[::1] mean,              # IN  (d,)
    double[::1] squares,                 # INOUT (d,)
):
    """Add the squares of each column's distances from its mean up, likewise."""
    cdef:
        Py_ssize_t i, j, t
        double value
    with nogil:
        for i in range(segments.shape[0]):
            for t in range(segments[i, 0], segments[i, 1]):
                for j in range(features.shape[1]):
                    value = features[t, j] - mean[j]
                    squares[j] += value * value


def gaussian_divergence(
    const floating[:, ::1] features,     # IN  (n, d), n >= 2 * shortest
    Py_ssize_t window,                   # IN  frames
    Py_ssize_t shortest,                 # IN  frames of a window at the ends, 2 to window
    const floating[::1] shift,           # IN  (d,) subtracted first, against cancellation
    const double[::1] floor,             # IN  (d,) least variance, above 0
    double[:, ::1] sums,                 # INOUT (4, d) scratch
    double[::1] curve,                   # OUT (n - 2 * shortest + 1,)
):
    """Divergence of the diagonal Gaussians of two adjacent sliding windows.

    The sums are taken afresh once in a while, so that rounding does not build up.
    """
    cdef:
        Py_ssize_t n = features.shape[0], d = features.shape[1], i, j, t, border, n1, n2
        double enter, middle, leave, left, right, difference, total
        double w1, w2, u1, u2
        const floating* zero = &shift[0]
        const floating* first
        const floating* centre
        const floating* last
        double* s1 = &sums[0, 0]
        double* q1 = s1 + d
        double* s2 = q1 + d
        double* q2 = s2 + d
    with nogil:
        for i in range(curve.shape[0]):
            border = i + shortest
            n1 = min(border, window)
            n2 = min(n - border, window)
            if i % 4096 == 0:
                memset(s1, 0, 4 * d * sizeof(double))
                for t in range(border - n1, border):
                    for j in range(d):
                        leave = <double> features[t, j] - zero[j]
                        s1[j] += leave
                        q1[j] += leave * leave
                for t in range(border, border + n2):
                    for j in range(d):
                        enter = <double> features[t, j] - zero[j]
                        s2[j] += enter
                        q2[j] += enter * enter
            else:
                # A frame beyond the ends counts as zero after the shift.
                t = border - 1
                first = &features[t - window, 0] if t >= window else zero
                centre = &features[t, 0]
                last = &features[t + window, 0] if t + window < n else zero
                for j in range(d):
                    leave = <double> first[j] - zero[j]
                    middle = <double> centre[j] - zero[j]
                    enter = <double> last[j] - zero[j]
                    s1[j] += middle - leave
                    q1[j] += middle * middle - leave * leave
                    s2[j] += enter - middle
                    q2[j] += enter * enter - middle * middle
            w1, w2 = 1.0 / n1, 1.0 / n2
            u1, u2 = 1.0 / (n1 - 1), 1.0 / (n2 - 1)
            total = 0
            for j in range(d):
                left = fmax((q1[j] - s1[j] * s1[j] * w1) * u1, floor[j])
                right = fmax((q2[j] - s2[j] * s2[j] * w2) * u2, floor[j])
                difference = s1[j] * w1 - s2[j] * w2
                total += difference * difference / sqrt(left * right)
            curve[i] = total * 2.0 * n1 * n2 / (window * <double> (n1 + n2))


def moment_sums(
    const floating[:, ::1] features,     # IN  (n, d)
    const int64_t[:, ::1] segments,      # IN  (m, 2) frame bounds
    const double[::1] shift,             # IN  (d,)
    const double[::1] scale,             # IN  (d,)
    double[::1] row,                     # INOUT (d,) scratch
    double[:, ::1] moments,              # OUT (m, 1 + d + d (d + 1) / 2)
):
    """Moments of each segment's ``(x - shift) * scale``: count, sums, products (lower half)."""
    cdef:
        Py_ssize_t d = features.shape[1], i, j, k, t
        double value
        double* first
        double* second
    with nogil:
        for i in range(segments.shape[0]):
            moments[i, :] = 0
            moments[i, 0] = segments[i, 1] - segments[i, 0]
            first = &moments[i, 1]
            for t in range(segments[i, 0], segments[i, 1]):
                second = first + d
                for j in range(d):
                    row[j] = (features[t, j] - shift[j]) * scale[j]
                for j in range(d):
                    value = row[j]
                    first[j] += value
                    for k in range(j + 1):
                        second[k] += value * row[k]
                    second += j + 1


cdef double _log_determinant(
    const double* one, const double* other, double[:, ::1] block, Py_ssize_t d, double floor,
    double* matrices,
) noexcept nogil:
    """Log-determinant of the covariance of two clusters' moments, in the first of all lanes."""
    cdef:
        Py_ssize_t p
        double[TRFAST_BIC_BLOCK] result
    for p in range(block.shape[0]):
        block[p, 0] = other[p]
    trfast_log_determinants(one, &block[0, 0], d, floor, matrices, result)
    return result[0]


def linear_bic(
    const int64_t[:, ::1] segments,      # IN  (m, 2) frame bounds, m >= 1
    double[:, ::1] moments,              # INOUT (m, n_moments = 1 + d + d (d + 1) / 2)
    Py_ssize_t d,                        # IN
    double penalty,                      # IN  times log(n): the model's cost
    Py_ssize_t max_gap,                  # IN  frames
    double floor,                        # IN  least pivot
    double[:, ::1] block,                # INOUT (n_moments, BLOCK) scratch, zeros
    double[::1] matrices,                # INOUT (BLOCK * d (d + 1) / 2,) scratch
    int64_t[:, ::1] merged,              # OUT (m, 2)
):
    """Merge neighbours from left to right while that lowers the BIC; return how many are left."""
    cdef:
        Py_ssize_t i, p, last = 0
        double n, log_det, log_det_next, log_det_both
        double* current = &moments[0, 0]
        double* following
    with nogil:
        merged[0, 0] = segments[0, 0]
        merged[0, 1] = segments[0, 1]
        log_det = _log_determinant(current, current, block, d, floor, &matrices[0])
        for i in range(1, segments.shape[0]):
            following = &moments[i, 0]
            log_det_next = _log_determinant(following, following, block, d, floor, &matrices[0])
            if segments[i, 0] - merged[last, 1] <= max_gap:
                log_det_both = _log_determinant(current, following, block, d, floor, &matrices[0])
                n = current[0] + following[0]
                if (
                    n * log_det_both - current[0] * log_det - following[0] * log_det_next
                    < 2 * penalty * log(n)
                ):
                    for p in range(moments.shape[1]):
                        current[p] += following[p]
                    log_det = log_det_both
                    merged[last, 1] = segments[i, 1]
                    continue
            last += 1
            current = following
            log_det = log_det_next
            merged[last, 0] = segments[i, 0]
            merged[last, 1] = segments[i, 1]
    return last + 1


cdef inline Py_ssize_t _place(Py_ssize_t i, Py_ssize_t j, Py_ssize_t m) noexcept nogil:
    """Where the pair i < j stands in the upper triangle without its diagonal, row by row."""
    return i * (2 * m - i - 1) // 2 + j - i - 1


cdef inline double _count(const double[:, :, ::1] moments, Py_ssize_t i) noexcept nogil:
    return moments[i // TRFAST_BIC_BLOCK, 0, i % TRFAST_BIC_BLOCK]


cdef double _take(
    double[:, :, ::1] moments, Py_ssize_t i, Py_ssize_t d, double floor, double[::1] one,
    double* matrices,
) noexcept nogil:
    """Copy the moments of cluster i to `one`; return the log-determinant of its covariance."""
    cdef:
        Py_ssize_t p, b = i // TRFAST_BIC_BLOCK
        double[TRFAST_BIC_BLOCK] log_det
    for p in range(one.shape[0]):
        one[p] = moments[b, p, i % TRFAST_BIC_BLOCK]
    # Joined with itself: all moments twice, so the same covariance.
    trfast_log_determinants(&one[0], &moments[b, 0, 0], d, floor, matrices, log_det)
    return log_det[i % TRFAST_BIC_BLOCK]


cdef void _bic_distances(
    double[:, :, ::1] moments,
    const double[::1] log_dets,
    Py_ssize_t i,
    Py_ssize_t first,
    const uint8_t[::1] alive,
    Py_ssize_t d,
    double penalty,
    double floor,
    const double[::1] one,
    double* matrices,
    float[::1] distances,
) noexcept nogil:
    """Compute the dBIC of cluster i, which `_take` took, with each one alive from `first` on."""
    cdef:
        Py_ssize_t m = log_dets.shape[0], b, j, p, n_alive
        double n, value
        double[TRFAST_BIC_BLOCK] log_det
    for b in range(first // TRFAST_BIC_BLOCK, moments.shape[0]):
        n_alive = 0
        for j in range(b * TRFAST_BIC_BLOCK, min((b + 1) * TRFAST_BIC_BLOCK, m)):
            n_alive += alive[j]
        if n_alive == 0:
            continue
        trfast_log_determinants(&one[0], &moments[b, 0, 0], d, floor, matrices, log_det)
        for j in range(max(b * TRFAST_BIC_BLOCK, first), min((b + 1) * TRFAST_BIC_BLOCK, m)):
            if alive[j] and j != i:
                p = j % TRFAST_BIC_BLOCK
                n = one[0] + moments[b, 0, p]
                value = n * log_det[p] - one[0] * log_dets[i] - moments[b, 0, p] * log_dets[j]
                value = 0.5 * value - penalty * log(n)
                distances[_place(min(i, j), max(i, j), m)] = <float> value


cdef void _find_nearest(
    const float[::1] distances, Py_ssize_t i, int64_t[::1] nearest, double[::1] nearest_distance
) noexcept nogil:
    """Find which of the clusters after i is nearest to it."""
    cdef:
        Py_ssize_t m = nearest.shape[0], j, best = i + 1, row = _place(i, 0, m)
    nearest_distance[i] = INFINITY
    for j in range(i + 1, m):
        if distances[row + j] < nearest_distance[i]:
            nearest_distance[i] = distances[row + j]
            best = j
    nearest[i] = best


def bic_hac(
    double[:, :, ::1] moments,           # INOUT (ceil(m / BLOCK), n_moments, BLOCK), m >= 1
    Py_ssize_t d,                        # IN
    double penalty,                      # IN  times log(n): the model's cost
    double floor,                        # IN  least pivot
    double[::1] one,                     # INOUT (n_moments,) scratch
    double[::1] matrices,                # INOUT (BLOCK * d (d + 1) / 2,) scratch
    float[::1] distances,                # INOUT (m (m - 1) / 2,) scratch
    double[::1] log_dets,                # INOUT (m,) scratch
    uint8_t[::1] alive,                  # INOUT (m,) scratch, ones
    int64_t[::1] nearest,                # INOUT (m,) scratch
    double[::1] nearest_distance,        # INOUT (m,) scratch
    int64_t[:, ::1] merges,              # OUT (m - 1, 2) pairs i < j; the cluster keeps the name i
    double[::1] merge_distances,         # OUT (m - 1,)
):
    """Merge the closest pair while its dBIC is below 0; return the number of merges."""
    cdef:
        Py_ssize_t m = log_dets.shape[0], i, j, k, p, n_merges = 0
        double distance
    with nogil:
        # From the last row up: the log-determinants of those after i are there.
        for i in range(m - 1, -1, -1):
            log_dets[i] = _take(moments, i, d, floor, one, &matrices[0])
            _bic_distances(
                moments, log_dets, i, i + 1, alive, d, penalty, floor, one, &matrices[0], distances
            )
            _find_nearest(distances, i, nearest, nearest_distance)
        while n_merges < m - 1:
            i = 0
            for k in range(1, m):
                if nearest_distance[k] < nearest_distance[i]:
                    i = k
            if not nearest_distance[i] < 0:
                break
            j = nearest[i]
            merges[n_merges, 0] = i
            merges[n_merges, 1] = j
            # Its distance is made anew below: those kept are rounded.
            distance = _count(moments, i) * log_dets[i] + _count(moments, j) * log_dets[j]
            for k in range(j):
                distances[_place(k, j, m)] = INFINITY
            nearest_distance[j] = INFINITY
            alive[j] = 0
            for p in range(one.shape[0]):
                moments[i // TRFAST_BIC_BLOCK, p, i % TRFAST_BIC_BLOCK] += (
                    moments[j // TRFAST_BIC_BLOCK, p, j % TRFAST_BIC_BLOCK]
                )
            log_dets[i] = _take(moments, i, d, floor, one, &matrices[0])
            merge_distances[n_merges] = (
                0.5 * (one[0] * log_dets[i] - distance) - penalty * log(one[0])
            )
            n_merges += 1
            _bic_distances(
                moments, log_dets, i, 0, alive, d, penalty, floor, one, &matrices[0], distances
            )
            for k in range(j):
                if not alive[k]:
                    continue
                distance = distances[_place(k, i, m)] if k < i else INFINITY
                if distance < nearest_distance[k]:
                    nearest[k] = i
                    nearest_distance[k] = distance
                elif k == i or nearest[k] == i or nearest[k] == j:
                    _find_nearest(distances, k, nearest, nearest_distance)
    return n_merges


def viterbi_forward(
    const double[:, ::1] log_likelihoods,    # IN  (n_states, n) of a block of frames
    double penalty,                          # IN  0 or more: the cost of a switch
    double[::1] score,                       # INOUT (n_states,) of the best path; zeros at first
    uint8_t[:, ::1] switched,                # OUT (n, n_states) the path entered here
    int32_t[::1] source,                     # OUT (n,) the state a switch comes from
):
    """Scores of the best paths through one more block of frames."""
    cdef Py_ssize_t t, k, best
    cdef double entered
    with nogil:
        for t in range(log_likelihoods.shape[1]):
            best = 0
            for k in range(1, score.shape[0]):
                if score[k] > score[best]:
                    best = k
            source[t] = best
            entered = score[best] - penalty
            for k in range(score.shape[0]):
                switched[t, k] = entered > score[k]
                score[k] = fmax(entered, score[k]) + log_likelihoods[k, t]


def viterbi_backward(
    const uint8_t[:, ::1] switched,          # IN  (n, n_states)
    const int32_t[::1] source,               # IN  (n,)
    Py_ssize_t last,                         # IN  state of the last frame
    int32_t[::1] states,                     # OUT (n,)
):
    """Follow the best path back from its end."""
    cdef Py_ssize_t t
    with nogil:
        for t in range(switched.shape[0] - 1, -1, -1):
            states[t] = last
            if switched[t, last]:
                last = source[t]
