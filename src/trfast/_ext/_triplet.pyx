"""The triplet network: forward, nearest neighbours, mining, gradient, optimizer step."""

from cython cimport floating
from libc.stdint cimport int16_t
from libc.string cimport memcpy, memset
from scipy.linalg.cython_blas cimport dgemm, sgemm

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


cdef void multiply(
    const floating *a, const floating *b, floating *out, int m, int n, int k,
    bint transpose_a, bint transpose_b, floating beta,
) noexcept nogil:
    """INOUT out (m, n) = beta out + a @ b, row-major; with `transpose_a` a is (k, m), b alike."""
    cdef floating one = 1
    cdef int lda = m if transpose_a else k, ldb = k if transpose_b else n
    cdef char *flag_a = b"T" if transpose_a else b"N"
    cdef char *flag_b = b"T" if transpose_b else b"N"
    if floating is float:
        sgemm(flag_b, flag_a, &n, &m, &k, &one, <float *> b, &ldb, <float *> a, &lda,
              &beta, out, &n)
    else:
        dgemm(flag_b, flag_a, &n, &m, &k, &one, <double *> b, &ldb, <double *> a, &lda,
              &beta, out, &n)


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
            multiply(&x[start, 0], &weights[0, 0], &unit[start, 0], size, h, d, False, False, 0)
            if floating is float:
                trfast_activate_f32(&unit[start, 0], &norm[start], size, h)
            else:
                trfast_activate_f64(&unit[start, 0], &norm[start], size, h)


def nearest_others(
    const floating[:, ::1] unit,        # IN (n, h)
    const int[::1] classes,             # IN (n,)
    int[:, ::1] neighbours,             # OUT (n, k) the k most similar of other classes, rising
    floating[:, ::1] similarities,      # scratch (block, n)
):
    """Find the nearest neighbours; of equally near ones, the first."""
    cdef int n = <int> unit.shape[0], h = <int> unit.shape[1], k = <int> neighbours.shape[1]
    cdef int block = <int> similarities.shape[0], b, start, size, i
    with nogil:
        for b in range((n + block - 1) // block):
            start = b * block
            size = min(block, n - start)
            multiply(&unit[start, 0], &unit[0, 0], &similarities[0, 0], size, n, h,
                     False, True, 0)
            for i in range(size):
                if floating is float:
                    trfast_leave_out_f32(&similarities[i, 0], &classes[0], classes[start + i], n)
                    trfast_nearest_f32(&similarities[i, 0], &neighbours[start + i, 0], n, k)
                else:
                    trfast_leave_out_f64(&similarities[i, 0], &classes[0], classes[start + i], n)
                    trfast_nearest_f64(&similarities[i, 0], &neighbours[start + i, 0], n, k)


def mine(
    const floating[:, ::1] unit,        # IN (n, h)
    const int[::1] members,             # IN rows of the classes, class after class
    const int[::1] offsets,             # IN (n_classes + 1,) where each class starts in them
    const int[:, ::1] groups,           # IN (n_members, 2) first of its group, one after its last
    const int[:, ::1] neighbours,       # IN (n, k)
    const double[:, ::1] uniforms,      # IN (n_classes * per_class, 4) draws of 0 <= u < 1
    int per_class,
    int prime,                          # a prime of at least k
    floating margin,
    bint soft,
    bint screened,                      # rule candidates out by integers: if most of them fail
    int16_t[:, ::1] coarse,             # scratch (n, h padded to a multiple of 32)
    int[:, ::1] triplets,               # OUT (n_classes * per_class, 3), filled from the top
    floating[::1] losses,               # OUT D + margin of each
):
    """Draw pairs and a negative for each where one contributes; return how many there are."""
    cdef int n_classes = <int> offsets.shape[0] - 1, k = <int> neighbours.shape[1]
    cdef int h = <int> unit.shape[1], count = 0, c, t, i, j, size, anchor, positive, negative
    cdef int start, step, parts = <int> coarse.shape[1] // 32 if screened else 0
    cdef floating same, other, high
    with nogil:
        if screened:
            if floating is float:
                trfast_coarsen_f32(&unit[0, 0], &coarse[0, 0], <int> unit.shape[0], h, parts)
            else:
                trfast_coarsen_f64(&unit[0, 0], &coarse[0, 0], <int> unit.shape[0], h, parts)
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
                    &unit[0, 0], &coarse[0, 0], anchor, &neighbours[anchor, 0], k, prime, start,
                    step, same - margin, high, h, parts, &other)
            else:
                same = trfast_similarity_f64(&unit[anchor, 0], &unit[positive, 0], h)
                high = same if soft else 2
                negative = trfast_find_negative_f64(
                    &unit[0, 0], &coarse[0, 0], anchor, &neighbours[anchor, 0], k, prime, start,
                    step, same - margin, high, h, parts, &other)
            if negative >= 0:
                triplets[count, 0] = anchor
                triplets[count, 1] = positive
                triplets[count, 2] = negative
                losses[count] = other - same + margin
                count += 1
    return count


def loss_gradient(
    const floating[:, ::1] x,           # IN (n, d)
    const floating[:, ::1] unit,        # IN (n, h)
    const floating[::1] norm,           # IN (n,)
    const int[:, ::1] triplets,         # IN (t, 3), all with a loss above 0
    floating[:, ::1] gradient,          # OUT (d, h) of the summed loss
    int[::1] ends,                      # scratch (n + 1,)
    int[::1] terms,                     # scratch (4 t,)
    floating[:, ::1] inputs,            # scratch (block, d)
    floating[:, ::1] slopes,            # scratch (block, h)
):
    """Add up the slopes of each row that triplets touch, and products over blocks of these."""
    cdef int n = <int> x.shape[0], d = <int> x.shape[1], h = <int> unit.shape[1]
    cdef int block = <int> inputs.shape[0], filled = 0, t, row, a, p, q, start
    with nogil:
        # The terms of a row's slope, row after row: of D = -a.p + a.q, q - p for the anchor,
        # -a for the positive, a for the negative.
        memset(&ends[0], 0, (n + 1) * sizeof(int))
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
                memcpy(&inputs[filled, 0], &x[row, 0], d * sizeof(floating))
                if floating is float:
                    trfast_slope_f32(&slopes[filled, 0], &unit[0, 0], &terms[start],
                                     ends[row] - start, row, norm[row], h)
                else:
                    trfast_slope_f64(&slopes[filled, 0], &unit[0, 0], &terms[start],
                                     ends[row] - start, row, norm[row], h)
                filled += 1
                start = ends[row]
            if filled == block or row == n - 1:
                multiply(&inputs[0, 0], &slopes[0, 0], &gradient[0, 0], d, h, filled, True, False,
                         1)
                filled = 0


def adadelta(
    floating[:, ::1] weights,           # INOUT (d, h)
    const floating[:, ::1] gradient,    # IN (d, h)
    floating[:, ::1] square_gradient,   # INOUT (d, h) running mean of squared gradients
    floating[:, ::1] square_step,       # INOUT (d, h) running mean of squared steps
    floating rate,
    floating rho,
    floating epsilon,
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
