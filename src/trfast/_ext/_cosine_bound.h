/* Upper bounds on products of rows, 32 at a time, in 8-bit integers; and exact products.
 *
 * With AVX-512 VNNI, an instruction has four times the multiplications of float32. Elsewhere
 * float32 is quicker, and bytes are for tests only.
 */
#ifndef TRFAST_COSINE_BOUND_H
#define TRFAST_COSINE_BOUND_H

#define TRFAST_LOOPS "_cosine_loops.h"
#include "_instruction_sets.h"

#ifdef TRFAST_X86
#include <immintrin.h>
#endif

#define TRFAST_ROWS 8
#define TRFAST_LANES 32

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

/* Whether products of bytes are quicker than those of float32. */
static int trfast_has_int8(void) {
#ifdef TRFAST_X86
    return *trfast_chosen == TRFAST_AVX512 && __builtin_cpu_supports("avx512vnni");
#else
    return 0;
#endif
}

/* List the pairs (i + lane, j + row), the first below the second, of 32 lanes and 8 rows whose
 * product times scales[lane] reaches least[row]. IN offsets: -128 times the sum of a row's codes.
 * OUT pairs; returns how many there are. */
static int trfast_reach_int8_portable(const uint8_t *panel, const float *scales,
                                      const int8_t *codes, const int32_t *offsets,
                                      const float *least, int quads, int64_t i, int64_t j,
                                      int64_t *pairs) {
    int count = 0;
    for (int r = 0; r < TRFAST_ROWS; r++) {
        const int8_t *row = codes + (size_t)r * quads * 4;
        int32_t sums[TRFAST_LANES];
        for (int lane = 0; lane < TRFAST_LANES; lane++) sums[lane] = offsets[r];
        for (int k = 0; k < quads; k++, row += 4) {
            const uint8_t *four = panel + (size_t)k * TRFAST_LANES * 4;
            for (int lane = 0; lane < TRFAST_LANES; lane++, four += 4)
                sums[lane] += four[0] * row[0] + four[1] * row[1] + four[2] * row[2]
                              + four[3] * row[3];
        }
        for (int lane = 0; lane < TRFAST_LANES; lane++) {
            if ((float)sums[lane] * scales[lane] >= least[r] && i + lane < j + r) {
                pairs[2 * count] = i + lane;
                pairs[2 * count++ + 1] = j + r;
            }
        }
    }
    return count;
}

#ifdef TRFAST_X86
__attribute__((target("avx512f,avx512bw,avx512vnni")))
static int trfast_reach_int8_vnni(const uint8_t *panel, const float *scales, const int8_t *codes,
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
#endif

static int trfast_reach_int8(const uint8_t *panel, const float *scales, const int8_t *codes,
                             const int32_t *offsets, const float *least, int quads,
                             int64_t i, int64_t j, int64_t *pairs) {
#ifdef TRFAST_X86
    if (trfast_has_int8())
        return trfast_reach_int8_vnni(panel, scales, codes, offsets, least, quads, i, j, pairs);
#endif
    return trfast_reach_int8_portable(panel, scales, codes, offsets, least, quads, i, j, pairs);
}

#endif
