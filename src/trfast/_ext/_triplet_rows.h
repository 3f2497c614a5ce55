/* The loops of the triplet network's kernel, for T = float or double. */

/* What the kernel calls. */
#define trfast_activate_f32 TRFAST_CHOSEN(trfast_activate_f32)
#define trfast_activate_f64 TRFAST_CHOSEN(trfast_activate_f64)
#define trfast_leave_out_f32 TRFAST_CHOSEN(trfast_leave_out_f32)
#define trfast_leave_out_f64 TRFAST_CHOSEN(trfast_leave_out_f64)
#define trfast_nearest_f32 TRFAST_CHOSEN(trfast_nearest_f32)
#define trfast_nearest_f64 TRFAST_CHOSEN(trfast_nearest_f64)
#define trfast_similarity_f32 TRFAST_CHOSEN(trfast_similarity_f32)
#define trfast_similarity_f64 TRFAST_CHOSEN(trfast_similarity_f64)
#define trfast_coarsen_f32 TRFAST_CHOSEN(trfast_coarsen_f32)
#define trfast_coarsen_f64 TRFAST_CHOSEN(trfast_coarsen_f64)
#define trfast_find_negative_f32 TRFAST_CHOSEN(trfast_find_negative_f32)
#define trfast_find_negative_f64 TRFAST_CHOSEN(trfast_find_negative_f64)
#define trfast_slope_f32 TRFAST_CHOSEN(trfast_slope_f32)
#define trfast_slope_f64 TRFAST_CHOSEN(trfast_slope_f64)
#define trfast_adadelta_f32 TRFAST_CHOSEN(trfast_adadelta_f32)
#define trfast_adadelta_f64 TRFAST_CHOSEN(trfast_adadelta_f64)

/* In what coarse similarities measure. */
#define TRFAST_UNIT 16384

/* Four sums side by side, so that additions need not wait for one another. */
TARGET
static inline T NAME(dot)(const T *a, const T *b, int d) {
    T s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    int part = d / 64 * 16;
    const T *a1 = a + part, *a2 = a1 + part, *a3 = a2 + part;
    const T *b1 = b + part, *b2 = b1 + part, *b3 = b2 + part;
    for (int i = 0; i < part; i++) {
        s0 += a[i] * b[i];
        s1 += a1[i] * b1[i];
        s2 += a2[i] * b2[i];
        s3 += a3[i] * b3[i];
    }
    T sum = (s0 + s1) + (s2 + s3);
    for (int i = 4 * part; i < d; i++) sum += a[i] * b[i];
    return sum;
}

/* INOUT rows (n, h): z in, tanh(z) at unit length out; OUT norm (n,): the length of tanh(z).
 * A row of zeros stays. */
TARGET
static void NAME(trfast_activate)(T *rows, T *norm, int n, int h) {
    for (int i = 0; i < n; i++) {
        T *row = rows + (size_t)i * h;
        T square = 0;
        /* tanh(20) rounds to 1; clipped by itself, the next loop has no branches. */
        for (int j = 0; j < h; j++) row[j] = row[j] > 20 ? 20 : row[j] < -20 ? -20 : row[j];
        for (int j = 0; j < h; j++) {
            row[j] = NAME(trfast_tanh)(row[j]);
            square += row[j] * row[j];
        }
        norm[i] = NAME(trfast_sqrt)(square);
        T inverse = norm[i] > 0 ? 1 / norm[i] : 0;
        for (int j = 0; j < h; j++) row[j] *= inverse;
    }
}

TARGET
static int NAME(trfast_count_above)(const T *row, T least, int n) {
    int count = 0;
    for (int i = 0; i < n; i++) count += row[i] > least;
    return count;
}

/* INOUT row (n,): -2, below any cosine, for those of one class. */
TARGET
static void NAME(trfast_leave_out)(T *row, const int *classes, int left_out, int n) {
    for (int i = 0; i < n; i++) row[i] = classes[i] == left_out ? -2 : row[i];
}

/* OUT nearest (k,): where the k largest of IN row (n,) are, rising; of equals, the first. */
TARGET
static void NAME(trfast_nearest)(const T *row, int *nearest, int n, int k) {
    T low = -1.5, high = 1.5; /* more than k, or k, lie above `low`, fewer above `high` */
    int n_high = 0, size = 0;
    while (n_high < k) {
        T middle = (low + high) / 2;
        if (middle <= low || middle >= high) break;
        int n_middle = NAME(trfast_count_above)(row, middle, n);
        if (n_middle > k) {
            low = middle;
        } else {
            high = middle;
            n_high = n_middle;
        }
    }
    int n_equal = k - n_high;
    if (n_equal == 0) {
        for (int i = 0; size < k; i++) {
            nearest[size] = i;
            size += row[i] > high;
        }
    }
    for (int i = 0; i < n && size < k; i++) {
        int above = row[i] > high, equal = (row[i] > low) & !above & (n_equal > 0);
        nearest[size] = i;
        size += above | equal;
        n_equal -= equal;
    }
    while (size < k) nearest[size++] = 0; /* where similarities are not numbers */
}

