/* What two clusters say together of being one speaker, for T = float or double. Clusters lie side
 * by side, TRFAST_LANES of them, so that each dimension is one vector operation on all. */

/* What the kernel calls. */
#define trfast_evidence_f32 TRFAST_CHOSEN(trfast_evidence_f32)
#define trfast_evidence_f64 TRFAST_CHOSEN(trfast_evidence_f64)

/* OUT evidence (LANES,): of IN one (d,) with each of IN each (d, LANES), sums of `count` and of
 * `counts` windows: sum over d of (v f^2 / (1 + n v) - log(1 + n v)) / 2 of both together.
 * d is a multiple of 4; factors are below 2^31. */
TARGET
static void NAME(trfast_evidence)(T count, const T *one, const T *counts, const T *each,
                                  const T *eigenvalues, int d, T *evidence) {
    T n[TRFAST_LANES], squares[TRFAST_LANES], product[TRFAST_LANES];
    T exponent[TRFAST_LANES]; /* of the product, less what it holds: one logarithm serves all */
    for (int l = 0; l < TRFAST_LANES; l++) {
        n[l] = count + counts[l];
        squares[l] = exponent[l] = 0;
        product[l] = 1;
    }
    for (int i = 0; i < d; i += 4, each += 4 * TRFAST_LANES) {
        const T *v = eigenvalues + i;
        for (int l = 0; l < TRFAST_LANES; l++) {
            T factor[4], square[4];
            for (int k = 0; k < 4; k++) {
                const T sum = one[i + k] + each[k * TRFAST_LANES + l];
                square[k] = v[k] * sum * sum;
                factor[k] = 1 + n[l] * v[k];
            }
            /* Two fractions are one division, and the product is needed anyway. */
            const T low = factor[0] * factor[1], high = factor[2] * factor[3];
            squares[l] += (square[0] * factor[1] + square[1] * factor[0]) / low;
            squares[l] += (square[2] * factor[3] + square[3] * factor[2]) / high;
            product[l] *= low * high;
            exponent[l] += NAME(trfast_split)(&product[l]);
        }
    }
    for (int l = 0; l < TRFAST_LANES; l++)
        evidence[l] = (squares[l] - (T)(log(product[l]) + 0.69314718055994531 * exponent[l])) / 2;
}
