/* Sums of rows and their normalization, for T = float or double; sums are double. */

/* What the kernel calls. */
#define trfast_add_row_f32 TRFAST_CHOSEN(trfast_add_row_f32)
#define trfast_add_row_f64 TRFAST_CHOSEN(trfast_add_row_f64)
#define trfast_normalize_row_f32 TRFAST_CHOSEN(trfast_normalize_row_f32)
#define trfast_normalize_row_f64 TRFAST_CHOSEN(trfast_normalize_row_f64)

/* A variance below this share of the mean square is rounding: the column is constant. */
#define TRFAST_CONSTANT 1e-12

/* INOUT first, second (d,): sums of row - origin and of its square, += sign times those. */
TARGET
static void NAME(trfast_add_row)(const T *row, const T *origin, double sign, double *first,
                                 double *second, int d) {
    for (int j = 0; j < d; j++) {
        const double y = (double)row[j] - (double)origin[j];
        first[j] += sign * y;
        second[j] += sign * y * y;
    }
}

/* OUT out (d,): row less the mean, over the deviation if `variance`, of `count` rows with the
 * sums IN first and second. */
TARGET
static void NAME(trfast_normalize_row)(const T *row, const T *origin, const double *first,
                                       const double *second, double count, int variance, T *out,
                                       int d) {
    const double share = 1 / count;
    if (!variance) {
        for (int j = 0; j < d; j++)
            out[j] = (T)((double)row[j] - (double)origin[j] - first[j] * share);
        return;
    }
    for (int j = 0; j < d; j++) {
        const double mean = first[j] * share, square = second[j] * share;
        const double spread = square - mean * mean;
        const double scale = spread > TRFAST_CONSTANT * square ? 1 / sqrt(spread) : 0;
        out[j] = (T)(((double)row[j] - (double)origin[j] - mean) * scale);
    }
}
