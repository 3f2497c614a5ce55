/* The kernel of _bic_simd.h for LANES clusters at a time. With one lane, vectors are plain
 * doubles and the same lines compile anywhere. */

/* What the kernel calls. */
#define trfast_log_determinants TRFAST_CHOSEN(trfast_log_determinants)

#define lanes SET(lanes)

#if VECTOR_BYTES
#define LANES (VECTOR_BYTES / 8)
typedef double lanes __attribute__((vector_size(VECTOR_BYTES), aligned(8)));
#define LANE(x, l) (x)[l]
#else
#define LANES 1
typedef double lanes;
#define LANE(x, l) (x)
#endif
#define EACH(p) (*(const lanes *)(each + (p) * TRFAST_BIC_BLOCK))

#ifdef __GNUC__
__attribute__((noinline)) /* inlined by GCC 12, it takes a fifth longer */
#endif
TARGET
static void SET(log_determinants)(const double *one, const double *each, int64_t d,
                                  double floor, double *scratch, double *result) {
    const lanes zero = {0}, inverse = 1.0 / (one[0] + EACH(0));
    lanes product = zero + 1.0, *column = (lanes *)scratch;
    int64_t p = 1 + d;
    for (int64_t i = 0; i < d; i++) {
        const lanes mean = (one[1 + i] + EACH(1 + i)) * inverse;
        lanes *entry = column + i;
        for (int64_t j = 0; j <= i; entry += d - ++j, p++)
            *entry = (one[p] + EACH(p) - mean * (one[1 + j] + EACH(1 + j))) * inverse;
    }
    for (int l = 0; l < LANES; l++) result[l] = 0;
    for (int64_t j = 0; j < d; column += d - j, j++) {
        lanes pivot = *column, *updated = column + d - j;
        for (int l = 0; l < LANES; l++)
            LANE(pivot, l) = LANE(pivot, l) > floor ? LANE(pivot, l) : floor;
        product *= pivot;
        const lanes reciprocal = 1.0 / pivot;
        for (int64_t k = 1; k < d - j; k++) {
            const lanes factor = column[k] * reciprocal;
            for (int64_t i = k; i < d - j; i++) *updated++ -= column[i] * factor;
        }
        if (j % 32 == 31 || j == d - 1) {
            for (int l = 0; l < LANES; l++) result[l] += log(LANE(product, l));
            product = zero + 1.0;
        }
    }
}

/* OUT result (BLOCK,): log-determinants of the covariances of BLOCK clusters, each joined with
 * one more. IN one (n,) and IN each (n, BLOCK) are moments: the count, d sums, d (d + 1) / 2
 * packed products; with zeros for `one`, the others stay by themselves. Scratch:
 * (BLOCK * d (d + 1) / 2,).
 *
 * Cholesky, with pivots of at least `floor`. They are variances in units of the recording's, so
 * that the product of eight neither overflows nor vanishes and one logarithm serves them all. */
TARGET
static void SET(trfast_log_determinants)(const double *one, const double *each, int64_t d,
                                         double floor, double *scratch, double *result) {
    for (int l = 0; l < TRFAST_BIC_BLOCK; l += LANES)
        SET(log_determinants)(one, each + l, d, floor, scratch, result + l);
}

#undef LANES
#undef lanes
#undef LANE
#undef EACH
