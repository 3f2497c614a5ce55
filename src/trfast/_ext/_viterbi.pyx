"""Best path of states through frames: forward block by block, then back from its end."""

from cython cimport floating
from libc.math cimport fmax
from libc.stdint cimport int32_t, uint8_t


def forward(
    const floating[:, ::1] log_likelihoods,   # IN (n_states, n) of a block of frames
    double penalty,                          # IN 0 or more: the cost of a switch
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


def backward(
    const uint8_t[:, ::1] switched,          # IN (n, n_states)
    const int32_t[::1] source,               # IN (n,)
    Py_ssize_t last,                         # IN state of the last frame
    int32_t[::1] states,                     # OUT (n,)
):
    """Follow the best path back from its end."""
    cdef Py_ssize_t t
    with nogil:
        for t in range(switched.shape[0] - 1, -1, -1):
            states[t] = last
            if switched[t, last]:
                last = source[t]
