"""The triplet network: forward, nearest neighbours, mining, gradient, optimizer step."""

from cython cimport floating
from libc.stdint cimport int16_t
from libc.string cimport memcpy, memset

from trfast._ext._blas cimport gemm
from trfast._ext._scratch cimport allocate, release

cdef extern from *:
    """
    #define TRFAST_ROWS "_triplet_rows.h"
    #define TRFAST_LOOPS "_rows.h"
    #include "_instruction_sets.h"
    """

cdef extern from * nogil:
    void trfast_activate_f32(float *, float *, int, int)
    void trfast_activate_f64(double *, double *, int, int)
    void trfast_leave_out_f32(float *, const int *, int, int)
    void trfast_leave_out_f64(double *, const int *, int, int)
    void trfast_nearest_f32(const float *, int *, int, int)
    void trfast_nearest_f64(const double *, int *, int, int)
    float trfast_similarity_f32(const float *, const float *, int)
    double trfast_similarity_f64(const double *, const double *, int)
    void trfast_coarsen_f32(const float *, int16_t *, int, int, int)
    void trfast_coarsen_f64(const double *, int16_t *, int, int, int)
    int trfast_find_negative_f32(
        const float *, const int16_t *, int, const int *, int, int, int, int, float, float, int,
        int, float *)
    int trfast_find_negative_f64(
        const double *, const int16_t *, int, const int *, int, int, int, int, double, double,
        int, int, double *)
    void trfast_slope_f32(float *, const float *, const int *, int, int, float, int)
    void trfast_slope_f64(double *, const double *, const int *, int, int, double, int)
    void trfast_adadelta_f32(float *, const float *, float *, float *, float, float, float, size_t)
    void trfast_adadelta_f64(double *, const double *, double *, double *, double, double, double,
                             size_t)

include "_chosen.pxi"

# Rows that stay in the cache between the product and the loops.
cdef int BLOCK = 320
# Rows in memory at a time of similarities to all others, and of what the gradient multiplies.
cdef int FEW = 160


