"""Kernels of the segmentation: Gaussian divergence, BIC, and the Viterbi scan.

Feature matrices may be float32 or float64; every sum is float64.
"""

from cython cimport floating
from libc.math cimport INFINITY, fmax, log, sqrt
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.string cimport memset

# Determinants are computed for so many matrices at a time, one a SIMD lane.
cdef enum:
    LANES = 8


def column_moments(
    const floating[:, ::1] features,     # IN  (n, d)
    const int64_t[:, ::1] segments,      # IN  (m, 2) frame bounds
    double[::1] mean,                    # OUT (d,)
    double[::1] variance,                # OUT (d,)
):
    """Mean and variance of each column over the frames of the segments, in two passes."""
    cdef:
        Py_ssize_t d = features.shape[1], i, j, t, count = 0
        double value
    with nogil:
        mean[:] = 0
        variance[:] = 0
        for i in range(segments.shape[0]):
            count += segments[i, 1] - segments[i, 0]
            for t in range(segments[i, 0], segments[i, 1]):
                for j in range(d):
                    mean[j] += features[t, j]
        if count > 0:
            for j in range(d):
                mean[j] /= count
            for i in range(segments.shape[0]):
                for t in range(segments[i, 0], segments[i, 1]):
                    for j in range(d):
                        value = features[t, j] - mean[j]
                        variance[j] += value * value
            for j in range(d):
                variance[j] /= count


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


cdef void _load_covariance(
    const double* a, const double* b, double weight, Py_ssize_t d, double* lane
) noexcept nogil:
    """Write the covariance of the moments ``a + weight * b`` to a lane."""
    cdef:
        Py_ssize_t j, k, p = 1 + d
        double mean, inverse = 1.0 / (a[0] + weight * b[0])
    for j in range(d):
        mean = (a[1 + j] + weight * b[1 + j]) * inverse
        for k in range(j + 1):
            lane[0] = (a[p] + weight * b[p] - mean * (a[1 + k] + weight * b[1 + k])) * inverse
            lane += LANES
            p += 1


cdef void _log_determinants(
    double* matrices, Py_ssize_t d, double floor, double* result
) noexcept nogil:
    """Log-determinants of LANES packed matrices by Cholesky, in place; pivots at least `floor`.

    Pivots are variances in units of the recording's, so that the product of eight neither
    overflows nor vanishes and one logarithm serves them all.
    """
    cdef:
        Py_ssize_t i, j, k, lane
        double* row_i = matrices
        double* row_j
        double[LANES] rest
        double[LANES] product
    for lane in range(LANES):
        result[lane] = 0
        product[lane] = 1
    for i in range(d):
        row_j = matrices
        for j in range(i + 1):
            for lane in range(LANES):
                rest[lane] = row_i[j * LANES + lane]
            for k in range(j):
                for lane in range(LANES):
                    rest[lane] -= row_i[k * LANES + lane] * row_j[k * LANES + lane]
            if j < i:
                for lane in range(LANES):
                    row_i[j * LANES + lane] = rest[lane] * row_j[j * LANES + lane]
                row_j += (j + 1) * LANES
        # The diagonal keeps the inverse of the pivot's root.
        for lane in range(LANES):
            rest[lane] = rest[lane] if rest[lane] > floor else floor
            product[lane] *= rest[lane]
            row_i[i * LANES + lane] = 1.0 / sqrt(rest[lane])
        row_i += (i + 1) * LANES
        if i % 8 == 7 or i == d - 1:
            for lane in range(LANES):
                result[lane] += log(product[lane])
                product[lane] = 1


cdef double _log_determinant(
    const double* a, const double* b, double weight, Py_ssize_t d, double floor, double* matrices
) noexcept nogil:
    """Log-determinant of the covariance of the moments ``a + weight * b``."""
    cdef:
        Py_ssize_t lane
        double[LANES] result
    for lane in range(LANES):
        _load_covariance(a, b, weight, d, matrices + lane)
    _log_determinants(matrices, d, floor, result)
    return result[0]


