/* Posterior of a linear Gaussian model for T = float or double, one segment a SIMD lane: its
 * result depends neither on the lane nor on its neighbours. Sums of products run over tiles
 * of TILE x TILE vectors, as many as 16 registers hold. A compiler without vector types gets
 * plain scalars. */

/* What the kernel calls. */
#define trfast_posterior_f32 TRFAST_CHOSEN(trfast_posterior_f32)
#define trfast_posterior_f64 TRFAST_CHOSEN(trfast_posterior_f64)
#define trfast_add_rows_f32 TRFAST_CHOSEN(trfast_add_rows_f32)
#define trfast_add_rows_f64 TRFAST_CHOSEN(trfast_add_rows_f64)

/* INOUT total (.., r): rows IN places (n,), += IN rows (n, r). */
TARGET
static void NAME(trfast_add_rows)(const T *rows, const int *places, T *total, int n, int r) {
    for (int i = 0; i < n; i++) {
        T *row = total + (ptrdiff_t)places[i] * r;
        for (int j = 0; j < r; j++) row[j] += rows[(ptrdiff_t)i * r + j];
    }
}

#define TILE 3
#define lanes NAME(lanes)
#ifdef __GNUC__
#define LANES ((int)(32 / sizeof(T)))
#define INLINE static inline __attribute__((always_inline)) TARGET
typedef T lanes __attribute__((vector_size(32), aligned(sizeof(T)), may_alias));
#else
#define LANES 1
#define INLINE static inline
typedef T lanes;
#endif

/* OUT sum[a][b] = sum over k < n of x[a * x_row + k * x_step] * y[b * y_row + k * y_step]. */
INLINE void NAME(tile_product)(lanes sum[TILE][TILE], const lanes *x, ptrdiff_t x_row,
                               ptrdiff_t x_step, const lanes *y, ptrdiff_t y_row,
                               ptrdiff_t y_step, int n) {
    lanes s[TILE][TILE];
    memset(s, 0, sizeof s);
    for (int k = 0; k < n; k++, x += x_step, y += y_step) {
        for (int a = 0; a < TILE; a++)
            for (int b = 0; b < TILE; b++) s[a][b] += x[a * x_row] * y[b * y_row];
    }
    for (int a = 0; a < TILE; a++)
        for (int b = 0; b < TILE; b++) sum[a][b] = s[a][b];
}

/* INOUT m: lower triangle of an order x order matrix, its Cholesky factor L out, all but the
 * diagonal, of which OUT inverse (order,) has the inverses. The pivot of row `unit` is taken
 * as 1: that row of L solves L y = row. */
INLINE void NAME(factor)(lanes *m, lanes *inverse, int order, ptrdiff_t stride, int unit) {
    lanes sum[TILE][TILE];
    for (int i = 0; i < order; i += TILE) {
        for (int j = 0; j <= i; j += TILE) {
            lanes *rows = m + i * stride, *corner = m + j * stride + j;
            NAME(tile_product)(sum, rows, stride, 1, m + j * stride, stride, 1, j);
            for (int b = 0; b < TILE; b++) {
                for (int a = 0; a < TILE; a++) {
                    lanes *row = rows + a * stride + j;
                    sum[a][b] = row[b] - sum[a][b];
                    for (int c = 0; c < b; c++) sum[a][b] -= row[c] * corner[b * stride + c];
                }
                if (i == j) {
                    const T *pivot = (const T *)&sum[b][b];
                    T *out = (T *)(inverse + j + b);
                    for (int l = 0; l < LANES; l++)
                        out[l] = j + b == unit ? 1 : 1 / (T)sqrt((double)pivot[l]);
                }
                for (int a = 0; a < TILE; a++)
                    rows[a * stride + j + b] = sum[a][b] * inverse[j + b];
            }
        }
    }
}

