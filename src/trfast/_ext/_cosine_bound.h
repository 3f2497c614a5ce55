/* Upper bounds on products of rows, 32 at a time, in 8-bit integers; and exact products.
 *
 * The bytes take AVX-512 VNNI: four times the multiplications of float32 in an instruction.
 */
#ifndef TRFAST_COSINE_BOUND_H
#define TRFAST_COSINE_BOUND_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "_clones.h"

#define TRFAST_ROWS 8
#define TRFAST_LANES 32

/* Dot product in double, whatever the type. */
TRFAST_CLONES
static double trfast_dot_f32(const float *a, const float *b, int d) {
    double sum = 0;
    for (int i = 0; i < d; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

TRFAST_CLONES
static double trfast_dot_f64(const double *a, const double *b, int d) {
    double sum = 0;
    for (int i = 0; i < d; i++) sum += a[i] * b[i];
    return sum;
}

/* Whether any value reaches the least, without a branch a value. */
TRFAST_CLONES
static int trfast_any_reaches(const float *values, int n, float least) {
    int found = 0;
    for (int i = 0; i < n; i++) found |= values[i] >= least;
    return found;
}

/* Panels of 32 of the n rows IN codes (n, 4 quads): OUT panels (n / 32, quads, 32, 4), each
 * byte plus 128, for the instruction multiplies unsigned by signed bytes. */
static void trfast_pack_int8(const int8_t *codes, int n, int quads, uint8_t *panels) {
    for (int i = 0; i < n; i++) {
        uint8_t *lane = panels + (size_t)(i / TRFAST_LANES) * quads * TRFAST_LANES * 4
                        + i % TRFAST_LANES * 4;
        for (int k = 0; k < quads; k++)
            for (int byte = 0; byte < 4; byte++)
                lane[(size_t)k * TRFAST_LANES * 4 + byte] =
                    (uint8_t)(codes[((size_t)i * quads + k) * 4 + byte] + 128);
    }
}

#if defined(__GNUC__) && defined(__x86_64__)
#include <immintrin.h>

static int trfast_has_int8(void) {
    return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw");
}

/* List the pairs (i + lane, j + row), the first below the second, of 32 lanes and 8 rows whose
 * product times scales[lane] reaches least[row]. IN offsets: -128 times the sum of a row's codes.
 * OUT pairs; returns how many there are. */
__attribute__((target("avx512f,avx512bw,avx512vnni")))
static int trfast_reach_int8(const uint8_t *panel, const float *scales, const int8_t *codes,
                             const int32_t *offsets, const float *least, int quads,
                             int64_t i, int64_t j, int64_t *pairs) {
    __m512i low[TRFAST_ROWS], high[TRFAST_ROWS];
    for (int r = 0; r < TRFAST_ROWS; r++) low[r] = high[r] = _mm512_set1_epi32(offsets[r]);
    for (int k = 0; k < quads; k++) {
        __m512i a = _mm512_loadu_si512(panel + (size_t)k * 128);
        __m512i b = _mm512_loadu_si512(panel + (size_t)k * 128 + 64);
        for (int r = 0; r < TRFAST_ROWS; r++) {
            int32_t four;
            memcpy(&four, codes + ((size_t)r * quads + k) * 4, 4);
            __m512i row = _mm512_set1_epi32(four);
            low[r] = _mm512_dpbusd_epi32(low[r], a, row);
            high[r] = _mm512_dpbusd_epi32(high[r], b, row);
        }
    }
    __m512 scale_low = _mm512_loadu_ps(scales), scale_high = _mm512_loadu_ps(scales + 16);
    int count = 0;
    for (int r = 0; r < TRFAST_ROWS; r++) {
        __m512 bar = _mm512_set1_ps(least[r]);
        __m512 x = _mm512_mul_ps(_mm512_cvtepi32_ps(low[r]), scale_low);
        __m512 y = _mm512_mul_ps(_mm512_cvtepi32_ps(high[r]), scale_high);
        uint32_t mask = (uint32_t)_mm512_cmp_ps_mask(x, bar, _CMP_GE_OQ)
                        | (uint32_t)_mm512_cmp_ps_mask(y, bar, _CMP_GE_OQ) << 16;
        for (; mask; mask &= mask - 1) {
            pairs[2 * count] = i + __builtin_ctz(mask);
            pairs[2 * count + 1] = j + r;
            count += pairs[2 * count] < j + r;
        }
    }
    return count;
}
#else
static int trfast_has_int8(void) { return 0; }

static int trfast_reach_int8(const uint8_t *panel, const float *scales, const int8_t *codes,
                             const int32_t *offsets, const float *least, int quads,
                             int64_t i, int64_t j, int64_t *pairs) {
    return 0;
}
#endif

#endif
