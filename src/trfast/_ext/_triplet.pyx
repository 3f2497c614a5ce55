"""The triplet network: forward, nearest neighbours, mining, gradient, optimizer step."""

from cython cimport floating
from libc.string cimport memcpy, memset
from scipy.linalg.cython_blas cimport dgemm, sgemm

cdef extern from "_triplet.h" nogil:
    void trfast_activate_f32(float *, float *, int, int)
    void trfast_activate_f64(double *, double *, int, int)
    void trfast_leave_out_f32(float *, const int *, int, int)
    void trfast_leave_out_f64(double *, const int *, int, int)
    void trfast_nearest_f32(const float *, int *, int, int)
    void trfast_nearest_f64(const double *, int *, int, int)
    float trfast_similarity_f32(const float *, const float *, int)
    double trfast_similarity_f64(const double *, const double *, int)
    int trfast_find_negative_f32(
        const float *, const float *, const int *, int, int, int, int, float, float, int, float *)
    int trfast_find_negative_f64(
        const double *, const double *, const int *, int, int, int, int, double, double, int,
        double *)
    void trfast_scatter_f32(
        float *, float *, float *, const float *, const float *, const float *, int)
    void trfast_scatter_f64(
        double *, double *, double *, const double *, const double *, const double *, int)
    void trfast_backward_f32(float *, const float *, const float *, const int *, int, int)
    void trfast_backward_f64(double *, const double *, const double *, const int *, int, int)
    void trfast_adadelta_f32(float *, const float *, float *, float *, float, float, size_t)
    void trfast_adadelta_f64(double *, const double *, double *, double *, double, double, size_t)

# Rows whose outputs stay in the cache between the product and the tanh.
cdef int BLOCK = 320


cdef void multiply(
    const floating *a, const floating *b, floating *out, int m, int n, int k,
    bint transpose_a, bint transpose_b,
) noexcept nogil:
    """OUT out (m, n) = a @ b, all row-major; with `transpose_a` a is (k, m), b alike."""
    cdef floating one = 1, zero = 0
    cdef int lda = m if transpose_a else k, ldb = k if transpose_b else n
    cdef char *flag_a = b"T" if transpose_a else b"N"
    cdef char *flag_b = b"T" if transpose_b else b"N"
    if floating is float:
        sgemm(flag_b, flag_a, &n, &m, &k, &one, <float *> b, &ldb, <float *> a, &lda,
              &zero, out, &n)
    else:
        dgemm(flag_b, flag_a, &n, &m, &k, &one, <double *> b, &ldb, <double *> a, &lda,
              &zero, out, &n)


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
            multiply(&x[start, 0], &weights[0, 0], &unit[start, 0], size, h, d, False, False)
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
            multiply(&unit[start, 0], &unit[0, 0], &similarities[0, 0], size, n, h, False, True)
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
    const int[:, ::1] neighbours,       # IN (n, k)
    const double[:, ::1] uniforms,      # IN (n_classes * per_class, 4) draws of 0 <= u < 1
    int per_class,
    int prime,                          # a prime of at least k
    floating margin,
    bint soft,
    int[:, ::1] triplets,               # OUT (n_classes * per_class, 3), filled from the top
    floating[::1] losses,               # OUT D + margin of each
):
    """Draw pairs and a negative for each where one contributes; return how many there are."""
    cdef int n_classes = <int> offsets.shape[0] - 1, k = <int> neighbours.shape[1]
    cdef int h = <int> unit.shape[1], count = 0, c, t, i, j, size, anchor, positive, negative
    cdef int start, step
    cdef floating same, other, high
    with nogil:
        for t in range(n_classes * per_class):
            c = t // per_class
            size = offsets[c + 1] - offsets[c]
            i = <int> (uniforms[t, 0] * size)
            j = <int> (uniforms[t, 1] * (size - 1))
            anchor = members[offsets[c] + i]
            positive = members[offsets[c] + (j if j < i else j + 1)]
            start = <int> (uniforms[t, 2] * prime)
            step = 1 + <int> (uniforms[t, 3] * (prime - 1))
            if floating is float:
                same = trfast_similarity_f32(&unit[anchor, 0], &unit[positive, 0], h)
                high = same if soft else 2
                negative = trfast_find_negative_f32(
                    &unit[0, 0], &unit[anchor, 0], &neighbours[anchor, 0], k, prime, start, step,
                    same - margin, high, h, &other)
            else:
                same = trfast_similarity_f64(&unit[anchor, 0], &unit[positive, 0], h)
                high = same if soft else 2
                negative = trfast_find_negative_f64(
                    &unit[0, 0], &unit[anchor, 0], &neighbours[anchor, 0], k, prime, start, step,
                    same - margin, high, h, &other)
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
    int[::1] slots,                     # scratch (n,)
    int[::1] rows,                      # scratch (min(n, 3 t),)
    floating[:, ::1] inputs,            # scratch (min(n, 3 t), d)
    floating[:, ::1] slopes,            # scratch (min(n, 3 t), h)
):
    """Add up the slopes of each row that triplets touch, then one product over these rows."""
    cdef int n = <int> x.shape[0], d = <int> x.shape[1], h = <int> unit.shape[1]
    cdef int n_rows = 0, t, side, row, a, p, q
    with nogil:
        memset(&slots[0], -1, n * sizeof(int))
        for t in range(triplets.shape[0]):
            for side in range(3):
                row = triplets[t, side]
                if slots[row] < 0:
                    slots[row] = n_rows
                    rows[n_rows] = row
                    memcpy(&inputs[n_rows, 0], &x[row, 0], d * sizeof(floating))
                    memset(&slopes[n_rows, 0], 0, h * sizeof(floating))
                    n_rows += 1
        for t in range(triplets.shape[0]):
            a, p, q = triplets[t, 0], triplets[t, 1], triplets[t, 2]
            if floating is float:
                trfast_scatter_f32(&slopes[slots[a], 0], &slopes[slots[p], 0],
                                   &slopes[slots[q], 0], &unit[a, 0], &unit[p, 0], &unit[q, 0], h)
            else:
                trfast_scatter_f64(&slopes[slots[a], 0], &slopes[slots[p], 0],
                                   &slopes[slots[q], 0], &unit[a, 0], &unit[p, 0], &unit[q, 0], h)
        if floating is float:
            trfast_backward_f32(&slopes[0, 0], &unit[0, 0], &norm[0], &rows[0], n_rows, h)
        else:
            trfast_backward_f64(&slopes[0, 0], &unit[0, 0], &norm[0], &rows[0], n_rows, h)
        multiply(&inputs[0, 0], &slopes[0, 0], &gradient[0, 0], d, h, n_rows, True, False)


def adadelta(
    floating[:, ::1] weights,           # INOUT (d, h)
    const floating[:, ::1] gradient,    # IN (d, h)
    floating[:, ::1] square_gradient,   # INOUT (d, h) running mean of squared gradients
    floating[:, ::1] square_step,       # INOUT (d, h) running mean of squared steps
    floating rho,
    floating epsilon,
):
    """Take one step."""
    cdef size_t size = weights.shape[0] * weights.shape[1]
    with nogil:
        if floating is float:
            trfast_adadelta_f32(&weights[0, 0], &gradient[0, 0], &square_gradient[0, 0],
                                &square_step[0, 0], rho, epsilon, size)
        else:
            trfast_adadelta_f64(&weights[0, 0], &gradient[0, 0], &square_gradient[0, 0],
                                &square_step[0, 0], rho, epsilon, size)