/* INOUT m: the factor L in, its inverse out, with zeros above the diagonal of each tile. */
INLINE void NAME(invert)(lanes *m, const lanes *inverse, int order, ptrdiff_t stride) {
    lanes sum[TILE][TILE];
    for (int i = 0; i < order; i += TILE) {
        for (int j = 0; j <= i; j += TILE) {
            lanes *rows = m + i * stride, *corner = rows + i;
            NAME(tile_product)(sum, rows + j, stride, 1, m + j * stride + j, 1, stride, i - j);
            for (int a = 0; a < TILE; a++) {
                for (int b = 0; b < TILE; b++) {
                    lanes x = -sum[a][b];
                    if (i == j && a == b) x += 1;
                    for (int c = 0; c < a; c++) x -= corner[a * stride + c] * sum[c][b];
                    sum[a][b] = x * inverse[i + a];
                }
            }
            for (int a = 0; a < TILE; a++)
                for (int b = 0; b < TILE; b++) rows[a * stride + j + b] = sum[a][b];
        }
    }
}

/* Posterior of w for `n` segments: precisions L and projections b in, w = L^-1 b out.
 *
 * INOUT packed (r (r + 1) / 2, stride): lower triangles of the precisions, a segment a
 *   column; E[w w'] out if `want_moment`.
 * INOUT projected (n, r): b in, w out; NaN or infinity where L is not positive definite.
 *
 * b goes along as one more row of L with pivot 1. After the factorization the row is
 * y = C^-1 b, L = C C'; after the inversion it is -w', so that the product of the inverse's
 * transpose and the inverse is L^-1 + w w'. */
TARGET
static void NAME(trfast_posterior)(T *packed, T *projected, int n, int stride, int r,
                                   int want_moment, void *workspace) {
    const int order = (r + TILE) / TILE * TILE;
    const ptrdiff_t width = order | 1; /* odd: the rows of a column fall into all cache sets */
    lanes *m = (lanes *)(((uintptr_t)workspace + 31) & ~(uintptr_t)31);
    lanes *inverse = m + order * width, *w = inverse + order;
    for (int first = 0; first < n; first += LANES) {
        const int used = n - first < LANES ? n - first : LANES;
        T *b = projected + (ptrdiff_t)first * r;
        lanes *row = m + r * width;
        for (int i = 0, k = 0; i < r; i++)
            for (int j = 0; j <= i; j++, k++)
                m[i * width + j] = *(lanes *)(packed + (ptrdiff_t)k * stride + first);
        for (int i = r; i < order; i++)
            for (int j = 0; j <= i; j++) m[i * width + j] = (lanes){0} + (T)(i == j);
        for (int l = 0; l < used; l++)
            for (int i = 0; i < r; i++) ((T *)(row + i))[l] = b[(ptrdiff_t)l * r + i];

        NAME(factor)(m, inverse, order, width, r);
        for (int i = 0; i < r; i++) w[i] = row[i];
        for (int i = r - 1; i >= 0; i--) {
            w[i] *= inverse[i];
            for (int j = 0; j < i; j++) w[j] -= w[i] * m[i * width + j];
        }
        for (int l = 0; l < used; l++)
            for (int i = 0; i < r; i++) b[(ptrdiff_t)l * r + i] = ((T *)(w + i))[l];

        if (!want_moment) continue;
        NAME(invert)(m, inverse, order, width);
        for (int i = 0; i < order; i += TILE) {
            for (int j = 0; j <= i; j += TILE) {
                lanes sum[TILE][TILE];
                NAME(tile_product)(sum, m + i * width + i, 1, width, m + i * width + j, 1,
                                   width, order - i);
                for (int a = 0; a < TILE && i + a < r; a++)
                    for (int c = 0; c < TILE && j + c <= i + a; c++)
                        *(lanes *)(packed + ((ptrdiff_t)(i + a) * (i + a + 1) / 2 + j + c) * stride +
                                   first) = sum[a][c];
            }
        }
    }
}

#undef TILE
#undef lanes
#undef LANES
#undef INLINE
