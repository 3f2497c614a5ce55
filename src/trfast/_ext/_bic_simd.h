/* Log-determinants of the covariances that BIC compares, one cluster a SIMD lane; one kernel an
 * instruction set. Results may differ in the last bits from one set to another. */
#ifndef TRFAST_BIC_SIMD_H
#define TRFAST_BIC_SIMD_H

#include <math.h>
#include <stdint.h>

/* Clusters whose moments lie side by side. */
enum { TRFAST_BIC_BLOCK = 8 };

#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
#define TRFAST_BIC_X86
#define LANES 8
#define NAME(x) bic_##x##_avx512
#define TARGET __attribute__((target("avx512f,fma")))
#include "_bic_lanes.h"
#undef LANES
#undef NAME
#undef TARGET
#define LANES 4
#define NAME(x) bic_##x##_avx2
#define TARGET __attribute__((target("avx2,fma")))
#include "_bic_lanes.h"
#undef LANES
#undef NAME
#undef TARGET
#endif

/* Two lanes suit SSE2 and NEON; a compiler without vector types gets plain scalars. */
#if defined(__GNUC__)
#define LANES 2
#else
#define LANES 1
#endif
#define NAME(x) bic_##x##_portable
#define TARGET
#include "_bic_lanes.h"
#undef NAME
#undef TARGET

/* OUT result (BLOCK,): log-determinants of the covariances of BLOCK clusters, each joined with
 * one more. IN one (n,) and IN each (n, BLOCK) are moments: the count, d sums, d (d + 1) / 2
 * packed products; with zeros for `one`, the others stay by themselves. Scratch:
 * (BLOCK * d (d + 1) / 2,).
 *
 * Cholesky, with pivots of at least `floor`. They are variances in units of the recording's, so
 * that the product of eight neither overflows nor vanishes and one logarithm serves them all. */
static void trfast_log_determinants(const double *one, const double *each, int64_t d,
                                    double floor, double *scratch, double *result) {
#ifdef TRFAST_BIC_X86
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("fma")) {
        bic_log_determinants_avx512(one, each, d, floor, scratch, result);
        return;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        for (int l = 0; l < TRFAST_BIC_BLOCK; l += 4)
            bic_log_determinants_avx2(one, each + l, d, floor, scratch, result + l);
        return;
    }
#endif
    for (int l = 0; l < TRFAST_BIC_BLOCK; l += LANES)
        bic_log_determinants_portable(one, each + l, d, floor, scratch, result + l);
}
#undef LANES

#endif