def linear_bic(
    const int64_t[:, ::1] segments,      # IN  (m, 2) frame bounds, m >= 1
    double[:, ::1] moments,              # INOUT (m, 1 + d + d (d + 1) / 2)
    Py_ssize_t d,                        # IN
    double penalty,                      # IN  times log(n): the model's cost
    Py_ssize_t max_gap,                  # IN  frames
    double floor,                        # IN  least pivot
    double[::1] matrices,                # INOUT (LANES * d (d + 1) / 2,) scratch
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
        log_det = _log_determinant(current, current, 0, d, floor, &matrices[0])
        for i in range(1, segments.shape[0]):
            following = &moments[i, 0]
            log_det_next = _log_determinant(
                following, following, 0, d, floor, &matrices[0]
            )
            if segments[i, 0] - merged[last, 1] <= max_gap:
                log_det_both = _log_determinant(
                    current, following, 1, d, floor, &matrices[0]
                )
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


cdef void _bic_distances(
    double[:, ::1] moments,
    const double[::1] log_dets,
    Py_ssize_t i,
    const int64_t* others,
    Py_ssize_t n_others,
    Py_ssize_t d,
    double penalty,
    double floor,
    double* matrices,
    double[:, ::1] distances,
) noexcept nogil:
    """Fill row and column `i` of the distances towards `others`, LANES at a time."""
    cdef:
        Py_ssize_t start = 0, lane, j
        double n, value
        double[LANES] log_det
    while start < n_others:
        for lane in range(LANES):
            j = others[min(start + lane, n_others - 1)]
            _load_covariance(&moments[i, 0], &moments[j, 0], 1, d, matrices + lane)
        _log_determinants(matrices, d, floor, log_det)
        for lane in range(min(LANES, n_others - start)):
            j = others[start + lane]
            n = moments[i, 0] + moments[j, 0]
            value = n * log_det[lane] - moments[i, 0] * log_dets[i] - moments[j, 0] * log_dets[j]
            value = 0.5 * value - penalty * log(n)
            distances[i, j] = value
            distances[j, i] = value
        start += LANES


cdef Py_ssize_t _argmin(const double* values, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i, best = 0
    for i in range(1, n):
        if values[i] < values[best]:
            best = i
    return best


def bic_hac(
    double[:, ::1] moments,              # INOUT (m, 1 + d + d (d + 1) / 2), m >= 1
    Py_ssize_t d,                        # IN
    double penalty,                      # IN  times log(n): the model's cost
    double floor,                        # IN  least pivot
    double[::1] matrices,                # INOUT (LANES * d (d + 1) / 2,) scratch
    double[:, ::1] distances,            # INOUT (m, m) scratch
    double[::1] log_dets,                # INOUT (m,) scratch
    int64_t[::1] alive,                  # INOUT (m,) scratch
    int64_t[::1] nearest,                # INOUT (m,) scratch
    double[::1] nearest_distance,        # INOUT (m,) scratch
    int64_t[:, ::1] merges,              # OUT (m - 1, 2) pairs i < j; the cluster keeps the name i
    double[::1] merge_distances,         # OUT (m - 1,)
):
    """Merge the closest pair while its dBIC is below 0; return the number of merges."""
    cdef:
        Py_ssize_t m = moments.shape[0], i, j, k, p, n_alive = m, n_merges = 0
    with nogil:
        for i in range(m):
            alive[i] = i
            log_dets[i] = _log_determinant(
                &moments[i, 0], &moments[i, 0], 0, d, floor, &matrices[0]
            )
            distances[i, i] = INFINITY
        for i in range(m - 1):
            _bic_distances(
                moments, log_dets, i, &alive[i + 1], m - i - 1, d, penalty, floor,
                &matrices[0], distances,
            )
        for i in range(m):
            nearest[i] = _argmin(&distances[i, 0], m)
            nearest_distance[i] = distances[i, nearest[i]]
        while n_alive > 1:
            i = _argmin(&nearest_distance[0], m)
            j = nearest[i]
            if not nearest_distance[i] < 0:
                break
            if j < i:
                i, j = j, i
            merges[n_merges, 0] = i
            merges[n_merges, 1] = j
            merge_distances[n_merges] = distances[i, j]
            n_merges += 1
            for p in range(moments.shape[1]):
                moments[i, p] += moments[j, p]
            log_dets[i] = _log_determinant(
                &moments[i, 0], &moments[i, 0], 0, d, floor, &matrices[0]
            )
            # Row i leaves the list for the update, so that it meets only the others.
            p = 0
            for k in range(n_alive):
                if alive[k] != i and alive[k] != j:
                    alive[p] = alive[k]
                    p += 1
            n_alive = p
            for k in range(m):
                distances[j, k] = INFINITY
                distances[k, j] = INFINITY
            nearest_distance[j] = INFINITY
            _bic_distances(
                moments, log_dets, i, &alive[0], n_alive, d, penalty, floor,
                &matrices[0], distances,
            )
            for p in range(n_alive):
                k = alive[p]
                if nearest[k] == i or nearest[k] == j:
                    nearest[k] = _argmin(&distances[k, 0], m)
                elif distances[k, i] < nearest_distance[k]:
                    nearest[k] = i
                nearest_distance[k] = distances[k, nearest[k]]
            nearest[i] = _argmin(&distances[i, 0], m)
            nearest_distance[i] = distances[i, nearest[i]]
            alive[n_alive] = i
            n_alive += 1
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