TARGET
static T NAME(trfast_similarity)(const T *a, const T *b, int h) { return NAME(dot)(a, b, h); }

/* OUT coarse (n, 32 parts) of IN unit (n, h): in units of 1 / TRFAST_UNIT, rounded towards zero,
 * and padded with zeros. */
TARGET
static void NAME(trfast_coarsen)(const T *unit, int16_t *coarse, int n, int h, int parts) {
    for (int i = 0; i < n; i++) {
        const T *row = unit + (size_t)i * h;
        int16_t *out = coarse + (size_t)i * parts * 32;
        for (int j = 0; j < h; j++) out[j] = (int16_t)(row[j] * TRFAST_UNIT);
        for (int j = h; j < 32 * parts; j++) out[j] = 0;
    }
}

/* The first of IN candidates (k,) whose similarity to the row `anchor` of IN unit lies between
 * `low` and `high`, or -1. They are looked at in the order start, start + step, ... modulo
 * `prime` >= k. With parts > 0, the similarity of IN coarse rules most out: rounding moves a row
 * of unit length by at most sqrt(h) / TRFAST_UNIT, and so a similarity by hardly more than twice
 * that. */
TARGET
static int NAME(trfast_find_negative)(const T *unit, const int16_t *coarse, int anchor,
                                      const int *candidates, int k, int prime, int start, int step,
                                      T low, T high, int h, int parts, T *similarity) {
    const T *a = unit + (size_t)anchor * h;
    const int16_t *coarse_a = coarse + (size_t)anchor * parts * 32;
    const double square = (double)TRFAST_UNIT * TRFAST_UNIT, slack = 3 * sqrt(h) / TRFAST_UNIT;
    const int32_t least = (int32_t)((low - slack) * square);
    const int32_t most = (int32_t)(fmin(high + slack, 2) * square);
    int position = start;
    for (int i = 0; i < prime; i++) {
        if (position < k) {
            int candidate = candidates[position];
            const int16_t *coarse_b = coarse + (size_t)candidate * parts * 32;
            int32_t sum = 0;
            for (int j = 0; j < 32 * parts; j++) sum += coarse_a[j] * coarse_b[j];
            if (parts == 0 || (sum >= least && sum <= most)) {
                *similarity = NAME(dot)(a, unit + (size_t)candidate * h, h);
                if (*similarity > low && *similarity < high) return candidate;
            }
        }
        position += step;
        position -= position >= prime ? prime : 0;
    }
    return -1;
}

/* OUT slope (h,): dL/dz of a row u = t / |t| of IN unit, t = tanh(z), |t| = `length`. dL/du is the
 * sum of the rows named by IN terms (n,), where ~row subtracts;
 * dL/dt = (dL/du - (dL/du.u) u) / |t|, dL/dz = dL/dt (1 - t^2). */
TARGET
static void NAME(trfast_slope)(T *slope, const T *unit, const int *terms, int n, int row,
                               T length, int h) {
    for (int j = 0; j < h; j++) slope[j] = 0;
    for (int i = 0; i < n; i++) {
        T sign = terms[i] < 0 ? -1 : 1;
        const T *term = unit + (size_t)(terms[i] < 0 ? ~terms[i] : terms[i]) * h;
        for (int j = 0; j < h; j++) slope[j] += sign * term[j];
    }
    const T *u = unit + (size_t)row * h;
    T inverse = length > 0 ? 1 / length : 0;
    T along = NAME(dot)(slope, u, h);
    for (int j = 0; j < h; j++) {
        T t = u[j] * length;
        slope[j] = (slope[j] - along * u[j]) * inverse * (1 - t * t);
    }
}

/* One step of Adadelta (Zeiler 2012, algorithm 1), times a learning rate. */
TARGET
static void NAME(trfast_adadelta)(T *weights, const T *gradient, T *square_gradient,
                                  T *square_step, T rate, T rho, T epsilon, size_t n) {
    for (size_t i = 0; i < n; i++) {
        T g = gradient[i];
        T mean = rho * square_gradient[i] + (1 - rho) * g * g;
        T step = NAME(trfast_sqrt)((square_step[i] + epsilon) / (mean + epsilon)) * g;
        square_gradient[i] = mean;
        square_step[i] = rho * square_step[i] + (1 - rho) * step * step;
        weights[i] -= rate * step;
    }
}
