"""Agglomeration of windows by the evidence that two clusters are one speaker."""

from cython cimport floating
from libc.math cimport INFINITY
from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memset

from trfast._ext._scratch cimport allocate, release, whole_lines

cdef extern from *:
    """
    #define TRFAST_ROWS "_evidence_rows.h"
    #define TRFAST_LOOPS "_rows.h"
    #include "_instruction_sets.h"
    """

cdef extern from * nogil:
    enum: TRFAST_LANES
    void trfast_evidence_f32(float count, const float *one, const float *counts,
                             const float *each, const float *eigenvalues, int d, float *evidence)
    void trfast_evidence_f64(double count, const double *one, const double *counts,
                             const double *each, const double *eigenvalues, int d,
                             double *evidence)

include "_chosen.pxi"

# Clusters whose sums lie side by side.
BLOCK = TRFAST_LANES


cdef void _evidence(
    floating count, const floating *one, const floating *counts, const floating *each,
    const floating[::1] eigenvalues, floating *evidence,
) noexcept nogil:
    cdef int d = <int> eigenvalues.shape[0]
    if floating is float:
        trfast_evidence_f32(count, one, counts, each, &eigenvalues[0], d, evidence)
    else:
        trfast_evidence_f64(count, one, counts, each, &eigenvalues[0], d, evidence)


cdef void _alone(
    Py_ssize_t b, const floating[:, ::1] counts, const floating[:, :, ::1] sums,
    const floating[::1] eigenvalues, floating *one, floating *alone,
) noexcept nogil:
    """Compute the evidence of each cluster of a block by itself: joined with nothing."""
    memset(one, 0, sums.shape[1] * sizeof(floating))
    _evidence(0, one, &counts[b, 0], &sums[b, 0, 0], eigenvalues, alone + b * TRFAST_LANES)


