"""Sums over the frames of segments, in float64."""

from cython cimport floating
from libc.stdint cimport int64_t

from trfast._ext._scratch cimport allocate, release


def add_sums(
    const floating[:, ::1] features,     # IN (n, d)
    const int64_t[:, ::1] segments,      # IN (m, 2) frame bounds
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
    const floating[:, ::1] features,     # IN (n, d)
    const int64_t[:, ::1] segments,      # IN (m, 2) frame bounds
    const double[::1] mean,              # IN (d,)
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


def moment_sums(
    const floating[:, ::1] features,     # IN (n, d)
    const int64_t[:, ::1] segments,      # IN (m, 2) frame bounds
    const double[::1] shift,             # IN (d,)
    const double[::1] scale,             # IN (d,)
    double[:, ::1] moments,              # OUT (m, 1 + d + d (d + 1) / 2)
):
    """Moments of each segment's ``(x - shift) * scale``: count, sums, products (lower half)."""
    cdef:
        Py_ssize_t d = features.shape[1], i, j, k, t
        double value
        double *first
        double *second
        double *row = <double *> allocate(d * sizeof(double))
    try:
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
    finally:
        release(row)
