/* The part of the GMM kernel between two matrix products, for T = float or double.
 *
 * Joints lie component by component, the frames of a block side by side: maxima, sums and
 * exponentials over components then run in SIMD lanes, for 8 Gaussians as for 256. The
 * number of frames `m` is a multiple of TRFAST_LANES; frames from `n` on are padding.
 */

/* What the kernel calls. */
#define trfast_squares_f32 TRFAST_CHOSEN(trfast_squares_f32)
#define trfast_squares_f64 TRFAST_CHOSEN(trfast_squares_f64)
#define trfast_softmax_f32 TRFAST_CHOSEN(trfast_softmax_f32)
#define trfast_softmax_f64 TRFAST_CHOSEN(trfast_softmax_f64)
#define trfast_accumulate_f32 TRFAST_CHOSEN(trfast_accumulate_f32)
#define trfast_accumulate_f64 TRFAST_CHOSEN(trfast_accumulate_f64)
#define trfast_normalize_f32 TRFAST_CHOSEN(trfast_normalize_f32)
#define trfast_normalize_f64 TRFAST_CHOSEN(trfast_normalize_f64)
#define trfast_add_f32 TRFAST_CHOSEN(trfast_add_f32)
#define trfast_add_f64 TRFAST_CHOSEN(trfast_add_f64)

/* OUT y (m, 2 d): [x, x^2] of IN x (n, d), zeros after. */
TARGET
static void NAME(trfast_squares)(const T *x, T *y, int n, int m, int d) {
    for (int t = 0; t < n; t++) {
        for (int i = 0; i < d; i++) {
            T v = x[(size_t)t * d + i];
            y[(size_t)t * 2 * d + i] = v;
            y[(size_t)t * 2 * d + d + i] = v * v;
        }
    }
    memset(y + (size_t)n * 2 * d, 0, sizeof(T) * 2 * d * (m - n));
}

/* INOUT joint (c, m): log-joints without `bias` in, exp(log-joint - top) out.
 * OUT top, total (m,): their maximum and the sum of the exponentials. */
TARGET
static void NAME(trfast_softmax)(T *joint, const T *bias, T *top, T *total, int m, int c) {
    for (int t = 0; t < m; t++) {
        top[t] = joint[t] + bias[0];
        total[t] = 0;
    }
    for (int k = 1; k < c; k++) {
        const T *row = joint + (size_t)k * m;
        for (int t = 0; t < m; t++) {
            T v = row[t] + bias[k];
            top[t] = v > top[t] ? v : top[t];
        }
    }
    for (int k = 0; k < c; k++) {
        T *row = joint + (size_t)k * m;
        for (int t = 0; t < m; t++) {
            T v = row[t] + bias[k] - top[t];
            row[t] = v < TRFAST_LOWEST ? TRFAST_LOWEST : v;
        }
        for (int t = 0; t < m; t++) {
            row[t] = NAME(trfast_exp_neg)(row[t]);
            total[t] += row[t];
        }
    }
}

/* INOUT zeroth (c,), sums (c, width): statistics of the frames IN y, of which the first
 * `width` of `stride` columns count; posteriors under `floor` are left out, the others
 * rescaled to sum to one. SCRATCH least, kept (m,), active (m,). */
TARGET
static void NAME(trfast_accumulate)(const T *joint, const T *total, const T *y, T floor,
                                    double *zeroth, double *sums, T *least, T *kept,
                                    int *active, int n, int m, int c, int width, int stride) {
    unsigned char above[TRFAST_BLOCK];
    for (int t = 0; t < m; t++) {
        least[t] = t < n ? floor * total[t] : (T)INFINITY;
        kept[t] = 0;
    }
    for (int k = 0; k < c; k++) {
        const T *row = joint + (size_t)k * m;
        for (int t = 0; t < m; t++) kept[t] += row[t] > least[t] ? row[t] : 0;
    }
    for (int t = 0; t < m; t++) kept[t] = 1 / kept[t];
    for (int k = 0; k < c; k++) {
        const T *row = joint + (size_t)k * m;
        double *sum = sums + (size_t)k * width;
        int n_active = 0;
        for (int t = 0; t < m; t++) above[t] = row[t] > least[t];
        for (int start = 0; start < m; start += 8) {
            uint64_t any;
            memcpy(&any, above + start, 8);
            for (int t = start; any && t < start + 8; t++) {
                active[n_active] = t;
                n_active += above[t];
            }
        }
        for (int a = 0; a < n_active; a++) {
            int t = active[a];
            const T *frame = y + (size_t)t * stride;
            double p = (double)(row[t] * kept[t]);
            zeroth[k] += p;
            for (int i = 0; i < width; i++) sum[i] += p * (double)frame[i];
        }
    }
}

/* Posteriors of IN joint and total: INOUT joint (c, m) or y (m, stride), what is less, times
 * 1 / total, and 0 for padding; OUT inverse (m,) what joint is still to be multiplied by. */
TARGET
static void NAME(trfast_normalize)(const T *total, T *inverse, T *joint, T *y, int n, int m,
                                   int c, int stride) {
    for (int t = 0; t < m; t++) inverse[t] = t < n ? 1 / total[t] : 0;
    if (c < stride) {
        for (int k = 0; k < c; k++)
            for (int t = 0; t < m; t++) joint[(size_t)k * m + t] *= inverse[t];
        for (int t = 0; t < m; t++) inverse[t] = 1;
    } else {
        for (int t = 0; t < m; t++)
            for (int i = 0; i < stride; i++) y[(size_t)t * stride + i] *= inverse[t];
    }
}

/* INOUT zeroth (c,) += joint (c, m) @ inverse (m,); sums += product, both (c, width). */
TARGET
static void NAME(trfast_add)(const T *joint, const T *inverse, const T *product,
                             double *zeroth, double *sums, int m, int c, int width) {
    for (int k = 0; k < c; k++) {
        T sum = 0;
        for (int t = 0; t < m; t++) sum += joint[(size_t)k * m + t] * inverse[t];
        zeroth[k] += (double)sum;
    }
    for (int i = 0; i < c * width; i++) sums[i] += (double)product[i];
}