cdef void _take(Py_ssize_t i, const floating[:, :, ::1] sums, floating *one) noexcept nogil:
    """Copy the sums of cluster i."""
    cdef Py_ssize_t k
    for k in range(sums.shape[1]):
        one[k] = sums[i // TRFAST_LANES, k, i % TRFAST_LANES]


cdef void _compare(
    Py_ssize_t i, Py_ssize_t first, const floating[:, ::1] counts,
    const floating[:, :, ::1] sums, const floating[::1] eigenvalues, const floating *one,
    const floating *alone, const uint8_t *alive, float *gains, Py_ssize_t n,
) noexcept nogil:
    """Compute the gain of joining cluster i, which `_take` took, with each one alive from `first`
    on."""
    cdef:
        Py_ssize_t b, j, start, n_alive
        floating[TRFAST_LANES] both
        floating count = counts[i // TRFAST_LANES, i % TRFAST_LANES]
    for b in range(first // TRFAST_LANES, counts.shape[0]):
        start = b * TRFAST_LANES
        n_alive = 0
        for j in range(start, min(start + TRFAST_LANES, n)):
            n_alive += alive[j]
        if n_alive == 0:
            continue
        _evidence(count, one, &counts[b, 0], &sums[b, 0, 0], eigenvalues, both)
        for j in range(max(start, first), min(start + TRFAST_LANES, n)):
            if alive[j] and j != i:
                gains[_place(min(i, j), max(i, j), n)] = <float> (
                    both[j - start] - alone[i] - alone[j]
                )


cdef inline Py_ssize_t _place(Py_ssize_t i, Py_ssize_t j, Py_ssize_t n) noexcept nogil:
    """Where the pair i < j stands in the upper triangle without its diagonal, row by row."""
    return i * (2 * n - i - 1) // 2 + j - i - 1


cdef void _find_best(
    Py_ssize_t i, Py_ssize_t n, const float *gains, float *best_gain, int64_t *best
) noexcept nogil:
    """Find which of the clusters after i it gains most with."""
    cdef Py_ssize_t j, row = _place(i, 0, n)
    best_gain[i] = -INFINITY
    best[i] = i
    for j in range(i + 1, n):
        if gains[row + j] > best_gain[i]:
            best_gain[i] = gains[row + j]
            best[i] = j


cdef void _merge(
    Py_ssize_t i, Py_ssize_t j, floating[:, ::1] counts, floating[:, :, ::1] sums,
    const floating[::1] eigenvalues, floating *one, floating *alone, uint8_t *alive,
    float *gains, float *best_gain, int64_t *best, Py_ssize_t n,
) noexcept nogil:
    """Let i < j stand for both, and renew what was said of either."""
    cdef:
        Py_ssize_t k, bi = i // TRFAST_LANES, bj = j // TRFAST_LANES
        Py_ssize_t li = i % TRFAST_LANES, lj = j % TRFAST_LANES
        float gain
    alive[j] = 0
    best_gain[j] = -INFINITY
    counts[bi, li] += counts[bj, lj]
    for k in range(sums.shape[1]):
        sums[bi, k, li] += sums[bj, k, lj]
    for k in range(j):
        gains[_place(k, j, n)] = -INFINITY
    _alone(bi, counts, sums, eigenvalues, one, alone)
    _take(i, sums, one)
    _compare(i, 0, counts, sums, eigenvalues, one, alone, alive, gains, n)
    for k in range(j):
        if not alive[k]:
            continue
        if k == i or best[k] == i or best[k] == j:
            _find_best(k, n, gains, best_gain, best)
        elif k < i:
            gain = gains[_place(k, i, n)]
            if gain > best_gain[k]:
                best_gain[k] = gain
                best[k] = i


def agglomerate(
    floating[:, ::1] counts,             # INOUT (n_blocks, BLOCK) windows in each cluster, >= 0
    floating[:, :, ::1] sums,            # INOUT (n_blocks, d, BLOCK) their sums, W = I, d >= 1
    const floating[::1] eigenvalues,     # IN (d,) of B in that basis
    Py_ssize_t n,                        # IN clusters; the rest of the blocks is padding
    double least,                        # IN gain below which nothing is joined
    Py_ssize_t n_clusters,               # IN clusters at which it ends
    int64_t[:, ::1] merges,              # OUT (n - 1, 2) i < j: j becomes part of i
    double[::1] merge_gains,             # OUT (n - 1,)
):
    """Join the two clusters of the greatest gain in evidence, again and again; return how often.

    A row keeps which of the later clusters it gains most with, so that a merge looks at rows only
    where that was one of the two.
    """
    cdef:
        Py_ssize_t d = sums.shape[1], i, j, k, n_merges = 0
        size_t n_gains = <size_t> n * (n - 1) // 2
        size_t reals = whole_lines((counts.shape[0] * TRFAST_LANES + d) * sizeof(floating))
        size_t rows = whole_lines(n * (sizeof(int64_t) + sizeof(float) + 1))
        char *scratch = <char *> allocate(reals + rows + n_gains * sizeof(float))
        floating *one = <floating *> scratch
        floating *alone = one + d
        int64_t *best = <int64_t *> (scratch + reals)
        float *best_gain = <float *> (best + n)
        uint8_t *alive = <uint8_t *> (best_gain + n)
        float *gains = <float *> (scratch + reals + rows)
    try:
        with nogil:
            memset(alive, 1, n)
            for k in range(counts.shape[0]):
                _alone(k, counts, sums, eigenvalues, one, alone)
            for i in range(n):
                _take(i, sums, one)
                _compare(i, i + 1, counts, sums, eigenvalues, one, alone, alive, gains, n)
                _find_best(i, n, gains, best_gain, best)
            while n - n_merges > n_clusters:
                i = 0
                for k in range(1, n):
                    if best_gain[k] > best_gain[i]:
                        i = k
                if not best_gain[i] >= least:
                    break
                j = best[i]
                merges[n_merges, 0] = i
                merges[n_merges, 1] = j
                merge_gains[n_merges] = best_gain[i]
                n_merges += 1
                _merge(i, j, counts, sums, eigenvalues, one, alone, alive, gains, best_gain,
                       best, n)
    finally:
        release(scratch)
    return n_merges
