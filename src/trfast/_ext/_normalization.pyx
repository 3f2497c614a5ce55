"""Deltas of frames, and their normalization by window or by segment."""

from cython cimport floating
from libc.stdint cimport int64_t

from trfast._ext._scratch cimport allocate, release

cdef extern from *:
    """
    #define TRFAST_ROWS "_normalization_rows.h"
    #define TRFAST_LOOPS "_rows.h"
    #include "_instruction_sets.h"
    """

cdef extern from * nogil:
    void trfast_add_row_f32(const float *row, const float *origin, double sign, double *first,
                            double *second, int d)
    void trfast_add_row_f64(const double *row, const double *origin, double sign, double *first,
                            double *second, int d)
    void trfast_normalize_row_f32(const float *row, const float *origin, const double *first,
                                  const double *second, double count, bint variance, float *out,
                                  int d)
    void trfast_normalize_row_f64(const double *row, const double *origin, const double *first,
                                  const double *second, double count, bint variance, double *out,
                                  int d)

include "_chosen.pxi"

# Rows after which running sums are made anew, before their rounding errors grow.
cdef Py_ssize_t REFRESH = 1024


def deltas(
    const floating[:, :] x,    # IN (n, d), rows contiguous
    Py_ssize_t width,          # IN
    floating[:, :] out,        # OUT (n, d), rows contiguous
):
    """Regression slope over 2 width + 1 rows; the first and the last row go on for ever."""
    cdef Py_ssize_t n = x.shape[0], d = x.shape[1], t, k, j
    cdef const floating *after
    cdef const floating *before
    cdef floating *row
    cdef floating weight
    cdef floating scale = 1.0 / (width * (width + 1) * (2 * width + 1) / 3.0)
    with nogil:
        for t in range(n):
            row = &out[t, 0]
            for j in range(d):
                row[j] = 0
            for k in range(1, width + 1):
                after = &x[min(t + k, n - 1), 0]
                before = &x[max(t - k, 0), 0]
                weight = k * scale
                for j in range(d):
                    row[j] += weight * (after[j] - before[j])


cdef inline void add_row(
    const floating *row, const floating *origin, double sign, double *first, double *second, int d,
) noexcept nogil:
    if floating is float:
        trfast_add_row_f32(row, origin, sign, first, second, d)
    else:
        trfast_add_row_f64(row, origin, sign, first, second, d)


cdef inline void normalize_row(
    const floating *row, const floating *origin, const double *first, const double *second,
    double count, bint variance, floating *out, int d,
) noexcept nogil:
    if floating is float:
        trfast_normalize_row_f32(row, origin, first, second, count, variance, out, d)
    else:
        trfast_normalize_row_f64(row, origin, first, second, count, variance, out, d)


def sliding_normalization(
    const floating[:, ::1] x,    # IN (n, d), n >= 1
    Py_ssize_t window,           # IN
    bint variance,               # IN whether to divide by the deviation too
    floating[:, ::1] out,        # OUT (n, d)
):
    """Mean and variance over the rows t - (window - 1) // 2 to t + window // 2 that exist.

    Sums are of differences from a nearby row, so that a large mean costs no digits.
    """
    cdef Py_ssize_t n = x.shape[0], d = x.shape[1], back = (window - 1) // 2
    cdef Py_ssize_t t, i, low = 0, high = 0, first, last
    cdef double *one = <double *> allocate(2 * d * sizeof(double))
    cdef double *two = one + d
    cdef const floating *origin = &x[0, 0]
    try:
        with nogil:
            for t in range(n):
                first, last = max(t - back, 0), min(t - back + window, n)
                if t % REFRESH == 0:
                    origin = &x[t, 0]
                    for i in range(d):
                        one[i] = two[i] = 0
                    low, high = first, first
                for i in range(high, last):
                    add_row(&x[i, 0], origin, 1, one, two, <int> d)
                for i in range(low, first):
                    add_row(&x[i, 0], origin, -1, one, two, <int> d)
                low, high = first, last
                normalize_row(&x[t, 0], origin, one, two, last - first, variance, &out[t, 0],
                              <int> d)
    finally:
        release(one)


def normalization(
    const floating[:, ::1] x,    # IN (n, d)
    const int64_t[::1] offsets,  # IN (n_segments + 1,)
    bint variance,               # IN as above
    floating[:, ::1] out,        # OUT (n, d)
):
    """Mean and variance of each segment: rows offsets[s] to offsets[s + 1]."""
    cdef Py_ssize_t d = x.shape[1], s, t, j
    cdef int64_t start, stop
    cdef double *one = <double *> allocate(2 * d * sizeof(double))
    cdef double *two = one + d
    cdef const floating *origin
    try:
        with nogil:
            for s in range(offsets.shape[0] - 1):
                start, stop = offsets[s], offsets[s + 1]
                if start == stop:
                    continue
                origin = &x[start, 0]
                for j in range(d):
                    one[j] = two[j] = 0
                for t in range(start, stop):
                    add_row(&x[t, 0], origin, 1, one, two, <int> d)
                for t in range(start, stop):
                    normalize_row(
                        &x[t, 0], origin, one, two, stop - start, variance, &out[t, 0], <int> d
                    )
    finally:
        release(one)
