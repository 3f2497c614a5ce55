"""Gaussian divergence of sliding windows."""

from cython cimport floating
from libc.math cimport fmax, sqrt
from libc.string cimport memset

from trfast._ext._scratch cimport allocate, release


def gaussian_divergence(
    const floating[:, ::1] features,     # IN (n, d), n >= 2 * shortest
    Py_ssize_t window,                   # IN frames
    Py_ssize_t shortest,                 # IN frames of a window at the ends, 2 to window
    const floating[::1] shift,           # IN (d,) subtracted first, against cancellation
    const double[::1] floor,             # IN (d,) least variance, above 0
    double[::1] curve,                   # OUT (n - 2 * shortest + 1,)
):
    """Divergence of the diagonal Gaussians of two adjacent sliding windows.

    The sums are taken afresh once in a while, so that rounding does not build up.
    """
    cdef:
        Py_ssize_t n = features.shape[0], d = features.shape[1], i, j, t, border, n1, n2
        double enter, middle, leave, left, right, difference, total
        double w1, w2, u1, u2
        const floating *zero = &shift[0]
        const floating *first
        const floating *centre
        const floating *last
        double *s1 = <double *> allocate(4 * d * sizeof(double))
        double *q1 = s1 + d
        double *s2 = q1 + d
        double *q2 = s2 + d
    try:
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
    finally:
        release(s1)