def forward(
    const floating[:, ::1] x,           # IN (n, d)
    const floating[:, ::1] weights,     # IN (d, h)
    floating[:, ::1] unit,              # OUT (n, h) tanh(x @ weights) at unit length
    floating[::1] norm,                 # OUT (n,) length of tanh(x @ weights)
):
    """Run the network."""
    cdef int n = <int> x.shape[0], d = <int> x.shape[1], h = <int> weights.shape[1]
    cdef int b, start, size
    with nogil:
        for b in range((n + BLOCK - 1) // BLOCK):
            start = b * BLOCK
            size = min(BLOCK, n - start)
            gemm(False, False, size, h, d, <floating> 1, &x[start, 0], d, &weights[0, 0], h, 0,
                 &unit[start, 0], h)
            if floating is float:
                trfast_activate_f32(&unit[start, 0], &norm[start], size, h)
            else:
                trfast_activate_f64(&unit[start, 0], &norm[start], size, h)


def nearest_others(
    const floating[:, ::1] unit,        # IN (n, h)
    const int[::1] classes,             # IN (n,)
    int[:, ::1] neighbours,             # OUT (n, k) the k most similar of other classes, rising
):
    """Find the nearest neighbours; of equally near ones, the first."""
    cdef int n = <int> unit.shape[0], h = <int> unit.shape[1], k = <int> neighbours.shape[1]
    cdef int b, start, size, i
    cdef floating *similarities = <floating *> allocate(
        <size_t> min(n, FEW) * n * sizeof(floating)
    )
    cdef floating *row
    try:
        with nogil:
            for b in range((n + FEW - 1) // FEW):
                start = b * FEW
                size = min(FEW, n - start)
                gemm(False, True, size, n, h, <floating> 1, &unit[start, 0], h, &unit[0, 0], h,
                     0, similarities, n)
                for i in range(size):
                    row = similarities + <size_t> i * n
                    if floating is float:
                        trfast_leave_out_f32(row, &classes[0], classes[start + i], n)
                        trfast_nearest_f32(row, &neighbours[start + i, 0], n, k)
                    else:
                        trfast_leave_out_f64(row, &classes[0], classes[start + i], n)
                        trfast_nearest_f64(row, &neighbours[start + i, 0], n, k)
    finally:
        release(similarities)


def mine(
    const floating[:, ::1] unit,        # IN (n, h)
    const int[::1] members,             # IN rows of the classes, class after class
    const int[::1] offsets,             # IN (n_classes + 1,) where each class starts in them
    const int[:, ::1] groups,           # IN (n_members, 2) first of its group, one after its last
    const int[:, ::1] neighbours,       # IN (n, k)
    const double[:, ::1] uniforms,      # IN (n_classes * per_class, 4) draws of 0 <= u < 1
    int per_class,                      # IN
    int prime,                          # IN a prime of at least k
    floating margin,                    # IN
    bint soft,                          # IN
    bint screened,                      # IN rule candidates out by integers: if most of them fail
    int[:, ::1] triplets,               # OUT (n_classes * per_class, 3), filled from the top
    floating[::1] losses,               # OUT D + margin of each
):
    """Draw pairs and a negative for each where one contributes; return how many there are."""
    cdef int n_classes = <int> offsets.shape[0] - 1, k = <int> neighbours.shape[1]
    cdef int n = <int> unit.shape[0], h = <int> unit.shape[1]
    cdef int parts = (h + 31) // 32 if screened else 0
    cdef int count = 0, c, t, i, j, size, anchor, positive, negative, start, step
    cdef floating same, other, high
    # (n, 32 parts): rows padded to whole cache lines
    cdef int16_t *coarse = <int16_t *> allocate(<size_t> n * parts * 32 * sizeof(int16_t))
    try:
        with nogil:
            if screened:
                if floating is float:
                    trfast_coarsen_f32(&unit[0, 0], coarse, n, h, parts)
                else:
                    trfast_coarsen_f64(&unit[0, 0], coarse, n, h, parts)
            for t in range(n_classes * per_class):
                c = t // per_class
                size = offsets[c + 1] - offsets[c]
                i = offsets[c] + <int> (uniforms[t, 0] * size)
                j = offsets[c] + <int> (uniforms[t, 1] * (size - (groups[i, 1] - groups[i, 0])))
                anchor = members[i]
                positive = members[j if j < groups[i, 0] else j + groups[i, 1] - groups[i, 0]]
                start = <int> (uniforms[t, 2] * prime)
                step = 1 + <int> (uniforms[t, 3] * (prime - 1))
                if floating is float:
                    same = trfast_similarity_f32(&unit[anchor, 0], &unit[positive, 0], h)
                    high = same if soft else 2
                    negative = trfast_find_negative_f32(
                        &unit[0, 0], coarse, anchor, &neighbours[anchor, 0], k, prime, start,
                        step, same - margin, high, h, parts, &other)
                else:
                    same = trfast_similarity_f64(&unit[anchor, 0], &unit[positive, 0], h)
                    high = same if soft else 2
                    negative = trfast_find_negative_f64(
                        &unit[0, 0], coarse, anchor, &neighbours[anchor, 0], k, prime, start,
                        step, same - margin, high, h, parts, &other)
                if negative >= 0:
                    triplets[count, 0] = anchor
                    triplets[count, 1] = positive
                    triplets[count, 2] = negative
                    losses[count] = other - same + margin
                    count += 1
    finally:
        release(coarse)
    return count


def loss_gradient(
    const floating[:, ::1] x,           # IN (n, d)
    const floating[:, ::1] unit,        # IN (n, h)
    const floating[::1] norm,           # IN (n,)
    const int[:, ::1] triplets,         # IN (t, 3), all with a loss above 0
    floating[:, ::1] gradient,          # OUT (d, h) of the summed loss
):
    """Add up the slopes of each row that triplets touch, and products over blocks of these."""
    cdef int n = <int> x.shape[0], d = <int> x.shape[1], h = <int> unit.shape[1]
    cdef int filled = 0, t, row, a, p, q, start
    cdef size_t n_terms = 4 * <size_t> triplets.shape[0]
    cdef void *scratch = allocate(
        FEW * (<size_t> d + h) * sizeof(floating) + (n + 1 + n_terms) * sizeof(int)
    )
    cdef floating *inputs = <floating *> scratch        # (FEW, d)
    cdef floating *slopes = inputs + FEW * d            # (FEW, h)
    cdef int *ends = <int *> (slopes + FEW * h)         # (n + 1,)
    cdef int *terms = ends + n + 1                      # (n_terms,)
    try:
        with nogil:
            # The terms of a row's slope, row after row: of D = -a.p + a.q, q - p for the anchor,
            # -a for the positive, a for the negative.
            memset(ends, 0, (n + 1) * sizeof(int))
            for t in range(triplets.shape[0]):
                ends[triplets[t, 0] + 1] += 2
                ends[triplets[t, 1] + 1] += 1
                ends[triplets[t, 2] + 1] += 1
            for row in range(n):
                ends[row + 1] += ends[row]
            for t in range(triplets.shape[0]):
                a, p, q = triplets[t, 0], triplets[t, 1], triplets[t, 2]
                terms[ends[a]] = q
                terms[ends[a] + 1] = ~p
                ends[a] += 2
                terms[ends[p]] = ~a
                ends[p] += 1
                terms[ends[q]] = a
                ends[q] += 1
            memset(&gradient[0, 0], 0, d * h * sizeof(floating))
            start = 0
            for row in range(n):
                if ends[row] > start:
                    memcpy(inputs + filled * d, &x[row, 0], d * sizeof(floating))
                    if floating is float:
                        trfast_slope_f32(slopes + filled * h, &unit[0, 0], &terms[start],
                                         ends[row] - start, row, norm[row], h)
                    else:
                        trfast_slope_f64(slopes + filled * h, &unit[0, 0], &terms[start],
                                         ends[row] - start, row, norm[row], h)
                    filled += 1
                    start = ends[row]
                if filled == FEW or row == n - 1:
                    gemm(True, False, d, h, filled, <floating> 1, inputs, d, slopes, h, 1,
                         &gradient[0, 0], h)
                    filled = 0
    finally:
        release(scratch)


def adadelta(
    floating[:, ::1] weights,           # INOUT (d, h)
    const floating[:, ::1] gradient,    # IN (d, h)
    floating[:, ::1] square_gradient,   # INOUT (d, h) running mean of squared gradients
    floating[:, ::1] square_step,       # INOUT (d, h) running mean of squared steps
    floating rate,                      # IN
    floating rho,                       # IN
    floating epsilon,                   # IN
):
    """Take one step."""
    cdef size_t size = weights.shape[0] * weights.shape[1]
    with nogil:
        if floating is float:
            trfast_adadelta_f32(&weights[0, 0], &gradient[0, 0], &square_gradient[0, 0],
                                &square_step[0, 0], rate, rho, epsilon, size)
        else:
            trfast_adadelta_f64(&weights[0, 0], &gradient[0, 0], &square_gradient[0, 0],
                                &square_step[0, 0], rate, rho, epsilon, size)
