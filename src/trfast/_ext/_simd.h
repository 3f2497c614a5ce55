/* Short loops that the compiler turns into SIMD code, one clone an instruction set.
 *
 * TRFAST_CLONES marks such a function: with GCC on x86-64 Linux it is compiled for AVX-512,
 * AVX2 and the baseline, and the loader picks one; elsewhere it is plain C.
 */
#ifndef TRFAST_SIMD_H
#define TRFAST_SIMD_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && __GNUC__ >= 12 \
    && !defined(__clang__)
#define TRFAST_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define TRFAST_CLONES
#endif

/* exp(x) for x <= 0, relative error below 3e-7: 2^n by the exponent's bits, the rest by
 * the Taylor polynomial of 2^f on |f| <= 1/2. */
static inline float trfast_exp_neg_f32(float x) {
    float t = x * 1.44269504089f;
    t = t < -126.0f ? -126.0f : t;
    int32_t n = (int32_t)(t - 0.5f);
    float f = t - (float)n;
    float p = 1.5403530e-4f;
    p = p * f + 1.3333558e-3f;
    p = p * f + 9.6181291e-3f;
    p = p * f + 5.5504109e-2f;
    p = p * f + 2.4022651e-1f;
    p = p * f + 6.9314718e-1f;
    p = p * f + 1.0f;
    union { int32_t i; float f; } scale;
    scale.i = (n + 127) << 23;
    return p * scale.f;
}

static inline double trfast_exp_neg_f64(double x) { return exp(x); }

#define T float
#define NAME(x) x##_f32
#include "_gmm_rows.h"
#undef T
#undef NAME
#define T double
#define NAME(x) x##_f64
#include "_gmm_rows.h"
#undef T
#undef NAME

#endif
