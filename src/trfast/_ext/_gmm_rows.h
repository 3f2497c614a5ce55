/* The part of the GMM kernel between two matrix products, for T = float or double. */

/* OUT y (n, 2 d): [x, x^2] of IN x (n, d). */
TRFAST_CLONES
static void NAME(trfast_squares)(const T *x, T *y, int n, int d) {
    for (int t = 0; t < n; t++) {
        for (int i = 0; i < d; i++) {
            T v = x[(size_t)t * d + i];
            y[(size_t)t * 2 * d + i] = v;
            y[(size_t)t * 2 * d + d + i] = v * v;
        }
    }
}

/* INOUT joint (n, c): log-joint without `bias` in, exp(joint - max) out.
 * OUT total (n,): their sum; OUT log_likelihood (n,): log of the sum of the joints. */
TRFAST_CLONES
static void NAME(trfast_softmax)(T *joint, const T *bias, T *total, double *log_likelihood,
                                 int n, int c) {
    for (int t = 0; t < n; t++) {
        T *row = joint + (size_t)t * c;
        T top = row[0] + bias[0];
        for (int k = 0; k < c; k++) {
            row[k] += bias[k];
            top = row[k] > top ? row[k] : top;
        }
        T sum = 0;
        for (int k = 0; k < c; k++) {
            row[k] = NAME(trfast_exp_neg)(row[k] - top);
            sum += row[k];
        }
        total[t] = sum;
        log_likelihood[t] = (double)top + log((double)sum);
    }
}

/* INOUT zeroth (c,), sums (c, width): statistics of the frames IN y, of which the first
 * `width` of `stride` columns count; posteriors under `floor` are left out, the others
 * rescaled to sum to one. */
TRFAST_CLONES
static void NAME(trfast_accumulate)(const T *joint, const T *total, const T *y, T floor,
                                    double *zeroth, double *sums, int *active,
                                    int n, int c, int width, int stride) {
    for (int t = 0; t < n; t++) {
        const T *row = joint + (size_t)t * c;
        const T *frame = y + (size_t)t * stride;
        T least = floor * total[t];
        int n_active = 0;
        for (int k = 0; k < c; k++) {
            active[n_active] = k;
            n_active += row[k] > least;
        }
        T kept = 0;
        for (int a = 0; a < n_active; a++) kept += row[active[a]];
        T inverse = n_active ? 1 / kept : 0;
        for (int a = 0; a < n_active; a++) {
            int k = active[a];
            double p = (double)(row[k] * inverse);
            double *sum = sums + (size_t)k * width;
            zeroth[k] += p;
            for (int i = 0; i < width; i++) sum[i] += p * (double)frame[i];
        }
    }
}
